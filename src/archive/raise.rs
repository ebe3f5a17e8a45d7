//! One result brought one step further: from its newest version to the next.
//!
//! Order of effects, and what a crash after each leaves:
//! 1. read, gather evidence, stamp, judge: nothing.
//! 2. put the file: an orphan blob.
//! 3. log the version: it is kept; the next try finds it.

use super::open::Archive;
use super::workshop::{Made, WorkRefusal, Workshop};
use crate::record::{Fault, SignatureLevel, UtcTime, sha256};
use crate::sign::Upload;

/// What came of it.
#[derive(Debug)]
pub(super) enum Raised {
    /// The result is what it was asked to be.
    Settled,
    /// Not yet.
    Further { why: String },
}

impl Archive {
    pub(super) fn raise(&self, first: u64) -> Result<Raised, Fault> {
        let newest = self.newest_of(first)?;
        let core = self.entry_at(newest)?.core;
        let Some(wanted) = core.wanted else {
            return Ok(Raised::Settled);
        };
        let bytes = self
            .stores
            .blobs
            .read(&core.file_sha256)?
            .ok_or_else(|| Fault::plain(format!("the file of entry {newest} is missing")))?;
        let upload = Upload::from(bytes);
        if upload.sha256() != core.file_sha256 {
            return Err(Fault::plain(format!(
                "the file of entry {newest} is damaged"
            )));
        }
        let workshop = self.workshop();
        let made = match workshop.extend(upload.clone(), wanted) {
            Ok(made) => made,
            // What stands in the way of the whole must not hold up the first step.
            Err(refusal) if core.level == SignatureLevel::BB && wanted > SignatureLevel::BT => {
                let stamped = workshop.extend(upload, SignatureLevel::BT);
                let Ok(made) = stamped else {
                    return Ok(further(&refusal));
                };
                self.keep_version(first, newest, &made, SignatureLevel::BT)?;
                return Ok(further(&refusal));
            }
            Err(refusal) => return Ok(further(&refusal)),
        };
        self.keep_version(first, newest, &made, wanted)?;
        metrics::counter!("antin_levels_raised_total", "level" => wanted.as_str()).increment(1);
        Ok(Raised::Settled)
    }

    fn keep_version(
        &self,
        first: u64,
        newest: u64,
        made: &Made,
        level: SignatureLevel,
    ) -> Result<(), Fault> {
        let digest = sha256(&made.bytes);
        self.stores.blobs.put(&digest, &[made.bytes.as_slice()])?;
        let bytes = u64::try_from(made.bytes.len()).unwrap_or(u64::MAX);
        self.log_version(first, newest, (digest, bytes), stamped_at(made), level)?;
        Ok(())
    }

    fn workshop(&self) -> Workshop<'_> {
        Workshop {
            fetcher: &self.fetcher,
            source: &self.revocation,
            memory: &self.memory,
            anchors: &self.anchors,
            limits: self.limits(),
            clock: self.clock,
            room: super::workshop::Room::default(),
        }
    }
}

/// When the office's signature is proven to have existed.
fn stamped_at(made: &Made) -> Option<UtcTime> {
    let mut signatures = made.report.signatures.iter().rev();
    let own = signatures.find(|s| s.format != "RFC3161")?;
    own.best_signature_time.as_deref()?.parse().ok()
}

fn further(refusal: &WorkRefusal) -> Raised {
    Raised::Further {
        why: refusal.to_string(),
    }
}
