//! The configuration file as it is written: TOML, every key known, nothing checked yet.
//!
//! # Invariants
//! * An unknown key is an error (`deny_unknown_fields`): a mistyped key must never be silently ignored.

use serde::Deserialize;

use super::desk::{RawDesk, RawSignatory};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub base_url: String,
    #[serde(default)]
    pub profile: Profile,
    pub server: Server,
    pub archive: Archive,
    pub log: Log,
    pub timestamp: Timestamp,
    pub trust: Trust,
    #[serde(default)]
    pub fetch: Fetch,
    #[serde(default)]
    pub office: Vec<Office>,
    #[serde(default)]
    pub client: Vec<Client>,
    #[serde(default)]
    pub signatory: Vec<RawSignatory>,
    #[serde(default)]
    pub desk: RawDesk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    #[default]
    Live,
    Demo,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub listen: String,
    pub admin_listen: String,
    pub workers: Option<usize>,
    pub max_file_bytes: Option<u64>,
    pub drain_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Archive {
    pub dir: String,
    pub cache_bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub origin: String,
    pub key_file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timestamp {
    pub urls: Vec<String>,
    pub max_drift_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trust {
    pub roots: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fetch {
    pub timeout_ms: Option<u64>,
    #[serde(default)]
    pub allow_private: Vec<String>,
    #[serde(default)]
    pub rewrite: Vec<Rewrite>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rewrite {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Office {
    pub code: String,
    pub name: String,
    pub level: String,
    pub key_file: String,
    pub certificate_file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub name: String,
    pub role: String,
    pub office: Option<String>,
    pub key_sha256: String,
}
