//! Public keys: read from SubjectPublicKeyInfo (RFC 5280 4.1.2.7), used to check signatures.
//!
//! # Invariants
//! * Kind and size are read from the encoding itself; the library's own object is made at the first check and kept, because making it costs as
//!   much as hashing 100 KB.

use std::sync::{Arc, OnceLock};

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcGroupRef, EcKey, EcPoint};
use openssl::md::{Md, MdRef};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::super::der::{only, tag};
use super::super::digest::DigestAlgorithm;
use super::super::{Malformed, oid};
use super::{SignatureAlgorithm, VerifyFailure};

const WHAT: &str = "SubjectPublicKeyInfo";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Rsa,
    /// An RSA key that may only be used with PSS (RFC 4055 1.2).
    RsaPss,
    Ec(Curve),
    Ed25519,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFacts {
    pub kind: KeyKind,
    /// Bits of the modulus or of the field; 0 where the kind is not known.
    pub bits: u32,
}

impl KeyFacts {
    pub fn from_spki(spki: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(spki, tag::SEQUENCE, WHAT)?.reader();
        let mut algorithm = fields.sequence(WHAT)?;
        let identifier = algorithm.oid(WHAT)?;
        let key = fields.bit_string(WHAT)?;
        fields.finish(WHAT)?;
        let facts = |kind, bits| Ok(Self { kind, bits });
        match identifier {
            id if id == oid::RSA_ENCRYPTION => facts(KeyKind::Rsa, modulus_bits(key)?),
            id if id == oid::RSA_PSS => facts(KeyKind::RsaPss, modulus_bits(key)?),
            id if id == oid::ED25519 => facts(KeyKind::Ed25519, 256),
            id if id == oid::EC_PUBLIC_KEY => match algorithm.oid(WHAT) {
                Ok(curve) if curve == oid::P_256 => facts(KeyKind::Ec(Curve::P256), 256),
                Ok(curve) if curve == oid::P_384 => facts(KeyKind::Ec(Curve::P384), 384),
                Ok(curve) if curve == oid::P_521 => facts(KeyKind::Ec(Curve::P521), 521),
                // RFC 5480 2.1.1: named curves only; explicit parameters have been used for forgeries (CVE-2020-0601).
                _ => facts(KeyKind::Ec(Curve::Other), 0),
            },
            _ => facts(KeyKind::Other, 0),
        }
    }

    /// The longest signature a key of this kind makes, to leave room for it.
    pub fn signature_bytes_max(self) -> usize {
        let bits = usize::try_from(self.bits).unwrap_or(0);
        match self.kind {
            KeyKind::Rsa | KeyKind::RsaPss => bits.div_ceil(8),
            // RFC 5753 7.2: SEQUENCE of two INTEGERs, each as long as the field and perhaps one octet of sign, with two-octet headers; the
            // SEQUENCE's own header takes three octets from P-521 on, and is counted so for all.
            KeyKind::Ec(_) => 2 * (bits.div_ceil(8) + 3) + 3,
            KeyKind::Ed25519 => 64,
            KeyKind::Other => 0,
        }
    }
}

fn modulus_bits(rsa_public_key: &[u8]) -> Result<u32, Malformed> {
    let (modulus, _) = rsa_components(rsa_public_key)?;
    let leading = modulus.iter().take_while(|byte| **byte == 0).count();
    let digits = modulus.get(leading..).unwrap_or_default();
    let top_zeros = digits.first().map_or(0, |top| top.leading_zeros());
    u32::try_from(digits.len())
        .ok()
        .and_then(|bytes| bytes.checked_mul(8)?.checked_sub(top_zeros))
        .ok_or(Malformed::new(WHAT))
}

/// RFC 8017 A.1.1: modulus and exponent.
fn rsa_components(rsa_public_key: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut numbers = only(rsa_public_key, tag::SEQUENCE, "RSAPublicKey")?.reader();
    let modulus = numbers.integer("RSAPublicKey")?;
    let exponent = numbers.integer("RSAPublicKey")?;
    numbers.finish("RSAPublicKey")?;
    // Both are positive; the library would take the octets of a negative number for another, positive one.
    if [modulus, exponent]
        .iter()
        .any(|number| number.first().is_none_or(|top| top & 0x80 != 0))
    {
        return Err(Malformed::new("RSAPublicKey"));
    }
    // Real exponents are 3 or 65,537. A long one makes each check cost up to 200 times as much: 64 bits (and the octet of the
    // sign) are what OpenSSL itself allows for moduli above 3,072 bits.
    if exponent.len() > 9 {
        return Err(Malformed::new("RSAPublicKey"));
    }
    Ok((modulus, exponent))
}

/// A public key; clones share everything.
#[derive(Debug, Clone)]
pub struct PublicKey(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spki: Box<[u8]>,
    facts: KeyFacts,
    handle: OnceLock<Option<PKey<Public>>>,
}

impl PublicKey {
    pub fn from_spki(spki: &[u8]) -> Result<Self, VerifyFailure> {
        Ok(Self(Arc::new(Inner {
            facts: KeyFacts::from_spki(spki)?,
            spki: spki.into(),
            handle: OnceLock::new(),
        })))
    }

