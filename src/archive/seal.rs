//! An office's seal: its key, the certificate that belongs to it, and whether it may be used now.

use super::binding::{Binding, Bindings, NotUsable, usable};
use super::stamping::StampFiles;
use crate::keys::{self, KeySettings, SigningKey};
use crate::pki::cert::Certificate;
use crate::record::{Digest, Fault, Office, UtcTime, issuer_of_spki};
use crate::sign::Signer;
use crate::stamp::Stationery;
use crate::trust::{Anchors, Budget, Memory, Purpose, build};

/// An office with its key.
#[derive(Debug, Clone)]
pub struct SealSettings {
    pub office: Office,
    pub key: KeySettings,
    /// Whose certificates are whose, as far as the operator says.
    pub bindings: Bindings,
    pub stamp: StampFiles,
}

pub struct Seal {
    office: Office,
    key: Box<dyn SigningKey>,
    certificate: Certificate,
    /// Issuers up to, not including, the root.
    chain: Vec<Certificate>,
    issuer: Digest,
    bindings: Bindings,
    stationery: Stationery,
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
    /// The key can't be reached or used, or key and certificate do not belong together.
    pub fn open(settings: &SealSettings, anchors: &Anchors) -> Result<Self, Fault> {
        let doing = || format!("opening the seal of office {}", settings.office.code);
        let opened = keys::open(&settings.key).map_err(|e| Fault::new(doing(), e))?;
        let mut list = opened.certificates.into_iter();
        let certificate = list
            .next()
            .ok_or_else(|| Fault::new(doing(), keys::KeyFailure::CertificateMissing))?;
        let is_root = |c: &Certificate| {
            c.is_self_issued()
                || anchors
                    .certificates()
                    .iter()
                    .any(|a| a.sha256() == c.sha256())
        };
        Ok(Self {
            office: settings.office.clone(),
            key: opened.key,
            issuer: issuer_of_spki(certificate.spki()),
            certificate,
            chain: list.filter(|c| !is_root(c)).collect(),
            bindings: settings.bindings.clone(),
            stationery: settings
                .stamp
                .stationery(&settings.office.name)
                .map_err(|e| Fault::new(doing(), e))?,
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

    /// What its visible signatures are drawn with.
    #[must_use]
    pub const fn stationery(&self) -> &Stationery {
        &self.stationery
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
    /// Why not.
    pub fn usable_at(
        &self,
        now: UtcTime,
        anchors: &Anchors,
        memory: &Memory,
    ) -> Result<(), NotUsable> {
        usable(&self.certificate, self.key.algorithm(), now)?;
        self.binding(now)?;
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
        .map_err(NotUsable::from)
    }

    /// Whose it is now. A seal of which nothing is said is its office's for as long as its certificate holds.
    ///
    /// # Errors
    /// It is bound, but to another office or another time.
    pub fn binding(&self, now: UtcTime) -> Result<Binding, NotUsable> {
        let found = self
            .bindings
            .for_certificate(&self.office.code, &self.certificate, now);
        match found {
            Ok(binding) => Ok(binding.clone()),
            Err(NotUsable::NotBound) => Ok(Binding {
                office: self.office.code.clone(),
                person: None,
                from: UtcTime::from_unix_s(self.certificate.not_before()).unwrap_or(now),
                until: UtcTime::from_unix_s(self.certificate.not_after()).unwrap_or(now),
                certificate_sha256: Digest::new(self.certificate.sha256()),
            }),
            Err(why) => Err(why),
        }
    }

    /// Makes and checks a real signature over bytes that mean nothing, where that costs nobody anything.
    ///
    /// # Errors
    /// The key can't sign.
    pub fn test_sign(&self, nonce: [u8; 16]) -> Result<(), Fault> {
        let mut message = b"antin readiness probe, no document\n".to_vec();
        message.extend_from_slice(&nonce);
        self.key.prove(&message).map(|_| ())
    }
}
