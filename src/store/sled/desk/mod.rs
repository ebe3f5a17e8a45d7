//! Work in hand on disk: a database for the rows, a folder for the files.
//!
//! # Invariants
//! * A desk that can't be opened is broken, not fatal: results don't depend on it.
//! * A value of one row is replaced in one write. A longer one is absent for a moment: absent is better than mixed.

mod files;

use std::path::Path;

use crate::record::Fault;
use crate::store::cause::{Cause, cause};
use crate::store::contracts::{Desk, DeskFile, DeskRow, Drawer};
use crate::store::sled::combiner::Combiner;
use crate::store::sled::database::Database;
use crate::store::sled::shut::Shut;
use crate::store::sled::values::{ONE_ROW_BYTES, Values};
use files::Files;

const ROWS: &str = "rows";
const FILES: &str = "files";

pub(super) struct SledDesk {
    state: Shut<State>,
    combiner: Combiner,
}

enum State {
    Open(Box<Open>),
    Broken(String),
}

struct Open {
    values: Values,
    database: Database,
    files: Files,
}

impl SledDesk {
    /// Opens, and makes what an older archive does not have.
    pub fn open(dir: &Path, cache_bytes: u64) -> Self {
        let state = match open(dir, cache_bytes) {
            Ok(open) => State::Open(Box::new(open)),
            Err(fault) => State::Broken(fault.chain().to_string()),
        };
        SledDesk {
            state: Shut::new(state),
            combiner: Combiner::default(),
        }
    }

    pub fn close(&self) -> Result<(), Fault> {
        match self.state.take() {
            Some(State::Open(open)) => {
                let Open {
                    values, database, ..
                } = *open;
                let is_empty = is_empty(&values)?;
                drop(values);
                if is_empty {
                    // Nothing to protect against later damage: the dear end is spared.
                    return database.flush();
                }
                database.seal()
            }
            Some(State::Broken(_)) | None => Ok(()),
        }
    }

    fn with<R>(&self, run: impl FnOnce(&Open) -> Result<R, Fault>) -> Result<R, Fault> {
        self.state.with(|state| match state {
            State::Open(open) => run(open),
            State::Broken(why) => Err(Cause::Damaged {
                what: format!("the work in hand ({why})"),
            }
            .fault("using the work in hand")),
        })
    }
}

fn open(dir: &Path, cache_bytes: u64) -> Result<Open, Fault> {
    let rows = dir.join(ROWS);
    std::fs::create_dir_all(&rows)
        .map_err(|e| Fault::new(format!("making the folder {}", rows.display()), e))?;
    let database = Database::open(&rows, cache_bytes)?;
    let kinds: Vec<u8> = Drawer::ALL.iter().map(|drawer| drawer.letter()).collect();
    let values = Values::open(&database, &kinds, "work in hand")?;
    Ok(Open {
        values,
        database,
        files: Files::open(&dir.join(FILES))?,
    })
}

fn is_empty(values: &Values) -> Result<bool, Fault> {
    for drawer in Drawer::ALL {
        if !values.keys(&[drawer.letter()], None, 1)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn full_key(drawer: Drawer, key: &[u8]) -> Vec<u8> {
    [&[drawer.letter()], key].concat()
}

/// A row that can't be read is an answer about that row, every other fault one about the desk.
fn read(values: &Values, full: &[u8]) -> Result<Option<DeskRow>, Fault> {
    let value = match values.read(full) {
        Ok(None) => return Ok(None),
        Ok(Some(value)) => Ok(value),
        Err(fault) if matches!(cause(&fault), Some(Cause::Damaged { .. })) => {
            Err(fault.chain().to_string())
        }
        Err(fault) => return Err(fault),
    };
    Ok(Some(DeskRow {
        key: full.get(1..).unwrap_or_default().to_vec(),
        value,
    }))
}

impl Desk for SledDesk {
    fn put_all(&self, drawer: Drawer, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), Fault> {
        self.combiner.check()?;
        self.with(|open| {
            for (key, value) in rows {
                let full = full_key(drawer, key);
                if value.len() > ONE_ROW_BYTES {
                    open.values.remove(&full)?;
                }
                open.values.put(&full, value)?;
            }
            Ok(())
        })?;
        self.combiner.wrote().map(|_| ())
    }

    fn remove(&self, drawer: Drawer, key: &[u8]) -> Result<(), Fault> {
        self.combiner.check()?;
        self.with(|open| open.values.remove(&full_key(drawer, key)))?;
        self.combiner.wrote().map(|_| ())
    }

    fn sync(&self) -> Result<(), Fault> {
        self.combiner.wait(self.combiner.newest(), || {
            self.with(|open| open.database.flush())
        })
    }

    fn row(&self, drawer: Drawer, key: &[u8]) -> Result<Option<DeskRow>, Fault> {
        self.with(|open| read(&open.values, &full_key(drawer, key)))
    }

    fn rows(
        &self,
        drawer: Drawer,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<DeskRow>, Fault> {
        let prefix = full_key(drawer, prefix);
        let after = after.map(|after| full_key(drawer, after));
        self.with(|open| {
            let keys = open.values.keys(&prefix, after.as_deref(), limit)?;
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                // Removed since it was listed: no row.
                rows.extend(read(&open.values, &key)?);
            }
            Ok(rows)
        })
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.with(|open| open.files.put(name, bytes))
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|open| open.files.read(name))
    }

    fn remove_file(&self, name: &str) -> Result<(), Fault> {
        self.with(|open| open.files.remove(name))
    }

    fn files(&self, prefix: &str) -> Result<Vec<DeskFile>, Fault> {
        self.with(|open| Ok(open.files.list(prefix)))
    }

    fn file_bytes(&self) -> Result<u64, Fault> {
        self.with(|open| Ok(open.files.bytes()))
    }
}
