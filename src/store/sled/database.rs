//! One sled database with what this project needs on top of it: a real fsync, panics held in, a clean end.
//!
//! # Invariants
//! * `flush` returns only after `fdatasync`. sled's own flush is `sync_file_range`, which covers neither the length
//!   of the file nor the drive's cache.
//! * No value is ever large enough to leave the log: beyond a quarter of a segment sled writes a value into a file of
//!   its own and does not sync that file at all.
//! * No batch and no transaction is used: both take a lock of the whole process that waits for every flush
//!   in every database. Where several rows belong together, one row written last makes them count; the log
//!   is recovered as a prefix, so that row implies the earlier ones.
//! * sled panics on some damaged files. `contain` turns that into a `Fault` at this border.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::record::Fault;
use crate::store::cause::Cause;

/// sled's unit of writing. A damaged, not yet sealed segment loses its rest, so it is small; a message may take a
/// quarter of it (see `VALUE_BYTES` and `CHUNK_BYTES`). It can't be changed for an existing archive.
const SEGMENT_BYTES: usize = 1 << 20;

/// Two paddings of 5 x 250,000 bytes fill more than one segment each. 250,000 stays below
/// the quarter of a segment (262,144) beyond which a value leaves the log.
const PAD_BYTES: usize = 250_000;
const PADS_A_ROUND: u8 = 5;

/// sled gives its file lock back some milliseconds after the database was dropped.
const LOCK_TRIES: u32 = 500;
const LOCK_WAIT: Duration = Duration::from_millis(10);

const PAD_TREE: &[u8] = b"pad";

pub(super) struct Database {
    db: sled::Db,
    /// A second handle on sled's log, for fsync.
    log: File,
    dir: PathBuf,
    cache_bytes: u64,
}

