//! Which algorithm a key gets, and which it never does.

use openssl::pkey::PKey;

use super::super::{AlgorithmChoice, FileKey, RsaScheme, SigningKey, Unsuited, algorithm_for};
use crate::pki::crypto::{Curve, KeyFacts, KeyKind, PublicKey, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm::{self, Sha1, Sha3_256, Sha224, Sha256, Sha384, Sha512};

const RSA: KeyFacts = facts(KeyKind::Rsa, 3_072);
const P256: KeyFacts = facts(KeyKind::Ec(Curve::P256), 256);

const fn facts(kind: KeyKind, bits: u32) -> KeyFacts {
    KeyFacts { kind, bits }
}

#[track_caller]
fn check(
    key: KeyFacts,
    rsa: Option<RsaScheme>,
    digest: Option<DigestAlgorithm>,
    wanted: Result<SignatureAlgorithm, Unsuited>,
) {
    assert_eq!(algorithm_for(key, AlgorithmChoice { rsa, digest }), wanted);
}

#[test]
fn rsa_signs_with_pss_unless_told_otherwise() {
    check(RSA, None, None, Ok(SignatureAlgorithm::pss_for(Sha256)));
    check(
        RSA,
        None,
        Some(Sha512),
        Ok(SignatureAlgorithm::pss_for(Sha512)),
    );
    let pkcs1 = SignatureAlgorithm::RsaPkcs1 { digest: Sha384 };
    check(RSA, Some(RsaScheme::Pkcs1), Some(Sha384), Ok(pkcs1));
    let restricted = facts(KeyKind::RsaPss, 2_048);
    check(
        restricted,
        None,
        None,
        Ok(SignatureAlgorithm::pss_for(Sha256)),
    );
    check(
        restricted,
        Some(RsaScheme::Pkcs1),
        None,
        Err(Unsuited::PssOnly),
    );
}

#[test]
fn curves_take_a_hash_of_their_strength() {
    let ecdsa = |digest| Ok(SignatureAlgorithm::Ecdsa { digest });
    check(P256, None, None, ecdsa(Sha256));
    check(
        facts(KeyKind::Ec(Curve::P384), 384),
        None,
        None,
        ecdsa(Sha384),
    );
    check(
        facts(KeyKind::Ec(Curve::P521), 521),
        None,
        None,
        ecdsa(Sha512),
    );
    check(P256, None, Some(Sha512), ecdsa(Sha512));
    check(P256, Some(RsaScheme::Pss), None, Err(Unsuited::NotRsa));
    let ed25519 = facts(KeyKind::Ed25519, 256);
    check(ed25519, None, None, Ok(SignatureAlgorithm::Ed25519));
    check(ed25519, None, Some(Sha256), Err(Unsuited::FixedDigest));
}

#[test]
fn nothing_weak_is_ever_made() {
    for digest in [Sha1, Sha224, Sha3_256] {
        for key in [RSA, P256] {
            check(key, None, Some(digest), Err(Unsuited::Digest(digest)));
        }
    }
    for (bits, kind) in [(2_047, KeyKind::Rsa), (1_024, KeyKind::RsaPss)] {
        let short = Unsuited::TooShort { bits, least: 2_048 };
        check(facts(kind, bits), None, None, Err(short));
    }
    check(
        facts(KeyKind::Ec(Curve::Other), 0),
        None,
        None,
        Err(Unsuited::Kind),
    );
    check(facts(KeyKind::Other, 0), None, None, Err(Unsuited::Kind));
}

#[test]
fn what_is_chosen_is_what_is_signed() {
    let rsa = PKey::from_rsa(openssl::rsa::Rsa::generate(2_048).unwrap()).unwrap();
    for scheme in [RsaScheme::Pss, RsaScheme::Pkcs1] {
        for digest in [Sha256, Sha384, Sha512] {
            let choice = AlgorithmChoice {
                rsa: Some(scheme),
                digest: Some(digest),
            };
            let key = FileKey::with(rsa.clone(), choice).unwrap();
            assert_eq!(key.algorithm().digest(), Some(digest));
            let signature = key.sign(b"x").unwrap();
            let public = PublicKey::from_spki(key.spki()).unwrap();
            public.verify(key.algorithm(), b"x", &signature).unwrap();
        }
    }
}
