//! The files of the public log, in a database of their own.
//!
//! It is apart from the ledger so that a ledger that lost its tail is noticed: the checkpoint here is then ahead of it.
//!
//! # Invariants
//! * Under a path that was read back whole, bytes never change.
//! * The checkpoint is written after the files it promises; what a crash leaves is a prefix of what was written.

use std::path::Path;

use crate::record::Fault;
use crate::store::cause::{Cause, cause};
use crate::store::contracts::PublicTree;
use crate::store::sled::combiner::Combiner;
use crate::store::sled::database::Database;
use crate::store::sled::shut::Shut;
use crate::store::sled::values::Values;

const FILE_PREFIX: &[u8] = b"f";
const CHECKPOINT_KEY: &[u8] = b"checkpoint";
/// First letters of all keys here.
const KINDS: &[u8] = b"fc";

pub(super) struct SledTree {
    open: Shut<Open>,
    combiner: Combiner,
}

struct Open {
    values: Values,
    database: Database,
}

impl SledTree {
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        let database = Database::open(dir, cache_bytes)?;
        let values = Values::open(&database, KINDS, "public tree")?;
        Ok(SledTree {
            open: Shut::new(Open { values, database }),
            combiner: Combiner::default(),
        })
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

    /// Visible, not durable.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.combiner.check()?;
        let key = file_key(path);
        self.open.with(|open| {
            match open.values.read(&key) {
                Ok(Some(old)) if old == bytes => return Ok(()),
                Ok(Some(_)) => {
                    return Err(Cause::Diverged {
                        path: path.to_owned(),
                    }
                    .fault("publishing a file of the log"));
                }
                Ok(None) => {}
                // What can't be read is written again; the signed tree says which bytes are right.
                Err(fault) if matches!(cause(&fault), Some(Cause::Damaged { .. })) => {}
                Err(fault) => return Err(fault),
            }
            open.values.put(&key, bytes)
        })?;
        self.combiner.wrote().map(|_| ())
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
}

impl PublicTree for SledTree {
    fn put_immutable(&self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.write(path, bytes)?;
        self.sync()
    }

    fn put_checkpoint(&self, note: &[u8]) -> Result<(), Fault> {
        self.combiner.check()?;
        self.open
            .with(|open| open.values.put(CHECKPOINT_KEY, note))?;
        self.combiner.wrote()?;
        self.sync()
    }

    fn publish(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault> {
        // One flush for all: sled's log is recovered as a prefix, so a checkpoint that survives has its files.
        self.show(files, note)?;
        self.sync()
    }

    fn show(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault> {
        for (path, bytes) in files {
            self.write(path, bytes)?;
        }
        self.combiner.check()?;
        self.open
            .with(|open| open.values.put(CHECKPOINT_KEY, note))?;
        self.combiner.wrote().map(|_| ())
    }

    fn settle(&self) -> Result<(), Fault> {
        self.sync()
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.open.with(|open| open.values.read(&file_key(path)))
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.open.with(|open| open.values.read(CHECKPOINT_KEY))
    }

    fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, Fault> {
        let after = after.map(file_key);
        let keys = self
            .open
            .with(|open| open.values.keys(&file_key(prefix), after.as_deref(), limit))?;
        Ok(keys
            .iter()
            .filter_map(|key| {
                let path = key.strip_prefix(FILE_PREFIX)?;
                Some(String::from_utf8_lossy(path).into_owned())
            })
            .collect())
    }
}

fn file_key(path: &str) -> Vec<u8> {
    let mut key = FILE_PREFIX.to_vec();
    key.extend_from_slice(path.as_bytes());
    key
}
