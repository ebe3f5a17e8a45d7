//! One item of a batch: its file and record go the way of every result, under a key of the item's own.

use super::queue::{Finish, Job};
use super::row::{Item, Outcome, file_name, item_key, ledger_key};
use crate::archive::accept::{Accepted, Refusal, Task, fingerprint};
use crate::archive::open::Archive;
use crate::archive::told::{Told, Turn};
use crate::archive::work::load;
use crate::record::{Digest, Fault, ResultRecord};
use crate::sign::Upload;
use crate::store::Drawer;

impl Archive {
    pub(super) fn work_on(&self, job: &Job) -> Finish {
        let refused = |why| Finish::Kept(Outcome::Refused { why });
        let outcome = match self.item_result(job) {
            Ok(Worked::Accepted(accepted)) => {
                metrics::counter!("antin_results_total", "outcome" => if accepted.replayed { "replayed" } else { "logged" })
                    .increment(1);
                // The receipt is UTF-8: it is JSON that this program wrote.
                let receipt = String::from_utf8_lossy(&accepted.receipt_json).into_owned();
                return Finish::Kept(Outcome::Done { receipt });
            }
            Ok(Worked::Refused(why)) => return refused(why),
            Ok(Worked::Stop(why)) => return Finish::Stop(why),
            Err(refusal) => refusal,
        };
        if let Refusal::Fault(fault) | Refusal::Key(fault) | Refusal::Stopped(fault) = &outcome {
            tracing::error!(batch = %job.id, item = job.number, fault = %fault.chain(), "an item of a batch failed");
        }
        match Turn::of(&outcome) {
            Turn::Refused(why) => refused(why),
            Turn::Again(why) => Finish::Again(why),
            Turn::Stop(why) => Finish::Stop(why),
        }
    }

    fn item_result(&self, job: &Job) -> Result<Worked, Refusal> {
        let seal = self
            .seals
            .get(&job.office)
            .ok_or_else(|| Refusal::OfficeUnknown(job.office.clone()))?;
        if Digest::new(seal.certificate().sha256()) != job.certificate_sha256 {
            return Ok(Worked::Stop(Told::new("batch_certificate_changed")));
        }
        let desk = self.stores.desk.as_ref();
        let key = ledger_key(&job.id, &job.list_sha256, job.number);
        let row = desk.row(Drawer::Items, &item_key(&job.id, job.number))?;
        if row.is_none_or(|row| row.value.is_err()) {
            tracing::error!(batch = %job.id, item = job.number, "an item's row is missing or damaged");
            return Ok(Worked::Refused(Told::new("batch_item_damaged")));
        }
        let item: Item = load(desk, Drawer::Items, &item_key(&job.id, job.number))?
            .ok_or_else(|| Fault::plain("an item's row went away"))?;
        let record = ResultRecord::from_json(item.record.as_bytes()).map_err(Refusal::Record)?;
        let Some(bytes) = desk.file(&file_name(&job.id, job.number))? else {
            // Its file goes after its outcome was written: perhaps only the outcome was lost.
            return Ok(match self.logged_before(&key)? {
                Some(accepted) => Worked::Accepted(accepted),
                None => Worked::Refused(Told::new("batch_file_missing")),
            });
        };
        let upload = Upload::from(bytes);
        if upload.sha256() != item.sha256 {
            return Ok(Worked::Refused(Told::new("batch_file_mismatch")));
        }
        let content = fingerprint(&record, &upload, None, None);
        let task = Task {
            office: job.office.clone(),
            record,
            upload,
            key,
            content,
            wanted: self.settings.level,
            stamp: None,
        };
        self.take(task).map(Worked::Accepted)
    }

    pub(super) fn logged_before(&self, key: &Digest) -> Result<Option<Accepted>, Fault> {
        match self.stores.ledger.by_idempotency(key)? {
            Some((index, _)) if index < self.tree_size() => Ok(Some(self.answer(index, true)?)),
            _ => Ok(None),
        }
    }
}

enum Worked {
    Accepted(Accepted),
    Refused(Told),
    Stop(Told),
}
