//! One consent for a whole batch, and taking it back for what is not begun.
//!
//! ND 30/2020 article 32: the clerk applies the agency's signature personally. Here: by consenting to a list whose count and digest
//! were shown, and to the certificate that will sign.

use std::collections::HashSet;

use super::BatchRefusal;
use super::look::BatchState;
use super::row::{Batch, BatchCounts, Consent, State, batch_key, file_prefix};
use crate::archive::accept::{InProgress, Refusal};
use crate::archive::gate::{Batching, Pass};
use crate::archive::hand::HandRefusal;
use crate::archive::open::Archive;
use crate::archive::work::WorkId;
use crate::record::{Digest, Fault};

/// What the clerk saw.
#[derive(Debug)]
pub struct Consenting {
    pub count: u32,
    pub list_sha256: Digest,
    pub certificate_sha256: Digest,
}

impl Archive {
    /// Durable on return; the work begins at once. The same consent again is fine.
    ///
    /// # Errors
    /// Why it was not taken; nothing is signed.
    pub fn consent_to_batch(
        &self,
        pass: &Pass<Batching>,
        id: &WorkId,
        consenting: &Consenting,
    ) -> Result<(), BatchRefusal> {
        self.still_logging()?;
        let _held = InProgress::begin(self, batch_key(id))?;
        let mut batch = self.batch_of(pass, id)?;
        if consenting.count != batch.count || consenting.list_sha256 != batch.list_sha256 {
            return Err(BatchRefusal::OtherList);
        }
        let seal = self
            .seals
            .get(&batch.office)
            .ok_or_else(|| Refusal::OfficeUnknown(batch.office.clone()))?;
        let certificate_sha256 = Digest::new(seal.certificate().sha256());
        if consenting.certificate_sha256 != certificate_sha256 {
            return Err(BatchRefusal::OtherCertificate);
        }
        match &batch.state {
            State::Draft if self.now() > batch.expires_at => {
                return Err(HandRefusal::Expired.into());
            }
            State::Draft => self.every_file_is_there(id, &batch)?,
            State::Stopped { .. } => {}
            State::Running { consent } if consent.certificate_sha256 == certificate_sha256 => {
                // A consent that was kept, and then could not be taken up.
                if self.batches.look(id).is_none() {
                    self.enqueue(*id, &batch)?;
                }
                return Ok(());
            }
            other => {
                return Err(BatchRefusal::State {
                    state: BatchState::of(other),
                });
            }
        }
        self.may_sign(seal, self.now())?;
        let consent = Consent {
            client: pass.client(),
            at: self.now(),
            certificate_sha256,
        };
        batch.state = State::Running { consent };
        self.save_batch(id, &batch)?;
        tracing::info!(batch = %id, office = %batch.office, items = batch.count, client = %pass.client(), "consent to a batch");
        self.enqueue(*id, &batch)?;
        Ok(())
    }

    fn every_file_is_there(&self, id: &WorkId, batch: &Batch) -> Result<(), BatchRefusal> {
        let prefix = file_prefix(id);
        let files = self.stores.desk.files(&prefix)?;
        let there: HashSet<u32> = files
            .iter()
            .filter_map(|file| file.name.strip_prefix(&prefix)?.parse().ok())
            .collect();
        let missing = (0..batch.count).filter(|n| !there.contains(n)).count();
        if missing > 0 {
            return Err(BatchRefusal::FilesMissing { count: missing });
        }
        Ok(())
    }

    /// Nothing more of it is begun; what is being worked on is finished.
    ///
    /// # Errors
    /// Not this office's, or over already.
    pub fn cancel_batch(&self, pass: &Pass<Batching>, id: &WorkId) -> Result<(), BatchRefusal> {
        let _held = InProgress::begin(self, batch_key(id))?;
        let mut batch = self.batch_of(pass, id)?;
        let counts = match &batch.state {
            State::Running { consent } => {
                // Durable first: a restart must not take it up again.
                batch.state = State::Cancelling {
                    consent: consent.clone(),
                };
                self.save_batch(id, &batch)?;
                tracing::info!(batch = %id, "a batch is being cancelled");
                match self.batches.cancel(id) {
                    Some(ended) => self.end_batch(ended)?,
                    // It ended, or was never taken up, between the two: then this ends it.
                    None if self.batches.look(id).is_none() => self.enqueue(*id, &batch)?,
                    None => {}
                }
                return Ok(());
            }
            State::Cancelled { .. } | State::Cancelling { .. } => return Ok(()),
            State::Done { .. } => {
                return Err(BatchRefusal::State {
                    state: BatchState::Done,
                });
            }
            State::Draft => BatchCounts::default(),
            State::Stopped { counts, .. } => *counts,
        };
        batch.state = State::Cancelled {
            at: self.now(),
            counts: BatchCounts {
                waiting: 0,
                running: 0,
                cancelled: batch.count.saturating_sub(counts.done + counts.refused),
                ..counts
            },
        };
        self.save_batch(id, &batch)?;
        self.drop_files(id)?;
        tracing::info!(batch = %id, "a batch was cancelled");
        Ok(())
    }

    pub(super) fn drop_files(&self, id: &WorkId) -> Result<(), Fault> {
        for file in self.stores.desk.files(&file_prefix(id))? {
            self.stores.desk.remove_file(&file.name)?;
        }
        Ok(())
    }
}
