//! Which algorithms still prove something: dated data after ETSI TS 119 312 V1.5.1 and the national list of standards.
//!
//! # Invariants
//! * A rule names the last moment at which it may be relied on; the moment judged is an argument.

use crate::pki::crypto::{KeyFacts, KeyKind};
use crate::pki::digest::DigestAlgorithm;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmWeakness {
    pub algorithm: String,
    /// Unix seconds after which it may no longer be relied on.
    pub since_s: i64,
}

/// 2012-08-01T00:00:00Z, the end of SHA-1 in TS 119 312.
const SHA1_END: i64 = 1_343_779_200;
/// 2029-01-01T00:00:00Z, the end of SHA-224 and of RSA under 3,000 bits in TS 119 312.
const YEAR_2029: i64 = 1_861_920_000;
/// 2019-10-01T00:00:00Z, the end of RSA under 1,900 bits in TS 119 312.
const RSA_SHORT_END: i64 = 1_569_888_000;
/// 2021-10-01T00:00:00Z, the end of elliptic curves under 256 bits in TS 119 312.
const EC_SHORT_END: i64 = 1_633_046_400;

/// From when on the digest is not to be relied on; `None` while no end is in sight.
#[must_use]
pub const fn digest_end(digest: DigestAlgorithm) -> Option<i64> {
    match digest {
        DigestAlgorithm::Sha1 => Some(SHA1_END),
        DigestAlgorithm::Sha224 => Some(YEAR_2029),
        DigestAlgorithm::Sha256
        | DigestAlgorithm::Sha384
        | DigestAlgorithm::Sha512
        | DigestAlgorithm::Sha3_256
        | DigestAlgorithm::Sha3_384
        | DigestAlgorithm::Sha3_512 => None,
    }
}

/// # Errors
/// The digest is not to be relied on at `at_s`.
pub fn check_digest(digest: DigestAlgorithm, at_s: i64) -> Result<(), AlgorithmWeakness> {
    held_until(digest_end(digest), at_s, digest.name())
}

/// From when on such a key is not to be relied on; `None` while no end is in sight.
#[must_use]
pub fn key_end(key: KeyFacts) -> Option<i64> {
    end_and_name(key).0
}

/// # Errors
/// The key is too short to be relied on at `at_s`, or of a kind that the lists do not know.
pub fn check_key(key: KeyFacts, at_s: i64) -> Result<(), AlgorithmWeakness> {
    let (end, name) = end_and_name(key);
    held_until(end, at_s, &name)
}

fn end_and_name(key: KeyFacts) -> (Option<i64>, String) {
    match key.kind {
        KeyKind::Rsa | KeyKind::RsaPss if key.bits < 1_900 => {
            (Some(RSA_SHORT_END), format!("RSA with {} bits", key.bits))
        }
        KeyKind::Rsa | KeyKind::RsaPss if key.bits < 3_000 => {
            (Some(YEAR_2029), format!("RSA with {} bits", key.bits))
        }
        KeyKind::Ec(_) if key.bits < 256 => (
            Some(EC_SHORT_END),
            format!("an elliptic curve of {} bits", key.bits),
        ),
        KeyKind::Rsa | KeyKind::RsaPss | KeyKind::Ec(_) | KeyKind::Ed25519 => (None, String::new()),
        KeyKind::Other => (Some(i64::MIN), "a key of unknown kind".to_owned()),
    }
}

fn held_until(end: Option<i64>, at_s: i64, name: &str) -> Result<(), AlgorithmWeakness> {
    match end {
        Some(end) if at_s >= end => Err(AlgorithmWeakness {
            algorithm: name.to_owned(),
            since_s: end,
        }),
        _ => Ok(()),
    }
}
