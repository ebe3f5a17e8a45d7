//! How a token is told to sign: the mechanism, what it gets, and how its answer becomes the signature that CMS carries.
//!
//! # Invariants
//! * The message is hashed here and only its hash travels, where the token allows it.

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::types::Ulong;

use super::Attempt;
use super::objects::Access;
use super::token::Token;
use crate::keys::ecdsa;
use crate::keys::failure::KeyFailure;
use crate::pki::crypto::{KeyFacts, SignatureAlgorithm};
use crate::pki::der::write;
use crate::pki::digest::DigestAlgorithm;

/// A way to sign that the token offers.
#[derive(Debug)]
pub(super) struct Method {
    way: Way,
    access: Access,
    /// Length of r and s, for ECDSA.
    field_bytes: Option<usize>,
}

/// What is asked of the token. `Hashing` ones hash there.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// CKM_RSA_PKCS over a DigestInfo (RFC 8017 9.2).
    RsaPkcs1(DigestAlgorithm),
    RsaPkcs1Hashing(DigestAlgorithm),
    RsaPss(DigestAlgorithm),
    RsaPssHashing(DigestAlgorithm),
    Ecdsa(DigestAlgorithm),
    EcdsaHashing(DigestAlgorithm),
    Ed25519,
}

impl Method {
    pub fn new(
        algorithm: SignatureAlgorithm,
        key: KeyFacts,
        offered: &[MechanismType],
        access: Access,
    ) -> Result<Self, KeyFailure> {
        let (here, there, missing) = match algorithm {
            SignatureAlgorithm::RsaPkcs1 { digest } => (
                Way::RsaPkcs1(digest),
                Way::RsaPkcs1Hashing(digest),
                "CKM_RSA_PKCS or CKM_SHAx_RSA_PKCS",
            ),
            SignatureAlgorithm::RsaPss { digest, .. } => (
                Way::RsaPss(digest),
                Way::RsaPssHashing(digest),
                "CKM_RSA_PKCS_PSS or CKM_SHAx_RSA_PKCS_PSS",
            ),
            SignatureAlgorithm::Ecdsa { digest } => (
                Way::Ecdsa(digest),
                Way::EcdsaHashing(digest),
                "CKM_ECDSA or CKM_ECDSA_SHAx",
            ),
            SignatureAlgorithm::Ed25519 => (Way::Ed25519, Way::Ed25519, "CKM_EDDSA"),
        };
        // Between C_SignInit and C_Sign stands the PIN for each signature, and only signing in parts has a seam there: the token hashes.
        let ways: &[Way] = match access {
            Access::Login => &[here, there],
            Access::EachSignature => &[there],
        };
        let offers = |way: &&Way| {
            way.mechanism()
                .is_some_and(|m| offered.contains(&m.mechanism_type()))
        };
        let way = ways
            .iter()
            .find(offers)
            .ok_or(KeyFailure::MechanismMissing(missing))?;
        let field_bytes = matches!(algorithm, SignatureAlgorithm::Ecdsa { .. })
            .then(|| usize::try_from(key.bits.div_ceil(8)).ok())
            .flatten();
        Ok(Self {
            way: *way,
            access,
            field_bytes,
        })
    }

    pub fn sign(
        &self,
        session: &Session,
        key: ObjectHandle,
        token: &Token,
        message: &[u8],
    ) -> Result<Vec<u8>, Attempt> {
        let input = self.way.input(message);
        let mechanism = self
            .way
            .mechanism()
            .ok_or(KeyFailure::MechanismMissing("this digest"))?;
        let raw = match self.access {
            Access::Login => session.sign(&mechanism, key, &input)?,
            Access::EachSignature => {
                session.sign_init(&mechanism, key)?;
                token.authenticate(session)?;
                session.sign_update(&input)?;
                session.sign_final()?
            }
        };
        match self.field_bytes {
            None => Ok(raw),
            // PKCS #11 v2.40 mechanisms 2.3.1: r and s, each as long as the order of the curve.
            Some(field_bytes) => ecdsa::der_of_raw(&raw, field_bytes).ok_or_else(|| {
                KeyFailure::RemoteAnswer("an ECDSA signature of another length than the curve's")
                    .into()
            }),
        }
    }
}

impl Way {
    fn input(self, message: &[u8]) -> Vec<u8> {
        match self {
            // RFC 8017 9.2, with the NULL that validators compare.
            Self::RsaPkcs1(digest) => write::sequence(&[
                digest.algorithm_identifier_with_null(),
                write::octet_string(&digest.hash(message)),
            ]),
            Self::RsaPss(digest) | Self::Ecdsa(digest) => digest.hash(message),
            Self::RsaPkcs1Hashing(_)
            | Self::RsaPssHashing(_)
            | Self::EcdsaHashing(_)
            | Self::Ed25519 => message.to_vec(),
        }
    }

    fn mechanism(self) -> Option<Mechanism<'static>> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        Some(match self {
            Self::RsaPkcs1(_) => Mechanism::RsaPkcs,
            Self::RsaPkcs1Hashing(Sha256) => Mechanism::Sha256RsaPkcs,
            Self::RsaPkcs1Hashing(Sha384) => Mechanism::Sha384RsaPkcs,
            Self::RsaPkcs1Hashing(Sha512) => Mechanism::Sha512RsaPkcs,
            Self::RsaPss(digest) => Mechanism::RsaPkcsPss(pss(digest)?),
            Self::RsaPssHashing(Sha256) => Mechanism::Sha256RsaPkcsPss(pss(Sha256)?),
            Self::RsaPssHashing(Sha384) => Mechanism::Sha384RsaPkcsPss(pss(Sha384)?),
            Self::RsaPssHashing(Sha512) => Mechanism::Sha512RsaPkcsPss(pss(Sha512)?),
            Self::Ecdsa(_) => Mechanism::Ecdsa,
            Self::EcdsaHashing(Sha256) => Mechanism::EcdsaSha256,
            Self::EcdsaHashing(Sha384) => Mechanism::EcdsaSha384,
            Self::EcdsaHashing(Sha512) => Mechanism::EcdsaSha512,
            Self::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
            Self::RsaPkcs1Hashing(_) | Self::RsaPssHashing(_) | Self::EcdsaHashing(_) => {
                return None;
            }
        })
    }
}

/// The same hash for message and mask, a salt as long as the hash: what `SignatureAlgorithm::pss_for` says in the signature.
fn pss(digest: DigestAlgorithm) -> Option<PkcsPssParams> {
    let (hash_alg, mgf) = match digest {
        DigestAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        DigestAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        DigestAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
        _ => return None,
    };
    let salt = u64::try_from(digest.output_bytes()).ok()?;
    Some(PkcsPssParams {
        hash_alg,
        mgf,
        s_len: Ulong::from(salt),
    })
}
