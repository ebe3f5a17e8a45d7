//! Passwords and PINs: each in a file of its own that is closed to others, or a credential that systemd hands over.
//!
//! # Invariants
//! * A secret is read where it is used and not kept in memory longer than that use.
//! * A file that others can read is refused, not used with a warning.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::failure::KeyFailure;
use crate::record::Fault;

/// An RSA-16384 key in PEM takes 13 KB, a PKCS#12 file with a long chain 30 KB.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Where a password or PIN is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    File(PathBuf),
    /// The name of a credential in `$CREDENTIALS_DIRECTORY` (systemd.exec, LoadCredential= and LoadCredentialEncrypted=).
    Credential(String),
}

impl Secret {
    /// The secret's text, without the line end that editors put behind it.
    ///
    /// # Errors
    /// The file can't be read, is open to others, is empty, is not UTF-8, or holds NUL.
    pub fn read(&self) -> Result<String, Fault> {
        let path = self.path()?;
        let bytes = closed_file(&path, "the secret")?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Fault::plain(format!("the secret {} is not UTF-8", path.display())))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.contains('\0') {
            return Err(Fault::plain(format!(
                "the secret {} is empty or holds a NUL character",
                path.display()
            )));
        }
        Ok(secret.to_owned())
    }

    fn path(&self) -> Result<PathBuf, Fault> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Credential(name) => {
                let dir = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    Fault::plain(format!(
                        "the credential {name} is not there: $CREDENTIALS_DIRECTORY is not set; add LoadCredential={name}:… to the systemd unit, or name a file instead"
                    ))
                })?;
                Ok(Path::new(&dir).join(name))
            }
        }
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Credential(name) => write!(f, "the credential {name}"),
        }
    }
}

/// The content of a file that only its owner may read. The mode is that of the file that is read, not of the name.
pub(super) fn closed_file(path: &Path, what: &str) -> Result<Vec<u8>, Fault> {
    use std::io::Read as _;
    let doing = || format!("reading {what} {}", path.display());
    let file = std::fs::File::open(path).map_err(|e| Fault::new(doing(), e))?;
    let meta = file.metadata().map_err(|e| Fault::new(doing(), e))?;
    let mode = meta.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Fault::new(
            doing(),
            KeyFailure::OpenToOthers {
                file: path.to_owned(),
                mode: mode & 0o777,
            },
        ));
    }
    if meta.len() > FILE_MAX_BYTES {
        return Err(Fault::plain(format!(
            "{} is larger than any key ({} bytes)",
            path.display(),
            meta.len()
        )));
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|e| Fault::new(doing(), e))?;
    Ok(bytes)
}
