//! Ed25519 (RFC 8032): the three functions the log needs, and the only file here that names a
//! cryptographic library.
//!
//! # Invariants
//! * Deterministic: signing needs no randomness (RFC 8032 5.1.6).

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey};
use openssl::sign::{Signer, Verifier};

use crate::record::Fault;

pub const SEED_BYTES: usize = 32;
pub const PUBLIC_BYTES: usize = 32;
pub const SIGNATURE_BYTES: usize = 64;

pub fn public_of_seed(seed: &[u8; SEED_BYTES]) -> Result<[u8; PUBLIC_BYTES], Fault> {
    let doing = "deriving an Ed25519 public key";
    let derive = || -> Result<Vec<u8>, ErrorStack> {
        PKey::private_key_from_raw_bytes(seed, Id::ED25519)?.raw_public_key()
    };
    let bytes = derive().map_err(|e| Fault::new(doing, e))?;
    bytes.try_into().map_err(|_| Fault::plain(doing))
}

pub fn sign(seed: &[u8; SEED_BYTES], message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Fault> {
    let doing = "signing with Ed25519";
    let sign = || -> Result<Vec<u8>, ErrorStack> {
        let key = PKey::private_key_from_raw_bytes(seed, Id::ED25519)?;
        Signer::new_without_digest(&key)?.sign_oneshot_to_vec(message)
    };
    let bytes = sign().map_err(|e| Fault::new(doing, e))?;
    bytes.try_into().map_err(|_| Fault::plain(doing))
}

/// A key or a signature that is not even well formed does not verify.
pub fn verifies(public: &[u8; PUBLIC_BYTES], message: &[u8], signature: &[u8]) -> bool {
    let verify = || -> Result<bool, ErrorStack> {
        let key = PKey::public_key_from_raw_bytes(public, Id::ED25519)?;
        Verifier::new_without_digest(&key)?.verify_oneshot(signature, message)
    };
    signature.len() == SIGNATURE_BYTES && verify().unwrap_or(false)
}
