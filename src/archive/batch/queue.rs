//! The batches that are being worked on, and whose turn it is.
//!
//! # Invariants
//! * Batches take turns item by item: a small one does not wait for the end of a large one.
//! * An item is in one place: waiting, or with one worker, or counted.
//! * Nothing here outlives the process: rows and ledger say what is left to do.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::row::{BatchCounts, Outcome};
use crate::archive::told::Told;
use crate::archive::work::WorkId;
use crate::record::{Digest, OfficeCode};

/// After so many outcomes they are made durable and the files of their items go.
const FLUSH_EVERY: usize = 64;
/// Between two tries after trouble that is nobody's fault: doubled each time, up to this.
const PAUSE_FIRST_MS: u64 = 500;
const PAUSE_MAX_MS: u64 = 30_000;

/// One batch at work.
#[derive(Debug)]
pub struct Active {
    pub id: WorkId,
    pub office: OfficeCode,
    pub list_sha256: Digest,
    pub certificate_sha256: Digest,
    pub todo: VecDeque<u32>,
    pub counts: Counted,
    running: BTreeSet<u32>,
    /// Finished, but perhaps not durably said.
    fresh: Vec<u32>,
    trouble: Option<Told>,
    tries: u32,
    not_before: Option<Instant>,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    pub done: u32,
    pub refused: u32,
}

/// Why a batch ends before its last item.
#[derive(Debug, Clone)]
pub enum End {
    Stop(Told),
    Cancel,
}

/// One item for one worker.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: WorkId,
    pub office: OfficeCode,
    pub certificate_sha256: Digest,
    pub list_sha256: Digest,
    pub number: u32,
}

/// What came of a job.
#[derive(Debug)]
pub enum Finish {
    Kept(Outcome),
    Again(Told),
    Stop(Told),
}

/// What the worker has to do next besides.
#[derive(Debug)]
pub enum After {
    Nothing,
    /// These outcomes are to be made durable, and the files of their items to be removed.
    Flush(WorkId, Vec<u32>),
    Ended(Ended),
}

/// A batch of which nothing is with a worker any more.
#[derive(Debug)]
pub struct Ended {
    pub id: WorkId,
    pub counts: BatchCounts,
    pub end: Option<End>,
}

impl Active {
    pub fn new(
        id: WorkId,
        office: OfficeCode,
        certificate_sha256: Digest,
        list_sha256: Digest,
        todo: VecDeque<u32>,
        counts: Counted,
    ) -> Self {
        Self {
            id,
            office,
            certificate_sha256,
            list_sha256,
            todo,
            counts,
            running: BTreeSet::new(),
            fresh: Vec::new(),
            trouble: None,
            tries: 0,
            not_before: None,
            end: None,
        }
    }

    fn is_ready(&self, now: Instant) -> bool {
        self.end.is_none() && !self.todo.is_empty() && self.not_before.is_none_or(|at| at <= now)
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && (self.todo.is_empty() || self.end.is_some())
    }

    pub fn counts(&self) -> BatchCounts {
        let left = u32::try_from(self.todo.len()).unwrap_or(u32::MAX);
        let is_cancelled = matches!(self.end, Some(End::Cancel));
        BatchCounts {
            waiting: if is_cancelled { 0 } else { left },
            running: u32::try_from(self.running.len()).unwrap_or(u32::MAX),
            done: self.counts.done,
            refused: self.counts.refused,
            cancelled: if is_cancelled { left } else { 0 },
        }
    }

