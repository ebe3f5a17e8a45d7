//! The ledger: rows of admissions, look-ups that point at them, the head of the tree.
//!
//! # Invariants
//! * `m:next` is written after everything it makes count; rows at or above it do not exist (opening removes what a
//!   crash left there). sled's log is recovered as a prefix, so a recovered `m:next` has all its rows.
//! * A look-up counts only if the row it points at says the same.
//! * The head is a pointer to a tree state of its own generation: a state is never overwritten in place.
//! * Deciding is serial (one mutex); waiting for the flush is not (group commit).

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::record::{Digest, Fault};
use crate::store::cause::{Cause, cause};
use crate::store::contracts::{
    Admission, Admitted, KeptReceipt, Lease, Ledger, Row, Sequenced, TreeState,
};
use crate::store::sled::combiner::Combiner;
use crate::store::sled::database::Database;
use crate::store::sled::row;
use crate::store::sled::shut::Shut;
use crate::store::sled::values::Values;

pub(super) struct SledLedger {
    open: Shut<Open>,
    combiner: Combiner,
    decide: Mutex<()>,
    next: AtomicU64,
    epoch: u64,
}

struct Open {
    values: Values,
    database: Database,
}

impl SledLedger {
    /// Writes the first rows into an empty folder.
    pub fn create(dir: &Path, cache_bytes: u64) -> Result<(), Fault> {
        let database = Database::open(dir, cache_bytes)?;
        let values = values(&database)?;
        values.put(row::NEXT_KEY, &0u64.to_be_bytes())?;
        values.put(row::EPOCH_KEY, &0u64.to_be_bytes())?;
        database.flush()
    }

