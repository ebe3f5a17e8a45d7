//! Signature algorithms and their AlgorithmIdentifiers (RFC 3279, RFC 4055, RFC 5754, RFC 5758, RFC 8410, RFC 8419).
//!
//! # Invariants
//! * What is written is what validators of all kinds read: RSA with NULL parameters, ECDSA and Ed25519 with none, PSS with all of them explicit.

use super::super::der::{Reader, only, tag, write};
use super::super::digest::DigestAlgorithm;
use super::super::{Malformed, oid};
use super::{Curve, KeyFacts, KeyKind, VerifyFailure};

const WHAT: &str = "signature AlgorithmIdentifier";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    RsaPkcs1 {
        digest: DigestAlgorithm,
    },
    RsaPss {
        digest: DigestAlgorithm,
        mgf1: DigestAlgorithm,
        salt_bytes: u32,
    },
    Ecdsa {
        digest: DigestAlgorithm,
    },
    Ed25519,
}

/// Identifiers that fix the hash.
const COMBINED: &[(&[u8], SignatureAlgorithm)] = {
    use DigestAlgorithm::{Sha1, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, RsaPkcs1};
    &[
        (oid::RSA_SHA_256, RsaPkcs1 { digest: Sha256 }),
        (oid::RSA_SHA_384, RsaPkcs1 { digest: Sha384 }),
        (oid::RSA_SHA_512, RsaPkcs1 { digest: Sha512 }),
        (oid::RSA_SHA_1, RsaPkcs1 { digest: Sha1 }),
        (oid::RSA_SHA_224, RsaPkcs1 { digest: Sha224 }),
        (oid::RSA_SHA3_256, RsaPkcs1 { digest: Sha3_256 }),
        (oid::RSA_SHA3_384, RsaPkcs1 { digest: Sha3_384 }),
        (oid::RSA_SHA3_512, RsaPkcs1 { digest: Sha3_512 }),
        (oid::ECDSA_SHA_256, Ecdsa { digest: Sha256 }),
        (oid::ECDSA_SHA_384, Ecdsa { digest: Sha384 }),
        (oid::ECDSA_SHA_512, Ecdsa { digest: Sha512 }),
        (oid::ECDSA_SHA_1, Ecdsa { digest: Sha1 }),
        (oid::ECDSA_SHA_224, Ecdsa { digest: Sha224 }),
        (oid::ECDSA_SHA3_256, Ecdsa { digest: Sha3_256 }),
        (oid::ECDSA_SHA3_384, Ecdsa { digest: Sha3_384 }),
        (oid::ECDSA_SHA3_512, Ecdsa { digest: Sha3_512 }),
        (oid::ED25519, SignatureAlgorithm::Ed25519),
    ]
};

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier. `cms_digest` is the SignerInfo's digest algorithm, which completes identifiers that name no hash
    /// (rsaEncryption, RFC 3370 3.2); outside CMS there is none.
    pub fn from_der(
        algorithm_identifier: &[u8],
        cms_digest: Option<DigestAlgorithm>,
    ) -> Result<Self, VerifyFailure> {
        let mut fields = only(algorithm_identifier, tag::SEQUENCE, WHAT)?.reader();
        let identifier = fields.oid(WHAT)?;
        if identifier == oid::RSA_PSS {
            return read_pss(fields.rest());
        }
        let unsupported = || VerifyFailure::UnsupportedAlgorithm {
            oid: oid::dotted(identifier),
        };
        // RFC 4055 2.1: NULL for RSA; RFC 5758 3.2, RFC 8410 3: none for the others. Both are seen with both, and neither carries meaning.
        fields.optional(tag::NULL, WHAT)?;
        fields.finish(WHAT)?;
        let combined = COMBINED.iter().find(|(body, _)| *body == identifier);
        match (combined, cms_digest) {
            (Some((_, algorithm)), _) => Ok(*algorithm),
            (None, Some(digest)) if identifier == oid::RSA_ENCRYPTION => {
                Ok(Self::RsaPkcs1 { digest })
            }
            _ => Err(unsupported()),
        }
    }

    pub fn to_der(self) -> Vec<u8> {
        let identifier = |wanted: Self| {
            COMBINED
                .iter()
                .find(|(_, algorithm)| *algorithm == wanted)
                .map(|(body, _)| write::oid(body))
                .unwrap_or_default()
        };
        match self {
            Self::RsaPkcs1 { .. } => write::sequence(&[identifier(self), write::null()]),
            Self::Ecdsa { .. } | Self::Ed25519 => write::sequence(&[identifier(self)]),
            Self::RsaPss {
                digest,
                mgf1,
                salt_bytes,
            } => write::sequence(&[write::oid(oid::RSA_PSS), pss(digest, mgf1, salt_bytes)]),
        }
    }

    /// The hash that is signed; none for Ed25519, which signs the message.
    pub const fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::RsaPkcs1 { digest } | Self::RsaPss { digest, .. } | Self::Ecdsa { digest } => {
                Some(digest)
            }
            Self::Ed25519 => None,
        }
    }

    /// The digestAlgorithm that goes with it in CMS. RFC 8419 2.3: SHA-512 with Ed25519.
    pub fn cms_digest(self) -> DigestAlgorithm {
        self.digest().unwrap_or(DigestAlgorithm::Sha512)
    }

    pub fn name(self) -> String {
        match self {
            Self::RsaPkcs1 { digest } => format!("RSASSA-PKCS1-v1_5 with {}", digest.name()),
            Self::RsaPss { digest, .. } => format!("RSASSA-PSS with {}", digest.name()),
            Self::Ecdsa { digest } => format!("ECDSA with {}", digest.name()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }

    /// What a key of this kind signs with where nothing else is asked for: a hash of the key's strength, RSA by PKCS#1 v1.5, which every
    /// validator reads.
    pub fn natural_for(key: KeyFacts) -> Option<Self> {
        let digest = DigestAlgorithm::Sha256;
        match key.kind {
            KeyKind::Rsa => Some(Self::RsaPkcs1 { digest }),
            KeyKind::RsaPss => Some(Self::pss_for(digest)),
            KeyKind::Ec(Curve::P256) => Some(Self::Ecdsa { digest }),
            KeyKind::Ec(Curve::P384) => Some(Self::Ecdsa {
                digest: DigestAlgorithm::Sha384,
            }),
            KeyKind::Ec(Curve::P521) => Some(Self::Ecdsa {
                digest: DigestAlgorithm::Sha512,
            }),
            KeyKind::Ed25519 => Some(Self::Ed25519),
            KeyKind::Ec(Curve::Other) | KeyKind::Other => None,
        }
    }

    /// RFC 4055 3.1: the same hash for message and mask, a salt as long as the hash.
    pub fn pss_for(digest: DigestAlgorithm) -> Self {
        Self::RsaPss {
            digest,
            mgf1: digest,
            salt_bytes: u32::try_from(digest.output_bytes()).unwrap_or(32),
        }
    }
}

/// RFC 4055 3.1, RSASSA-PSS-params, every field given: left out, they would mean SHA-1.
fn pss(digest: DigestAlgorithm, mgf1: DigestAlgorithm, salt_bytes: u32) -> Vec<u8> {
    let mask = write::sequence(&[write::oid(oid::MGF1), mgf1.algorithm_identifier()]);
    write::sequence(&[
        write::explicit(0, &digest.algorithm_identifier()),
        write::explicit(1, &mask),
        write::explicit(2, &write::small_integer(salt_bytes)),
    ])
}

fn read_pss(parameters: &[u8]) -> Result<SignatureAlgorithm, VerifyFailure> {
    const PARAMS: &str = "RSASSA-PSS-params";
    // RFC 4055 3.1: inside a signature's identifier the parameters must be there.
    let mut fields = only(parameters, tag::SEQUENCE, PARAMS)?.reader();
    let mut digest = DigestAlgorithm::Sha1;
    let mut mgf1 = DigestAlgorithm::Sha1;
    let mut salt_bytes = 20;
    if let Some(field) = fields.optional(tag::context_constructed(0), PARAMS)? {
        digest = known_digest(&mut field.reader())?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(1), PARAMS)? {
        let mut mask = field.reader().sequence(PARAMS)?;
        let function = mask.oid(PARAMS)?;
        if function != oid::MGF1 {
            return Err(VerifyFailure::UnsupportedAlgorithm {
                oid: oid::dotted(function),
            });
        }
        mgf1 = known_digest(&mut mask)?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(2), PARAMS)? {
        salt_bytes = field.reader().small_integer(PARAMS)?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(3), PARAMS)?
        && field.reader().small_integer(PARAMS)? != 1
    {
        return Err(Malformed::new("RSASSA-PSS-params trailerField").into());
    }
    fields.finish(PARAMS)?;
    // RFC 8017 9.1.1: the salt fits the encoded message; 16,384 bits is the largest modulus the library takes.
    if salt_bytes > 2048 {
        return Err(Malformed::new("RSASSA-PSS-params saltLength").into());
    }
    Ok(SignatureAlgorithm::RsaPss {
        digest,
        mgf1,
        salt_bytes,
    })
}

fn known_digest(reader: &mut Reader<'_>) -> Result<DigestAlgorithm, VerifyFailure> {
    let (identifier, known) = DigestAlgorithm::read(reader)?;
    known.ok_or_else(|| VerifyFailure::UnsupportedAlgorithm {
        oid: oid::dotted(identifier),
    })
}
