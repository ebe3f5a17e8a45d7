//! What has become of a batch, for its office.

use std::collections::BTreeSet;

use super::BatchRefusal;
use super::row::{
    Batch as Row, BatchCounts, Item, Outcome, State, file_prefix, item_key, item_number,
};
use crate::archive::gate::{Batching, Pass};
use crate::archive::open::Archive;
use crate::archive::told::Told;
use crate::archive::work::{WorkId, read};
use crate::record::{Digest, Fault, UtcTime};
use crate::store::{DeskRow, Drawer};

#[derive(Debug, Clone)]
pub struct Batch {
    pub id: WorkId,
    pub state: BatchState,
    pub count: u32,
    pub list_sha256: Digest,
    pub created_at: UtcTime,
    pub expires_at: UtcTime,
    /// That signs: as consented to, or as it would be now.
    pub certificate_sha256: Option<Digest>,
    /// Files that have come, of a batch without consent.
    pub files: Option<u32>,
    pub counts: BatchCounts,
    /// Why it stopped, or what keeps it waiting.
    pub trouble: Option<Told>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    Draft,
    Running,
    Cancelling,
    Stopped,
    Done,
    Cancelled,
}

impl BatchState {
    pub(super) const fn of(state: &State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Running { .. } => Self::Running,
            State::Cancelling { .. } => Self::Cancelling,
            State::Stopped { .. } => Self::Stopped,
            State::Done { .. } => Self::Done,
            State::Cancelled { .. } => Self::Cancelled,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone)]
pub struct BatchItem {
    pub number: u32,
    pub reference: String,
    /// `None`: the item's row can't be read.
    pub sha256: Option<Digest>,
    pub state: ItemState,
}

#[derive(Debug, Clone)]
pub enum ItemState {
    /// Its file has not come.
    WithoutFile,
    Waiting,
    Running,
    /// The receipt as it was given.
    Done(String),
    Refused(Told),
    Cancelled,
}

/// A page of items.
#[derive(Debug, Clone)]
pub struct Listed {
    pub items: Vec<BatchItem>,
    /// What the next page is asked for with.
    pub next: Option<u32>,
}

impl Archive {
    /// # Errors
    /// Not there, or not for this office: no difference is shown.
    pub fn batch(&self, pass: &Pass<Batching>, id: &WorkId) -> Result<Batch, BatchRefusal> {
        let row = self.batch_of(pass, id)?;
        let seal = self.seals.get(&row.office);
        let mut batch = Batch {
            id: *id,
            state: BatchState::of(&row.state),
            count: row.count,
            list_sha256: row.list_sha256,
            created_at: row.created_at,
            expires_at: row.expires_at,
            certificate_sha256: None,
            files: None,
            counts: BatchCounts {
                waiting: row.count,
                ..BatchCounts::default()
            },
            trouble: None,
        };
        match &row.state {
            State::Draft => {
                batch.certificate_sha256 = seal.map(|s| Digest::new(s.certificate().sha256()));
                let files = self.stores.desk.files(&file_prefix(id))?.len();
                batch.files = Some(u32::try_from(files).unwrap_or(u32::MAX));
            }
            State::Running { consent } | State::Cancelling { consent } => {
                batch.certificate_sha256 = Some(consent.certificate_sha256);
                if let Some((counts, _, trouble)) = self.batches.look(id) {
                    batch.counts = counts;
                    batch.trouble = trouble;
                }
            }
            State::Stopped {
                consent,
                why,
                counts,
            } => {
                batch.certificate_sha256 = Some(consent.certificate_sha256);
                batch.counts = *counts;
                batch.trouble = Some(why.clone());
            }
            State::Done {
                consent, counts, ..
            } => {
                batch.certificate_sha256 = Some(consent.certificate_sha256);
                batch.counts = *counts;
            }
            State::Cancelled { counts, .. } => batch.counts = *counts,
        }
        Ok(batch)
    }

    /// Up to `limit` items behind `after`, in the order of the list.
    ///
    /// # Errors
    /// As `batch`.
    pub fn batch_items(
        &self,
        pass: &Pass<Batching>,
        id: &WorkId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Listed, BatchRefusal> {
        let row = self.batch_of(pass, id)?;
        let running = self.batches.look(id).map(|(_, running, _)| running);
        let from = after.map(|n| item_key(id, n));
        let desk = self.stores.desk.as_ref();
        let rows = desk.rows(Drawer::Items, id.key(), from.as_deref(), limit)?;
        let there = match row.state {
            State::Draft => Some(self.files_there(id)?),
            _ => None,
        };
        let mut items = Vec::with_capacity(rows.len());
        for found in rows {
            let Some(number) = item_number(&found.key) else {
                continue;
            };
            let outcome = desk.row(Drawer::Outcomes, &found.key)?;
            let is_running = running.as_ref().is_some_and(|r| r.contains(&number));
            let state = match outcome.and_then(|outcome| outcome_of(&outcome)) {
                Some(Outcome::Done { receipt }) => ItemState::Done(receipt),
                Some(Outcome::Refused { why }) => ItemState::Refused(why),
                None if is_running => ItemState::Running,
                None => idle(&row, there.as_ref(), number),
            };
            items.push(item_of(number, &found, state));
        }
        let next = items
            .last()
            .map(|item| item.number)
            .filter(|last| last.saturating_add(1) < row.count);
        Ok(Listed { items, next })
    }

    fn files_there(&self, id: &WorkId) -> Result<BTreeSet<u32>, Fault> {
        let prefix = file_prefix(id);
        let files = self.stores.desk.files(&prefix)?;
        Ok(files
            .iter()
            .filter_map(|file| file.name.strip_prefix(&prefix)?.parse().ok())
            .collect())
    }
}

/// An outcome that can't be read is none yet: the item is worked on again, and gets the same receipt.
fn outcome_of(row: &DeskRow) -> Option<Outcome> {
    read(Drawer::Outcomes, &row.key, &row.value)
        .map_err(|fault| tracing::error!(fault = %fault.chain(), "an outcome can't be read"))
        .ok()
}

fn idle(row: &Row, there: Option<&BTreeSet<u32>>, number: u32) -> ItemState {
    match row.state {
        State::Draft if there.is_some_and(|there| !there.contains(&number)) => {
            ItemState::WithoutFile
        }
        State::Cancelled { .. } | State::Cancelling { .. } => ItemState::Cancelled,
        State::Draft | State::Running { .. } | State::Stopped { .. } | State::Done { .. } => {
            ItemState::Waiting
        }
    }
}

/// A row that can't be read is shown as such, not left out.
fn item_of(number: u32, row: &DeskRow, state: ItemState) -> BatchItem {
    match read::<Item>(Drawer::Items, &row.key, &row.value) {
        Ok(item) => BatchItem {
            number,
            reference: item.reference,
            sha256: Some(item.sha256),
            state,
        },
        Err(fault) => {
            tracing::error!(fault = %fault.chain(), "an item of a batch can't be read");
            BatchItem {
                number,
                reference: String::new(),
                sha256: None,
                state: match state {
                    ItemState::Done(receipt) => ItemState::Done(receipt),
                    _ => ItemState::Refused(Told::new("batch_item_damaged")),
                },
            }
        }
    }
}
