//! Seals full volumes when nothing else is to be done.
//!
//! Sealing reads a volume again (237 MB, about 0.3 s of CPU). It makes damage to it stay local and its next opening quick; nothing
//! that was promised rests on it. So it waits for a quiet moment, but never for long: a crash has to read again what was not sealed.
//!
//! # Invariants
//! * One thread at most; it ends when no volume waits.
//! * A volume that could not be sealed makes `end` fail, and nothing else: what was promised of its documents is kept already.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::record::Fault;
use crate::store::sled::shelf::Shelf;
use crate::store::sled::volume::Volume;

/// So long without a flush is quiet: between the requests of an office at work lie less.
const QUIET: Duration = Duration::from_millis(500);

/// As many may wait while there is no quiet moment: 8 x 237 MB = 1.9 GB, which a start after a crash reads in 2 to 4 s. Half of
/// the volumes that are open at the same time (`shelf::OPEN_VOLUMES`).
const WAITING_MAX: usize = 8;

#[derive(Default)]
pub(super) struct Sealer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Volume>>,
    /// Those at the end of `waiting` whose chunks are still in memory.
    warm: usize,
    /// Rises with every flush.
    flushes: u64,
    ending: bool,
    working: bool,
    /// The first that could not be sealed.
    failed: Option<Fault>,
}

impl Sealer {
    /// At an opening: what the last process may have left unsealed is looked through in the first quiet moment.
    pub fn look_through(&self, shelf: &Arc<Shelf>) {
        // The one that was being sealed, those that waited, and the one that had just become full.
        self.seal_later(shelf, shelf.newest_full(WAITING_MAX + 2));
    }

    /// To be called after every flush, with the volumes that are full now.
    pub fn seal_later(&self, shelf: &Arc<Shelf>, full: Vec<Arc<Volume>>) {
        let mut state = self.shared.lock();
        state.flushes = state.flushes.wrapping_add(1);
        if full.is_empty() {
            return;
        }
        state.warm = state.warm.saturating_add(full.len());
        state.waiting.extend(full);
        if state.working {
            drop(state);
            self.shared.changed.notify_all();
            return;
        }
        let (shared, shelf) = (self.shared.clone(), shelf.clone());
        let started = thread::Builder::new()
            .name("sealer".into())
            .spawn(move || work(&shared, &shelf));
        match started {
            Ok(started) => {
                state.working = true;
                drop(state);
                // The former one is done: it has set `working` to false.
                self.handle().replace(started);
            }
            // They wait on; the next volume that is full tries again.
            Err(error) => tracing::warn!(%error, "the sealer could not be started"),
        }
    }

    /// Seals what waits, now, and comes back when that is done.
    pub fn end(&self) -> Result<(), Fault> {
        self.shared.lock().ending = true;
        self.shared.changed.notify_all();
        let thread = self.handle().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(Fault::plain("sealing a volume: the thread panicked"));
        }
        self.shared.lock().failed.take().map_or(Ok(()), Err)
    }

    fn handle(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(shared: &Shared, shelf: &Shelf) {
    while let Some(task) = next(shared) {
        let done = match task {
            // A volume that waits must not keep its chunks in memory meanwhile.
            Task::Cool(volume) => shelf.cool_one(&volume),
            // Closing flushes first, so it may run beside anything; a late reader opens it again.
            Task::Seal(volume) => shelf.finish_one(&volume),
        };
        if let Err(fault) = done {
            tracing::error!(fault = %fault.chain(), "a full volume could not be sealed");
            shared.lock().failed.get_or_insert(fault);
        }
    }
}

enum Task {
    Cool(Arc<Volume>),
    Seal(Arc<Volume>),
}

/// Waits for the next thing to do; None: nothing waits any more.
fn next(shared: &Shared) -> Option<Task> {
    let mut state = shared.lock();
    loop {
        if state.waiting.is_empty() {
            state.working = false;
            return None;
        }
        if state.warm > 0 && !state.ending {
            let at = state.waiting.len().checked_sub(state.warm)?;
            state.warm -= 1;
            return state.waiting.get(at).cloned().map(Task::Cool);
        }
        if state.ending || state.waiting.len() > WAITING_MAX {
            state.warm = state.warm.min(state.waiting.len().saturating_sub(1));
            return state.waiting.pop_front().map(Task::Seal);
        }
        let before = state.flushes;
        let (again, waited) = shared
            .changed
            .wait_timeout(state, QUIET)
            .unwrap_or_else(PoisonError::into_inner);
        state = again;
        if waited.timed_out() && state.flushes == before {
            return state.waiting.pop_front().map(Task::Seal);
        }
    }
}
