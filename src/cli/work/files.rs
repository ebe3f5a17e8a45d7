//! The input, read whole and bounded; the output, whole or not there at all.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::NotMade;
use crate::record::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Overwrite {
    Never,
    Allowed,
}

/// # Errors
/// It can't be read, or is larger than `limit_bytes`.
pub(in crate::cli) fn read(file: &Path, limit_bytes: u64) -> Result<Vec<u8>, NotMade> {
    let name = file.display().to_string();
    let unreadable = |e: std::io::Error| {
        NotMade::could_not(
            "file_unreadable",
            &[("file", &name), ("why", &e.to_string())],
        )
    };
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    let mut bytes = Vec::new();
    opened
        .take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > limit_bytes {
        let limit = format!("{} MB", limit_bytes / (1_024 * 1_024));
        return Err(NotMade::could_not(
            "file_too_large",
            &[("file", &name), ("limit", &limit)],
        ));
    }
    Ok(bytes)
}

/// Where the made file goes, checked before any work is done.
#[derive(Debug)]
pub(in crate::cli) struct Output {
    file: PathBuf,
    overwrite: Overwrite,
}

impl Output {
    /// # Errors
    /// It is one of the inputs, or is there already.
    pub fn new(file: &Path, inputs: &[PathBuf], overwrite: Overwrite) -> Result<Self, NotMade> {
        let name = file.display().to_string();
        if let Ok(there) = std::fs::metadata(file) {
            // The same file under two names is the same file.
            let is_input = |input: &PathBuf| {
                std::fs::metadata(input)
                    .is_ok_and(|i| i.dev() == there.dev() && i.ino() == there.ino())
            };
            if inputs.iter().any(is_input) {
                return Err(NotMade::could_not("out_is_input", &[("file", &name)]));
            }
            if overwrite == Overwrite::Never || !there.is_file() {
                return Err(NotMade::could_not("out_exists", &[("file", &name)]));
            }
        }
        Ok(Self {
            file: file.to_owned(),
            overwrite,
        })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// # Errors
    /// The disk refused, or somebody made the file meanwhile.
    pub fn write(&self, bytes: &[u8]) -> Result<(), NotMade> {
        self.put(bytes).map_err(|e| {
            let name = self.file.display().to_string();
            if e.kind() == ErrorKind::AlreadyExists {
                return NotMade::could_not("out_exists", &[("file", &name)]);
            }
            NotMade::could_not(
                "out_unwritable",
                &[("file", &name), ("why", &e.to_string())],
            )
        })
    }

    fn put(&self, bytes: &[u8]) -> std::io::Result<()> {
        let (neighbour, mut out) = self.neighbour()?;
        let placed = out
            .write_all(bytes)
            .and_then(|()| out.sync_all())
            .and_then(|()| match self.overwrite {
                Overwrite::Allowed => std::fs::rename(&neighbour, &self.file),
                // A link, unlike a renaming, does not replace what is there.
                Overwrite::Never => std::fs::hard_link(&neighbour, &self.file),
            });
        // After a renaming there is nothing left to remove.
        let _ = std::fs::remove_file(&neighbour);
        placed
    }

    /// A hidden file beside it, of this process alone.
    fn neighbour(&self) -> std::io::Result<(PathBuf, std::fs::File)> {
        let name = self.file.file_name().ok_or(ErrorKind::InvalidInput)?;
        let hidden = format!(".{}.{}.new", name.to_string_lossy(), std::process::id());
        let neighbour = self.file.with_file_name(hidden);
        // One of a killed process that had this number.
        let _ = std::fs::remove_file(&neighbour);
        let out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&neighbour)?;
        Ok((neighbour, out))
    }
}

/// The bytes of every file of a list, in its order.
pub(in crate::cli) fn certificates(
    files: &[PathBuf],
) -> Result<Vec<crate::pki::cert::Certificate>, NotMade> {
    let mut all = Vec::new();
    for file in files {
        let doing = || format!("reading the certificates in {}", file.display());
        let bytes = std::fs::read(file).map_err(|e| Fault::new(doing(), e))?;
        let list =
            crate::pki::cert::list_from_pem_or_der(&bytes).map_err(|e| Fault::new(doing(), e))?;
        if list.is_empty() {
            return Err(NotMade::could_not(
                "no_certificate",
                &[("file", &file.display().to_string())],
            ));
        }
        all.extend(list);
    }
    Ok(all)
}
