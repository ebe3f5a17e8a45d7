//! The engine for tests: everything in maps, nothing kept.
//!
//! # Invariants
//! * Same answers as any other engine on everything but durability and damage, of which there is none here.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::{Digest, Fault};
use crate::store::cause::Cause;
use crate::store::contracts::{
    Admission, Admitted, Blobs, Cursor, Desk, DeskFile, DeskRow, Drawer, KeptReceipt, Lease,
    Ledger, PublicTree, Put, Row, Sequenced, StoredBlob, TreeState, check_name,
};
use crate::store::{Engine, Stores};

const LEASE: Lease = Lease { epoch: 1 };

#[derive(Default)]
struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    blobs: HashMap<Digest, Vec<u8>>,
    order: Vec<Digest>,
    files: BTreeMap<String, Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    entries: Vec<Admission>,
    seen: HashMap<Digest, u64>,
    tree: Option<TreeState>,
    receipts: HashMap<u64, Vec<u8>>,
    reports: HashMap<String, Vec<u8>>,
    drawers: BTreeMap<Vec<u8>, Vec<u8>>,
    in_hand: BTreeMap<String, Vec<u8>>,
}

pub(super) fn open() -> Stores {
    stores(Arc::new(Memory::default()))
}

fn stores(memory: Arc<Memory>) -> Stores {
    Stores {
        blobs: memory.clone(),
        tree: memory.clone(),
        ledger: memory.clone(),
        desk: memory.clone(),
        engine: Arc::new(Shared(memory)),
    }
}

impl Memory {
    fn state(&self) -> Result<MutexGuard<'_, State>, Fault> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(Cause::Closed.fault("using the archive"));
        }
        Ok(state)
    }

    fn find(&self, is_it: impl Fn(&Admission) -> bool) -> Result<Vec<u64>, Fault> {
        let state = self.state()?;
        let hits = (0u64..).zip(&state.entries).filter(|(_, it)| is_it(it));
        Ok(hits.map(|(index, _)| index).collect())
    }
}

/// The engine is shared by all who have a part of it.
struct Shared(Arc<Memory>);

impl Engine for Shared {
    fn inspect(&self) -> Result<Stores, Fault> {
        Ok(stores(self.0.clone()))
    }

    fn close(&self) -> Result<(), Fault> {
        self.0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        Ok(())
    }
}

impl Blobs for Memory {
    fn put(&self, id: &Digest, parts: &[&[u8]]) -> Result<Put, Fault> {
        let mut state = self.state()?;
        if state.blobs.contains_key(id) {
            return Ok(Put::AlreadyThere);
        }
        state.blobs.insert(*id, parts.concat());
        state.order.push(*id);
        Ok(Put::Stored)
    }

    fn sync(&self) -> Result<(), Fault> {
        self.state().map(|_| ())
    }

    fn bytes(&self, id: &Digest) -> Result<Option<u64>, Fault> {
        Ok(self.state()?.blobs.get(id).map(|blob| blob.len() as u64))
    }

    fn read_into(&self, id: &Digest, buffer: &mut Vec<u8>) -> Result<bool, Fault> {
        buffer.clear();
        let state = self.state()?;
        let blob = state.blobs.get(id);
        buffer.extend_from_slice(blob.map_or(&[], Vec::as_slice));
        Ok(blob.is_some())
    }

    fn read_range(&self, id: &Digest, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault> {
        let cut = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Ok(self.state()?.blobs.get(id).map(|blob| {
            let range = cut(range.start).min(blob.len())..cut(range.end).min(blob.len());
            blob.get(range).unwrap_or_default().to_vec()
        }))
    }

    fn scan(&self, after: Option<Cursor>, limit: usize) -> Result<Vec<StoredBlob>, Fault> {
        let state = self.state()?;
        let stored = (0u64..).zip(&state.order).map(|(number, id)| StoredBlob {
            cursor: Cursor(number),
            id: *id,
            bytes: state.blobs.get(id).map_or(0, |blob| blob.len() as u64),
        });
        Ok(stored
            .filter(|blob| after.is_none_or(|after| blob.cursor > after))
            .take(limit)
            .collect())
    }
}

impl PublicTree for Memory {
    fn put_immutable(&self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let mut state = self.state()?;
        match state.files.get(path) {
            Some(old) if old == bytes => Ok(()),
            Some(_) => Err(Cause::Diverged {
                path: path.to_owned(),
            }
            .fault("publishing a file of the log")),
            None => {
                state.files.insert(path.to_owned(), bytes.to_vec());
                Ok(())
            }
        }
    }

