//! One volume: a database of its own with room for a fixed number of chunks of documents.
//!
//! # Invariants
//! * All keys exist from the start, with empty values, nine to a slot: a leaf page splits at 17 keys into 9 and 8, so each slot
//!   has a leaf page of its own. Storing a chunk overwrites one value, once. Therefore no page is ever split, merged or
//!   rewritten: what is written is 1.05 times the data (2.9 times when big values are simply inserted), the page
//!   table never changes, and a lost or unreadable chunk takes no other with it.
//! * A full volume is sealed (`Database::seal`): from then on a changed byte costs one chunk.
//! * A volume that can't be opened is remembered as broken; every chunk in it answers `Damaged`.
//!
//! # What is not here
//! Which chunk belongs to which document: each chunk says it in its own header, and the index says it too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use crate::record::Fault;
use crate::store::cause::Cause;
use crate::store::sled::database::{Database, contain, snapshot, touch};

/// Keys to a slot; see the first invariant.
const KEYS_A_SLOT: u32 = 9;

/// Leaf pages behind the last slot that stay empty. sled numbers pages in the order in which they are made and deals them out to
/// 256 cache shards by that number; more than twice 256 in a row reach every shard at least twice (see `cool`).
const SPARE_LEAVES: u32 = 600;

/// Keys behind all that, so that the last leaf is split off too.
const KEYS_BEHIND: u32 = 17;

const CHUNK_TREE: &[u8] = b"chunks";

/// `touch` leaves one or two pages in each of sled's 256 cache shards: 2 x 256 x 58 kB.
const HELD_MAX_BYTES: u64 = 30 << 20;

pub(super) struct Volume {
    pub number: u32,
    dir: PathBuf,
    cache_bytes: u64,
    state: RwLock<State>,
}

enum State {
    Closed,
    Open(OpenVolume),
    Broken(String),
}

struct OpenVolume {
    database: Database,
    chunks: sled::Tree,
    /// Whether anything was written since it was opened.
    written: AtomicBool,
    /// Bytes of chunks that went through sled's cache since it was opened, up to `HELD_MAX_BYTES`.
    held_bytes: AtomicU64,
}

/// What one use of a volume did besides its answer.
pub(super) struct Used<T> {
    pub answer: T,
    pub opened: Opened,
    /// How much more memory the volume may hold now.
    pub grown_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Now,
    Before,
}

impl Volume {
    pub fn closed(number: u32, dir: PathBuf, cache_bytes: u64) -> Self {
        Volume {
            number,
            dir,
            cache_bytes,
            state: RwLock::new(State::Closed),
        }
    }

    /// Writes the chunk of one slot.
    pub fn put(&self, slot: u32, value: &[u8]) -> Result<Used<()>, Fault> {
        self.with(|open| {
            // Before the write: what is closed after it gets sealed.
            open.written.store(true, Ordering::SeqCst);
            let key = slot_key(slot);
            contain(
                || self.doing("writing", slot),
                || open.chunks.insert(key, value),
            )?;
            touch(&open.chunks, &key, value.len())?;
            Ok(((), value.len()))
        })
    }

