//! Signatures of every kind, made by the library's own signer and checked through the seam.

use openssl::hash::hash;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

use super::super::digest::DigestAlgorithm::{self, Sha1, Sha3_256, Sha224, Sha256, Sha384, Sha512};
use super::super::tests::{ec_key, pki, rsa_key, sign};
use super::{
    Curve, KeyFacts, KeyKind, PublicKey, SignatureAlgorithm, VerifyFailure, openssl_digest,
};

const MESSAGE: &[u8] = "Giấy xác nhận".as_bytes();

#[track_caller]
fn check(key: &PKey<Private>, algorithm: SignatureAlgorithm) {
    let public = PublicKey::from_spki(&key.public_key_to_der().unwrap()).unwrap();
    let mut signature = sign(key, algorithm, MESSAGE);
    assert_eq!(public.verify(algorithm, MESSAGE, &signature), Ok(()));
    assert!(signature.len() <= public.facts().signature_bytes_max());
    let by_digest = match algorithm.digest() {
        Some(digest) => public.verify_digest(algorithm, &digest.hash(MESSAGE), &signature),
        None => Ok(()),
    };
    assert_eq!(by_digest, Ok(()));
    assert_eq!(
        public.verify(algorithm, b"another", &signature),
        Err(VerifyFailure::Mismatch)
    );
    let last = signature.len() - 1;
    signature[last] ^= 1;
    assert_eq!(
        public.verify(algorithm, MESSAGE, &signature),
        Err(VerifyFailure::Mismatch)
    );
    assert_eq!(
        public.verify(algorithm, MESSAGE, &[]),
        Err(VerifyFailure::Mismatch)
    );
    let encoded = algorithm.to_der();
    assert_eq!(SignatureAlgorithm::from_der(&encoded, None), Ok(algorithm));
}

#[test]
fn rsa_signatures_verify_with_every_hash() {
    let key = rsa_key();
    for digest in [Sha1, Sha224, Sha256, Sha384, Sha512, Sha3_256] {
        check(&key, SignatureAlgorithm::RsaPkcs1 { digest });
    }
}

#[test]
fn pss_signatures_verify_with_their_own_parameters_only() {
    let key = rsa_key();
    for digest in [Sha256, Sha384, Sha512] {
        check(&key, SignatureAlgorithm::pss_for(digest));
    }
    let pss = |mgf1, salt_bytes| SignatureAlgorithm::RsaPss {
        digest: Sha256,
        mgf1,
        salt_bytes,
    };
    check(&key, pss(Sha1, 20));
    let public = PublicKey::from_spki(&key.public_key_to_der().unwrap()).unwrap();
    let signature = sign(&key, pss(Sha256, 32), MESSAGE);
    for other in [pss(Sha256, 20), pss(Sha1, 32), pss(Sha256, 2048)] {
        assert!(public.verify(other, MESSAGE, &signature).is_err());
    }
}

#[test]
fn ecdsa_signatures_verify_on_every_curve() {
    check(
        &ec_key(Nid::X9_62_PRIME256V1),
        SignatureAlgorithm::Ecdsa { digest: Sha256 },
    );
    check(
        &ec_key(Nid::SECP384R1),
        SignatureAlgorithm::Ecdsa { digest: Sha384 },
    );
    check(
        &ec_key(Nid::SECP521R1),
        SignatureAlgorithm::Ecdsa { digest: Sha512 },
    );
    check(
        &ec_key(Nid::X9_62_PRIME256V1),
        SignatureAlgorithm::Ecdsa { digest: Sha512 },
    );
}

#[test]
fn ed25519_signs_messages_and_not_digests() {
    let key = PKey::generate_ed25519().unwrap();
    check(&key, SignatureAlgorithm::Ed25519);
    let public = PublicKey::from_spki(&key.public_key_to_der().unwrap()).unwrap();
    assert_eq!(
        public.verify_digest(SignatureAlgorithm::Ed25519, &[0; 64], &[0; 64]),
        Err(VerifyFailure::NeedsMessage)
    );
    assert_eq!(SignatureAlgorithm::Ed25519.cms_digest(), Sha512);
}

