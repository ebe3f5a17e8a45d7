//! Bytes and records on disk: contracts first, engines behind them.
//!
//! * `contracts`: `Blobs`, `PublicTree`, `Ledger`, `Desk`: what the archive may expect, in prose on the traits
//! * `cause`: why a store said no
//! * `memory`: the engine for tests; forgets everything
//! * `sled`: the embedded engine
//! * `suite`: the conformance suite every engine passes (tests only)
//!
//! # Invariants
//! * `create` and `open` are the only places that choose an engine.
//! * Only `create` makes an archive; `open` refuses a folder that has none.
//!
//! # What is not here
//! Verdicts, order of work, meaning of records: a store knows bytes.

pub mod cause;
pub mod contracts;
mod memory;
mod sled;
#[cfg(test)]
pub(crate) mod suite;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

pub use cause::{Cause, cause, is_fatal};
pub use contracts::{
    Admission, Admitted, Blobs, Cursor, Desk, DeskFile, DeskRow, Drawer, KeptReceipt, Lease,
    Ledger, PublicTree, Put, Row, Sequenced, StoredBlob, TreeState,
};

use crate::record::Fault;

/// Which engine keeps the archive, and how.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Nothing is kept; for tests.
    Memory,
    Sled(SledSettings),
}

/// The embedded engine: one folder, one process.
#[derive(Clone, Debug)]
pub struct SledSettings {
    pub dir: PathBuf,
    /// sled's cache for each of the three small databases (ledger, public tree, document index); volumes of documents have their
    /// own bound. In memory a page takes about twice what it does on disk, and sled holds some 16,000 recent pages besides.
    /// A million entries have about 83,000 leaf pages, so their inner pages take about 4 MB: the default of 8 MiB holds them.
    pub cache_bytes: u64,
    /// Room of a new archive's volumes in chunks of 58,000 bytes; fixed when the archive is created. 4,096 make 237 MB, which
    /// bounds three things: the largest document, what a start after a crash has to read, and what a start is
    /// slowed by at the most (about 0.3 s). Formatting the first volume takes about 45 us a slot: 0.2 s.
    pub volume_slots: u32,
}

impl SledSettings {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        SledSettings {
            dir: dir.into(),
            cache_bytes: 8 << 20,
            volume_slots: 4096,
        }
    }
}

/// An open archive's storage.
#[derive(Clone)]
pub struct Stores {
    pub blobs: Arc<dyn Blobs>,
    pub tree: Arc<dyn PublicTree>,
    pub ledger: Arc<dyn Ledger>,
    pub desk: Arc<dyn Desk>,
    engine: Arc<dyn Engine>,
}

impl Stores {
    /// Makes everything durable and ends cleanly; whatever is asked later gets the cause `Closed`. Without this call nothing that
    /// was acknowledged is lost, but the next opening reads more, and a byte changed on disk meanwhile may cost more than
    /// the value it belongs to.
    pub fn close(&self) -> Result<(), Fault> {
        self.engine.close()
    }

    /// The archive as it is on disk at this moment, for a sweep beside a running server: nothing it reads comes from what this process
    /// still had in memory. It is for reading only, and what it holds is given back when it is dropped. The embedded engine
    /// copies ledger and tree (admissions wait for that: about 1 s for 1 GB) and puts the documents out of its cache.
    /// `Err` (cause `Damaged`) says which part could not be opened from the disk: so would a restart.
    pub fn inspect(&self) -> Result<Stores, Fault> {
        self.engine.inspect()
    }
}

/// The whole of an engine, as far as opening and closing go.
trait Engine: Send + Sync {
    fn close(&self) -> Result<(), Fault>;

    fn inspect(&self) -> Result<Stores, Fault>;
}

/// Makes an empty archive and opens it.
pub fn create(settings: &Settings) -> Result<Stores, Fault> {
    match settings {
        Settings::Memory => Ok(memory::open()),
        Settings::Sled(settings) => sled::create(settings),
    }
}

/// Opens an archive that exists. An embedded one is then held exclusively: a second process gets the cause `Locked`.
pub fn open(settings: &Settings) -> Result<Stores, Fault> {
    match settings {
        Settings::Memory => Ok(memory::open()),
        Settings::Sled(settings) => sled::open(settings),
    }
}
