//! An office's seal: its key, the certificate that belongs to it, and whether it may be used now.

use std::path::PathBuf;

use crate::keys::{FileKey, SigningKey};
use crate::pki::cert::{self, Certificate};
use crate::record::{Digest, Fault, Office, UtcTime, issuer_of_spki};
use crate::sign::Signer;
use crate::trust::{Anchors, Budget, Memory, Purpose, build};

#[derive(Debug, Clone)]
pub struct SealFiles {
    pub office: Office,
    pub key_file: PathBuf,
    pub certificate_file: PathBuf,
}

pub struct Seal {
    office: Office,
    key: Box<dyn SigningKey>,
    certificate: Certificate,
    /// Issuers up to, not including, the root.
    chain: Vec<Certificate>,
    issuer: Digest,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal")
            .field("office", &self.office.code)
            .finish_non_exhaustive()
    }
}

impl Seal {
    /// # Errors
    /// The files can't be read, or key and certificate do not belong together.
    pub fn open(files: &SealFiles, anchors: &Anchors) -> Result<Self, Fault> {
        let doing = || format!("opening the seal of office {}", files.office.code);
        let key = FileKey::open(&files.key_file).map_err(|e| Fault::new(doing(), e))?;
        let pem = std::fs::read(&files.certificate_file)
            .map_err(|e| Fault::new(format!("reading {}", files.certificate_file.display()), e))?;
        let mut list = cert::list_from_pem(&pem)
            .map_err(|e| Fault::new(doing(), e))?
            .into_iter();
        let certificate = list.next().ok_or_else(|| {
            Fault::plain(format!(
                "{} holds no certificate",
                files.certificate_file.display()
            ))
        })?;
        if certificate.spki() != key.spki() {
            return Err(Fault::plain(format!(
                "{}: the key in {} does not belong to the certificate in {}",
                doing(),
                files.key_file.display(),
                files.certificate_file.display()
            )));
        }
        let is_root = |c: &Certificate| {
            c.is_self_issued()
                || anchors
                    .certificates()
                    .iter()
                    .any(|a| a.sha256() == c.sha256())
        };
        Ok(Self {
            office: files.office.clone(),
            key: Box::new(key),
            issuer: issuer_of_spki(certificate.spki()),
            certificate,
            chain: list.filter(|c| !is_root(c)).collect(),
        })
    }

    #[must_use]
    pub const fn office(&self) -> &Office {
        &self.office
    }

    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    pub(super) fn key(&self) -> &dyn SigningKey {
        self.key.as_ref()
    }

    /// The log leaf's issuer: the seal's public key, hashed.
    pub(super) const fn issuer(&self) -> Digest {
        self.issuer
    }

    /// `token_bytes`: the room for a time-stamp token.
    pub(super) fn signer(&self, token_bytes: usize) -> Signer<'_> {
        Signer {
            certificate: &self.certificate,
            chain: &self.chain,
            algorithm: self.key.algorithm(),
            name: &self.office.name,
            token_bytes_max: token_bytes,
        }
    }

    /// Whether the certificate may be used for signing now, revocation aside.
    ///
    /// # Errors
    /// In words, why not.
    pub fn usable_at(
        &self,
        now: UtcTime,
        anchors: &Anchors,
        memory: &Memory,
    ) -> Result<(), String> {
        build(
            &self.certificate,
            &self.chain,
            anchors,
            memory,
            now.unix_s(),
            Purpose::Signature,
            Budget::default(),
        )
        .map(|_| ())
        .map_err(|failure| format!("{failure:?}"))
    }

    /// Makes and checks a real signature over bytes that mean nothing.
    ///
    /// # Errors
    /// The key can't sign.
    pub fn test_sign(&self, nonce: [u8; 16]) -> Result<(), Fault> {
        let mut message = b"antin readiness probe, no document\n".to_vec();
        message.extend_from_slice(&nonce);
        let signature = self.key.sign(&message)?;
        self.certificate
            .public_key()
            .verify(self.key.algorithm(), &message, &signature)
            .map_err(|e| Fault::plain(format!("the key's signature does not verify: {e:?}")))
    }
}
