//! Folders and files that a verb makes: closed to others, and whole or not there at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::record::Fault;

/// A folder that only its owner may enter.
pub(super) fn make_dir(dir: &Path) -> Result<(), Fault> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| Fault::new(format!("making {}", dir.display()), e))
}

/// Writes a whole file or none: to a neighbour first, then renamed.
pub(super) fn replace(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Fault> {
    let fault = |e| Fault::new(format!("writing {}", file.display()), e);
    let neighbour = neighbour(file, bytes, mode).map_err(fault)?;
    std::fs::rename(&neighbour, file).map_err(fault)?;
    keep_name(file).map_err(fault)
}

/// Writes a secret that only its owner may read, whole or not at all; never over an existing file.
pub(super) fn write_secret(file: &Path, text: &str) -> Result<(), Fault> {
    let fault = |e| Fault::new(format!("writing {}", file.display()), e);
    let neighbour = neighbour(file, text.as_bytes(), 0o600).map_err(fault)?;
    // A link, unlike a renaming, does not replace what is there.
    std::fs::hard_link(&neighbour, file).map_err(fault)?;
    std::fs::remove_file(&neighbour).map_err(fault)?;
    keep_name(file).map_err(fault)
}

fn neighbour(file: &Path, bytes: &[u8], mode: u32) -> std::io::Result<PathBuf> {
    let neighbour = file.with_extension("new");
    // One that was left by a killed start: its mode and length are not ours to trust.
    match std::fs::remove_file(&neighbour) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&neighbour)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    Ok(neighbour)
}

/// The folder's entry too must outlive a power cut.
fn keep_name(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => File::open(dir)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
