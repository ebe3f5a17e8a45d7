//! The embedded engine: sled 0.34, one folder, one process.
//!
//! ```text
//! DIR/format               the layout of the archive, as text
//! DIR/lock                 held by the process that has the archive open
//! DIR/ledger/              database: admissions, look-ups, head of the tree
//! DIR/tree/                database: the files of the public log
//! DIR/documents/index/     database: digest -> place, place -> digest
//! DIR/documents/000001/ …  databases: volumes of document chunks
//! DIR/documents/blank/     an empty volume to copy from
//! DIR/desk/rows/          database: work in hand
//! DIR/desk/files/         files of work in hand
//! DIR/inspection-N/        copies of the small databases while a sweep reads them
//! ```
//!
//! * `database` one sled database, made durable and held in · `values` small values · `combiner` group commit · `shut` closing
//! * `chunk`, `volume`, `shelf`, `place`, `blobs`: documents, from the small to the large
//! * `row`, `ledger`: the ledger · `tree`: the public log · `desk`: work in hand · `folder`: format file and lock ·
//!   `inspection`: the archive as the disk has it
//!
//! # Why several databases
//! Damage in documents then can't hurt the ledger, a ledger that lost its tail is noticed by the tree, and what a start has to
//! read is bounded by the volume, not by the archive.

mod blobs;
mod chunk;
mod combiner;
mod database;
mod desk;
mod folder;
mod index;
mod inspection;
mod ledger;
mod place;
mod row;
mod sealer;
mod shelf;
mod shut;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod volume;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::record::Fault;
use crate::store::{Engine, SledSettings, Stores};

use self::blobs::SledBlobs;
use self::desk::SledDesk;
use self::folder::Folder;
use self::ledger::SledLedger;
use self::tree::SledTree;

const DOCUMENTS: &str = "documents";
const LEDGER: &str = "ledger";
const TREE: &str = "tree";
const DESK: &str = "desk";

struct Sled {
    settings: SledSettings,
    blobs: Arc<SledBlobs>,
    tree: Arc<SledTree>,
    ledger: Arc<SledLedger>,
    desk: Arc<SledDesk>,
    /// Given back when the archive is closed.
    folder: Mutex<Option<Folder>>,
}

pub(super) fn create(settings: &SledSettings) -> Result<Stores, Fault> {
    let folder = Folder::create(&settings.dir)?;
    let documents = settings.dir.join(DOCUMENTS);
    SledBlobs::create(&documents, settings.volume_slots)?;
    SledLedger::create(&settings.dir.join(LEDGER), settings.cache_bytes)?;
    // The format file comes last: a folder with it is a whole archive.
    folder.write_format(settings.volume_slots)?;
    open_locked(settings, folder)
}

pub(super) fn open(settings: &SledSettings) -> Result<Stores, Fault> {
    open_locked(settings, Folder::open(&settings.dir)?)
}

fn open_locked(settings: &SledSettings, folder: Folder) -> Result<Stores, Fault> {
    let slots = folder.read_format()?;
    let dir = |name: &str| settings.dir.join(name);
    let ledger = named(&dir(LEDGER), |dir| {
        SledLedger::open(dir, settings.cache_bytes)
    })?;
    let tree = named(&dir(TREE), |dir| SledTree::open(dir, settings.cache_bytes))?;
    let blobs = named(&dir(DOCUMENTS), |dir| {
        SledBlobs::open(dir, slots, settings.cache_bytes)
    })?;
    inspection::remove_left(&settings.dir)?;
    let engine = Arc::new(Sled {
        settings: settings.clone(),
        blobs: Arc::new(blobs),
        tree: Arc::new(tree),
        ledger: Arc::new(ledger),
        desk: Arc::new(SledDesk::open(&dir(DESK), settings.cache_bytes)),
        folder: Mutex::new(Some(folder)),
    });
    Ok(Stores {
        blobs: engine.blobs.clone(),
        tree: engine.tree.clone(),
        ledger: engine.ledger.clone(),
        desk: engine.desk.clone(),
        engine,
    })
}

/// A failed opening says which part of the archive it was.
fn named<T>(dir: &Path, open: impl FnOnce(&Path) -> Result<T, Fault>) -> Result<T, Fault> {
    open(dir).map_err(|fault| match crate::store::cause(&fault) {
        Some(cause) => {
            let cause = cause.clone();
            cause.fault(format!("opening {}: {fault}", dir.display()))
        }
        None => Fault::new(format!("opening {}", dir.display()), fault),
    })
}

impl Engine for Sled {
    fn close(&self) -> Result<(), Fault> {
        // Documents first, then what points at them. All are closed even if one fails; the first failure is told.
        let closed = [
            self.blobs.close(),
            self.ledger.close(),
            self.tree.close(),
            self.desk.close(),
        ];
        self.folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        closed.into_iter().collect()
    }
    fn inspect(&self) -> Result<Stores, Fault> {
        inspection::begin(
            &self.settings,
            &self.blobs,
            &self.ledger,
            &self.tree,
            &self.desk,
        )
    }
}
