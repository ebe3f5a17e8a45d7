//! The rows of a batch: the batch itself, its items as they were listed, what became of each.

use serde::{Deserialize, Serialize};

use super::BatchRefusal;
use crate::archive::gate::{Batching, Pass};
use crate::archive::hand::HandRefusal;
use crate::archive::open::Archive;
use crate::archive::told::Told;
use crate::archive::work::{WorkId, digest_of, load, save};
use crate::record::{Digest, Fault, OfficeCode, UtcTime};
use crate::store::Drawer;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub office: OfficeCode,
    /// Of the request that made it.
    pub content: Digest,
    pub count: u32,
    pub list_sha256: Digest,
    pub created_at: UtcTime,
    /// Without a consent until then it is given up.
    pub expires_at: UtcTime,
    pub state: State,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Running {
        consent: Consent,
    },
    /// Nothing more of it is begun.
    Cancelling {
        consent: Consent,
    },
    /// Something has to be done before it can go on; a new consent sets it going.
    Stopped {
        consent: Consent,
        why: Told,
        counts: BatchCounts,
    },
    Done {
        consent: Consent,
        at: UtcTime,
        counts: BatchCounts,
    },
    Cancelled {
        at: UtcTime,
        counts: BatchCounts,
    },
}

/// Who agreed to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The client that gave it (`Pass::client`).
    pub client: Digest,
    pub at: UtcTime,
    /// The certificate of the seal, fixed from then on.
    pub certificate_sha256: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BatchCounts {
    pub waiting: u32,
    pub running: u32,
    pub done: u32,
    pub refused: u32,
    pub cancelled: u32,
}

/// As it was listed; never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The client's own name for it.
    pub reference: String,
    /// Canonical JSON, as text.
    pub record: String,
    /// Of the file that is to be signed.
    pub sha256: Digest,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receipt as it was given, JSON as text.
    Done {
        receipt: String,
    },
    Refused {
        why: Told,
    },
}

/// Rows of one batch stand together, in the order of the list.
pub fn item_key(id: &WorkId, number: u32) -> Vec<u8> {
    [id.key().as_slice(), &number.to_be_bytes()].concat()
}

pub fn item_number(key: &[u8]) -> Option<u32> {
    let (_, number) = key.split_last_chunk::<4>()?;
    Some(u32::from_be_bytes(*number))
}

pub fn file_prefix(id: &WorkId) -> String {
    format!("b-{id}-")
}

pub fn file_name(id: &WorkId, number: u32) -> String {
    format!("b-{id}-{number}")
}

/// Under which the ledger knows the result of an item. The list belongs to it: once a batch is given up, its name may be used again
/// for another, and the ledger forgets nothing.
pub fn ledger_key(id: &WorkId, list_sha256: &Digest, number: u32) -> Digest {
    digest_of(
        "antin/idempotency/batch-items",
        &[id.key(), list_sha256.as_bytes(), &number.to_be_bytes()],
    )
}

/// Under which requests that change a batch exclude each other.
pub fn batch_key(id: &WorkId) -> Digest {
    digest_of("antin/batch", &[id.key()])
}

impl Batch {
    /// Whether it has done its service.
    pub fn is_over(&self, now: UtcTime, keep_s: i64) -> bool {
        let at = match &self.state {
            State::Draft => return now > self.expires_at,
            State::Running { .. } | State::Cancelling { .. } => return false,
            State::Stopped { consent, .. } => consent.at,
            State::Done { at, .. } | State::Cancelled { at, .. } => *at,
        };
        now.unix_s().saturating_sub(at.unix_s()) > keep_s
    }
}

impl Archive {
    pub(super) fn batch_row(&self, id: &WorkId) -> Result<Option<Batch>, Fault> {
        load(self.stores.desk.as_ref(), Drawer::Batches, id.key())
    }

    /// The batch, if it is this office's; one of another office and none are the same.
    pub(super) fn batch_of(
        &self,
        pass: &Pass<Batching>,
        id: &WorkId,
    ) -> Result<Batch, BatchRefusal> {
        self.batch_row(id)?
            .filter(|row| pass.office() == Some(&row.office))
            .ok_or_else(|| HandRefusal::NotFound(*id).into())
    }

    pub(super) fn save_batch(&self, id: &WorkId, row: &Batch) -> Result<(), Fault> {
        let desk = self.stores.desk.as_ref();
        save(desk, Drawer::Batches, id.key(), row)?;
        desk.sync()
    }
}
