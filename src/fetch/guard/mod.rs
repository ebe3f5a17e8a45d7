//! The address guard: names in certificates are written by strangers, so what they resolve to is checked before a byte is sent.
//!
//! # Invariants
//! * One address outside the public ranges is enough to refuse a name, unless `host:port` is listed.
//! * What was checked is what is connected to: the name is not looked up again.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// What the client's error says where the guard refused; `wire` recognises it by these words.
pub(super) const REFUSED: &str = "the address lies in a private, loopback or reserved range and is not listed under fetch.allow_private";

pub(super) struct GuardedResolver {
    inner: DefaultResolver,
    allow: Vec<String>,
}

impl std::fmt::Debug for GuardedResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedResolver")
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
}

impl GuardedResolver {
    pub(super) fn new(allow: Vec<String>) -> Self {
        Self {
            inner: DefaultResolver::default(),
            allow: allow.iter().map(|a| a.to_ascii_lowercase()).collect(),
        }
    }
}

impl Resolver for GuardedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let listed = super::host_and_port(&uri.to_string())
            .is_some_and(|h| self.allow.contains(&h.to_ascii_lowercase()));
        // A literal address needs no look-up (and no thread to bound one).
        let literal = uri
            .host()
            .and_then(|h| h.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let addresses = if let Some(ip) = literal {
            let default_port = if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            };
            let mut one = self.empty();
            one.push(SocketAddr::new(ip, uri.port_u16().unwrap_or(default_port)));
            one
        } else {
            self.inner.resolve(uri, config, timeout)?
        };
        if !listed && addresses.iter().any(|a| !is_public(a.ip())) {
            return Err(ureq::Error::Io(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                REFUSED,
            )));
        }
        Ok(addresses)
    }
}

/// Reachable on the public Internet: not one of the special-purpose ranges of RFC 6890 that lead back inside.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                // RFC 6598: shared address space of carriers.
                || (a == 100 && (64..128).contains(&b))
                // RFC 6890 2.2.2: IETF protocol assignments; RFC 7526: the old 6to4 relays; RFC 2544: benchmarks.
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                let [first, second, ..] = v6.segments();
                // RFC 4291: 2000::/3 is the global unicast space. RFC 3056 6to4 (2002::/16) and RFC 4380 Teredo (2001::/32)
                // embed IPv4 targets; RFC 2928: 2001::/23 is for protocols; RFC 3849: 2001:db8::/32 is for documents.
                (first & 0xe000) == 0x2000
                    && first != 0x2002
                    && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
            }
        },
    }
}
