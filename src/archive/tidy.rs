//! What is in hand is given up when it is too old, and what belongs to nothing is removed.
//!
//! # Invariants
//! * Only what can never be asked for again goes. A row that can't be read is named in the log and stays.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::batch::{BatchRow, file_prefix};
use super::bridge::SessionRow;
use super::hand::PendingRow;
use super::open::Archive;
use super::work::{WorkId, read};
use crate::record::Fault;
use crate::store::Drawer;

impl Archive {
    /// At a start, before anybody works: also what a crash left without a row.
    pub(super) fn tidy_up(&self) -> Result<(), Fault> {
        self.give_up_old()?;
        let signatures = self.names(Drawer::Signatures)?;
        let bridges = self.names(Drawer::Bridges)?;
        let batches = self.names(Drawer::Batches)?;
        let desk = self.stores.desk.as_ref();
        for file in desk.files("")? {
            let (kind, rest) = file.name.split_at_checked(2).unwrap_or_default();
            let id = rest.get(..32).and_then(|id| id.parse::<WorkId>().ok());
            let is_ours = id.is_some_and(|id| match kind {
                "s-" => signatures.contains(&id),
                "v-" => bridges.contains(&id),
                "b-" => batches.contains(&id),
                _ => false,
            });
            if !is_ours {
                desk.remove_file(&file.name)?;
            }
        }
        for drawer in [Drawer::Items, Drawer::Outcomes] {
            for row in desk.rows(drawer, b"", None, usize::MAX)? {
                let id = row.key.get(..16).and_then(WorkId::from_key);
                if id.is_none_or(|id| !batches.contains(&id)) {
                    desk.remove(drawer, &row.key)?;
                }
            }
        }
        desk.sync()
    }

    fn names(&self, drawer: Drawer) -> Result<HashSet<WorkId>, Fault> {
        let rows = self.stores.desk.rows(drawer, b"", None, usize::MAX)?;
        Ok(rows
            .iter()
            .filter_map(|row| WorkId::from_key(&row.key))
            .collect())
    }

    /// Everything whose time is over.
    pub(super) fn give_up_old(&self) -> Result<(), Fault> {
        let now = self.now();
        let keep_s = self.desk.keep_s();
        let desk = self.stores.desk.as_ref();
        for id in self.old::<PendingRow>(Drawer::Signatures, |row| row.is_over(now, keep_s))? {
            desk.remove(Drawer::Signatures, id.key())?;
            desk.remove_file(&super::hand::file_name(&id))?;
        }
        for id in self.old::<SessionRow>(Drawer::Bridges, |row| row.is_over(now, keep_s))? {
            desk.remove(Drawer::Bridges, id.key())?;
            desk.remove_file(&super::bridge::file_name(&id))?;
        }
        for id in self.old::<BatchRow>(Drawer::Batches, |row| row.is_over(now, keep_s))? {
            // The batch's own row goes first: what is left without it is removed at the next start.
            desk.remove(Drawer::Batches, id.key())?;
            for drawer in [Drawer::Items, Drawer::Outcomes] {
                for row in desk.rows(drawer, id.key(), None, usize::MAX)? {
                    desk.remove(drawer, &row.key)?;
                }
            }
            for file in desk.files(&file_prefix(&id))? {
                desk.remove_file(&file.name)?;
            }
            tracing::info!(batch = %id, "an old batch was removed");
        }
        desk.sync()
    }

    fn old<Row: DeserializeOwned>(
        &self,
        drawer: Drawer,
        is_over: impl Fn(&Row) -> bool,
    ) -> Result<Vec<WorkId>, Fault> {
        let mut over = Vec::new();
        for row in self.stores.desk.rows(drawer, b"", None, usize::MAX)? {
            let Some(id) = WorkId::from_key(&row.key) else {
                continue;
            };
            match read::<Row>(drawer, &row.key, &row.value) {
                Ok(found) if is_over(&found) => over.push(id),
                Ok(_) => {}
                Err(fault) => tracing::error!(fault = %fault.chain(), "work in hand can't be read"),
            }
        }
        Ok(over)
    }
}
