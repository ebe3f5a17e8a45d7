//! Keys at a remote signing service that speaks the Cloud Signature Consortium API v2 (ETSI TS 119 432 refers to it).
//!
//! # Contents
//! * `settings`: what the operator says. `agent`, `http`: TLS, POST and JSON, bounded; error objects. `access`: may we call (OAuth 2.0, mutual TLS).
//! * `credential`: what the service says of key and certificates. `authorization`: may this key sign this hash (SAD).
//! * `messages`: the JSON, read leniently: names and values differ between services in spelling.
//!
//! # Invariants
//! * Only hashes leave this machine.
//! * A SAD is used for no more signatures than it was given for, and not after its time.
//! * A request that failed is sent again at most once, and only where nothing can have been signed or the service asks for it.

mod access;
mod agent;
mod authorization;
mod credential;
mod http;
mod messages;
mod settings;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use http::is_plain_http;
pub use settings::{CscAccess, CscAuthorization, CscSettings, OAuthClient};

use self::authorization::Authorizer;
use self::credential::{Credential, SignAlgorithm};
use self::http::Service;
use self::messages::{SignHash, Signatures};
use super::choice::AlgorithmChoice;
use super::ecdsa;
use super::failure::KeyFailure;
use super::{SigningKey, certificates};
use crate::pki::cert::Certificate;
use crate::pki::crypto::{KeyFacts, KeyKind, SignatureAlgorithm};
use crate::record::Fault;

/// A private key that a remote service holds.
#[derive(Debug)]
pub struct ServiceKey {
    service: Service,
    authorizer: Authorizer,
    credential_id: String,
    algorithm: SignatureAlgorithm,
    sign_algorithm: SignAlgorithm,
    facts: KeyFacts,
    spki: Vec<u8>,
}

impl ServiceKey {
    /// Asks the service what it can do and what the credential is. Signs nothing: that may take somebody's consent.
    ///
    /// # Errors
    /// The service can't be reached, refuses, or its credential can't be used, as a [`KeyFailure`] where it is known.
    pub fn open(
        settings: &CscSettings,
        choice: AlgorithmChoice,
    ) -> Result<(Self, Vec<Certificate>), Fault> {
        let doing = || format!("opening the key at {}", settings.url);
        let fault = |e: Fault| Fault::new(doing(), e);
        let service = Service::connect(settings).map_err(fault)?;
        let id = credential::choose(&service, settings.credential.as_deref()).map_err(fault)?;
        let credential = Credential::ask(&service, &id).map_err(fault)?;
        let certificates = match &settings.certificate_file {
            Some(file) => certificates::read(file).map_err(fault)?,
            None => credential.certificates.clone(),
        };
        let certificate = certificates
            .first()
            .ok_or_else(|| Fault::new(doing(), KeyFailure::CertificateMissing))?;
        let facts = certificate.key_facts();
        let (algorithm, sign_algorithm) = credential.algorithm(facts, choice).map_err(fault)?;
        let authorizer = Authorizer::new(settings, &service, &id, &credential).map_err(fault)?;
        let key = Self {
            service,
            authorizer,
            credential_id: id,
            algorithm,
            sign_algorithm,
            facts,
            spki: certificate.spki().to_vec(),
        };
        Ok((key, certificates))
    }

    /// CSC API 11.9: one hash, synchronously.
    fn sign_hash(&self, hash: &str, sad: Option<&str>) -> Result<Vec<u8>, Fault> {
        let request = SignHash {
            credential_id: &self.credential_id,
            sad,
            hashes: [hash],
            hash_algorithm_oid: &self.sign_algorithm.hash_oid,
            sign_algo: &self.sign_algorithm.oid,
            sign_algo_params: self.sign_algorithm.parameters.as_deref(),
            operation_mode: "S",
        };
        let answer: Signatures = self.service.post("signatures/signHash", &request)?;
        let [signature] = answer.signatures.as_slice() else {
            return Err(unusable("not one signature for one hash"));
        };
        STANDARD
            .decode(signature)
            .map_err(|_| unusable("a signature that is not base64"))
    }

    /// Services give ECDSA signatures in DER or as r and s side by side; the interface does not say which.
    fn normal(&self, signature: Vec<u8>) -> Vec<u8> {
        if !matches!(self.facts.kind, KeyKind::Ec(_)) || ecdsa::is_der(&signature) {
            return signature;
        }
        let field_bytes = usize::try_from(self.facts.bits.div_ceil(8)).unwrap_or(0);
        ecdsa::der_of_raw(&signature, field_bytes).unwrap_or(signature)
    }
}

impl SigningKey for ServiceKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let hash = match self.algorithm.digest() {
            Some(digest) => digest.hash(message),
            // CSC API 11.9 carries hashes only, and Ed25519 signs messages; `Credential::algorithm` offers none.
            None => return Err(unusable("no hash for Ed25519")),
        };
        let hash = STANDARD.encode(hash);
        let signature =
            self.authorizer
                .with_sad(&self.service, &self.sign_algorithm, &hash, |sad| {
                    self.sign_hash(&hash, sad)
                })?;
        Ok(self.normal(signature))
    }

    /// A signature may cost somebody's consent: the service is asked whether the key is still enabled.
    fn prove(&self, _message: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Credential::ask(&self.service, &self.credential_id).map(|_| None)
    }
}

fn unusable(what: &'static str) -> Fault {
    Fault::new(
        "reading the signing service's answer",
        KeyFailure::RemoteAnswer(what),
    )
}
