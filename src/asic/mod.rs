//! Associated Signature Containers: a ZIP file of data files, signatures and manifests (ETSI EN 319 162-1 V1.1.1), read and written.
//!
//! # Contents
//! * [`read`]: every file of a container, or why it is refused; [`write`]: a container of files.
//! * [`Manifest`]: which files a signature or a time-stamp speaks of; [`Role`]: what a file is by its name.
//!
//! # Invariants
//! * One reading only: what two ZIP readers could see differently (doubled names, headers that disagree, bytes that belong to no file) is
//!   refused, not chosen from (`docs/decisions/0012-own-zip-reader.md`).
//! * Memory and work are bounded by [`Limits`] before anything is unpacked.
//!
//! # What is not here
//! Signatures, digests, verdicts: names and bytes only.

mod limits;
mod manifest;
mod names;
mod read;
mod refusal;
mod role;
mod write;

#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use manifest::{Manifest, ManifestFault, Reference};
pub use names::{NameFault, check_name, comparable};
pub use read::{Container, Entry, read};
pub use refusal::Refusal;
pub use role::{Role, numbered};
pub use write::{File, Unwritable, check_files, write};

/// Content of `mimetype` (EN 319 162-1 A.1).
pub const MIME_ASIC_E: &str = "application/vnd.etsi.asic-e+zip";
pub const MIME_ASIC_S: &str = "application/vnd.etsi.asic-s+zip";

/// The first file.
pub const MIMETYPE: &str = "mimetype";