impl Database {
    /// Opens or creates. Reads everything written since the last opening and then keeps a page table, so that the next
    /// opening is quick.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        let db = contain(
            || format!("opening {}", dir.display()),
            || open_patiently(dir, cache_bytes),
        )?;
        let path = dir.join("db");
        let log = File::open(&path)
            .map_err(|e| Fault::new(format!("opening {} to sync it", path.display()), e))?;
        let database = Database {
            db,
            log,
            dir: dir.to_owned(),
            cache_bytes,
        };
        // The tree exists from the first day: sealing then changes no page table.
        database.tree(PAD_TREE)?;
        Ok(database)
    }

    pub fn tree(&self, name: &[u8]) -> Result<sled::Tree, Fault> {
        contain(|| "opening a tree".to_owned(), || self.db.open_tree(name))
    }

    /// Everything inserted before this call is durable on return.
    pub fn flush(&self) -> Result<(), Fault> {
        let what = || Cause::NotDurable {
            what: self.dir.display().to_string(),
        };
        contain(|| "flushing".to_owned(), || self.db.flush()).map_err(|fault| {
            what().fault(format!(
                "flushing {}: {}",
                self.dir.display(),
                fault.chain()
            ))
        })?;
        self.log
            .sync_data()
            .map_err(|e| what().fault(format!("syncing {}: {e}", self.dir.display())))
    }

    /// Copies the database as it is on disk. Nothing may write to it meanwhile.
    pub fn copy_to(&self, to: &Path) -> Result<(), Fault> {
        self.flush()?;
        let fault = |e: std::io::Error| {
            Fault::new(format!("copying {} to inspect it", self.dir.display()), e)
        };
        fs::create_dir_all(to).map_err(fault)?;
        for item in fs::read_dir(&self.dir).map_err(fault)? {
            let item = item.map_err(fault)?;
            // The only folder is that of values outside the log, of which there are none.
            if item.file_type().map_err(fault)?.is_file() {
                fs::copy(item.path(), to.join(item.file_name())).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// Whether `seal` came to its end once. Whatever is written later needs another.
    pub fn was_sealed(&self) -> Result<bool, Fault> {
        let pad = self.tree(PAD_TREE)?;
        let last = contain(|| "looking for a seal".to_owned(), || pad.get(b"p"))?;
        Ok(last.is_some_and(|last| last.is_empty()))
    }

    /// Ends the database so that damage done to its file later stays local: pads the log, so that its last segments,
    /// which sled reads again at each opening, hold nothing of value; then opens once more, which writes the page table.
    /// After that a changed byte makes one value unreadable and nothing else.
    pub fn seal(self) -> Result<(), Fault> {
        let pad = self.tree(PAD_TREE)?;
        for round in 0..2u8 {
            for number in 0..PADS_A_ROUND {
                // Different bytes each time: sled skips a write that changes nothing.
                let bytes = vec![1 + round * PADS_A_ROUND + number; PAD_BYTES];
                contain(
                    || "padding".to_owned(),
                    || pad.insert(b"p", bytes.as_slice()),
                )?;
            }
            self.flush()?;
        }
        contain(|| "padding".to_owned(), || pad.insert(b"p", &[] as &[u8]))?;
        self.flush()?;
        drop(pad);
        let (dir, cache_bytes) = (self.dir.clone(), self.cache_bytes);
        drop(self);
        snapshot(&dir, cache_bytes)
    }
}

/// Opens and drops a database: leaves a page table of all that is in it.
pub(super) fn snapshot(dir: &Path, cache_bytes: u64) -> Result<(), Fault> {
    Database::open(dir, cache_bytes)?.flush()
}

fn open_patiently(dir: &Path, cache_bytes: u64) -> sled::Result<sled::Db> {
    let mut tries = 0;
    loop {
        let opened = sled::Config::new()
            .path(dir)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(cache_bytes)
            // Only explicit flushes: an acknowledgement never rests on a background one.
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput)
            .open();
        match opened {
            // The archive's own lock says that no other process is here: it is our last handle still closing.
            Err(sled::Error::Io(e)) if tries < LOCK_TRIES && is_lock_error(&e) => {
                tries += 1;
                thread::sleep(LOCK_WAIT);
            }
            other => return other,
        }
    }
}

fn is_lock_error(error: &std::io::Error) -> bool {
    // sled wraps the refusal of flock in an error of kind Other with this text.
    error.to_string().contains("could not acquire lock")
}

/// Runs an operation of sled; its error and its panic become a `Fault`.
///
/// Catching the panic is right here: sled panics (asserts, `expect`) on damaged pages that it did not foresee. What it shares
/// between threads is lock-free, a panic in one operation leaves no lock behind, and the alternative is that one
/// changed byte in a terabyte stops the sweep that should name it.
pub(super) fn contain<T>(
    doing: impl FnOnce() -> String,
    run: impl FnOnce() -> sled::Result<T>,
) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Corruption { at, .. })) => Err(Cause::Damaged {
            what: match at {
                Some(at) => format!("the stored page at {at:?}"),
                None => "the database file or its page table".to_owned(),
            },
        }
        .fault(doing())),
        Ok(Err(error)) => Err(Fault::new(doing(), error)),
        Err(panic) => {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no reason given");
            // The reason may be pages long: sled prints whole nodes.
            let said: String = said.chars().take(200).collect();
            Err(Cause::Damaged {
                what: format!("the database (the engine gave up: {said})"),
            }
            .fault(doing()))
        }
    }
}

/// Makes sled evict: it counts an access only after 64 of them have queued in the page's shard (256 shards), so that up to
/// 16,384 pages stay in memory whatever the cache's capacity is. A page of n bytes is therefore asked for once per 2,048 bytes,
/// 32 times at the most (about 0.2 us each), after it was written or read: two to three pages wait in a shard, about 35 MB
/// in all for pages of a full chunk.
pub(super) fn touch(tree: &sled::Tree, key: &[u8], value_bytes: usize) -> Result<(), Fault> {
    for _ in 0..(value_bytes / 2048).min(32) {
        contain(|| "touching a page".to_owned(), || tree.get(key))?;
    }
    Ok(())
}
