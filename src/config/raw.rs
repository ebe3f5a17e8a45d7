//! The configuration file as it is written: TOML, every key known, nothing checked yet.
//!
//! # Invariants
//! * An unknown key is an error (`deny_unknown_fields`): a mistyped key must never be silently ignored.

use serde::Deserialize;

use super::desk::RawDesk;

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
    #[serde(default)]
    pub signing: Signing,
    pub trust: Trust,
    #[serde(default)]
    pub fetch: Fetch,
    #[serde(default)]
    pub office: Vec<Office>,
    #[serde(default)]
    pub client: Vec<Client>,
    #[serde(default)]
    pub signatory: Vec<Signatory>,
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signing {
    pub level: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timestamp {
    #[serde(default)]
    pub urls: Vec<String>,
    #[serde(default)]
    pub authority: Vec<Authority>,
    pub budget_ms: Option<u64>,
    pub max_drift_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authority {
    pub url: String,
    #[serde(default)]
    pub policies: Vec<String>,
    pub timeout_ms: Option<u64>,
    pub credentials_file: Option<String>,
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
    pub list_timeout_ms: Option<u64>,
    pub budget_ms: Option<u64>,
    pub ocsp_nonce: Option<String>,
    pub cache_dir: Option<String>,
    pub cache_max_bytes: Option<u64>,
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
    pub key_file: Option<String>,
    pub certificate_file: Option<String>,
    pub key: Option<Key>,
    /// Further keys of the office by name: of persons who sign for it with `antin sign --key NAME`.
    #[serde(default)]
    pub keys: std::collections::BTreeMap<String, Key>,
    pub stamp: Option<Stamp>,
}

/// Pictures for visible signatures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stamp {
    pub seal_png: Option<String>,
    pub seal_width_mm: Option<f64>,
    pub signature_png: Option<String>,
    pub signature_width_mm: Option<f64>,
}

/// A key of any kind: which of these belong to which kind is checked in `key`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub kind: String,
    pub signature: Option<String>,
    pub digest: Option<String>,
    pub certificate_file: Option<String>,
    pub key_file: Option<String>,
    pub file: Option<String>,
    pub password_file: Option<String>,
    pub password_credential: Option<String>,
    pub module: Option<String>,
    pub token: Option<String>,
    pub token_serial: Option<String>,
    pub key: Option<String>,
    pub key_id: Option<String>,
    pub pin_file: Option<String>,
    pub pin_credential: Option<String>,
    pub sessions: Option<u64>,
    pub url: Option<String>,
    pub specs: Option<String>,
    pub credential: Option<String>,
    pub client_id: Option<String>,
    pub client_secret_file: Option<String>,
    pub client_secret_credential: Option<String>,
    pub token_url: Option<String>,
    pub client_certificate_file: Option<String>,
    pub client_key_file: Option<String>,
    pub ca_file: Option<String>,
    pub authorization: Option<String>,
    pub signatures_per_authorization: Option<u64>,
    pub plain_http: Option<Vec<String>>,
    pub timeout_ms: Option<u64>,
    pub approval_s: Option<u64>,
}

/// Whose certificate it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signatory {
    pub office: String,
    pub person: Option<String>,
    pub post: Option<String>,
    pub from: String,
    pub until: String,
    pub certificate_sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub name: String,
    pub role: String,
    pub office: Option<String>,
    pub key_sha256: String,
}
