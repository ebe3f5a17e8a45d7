//! What the operator says about a key at a remote signing service.

use std::path::PathBuf;

use crate::keys::secret::Secret;

#[derive(Debug, Clone)]
pub struct CscSettings {
    /// The base URI, ending in `/csc/v2`.
    pub url: String,
    /// The version that the service is known to speak, such as `2.0.0.2`; none: what its `info` says.
    pub specs: Option<String>,
    /// None: the service lists exactly one.
    pub credential: Option<String>,
    pub access: CscAccess,
    pub authorization: CscAuthorization,
    /// PEM, the key's certificate first; without it the service's own certificates are taken.
    pub certificate_file: Option<PathBuf>,
    /// PEM, the roots of the service's TLS certificate; without it the system's.
    pub ca_file: Option<PathBuf>,
    /// `host:port` entries that are asked over plain HTTP: loopback or private addresses.
    pub plain_http: Vec<String>,
    pub timeout_ms: u64,
    /// How long somebody may take to approve a signature elsewhere.
    pub approval_s: u64,
    pub poll_ms: u64,
}

/// May we call (CSC API 8.3)?
#[derive(Debug, Clone, Default)]
pub struct CscAccess {
    pub oauth: Option<OAuthClient>,
    /// Certificate and key, PEM, for mutual TLS.
    pub mutual_tls: Option<(PathBuf, PathBuf)>,
}

/// OAuth 2.0 client credentials (RFC 6749 4.4).
#[derive(Debug, Clone)]
pub struct OAuthClient {
    pub id: String,
    pub secret: Secret,
    /// None: `oauth2/token` below the address that the service's `info` names.
    pub token_url: Option<String>,
}

/// May this key sign this hash?
#[derive(Debug, Clone)]
pub enum CscAuthorization {
    /// By signature activation data (CSC API 11.6), for so many signatures at a time.
    Sad {
        pin: Option<Secret>,
        signatures: u32,
    },
    /// The access token is credential-scoped and says it already.
    Bearer,
}

impl CscSettings {
    pub const TIMEOUT_MS: u64 = 10_000;
    pub const APPROVAL_S: u64 = 120;
    pub const POLL_MS: u64 = 1_000;
}
