//! The address guard: names in certificates are written by strangers, so what they resolve to is checked before a byte is sent.
//!
//! # Invariants
//! * One address outside the public ranges is enough to refuse a name, unless `host:port` is listed.

use std::net::{IpAddr, SocketAddr};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

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
            allow,
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
        let listed =
            super::host_and_port(&uri.to_string()).is_some_and(|h| self.allow.contains(&h));
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
                "the address lies in a private, loopback or reserved range and is not listed under fetch.allow_private",
            )));
        }
        Ok(addresses)
    }
}

/// Reachable on the public Internet: not one of the special-purpose ranges of RFC 6890 that lead back inside.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, _, _] = v4.octets();
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
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                let [first, second, ..] = v6.segments();
                // RFC 4291: 2000::/3 is the global unicast space; RFC 3056 6to4 and RFC 4380 Teredo embed IPv4 targets.
                (first & 0xe000) == 0x2000 && first != 0x2002 && !(first == 0x2001 && second == 0)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[track_caller]
    fn check(ip: &str, public: bool) {
        assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
    }

    #[test]
    fn inner_addresses_are_told_from_public_ones() {
        check("127.0.0.1", false);
        check("10.1.2.3", false);
        check("169.254.169.254", false);
        check("100.64.0.1", false);
        check("0.0.0.0", false);
        check("::1", false);
        check("fe80::1", false);
        check("fd00::1", false);
        check("::ffff:10.0.0.1", false);
        check("2002:0a00:0001::1", false);
        check("203.0.113.9", false);
        check("8.8.8.8", true);
        check("2606:4700::1111", true);
    }
}
