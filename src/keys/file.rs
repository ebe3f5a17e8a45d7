//! A private key in a PEM file, held in memory after its mode was checked.

use std::path::Path;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};

use super::SigningKey;
use super::certificates;
use super::choice::{AlgorithmChoice, algorithm_for};
use super::failure::KeyFailure;
use super::secret::closed_file;
use super::settings::PemSettings;
use crate::pki::cert::Certificate;
use crate::pki::crypto::{PublicKey, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm;
use crate::record::Fault;

pub struct FileKey {
    pub(super) key: PKey<Private>,
    #[cfg(feature = "aws-lc")]
    quick: Option<super::aws_lc::QuickKey>,
    pub(super) spki: Vec<u8>,
    pub(super) algorithm: SignatureAlgorithm,
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
        let pem = closed_file(path, "the key")?;
        Self::from_pem(&pem)
            .map_err(|e| Fault::new(format!("reading the key {}", path.display()), e))
    }

    /// # Errors
    /// Not a PEM private key, or of a kind that is not made here.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Fault> {
        Self::new(private_key(pem, None)?)
    }

    /// # Errors
    /// A kind of key that is not used for new signatures here.
    pub fn new(key: PKey<Private>) -> Result<Self, Fault> {
        Self::with(key, AlgorithmChoice::NATURAL)
    }

    /// # Errors
    /// A kind of key that is not used for new signatures here, or not with this choice.
    pub fn with(key: PKey<Private>, choice: AlgorithmChoice) -> Result<Self, Fault> {
        let spki = key
            .public_key_to_der()
            .map_err(|e| Fault::new("encoding the public key", e))?;
        let public =
            PublicKey::from_spki(&spki).map_err(|e| Fault::new("reading the public key", e))?;
        let algorithm = algorithm_for(public.facts(), choice)
            .map_err(|e| Fault::new("choosing an algorithm for the key", e))?;
        Ok(Self {
            #[cfg(feature = "aws-lc")]
            quick: super::aws_lc::QuickKey::of(&key, algorithm),
            key,
            spki,
            algorithm,
        })
    }
}

/// A key from its file, with the certificates beside it.
pub(super) fn open(
    settings: &PemSettings,
    choice: AlgorithmChoice,
) -> Result<(FileKey, Vec<Certificate>), Fault> {
    let doing = || format!("opening the key {}", settings.key_file.display());
    let pem = closed_file(&settings.key_file, "the key")?;
    let password = settings.password.as_ref().map(|p| p.read()).transpose()?;
    let key = private_key(&pem, password.as_deref()).map_err(|e| Fault::new(doing(), e))?;
    let key = FileKey::with(key, choice).map_err(|e| Fault::new(doing(), e))?;
    let certificates = certificates::read_for(&key.spki, &settings.certificate_file)?;
    Ok((key, certificates))
}

fn private_key(pem: &[u8], password: Option<&str>) -> Result<PKey<Private>, Fault> {
    let mut asked = false;
    // The library asks only for an encrypted key. Nobody at a terminal is ever asked.
    let key = PKey::private_key_from_pem_callback(pem, |buffer| {
        asked = true;
        let password = password.unwrap_or_default().as_bytes();
        let Some(room) = buffer.get_mut(..password.len()) else {
            return Ok(0);
        };
        room.copy_from_slice(password);
        Ok(password.len())
    });
    key.map_err(|e| match (asked, password) {
        (true, None) => Fault::new("reading a PEM private key", KeyFailure::PasswordNeeded),
        (true, Some(_)) => Fault::new("reading a PEM private key", KeyFailure::PasswordWrong),
        (false, _) => Fault::new("reading a PEM private key", e),
    })
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
