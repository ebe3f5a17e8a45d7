//! What the operator decides about fetching: who is asked, for how long, what is kept.

use std::path::PathBuf;

use crate::pki::oid::ObjectId;

#[derive(Debug, Clone)]
pub struct Settings {
    /// One request for a small answer: time-stamp, OCSP, certificate.
    pub timeout_ms: u64,
    /// One request for a revocation list: tens of MB take their time.
    pub list_timeout_ms: u64,
    /// All requests about one certificate's status together.
    pub budget_ms: u64,
    /// `host:port` entries that may be private addresses.
    pub allow_private: Vec<String>,
    /// As `allow_private`, for time-stamp requests only: what the operator named as authority must not become reachable for
    /// addresses that strangers' certificates name.
    pub allow_private_timestamp: Vec<String>,
    /// Prefix rewrites for addresses in certificates that no longer answer; the first that fits is taken.
    pub rewrite: Vec<(String, String)>,
    pub timestamp: TimestampSettings,
    pub ocsp_nonce: OcspNonce,
    /// None: nothing outlives the process.
    pub cache: Option<CacheSettings>,
}

#[derive(Debug, Clone)]
pub struct TimestampSettings {
    /// In the order of preference.
    pub authorities: Vec<Authority>,
    /// All requests for one token together.
    pub budget_ms: u64,
    /// How far a token's time may lie from our clock, either way.
    pub max_drift_s: i64,
}

/// A time-stamping authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub url: String,
    /// Policies under which a token is accepted; empty: any.
    pub policies: Vec<ObjectId>,
    /// None: `Settings::timeout_ms`.
    pub timeout_ms: Option<u64>,
    /// A file with one line `user:password` (RFC 7617), read anew for every request.
    pub credentials_file: Option<PathBuf>,
}

impl Authority {
    /// Any policy, no credentials.
    #[must_use]
    pub fn plain(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            policies: Vec::new(),
            timeout_ms: None,
            credentials_file: None,
        }
    }
}

/// RFC 6960 4.4.1: the nonce ties an answer to its request; many responders give signed answers in stock that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OcspNonce {
    /// Sent; an answer without one is taken, an answer with another one is not.
    #[default]
    Offered,
    /// Sent, and an answer without it is not taken.
    Required,
    /// Not sent: short requests go by GET (RFC 6960 A.1), so that caches on the way can answer.
    Omitted,
}

/// Where evidence is kept from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    pub dir: PathBuf,
    /// All kept files together.
    pub max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout_ms: 5_000,
            // 30 MB at 16 Mbit/s.
            list_timeout_ms: 15_000,
            budget_ms: 20_000,
            allow_private: Vec::new(),
            allow_private_timestamp: Vec::new(),
            rewrite: Vec::new(),
            timestamp: TimestampSettings::default(),
            ocsp_nonce: OcspNonce::default(),
            cache: None,
        }
    }
}

impl Default for TimestampSettings {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            // Three authorities that do not answer within `timeout_ms`, and one that does.
            budget_ms: 20_000,
            max_drift_s: 300,
        }
    }
}
