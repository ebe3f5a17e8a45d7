//! A private key in a PEM file, held in memory after its mode was checked.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};

use super::SigningKey;
use crate::pki::crypto::{PublicKey, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm;
use crate::record::Fault;

pub struct FileKey {
    key: PKey<Private>,
    #[cfg(feature = "aws-lc")]
    quick: Option<super::aws_lc::QuickKey>,
    spki: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl FileKey {
    /// Reads a PEM private key whose file is closed to others.
    ///
    /// # Errors
    /// The file can't be read, is open to others, holds no private key, or one of a kind that is not made here.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let doing = || format!("reading the key {}", path.display());
        let mode = std::fs::metadata(path)
            .map_err(|e| Fault::new(doing(), e))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(Fault::plain(format!(
                "the key {} can be read by others (mode {:03o}); run: chmod 600 on it",
                path.display(),
                mode & 0o777
            )));
        }
        let pem = std::fs::read(path).map_err(|e| Fault::new(doing(), e))?;
        Self::from_pem(&pem).map_err(|e| Fault::new(doing(), e))
    }

    /// # Errors
    /// Not a PEM private key, or of a kind that is not made here.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Fault> {
        // A key with a passphrase must not make the service wait for somebody at a terminal.
        let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0)).map_err(|e| {
            Fault::new(
                "reading a PEM private key (without a passphrase; the file's mode protects it)",
                e,
            )
        })?;
        Self::new(key)
    }

    /// # Errors
    /// A kind of key that is not used for new signatures here.
    pub fn new(key: PKey<Private>) -> Result<Self, Fault> {
        let spki = key
            .public_key_to_der()
            .map_err(|e| Fault::new("encoding the public key", e))?;
        let public =
            PublicKey::from_spki(&spki).map_err(|e| Fault::new("reading the public key", e))?;
        let facts = public.facts();
        // Nothing weaker than the dated table allows is ever made.
        if too_short(facts.bits, key.id()) {
            return Err(Fault::plain(format!(
                "the key is too short for new signatures ({} bits)",
                facts.bits
            )));
        }
        let algorithm = SignatureAlgorithm::natural_for(facts)
            .ok_or_else(|| Fault::plain("keys of this kind are not used for signing here; take RSA, P-256, P-384 or Ed25519"))?;
        Ok(Self {
            #[cfg(feature = "aws-lc")]
            quick: super::aws_lc::QuickKey::of(&key, algorithm),
            key,
            spki,
            algorithm,
        })
    }
}

/// TS 119 312: RSA from 2,048 bits (as issued by the national authorities), curves from 256.
fn too_short(bits: u32, id: Id) -> bool {
    match id {
        Id::RSA | Id::RSA_PSS => bits < 2_048,
        Id::EC => bits < 256,
        _ => false,
    }
}

fn message_digest(digest: DigestAlgorithm) -> Result<MessageDigest, Fault> {
    match digest {
        DigestAlgorithm::Sha256 => Ok(MessageDigest::sha256()),
        DigestAlgorithm::Sha384 => Ok(MessageDigest::sha384()),
        DigestAlgorithm::Sha512 => Ok(MessageDigest::sha512()),
        other => Err(Fault::plain(format!(
            "{} is not used for new signatures",
            other.name()
        ))),
    }
}

impl SigningKey for FileKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        #[cfg(feature = "aws-lc")]
        if let Some(quick) = &self.quick {
            return quick.sign(message);
        }
        let fault = |e: openssl::error::ErrorStack| Fault::new("signing with a key from a file", e);
        match self.algorithm {
            SignatureAlgorithm::Ed25519 => {
                let mut signer = Signer::new_without_digest(&self.key).map_err(fault)?;
                signer.sign_oneshot_to_vec(message).map_err(fault)
            }
            SignatureAlgorithm::Ecdsa { digest } | SignatureAlgorithm::RsaPkcs1 { digest } => {
                let mut signer = Signer::new(message_digest(digest)?, &self.key).map_err(fault)?;
                signer.sign_oneshot_to_vec(message).map_err(fault)
            }
            SignatureAlgorithm::RsaPss { digest, mgf1, .. } => {
                let mut signer = Signer::new(message_digest(digest)?, &self.key).map_err(fault)?;
                signer.set_rsa_padding(Padding::PKCS1_PSS).map_err(fault)?;
                signer
                    .set_rsa_mgf1_md(message_digest(mgf1)?)
                    .map_err(fault)?;
                signer
                    .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                    .map_err(fault)?;
                signer.sign_oneshot_to_vec(message).map_err(fault)
            }
        }
    }
}
