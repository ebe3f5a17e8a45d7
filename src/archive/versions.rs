//! The versions of one result: the same document with ever more evidence in it, each with a leaf of its own.
//!
//! # Invariants
//! * A version holds all bytes of the one before it; whoever has an earlier one has the same document.
//! * Identifiers lead to the first version, the first to the others (`Ledger::versions`); only what is in the tree counts.

use super::entry::{self, Core, Entry};
use super::open::{Archive, random};
use super::sequence::{Afterwards, LeafDraft, Place};
use crate::record::{Digest, DossierSecret, Fault, Leaf, Sha256Stream, SignatureLevel, UtcTime};
use crate::store::{Admission, Row};

/// One version, as it is shown to those who may read the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub index: u64,
    pub sha256: Digest,
    pub level: SignatureLevel,
}

impl Archive {
    /// Indices of all versions in the tree, the first first. `first` itself must be in the tree.
    pub(super) fn versions_of(&self, first: u64) -> Result<Vec<u64>, Fault> {
        let size = self.tree_size();
        let mut all = vec![first];
        let later = self.stores.ledger.versions(first)?;
        all.extend(later.into_iter().filter(|index| *index < size));
        Ok(all)
    }

    pub(super) fn newest_of(&self, first: u64) -> Result<u64, Fault> {
        Ok(self.versions_of(first)?.last().copied().unwrap_or(first))
    }

    /// The first version of the result that has a version at `index`.
    pub(super) fn first_of(&self, index: u64) -> Result<u64, Fault> {
        match self.stores.ledger.entry(index)? {
            Some(Row::Whole(row)) => Ok(row.admission.version_of.unwrap_or(index)),
            Some(Row::Damaged { why, .. }) => {
                Err(Fault::plain(format!("entry {index} is damaged: {why}")))
            }
            None => Err(Fault::plain(format!("entry {index} is missing"))),
        }
    }

    /// Keeps and logs a longer-lived version. Its bytes are put already. Repeating it gives the same place.
    pub(super) fn log_version(
        &self,
        first: u64,
        previous: u64,
        (sha256, bytes): (Digest, u64),
        stamped_at: Option<UtcTime>,
        level: SignatureLevel,
    ) -> Result<u64, Fault> {
        let (before, leaf) = self.entry_and_leaf(previous)?;
        let core = Core {
            file_sha256: sha256,
            file_bytes: bytes,
            level,
            wanted: before.core.wanted.filter(|wanted| *wanted > level),
            previous: Some(previous),
            signed_at: signed_at(&before.core, stamped_at),
            ..before.core
        };
        let core_json =
            serde_json::to_vec(&core).map_err(|e| Fault::new("encoding a version's facts", e))?;
        let event = entry::Event::Extended {
            previous: before.opening.commit(),
        };
        let secret = DossierSecret::new(random()?);
        let opening = entry::open(&core, &core_json, &before.record, event, None, &secret)?;
        let admission = Admission {
            idempotency: Some(extension_key(previous, level)),
            content: Digest::new([0; 32]),
            id: core.id.to_bytes(),
            public_id: *core.public_id.as_bytes(),
            version_of: Some(first),
            blob: core.file_sha256,
            leaf: Vec::new(),
            entry: entry::encode(&core_json, &opening)?,
        };
        let draft = LeafDraft::of_renewal(previous, leaf.issuer, opening.commit());
        match self
            .sequencer()?
            .place(admission, draft, Afterwards::Nothing)?
        {
            Place::Logged { index } | Place::Replayed { index } => Ok(index),
            Place::Conflict => Err(Fault::plain("a version was logged twice")),
        }
    }

    fn entry_and_leaf(&self, index: u64) -> Result<(Entry, Leaf), Fault> {
        let Some(Row::Whole(row)) = self.stores.ledger.entry(index)? else {
            return Err(Fault::plain(format!("entry {index} can't be read")));
        };
        let entry = Entry::decode(&row.admission.entry)
            .map_err(|why| Fault::plain(format!("entry {index}: {why}")))?;
        let leaf = Leaf::decode(&row.admission.leaf)
            .map_err(|why| Fault::new(format!("reading the leaf of entry {index}"), why))?;
        Ok((entry, leaf))
    }
}

/// A result whose time-stamp was pending has the time of the one that it got later; else its time stays.
fn signed_at(before: &Core, stamped_at: Option<UtcTime>) -> UtcTime {
    match stamped_at {
        Some(time) if before.level == SignatureLevel::BB => time,
        _ => before.signed_at,
    }
}

/// One version is raised to one level once: a worker that was stopped half-way makes no second.
fn extension_key(previous: u64, level: SignatureLevel) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(b"antin/extension\n");
    stream.update(&previous.to_be_bytes());
    stream.update(level.as_str().as_bytes());
    stream.finish()
}
