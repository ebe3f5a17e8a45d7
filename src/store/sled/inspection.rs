//! The archive as the disk has it, beside the process that uses it.
//!
//! A sweep has to read the disk. But sled answers from its cache, so a byte that changed under a running server would
//! stay unseen until the page is dropped. Ledger and tree are therefore copied and the copies opened;
//! documents are put out of the cache (`Volume::cool`).
//!
//! # Invariants
//! * The copies live in a folder of the archive and go with the inspection; what a crash left is removed at the next opening.
//! * Nothing written to a copy reaches the archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::record::Fault;
use crate::store::sled::blobs::SledBlobs;
use crate::store::sled::desk::SledDesk;
use crate::store::sled::ledger::SledLedger;
use crate::store::sled::tree::SledTree;
use crate::store::sled::{LEDGER, TREE, named};
use crate::store::{Engine, SledSettings, Stores};

const PREFIX: &str = "inspection-";

/// Tells inspections at the same time apart; the lock on the archive keeps other processes out.
static COUNT: AtomicU64 = AtomicU64::new(0);

struct Inspection {
    settings: SledSettings,
    dir: PathBuf,
    blobs: Arc<SledBlobs>,
    ledger: Arc<SledLedger>,
    tree: Arc<SledTree>,
    /// The desk itself: no sweep looks at it.
    desk: Arc<SledDesk>,
}

pub(super) fn begin(
    settings: &SledSettings,
    blobs: &Arc<SledBlobs>,
    ledger: &SledLedger,
    tree: &SledTree,
    desk: &Arc<SledDesk>,
) -> Result<Stores, Fault> {
    blobs.cool()?;
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    let dir = settings.dir.join(format!("{PREFIX}{number}"));
    let opened = open_copies(settings, &dir, ledger, tree);
    let (ledger, tree) = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            remove(&dir)?;
            return Err(fault);
        }
    };
    let engine = Arc::new(Inspection {
        settings: settings.clone(),
        dir,
        blobs: blobs.clone(),
        ledger: Arc::new(ledger),
        tree: Arc::new(tree),
        desk: desk.clone(),
    });
    Ok(Stores {
        blobs: engine.blobs.clone(),
        tree: engine.tree.clone(),
        ledger: engine.ledger.clone(),
        desk: engine.desk.clone(),
        engine,
    })
}

fn open_copies(
    settings: &SledSettings,
    dir: &Path,
    ledger: &SledLedger,
    tree: &SledTree,
) -> Result<(SledLedger, SledTree), Fault> {
    // The ledger first: a tree copied later is never behind it.
    ledger.copy_to(&dir.join(LEDGER))?;
    tree.copy_to(&dir.join(TREE))?;
    let ledger = named(&dir.join(LEDGER), |dir| {
        SledLedger::open(dir, settings.cache_bytes)
    })?;
    let tree = named(&dir.join(TREE), |dir| {
        SledTree::open(dir, settings.cache_bytes)
    })?;
    Ok((ledger, tree))
}

impl Engine for Inspection {
    fn close(&self) -> Result<(), Fault> {
        self.ledger.discard();
        self.tree.discard();
        remove(&self.dir)
    }

    fn inspect(&self) -> Result<Stores, Fault> {
        begin(
            &self.settings,
            &self.blobs,
            &self.ledger,
            &self.tree,
            &self.desk,
        )
    }
}

impl Drop for Inspection {
    fn drop(&mut self) {
        // What can't be removed now is removed at the next opening.
        let _ = self.close();
    }
}

/// Removes what inspections left that did not end.
pub(super) fn remove_left(dir: &Path) -> Result<(), Fault> {
    let fault = |e: std::io::Error| Fault::new(format!("listing {}", dir.display()), e);
    for item in fs::read_dir(dir).map_err(fault)? {
        let item = item.map_err(fault)?;
        if item.file_name().to_string_lossy().starts_with(PREFIX) {
            remove(&item.path())?;
        }
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Fault::new(format!("removing {}", dir.display()), e))
        }
        _ => Ok(()),
    }
}
