//! Fetching evidence over HTTP: time-stamps, OCSP answers, CRLs, certificates of issuers. Blocking; pooled connections.
//!
//! # Contents
//! * `timestamp/`: the pool of time-stamping authorities. `revocation/`: OCSP and CRL. `issuers.rs`: caIssuers.
//! * `wire.rs`, `trouble.rs`: one request, and what can go wrong with it. `guard/`: which addresses are not asked.
//! * `cache/`: what is kept on disk. `settings.rs`, `credentials.rs`: what the operator decides.
//!
//! # Invariants
//! * Private, loopback and link-local targets are refused unless listed; redirects into them always.
//! * Every answer is limited in size and time, from the first octet to the last.
//!
//! # What is not here
//! Judging what came back: `verify` and `trust` do.

mod cache;
mod credentials;
mod guard;
mod issuers;
mod revocation;
mod settings;
#[cfg(test)]
mod tests;
mod timestamp;
mod trouble;
mod wire;

pub use issuers::IssuersFound;
pub use revocation::{RevocationFacts, RevocationSource, StatusCause, StatusFailure};
pub use settings::{Authority, CacheSettings, OcspNonce, Settings, TimestampSettings};
pub use timestamp::{
    Attempt, Standing, TimestampCause, TimestampFailure, TimestampToken, TsaHealth,
};
pub use trouble::Trouble;
pub use wire::Budget;

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
    settings: Settings,
    /// For addresses that certificates name.
    agent: ureq::Agent,
    /// For addresses that others' redirects name: nothing is listed.
    strangers: ureq::Agent,
    /// For addresses that the operator named.
    authorities: ureq::Agent,
    pool: timestamp::Pool,
    cache: Option<cache::Cache>,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

/// Time limits come with each request.
fn agent(allow_private: Vec<String>) -> ureq::Agent {
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::NativeTls)
        // The machine's roots: services of authorities stand under national and internal ones, which no browser's list has.
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
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
    /// A cache that can't be opened is done without: it saves requests, nothing rests on it.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let own = settings
            .allow_private
            .iter()
            .chain(&settings.allow_private_timestamp);
        let cache = settings.cache.as_ref().and_then(|cache| {
            cache::Cache::open(cache)
                .inspect_err(|fault| {
                    tracing::warn!(fault = %fault.chain(), "going on without a cache for fetched evidence");
                })
                .ok()
        });
        Self {
            agent: agent(settings.allow_private.clone()),
            strangers: agent(Vec::new()),
            authorities: agent(own.cloned().collect()),
            pool: timestamp::Pool::new(&settings.timestamp),
            cache,
            settings: settings.clone(),
        }
    }

    /// Time for the status of all certificates of one file: twice that of one, so that a few slow sources are borne and a file that
    /// names many does not hold its reader up for minutes.
    #[must_use]
    pub fn budget_for_file(&self) -> Budget {
        Budget::of_ms(self.settings.budget_ms.saturating_mul(2))
    }

    fn address(&self, url: &str) -> String {
        for (from, to) in &self.settings.rewrite {
            if let Some(rest) = url.strip_prefix(from.as_str()) {
                return format!("{to}{rest}");
            }
        }
        url.to_owned()
    }
}
