//! `[timestamp]` and `[fetch]`: whom evidence is fetched from, for how long is waited, and where it is kept.

use super::check::Checker;
use super::{names, raw};
use crate::fetch::{Authority, CacheSettings, OcspNonce, Settings, TimestampSettings};
use crate::pki::oid::ObjectId;

/// Where fetched evidence is kept, unless told otherwise: beside the configuration file.
const CACHE_DIR: &str = "cache";
/// Ten national revocation lists of 30 MB, and answers for some ten thousand certificates.
const CACHE_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// A revocation list may have 64 MB; less than twice that would throw one out for the other.
const CACHE_LEAST_BYTES: u64 = 128 * 1024 * 1024;
/// A terabyte: what is more is a slip of the keyboard.
const CACHE_MOST_BYTES: u64 = 1 << 40;

pub(super) fn check(
    c: &mut Checker<'_>,
    raw: &raw::Fetch,
    raw_timestamp: &raw::Timestamp,
) -> Settings {
    let defaults = Settings::default();
    let mut milliseconds = |key: &str, given: Option<u64>, default: u64, most: u64, why: &str| {
        let value = given.unwrap_or(default);
        c.within(key, value, 1..=most, why);
        value
    };
    let waits = "a clerk waits for the time-stamp, and 0 would wait for nothing";
    let timeout_ms = milliseconds(
        "fetch.timeout_ms",
        raw.timeout_ms,
        defaults.timeout_ms,
        60_000,
        waits,
    );
    let list_timeout_ms = milliseconds(
        "fetch.list_timeout_ms",
        raw.list_timeout_ms,
        defaults.list_timeout_ms,
        600_000,
        "a list that takes longer than ten minutes is never there when it is needed",
    );
    let budget_ms = milliseconds(
        "fetch.budget_ms",
        raw.budget_ms,
        defaults.budget_ms,
        600_000,
        "whoever asks for a verdict waits for the status of its certificates",
    );
    let timestamp = timestamp(c, raw_timestamp);
    let mut settings = Settings {
        timeout_ms,
        list_timeout_ms,
        budget_ms,
        ocsp_nonce: ocsp_nonce(c, raw.ocsp_nonce.as_deref()),
        cache: Some(cache(c, raw)),
        timestamp,
        ..defaults
    };
    for entry in &raw.allow_private {
        if !names::is_host_and_port(entry) {
            c.wrong(
                "fetch.allow_private",
                format!("`{entry}` is not host:port"),
                "write it without a scheme and with its port, like \"10.0.0.5:80\" or \"[fd00::5]:80\"",
            );
        }
        settings.allow_private.push(entry.clone());
    }
    // An address that the operator wrote down as authority is meant, wherever it lies; for time-stamps only.
    for authority in &settings.timestamp.authorities {
        if let Some(host) = crate::fetch::host_and_port(&authority.url) {
            settings.allow_private_timestamp.push(host);
        }
    }
    for rule in &raw.rewrite {
        settings.rewrite.push((
            c.http_url("fetch.rewrite", &rule.from),
            c.http_url("fetch.rewrite", &rule.to),
        ));
    }
    settings
}

