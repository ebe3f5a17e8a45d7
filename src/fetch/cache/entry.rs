//! What is known of one cached file, and its form on disk.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::wire::Validators;
use crate::record::{Digest, Sha256Stream};

pub(super) const VERSION: u32 = 1;
/// Addresses are bounded by what a certificate holds; the rest is a few hundred bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Kind {
    List,
    Ocsp,
    Certificates,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Ocsp => "ocsp",
            Self::Certificates => "certificates",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Entry {
    pub version: u32,
    pub kind: Kind,
    /// The address, and what was asked there where that is not all.
    pub key: String,
    pub sha256: Digest,
    pub bytes: u64,
    /// When the source last said that this is what there is.
    pub fetched_s: i64,
    pub validators: Validators,
}

impl Entry {
    pub(super) fn key_digest(&self) -> Digest {
        digest(self.kind, &self.key)
    }

    pub(super) fn to_json(&self) -> std::io::Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(std::io::Error::other)
    }

    /// None: not there, not ours, or damaged.
    pub(super) fn read(path: &Path) -> Option<Self> {
        if std::fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
            return None;
        }
        let entry: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (entry.version == VERSION).then_some(entry)
    }

    /// How old it is; None where it claims to come from the future: the clock was set back, and nobody knows.
    pub(in super::super) fn age_s(&self, now_s: i64) -> Option<i64> {
        let age_s = now_s.saturating_sub(self.fetched_s);
        (age_s >= 0).then_some(age_s)
    }
}

pub(super) fn digest(kind: Kind, key: &str) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(kind.word().as_bytes());
    stream.update(&[0]);
    stream.update(key.as_bytes());
    stream.finish()
}
