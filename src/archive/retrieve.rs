//! `retrieve`: a result for those who may read it: facts, exact signed bytes, offline proof.
//!
//! # Invariants
//! * A result of another office and one that does not exist are the same to a clerk.

use std::ops::Range;

use super::entry::{Core, Entry};
use super::gate::{Pass, Reading};
use super::log::prove;
use super::open::Archive;
use super::versions::Version;
use crate::record::{Digest, Fault, Receipt, ResultId, ResultRecord};
use crate::tlog::Note;

/// A result that this pass may read.
#[derive(Debug)]
pub struct Found {
    pub index: u64,
    /// Of the result, the first first.
    versions: Vec<u64>,
    entry: Entry,
}

/// What `GET /api/v1/results/{id}` shows.
#[derive(Debug)]
pub struct StoredResult {
    pub receipt: Receipt,
    pub record: ResultRecord,
    pub core: Core,
    pub versions: Vec<Version>,
}

/// Which version of a result is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The one with the most evidence.
    Newest,
    /// The one at this place in the log.
    At(u64),
}

impl Found {
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.entry.core.file_sha256
    }

    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.entry.core.file_bytes
    }

    /// A file name in the words of the record; the HTTP layer encodes it.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!(
            "{}.pdf",
            self.entry.record.number.as_str().replace(['/', '\\'], "-")
        )
    }
}

impl Archive {
    /// # Errors
    /// The store could not be read.
    pub fn find(
        &self,
        pass: &Pass<Reading>,
        id: &ResultId,
        wanted: Wanted,
    ) -> Result<Option<Found>, Fault> {
        let Some(first) = self.stores.ledger.by_id(&id.to_bytes())? else {
            return Ok(None);
        };
        // Not yet in the tree: nobody holds a receipt for it.
        if first >= self.tree_size() {
            return Ok(None);
        }
        let versions = self.versions_of(first)?;
        let index = match wanted {
            Wanted::Newest => versions.last().copied().unwrap_or(first),
            Wanted::At(index) if versions.contains(&index) => index,
            Wanted::At(_) => return Ok(None),
        };
        let entry = self.entry_at(index)?;
        let may_read = pass
            .office()
            .is_none_or(|office| *office == entry.core.office);
        Ok(may_read.then_some(Found {
            index,
            versions,
            entry,
        }))
    }

    /// # Errors
    /// Another version of the result could not be read.
    pub fn facts(&self, found: &Found) -> Result<StoredResult, Fault> {
        let mut versions = Vec::with_capacity(found.versions.len());
        for index in &found.versions {
            let core = self.entry_at(*index)?.core;
            versions.push(Version {
                index: *index,
                sha256: core.file_sha256,
                level: core.level,
            });
        }
        Ok(StoredResult {
            receipt: found.entry.receipt(&self.settings.base_url, found.index),
            record: found.entry.record.clone(),
            core: found.entry.core.clone(),
            versions,
        })
    }

    /// The signed bytes, exactly, whole or a range; checked against their digest when whole.
    ///
    /// # Errors
    /// The bytes are missing, damaged, or could not be read.
    pub fn file(&self, found: &Found, range: Option<Range<u64>>) -> Result<Vec<u8>, Fault> {
        let id = found.sha256();
        let missing = || {
            Fault::plain(format!(
                "the file of entry {} is missing from the archive",
                found.index
            ))
        };
        match range {
            Some(range) => self
                .stores
                .blobs
                .read_range(&id, range)?
                .ok_or_else(missing),
            None => {
                let bytes = self.stores.blobs.read(&id)?.ok_or_else(missing)?;
                if crate::record::sha256(&bytes) != id {
                    return Err(Fault::plain(format!(
                        "the file of entry {} is damaged",
                        found.index
                    )));
                }
                Ok(bytes)
            }
        }
    }

    /// The offline proof with the opening as its extra data: as confidential as the document.
    ///
    /// # Errors
    /// The log could not be read.
    pub fn proof(&self, found: &Found) -> Result<String, Fault> {
        let head = self.head_state();
        let note = Note::parse(&head.note).map_err(|e| Fault::new("reading the log's head", e))?;
        let extra = Some(found.entry.opening.encode());
        Ok(prove(
            self.stores.tree.as_ref(),
            head.size,
            found.index,
            note,
            extra,
        )?
        .to_string())
    }
}