fn timestamp(c: &mut Checker<'_>, raw: &raw::Timestamp) -> TimestampSettings {
    if raw.urls.is_empty() && raw.authority.is_empty() {
        c.wrong(
            "timestamp.urls",
            "no time-stamping authority is named",
            "give at least one RFC 3161 address; without one no result can be signed at level B-T",
        );
    }
    let defaults = TimestampSettings::default();
    let max_drift_s = raw.max_drift_s.unwrap_or(300);
    c.within(
        "timestamp.max_drift_s",
        max_drift_s,
        1..=86_400,
        "no clock agrees to the second with another's, and a day apart one of the two is wrong",
    );
    let budget_ms = raw.budget_ms.unwrap_or(defaults.budget_ms);
    c.within(
        "timestamp.budget_ms",
        budget_ms,
        1..=120_000,
        "a clerk waits for the time-stamp, and 0 would wait for nothing",
    );
    let mut authorities = Vec::new();
    for url in &raw.urls {
        authorities.push(Authority::plain(c.http_url("timestamp.urls", url)));
    }
    for authority in &raw.authority {
        authorities.push(one(c, authority));
    }
    for (n, authority) in authorities.iter().enumerate() {
        if authorities.iter().take(n).any(|a| a.url == authority.url) {
            c.wrong(
                "timestamp",
                format!("the authority {} stands twice", authority.url),
                "name each once, under `urls` or as [[timestamp.authority]]",
            );
        }
    }
    TimestampSettings {
        authorities,
        budget_ms,
        max_drift_s: i64::try_from(max_drift_s).unwrap_or(defaults.max_drift_s),
    }
}

fn one(c: &mut Checker<'_>, raw: &raw::Authority) -> Authority {
    let key = format!("timestamp.authority {}", raw.url);
    let url = c.http_url(&key, &raw.url);
    let mut policies = Vec::new();
    for text in &raw.policies {
        match ObjectId::from_dotted(text) {
            Ok(policy) => policies.push(policy),
            Err(_) => c.wrong(
                format!("{key}: policies"),
                format!("`{text}` is not an object identifier"),
                "write the numbers that the authority names in its policy, like \"1.3.6.1.4.1.99999.1\"",
            ),
        }
    }
    if let Some(ms) = raw.timeout_ms {
        c.within(
            &format!("{key}: timeout_ms"),
            ms,
            1..=60_000,
            "a clerk waits for the time-stamp, and 0 would wait for nothing",
        );
    }
    let credentials_file = raw.credentials_file.as_deref().map(|file| {
        // RFC 7617 4: whoever is on the way reads the password of a plain connection.
        if url.starts_with("http://") && !is_loopback(&url) {
            c.wrong(
                format!("{key}: credentials_file"),
                "over http the password can be read on the way",
                "give the authority's https address, or leave the credentials out",
            );
        }
        c.secret(&format!("{key}: credentials_file"), file)
    });
    Authority {
        url,
        policies,
        timeout_ms: raw.timeout_ms,
        credentials_file,
    }
}

fn is_loopback(url: &str) -> bool {
    let host = crate::fetch::host_and_port(url);
    let address = host.and_then(|h| h.parse::<std::net::SocketAddr>().ok());
    address.is_some_and(|a| a.ip().is_loopback())
}

fn ocsp_nonce(c: &mut Checker<'_>, given: Option<&str>) -> OcspNonce {
    match given {
        None | Some("offered") => OcspNonce::Offered,
        Some("required") => OcspNonce::Required,
        Some("omitted") => OcspNonce::Omitted,
        Some(other) => {
            c.wrong(
                "fetch.ocsp_nonce",
                format!("`{other}` is not a way to treat nonces"),
                "one of: offered (sent, may be missing in the answer), required, omitted",
            );
            OcspNonce::default()
        }
    }
}

fn cache(c: &mut Checker<'_>, raw: &raw::Fetch) -> CacheSettings {
    let dir = c.path(raw.cache_dir.as_deref().unwrap_or(CACHE_DIR));
    if dir.exists() && !dir.is_dir() {
        c.wrong(
            "fetch.cache_dir",
            format!("{} is not a folder", dir.display()),
            "name a folder of its own; it is made where it is missing",
        );
    }
    let max_bytes = raw.cache_max_bytes.unwrap_or(CACHE_MAX_BYTES);
    c.within(
        "fetch.cache_max_bytes",
        max_bytes,
        CACHE_LEAST_BYTES..=CACHE_MOST_BYTES,
        "one revocation list may have 64 MB, and two must fit",
    );
    CacheSettings { dir, max_bytes }
}
