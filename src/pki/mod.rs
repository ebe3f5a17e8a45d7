//! Certificates and signed messages: X.509, CMS, time-stamps, OCSP and CRLs, read and written.
//!
//! # Contents
//! * [`der`]: reading and writing the encoding (X.690); [`oid`]: object identifiers.
//! * [`digest`] and [`crypto`]: hash functions and signature checks; `crypto` and [`cert`] are the seam behind which OpenSSL stands.
//! * [`cert`]: X.509 certificates and names (RFC 5280).
//! * [`cms`]: SignedData with CAdES attributes (RFC 5652, RFC 5035, EN 319 122-1).
//! * [`tsp`]: time-stamp requests, responses and tokens (RFC 3161, RFC 5816).
//! * [`ocsp`], [`crl`]: revocation information (RFC 6960, RFC 5280 5).
//! * [`issue`]: building certificates.
//!
//! # Invariants
//! * Pure: bytes in, values out. Private keys never come here: whatever must be signed is handed out (`to_be_signed`), the signature is handed in
//!   (`finish`, `assemble`).
//! * Signatures are checked over the bytes as they were received, never over a re-encoding of what was understood.
//! * No input can cause a panic or unbounded work: every parser runs under the budgets of [`der`].
//!
//! # What is not here
//! No PDF, no trust decision, no clock, no network.

pub mod cert;
pub mod cms;
pub mod crl;
pub mod crypto;
pub mod der;
pub mod digest;
pub mod issue;
pub mod ocsp;
pub mod oid;
pub mod tsp;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

/// The bytes are not what they are said to be; the only error of every parser below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The innermost structure that could not be read, in the words of its standard.
    pub what: &'static str,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed encoding: {}", self.what)
    }
}

impl std::error::Error for Malformed {}
