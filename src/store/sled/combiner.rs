//! Group commit: many threads wait, one flushes.
//!
//! # Invariants
//! * A ticket is durable when a flush that *began* after the ticket was drawn has succeeded.
//! * At most one flush runs; who comes while it runs shares the next one.
//! * After one failed flush every waiter, now and later, gets an error (see `Cause::NotDurable`).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::record::Fault;
use crate::store::cause::Cause;

#[derive(Default)]
pub(super) struct Combiner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    written: u64,
    durable: u64,
    flushing: bool,
    failed: Option<String>,
}

/// The number of writes handed to the engine when it was drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

impl Combiner {
    /// To be called after a write was handed to the engine. `Err` when an earlier flush failed.
    pub fn wrote(&self) -> Result<Ticket, Fault> {
        let mut state = self.lock();
        state.check()?;
        state.written += 1;
        Ok(Ticket(state.written))
    }

    /// The ticket of the newest write.
    pub fn newest(&self) -> Ticket {
        Ticket(self.lock().written)
    }

    /// `Err` when an earlier flush failed: nothing may be written any more.
    pub fn check(&self) -> Result<(), Fault> {
        self.lock().check()
    }

    /// Returns when the ticket is durable, by a flush of this thread or of another.
    pub fn wait(&self, ticket: Ticket, flush: impl Fn() -> Result<(), Fault>) -> Result<(), Fault> {
        let mut state = self.lock();
        loop {
            state.check()?;
            if state.durable >= ticket.0 {
                return Ok(());
            }
            if state.flushing {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.flushing = true;
            let covered = state.written;
            drop(state);
            let flushed = flush();
            state = self.lock();
            state.flushing = false;
            match &flushed {
                Ok(()) => state.durable = state.durable.max(covered),
                Err(fault) => state.failed = Some(fault.chain().to_string()),
            }
            self.changed.notify_all();
            flushed?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements above, so a poisoned lock is as good as a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self) -> Result<(), Fault> {
        match &self.failed {
            None => Ok(()),
            Some(what) => {
                Err(Cause::NotDurable { what: what.clone() }
                    .fault("writing after a flush has failed"))
            }
        }
    }
}
