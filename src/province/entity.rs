//! One holder of a key: the key, its certificate and the certificates above it.
//!
//! # Invariants
//! * Key and certificate belong together: made so by `issue.rs`, checked again when read from disk.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

use super::declaration::ProfileName;
use crate::pki::cert::Certificate;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::digest::DigestAlgorithm;
use crate::record::{Fault, Office};

/// A private key with the one algorithm that it is used for here.
#[derive(Clone)]
pub(super) struct SigningKey {
    key: PKey<Private>,
    algorithm: SignatureAlgorithm,
    /// None for Ed25519, which has its own.
    md: Option<MessageDigest>,
}

/// A declared entity after its key is made and its certificate is issued.
pub struct Entity {
    pub(super) name: String,
    pub(super) profile: ProfileName,
    pub(super) issuer: String,
    pub(super) office: Option<Office>,
    pub(super) key: SigningKey,
    /// The certificate of the entity first, then those of its issuers, the root left out unless it is the entity.
    pub(super) chain: Vec<Certificate>,
    pub(super) certificate: Certificate,
}

/// An office with the entity that holds its seal.
#[derive(Clone, Copy)]
pub struct OfficeSeal<'a> {
    pub office: &'a Office,
    pub entity: &'a Entity,
}

impl SigningKey {
    pub fn new(key: PKey<Private>) -> Result<Self, Fault> {
        let doing = "choosing an algorithm for a throw-away key";
        let spki = key.public_key_to_der().map_err(|e| Fault::new(doing, e))?;
        let facts = crate::pki::crypto::PublicKey::from_spki(&spki)
            .map_err(|e| Fault::new(doing, e))?
            .facts();
        let algorithm = SignatureAlgorithm::natural_for(facts).ok_or_else(|| {
            Fault::plain(
                "choosing an algorithm for a throw-away key: no kind of key that is signed with",
            )
        })?;
        let md = match algorithm.digest() {
            None => None,
            Some(DigestAlgorithm::Sha256) => Some(MessageDigest::sha256()),
            Some(DigestAlgorithm::Sha384) => Some(MessageDigest::sha384()),
            Some(DigestAlgorithm::Sha512) => Some(MessageDigest::sha512()),
            _ => {
                return Err(Fault::plain(
                    "choosing an algorithm for a throw-away key: no digest of the SHA-2 family",
                ));
            }
        };
        Ok(Self { key, algorithm, md })
    }

    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    pub fn private(&self) -> &PKey<Private> {
        &self.key
    }

    pub fn spki(&self) -> Result<Vec<u8>, Fault> {
        self.key
            .public_key_to_der()
            .map_err(|e| Fault::new("encoding a throw-away public key", e))
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let doing = "signing with a throw-away key";
        let signer = match self.md {
            Some(md) => Signer::new(md, &self.key),
            None => Signer::new_without_digest(&self.key),
        };
        let mut signer = signer.map_err(|e| Fault::new(doing, e))?;
        signer
            .sign_oneshot_to_vec(message)
            .map_err(|e| Fault::new(doing, e))
    }
}

impl Entity {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn key(&self) -> &PKey<Private> {
        self.key.private()
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate and those above it, the root left out: what goes into a signature.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Name of the authority that issued the certificate.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The office whose seal this is.
    pub fn office(&self) -> Option<&Office> {
        self.office.as_ref()
    }

    /// The private key as unencrypted PKCS#8 PEM.
    ///
    /// # Errors
    /// OpenSSL could not encode it.
    pub fn key_pem(&self) -> Result<Vec<u8>, Fault> {
        self.key
            .private()
            .private_key_to_pem_pkcs8()
            .map_err(|e| Fault::new("encoding a throw-away key", e))
    }

    /// [`Self::chain`] as PEM, one certificate after the other.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(Certificate::to_pem).collect()
    }
}
