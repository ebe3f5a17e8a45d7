//! The volumes of an archive: which one is written to, which ones are open.
//!
//! # Invariants
//! * Volumes are numbered from 1 without gaps; only the last one is written to.
//! * A run of slots is given out once and lies in one volume.
//! * At most `OPEN_VOLUMES` are open and they hold `HELD_BYTES` at the most, give or take one that is just being used.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::Fault;
use crate::store::cause::Cause;
use crate::store::contracts::Cursor;
use crate::store::sled::volume::{Opened, Used, Volume, copy, format};

/// Page table, write buffer and queues of an open volume take about 3 MB: 48 MB. Opening one takes about 25 ms.
const OPEN_VOLUMES: usize = 16;

/// What open volumes may keep of their chunks together: the one that is written and one that a sweep reads reach 30 MB
/// each (see `volume`), those that are read now and then far less.
const HELD_BYTES: u64 = 64 << 20;

/// sled's own bound for its cache; small, because pages of documents are read once.
const CACHE_BYTES: u64 = 1 << 20;

const BLANK: &str = "blank";

pub(super) struct Shelf {
    dir: PathBuf,
    slots: u32,
    state: Mutex<State>,
}

struct State {
    volumes: Vec<Arc<Volume>>,
    next_slot: u32,
    /// Numbers of open volumes, in the order in which they were opened.
    open: VecDeque<u32>,
    /// What the open volumes may hold in memory together.
    held_bytes: u64,
    /// Volumes that became full.
    full: Vec<Arc<Volume>>,
    /// Runs that were given out and are not in the index yet.
    unindexed: BTreeSet<Cursor>,
}

/// A run of slots in the volume that is written to.
pub(super) struct Run {
    pub volume: Arc<Volume>,
    pub first_slot: u32,
}

impl Shelf {
    /// Lays the shelf out in an empty folder, with the first volume.
    pub fn create(dir: &Path, slots: u32) -> Result<(), Fault> {
        format(&dir.join(BLANK), slots, CACHE_BYTES)?;
        copy(&dir.join(BLANK), &volume_dir(dir, 1))
    }

    pub fn open(dir: &Path, slots: u32) -> Result<Self, Fault> {
        let mut volumes = Vec::new();
        for number in 1.. {
            let dir = volume_dir(dir, number);
            if !dir.is_dir() {
                break;
            }
            volumes.push(Arc::new(Volume::closed(number, dir, CACHE_BYTES)));
        }
        let shelf = Shelf {
            dir: dir.to_owned(),
            slots,
            state: Mutex::new(State {
                volumes,
                next_slot: slots,
                open: VecDeque::new(),
                held_bytes: 0,
                full: Vec::new(),
                unindexed: BTreeSet::new(),
            }),
        };
        let last = shelf.lock().volumes.last().cloned();
        if let Some(last) = last {
            // A last volume that can't be opened stays closed to writing: the next blob begins a new one.
            if let Ok(free) = last.first_free(slots) {
                let free = shelf.account(&last, free)?;
                shelf.lock().next_slot = free;
            }
        }
        Ok(shelf)
    }

    /// The largest number of chunks a document may have.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Gives out `slots` slots that follow each other; begins a new volume where the last one is too full.
    pub fn allocate(&self, slots: u32) -> Result<Run, Fault> {
        let mut state = self.lock();
        let end = state
            .next_slot
            .checked_add(slots)
            .filter(|end| *end <= self.slots);
        let (volume, first_slot) = match (end, state.volumes.last().cloned()) {
            (Some(end), Some(volume)) => {
                let first = state.next_slot;
                state.next_slot = end;
                (volume, first)
            }
            (_, last) => {
                let number = last
                    .as_ref()
                    .map_or(1, |last| last.number.saturating_add(1));
                let volume = self.begin_volume(number)?;
                state.full.extend(last);
                state.volumes.push(volume.clone());
                state.next_slot = slots;
                (volume, 0)
            }
        };
        state.unindexed.insert(cursor(volume.number, first_slot));
        drop(state);
        Ok(Run { volume, first_slot })
    }

    pub fn volume(&self, number: u32) -> Result<Arc<Volume>, Fault> {
        let position = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .wrapping_sub(1);
        self.lock().volumes.get(position).cloned().ok_or_else(|| {
            Cause::Damaged {
                what: format!("the volume {}", volume_dir(&self.dir, number).display()),
            }
            .fault("opening a volume of documents")
        })
    }

    pub fn put(&self, volume: &Arc<Volume>, slot: u32, value: &[u8]) -> Result<(), Fault> {
        let used = volume.put(slot, value)?;
        self.account(volume, used)
    }

    /// Gives the chunk of one slot to `take`; it is empty where nothing was written.
    pub fn read<T>(
        &self,
        volume: &Arc<Volume>,
        slot: u32,
        take: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let used = volume.read(slot, take)?;
        self.account(volume, used)
    }

    /// The document at `place` is in the index.
    pub fn indexed(&self, place: Cursor) {
        self.lock().unindexed.remove(&place);
    }

    /// As if a document lay there that is not in the index: as long as this process runs, the mark does not pass it.
    pub fn hold_mark(&self, volume: &Volume, slot: u32) {
        self.lock().unindexed.insert(cursor(volume.number, slot));
    }

