//! The configuration: one TOML file, read raw, then checked; all mistakes are reported at once, each with its remedy.
//!
//! # Invariants
//! * A `Config` is checked: addresses parse, files that must exist exist, secrets are closed to others, codes are well formed.
//! * Relative paths are relative to the folder of the configuration file.
//!
//! # What is not here
//! Opening keys, certificates or the archive: `archive::open` does, and refuses what does not fit together.

mod check;
mod desk;
mod example;
mod fetching;
mod key;
mod names;
mod raw;
mod signatory;
mod stamp;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::keys::KeySettings;
use crate::record::{Digest, Office, OfficeCode, SignatureLevel, UtcTime};

pub use desk::Desk;
pub use example::example;
pub use names::{check_base_url, check_origin};
pub use raw::Profile;

/// 50 MB: the largest result that the national exchange format is planned for; drawings beyond it are split by their makers.
pub const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;

/// A signed file must fit one volume of the store: 4,096 slots of 58,000 bytes make 237,568,000 bytes. 200 MiB (209,715,200) leave
/// room for the signature and for a share of slots that other files hold.
const FILE_BYTES_CEILING: u64 = 200 * 1024 * 1024;

#[derive(Debug, Clone)]
pub struct Config {
    pub profile: Profile,
    /// Without a trailing slash.
    pub base_url: String,
    pub server: Server,
    pub store: crate::store::Settings,
    pub log: Log,
    /// Of results for which none was asked.
    pub level: SignatureLevel,
    pub trust_roots: Vec<PathBuf>,
    pub fetch: crate::fetch::Settings,
    pub offices: Vec<OfficeKeys>,
    pub clients: Vec<Client>,
    pub signatories: Vec<Signatory>,
    pub desk: Desk,
}

#[derive(Debug, Clone)]
pub struct Server {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub workers: usize,
    pub max_file_bytes: u64,
    /// How long `/readyz` says no before the listener closes.
    pub drain_s: u64,
}

#[derive(Debug, Clone)]
pub struct Log {
    pub origin: String,
    pub key_file: PathBuf,
}

#[derive(Debug, Clone)]
pub struct OfficeKeys {
    pub office: Office,
    pub key: KeySettings,
    /// By name: keys of persons who sign for the office, besides its seal.
    pub other_keys: Vec<(String, KeySettings)>,
    pub stamp: OfficeStamp,
}

/// Pictures for visible signatures, and how wide they really are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OfficeStamp {
    pub seal_png: Option<PathBuf>,
    pub seal_width_mm: f64,
    pub signature_png: Option<PathBuf>,
    pub signature_width_mm: f64,
}

/// A certificate, by its fingerprint, and whose it is from when until when.
#[derive(Debug, Clone)]
pub struct Signatory {
    pub office: OfficeCode,
    /// None: the office's own seal.
    pub person: Option<Person>,
    pub from: UtcTime,
    pub until: UtcTime,
    pub certificate_sha256: Digest,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub post: String,
}

#[derive(Debug, Clone)]
pub struct Client {
    pub name: String,
    pub role: Role,
    /// Set for clerks: they act for this office only.
    pub office: Option<OfficeCode>,
    pub key_sha256: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Clerk,
    Auditor,
}

/// One mistake in the configuration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub key: String,
    pub wrong: String,
    pub remedy: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}\n    -> {}", self.key, self.wrong, self.remedy)
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// Every mistake found, at least one.
pub fn load(file: &Path) -> Result<Config, Vec<Mistake>> {
    let text = std::fs::read_to_string(file).map_err(|e| {
        vec![Mistake {
            key: file.display().to_string(),
            wrong: format!("the file can't be read: {e}"),
            remedy: "give the path of a readable file, or make one with `antin init --dir DIR`"
                .into(),
        }]
    })?;
    let base = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    parse(&text, base)
}

/// Checks a configuration text whose relative paths start at `base`.
///
/// # Errors
/// Every mistake found, at least one.
pub fn parse(text: &str, base: &Path) -> Result<Config, Vec<Mistake>> {
    let raw: raw::File = toml::from_str(text).map_err(|e| {
        vec![Mistake {
            key: "TOML".into(),
            wrong: e.to_string().trim_end().to_owned(),
            remedy: "compare with `antin config example`; unknown keys are not accepted".into(),
        }]
    })?;
    check::check(raw, base)
}
