//! Fetching evidence over HTTP: time-stamps, OCSP answers, CRLs. Blocking; one pooled agent.
//!
//! # Invariants
//! * Private, loopback and link-local targets are refused unless listed; redirects are not followed.
//! * Every answer is limited in size and time.
//!
//! # What is not here
//! Judging what came back: `verify` and `trust` do.

mod guard;
mod revocation;
mod timestamp;

pub use revocation::{RevocationFacts, RevocationSource};
pub use timestamp::{TimestampFailure, TimestampToken};

use std::time::Duration;

use crate::record::Fault;

#[derive(Debug, Clone)]
pub struct Settings {
    pub timeout_ms: u64,
    /// `host:port` entries that may be private addresses.
    pub allow_private: Vec<String>,
    /// As `allow_private`, for time-stamp requests only: what the operator named as authority must not become reachable for
    /// addresses that strangers' certificates name.
    pub allow_private_timestamp: Vec<String>,
    /// Prefix rewrites for addresses in certificates that no longer answer.
    pub rewrite: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout_ms: 5_000,
            allow_private: Vec::new(),
            allow_private_timestamp: Vec::new(),
            rewrite: Vec::new(),
        }
    }
}

/// `host:port` of an http(s) address, with the scheme's default port filled in.
#[must_use]
pub fn host_and_port(url: &str) -> Option<String> {
    let (rest, default_port) = match url.strip_prefix("https://") {
        Some(rest) => (rest, 443),
        None => (url.strip_prefix("http://")?, 80),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    if host.is_empty() {
        return None;
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    Some(if has_port {
        host.to_owned()
    } else {
        format!("{host}:{default_port}")
    })
}

/// The one HTTP client for evidence.
pub struct Fetcher {
    /// For addresses that certificates name.
    agent: ureq::Agent,
    /// For addresses that the operator named.
    authorities: ureq::Agent,
    rewrite: Vec<(String, String)>,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

fn agent(timeout_ms: u64, allow_private: Vec<String>) -> ureq::Agent {
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::NativeTls)
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_millis(timeout_ms)))
        .proxy(None)
        .user_agent(concat!("antin/", env!("CARGO_PKG_VERSION")))
        .max_idle_connections(64)
        .max_idle_connections_per_host(32)
        .build();
    ureq::Agent::with_parts(
        config,
        ureq::unversioned::transport::DefaultConnector::default(),
        guard::GuardedResolver::new(allow_private),
    )
}

impl Fetcher {
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let own = settings
            .allow_private
            .iter()
            .chain(&settings.allow_private_timestamp);
        Self {
            agent: agent(settings.timeout_ms, settings.allow_private.clone()),
            authorities: agent(settings.timeout_ms, own.cloned().collect()),
            rewrite: settings.rewrite.clone(),
        }
    }

    fn address(&self, url: &str) -> String {
        for (from, to) in &self.rewrite {
            if let Some(rest) = url.strip_prefix(from.as_str()) {
                return format!("{to}{rest}");
            }
        }
        url.to_owned()
    }

    /// POSTs a DER request and returns the DER answer.
    fn post(
        &self,
        agent: &ureq::Agent,
        url: &str,
        content_type: &str,
        body: &[u8],
        limit_bytes: u64,
    ) -> Result<Vec<u8>, Fault> {
        let url = self.address(url);
        let response = agent
            .post(&url)
            .header("content-type", content_type)
            .send(body)
            .map_err(|e| Fault::new(format!("asking {url}"), e))?;
        read(&url, response, limit_bytes)
    }

    fn get(&self, url: &str, limit_bytes: u64) -> Result<Vec<u8>, Fault> {
        let url = self.address(url);
        let response = self
            .agent
            .get(&url)
            .call()
            .map_err(|e| Fault::new(format!("asking {url}"), e))?;
        read(&url, response, limit_bytes)
    }
}

fn read(
    url: &str,
    mut response: ureq::http::Response<ureq::Body>,
    limit_bytes: u64,
) -> Result<Vec<u8>, Fault> {
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Fault::plain(format!("{url} answered with status {status}")));
    }
    response
        .body_mut()
        .with_config()
        .limit(limit_bytes)
        .read_to_vec()
        .map_err(|e| Fault::new(format!("reading the answer of {url}"), e))
}
