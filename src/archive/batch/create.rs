//! A batch is created: its list is checked whole and kept; nothing is signed yet.
//!
//! Order of effects: the items, then the batch's own row, durable together. A crash between leaves items without a batch, which the
//! next start removes; the client repeats.

use super::row::{Batch, Item, State, batch_key, item_key};
use super::{BatchRefusal, ITEMS_MAX};
use crate::archive::accept::{InProgress, Refusal};
use crate::archive::gate::{Batching, Pass};
use crate::archive::open::Archive;
use crate::archive::work::{WorkId, digest_of, save};
use crate::record::{
    Digest, Fault, FieldProblem, IdempotencyKey, ResultRecord, Sha256Stream, sha256,
};
use crate::store::Drawer;

#[derive(Debug)]
pub struct NewBatch {
    pub idempotency: IdempotencyKey,
    pub items: Vec<NewItem>,
}

#[derive(Debug)]
pub struct NewItem {
    pub reference: String,
    pub record: ResultRecord,
    pub sha256: Digest,
}

/// A client's own name for an item: what a person reads in a list.
const REFERENCE_MAX_BYTES: usize = 200;

impl Archive {
    /// Gives the batch's name and whether it was there before.
    ///
    /// # Errors
    /// Why it was not created; nothing was kept.
    pub fn create_batch(
        &self,
        pass: &Pass<Batching>,
        new: &NewBatch,
    ) -> Result<(WorkId, bool), BatchRefusal> {
        self.still_logging()?;
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a batching pass without an office"))?;
        if !self.seals.contains_key(&office) {
            return Err(Refusal::OfficeUnknown(office).into());
        }
        check_list(&new.items)?;
        // The name follows from client and key: a repeated request finds what the first one made.
        let id = WorkId::of_digest(&digest_of(
            "antin/idempotency/batches",
            &[
                pass.client().as_bytes(),
                new.idempotency.as_str().as_bytes(),
            ],
        ));
        let _held = InProgress::begin(self, batch_key(&id))?;
        let list_sha256 = list_digest(&new.items);
        if let Some(known) = self.batch_row(&id)? {
            return if known.content == list_sha256 && known.office == office {
                Ok((id, true))
            } else {
                Err(BatchRefusal::KeyReused)
            };
        }
        let now = self.now();
        let mut rows = Vec::with_capacity(new.items.len());
        for (number, item) in (0u32..).zip(&new.items) {
            let row = Item {
                reference: item.reference.clone(),
                record: String::from_utf8(item.record.to_json())
                    .map_err(|e| Fault::new("encoding a record", e))?,
                sha256: item.sha256,
            };
            let row = serde_json::to_vec(&row).map_err(|e| Fault::new("encoding an item", e))?;
            rows.push((item_key(&id, number), row));
        }
        let desk = self.stores.desk.as_ref();
        desk.put_all(Drawer::Items, &rows)?;
        let expires_s = i64::from(self.desk.batch_expires_s);
        let batch = Batch {
            office,
            content: list_sha256,
            count: u32::try_from(new.items.len()).unwrap_or(u32::MAX),
            list_sha256,
            created_at: now,
            expires_at: now.checked_add_s(expires_s).unwrap_or(now),
            state: State::Draft,
        };
        save(desk, Drawer::Batches, id.key(), &batch)?;
        desk.sync()?;
        tracing::info!(batch = %id, office = %batch.office, items = batch.count, "a batch was created");
        Ok((id, false))
    }
}

fn check_list(items: &[NewItem]) -> Result<(), BatchRefusal> {
    if items.is_empty() {
        return Err(BatchRefusal::NoItems);
    }
    if items.len() > ITEMS_MAX {
        return Err(BatchRefusal::TooManyItems);
    }
    let mut seen = std::collections::HashSet::new();
    let mut problems = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let mut wrong = |code| {
            problems.push(FieldProblem {
                pointer: format!("/items/{number}/ref"),
                code,
                given: None,
            });
        };
        let is_plain = !item.reference.chars().any(char::is_control);
        if item.reference.is_empty() || item.reference.len() > REFERENCE_MAX_BYTES || !is_plain {
            wrong("ref_invalid");
        } else if !seen.insert(item.reference.as_str()) {
            wrong("ref_twice");
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(BatchRefusal::List(problems))
    }
}

/// What a clerk consents to: every reference, record and file, in order, each by a digest of 32 bytes.
fn list_digest(items: &[NewItem]) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(b"antin/batch-list\n");
    for item in items {
        stream.update(sha256(item.reference.as_bytes()).as_bytes());
        stream.update(sha256(&item.record.to_json()).as_bytes());
        stream.update(item.sha256.as_bytes());
    }
    stream.finish()
}
