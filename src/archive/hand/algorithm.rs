//! The algorithms that a person's key may sign with, by the names that the API uses, and the two forms of ECDSA signatures.

use serde::{Deserialize, Serialize};

use crate::pki::crypto::{Curve, KeyFacts, KeyKind, SignatureAlgorithm};
use crate::pki::der::write;
use crate::pki::digest::DigestAlgorithm;

/// Nothing weaker than SHA-256 has a name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandAlgorithm {
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
}

impl HandAlgorithm {
    /// Tokens in the field sign RSA by PKCS#1 v1.5; few can PSS, so it has to be asked for.
    pub(super) const fn usual_for(key: KeyFacts) -> Option<Self> {
        match key.kind {
            KeyKind::Rsa => Some(Self::RsaPkcs1Sha256),
            KeyKind::RsaPss => Some(Self::RsaPssSha256),
            KeyKind::Ec(Curve::P256) => Some(Self::EcdsaSha256),
            KeyKind::Ec(Curve::P384) => Some(Self::EcdsaSha384),
            KeyKind::Ec(Curve::P521) => Some(Self::EcdsaSha512),
            KeyKind::Ed25519 => Some(Self::Ed25519),
            KeyKind::Ec(Curve::Other) | KeyKind::Other => None,
        }
    }

    pub(super) const fn fits(self, key: KeyFacts) -> bool {
        match self {
            Self::RsaPkcs1Sha256 | Self::RsaPkcs1Sha384 | Self::RsaPkcs1Sha512 => {
                matches!(key.kind, KeyKind::Rsa)
            }
            Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512 => {
                matches!(key.kind, KeyKind::Rsa | KeyKind::RsaPss)
            }
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => {
                matches!(
                    key.kind,
                    KeyKind::Ec(Curve::P256 | Curve::P384 | Curve::P521)
                )
            }
            Self::Ed25519 => matches!(key.kind, KeyKind::Ed25519),
        }
    }

    pub(super) fn algorithm(self) -> SignatureAlgorithm {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        match self {
            Self::RsaPkcs1Sha256 => SignatureAlgorithm::RsaPkcs1 { digest: Sha256 },
            Self::RsaPkcs1Sha384 => SignatureAlgorithm::RsaPkcs1 { digest: Sha384 },
            Self::RsaPkcs1Sha512 => SignatureAlgorithm::RsaPkcs1 { digest: Sha512 },
            Self::RsaPssSha256 => SignatureAlgorithm::pss_for(Sha256),
            Self::RsaPssSha384 => SignatureAlgorithm::pss_for(Sha384),
            Self::RsaPssSha512 => SignatureAlgorithm::pss_for(Sha512),
            Self::EcdsaSha256 => SignatureAlgorithm::Ecdsa { digest: Sha256 },
            Self::EcdsaSha384 => SignatureAlgorithm::Ecdsa { digest: Sha384 },
            Self::EcdsaSha512 => SignatureAlgorithm::Ecdsa { digest: Sha512 },
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }
}

/// How a signature is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureForm {
    /// As it stands in CMS: for ECDSA a SEQUENCE of two INTEGERs (RFC 3279 2.2.3), otherwise the octets.
    #[default]
    Cms,
    /// ECDSA as PKCS#11 gives it: r and s one after the other, each as long as the curve's order.
    Raw,
}

/// The signature as CMS carries it. `None`: not two numbers of equal length.
pub(super) fn cms_form(
    signature: Vec<u8>,
    form: SignatureForm,
    algorithm: SignatureAlgorithm,
) -> Option<Vec<u8>> {
    match (form, algorithm) {
        (SignatureForm::Raw, SignatureAlgorithm::Ecdsa { .. }) => {
            // The longest order here is that of P-521: 66 octets.
            if signature.is_empty() || !signature.len().is_multiple_of(2) || signature.len() > 132 {
                return None;
            }
            let (r, s) = signature.split_at_checked(signature.len() / 2)?;
            Some(write::sequence(&[
                write::unsigned_integer(r),
                write::unsigned_integer(s),
            ]))
        }
        _ => Some(signature),
    }
}
