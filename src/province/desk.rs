//! The face of the trust services towards the network, as a function from request to answer: the program's own listener
//! and every test's listener put the same one behind their sockets.
//!
//! # Invariants
//! * The URLs that certificates carry are formed here ([`Urls`]) and answered here ([`Province::visit`]).
//! * What is answered is public: certificates, CRLs, OCSP and time-stamp responses, never a key.
//!
//! # What is not here
//! Sockets, header lines, limits on the size of a body: whoever listens sees to these.

use std::borrow::Cow;

use super::{Now, Province};
use crate::record::Fault;

/// The two methods that RFC 3161 3.4, RFC 6960 appendix A and RFC 2585 ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// A body and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// How long a cache may keep it; `None`: not at all.
    pub max_age_s: Option<u32>,
}

/// Where the trust services are reached.
pub(super) struct Urls<'a> {
    base_url: &'a str,
}

/// Everything lies under this path.
const PREFIX: &str = "/pki/";
/// A certificate of an authority never changes; a day keeps caches small all the same.
const CA_MAX_AGE_S: u32 = 86_400;

impl<'a> Urls<'a> {
    pub fn new(base_url: &'a str) -> Self {
        Self { base_url }
    }

    pub fn tsa(&self) -> String {
        format!("{}{PREFIX}tsa", self.base_url)
    }

    pub fn ocsp(&self) -> String {
        format!("{}{PREFIX}ocsp", self.base_url)
    }

    pub fn crl(&self, authority: &str) -> String {
        format!("{}{PREFIX}crl/{authority}.crl", self.base_url)
    }

    pub fn ca_certificate(&self, authority: &str) -> String {
        format!("{}{PREFIX}ca/{authority}.cer", self.base_url)
    }
}

impl Province {
    /// Answers a request to the trust services; `Ok(None)` where there is nothing at that path for that method.
    ///
    /// `path` begins with `/pki/`; it may be percent-encoded still or decoded already.
    ///
    /// # Errors
    /// A CRL could not be signed. Failures of the time-stamping authority and of the responder are answers.
    pub fn visit(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
        now: Now,
    ) -> Result<Option<Answer>, Fault> {
        let Some(path) = path.strip_prefix(PREFIX) else {
            return Ok(None);
        };
        let answer = match (method, path) {
            // RFC 3161 3.4
            (Method::Post, "tsa") => Answer {
                content_type: "application/timestamp-reply",
                body: self.timestamp_authority().answer(body, now),
                max_age_s: None,
            },
            // RFC 6960 A.1
            (Method::Post, "ocsp") => self.ocsp_answer(body, now),
            (Method::Get, _) => match path.split_once('/') {
                Some(("ocsp", encoded)) => {
                    // What is no base64 is no request either: the responder says so itself.
                    let request = super::ocsp::request_of_path(encoded)
                        .map_or(Cow::Borrowed(&[][..]), Cow::Owned);
                    self.ocsp_answer(&request, now)
                }
                // RFC 2585 4.2
                Some(("crl", file)) => match file.strip_suffix(".crl") {
                    Some(authority) if self.is_authority(authority) => Answer {
                        content_type: "application/pkix-crl",
                        body: self.crl(authority, now.at)?.to_vec(),
                        max_age_s: Some(super::crl::REISSUE_AFTER_S),
                    },
                    _ => return Ok(None),
                },
                // RFC 2585 4.1
                Some(("ca", file)) => {
                    match file.strip_suffix(".cer").and_then(|name| self.entity(name)) {
                        Some(authority) if self.is_authority(authority.name()) => Answer {
                            content_type: "application/pkix-cert",
                            body: authority.certificate().der().to_vec(),
                            max_age_s: Some(CA_MAX_AGE_S),
                        },
                        _ => return Ok(None),
                    }
                }
                _ => return Ok(None),
            },
            (Method::Post, _) => return Ok(None),
        };
        Ok(Some(answer))
    }

    fn ocsp_answer(&self, request: &[u8], now: Now) -> Answer {
        Answer {
            content_type: "application/ocsp-response",
            body: self.ocsp_responder().answer(request, now.at),
            max_age_s: None,
        }
    }
}
