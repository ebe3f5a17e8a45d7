//! The archive's folder: what it is, and who holds it.
//!
//! # Invariants
//! * While a `Folder` lives, no other process has one for the same folder (an exclusive lock on `DIR/lock`, which the kernel
//!   gives back when the process ends, however it ends).
//! * `DIR/format` is written last when an archive is made: with it, the archive is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::record::Fault;
use crate::store::cause::Cause;
use crate::store::sled::volume::sync_folder;

/// First line of the format file. A version that changes the layout changes the number.
const LAYOUT: &str = "antin archive, layout 1";

const SLOTS: &str = "volume_slots ";

/// sled keys of a volume are 4 bytes at 9 keys a slot; far below that, 65,536 slots make a volume of 3.8 GB.
const MAX_SLOTS: u32 = 65_536;

pub(super) struct Folder {
    dir: PathBuf,
    /// Holds the lock as long as it lives.
    _lock: File,
}

impl Folder {
    /// Takes a folder that holds no archive yet; makes it where it is missing.
    pub fn create(dir: &Path) -> Result<Folder, Fault> {
        fs::create_dir_all(dir)
            .map_err(|e| Fault::new(format!("making the folder {}", dir.display()), e))?;
        let folder = Folder::take(dir)?;
        for name in [
            "format",
            super::DOCUMENTS,
            super::LEDGER,
            super::TREE,
            super::DESK,
        ] {
            if dir.join(name).exists() {
                return Err(Cause::Present {
                    dir: dir.to_owned(),
                }
                .fault("making an archive"));
            }
        }
        Ok(folder)
    }

    pub fn open(dir: &Path) -> Result<Folder, Fault> {
        if !dir.join("format").is_file() {
            return Err(Cause::Absent {
                dir: dir.to_owned(),
            }
            .fault("opening the archive"));
        }
        Folder::take(dir)
    }

    fn take(dir: &Path) -> Result<Folder, Fault> {
        let path = dir.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Fault::new(format!("opening {}", path.display()), e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder {
                dir: dir.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Cause::Locked {
                dir: dir.to_owned(),
            }
            .fault("opening the archive")),
            Err(TryLockError::Error(e)) => {
                Err(Fault::new(format!("locking {}", path.display()), e))
            }
        }
    }

    /// Writes the format file, durably and all at once.
    pub fn write_format(&self, slots: u32) -> Result<(), Fault> {
        if slots == 0 || slots > MAX_SLOTS {
            return Err(Fault::plain(format!(
                "making an archive: volumes have 1 to {MAX_SLOTS} slots, not {slots}"
            )));
        }
        let fault = |e: std::io::Error| Fault::new("writing the format of the archive", e);
        let unfinished = self.dir.join("format.new");
        let mut file = File::create(&unfinished).map_err(fault)?;
        file.write_all(format!("{LAYOUT}\n{SLOTS}{slots}\n").as_bytes())
            .map_err(fault)?;
        file.sync_all().map_err(fault)?;
        fs::rename(&unfinished, self.dir.join("format")).map_err(fault)?;
        sync_folder(&self.dir)
    }

    /// The slots of a volume. `Err` (cause `Layout`) where the format is not the one known here.
    pub fn read_format(&self) -> Result<u32, Fault> {
        let path = self.dir.join("format");
        let text = fs::read_to_string(&path)
            .map_err(|e| Fault::new(format!("reading {}", path.display()), e))?;
        let slots = text
            .strip_prefix(LAYOUT)
            .and_then(|rest| rest.strip_prefix('\n'))
            .and_then(|rest| rest.strip_prefix(SLOTS))
            .and_then(|rest| rest.strip_suffix('\n'))
            .and_then(|slots| slots.parse::<u32>().ok())
            .filter(|slots| (1..=MAX_SLOTS).contains(slots));
        slots.ok_or_else(|| {
            Cause::Layout {
                found: text.chars().take(80).collect(),
            }
            .fault(format!("reading {}", path.display()))
        })
    }
}
