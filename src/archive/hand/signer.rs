//! May this certificate sign for this office now: bound to it, within its period, trusted, of the right usage, not revoked, strong enough.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::HandRefusal;
use super::algorithm::HandAlgorithm;
use crate::archive::accept::Refusal;
use crate::archive::binding::{Binding, NotUsable, usable};
use crate::archive::open::Archive;
use crate::pki::cert::Certificate;
use crate::record::{Fault, OfficeCode, UtcTime};
use crate::trust::{Budget, Purpose, build};

/// A signer's certificate with its issuers, root left out.
#[derive(Debug, Clone)]
pub struct Signing {
    pub certificate: Certificate,
    pub chain: Vec<Certificate>,
}

/// A chain of eight is longer than any that is met; more is somebody's mistake.
const CERTIFICATES_MAX: usize = 8;

impl Signing {
    pub fn from_base64(certificates: &[String]) -> Result<Self, Fault> {
        let mut list = Vec::with_capacity(certificates.len());
        for text in certificates {
            let der = STANDARD
                .decode(text)
                .map_err(|e| Fault::new("reading a kept certificate", e))?;
            list.push(
                Certificate::from_der(&der)
                    .map_err(|e| Fault::new("reading a kept certificate", e))?,
            );
        }
        let mut list = list.into_iter();
        let certificate = list
            .next()
            .ok_or_else(|| Fault::plain("no certificate was kept"))?;
        Ok(Self {
            certificate,
            chain: list.collect(),
        })
    }

    pub fn to_base64(&self) -> Vec<String> {
        std::iter::once(&self.certificate)
            .chain(&self.chain)
            .map(|certificate| STANDARD.encode(certificate.der()))
            .collect()
    }
}

impl Archive {
    /// Puts what a client sent into order: the signer's certificate, then issuers that are no roots.
    pub(super) fn signing_of(&self, sent: Vec<Certificate>) -> Result<Signing, HandRefusal> {
        if sent.len() > CERTIFICATES_MAX {
            return Err(HandRefusal::Signer(NotUsable::Chain(format!(
                "{} certificates were sent; send the signer's and its issuers",
                sent.len()
            ))));
        }
        let anchors = self.anchors.certificates();
        let is_root = |c: &Certificate| {
            c.is_self_issued() || anchors.iter().any(|a| a.sha256() == c.sha256())
        };
        let mut sent = sent.into_iter();
        let certificate = sent.next().ok_or(HandRefusal::CertificateMissing)?;
        let chain: Vec<Certificate> = sent.filter(|c| !is_root(c)).collect();
        Ok(Signing { certificate, chain })
    }

    /// Before anything is shown, and again before the signature is taken.
    pub(in crate::archive) fn may_sign_by_hand(
        &self,
        office: &OfficeCode,
        signing: &Signing,
        now: UtcTime,
    ) -> Result<&Binding, HandRefusal> {
        let binding = self
            .bindings
            .for_certificate(office, &signing.certificate, now)
            .map_err(HandRefusal::Signer)?;
        build(
            &signing.certificate,
            &signing.chain,
            &self.anchors,
            &self.memory,
            now.unix_s(),
            Purpose::Signature,
            Budget::default(),
        )
        .map_err(|failure| HandRefusal::Signer(failure.into()))?;
        match self.not_revoked(&signing.certificate, &signing.chain, now) {
            Err(Refusal::CertificateNotUsable(why)) => {
                return Err(HandRefusal::Signer(why));
            }
            other => other?,
        }
        Ok(binding)
    }
}

/// The algorithm that was asked for, or the usual one, where the key is strong enough for any.
pub(super) fn algorithm_for(
    certificate: &Certificate,
    asked: Option<HandAlgorithm>,
    now: UtcTime,
) -> Result<HandAlgorithm, HandRefusal> {
    let key = certificate.key_facts();
    let algorithm = asked
        .or_else(|| HandAlgorithm::usual_for(key))
        .ok_or_else(|| HandRefusal::Algorithm("no algorithm is known for this key".into()))?;
    if !algorithm.fits(key) {
        return Err(HandRefusal::Algorithm(format!(
            "{} is not an algorithm of this key",
            algorithm.algorithm().name()
        )));
    }
    usable(certificate, algorithm.algorithm(), now).map_err(HandRefusal::Signer)?;
    Ok(algorithm)
}
