//! The files of work in hand: one file each, in one folder.
//!
//! # Invariants
//! * A name appears by a rename, after its bytes are on the disk: a file is whole or absent.
//! * Names are letters, digits and hyphens (`check_name`): none leads out of the folder, and `NAME.new` is none of them.
//!
//! # What is not here
//! Whether the bytes are right: whoever put them knows their digest and hashes them again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::record::Fault;
use crate::store::contracts::{DeskFile, check_name};
use crate::store::sled::volume::sync_folder;

const UNFINISHED: &str = "new";

pub(super) struct Files {
    dir: PathBuf,
    /// Name and length of every file, so that limits cost no look at the folder. Held while a name changes.
    known: Mutex<BTreeMap<String, u64>>,
}

impl Files {
    /// Makes the folder where it is missing and removes what a crash left half written.
    pub fn open(dir: &Path) -> Result<Self, Fault> {
        let fault = |e: std::io::Error| Fault::new(format!("opening {}", dir.display()), e);
        fs::create_dir_all(dir).map_err(fault)?;
        let mut known = BTreeMap::new();
        for item in fs::read_dir(dir).map_err(fault)? {
            let item = item.map_err(fault)?;
            let path = item.path();
            if path.extension().is_some_and(|e| e == UNFINISHED) {
                fs::remove_file(&path).map_err(fault)?;
                continue;
            }
            let name = item.file_name().to_string_lossy().into_owned();
            if check_name(&name).is_ok() {
                known.insert(name, item.metadata().map_err(fault)?.len());
            }
        }
        Ok(Files {
            dir: dir.to_owned(),
            known: Mutex::new(known),
        })
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        check_name(name)?;
        let fault = |e: std::io::Error| Fault::new(format!("keeping the file {name}"), e);
        // Two who write one name must not spoil each other's bytes: each writes under a number of its own.
        let unfinished = self.dir.join(format!("{name}.{}.{UNFINISHED}", ticket()));
        let mut file = File::create(&unfinished).map_err(fault)?;
        file.write_all(bytes).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        let mut known = self.lock();
        fs::rename(&unfinished, self.dir.join(name)).map_err(fault)?;
        known.insert(name.to_owned(), bytes.len() as u64);
        drop(known);
        sync_folder(&self.dir)
    }

    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        check_name(name)?;
        match fs::read(self.dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Fault::new(format!("reading the file {name}"), e)),
        }
    }

    pub fn remove(&self, name: &str) -> Result<(), Fault> {
        check_name(name)?;
        let mut known = self.lock();
        match fs::remove_file(self.dir.join(name)) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Fault::new(format!("removing the file {name}"), e));
            }
            _ => {}
        }
        known.remove(name);
        Ok(())
    }

    pub fn list(&self, prefix: &str) -> Vec<DeskFile> {
        let known = self.lock();
        known
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, bytes)| DeskFile {
                name: name.clone(),
                bytes: *bytes,
            })
            .collect()
    }

    pub fn bytes(&self) -> u64 {
        self.lock().values().sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ticket() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
