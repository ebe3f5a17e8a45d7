//! What the service says of the credential: key, algorithms, certificates, how a signature is authorized (CSC API 11.4, 11.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::Service;
use super::messages::{AskCredential, CredentialInfo, CredentialList, ListCredentials};
use super::unusable;
use crate::keys::certificates as bags;
use crate::keys::choice::{AlgorithmChoice, RsaScheme, algorithm_for};
use crate::keys::failure::KeyFailure;
use crate::pki::cert::Certificate;
use crate::pki::crypto::{KeyFacts, KeyKind, SignatureAlgorithm};
use crate::pki::der::{Reader, tag};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::oid;
use crate::record::Fault;

/// A chain has three or four.
const CERTIFICATES_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Credential {
    pub certificates: Vec<Certificate>,
    /// Object identifiers, dotted.
    algorithms: Vec<String>,
    pub control: Control,
    /// How many signatures one authorization may be for.
    pub multisign: u32,
    pub objects: Vec<(String, String)>,
    pub mode: String,
}

/// Sole control assurance level (EN 419 241-1): whether an authorization is bound to hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    Scal1,
    Scal2,
}

/// As `signatures/signHash` is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignAlgorithm {
    pub oid: String,
    /// base64 of the parameters' DER, for PSS.
    pub parameters: Option<String>,
    pub hash_oid: String,
}

/// The configured credential, or the only one.
pub(super) fn choose(service: &Service, named: Option<&str>) -> Result<String, Fault> {
    if let Some(id) = named {
        return Ok(id.to_owned());
    }
    let list: CredentialList =
        service.post("credentials/list", &ListCredentials { only_valid: true })?;
    match list.credential_ids.as_slice() {
        [one] => Ok(one.clone()),
        several => Err(Fault::plain(format!(
            "the service lists {} credentials; name the one to sign with: credential = …",
            several.len()
        ))),
    }
}

impl Credential {
    pub fn ask(service: &Service, id: &str) -> Result<Self, Fault> {
        let request = AskCredential {
            credential_id: id,
            certificates: "chain",
            cert_info: true,
            auth_info: true,
        };
        let info: CredentialInfo = service.post("credentials/info", &request)?;
        let is = |value: &str, wanted: &str| value.eq_ignore_ascii_case(wanted);
        if !is(&info.key.status, "enabled") {
            return Err(unusable("the key is not enabled"));
        }
        // Absent, nothing is said; what the certificate itself says is checked before every signature anyway.
        if !info.cert.status.is_empty() && !is(&info.cert.status, "valid") {
            return Err(unusable("the certificate is not valid"));
        }
        let mut list = Vec::new();
        for text in info.cert.certificates.iter().take(CERTIFICATES_MAX) {
            let der = STANDARD
                .decode(text.split_ascii_whitespace().collect::<String>())
                .map_err(|_| unusable("a certificate that is not base64"))?;
            list.push(
                Certificate::from_der(&der)
                    .map_err(|e| Fault::new("reading the service's certificate", e))?,
            );
        }
        // CSC API 11.5: the credential's own stands first; the rest in any order.
        let certificates = match list.first().map(|own| own.spki().to_vec()) {
            Some(spki) => bags::chain(&spki, list),
            None => list,
        };
        let mode = if info.auth.mode.is_empty() {
            info.auth_mode.unwrap_or_default()
        } else {
            info.auth.mode
        };
        Ok(Self {
            certificates,
            algorithms: info.key.algo,
            // Absent means 1 (CSC API 11.5).
            control: if info.scal == "2" {
                Control::Scal2
            } else {
                Control::Scal1
            },
            multisign: info.multisign.unwrap_or(1).max(1),
            objects: info
                .auth
                .objects
                .into_iter()
                .map(|o| (o.kind, o.id))
                .collect(),
            mode,
        })
    }

    /// What the key signs with: the choice, else PSS and the natural hash, else what the service has.
    pub fn algorithm(
        &self,
        key: KeyFacts,
        choice: AlgorithmChoice,
    ) -> Result<(SignatureAlgorithm, SignAlgorithm), Fault> {
        let schemes: &[Option<RsaScheme>] = match (key.kind, choice.rsa) {
            (KeyKind::Rsa | KeyKind::RsaPss, None) => {
                &[Some(RsaScheme::Pss), Some(RsaScheme::Pkcs1)]
            }
            (_, chosen) => &[chosen],
        };
        let digests: &[Option<DigestAlgorithm>] = match choice.digest {
            None => &[
                None,
                Some(DigestAlgorithm::Sha256),
                Some(DigestAlgorithm::Sha384),
                Some(DigestAlgorithm::Sha512),
            ],
            chosen => &[chosen],
        };
        let doing = "choosing an algorithm that the service offers";
        for rsa in schemes {
            for digest in digests {
                let choice = AlgorithmChoice {
                    rsa: *rsa,
                    digest: *digest,
                };
                let algorithm = match algorithm_for(key, choice) {
                    Ok(algorithm) => algorithm,
                    // A key for PSS only, on the way through the schemes.
                    Err(_) if schemes.len() > 1 && *rsa != schemes.first().copied().flatten() => {
                        continue;
                    }
                    Err(unsuited) => return Err(Fault::new(doing, unsuited)),
                };
                if let Some(named) = self.named(algorithm) {
                    return Ok((algorithm, named));
                }
            }
        }
        Err(Fault::new(
            doing,
            KeyFailure::RemoteNeeds(
                "an algorithm that the key's list does not hold with SHA-256 or longer",
            ),
        ))
    }

    /// How the service calls an algorithm, if it has it: by the identifier that fixes the hash, else by the key's.
    fn named(&self, algorithm: SignatureAlgorithm) -> Option<SignAlgorithm> {
        let digest = algorithm.digest()?;
        let identifier = algorithm.to_der();
        let mut fields = Reader::new(&identifier)
            .sequence("AlgorithmIdentifier")
            .ok()?;
        let own = oid::dotted(fields.oid("AlgorithmIdentifier").ok()?);
        let general = match algorithm {
            SignatureAlgorithm::RsaPkcs1 { .. } => Some(oid::dotted(oid::RSA_ENCRYPTION)),
            SignatureAlgorithm::Ecdsa { .. } => Some(oid::dotted(oid::EC_PUBLIC_KEY)),
            SignatureAlgorithm::RsaPss { .. } | SignatureAlgorithm::Ed25519 => None,
        };
        let listed = |wanted: &String| self.algorithms.iter().any(|a| a == wanted);
        let oid = Some(own).filter(listed).or(general.filter(listed))?;
        let parameters = matches!(algorithm, SignatureAlgorithm::RsaPss { .. })
            .then(|| fields.read(tag::SEQUENCE, "RSASSA-PSS-params").ok())
            .flatten()
            .map(|parameters| STANDARD.encode(parameters.raw));
        Some(SignAlgorithm {
            oid,
            parameters,
            hash_oid: oid::dotted(digest.oid()),
        })
    }
}