    /// Opens, removes what a crash left above `m:next`, and begins a new epoch.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        let database = Database::open(dir, cache_bytes)?;
        let values = values(&database)?;
        let next = number(&values, row::NEXT_KEY)?;
        remove_leftovers(&values, next)?;
        let epoch = number(&values, row::EPOCH_KEY)?.saturating_add(1);
        values.put(row::EPOCH_KEY, &epoch.to_be_bytes())?;
        database.flush()?;
        match head(&values)? {
            Some(tree) if tree.size > next => Err(Cause::Damaged {
                what: format!(
                    "the ledger (its tree has {} leaves, but only {next} entries are left)",
                    tree.size
                ),
            }
            .fault("opening the ledger")),
            _ => Ok(SledLedger {
                open: Shut::new(Open { values, database }),
                combiner: Combiner::default(),
                decide: Mutex::new(()),
                next: AtomicU64::new(next),
                epoch,
            }),
        }
    }

    pub fn close(&self) -> Result<(), Fault> {
        self.sync()?;
        match self.open.take() {
            Some(Open { values, database }) => {
                drop(values);
                database.seal()
            }
            None => Ok(()),
        }
    }

    /// Copies what is on disk; writers wait meanwhile.
    pub fn copy_to(&self, dir: &Path) -> Result<(), Fault> {
        self.open.alone(|open| open.database.copy_to(dir))
    }

    /// Ends without sealing: for a copy that is thrown away.
    pub fn discard(&self) {
        drop(self.open.take());
    }

    fn sync(&self) -> Result<(), Fault> {
        self.combiner.wait(self.combiner.newest(), || {
            self.open.with(|open| open.database.flush())
        })
    }

    fn put_durable(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.combiner.check()?;
        self.open.with(|open| {
            // Longer values have several rows, which are not replaced together: absent is better than mixed.
            open.values.remove(key)?;
            open.values.put(key, value)
        })?;
        self.combiner.wrote()?;
        self.sync()
    }

    fn row(&self, values: &Values, index: u64) -> Result<Row, Fault> {
        let damaged = |why: &str| Row::Damaged {
            index,
            why: why.to_owned(),
        };
        match values.read(&row::entry_key(index)) {
            Ok(Some(bytes)) => Ok(match row::decode_admission(&bytes) {
                Some(admission) => Row::Whole(Box::new(Sequenced { index, admission })),
                None => damaged("its row has an unknown form"),
            }),
            Ok(None) => Ok(damaged("its row is missing")),
            Err(fault) if matches!(cause(&fault), Some(Cause::Damaged { .. })) => {
                Ok(damaged(&fault.chain().to_string()))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The index under a look-up row, if the row it points at agrees.
    fn look_up(
        &self,
        key: &[u8],
        agrees: impl FnOnce(&Admission) -> bool,
    ) -> Result<Option<u64>, Fault> {
        self.open.with(|open| {
            let Some(value) = open.values.read(key)? else {
                return Ok(None);
            };
            match row::number(&value).filter(|index| *index < self.admitted()) {
                Some(index) => Ok(self.counts(&open.values, index, agrees)?.then_some(index)),
                None => Ok(None),
            }
        })
    }

    /// The indices that stand in the keys under a prefix, where the rows agree.
    fn listed(
        &self,
        prefix: &[u8],
        index_of: impl Fn(&[u8]) -> Option<u64>,
        agrees: impl Fn(&Admission) -> bool,
    ) -> Result<Vec<u64>, Fault> {
        self.open.with(|open| {
            let keys = open.values.keys(prefix, None, usize::MAX)?;
            let mut indices = Vec::new();
            for index in keys.iter().filter_map(|key| index_of(key)) {
                if index < self.admitted() && self.counts(&open.values, index, &agrees)? {
                    indices.push(index);
                }
            }
            Ok(indices)
        })
    }

    /// A damaged row can't disagree: the look-up is then all there is.
    fn counts(
        &self,
        values: &Values,
        index: u64,
        agrees: impl FnOnce(&Admission) -> bool,
    ) -> Result<bool, Fault> {
        Ok(match self.row(values, index)? {
            Row::Whole(sequenced) => agrees(&sequenced.admission),
            Row::Damaged { .. } => true,
        })
    }

    /// Index and content admitted under this key before.
    fn seen(&self, values: &Values, key: &Digest) -> Result<Option<(u64, Digest)>, Fault> {
        let Some(value) = values.read(&row::idempotency_key(key))? else {
            return Ok(None);
        };
        let Some((index, content)) = row::decode_seen(&value) else {
            return Err(Cause::Damaged {
                what: "an idempotency row of the ledger".to_owned(),
            }
            .fault("looking up an idempotency key"));
        };
        let same = |admission: &Admission| admission.idempotency.as_ref() == Some(key);
        if index < self.admitted() && self.counts(values, index, same)? {
            Ok(Some((index, content)))
        } else {
            Ok(None)
        }
    }

    fn decide(&self, values: &Values, batch: &[Admission]) -> Result<Vec<Admitted>, Fault> {
        let mut next = self.admitted();
        let mut here: HashMap<Digest, (u64, Digest)> = HashMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        for admission in batch {
            if let Some(key) = &admission.idempotency {
                let seen = match here.get(key) {
                    Some(seen) => Some(*seen),
                    None => self.seen(values, key)?,
                };
                if let Some((index, content)) = seen {
                    answers.push(if content == admission.content {
                        Admitted::Replayed { index }
                    } else {
                        Admitted::Conflict { index }
                    });
                    continue;
                }
                here.insert(*key, (next, admission.content));
            }
            put_entry(values, next, admission)?;
            answers.push(Admitted::New { index: next });
            next = next
                .checked_add(1)
                .ok_or_else(|| Fault::plain("admitting: the ledger is full"))?;
        }
        if next > self.admitted() {
            // The commit point of the batch.
            values.put(row::NEXT_KEY, &next.to_be_bytes())?;
            self.next.store(next, Ordering::SeqCst);
        }
        Ok(answers)
    }
}

impl Ledger for SledLedger {
    fn admit(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault> {
        let answers = self.admit_ahead(batch)?;
        // Replays too wait for the flush: what they repeat may be younger than the last one.
        self.sync()?;
        Ok(answers)
    }

    fn admit_ahead(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault> {
        self.combiner.check()?;
        let answers = self.open.with(|open| {
            let _serial = self.decide.lock().unwrap_or_else(PoisonError::into_inner);
            self.decide(&open.values, batch)
        })?;
        self.combiner.wrote()?;
        Ok(answers)
    }

    fn settle(&self) -> Result<(), Fault> {
        self.sync()
    }

    fn admitted(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    fn entry(&self, index: u64) -> Result<Option<Row>, Fault> {
        if index >= self.admitted() {
            return Ok(None);
        }
        self.open
            .with(|open| self.row(&open.values, index))
            .map(Some)
    }

    fn entries(&self, from: u64, max: usize) -> Result<Vec<Row>, Fault> {
        let end = from.saturating_add(max as u64).min(self.admitted());
        self.open.with(|open| {
            (from..end)
                .map(|index| self.row(&open.values, index))
                .collect()
        })
    }

    fn by_idempotency(&self, key: &Digest) -> Result<Option<(u64, Digest)>, Fault> {
        self.open.with(|open| self.seen(&open.values, key))
    }

    fn by_id(&self, id: &[u8; 16]) -> Result<Option<u64>, Fault> {
        self.look_up(&row::id_key(id), |admission| {
            admission.id == *id && admission.version_of.is_none()
        })
    }

    fn by_public_id(&self, public_id: &[u8; 16]) -> Result<Option<u64>, Fault> {
        self.look_up(&row::public_id_key(public_id), |admission| {
            admission.public_id == *public_id && admission.version_of.is_none()
        })
    }

    fn versions(&self, first: u64) -> Result<Vec<u64>, Fault> {
        self.listed(
            &row::version_prefix(first),
            |key| row::version_index(first, key),
            |admission| admission.version_of == Some(first),
        )
    }

    fn by_blob(&self, blob: &Digest) -> Result<Vec<u64>, Fault> {
        self.listed(
            &row::blob_prefix(blob),
            |key| row::blob_index(blob, key),
            |admission| admission.blob == *blob,
        )
    }

    fn tree(&self) -> Result<Option<TreeState>, Fault> {
        self.open.with(|open| head(&open.values))
    }

    fn advance(
        &self,
        lease: &Lease,
        from: Option<&TreeState>,
        to: &TreeState,
        receipts: &[KeptReceipt],
    ) -> Result<(), Fault> {
        self.renew(lease)?;
        self.combiner.check()?;
        self.open.with(|open| {
            let _serial = self.decide.lock().unwrap_or_else(PoisonError::into_inner);
            let now = head(&open.values)?;
            let known = |state: &TreeState| (state.size, state.root);
            if now.as_ref().map(known) != from.map(known) {
                return Err(Cause::Moved {
                    size: now.map_or(0, |now| now.size),
                }
                .fault("advancing the tree"));
            }
            if to.size > self.admitted() || now.as_ref().is_some_and(|now| to.size < now.size) {
                return Err(Fault::plain(format!(
                    "advancing the tree to {} leaves: not between what it has and the {} admitted",
                    to.size,
                    self.admitted()
                )));
            }
            for receipt in receipts {
                open.values
                    .put(&row::receipt_key(receipt.index), &receipt.bytes)?;
            }
            let old = match open.values.read(row::HEAD_KEY)? {
                Some(head) => row::number(&head),
                None => None,
            };
            let generation = old.map_or(0, |old| old.saturating_add(1));
            open.values
                .put(&row::state_key(generation), &row::encode_state(to))?;
            // The commit point.
            open.values.put(row::HEAD_KEY, &generation.to_be_bytes())?;
            match old.and_then(|old| old.checked_sub(1)) {
                // The last state but one; the last stays until the new one is durable.
                Some(older) => open.values.remove(&row::state_key(older)),
                None => Ok(()),
            }
        })?;
        self.combiner.wrote()?;
        self.sync()
    }

    fn receipt(&self, index: u64) -> Result<Option<Vec<u8>>, Fault> {
        // A crash inside `advance` leaves receipts that no head confirms.
        if self.tree()?.is_none_or(|tree| index >= tree.size) {
            return Ok(None);
        }
        self.open
            .with(|open| open.values.read(&row::receipt_key(index)))
    }

    fn acquire(&self) -> Result<Lease, Fault> {
        // The lock on the folder is held since the archive was opened.
        self.open.with(|_| Ok(Lease { epoch: self.epoch }))
    }

    fn renew(&self, lease: &Lease) -> Result<(), Fault> {
        if lease.epoch == self.epoch {
            Ok(())
        } else {
            Err(Cause::Fenced { epoch: self.epoch }.fault("renewing the lease"))
        }
    }

    fn put_report(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.put_durable(&row::report_key(name), bytes)
    }

    fn report(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.open
            .with(|open| open.values.read(&row::report_key(name)))
    }

    fn test_write(&self) -> Result<(), Fault> {
        let count = self.open.with(|open| open.values.read(row::PROBE_KEY))?;
        let count = count.as_deref().and_then(row::number).unwrap_or(0);
        self.put_durable(row::PROBE_KEY, &count.wrapping_add(1).to_be_bytes())
    }
}

fn values(database: &Database) -> Result<Values, Fault> {
    Values::open(database, row::KINDS, "ledger")
}

/// The head may move between reading the pointer and the state it points at; then the pointer has moved too, and the
/// newer one is followed. A state that is missing under a pointer that stands still is damage.
fn head(values: &Values) -> Result<Option<TreeState>, Fault> {
    let mut pointer = values.read(row::HEAD_KEY)?;
    loop {
        let Some(at) = pointer else {
            return Ok(None);
        };
        let state = match row::number(&at) {
            Some(generation) => values.read(&row::state_key(generation))?,
            None => None,
        };
        if let Some(state) = state.as_deref().and_then(row::decode_state) {
            return Ok(Some(state));
        }
        let again = values.read(row::HEAD_KEY)?;
        if again.as_ref() == Some(&at) {
            return Err(Cause::Damaged {
                what: "the head of the tree in the ledger".to_owned(),
            }
            .fault("reading the head of the tree"));
        }
        pointer = again;
    }
}

fn number(values: &Values, key: &[u8]) -> Result<u64, Fault> {
    values
        .read(key)?
        .as_deref()
        .and_then(row::number)
        .ok_or_else(|| {
            Cause::Damaged {
                what: format!("the ledger (its row {} is missing)", key.escape_ascii()),
            }
            .fault("opening the ledger")
        })
}

fn put_entry(values: &Values, index: u64, admission: &Admission) -> Result<(), Fault> {
    values.put(&row::entry_key(index), &row::encode_admission(admission))?;
    let pointer = index.to_be_bytes();
    match admission.version_of {
        None => {
            values.put(&row::id_key(&admission.id), &pointer)?;
            values.put(&row::public_id_key(&admission.public_id), &pointer)?;
        }
        Some(first) => values.put(&row::version_key(first, index), &[])?,
    }
    values.put(&row::blob_key(&admission.blob, index), &[])?;
    match &admission.idempotency {
        Some(key) => values.put(
            &row::idempotency_key(key),
            &row::encode_seen(index, &admission.content),
        ),
        None => Ok(()),
    }
}

/// A batch that a crash cut off has no rows that count; its look-ups disagree with whatever gets the index
/// later, so the rows themselves are all that has to go.
fn remove_leftovers(values: &Values, next: u64) -> Result<(), Fault> {
    loop {
        let key = match values.last_key(row::ENTRY_PREFIX) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(()),
            // The last page of entries is damaged: whoever reads them is told. A sweep must be able to come this far;
            // whatever wants to go on writing reads the last entry first.
            Err(fault) if matches!(cause(&fault), Some(Cause::Damaged { .. })) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        match row::entry_index(&key) {
            Some(index) if index >= next => values.remove(&key)?,
            _ => return Ok(()),
        }
    }
}
