//! Signing with AWS-LC where it is much quicker than OpenSSL 3.0: RSA 2.5 times, P-384 9 times (docs/decisions/0009).
//!
//! # Invariants
//! * The same signature scheme and parameters as OpenSSL would use; who verifies can't tell them apart.
//!
//! # What is not here
//! Verifying, hashing files, other curves: OpenSSL's and `sha2`'s.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use openssl::pkey::{Id, PKey, Private};

use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::digest::DigestAlgorithm;
use crate::record::Fault;

pub(super) enum QuickKey {
    Rsa {
        pair: RsaKeyPair,
        encoding: &'static dyn RsaEncoding,
    },
    P384(EcdsaKeyPair),
}

impl QuickKey {
    /// None where OpenSSL is as quick, or where AWS-LC does not take the key (restricted RSASSA-PSS keys, odd sizes).
    pub fn of(key: &PKey<Private>, algorithm: SignatureAlgorithm) -> Option<Self> {
        let p384 = SignatureAlgorithm::Ecdsa {
            digest: DigestAlgorithm::Sha384,
        };
        if algorithm == p384 && key.bits() == 384 {
            let pkcs8 = key.private_key_to_pkcs8().ok()?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &pkcs8).ok()?;
            return Some(Self::P384(pair));
        }
        if key.id() != Id::RSA {
            return None;
        }
        let encoding = encoding(algorithm)?;
        let pkcs8 = key.private_key_to_pkcs8().ok()?;
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).ok()?;
        Some(Self::Rsa { pair, encoding })
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |_| Fault::plain("signing with a key from a file failed");
        let random = SystemRandom::new();
        match self {
            Self::Rsa { pair, encoding } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Self::P384(pair) => {
                let signature = pair.sign(&random, message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// AWS-LC's PSS has one hash for message and mask and a salt as long as the hash: what `pss_for` asks for.
fn encoding(algorithm: SignatureAlgorithm) -> Option<&'static dyn RsaEncoding> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    match algorithm {
        SignatureAlgorithm::RsaPkcs1 { digest } => match digest {
            Sha256 => Some(&RSA_PKCS1_SHA256),
            Sha384 => Some(&RSA_PKCS1_SHA384),
            Sha512 => Some(&RSA_PKCS1_SHA512),
            _ => None,
        },
        SignatureAlgorithm::RsaPss { digest, .. }
            if algorithm == SignatureAlgorithm::pss_for(digest) =>
        {
            match digest {
                Sha256 => Some(&RSA_PSS_SHA256),
                Sha384 => Some(&RSA_PSS_SHA384),
                Sha512 => Some(&RSA_PSS_SHA512),
                _ => None,
            }
        }
        _ => None,
    }
}
