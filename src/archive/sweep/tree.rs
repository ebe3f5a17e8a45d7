//! The sweep's second half: the whole tree derived from the entries, compared with every published byte.

use std::collections::HashSet;

use super::{Finding, FindingKind, Sweeper};
use crate::archive::log::published;
use crate::record::{Digest, node_hash};
use crate::tlog::{BundlePath, LogPath, TILE_WIDTH, TilePath, bundles_of, encode_bundle, tiles_of};

/// The tree's levels as far as tiles show them: level L holds the roots of full subtrees of 256^L leaves. `None`: not derivable,
/// since an entry below is damaged (a finding of its own).
struct Derived<'a> {
    leaves: &'a [Option<Vec<u8>>],
    levels: Vec<Vec<Option<Digest>>>,
}

impl<'a> Derived<'a> {
    fn new(leaves: &'a [Option<Vec<u8>>]) -> Self {
        let mut levels = vec![super::entries::hashes(leaves)];
        while let Some(last) = levels.last()
            && last.len() >= usize::from(TILE_WIDTH)
        {
            let above = last
                .chunks_exact(usize::from(TILE_WIDTH))
                .map(fold)
                .collect();
            levels.push(above);
        }
        Self { leaves, levels }
    }

    fn tile(&self, path: TilePath) -> Option<Vec<u8>> {
        let level = self.levels.get(usize::from(path.level()))?;
        let hashes = slice(level, path.index(), path.width())?;
        let mut bytes = Vec::with_capacity(path.bytes());
        for hash in hashes {
            bytes.extend_from_slice(hash.as_ref()?.as_bytes());
        }
        Some(bytes)
    }

    fn bundle(&self, path: BundlePath) -> Option<Vec<u8>> {
        let entries: Option<Vec<&[u8]>> = slice(self.leaves, path.index(), path.width())?
            .iter()
            .map(|l| l.as_deref())
            .collect();
        encode_bundle(&entries?)
    }

    fn root(&self) -> Option<Digest> {
        let mut frontier = crate::tlog::Frontier::new();
        for hash in self.levels.first()? {
            frontier.push((*hash)?);
        }
        Some(frontier.root())
    }
}

fn slice<T>(all: &[T], tile: u64, width: u16) -> Option<&[T]> {
    let from = usize::try_from(tile.checked_mul(u64::from(TILE_WIDTH))?).ok()?;
    all.get(from..from.checked_add(usize::from(width))?)
}

/// RFC 6962 2.1 over a full, aligned run of hashes.
fn fold(hashes: &[Option<Digest>]) -> Option<Digest> {
    let mut row: Vec<Digest> = hashes.iter().copied().collect::<Option<_>>()?;
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect();
    }
    row.first().copied()
}

fn finding(kind: FindingKind, leaf: Option<u64>, detail: impl Into<String>) -> Finding {
    Finding {
        kind,
        leaf,
        detail: detail.into(),
    }
}

impl Sweeper<'_> {
    pub(super) fn sweep_tree(&self, size: u64, leaves: &[Option<Vec<u8>>]) -> Vec<Finding> {
        let derived = Derived::new(leaves);
        let mut findings = Vec::new();
        self.sweep_head(size, &derived, &mut findings);
        // Every file that this size implies must be there; everything that is there must be right.
        let mut wanted: HashSet<String> = tiles_of(size)
            .map(|p| LogPath::from(p).to_string())
            .collect();
        wanted.extend(bundles_of(size).map(|p| LogPath::from(p).to_string()));
        let mut after: Option<String> = None;
        loop {
            let page = match self.stores.tree.list("", after.as_deref(), 512) {
                Ok(page) => page,
                Err(fault) => {
                    // What can't be listed is still asked for by name below.
                    findings.push(finding(
                        FindingKind::TileMismatch,
                        None,
                        format!("the published files can't be listed: {}", fault.chain()),
                    ));
                    break;
                }
            };
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            for path in &page {
                wanted.remove(path);
                self.sweep_file(path, size, &derived, &mut findings);
            }
        }
        for path in wanted {
            self.sweep_file(&path, size, &derived, &mut findings);
        }
        findings
    }

    fn sweep_head(&self, size: u64, derived: &Derived<'_>, findings: &mut Vec<Finding>) {
        match published(self.stores.tree.as_ref(), &self.archive.log_key) {
            Ok(Some(head)) if head.size() >= size => {
                // The log may have grown since the sweep began; then the head of that moment is the ledger's to tell.
                if head.size() == size && derived.root().is_some_and(|root| root != head.root()) {
                    findings.push(finding(
                        FindingKind::RootMismatch,
                        None,
                        "the entries lead to another root than the signed one",
                    ));
                }
            }
            Ok(Some(head)) => findings.push(finding(
                FindingKind::CheckpointInvalid,
                None,
                format!(
                    "the published checkpoint has size {}, the ledger {size}",
                    head.size()
                ),
            )),
            Ok(None) => findings.push(finding(
                FindingKind::CheckpointInvalid,
                None,
                "no checkpoint is published",
            )),
            Err(fault) => findings.push(finding(
                FindingKind::CheckpointInvalid,
                None,
                fault.chain().to_string(),
            )),
        }
    }

    fn sweep_file(
        &self,
        path: &str,
        size: u64,
        derived: &Derived<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let parsed: Option<LogPath> = path.parse().ok();
        let expected = match parsed {
            Some(LogPath::Tile(p)) => {
                within(size, p.level(), p.index(), p.width()).then(|| derived.tile(p))
            }
            Some(LogPath::Entries(p)) => {
                within(size, 0, p.index(), p.width()).then(|| derived.bundle(p))
            }
            Some(LogPath::Checkpoint) => return,
            None => {
                findings.push(finding(
                    FindingKind::TileMismatch,
                    None,
                    format!("{path} is not a file of a log"),
                ));
                return;
            }
        };
        // Published after the sweep began.
        let Some(expected) = expected else { return };
        let mut kind = FindingKind::TileMismatch;
        let mismatch = match self.stores.tree.read(path) {
            Ok(Some(bytes)) => expected
                .is_some_and(|e| e != bytes)
                .then(|| "its bytes are not what the entries derive".to_owned()),
            Ok(None) => {
                kind = FindingKind::TileMissing;
                Some("it is not published".to_owned())
            }
            Err(fault) => Some(fault.chain().to_string()),
        };
        if let Some(why) = mismatch {
            findings.push(finding(kind, first_leaf(path), format!("{path}: {why}")));
        }
    }
}

/// Whether a tree of `size` leaves implies this many hashes in that tile.
fn within(size: u64, level: u8, index: u64, width: u16) -> bool {
    let shift = u32::from(level).saturating_mul(8);
    let have = size.checked_shr(shift).unwrap_or(0);
    index
        .checked_mul(u64::from(TILE_WIDTH))
        .and_then(|from| from.checked_add(u64::from(width)))
        .is_some_and(|until| until <= have)
}

/// The first leaf under a file, to name where the damage lies.
fn first_leaf(path: &str) -> Option<u64> {
    match path.parse().ok()? {
        LogPath::Tile(p) => p
            .index()
            .checked_mul(256u64.checked_pow(u32::from(p.level()).checked_add(1)?)?),
        LogPath::Entries(p) => p.index().checked_mul(u64::from(TILE_WIDTH)),
        LogPath::Checkpoint => None,
    }
}