    fn finish(&mut self, number: u32, finish: Finish) {
        self.running.remove(&number);
        match finish {
            Finish::Kept(outcome) => {
                match outcome {
                    Outcome::Done { .. } => self.counts.done += 1,
                    Outcome::Refused { .. } => self.counts.refused += 1,
                }
                self.fresh.push(number);
                self.trouble = None;
                self.tries = 0;
                self.not_before = None;
            }
            Finish::Again(why) => {
                self.todo.push_front(number);
                self.trouble = Some(why);
                let pause_ms = PAUSE_FIRST_MS
                    .checked_shl(self.tries)
                    .unwrap_or(PAUSE_MAX_MS)
                    .min(PAUSE_MAX_MS);
                self.not_before = Some(Instant::now() + Duration::from_millis(pause_ms));
                self.tries = self.tries.saturating_add(1).min(16);
            }
            Finish::Stop(why) => {
                self.todo.push_front(number);
                self.end.get_or_insert(End::Stop(why));
            }
        }
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    active: VecDeque<Active>,
    stopping: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; `None` when there is to be none any more.
    pub fn next(&self) -> Option<Job> {
        let mut inner = self.lock();
        loop {
            if inner.stopping {
                return None;
            }
            let now = Instant::now();
            if let Some(job) = inner.take(now) {
                return Some(job);
            }
            let soonest = inner.active.iter().filter_map(|a| a.not_before).min();
            inner = match soonest {
                Some(at) => {
                    let pause = at
                        .saturating_duration_since(now)
                        .max(Duration::from_millis(1));
                    let woken = self.wake.wait_timeout(inner, pause);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .wake
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    pub fn finished(&self, job: &Job, finish: Finish) -> After {
        let mut inner = self.lock();
        let Some(active) = inner.active.iter_mut().find(|a| a.id == job.id) else {
            return After::Nothing;
        };
        active.finish(job.number, finish);
        if active.is_over() {
            return inner.end(&job.id).map_or(After::Nothing, After::Ended);
        }
        let flush = active.fresh.len() >= FLUSH_EVERY;
        let fresh = if flush {
            std::mem::take(&mut active.fresh)
        } else {
            Vec::new()
        };
        drop(inner);
        self.wake.notify_one();
        if flush {
            After::Flush(job.id, fresh)
        } else {
            After::Nothing
        }
    }

    /// Whether everybody is to go home.
    pub fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Returns after `pause`, or at once when there is to be no work any more.
    pub fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut inner = self.lock();
        while !inner.stopping {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.wake.wait_timeout(inner, left);
            inner = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Inner {
    fn take(&mut self, now: Instant) -> Option<Job> {
        let at = self.active.iter().position(|a| a.is_ready(now))?;
        let mut active = self.active.remove(at)?;
        let number = active.todo.pop_front();
        if let Some(number) = number {
            active.running.insert(number);
        }
        let job = number.map(|number| Job {
            id: active.id,
            office: active.office.clone(),
            certificate_sha256: active.certificate_sha256,
            list_sha256: active.list_sha256,
            number,
        });
        self.active.push_back(active);
        job
    }

    fn end(&mut self, id: &WorkId) -> Option<Ended> {
        let at = self.active.iter().position(|a| a.id == *id)?;
        let active = self.active.remove(at)?;
        Some(Ended {
            id: *id,
            counts: active.counts(),
            end: active.end,
        })
    }
}

/// The queue and the threads that work on it.
#[derive(Debug, Default)]
pub struct Batches {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Batches {
    pub(super) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    pub(super) fn hire(&self, thread: JoinHandle<()>) {
        let threads = self.threads.lock();
        threads.unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    /// One batch is in the queue once.
    pub(super) fn add(&self, active: Active) {
        let mut inner = self.queue.lock();
        if !inner.active.iter().any(|a| a.id == active.id) {
            inner.active.push_back(active);
        }
        drop(inner);
        self.queue.wake.notify_all();
    }

    /// Nothing more of it is begun. Gives the batch if nothing of it is with a worker either; `None` as well where it is not here.
    pub(super) fn cancel(&self, id: &WorkId) -> Option<Ended> {
        let mut inner = self.queue.lock();
        let active = inner.active.iter_mut().find(|a| a.id == *id)?;
        active.end = Some(End::Cancel);
        if active.is_over() {
            inner.end(id)
        } else {
            None
        }
    }

    /// Counts, what is with a worker, and the latest trouble, while it is worked on.
    pub(super) fn look(&self, id: &WorkId) -> Option<(BatchCounts, BTreeSet<u32>, Option<Told>)> {
        let inner = self.queue.lock();
        let active = inner.active.iter().find(|a| a.id == *id)?;
        Some((
            active.counts(),
            active.running.clone(),
            active.trouble.clone(),
        ))
    }

    /// Workers finish what they have in hand; the rest waits for the next start.
    pub(in crate::archive) fn end(&self) {
        self.tell_to_stop();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended in a panic");
            }
        }
    }

    fn tell_to_stop(&self) {
        self.queue.lock().stopping = true;
        self.queue.wake.notify_all();
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // Not joined: the last handle on the archive may be one of the workers' own.
        self.tell_to_stop();
    }
}
