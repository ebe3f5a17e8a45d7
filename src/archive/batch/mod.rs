//! Batches: up to 5,000 results under one consent and one certificate, worked on without anybody waiting.
//!
//! The way of a batch: created with its list (`create`), the files one by one (`files`), the clerk's consent to exactly this list and
//! this certificate (`consent`), the work (`queue`, `item`, `run`), and all the while what has become of it (`look`).
//!
//! # Invariants
//! * An item is accepted under an idempotency key of its own, so that a restart does nothing twice: an outcome that was not
//!   durable yet is found again in the ledger.
//! * The consent names count and digest of the list, and the seal's certificate; with another certificate nothing is signed.
//! * One refused item stops no other. What is nobody's fault is tried again.

mod consent;
mod create;
mod files;
mod item;
mod look;
mod queue;
mod row;
mod run;

pub use consent::Consenting;
pub use create::{NewBatch, NewItem};
pub use look::{Batch, BatchItem, BatchState, ItemState, Listed};
pub(super) use queue::Batches;
pub use row::BatchCounts;
pub(super) use row::{Batch as BatchRow, file_prefix};

use super::accept;
use super::hand::HandRefusal;
use crate::record::{Fault, FieldProblem};

/// The issue of one day of a large office; its list takes some 3 MB.
pub const ITEMS_MAX: usize = 5_000;

/// Why something was not done to a batch.
#[derive(Debug)]
pub enum BatchRefusal {
    /// As for any work in hand.
    Hand(HandRefusal),
    /// What is wrong with the list, by pointers into it.
    List(Vec<FieldProblem>),
    NoItems,
    TooManyItems,
    /// The same idempotency key with another list.
    KeyReused,
    /// No such item.
    NoItem,
    /// The file is not the one that the list names.
    FileMismatch,
    /// Consent needs every file; so many are missing.
    FilesMissing {
        count: usize,
    },
    /// The consent is not to this list: it was shown otherwise.
    OtherList,
    /// The consent is not to the certificate that would sign.
    OtherCertificate,
    /// Not in this state of the batch.
    State {
        state: BatchState,
    },
}

impl From<HandRefusal> for BatchRefusal {
    fn from(refusal: HandRefusal) -> Self {
        Self::Hand(refusal)
    }
}

impl From<accept::Refusal> for BatchRefusal {
    fn from(refusal: accept::Refusal) -> Self {
        Self::Hand(refusal.into())
    }
}

impl From<Fault> for BatchRefusal {
    fn from(fault: Fault) -> Self {
        Self::Hand(fault.into())
    }
}
