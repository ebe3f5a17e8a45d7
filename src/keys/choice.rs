//! Which algorithm a key signs with: what the operator chose, else what suits the kind of key; nothing weak is ever chosen.

use std::fmt;

use crate::pki::crypto::{Curve, KeyFacts, KeyKind, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm;

/// How an RSA key signs (RFC 8017 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaScheme {
    /// RSASSA-PSS, with MGF1 over the same hash and a salt as long as the hash.
    Pss,
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
}

/// What the operator chose; what is left open follows from the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlgorithmChoice {
    pub rsa: Option<RsaScheme>,
    pub digest: Option<DigestAlgorithm>,
}

impl AlgorithmChoice {
    pub const NATURAL: Self = Self {
        rsa: None,
        digest: None,
    };
}

/// Why a key is not signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsuited {
    /// Only SHA-256, SHA-384 and SHA-512 are made.
    Digest(DigestAlgorithm),
    TooShort {
        bits: u32,
        least: u32,
    },
    /// A kind of key that signatures are not made with.
    Kind,
    /// PKCS#1 v1.5 asked of a key that is restricted to PSS (RFC 4055 1.2).
    PssOnly,
    /// A scheme of RSA chosen for a key that is none.
    NotRsa,
    /// Ed25519 fixes its hash.
    FixedDigest,
}

impl fmt::Display for Unsuited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => write!(
                f,
                "{} is not used for new signatures; take sha256, sha384 or sha512",
                digest.name()
            ),
            Self::TooShort { bits, least } => write!(
                f,
                "the key is too short for new signatures ({bits} bits, at least {least})"
            ),
            Self::Kind => f.write_str(
                "keys of this kind are not used for signing here; take RSA, P-256, P-384, P-521 or Ed25519",
            ),
            Self::PssOnly => {
                f.write_str("this RSA key may only be used with PSS; take signature = \"pss\"")
            }
            Self::NotRsa => f.write_str("`signature` is a choice for RSA keys only, and this is none; leave it out"),
            Self::FixedDigest => f.write_str("Ed25519 has one hash of its own; leave `digest` out"),
        }
    }
}

impl std::error::Error for Unsuited {}

/// TS 119 312 V1.5.1: RSA from 2,048 bits (as issued by the national authorities), curves from 256.
const RSA_LEAST_BITS: u32 = 2_048;

/// The algorithm for a key of this kind.
///
/// # Errors
/// Why there is none.
pub fn algorithm_for(
    key: KeyFacts,
    choice: AlgorithmChoice,
) -> Result<SignatureAlgorithm, Unsuited> {
    if let Some(digest) = choice.digest
        && !matches!(
            digest,
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512
        )
    {
        return Err(Unsuited::Digest(digest));
    }
    let is_rsa = matches!(key.kind, KeyKind::Rsa | KeyKind::RsaPss);
    if is_rsa && key.bits < RSA_LEAST_BITS {
        return Err(Unsuited::TooShort {
            bits: key.bits,
            least: RSA_LEAST_BITS,
        });
    }
    if choice.rsa.is_some() && !is_rsa {
        return Err(Unsuited::NotRsa);
    }
    let digest = |natural| choice.digest.unwrap_or(natural);
    match key.kind {
        KeyKind::RsaPss if choice.rsa == Some(RsaScheme::Pkcs1) => Err(Unsuited::PssOnly),
        KeyKind::Rsa | KeyKind::RsaPss => {
            let digest = digest(DigestAlgorithm::Sha256);
            Ok(match choice.rsa.unwrap_or(RsaScheme::Pss) {
                RsaScheme::Pss => SignatureAlgorithm::pss_for(digest),
                RsaScheme::Pkcs1 => SignatureAlgorithm::RsaPkcs1 { digest },
            })
        }
        KeyKind::Ec(curve) => {
            // FIPS 186-5 6.1.1: a hash no shorter than the curve is strong.
            let natural = match curve {
                Curve::P256 => DigestAlgorithm::Sha256,
                Curve::P384 => DigestAlgorithm::Sha384,
                Curve::P521 => DigestAlgorithm::Sha512,
                Curve::Other => return Err(Unsuited::Kind),
            };
            Ok(SignatureAlgorithm::Ecdsa {
                digest: digest(natural),
            })
        }
        KeyKind::Ed25519 if choice.digest.is_some() => Err(Unsuited::FixedDigest),
        KeyKind::Ed25519 => Ok(SignatureAlgorithm::Ed25519),
        KeyKind::Other => Err(Unsuited::Kind),
    }
}