    pub fn facts(&self) -> KeyFacts {
        self.0.facts
    }

    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// Checks a signature over `message`.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyFailure> {
        match algorithm.digest() {
            Some(digest) => self.verify_digest(algorithm, &digest.hash(message), signature),
            None => self.verify_ed25519(message, signature),
        }
    }

    /// Checks a signature over a message whose digest is known.
    pub fn verify_digest(
        &self,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyFailure> {
        let hash = algorithm.digest().ok_or(VerifyFailure::NeedsMessage)?;
        if digest.len() != hash.output_bytes() {
            return Err(VerifyFailure::WrongDigestLength);
        }
        let kind_fits = matches!(
            (algorithm, self.0.facts.kind),
            (SignatureAlgorithm::RsaPkcs1 { .. }, KeyKind::Rsa)
                | (
                    SignatureAlgorithm::RsaPss { .. },
                    KeyKind::Rsa | KeyKind::RsaPss
                )
                | (SignatureAlgorithm::Ecdsa { .. }, KeyKind::Ec(_))
        );
        if !kind_fits {
            return Err(VerifyFailure::WrongKeyKind);
        }
        let key = self.handle()?;
        let context = (|| {
            let mut context = PkeyCtx::new(key)?;
            context.verify_init()?;
            match algorithm {
                SignatureAlgorithm::RsaPkcs1 { .. } => context.set_rsa_padding(Padding::PKCS1)?,
                SignatureAlgorithm::RsaPss {
                    mgf1, salt_bytes, ..
                } => {
                    let salt = i32::try_from(salt_bytes).unwrap_or(i32::MAX);
                    context.set_rsa_padding(Padding::PKCS1_PSS)?;
                    context.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
                    context.set_rsa_mgf1_md(md(mgf1))?;
                }
                SignatureAlgorithm::Ecdsa { .. } | SignatureAlgorithm::Ed25519 => {}
            }
            context.set_signature_md(md(hash))?;
            Ok(context)
        })();
        match context {
            Err(error) => Err(backend(error)),
            // A signature that cannot even be decoded is no better than one that does not match: both are "no".
            Ok(mut context) => match context.verify(digest, signature) {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(VerifyFailure::Mismatch),
            },
        }
    }

    fn verify_ed25519(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailure> {
        if self.0.facts.kind != KeyKind::Ed25519 {
            return Err(VerifyFailure::WrongKeyKind);
        }
        let key = self.handle()?;
        let mut verifier = Verifier::new_without_digest(key).map_err(backend)?;
        match verifier.verify_oneshot(signature, message) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(VerifyFailure::Mismatch),
        }
    }

    fn handle(&self) -> Result<&PKey<Public>, VerifyFailure> {
        self.0
            .handle
            .get_or_init(|| match self.0.facts.kind {
                // RFC 4055 3.1: the key carries parameters that its parts do not.
                KeyKind::RsaPss => PKey::public_key_from_der(&self.0.spki).ok(),
                kind => from_parts(&self.0.spki, kind),
            })
            .as_ref()
            .ok_or(VerifyFailure::BadKey)
    }
}

/// Keys from their parts: a tenth of what the general decoder of OpenSSL 3.0 takes.
fn from_parts(spki: &[u8], kind: KeyKind) -> Option<PKey<Public>> {
    let mut fields = only(spki, tag::SEQUENCE, WHAT).ok()?.reader();
    fields.any(WHAT).ok()?;
    let key = fields.bit_string(WHAT).ok()?;
    match kind {
        KeyKind::Rsa => {
            let (modulus, exponent) = rsa_components(key).ok()?;
            let n = BigNum::from_slice(modulus).ok()?;
            let e = BigNum::from_slice(exponent).ok()?;
            PKey::from_rsa(Rsa::from_public_components(n, e).ok()?).ok()
        }
        KeyKind::Ec(curve) => {
            let group = group(curve)?;
            let mut scratch = BigNumContext::new().ok()?;
            // Refuses what is not on the curve; with cofactor 1 every point on it is of the right order.
            let point = EcPoint::from_bytes(group, key, &mut scratch).ok()?;
            if point.is_infinity(group) {
                return None;
            }
            PKey::from_ec_key(EcKey::from_public_key(group, &point).ok()?).ok()
        }
        KeyKind::Ed25519 => PKey::public_key_from_raw_bytes(key, Id::ED25519).ok(),
        KeyKind::RsaPss | KeyKind::Other => None,
    }
}

/// The named curves, made once.
fn group(curve: Curve) -> Option<&'static EcGroupRef> {
    static GROUPS: [OnceLock<Option<EcGroup>>; 3] =
        [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let [p256, p384, p521] = &GROUPS;
    let (made, nid) = match curve {
        Curve::P256 => (p256, Nid::X9_62_PRIME256V1),
        Curve::P384 => (p384, Nid::SECP384R1),
        Curve::P521 => (p521, Nid::SECP521R1),
        Curve::Other => return None,
    };
    made.get_or_init(|| EcGroup::from_curve_name(nid).ok())
        .as_deref()
}

fn md(digest: DigestAlgorithm) -> &'static MdRef {
    match digest {
        DigestAlgorithm::Sha1 => Md::sha1(),
        DigestAlgorithm::Sha224 => Md::sha224(),
        DigestAlgorithm::Sha256 => Md::sha256(),
        DigestAlgorithm::Sha384 => Md::sha384(),
        DigestAlgorithm::Sha512 => Md::sha512(),
        DigestAlgorithm::Sha3_256 => Md::sha3_256(),
        DigestAlgorithm::Sha3_384 => Md::sha3_384(),
        DigestAlgorithm::Sha3_512 => Md::sha3_512(),
    }
}

fn backend(error: openssl::error::ErrorStack) -> VerifyFailure {
    VerifyFailure::Backend(error.to_string())
}
