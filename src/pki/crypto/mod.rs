//! The seam to the cryptographic library: which signature algorithm, which key, does this signature hold.
//!
//! # Invariants
//! * OpenSSL is named here and where a certificate keeps its handle ([`super::cert::Certificate::openssl`]); another backend replaces these.
//! * Only public-key operations: signing is done elsewhere, over what this layer hands out.
//! * An algorithm's age is not judged here: SHA-1 verifies, and whoever asks decides what that is worth.

mod algorithm;
mod key;

#[cfg(test)]
mod tests;

use std::fmt;

use openssl::hash::MessageDigest;

pub use algorithm::SignatureAlgorithm;
pub use key::{Curve, KeyFacts, KeyKind, PublicKey};

use super::Malformed;
use super::digest::DigestAlgorithm;

/// Why a signature could not be found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyFailure {
    /// The signature does not belong to these bytes and this key.
    Mismatch,
    /// No implementation for this identifier here.
    UnsupportedAlgorithm {
        oid: String,
    },
    /// The key is of another kind than the algorithm (an RSA signature under an EC key).
    WrongKeyKind,
    /// The key could not be used: malformed, not on its curve, too large.
    BadKey,
    /// The algorithm signs messages, not digests (Ed25519, RFC 8032), and only a digest was given.
    NeedsMessage,
    /// A digest of another length than the algorithm's.
    WrongDigestLength,
    Malformed(Malformed),
    /// The library failed otherwise; its own words.
    Backend(String),
}

impl fmt::Display for VerifyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch => f.write_str("the signature does not match"),
            Self::UnsupportedAlgorithm { oid } => write!(f, "unsupported algorithm {oid}"),
            Self::WrongKeyKind => f.write_str("the key is of another kind than the signature"),
            Self::BadKey => f.write_str("the public key is not usable"),
            Self::NeedsMessage => f.write_str("this algorithm needs the whole message"),
            Self::WrongDigestLength => f.write_str("the digest has the wrong length"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Backend(text) => write!(f, "cryptographic library: {text}"),
        }
    }
}

impl std::error::Error for VerifyFailure {}

impl From<Malformed> for VerifyFailure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// A hash that the `sha2` crate does not have, from the library.
#[derive(Clone)]
pub(super) struct StreamingDigest(Option<openssl::hash::Hasher>);

impl StreamingDigest {
    pub(super) fn new(algorithm: DigestAlgorithm) -> Self {
        Self(openssl::hash::Hasher::new(openssl_digest(algorithm)).ok())
    }

    /// A failure takes the state away; the digest is then empty and matches nothing.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0 = self
            .0
            .take()
            .and_then(|mut hasher| hasher.update(bytes).ok().map(|()| hasher));
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
            .and_then(|mut hasher| hasher.finish().ok())
            .map(|digest| digest.to_vec())
            .unwrap_or_default()
    }
}

/// The library's name for a hash, for whoever signs with keys that it holds.
pub fn openssl_digest(algorithm: DigestAlgorithm) -> MessageDigest {
    match algorithm {
        DigestAlgorithm::Sha1 => MessageDigest::sha1(),
        DigestAlgorithm::Sha224 => MessageDigest::sha224(),
        DigestAlgorithm::Sha256 => MessageDigest::sha256(),
        DigestAlgorithm::Sha384 => MessageDigest::sha384(),
        DigestAlgorithm::Sha512 => MessageDigest::sha512(),
        DigestAlgorithm::Sha3_256 => MessageDigest::sha3_256(),
        DigestAlgorithm::Sha3_384 => MessageDigest::sha3_384(),
        DigestAlgorithm::Sha3_512 => MessageDigest::sha3_512(),
    }
}

/// The library's own form of a certificate, for path validation by it.
pub(super) fn openssl_certificate(der: &[u8]) -> Result<openssl::x509::X509, VerifyFailure> {
    openssl::x509::X509::from_der(der).map_err(|error| VerifyFailure::Backend(error.to_string()))
}
