//! Why a store said no, for callers that act on it; carried as the source of a `Fault`.
//!
//! # Invariants
//! * Every `Fault` of a store that a caller may want to tell apart has a `Cause` as its direct source;
//!   all others are plain trouble with disk or engine.
//! * After a fatal cause the engine refuses every further write until the archive is opened again:
//!   once a flush failed nobody knows what the disk holds, and a later flush that succeeds proves nothing.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::record::Fault;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Another process holds the archive; a second opener would fork the log.
    Locked { dir: PathBuf },
    /// There is no archive in this folder; only `create` makes one.
    Absent { dir: PathBuf },
    /// There is an archive in this folder already.
    Present { dir: PathBuf },
    /// Written by a version whose layout this program does not know.
    Layout { found: String },
    /// Other bytes are already stored under this immutable path. The node must halt: two histories exist.
    Diverged { path: String },
    /// What is stored under this name can't be read back or fails its checksum.
    Damaged { what: String },
    /// The tree state in the ledger is not the one the caller advanced from.
    Moved { size: u64 },
    /// The lease belongs to an earlier opening of the archive.
    Fenced { epoch: u64 },
    /// Larger than this engine can hold.
    TooLarge { bytes: u64, limit_bytes: u64 },
    /// A flush failed (now or before): what was written since the last good one may be lost. Fatal.
    NotDurable { what: String },
    /// The archive was closed by this process.
    Closed,
}

impl Cause {
    /// Whether the process has to stop accepting and be restarted.
    pub fn is_fatal(&self) -> bool {
        match self {
            Cause::NotDurable { .. } | Cause::Diverged { .. } | Cause::Fenced { .. } => true,
            Cause::Locked { .. }
            | Cause::Absent { .. }
            | Cause::Present { .. }
            | Cause::Layout { .. }
            | Cause::Damaged { .. }
            | Cause::Moved { .. }
            | Cause::TooLarge { .. }
            | Cause::Closed => false,
        }
    }

    pub(super) fn fault(self, doing: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
        Fault::new(doing, self)
    }
}

/// The cause a store gave for this fault, if it gave one.
pub fn cause(fault: &Fault) -> Option<&Cause> {
    fault.source()?.downcast_ref::<Cause>()
}

/// Whether the server has to stop accepting after this fault.
pub fn is_fatal(fault: &Fault) -> bool {
    cause(fault).is_some_and(Cause::is_fatal)
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Locked { dir } => write!(
                f,
                "another process has the archive in {} open; stop it, or ask it through its API",
                dir.display()
            ),
            Cause::Absent { dir } => write!(f, "there is no archive in {}", dir.display()),
            Cause::Present { dir } => write!(f, "{} already holds an archive", dir.display()),
            Cause::Layout { found } => write!(
                f,
                "the archive has the layout \"{found}\", which this version does not know"
            ),
            Cause::Diverged { path } => {
                write!(f, "other bytes are already published under {path}")
            }
            Cause::Damaged { what } => write!(f, "{what} is damaged"),
            Cause::Moved { size } => write!(f, "the tree has moved; its size is now {size}"),
            Cause::Fenced { epoch } => {
                write!(f, "the archive has been taken over in epoch {epoch}")
            }
            Cause::TooLarge { bytes, limit_bytes } => {
                write!(f, "{bytes} bytes are more than the {limit_bytes} that fit")
            }
            Cause::NotDurable { what } => write!(f, "{what} could not be made durable"),
            Cause::Closed => f.write_str("the archive is closed"),
        }
    }
}

impl Error for Cause {}
