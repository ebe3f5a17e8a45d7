//! The worker that brings results to the level that was asked for: time-stamps that were pending, evidence, document time-stamps.
//!
//! # Invariants
//! * No result is lost: the sequencer hands each one over before it is in the tree, a start looks through what the last mark left
//!   open, and the mark passes only what is settled.
//! * One version for one step: repeating a step that was interrupted gives the version that is there (`versions`).
//! * A result that can't be raised now is tried again, ever more rarely; it stays what it is meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::accept::Accepted;
use super::open::Archive;
use super::raise::Raised;
use crate::record::Fault;
use crate::store::Row;

/// The mark: a report of the ledger under this name.
const MARK: &str = "levels";

/// How many open results the mark names; with more it goes back to the first of them. 10,000 numbers are about 100 KB.
const NAMED_MAX: usize = 10_000;

/// Rows looked through at a time by a start.
const ROWS: usize = 256;

/// At work at the same time: each waits for authorities most of its time.
const HANDS: usize = 4;

/// After the first failure; doubled with each further one.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_MAX: Duration = Duration::from_secs(600);

/// How often the worker looks whether something is due again.
const TICK: Duration = Duration::from_millis(500);

/// Shared by the sequencer, who hands results over, and the worker.
#[derive(Debug, Default)]
pub(super) struct Levels {
    state: Mutex<State>,
    /// Something was handed over, raised, or everything ends.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By the first version's index.
    open: BTreeMap<u64, Due>,
    ending: bool,
}

#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    failures: u32,
}

impl Due {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            failures: 0,
        }
    }

    fn later(self) -> Self {
        let failures = self.failures.saturating_add(1);
        let wait = AGAIN
            .saturating_mul(2_u32.saturating_pow(failures.min(10).saturating_sub(1)))
            .min(AGAIN_MAX);
        Self {
            at: Instant::now() + wait,
            failures,
        }
    }
}

/// What a start needs to know: everything before `next` is settled but for `open`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    next: u64,
    open: Vec<u64>,
}

impl Levels {
    /// By the sequencer, before the result is in the tree.
    pub fn hand_over(&self, first: u64) {
        self.lock().open.insert(first, Due::now());
        self.changed.notify_all();
    }

    pub fn end(&self) {
        self.lock().ending = true;
        self.changed.notify_all();
    }

