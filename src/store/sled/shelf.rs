//! The volumes of an archive: which one is written to, which ones are open.
//!
//! # Invariants
//! * Volumes are numbered from 1 without gaps; only the last one is written to.
//! * A run of slots is given out once and lies in one volume.
//! * At most `OPEN_VOLUMES` are open, not counting one that is just being read while it is closed.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::Fault;
use crate::store::cause::Cause;
use crate::store::sled::volume::{Opened, Volume, copy, format};

/// The one that is written and two that are read. An open volume keeps one or two pages in each of sled's 256 cache shards:
/// 256 x 58 kB x 2 = 30 MB at the most, 90 MB for three.
const OPEN_VOLUMES: usize = 2;

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
    /// Full volumes that wait to be sealed.
    full: Vec<Arc<Volume>>,
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
                full: Vec::new(),
            }),
        };
        let last = shelf.lock().volumes.last().cloned();
        if let Some(last) = last {
            // A last volume that can't be opened stays closed to writing: the next blob begins a new one.
            if shelf.make_open(&last).is_ok() {
                let free = last.first_free(slots)?.unwrap_or(slots);
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

    /// Runs `use_it` on the volume until it finds it open.
    pub fn with_open<T>(
        &self,
        volume: &Arc<Volume>,
        mut use_it: impl FnMut(&Volume) -> Result<Option<T>, Fault>,
    ) -> Result<T, Fault> {
        loop {
            if let Some(done) = use_it(volume)? {
                return Ok(done);
            }
            self.make_open(volume)?;
        }
    }

    /// The full volumes that wait to be sealed; the caller seals them (`Volume::close`) when nothing in them waits for a flush.
    pub fn take_full(&self) -> Vec<Arc<Volume>> {
        std::mem::take(&mut self.lock().full)
    }

    /// Closes and seals everything.
    pub fn close(&self) -> Result<(), Fault> {
        let volumes = self.lock().volumes.clone();
        volumes.iter().try_for_each(|volume| volume.close())
    }

    fn make_open(&self, volume: &Arc<Volume>) -> Result<(), Fault> {
        if volume.open()? == Opened::Before {
            return Ok(());
        }
        let mut state = self.lock();
        state.open.push_back(volume.number);
        let last = state.volumes.last().map(|last| last.number);
        let mut victims = Vec::new();
        while state.open.len() > OPEN_VOLUMES {
            let Some(at) = state
                .open
                .iter()
                .position(|number| Some(*number) != last && *number != volume.number)
            else {
                break;
            };
            let victim = state.open.remove(at).and_then(|number| {
                let position = usize::try_from(number).ok()?.checked_sub(1)?;
                state.volumes.get(position).cloned()
            });
            victims.extend(victim);
        }
        drop(state);
        victims.iter().try_for_each(|victim| victim.close())
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

fn volume_dir(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:06}"))
}

/// Whether the folder of a volume is there: used to tell an empty shelf from a lost one.
pub(super) fn has_volume(dir: &Path) -> bool {
    fs::metadata(volume_dir(dir, 1)).is_ok_and(|meta| meta.is_dir())
}