#[test]
fn a_key_of_another_kind_is_told_apart_from_a_mismatch() {
    let rsa = pki().rsa_seal.certificate.public_key();
    let ec = pki().seal.certificate.public_key();
    let ecdsa = SignatureAlgorithm::Ecdsa { digest: Sha256 };
    let pkcs1 = SignatureAlgorithm::RsaPkcs1 { digest: Sha256 };
    assert_eq!(
        rsa.verify(ecdsa, MESSAGE, &[1]),
        Err(VerifyFailure::WrongKeyKind)
    );
    assert_eq!(
        ec.verify(pkcs1, MESSAGE, &[1]),
        Err(VerifyFailure::WrongKeyKind)
    );
    assert_eq!(
        ec.verify(SignatureAlgorithm::Ed25519, MESSAGE, &[1]),
        Err(VerifyFailure::WrongKeyKind)
    );
    assert_eq!(
        ec.verify_digest(ecdsa, &[0; 20], &[1]),
        Err(VerifyFailure::WrongDigestLength)
    );
}

#[test]
fn keys_tell_their_kind_and_size() {
    let facts = |entity: &super::super::tests::Entity| entity.certificate.key_facts();
    let expect = |kind, bits| KeyFacts { kind, bits };
    assert_eq!(facts(&pki().rsa_seal), expect(KeyKind::Rsa, 2048));
    assert_eq!(facts(&pki().seal), expect(KeyKind::Ec(Curve::P256), 256));
    assert_eq!(
        facts(&pki().p384_seal),
        expect(KeyKind::Ec(Curve::P384), 384)
    );
    assert_eq!(
        facts(&pki().p521_seal),
        expect(KeyKind::Ec(Curve::P521), 521)
    );
    assert_eq!(facts(&pki().ed25519_seal), expect(KeyKind::Ed25519, 256));
    let odd = ec_key(Nid::SECP256K1).public_key_to_der().unwrap();
    let odd = PublicKey::from_spki(&odd).unwrap();
    assert_eq!(odd.facts().kind, KeyKind::Ec(Curve::Other));
    let ecdsa = SignatureAlgorithm::Ecdsa { digest: Sha256 };
    assert_eq!(odd.verify(ecdsa, MESSAGE, &[1]), Err(VerifyFailure::BadKey));
}

#[test]
fn a_point_off_its_curve_is_a_bad_key() {
    let mut spki = pki().seal.certificate.spki().to_vec();
    let last = spki.len() - 1;
    spki[last] ^= 1;
    let key = PublicKey::from_spki(&spki).unwrap();
    let ecdsa = SignatureAlgorithm::Ecdsa { digest: Sha256 };
    assert_eq!(key.verify(ecdsa, MESSAGE, &[1]), Err(VerifyFailure::BadKey));
}

#[test]
fn rsa_encryption_takes_its_hash_from_the_signer_info() {
    let identifier = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
    ];
    assert_eq!(
        SignatureAlgorithm::from_der(&identifier, Some(Sha384)),
        Ok(SignatureAlgorithm::RsaPkcs1 { digest: Sha384 })
    );
    assert_eq!(
        SignatureAlgorithm::from_der(&identifier, None),
        Err(VerifyFailure::UnsupportedAlgorithm {
            oid: "1.2.840.113549.1.1.1".to_owned()
        })
    );
}

#[test]
fn empty_pss_parameters_mean_sha_1() {
    let identifier = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10, 0x30, 0,
    ];
    assert_eq!(
        SignatureAlgorithm::from_der(&identifier, None),
        Ok(SignatureAlgorithm::RsaPss {
            digest: Sha1,
            mgf1: Sha1,
            salt_bytes: 20
        })
    );
    assert!(SignatureAlgorithm::from_der(&identifier[..13], None).is_err());
}

#[test]
fn hashes_are_those_of_the_library() {
    for digest in [
        Sha1,
        Sha224,
        Sha256,
        Sha384,
        Sha512,
        Sha3_256,
        DigestAlgorithm::Sha3_384,
        DigestAlgorithm::Sha3_512,
    ] {
        let theirs = hash(openssl_digest(digest), MESSAGE).unwrap();
        assert_eq!(digest.hash(MESSAGE), theirs.as_ref(), "{}", digest.name());
        assert_eq!(theirs.len(), digest.output_bytes());
        let mut pieces = digest.hasher();
        MESSAGE.chunks(5).for_each(|piece| pieces.update(piece));
        assert_eq!(pieces.finish(), theirs.as_ref());
        assert_eq!(DigestAlgorithm::from_oid(digest.oid()), Some(digest));
    }
}
