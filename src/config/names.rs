//! Names and addresses as text: which forms are accepted, and what is said where they are not.
//!
//! # What is not here
//! Whether anybody answers there: nothing is resolved or asked.

use std::str::FromStr;

use super::Mistake;
use crate::tlog::KeyName;

/// The public address of the pages, without its trailing slash: `scheme://host[:port]` and nothing else, since paths are put behind it.
///
/// # Errors
/// What is wrong with it, under the key `base_url`.
pub fn check_base_url(text: &str) -> Result<String, Mistake> {
    let site = text.trim_end_matches('/');
    if without_scheme(site).is_some_and(is_authority) {
        return Ok(site.to_owned());
    }
    Err(Mistake {
        key: "base_url".into(),
        wrong: format!("`{text}` is not the http or https address of a site"),
        remedy: "write scheme and host, with a port where it needs one, and no user, path, query or fragment, like \"https://ketqua.example.gov.vn\"; it can never change once results carry it".into(),
    })
}

/// C2SP tlog-checkpoint: the origin is a schema-less URL; signed-note: without blanks and plus signs, and no longer than a key name.
///
/// # Errors
/// What is wrong with it, under the key `log.origin`.
pub fn check_origin(text: &str) -> Result<KeyName, Mistake> {
    let name = KeyName::from_str(text)
        .ok()
        .filter(|_| !text.contains("://") && !text.ends_with('/'));
    name.ok_or_else(|| Mistake {
        key: "log.origin".into(),
        wrong: format!("`{text}` can't name a log"),
        remedy: "write a host and path without scheme, blanks, plus sign or trailing slash (at most 255 bytes), like \"ketqua.example.gov.vn/log\"; it can never change".into(),
    })
}

/// An http or https address of any kind; it is used as written, since a slash at the end is part of its path.
pub(super) fn is_http_address(text: &str) -> bool {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let authority = without_scheme(text)
        .filter(|rest| !rest.contains(is_blank))
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    // RFC 3986 3.2.1: a name and a password before `@` would be shown wherever the address is.
    authority.is_some_and(|a| !a.contains('@') && is_authority(a))
}

/// `host:port`, an IPv6 address in brackets: the form that the address guard compares.
pub(super) fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && is_port(port))
}

fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
}

fn is_authority(text: &str) -> bool {
    is_host(text) || is_host_and_port(text)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    // RFC 1035 2.3.4: a name has at most 255 octets. Names beyond ASCII go by their ACE form (RFC 5890).
    let is_of_a_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !text.is_empty()
        && text.len() <= 255
        && !text.starts_with(['.', '-'])
        && text.bytes().all(is_of_a_name)
}