    /// How many results wait for a higher level.
    fn waiting(&self) -> u32 {
        u32::try_from(self.lock().open.len()).unwrap_or(u32::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self) -> Vec<u64> {
        let now = Instant::now();
        let state = self.lock();
        let due = state.open.iter().filter(|(_, due)| due.at <= now);
        due.map(|(first, _)| *first).collect()
    }

    /// Waits until something changes. `false`: everything ends.
    fn wait(&self, for_at_most: Duration) -> bool {
        let state = self.lock();
        if state.ending {
            return false;
        }
        let (state, _) = self
            .changed
            .wait_timeout(state, for_at_most)
            .unwrap_or_else(PoisonError::into_inner);
        !state.ending
    }

    fn is_ending(&self) -> bool {
        self.lock().ending
    }

    fn settle(&self, first: u64) {
        self.lock().open.remove(&first);
        self.changed.notify_all();
    }

    fn put_off(&self, first: u64) {
        if let Some(due) = self.lock().open.get_mut(&first) {
            *due = due.later();
        }
    }

    /// `size` must have been read before: what is in that tree was handed over.
    fn mark(&self, size: u64) -> Mark {
        let state = self.lock();
        let open: Vec<u64> = state.open.keys().copied().filter(|i| *i < size).collect();
        match open.first() {
            Some(first) if open.len() > NAMED_MAX => Mark {
                next: *first,
                open: Vec::new(),
            },
            _ => Mark { next: size, open },
        }
    }
}

/// Starts the worker; it holds the archive only while it works.
pub(super) fn start(archive: &Arc<Archive>) -> Result<std::thread::JoinHandle<()>, Fault> {
    let levels = Arc::clone(&archive.levels);
    let archive = Arc::downgrade(archive);
    std::thread::Builder::new()
        .name("levels".into())
        .spawn(move || run(&levels, &archive))
        .map_err(|e| Fault::new("starting the worker for levels", e))
}

fn run(levels: &Levels, archive: &Weak<Archive>) {
    let mut kept = match archive.upgrade().map(|archive| archive.open_levels()) {
        Some(Ok(Some(mark))) => mark,
        // Stopped before all was looked through: the mark stays where it was.
        Some(Ok(None)) => return,
        Some(Err(fault)) => {
            tracing::error!(fault = %fault.chain(), "levels are not raised until the next start");
            return;
        }
        None => return,
    };
    loop {
        let due = levels.due();
        if due.is_empty() {
            if !levels.wait(TICK) {
                return;
            }
            continue;
        }
        let Some(archive) = archive.upgrade() else {
            return;
        };
        archive.raise_all(&due);
        metrics::gauge!("antin_levels_waiting").set(f64::from(levels.waiting()));
        let mark = levels.mark(archive.tree_size());
        if mark != kept {
            match archive.keep_mark(&mark) {
                Ok(()) => kept = mark,
                Err(fault) => {
                    tracing::error!(fault = %fault.chain(), "the mark of levels could not be kept")
                }
            }
        }
        if levels.is_ending() {
            return;
        }
    }
}

impl Archive {
    /// What the last run left open, and whatever came after its mark. `None`: cut short.
    fn open_levels(&self) -> Result<Option<Mark>, Fault> {
        let mark: Mark = match self.stores.ledger.report(MARK)? {
            // Only a hint: from the beginning it is looked through at worst.
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            None => Mark::default(),
        };
        for first in &mark.open {
            self.levels.hand_over(*first);
        }
        let size = self.tree_size();
        let mut at = mark.next;
        while at < size {
            let rows = self.stores.ledger.entries(at, ROWS)?;
            if rows.is_empty() || self.levels.is_ending() {
                return Ok(None);
            }
            for row in &rows {
                at = row.index().saturating_add(1);
                if row.index() < size && is_open(row) {
                    self.levels.hand_over(row.index());
                }
            }
        }
        // So that the next start begins here.
        let now = self.levels.mark(size);
        if now != mark {
            self.keep_mark(&now)?;
        }
        Ok(Some(now))
    }

    fn keep_mark(&self, mark: &Mark) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(mark).map_err(|e| Fault::new("encoding a mark", e))?;
        self.stores.ledger.put_report(MARK, &bytes)
    }

    fn raise_all(&self, due: &[u64]) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..HANDS.min(due.len()) {
                scope.spawn(|| {
                    while !self.levels.is_ending() {
                        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(first) = due.get(at) else { return };
                        self.raise_one(*first);
                    }
                });
            }
        });
    }

    fn raise_one(&self, first: u64) {
        match self.raise(first) {
            Ok(Raised::Settled) => self.levels.settle(first),
            Ok(Raised::Further { why }) => {
                tracing::warn!(leaf = first, why, "a result waits for a higher level");
                self.levels.put_off(first);
            }
            Err(fault) => {
                tracing::error!(leaf = first, fault = %fault.chain(), "raising a result failed");
                self.levels.put_off(first);
            }
        }
    }

    /// The receipt of the newest version of a result, and whether it is all that was asked for.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn newest(&self, accepted: Accepted) -> Result<(Accepted, Standing), Fault> {
        let first = self.first_of(accepted.receipt.log_index)?;
        let newest = self.newest_of(first)?;
        let standing = match self.entry_at(newest)?.core.wanted {
            Some(_) => Standing::Waiting,
            None => Standing::Reached,
        };
        let accepted = match newest == accepted.receipt.log_index {
            true => accepted,
            false => self.answer(newest, accepted.replayed)?,
        };
        Ok((accepted, standing))
    }
}

/// Whether a result has the level that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Reached,
    Waiting,
}

/// Whether a row is a result's first version that was to become more. A damaged one is named by the sweep.
fn is_open(row: &Row) -> bool {
    let Row::Whole(row) = row else { return false };
    row.admission.version_of.is_none()
        && super::entry::Entry::decode(&row.admission.entry)
            .is_ok_and(|entry| entry.core.wanted.is_some())
}
