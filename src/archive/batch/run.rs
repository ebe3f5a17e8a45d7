//! The workers: as many threads as keep the cores signing while some wait for authorities or the disk.
//!
//! # Invariants
//! * A worker holds the archive only while it works on an item, so that dropping the archive ends the workers.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::queue::{Active, After, Counted, End, Ended, Finish, Job, Queue};
use super::row::{Batch, Consent, Outcome, State, file_name, item_key, item_number, ledger_key};
use crate::archive::crash;
use crate::archive::open::Archive;
use crate::archive::work::{WorkId, read, save};
use crate::record::Fault;
use crate::store::Drawer;

/// How often what is too old is given up.
const TIDY_EVERY: Duration = Duration::from_secs(60);

impl Archive {
    /// Gives up what is too old, takes up the batches that a stop interrupted, and starts the workers. For a server; whoever only
    /// looks at an archive does not call it.
    ///
    /// # Errors
    /// A thread could not be started.
    pub fn take_up_work(self: &Arc<Self>) -> Result<(), Fault> {
        // Work in hand that can't be read must not keep results from being served.
        if let Err(fault) = self.tidy_up().and_then(|()| self.resume()) {
            tracing::error!(fault = %fault.chain(), "work in hand could not be taken up");
        }
        let start = |name: String, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name)
                .spawn(run)
                .map(|thread| self.batches.hire(thread))
                .map_err(|e| Fault::new("starting a worker for batches", e))
        };
        for number in 0..self.desk.batch_workers.max(1) {
            let (archive, queue) = (Arc::downgrade(self), self.batches.queue());
            start(
                format!("batch-{number}"),
                Box::new(move || work(&archive, &queue)),
            )?;
        }
        let (archive, queue) = (Arc::downgrade(self), self.batches.queue());
        start("desk".into(), Box::new(move || keep_tidy(&archive, &queue)))
    }

    fn resume(&self) -> Result<(), Fault> {
        let rows = self
            .stores
            .desk
            .rows(Drawer::Batches, b"", None, usize::MAX)?;
        for row in rows {
            let Some(id) = WorkId::from_key(&row.key) else {
                continue;
            };
            match read::<Batch>(Drawer::Batches, &row.key, &row.value) {
                Ok(batch) => self.enqueue(id, &batch)?,
                Err(fault) => tracing::error!(fault = %fault.chain(), "a batch can't be taken up"),
            }
        }
        Ok(())
    }

    /// Puts a batch with consent into the queue, without what is done already.
    pub(super) fn enqueue(&self, id: WorkId, batch: &Batch) -> Result<(), Fault> {
        let (consent, end) = match &batch.state {
            State::Running { consent } => (consent, None),
            State::Cancelling { consent } => (consent, Some(End::Cancel)),
            State::Draft | State::Stopped { .. } | State::Done { .. } | State::Cancelled { .. } => {
                return Ok(());
            }
        };
        let (mut done, mut counts) = self.outcomes(&id)?;
        self.find_again(&id, batch, &mut done, &mut counts)?;
        let todo: VecDeque<u32> = (0..batch.count).filter(|n| !done.contains(n)).collect();
        let active = Active::new(
            id,
            batch.office.clone(),
            consent.certificate_sha256,
            batch.list_sha256,
            todo,
            counts,
        );
        if active.todo.is_empty() || end.is_some() {
            let mut counts = active.counts();
            if end.is_some() {
                counts.cancelled = std::mem::take(&mut counts.waiting);
            }
            return self.end_batch(Ended { id, counts, end });
        }
        self.batches.add(active);
        Ok(())
    }

    /// Which items have an outcome. One that can't be read counts as none: the item is done again, and the ledger knows it.
    fn outcomes(&self, id: &WorkId) -> Result<(HashSet<u32>, Counted), Fault> {
        let mut done = HashSet::new();
        let mut counts = Counted::default();
        let rows = self
            .stores
            .desk
            .rows(Drawer::Outcomes, id.key(), None, usize::MAX)?;
        for row in rows {
            let (Some(number), Ok(outcome)) = (
                item_number(&row.key),
                read::<Outcome>(Drawer::Outcomes, &row.key, &row.value),
            ) else {
                continue;
            };
            match outcome {
                Outcome::Done { .. } => counts.done += 1,
                Outcome::Refused { .. } => counts.refused += 1,
            }
            done.insert(number);
        }
        Ok((done, counts))
    }

    /// Items that are results already, but whose outcome a crash took along.
    fn find_again(
        &self,
        id: &WorkId,
        batch: &Batch,
        done: &mut HashSet<u32>,
        counts: &mut Counted,
    ) -> Result<(), Fault> {
        for number in 0..batch.count {
            if done.contains(&number) {
                continue;
            }
            let Some(accepted) = self.logged_before(&ledger_key(id, &batch.list_sha256, number))?
            else {
                continue;
            };
            let outcome = Outcome::Done {
                receipt: String::from_utf8_lossy(&accepted.receipt_json).into_owned(),
            };
            let desk = self.stores.desk.as_ref();
            save(desk, Drawer::Outcomes, &item_key(id, number), &outcome)?;
            counts.done += 1;
            done.insert(number);
        }
        Ok(())
    }

    /// What follows an item.
    fn settle_item(&self, job: &Job, finish: Finish) -> Result<After, Fault> {
        crash::point("batch.item");
        if let Finish::Kept(outcome) = &finish {
            let key = item_key(&job.id, job.number);
            save(self.stores.desk.as_ref(), Drawer::Outcomes, &key, outcome)?;
        }
        Ok(self.batches.queue().finished(job, finish))
    }

    fn follow_up(&self, after: After) -> Result<(), Fault> {
        match after {
            After::Nothing => Ok(()),
            After::Flush(id, numbers) => {
                self.stores.desk.sync()?;
                for number in numbers {
                    self.stores.desk.remove_file(&file_name(&id, number))?;
                }
                Ok(())
            }
            After::Ended(ended) => self.end_batch(ended),
        }
    }

    /// The last outcomes and the batch's end are durable before the files go.
    pub(super) fn end_batch(&self, ended: Ended) -> Result<(), Fault> {
        let Ended { id, counts, end } = ended;
        self.stores.desk.sync()?;
        let Some(mut batch) = self.batch_row(&id)? else {
            return Ok(());
        };
        let Some(consent) = consent_of(&batch.state) else {
            return Ok(());
        };
        let at = self.now();
        let keeps_files = matches!(end, Some(End::Stop(_)));
        // A cancellation may have come while the last item was worked on.
        let is_cancelled = matches!(batch.state, State::Cancelling { .. }) && counts.cancelled > 0;
        batch.state = match end {
            Some(End::Stop(why)) if !is_cancelled => State::Stopped {
                consent,
                why,
                counts,
            },
            Some(End::Cancel) => State::Cancelled { at, counts },
            _ => State::Done {
                consent,
                at,
                counts,
            },
        };
        self.save_batch(&id, &batch)?;
        tracing::info!(batch = %id, done = counts.done, refused = counts.refused, cancelled = counts.cancelled, "a batch has ended");
        if keeps_files {
            return Ok(());
        }
        self.drop_files(&id)
    }
}

fn consent_of(state: &State) -> Option<Consent> {
    match state {
        State::Running { consent } | State::Cancelling { consent } => Some(consent.clone()),
        State::Draft | State::Stopped { .. } | State::Done { .. } | State::Cancelled { .. } => None,
    }
}

fn work(archive: &Weak<Archive>, queue: &Queue) {
    while let Some(job) = queue.next() {
        let Some(archive) = archive.upgrade() else {
            return;
        };
        let finish = archive.work_on(&job);
        let settled = archive
            .settle_item(&job, finish)
            .and_then(|after| archive.follow_up(after));
        if let Err(fault) = settled {
            // The item is taken up again at the next start; the ledger knows whether it is a result already.
            tracing::error!(batch = %job.id, item = job.number, fault = %fault.chain(), "the outcome of an item could not be kept");
        }
    }
}

fn keep_tidy(archive: &Weak<Archive>, queue: &Queue) {
    loop {
        queue.rest(TIDY_EVERY);
        if queue.is_stopping() {
            return;
        }
        let Some(archive) = archive.upgrade() else {
            return;
        };
        if let Err(fault) = archive.give_up_old() {
            tracing::error!(fault = %fault.chain(), "work in hand that is too old could not be given up");
        }
    }
}