    fn put_checkpoint(&self, note: &[u8]) -> Result<(), Fault> {
        self.state()?.checkpoint = Some(note.to_vec());
        Ok(())
    }

    fn show(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault> {
        self.publish(files, note)
    }

    fn settle(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn publish(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault> {
        for (path, bytes) in files {
            self.put_immutable(path, bytes)?;
        }
        self.put_checkpoint(note)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state()?.files.get(path).cloned())
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state()?.checkpoint.clone())
    }

    fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, Fault> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let state = self.state()?;
        let paths = state.files.range::<str, _>((from, Bound::Unbounded));
        Ok(paths
            .map(|(path, _)| path.clone())
            .take_while(|path| path.starts_with(prefix))
            .take(limit)
            .collect())
    }
}

impl Ledger for Memory {
    fn admit(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault> {
        self.admit_ahead(batch)
    }

    fn settle(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn admit_ahead(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault> {
        let mut state = self.state()?;
        let mut answers = Vec::with_capacity(batch.len());
        for admission in batch {
            let seen = admission
                .idempotency
                .and_then(|key| state.seen.get(&key).copied());
            let answer = match seen {
                Some(index) => {
                    let position = usize::try_from(index).unwrap_or(usize::MAX);
                    let before = state.entries.get(position);
                    if before.is_some_and(|before| before.content == admission.content) {
                        Admitted::Replayed { index }
                    } else {
                        Admitted::Conflict { index }
                    }
                }
                None => {
                    let index = state.entries.len() as u64;
                    if let Some(key) = admission.idempotency {
                        state.seen.insert(key, index);
                    }
                    state.entries.push(admission.clone());
                    Admitted::New { index }
                }
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    fn admitted(&self) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.entries.len() as u64
    }

    fn entry(&self, index: u64) -> Result<Option<Row>, Fault> {
        Ok(self.entries(index, 1)?.pop())
    }

    fn entries(&self, from: u64, max: usize) -> Result<Vec<Row>, Fault> {
        let state = self.state()?;
        Ok((0u64..)
            .zip(&state.entries)
            .skip(usize::try_from(from).unwrap_or(usize::MAX))
            .take(max)
            .map(|(index, admission)| {
                Row::Whole(Box::new(Sequenced {
                    index,
                    admission: admission.clone(),
                }))
            })
            .collect())
    }

    fn by_idempotency(&self, key: &Digest) -> Result<Option<(u64, Digest)>, Fault> {
        let state = self.state()?;
        Ok(state.seen.get(key).and_then(|index| {
            let admission = state.entries.get(usize::try_from(*index).ok()?)?;
            Some((*index, admission.content))
        }))
    }

    fn by_id(&self, id: &[u8; 16]) -> Result<Option<u64>, Fault> {
        Ok(self
            .find(|it| it.id == *id && it.version_of.is_none())?
            .last()
            .copied())
    }

    fn by_public_id(&self, public_id: &[u8; 16]) -> Result<Option<u64>, Fault> {
        Ok(self
            .find(|it| it.public_id == *public_id && it.version_of.is_none())?
            .last()
            .copied())
    }

    fn versions(&self, first: u64) -> Result<Vec<u64>, Fault> {
        self.find(|it| it.version_of == Some(first))
    }

    fn by_blob(&self, blob: &Digest) -> Result<Vec<u64>, Fault> {
        self.find(|it| it.blob == *blob)
    }

    fn tree(&self) -> Result<Option<TreeState>, Fault> {
        Ok(self.state()?.tree.clone())
    }

    fn advance(
        &self,
        lease: &Lease,
        from: Option<&TreeState>,
        to: &TreeState,
        receipts: &[KeptReceipt],
    ) -> Result<(), Fault> {
        self.renew(lease)?;
        let mut state = self.state()?;
        let known = |tree: &TreeState| (tree.size, tree.root);
        let size = state.tree.as_ref().map_or(0, |tree| tree.size);
        if state.tree.as_ref().map(known) != from.map(known) {
            return Err(Cause::Moved { size }.fault("advancing the tree"));
        }
        if to.size < size || to.size > state.entries.len() as u64 {
            return Err(Fault::plain("advancing the tree: not a size it can have"));
        }
        for receipt in receipts {
            state.receipts.insert(receipt.index, receipt.bytes.clone());
        }
        state.tree = Some(to.clone());
        Ok(())
    }

    fn receipt(&self, index: u64) -> Result<Option<Vec<u8>>, Fault> {
        let state = self.state()?;
        if state.tree.as_ref().is_none_or(|tree| index >= tree.size) {
            return Ok(None);
        }
        Ok(state.receipts.get(&index).cloned())
    }

    fn acquire(&self) -> Result<Lease, Fault> {
        self.state().map(|_| LEASE)
    }

    fn renew(&self, lease: &Lease) -> Result<(), Fault> {
        if *lease == LEASE {
            Ok(())
        } else {
            Err(Cause::Fenced { epoch: LEASE.epoch }.fault("renewing the lease"))
        }
    }

    fn put_report(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.state()?
            .reports
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn report(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state()?.reports.get(name).cloned())
    }

    fn test_write(&self) -> Result<(), Fault> {
        self.state().map(|_| ())
    }
}

/// Rows of all drawers stand in one map under the drawer's letter.
fn in_drawer(drawer: Drawer, key: &[u8]) -> Vec<u8> {
    [&[drawer.letter()], key].concat()
}

impl Desk for Memory {
    fn put_all(&self, drawer: Drawer, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), Fault> {
        let mut state = self.state()?;
        for (key, value) in rows {
            state.drawers.insert(in_drawer(drawer, key), value.clone());
        }
        Ok(())
    }

    fn remove(&self, drawer: Drawer, key: &[u8]) -> Result<(), Fault> {
        self.state()?.drawers.remove(&in_drawer(drawer, key));
        Ok(())
    }

    fn sync(&self) -> Result<(), Fault> {
        self.state().map(|_| ())
    }

    fn row(&self, drawer: Drawer, key: &[u8]) -> Result<Option<DeskRow>, Fault> {
        let state = self.state()?;
        let value = state.drawers.get(&in_drawer(drawer, key));
        Ok(value.map(|value| DeskRow {
            key: key.to_vec(),
            value: Ok(value.clone()),
        }))
    }

    fn rows(
        &self,
        drawer: Drawer,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<DeskRow>, Fault> {
        let prefix = in_drawer(drawer, prefix);
        let after = after.map(|after| in_drawer(drawer, after));
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix.clone()),
        };
        let state = self.state()?;
        Ok(state
            .drawers
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&prefix))
            .take(limit)
            .map(|(key, value)| DeskRow {
                key: key.get(1..).unwrap_or_default().to_vec(),
                value: Ok(value.clone()),
            })
            .collect())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        check_name(name)?;
        self.state()?
            .in_hand
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state()?.in_hand.get(name).cloned())
    }

    fn remove_file(&self, name: &str) -> Result<(), Fault> {
        self.state()?.in_hand.remove(name);
        Ok(())
    }

    fn files(&self, prefix: &str) -> Result<Vec<DeskFile>, Fault> {
        let state = self.state()?;
        let found = state
            .in_hand
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        Ok(found
            .map(|(name, bytes)| DeskFile {
                name: name.clone(),
                bytes: bytes.len() as u64,
            })
            .collect())
    }

    fn file_bytes(&self) -> Result<u64, Fault> {
        let state = self.state()?;
        Ok(state.in_hand.values().map(|bytes| bytes.len() as u64).sum())
    }
}