    /// Every document that was put before this place is in the index.
    pub fn indexed_up_to(&self) -> Cursor {
        let state = self.lock();
        let next = cursor(
            state.volumes.last().map_or(1, |last| last.number),
            state.next_slot,
        );
        state.unindexed.first().copied().unwrap_or(next)
    }

    /// The volumes with the slots in them that may hold chunks, from a place on.
    pub fn used_from(&self, from: Cursor) -> Vec<(Arc<Volume>, Range<u32>)> {
        let state = self.lock();
        let last = state.volumes.last().map(|last| last.number);
        let volumes = state.volumes.iter();
        volumes
            .map(|volume| {
                let end = match last == Some(volume.number) {
                    true => state.next_slot,
                    false => self.slots,
                };
                let first = from.0.saturating_sub(cursor(volume.number, 0).0);
                let first = u32::try_from(first).unwrap_or(u32::MAX);
                (volume.clone(), first.min(end)..end)
            })
            .filter(|(_, slots)| !slots.is_empty())
            .collect()
    }

    /// The volumes that became full since the last call. They are to be sealed (`close_one`), each after a flush.
    pub fn take_full(&self) -> Vec<Arc<Volume>> {
        std::mem::take(&mut self.lock().full)
    }

    /// Lets the next reads come from the disk.
    pub fn cool(&self) -> Result<(), Fault> {
        let volumes = self.lock().volumes.clone();
        volumes.iter().try_for_each(|volume| self.cool_one(volume))
    }

    /// Gives back what one volume keeps in memory of its chunks.
    pub fn cool_one(&self, volume: &Volume) -> Result<(), Fault> {
        let held_bytes = volume.cool(self.slots)?;
        let mut state = self.lock();
        state.held_bytes = state.held_bytes.saturating_sub(held_bytes);
        Ok(())
    }

    /// Closes and seals everything.
    pub fn close(&self) -> Result<(), Fault> {
        let volumes = self.lock().volumes.clone();
        volumes.iter().try_for_each(|volume| self.close_one(volume))
    }

    /// Notes what a use of `volume` opened and may hold; closes the volumes opened longest ago where that is too much.
    fn account<T>(&self, volume: &Arc<Volume>, used: Used<T>) -> Result<T, Fault> {
        if used.opened == Opened::Before && used.grown_bytes == 0 {
            return Ok(used.answer);
        }
        let mut victims = Vec::new();
        let mut state = self.lock();
        state.held_bytes = state.held_bytes.saturating_add(used.grown_bytes);
        if used.opened == Opened::Now {
            state.open.push_back(volume.number);
        }
        let last = state.volumes.last().map(|last| last.number);
        if state.open.len() > OPEN_VOLUMES || state.held_bytes > HELD_BYTES {
            let at = state
                .open
                .iter()
                .position(|number| Some(*number) != last && *number != volume.number);
            let number = at.and_then(|at| state.open.get(at)).copied();
            victims.extend(number.and_then(|number| {
                let position = usize::try_from(number).ok()?.checked_sub(1)?;
                state.volumes.get(position).cloned()
            }));
        }
        drop(state);
        for victim in victims {
            self.close_one(&victim)?;
        }
        Ok(used.answer)
    }

    /// Closes a volume, which seals it if it was written to.
    pub fn close_one(&self, volume: &Volume) -> Result<(), Fault> {
        self.put_away(volume, Volume::close)
    }

    /// Closes a full volume, sealed whatever happened to it before.
    pub fn finish_one(&self, volume: &Volume) -> Result<(), Fault> {
        self.put_away(volume, Volume::finish)
    }

    /// The newest full volumes: of those a crash may have left as many unsealed as wait at the most.
    pub fn newest_full(&self, count: usize) -> Vec<Arc<Volume>> {
        let state = self.lock();
        let full = state.volumes.iter().rev().skip(1).take(count);
        let mut full: Vec<_> = full.cloned().collect();
        full.reverse();
        full
    }

    fn put_away(
        &self,
        volume: &Volume,
        close: impl FnOnce(&Volume) -> Result<u64, Fault>,
    ) -> Result<(), Fault> {
        // Off the list first: whoever opens it again after the closing puts it back.
        self.lock().open.retain(|number| *number != volume.number);
        let held_bytes = close(volume)?;
        let mut state = self.lock();
        state.held_bytes = state.held_bytes.saturating_sub(held_bytes);
        Ok(())
    }

    fn begin_volume(&self, number: u32) -> Result<Arc<Volume>, Fault> {
        let dir = volume_dir(&self.dir, number);
        let blank = self.dir.join(BLANK);
        if !blank.is_dir() {
            format(&blank, self.slots, CACHE_BYTES)?;
        }
        copy(&blank, &dir)?;
        Ok(Arc::new(Volume::closed(number, dir, CACHE_BYTES)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cursor(volume: u32, slot: u32) -> Cursor {
    Cursor(u64::from(volume) << 32 | u64::from(slot))
}

fn volume_dir(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:06}"))
}

/// Whether the folder of a volume is there: used to tell an empty shelf from a lost one.
pub(super) fn has_volume(dir: &Path) -> bool {
    fs::metadata(volume_dir(dir, 1)).is_ok_and(|meta| meta.is_dir())
}