    /// Gives the chunk of one slot to `take`; it is empty where nothing was written.
    pub fn read<T>(
        &self,
        slot: u32,
        take: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<Used<T>, Fault> {
        self.with(|open| {
            let key = slot_key(slot);
            let value = contain(|| self.doing("reading", slot), || open.chunks.get(key))?;
            let Some(value) = value else {
                return Err(Cause::Damaged {
                    what: format!("slot {slot} of {}", self.dir.display()),
                }
                .fault(self.doing("reading", slot)));
            };
            let taken = take(&value)?;
            touch(&open.chunks, &key, value.len())?;
            Ok((taken, value.len()))
        })
    }

    /// The first slot behind all that were written. Asks from the end: chunks written at the same time may leave
    /// holes where a crash came between them.
    pub fn first_free(&self, slots: u32) -> Result<Used<u32>, Fault> {
        self.with(|open| {
            for slot in (0..slots).rev() {
                let key = slot_key(slot);
                // A slot that can't be read was written.
                let value = contain(|| self.doing("reading", slot), || open.chunks.get(key));
                if !matches!(value, Ok(Some(value)) if value.is_empty()) {
                    return Ok((slot + 1, 0));
                }
            }
            Ok((0, 0))
        })
    }

    /// Makes durable what was written; nothing to do where the volume is closed, for closing does it.
    pub fn flush(&self) -> Result<(), Fault> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Open(open) => open.database.flush(),
            State::Closed => Ok(()),
            State::Broken(why) => Err(self.broken(why)),
        }
    }

    /// Puts the chunks out of sled's cache, so that the next read of each comes from the disk: an empty page of each shard is asked
    /// for until the shard has counted it, and what is larger than the shard's room goes. About 20 ms. Tells how many bytes it may
    /// have held.
    pub fn cool(&self, slots: u32) -> Result<u64, Fault> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let State::Open(open) = &*state else {
            return Ok(0);
        };
        // Before the work: what is read meanwhile is counted anew.
        let held_bytes = open.held_bytes.swap(0, Ordering::SeqCst);
        for spare in slots..slots.saturating_add(SPARE_LEAVES) {
            // More than the 64 accesses that queue in a shard before it counts them.
            for _ in 0..66 {
                let key = slot_key(spare);
                contain(|| self.doing("cooling", spare), || open.chunks.get(key))?;
            }
        }
        Ok(held_bytes)
    }

    /// Closes for good: seals where that did not come to its end yet, be it that a crash came between.
    pub fn finish(&self) -> Result<u64, Fault> {
        let looked = self.with(|open| {
            if !open.database.was_sealed()? {
                open.written.store(true, Ordering::SeqCst);
            }
            Ok(((), 0))
        });
        // A broken volume can't be sealed; whoever reads it is told.
        if let Err(fault) = looked {
            tracing::warn!(fault = %fault.chain(), "a volume is not sealed");
        }
        self.close()
    }

    /// Closes; seals first if anything was written. Tells how many bytes it may have held.
    pub fn close(&self) -> Result<u64, Fault> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Closed) {
            State::Open(open) => {
                let OpenVolume {
                    database,
                    chunks,
                    written,
                    held_bytes,
                } = open;
                drop(chunks);
                if written.into_inner()
                    && let Err(fault) = database.seal()
                {
                    // Not "closed": a flush that finds a closed volume takes it for durable.
                    *state = State::Broken(fault.chain().to_string());
                    return Err(fault);
                }
                Ok(held_bytes.into_inner())
            }
            State::Closed => Ok(0),
            State::Broken(why) => {
                *state = State::Broken(why);
                Ok(0)
            }
        }
    }

    /// Runs on the open volume, opening it where it is closed; `run` also says how many bytes went through the cache. Whoever
    /// opens keeps a read lock from then on, so every use gets its turn before the volume can be closed again.
    fn with<T>(
        &self,
        run: impl FnOnce(&OpenVolume) -> Result<(T, usize), Fault>,
    ) -> Result<Used<T>, Fault> {
        let mut state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut opened = Opened::Before;
        if matches!(*state, State::Closed) {
            drop(state);
            let mut closed = self.state.write().unwrap_or_else(PoisonError::into_inner);
            if matches!(*closed, State::Closed) {
                *closed = self.opened();
                opened = Opened::Now;
            }
            state = RwLockWriteGuard::downgrade(closed);
        }
        match &*state {
            State::Open(open) => {
                let (answer, bytes) = run(open)?;
                Ok(Used {
                    answer,
                    opened,
                    grown_bytes: open.hold(bytes as u64),
                })
            }
            State::Closed => Err(Fault::plain(self.doing("opening", 0))),
            State::Broken(why) => Err(self.broken(why)),
        }
    }

    fn opened(&self) -> State {
        let opened = Database::open(&self.dir, self.cache_bytes).and_then(|database| {
            let chunks = database.tree(CHUNK_TREE)?;
            Ok(OpenVolume {
                database,
                chunks,
                written: AtomicBool::new(false),
                held_bytes: AtomicU64::new(0),
            })
        });
        match opened {
            Ok(open) => State::Open(open),
            Err(fault) => State::Broken(fault.chain().to_string()),
        }
    }

    fn broken(&self, why: &str) -> Fault {
        Cause::Damaged {
            what: format!("the volume {} ({why})", self.dir.display()),
        }
        .fault("opening a volume of documents")
    }

    fn doing(&self, verb: &str, slot: u32) -> String {
        format!("{verb} slot {slot} of {}", self.dir.display())
    }
}

impl OpenVolume {
    /// Counts bytes into `held_bytes`; by how much that rose.
    fn hold(&self, bytes: u64) -> u64 {
        let held = self.held_bytes.fetch_add(bytes, Ordering::SeqCst);
        let room = HELD_MAX_BYTES.saturating_sub(held);
        if bytes > room {
            self.held_bytes.store(HELD_MAX_BYTES, Ordering::SeqCst);
        }
        bytes.min(room)
    }
}

fn slot_key(slot: u32) -> [u8; 4] {
    // `format` wrote all keys up to those of the spare leaves.
    slot.saturating_mul(KEYS_A_SLOT).to_be_bytes()
}

/// Writes the keys of an empty volume into `dir`. Costs about 45 us a slot, so it is done once; volumes are copies.
pub(super) fn format(dir: &Path, slots: u32, cache_bytes: u64) -> Result<(), Fault> {
    let database = Database::open(dir, cache_bytes)?;
    let chunks = database.tree(CHUNK_TREE)?;
    let keys = slots
        .saturating_add(SPARE_LEAVES)
        .saturating_mul(KEYS_A_SLOT);
    for number in 0..keys.saturating_add(KEYS_BEHIND) {
        contain(
            || format!("formatting {}", dir.display()),
            || chunks.insert(number.to_be_bytes(), &[] as &[u8]),
        )?;
    }
    database.flush()?;
    drop(chunks);
    drop(database);
    snapshot(dir, cache_bytes)
}

/// Copies the formatted empty volume, durably, and only then gives the copy its name.
pub(super) fn copy(blank: &Path, dir: &Path) -> Result<(), Fault> {
    let unfinished = dir.with_extension("new");
    let fault = |e: std::io::Error| Fault::new(format!("making the volume {}", dir.display()), e);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(fault)?;
    }
    copy_folder(blank, &unfinished).map_err(fault)?;
    fs::rename(&unfinished, dir).map_err(fault)?;
    match dir.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for item in fs::read_dir(from)? {
        let item = item?;
        let target = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            copy_folder(&item.path(), &target)?;
        } else {
            fs::copy(item.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(dir: &Path) -> Result<(), Fault> {
    fs::File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Fault::new(format!("syncing the folder {}", dir.display()), e))
}
