//! What a start checks and mends before anything is served: log key, roots, and that what is published agrees with the ledger.

use std::str::FromStr;

use super::log::{edge_of, published};
use super::open::{OpenRefusal, Settings};
use super::sequence::LogKey;
use crate::pki::cert;
use crate::record::{Fault, Leaf};
use crate::store::{Row, Stores, TreeState};
use crate::tlog::{KeyName, NoteSigner, RightEdge, SeedSigner, VerifierKey};
use crate::trust::Anchors;

pub(super) fn log_key(settings: &Settings) -> Result<LogKey, Fault> {
    use std::os::unix::fs::PermissionsExt;
    let file = &settings.log_key_file;
    let doing = || format!("reading the log key {}", file.display());
    let mode = std::fs::metadata(file)
        .map_err(|e| Fault::new(doing(), e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Fault::plain(format!(
            "{} can be read by others; run: chmod 600 on it",
            file.display()
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|e| Fault::new(doing(), e))?;
    let signer = SeedSigner::from_str(text.trim()).map_err(|e| Fault::new(doing(), e))?;
    let origin =
        KeyName::from_str(&settings.log_origin).map_err(|e| Fault::new("reading log.origin", e))?;
    if *signer.key().name() != origin {
        return Err(Fault::plain(format!(
            "{} is the key of log {}, not of {origin}",
            file.display(),
            signer.key().name()
        )));
    }
    Ok(LogKey { origin, signer })
}

pub(super) fn anchors(settings: &Settings) -> Result<Anchors, Fault> {
    let mut anchors = Vec::new();
    for file in &settings.trust_roots {
        let doing = || format!("reading the root {}", file.display());
        let pem = std::fs::read(file).map_err(|e| Fault::new(doing(), e))?;
        anchors.extend(cert::list_from_pem_or_der(&pem).map_err(|e| Fault::new(doing(), e))?);
    }
    Ok(Anchors::new(anchors))
}

/// Brings what is published up to the ledger's head, and gives the edge of that tree.
pub(super) fn agree(
    stores: &Stores,
    state: &TreeState,
    key: &VerifierKey,
) -> Result<RightEdge, OpenRefusal> {
    let other = |detail: String| OpenRefusal::OtherKey { detail };
    let head = published(stores.tree.as_ref(), key)
        .map_err(|f| other(f.chain().to_string()))?
        .map_or_else(
            || {
                crate::tlog::SignedCheckpoint::open(&state.note, key, &[])
                    .map_err(|e| other(e.to_string()))
            },
            Ok,
        )?;
    if head.size() > state.size {
        return Err(OpenRefusal::LedgerBehind {
            published: head.size(),
            ledger: state.size,
        });
    }
    let mut edge = match edge_of(stores.tree.as_ref(), &head) {
        Ok(edge) => edge,
        // Killed between `create_log`'s two writes, or nothing published yet: the whole tree is derived again.
        Err(_) if stores.tree.checkpoint()?.is_none() => RightEdge::empty(),
        Err(fault) => return Err(fault.into()),
    };
    let mut files = Vec::new();
    while edge.size() < state.size {
        let want = usize::try_from(state.size - edge.size())
            .unwrap_or(usize::MAX)
            .min(4_096);
        let mut leaves = Vec::with_capacity(want);
        for row in stores.ledger.entries(edge.size(), want)? {
            match row {
                Row::Whole(s) => leaves.push(s.admission.leaf),
                Row::Damaged { index, why } => {
                    return Err(Fault::plain(format!("entry {index} can't be read: {why}")).into());
                }
            }
        }
        if leaves.is_empty() {
            return Err(
                Fault::plain("the ledger holds fewer entries than its tree head says").into(),
            );
        }
        let growth = edge
            .grow(&leaves)
            .map_err(|e| Fault::new("growing the log", e))?;
        files.extend(
            growth
                .files()
                .map(|(path, bytes)| (path.to_string(), bytes.to_vec())),
        );
        edge = growth.edge;
    }
    if edge.root() != state.root {
        return Err(Fault::plain(
            "the tree derived from the ledger's entries has another root than its head",
        )
        .into());
    }
    if head.size() < state.size || stores.tree.checkpoint()?.is_none() {
        stores.tree.publish(&files, &state.note)?;
    }
    Ok(edge)
}

pub(super) fn last_bucket(stores: &Stores, size: u64) -> Result<u64, Fault> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(0);
    };
    match stores.ledger.entry(last)? {
        Some(Row::Whole(s)) => Leaf::decode(&s.admission.leaf)
            .map(|leaf| leaf.bucket_s)
            .map_err(|e| Fault::plain(format!("reading the last log entry: {e:?}"))),
        Some(Row::Damaged { why, .. }) => Err(Fault::plain(format!(
            "the last log entry can't be read: {why}"
        ))),
        None => Err(Fault::plain("the last log entry is missing")),
    }
}
