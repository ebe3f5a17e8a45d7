//! Every kind of key signs what its public key verifies.

mod choice;
mod files;

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::{FileKey, SigningKey};
use crate::pki::crypto::PublicKey;

#[track_caller]
fn check(pkey: PKey<openssl::pkey::Private>) {
    let key = FileKey::new(pkey).unwrap();
    let signature = key.sign(b"what is signed").unwrap();
    assert!(signature.len() <= public_facts(&key).signature_bytes_max());
    let public = PublicKey::from_spki(key.spki()).unwrap();
    public
        .verify(key.algorithm(), b"what is signed", &signature)
        .unwrap();
    assert!(
        public
            .verify(key.algorithm(), b"what is sign3d", &signature)
            .is_err()
    );
}

fn public_facts(key: &FileKey) -> crate::pki::crypto::KeyFacts {
    PublicKey::from_spki(key.spki()).unwrap().facts()
}

fn curve(nid: Nid) -> PKey<openssl::pkey::Private> {
    PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(nid).unwrap()).unwrap()).unwrap()
}

#[test]
fn rsa_keys_sign() {
    check(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap());
}

#[test]
fn curves_sign() {
    check(curve(Nid::X9_62_PRIME256V1));
    check(curve(Nid::SECP384R1));
}

#[test]
fn ed25519_signs() {
    check(PKey::generate_ed25519().unwrap());
}

#[test]
fn short_keys_are_refused() {
    assert!(FileKey::new(PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap()).is_err());
}
