//! A key at a signing service, over real HTTP and TLS: what is sent, how often, and what each refusal becomes.

mod authorization;
mod server;
mod transport;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};
use serde_json::json;

use self::server::{Rules, Server};
use super::{CscAccess, CscAuthorization, CscSettings, OAuthClient, ServiceKey};
use crate::keys::{
    AlgorithmChoice, KeyFailure, KeySettings, KeySource, RemoteRefusal, RsaScheme, Secret,
    SigningKey, Unsuited, open,
};
use crate::pki::crypto::{PublicKey, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm;
use crate::record::Fault;

const NATURAL: AlgorithmChoice = AlgorithmChoice::NATURAL;
const PSS: &str = "1.2.840.113549.1.1.10";
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_SHA_1: &str = "1.2.840.113549.1.1.5";
const RSA_SHA_512: &str = "1.2.840.113549.1.1.13";
const ECDSA_SHA_256: &str = "1.2.840.10045.4.3.2";
const EC_KEY: &str = "1.2.840.10045.2.1";

fn rsa() -> PKey<Private> {
    PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap()
}

fn p256() -> PKey<Private> {
    let group = openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap()
}

/// A certificate that a key makes for itself, for 127.0.0.1.
fn certify(key: &PKeyRef<Private>) -> X509 {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "Seal").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(9).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    let names = SubjectAlternativeName::new()
        .ip("127.0.0.1")
        .build(&builder.x509v3_context(None, None))
        .unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// A service and a folder with the client's secrets.
struct Case {
    server: Server,
    dir: PathBuf,
}

impl Case {
    fn new(name: &str, rules: Rules) -> Self {
        Self::over(name, rules, None)
    }

    fn over(name: &str, rules: Rules, tls: Option<SslAcceptor>) -> Self {
        let dir = std::env::temp_dir().join(format!("antin-csc-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let case = Self {
            server: Server::start(rules, tls),
            dir,
        };
        case.write("secret", b"s&cret 1\n");
        case.write("pin", b"135790\n");
        case
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn settings(&self) -> CscSettings {
        CscSettings {
            url: self.server.url.clone(),
            specs: None,
            credential: None,
            access: CscAccess {
                oauth: Some(OAuthClient {
                    id: "antin".into(),
                    secret: Secret::File(self.dir.join("secret")),
                    token_url: None,
                }),
                mutual_tls: None,
            },
            authorization: CscAuthorization::Sad {
                pin: Some(Secret::File(self.dir.join("pin"))),
                signatures: 1,
            },
            certificate_file: None,
            ca_file: None,
            plain_http: vec![self.server.authority.clone()],
            timeout_ms: 5_000,
            approval_s: 5,
            poll_ms: 1,
        }
    }

    fn open(&self) -> Result<ServiceKey, Fault> {
        self.open_with(NATURAL, |_| {})
    }

    fn open_with(
        &self,
        choice: AlgorithmChoice,
        change: impl FnOnce(&mut CscSettings),
    ) -> Result<ServiceKey, Fault> {
        let mut settings = self.settings();
        change(&mut settings);
        ServiceKey::open(&settings, choice).map(|(key, _)| key)
    }

    fn calls(&self, method: &str) -> usize {
        self.server.calls(method)
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[track_caller]
fn check_signs(key: &ServiceKey, message: &[u8]) {
    let signature = key.sign(message).unwrap();
    let public = PublicKey::from_spki(key.spki()).unwrap();
    public.verify(key.algorithm(), message, &signature).unwrap();
}

/// The innermost cause of that type.
fn cause<T: std::error::Error + Clone + 'static>(fault: &Fault) -> Option<T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found.clone());
        }
        next = error.source();
    }
    None
}

#[track_caller]
fn check_failure<T: std::fmt::Debug>(outcome: Result<T, Fault>, wanted: KeyFailure) {
    let fault = outcome.unwrap_err();
    assert_eq!(cause(&fault), Some(wanted), "{}", fault.chain());
}

fn refused(method: &'static str, status: u16, error: &str, description: &str) -> KeyFailure {
    KeyFailure::Remote(RemoteRefusal {
        method,
        status,
        error: error.into(),
        description: description.into(),
    })
}
