//! A key at a signing service, over real HTTP and TLS: what is sent, how often, and what each refusal becomes.

mod server;

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

#[test]
fn each_hash_is_authorized_and_signed() {
    use DigestAlgorithm::{Sha256, Sha512};
    let pkcs1 = |digest| SignatureAlgorithm::RsaPkcs1 { digest };
    let ecdsa = SignatureAlgorithm::Ecdsa { digest: Sha256 };
    let cases: [(_, &[&str], bool, _); 6] = [
        (
            rsa(),
            &[RSA, PSS],
            false,
            SignatureAlgorithm::pss_for(Sha256),
        ),
        (rsa(), &[RSA], false, pkcs1(Sha256)),
        (rsa(), &[RSA_SHA_1, RSA_SHA_512], false, pkcs1(Sha512)),
        (p256(), &[ECDSA_SHA_256], false, ecdsa),
        (p256(), &[EC_KEY], false, ecdsa),
        (p256(), &[ECDSA_SHA_256], true, ecdsa),
    ];
    for (key, algorithms, raw_ecdsa, wanted) in cases {
        let mut rules = Rules::new(key, algorithms);
        rules.raw_ecdsa = raw_ecdsa;
        let case = Case::new("each", rules);
        let key = case.open().unwrap();
        assert_eq!(key.algorithm(), wanted);
        for message in ["one", "two", "three"] {
            check_signs(&key, message.as_bytes());
        }
        // Each SAD was for one signature over one hash; the access token is asked for once.
        assert_eq!(case.calls("credentials/authorize"), 3);
        assert_eq!(case.calls("signatures/signHash"), 3);
        assert_eq!(case.calls("oauth2/token"), 1);
    }
}

#[test]
fn what_the_operator_chose_is_used_or_refused() {
    let case = Case::new("chosen", Rules::new(rsa(), &[RSA, PSS]));
    let choice = AlgorithmChoice {
        rsa: Some(RsaScheme::Pkcs1),
        digest: Some(DigestAlgorithm::Sha384),
    };
    let key = case.open_with(choice, |_| {}).unwrap();
    let wanted = SignatureAlgorithm::RsaPkcs1 {
        digest: DigestAlgorithm::Sha384,
    };
    assert_eq!(key.algorithm(), wanted);
    check_signs(&key, b"x");
    let weak = AlgorithmChoice {
        rsa: None,
        digest: Some(DigestAlgorithm::Sha1),
    };
    let fault = case.open_with(weak, |_| {}).unwrap_err();
    assert_eq!(cause(&fault), Some(Unsuited::Digest(DigestAlgorithm::Sha1)));
    let only_weak = Case::new("weak", Rules::new(rsa(), &[RSA_SHA_1]));
    let fault = only_weak.open().unwrap_err();
    assert!(
        matches!(cause(&fault), Some(KeyFailure::RemoteNeeds(_))),
        "{}",
        fault.chain()
    );
}

#[test]
fn many_threads_sign_at_once() {
    let case = Case::new("threads", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = Arc::new(case.open().unwrap());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let key = &key;
            scope.spawn(move || {
                for round in 0..5 {
                    check_signs(key, format!("{thread} {round}").as_bytes());
                }
            });
        }
    });
    assert_eq!(case.calls("signatures/signHash"), 20);
    assert_eq!(case.calls("oauth2/token"), 1);
}

#[test]
fn a_sad_that_does_not_hold_is_replaced_once() {
    let case = Case::new("sad", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    case.server
        .refuse("signatures/signHash", 400, "invalid_request", "SAD expired");
    check_signs(&key, b"x");
    assert_eq!(case.calls("credentials/authorize"), 2);
    for _ in 0..2 {
        case.server
            .refuse("signatures/signHash", 400, "invalid_request", "SAD expired");
    }
    check_failure(
        key.sign(b"x"),
        refused("signatures/signHash", 400, "invalid_request", "SAD expired"),
    );
    assert_eq!(case.calls("credentials/authorize"), 4);
    assert_eq!(case.calls("signatures/signHash"), 4);
}

#[test]
fn a_hash_that_is_not_authorized_is_not_tried_again() {
    let case = Case::new("hash", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    let words = "Hash is not authorized by the SAD";
    for (status, error) in [(403, "invalid_hash"), (400, "invalid_request")] {
        case.server
            .refuse("signatures/signHash", status, error, words);
        let before = case.calls("signatures/signHash");
        check_failure(
            key.sign(b"x"),
            refused("signatures/signHash", status, error, words),
        );
        assert_eq!(case.calls("signatures/signHash"), before + 1);
    }
}

#[test]
fn the_service_itself_refuses_a_sad_for_another_hash() {
    // What the client would have to do wrong, done to the server: it is not the tests' server that lets everything pass.
    let case = Case::new("other-hash", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    let outcome = key
        .authorizer
        .with_sad(&key.service, &key.sign_algorithm, "AAAA", |sad| {
            key.sign_hash("BBBB", sad)
        });
    check_failure(
        outcome,
        refused(
            "signatures/signHash",
            403,
            "invalid_hash",
            "Hash is not authorized by the SAD",
        ),
    );
}

#[test]
fn a_busy_service_is_asked_once_more() {
    let case = Case::new("busy", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    case.server.refuse("signatures/signHash", 503, "", "");
    check_signs(&key, b"x");
    for method in ["credentials/authorize", "signatures/signHash"] {
        case.server
            .refuse(method, 503, "temporarily_unavailable", "later");
        case.server.refuse(method, 429, "", "");
        check_failure(key.sign(b"x"), refused(method, 429, "", ""));
    }
    case.server
        .refuse("signatures/signHash", 500, "server_error", "broken");
    check_failure(
        key.sign(b"x"),
        refused("signatures/signHash", 500, "server_error", "broken"),
    );
    check_signs(&key, b"x");
}

#[test]
fn somebody_may_approve_elsewhere() {
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    rules.approval_after = Some(3);
    let case = Case::new("approval", rules);
    let key = case.open().unwrap();
    check_signs(&key, b"x");
    assert_eq!(case.calls("credentials/authorizeCheck"), 4);
    case.server.rules().approval_after = Some(1_000_000);
    let impatient = case.open_with(NATURAL, |s| s.approval_s = 0).unwrap();
    check_failure(
        impatient.sign(b"x"),
        KeyFailure::NotApproved { waited_s: 0 },
    );
}

#[test]
fn one_authorization_serves_several_signatures_as_far_as_it_goes() {
    for (scal, extends, authorizations, extensions) in
        [("1", true, 2, 0), ("2", true, 2, 3), ("2", false, 5, 0)]
    {
        let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
        (rules.scal, rules.multisign, rules.extends) = (scal, 3, extends);
        let case = Case::new("several", rules);
        // More than the credential allows: as many as it does.
        let key = case
            .open_with(NATURAL, |s| {
                s.authorization = CscAuthorization::Sad {
                    pin: None,
                    signatures: 100,
                };
            })
            .unwrap();
        for message in ["one", "two", "three", "four", "five"] {
            check_signs(&key, message.as_bytes());
        }
        assert_eq!(
            case.calls("credentials/authorize"),
            authorizations,
            "SCAL {scal}"
        );
        assert_eq!(case.calls("credentials/extendTransaction"), extensions);
        let wanted = if extends { 3 } else { 1 };
        let last = case.server.last("credentials/authorize");
        assert_eq!(last["numSignatures"], wanted);
        assert_eq!(last["hashes"].is_array(), scal == "2");
        // A SAD that the service forgot in between is replaced.
        case.server.refuse(
            "signatures/signHash",
            400,
            "invalid_request",
            "Invalid parameter SAD",
        );
        check_signs(&key, b"six");
    }
}

#[test]
fn a_sad_is_not_used_after_its_time() {
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    (rules.scal, rules.multisign, rules.sad_life_s) = ("1", 9, 0);
    let case = Case::new("sad-life", rules);
    let key = case
        .open_with(NATURAL, |s| {
            s.authorization = CscAuthorization::Sad {
                pin: None,
                signatures: 9,
            };
        })
        .unwrap();
    check_signs(&key, b"one");
    check_signs(&key, b"two");
    assert_eq!(case.calls("credentials/authorize"), 2);
}

#[test]
fn an_access_token_is_kept_until_it_ends() {
    let case = Case::new("token", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    check_signs(&key, b"x");
    assert_eq!(case.calls("oauth2/token"), 1);
    // Taken back by the service: one new one, one more try.
    case.server.forget_tokens();
    check_signs(&key, b"x");
    assert_eq!(case.calls("oauth2/token"), 2);
    // Ended by its own time: not even tried.
    case.server.rules().token_life_s = 0;
    case.server.forget_tokens();
    check_signs(&key, b"x");
    let refusals_before = case.calls("credentials/authorize");
    check_signs(&key, b"x");
    assert_eq!(case.calls("credentials/authorize"), refusals_before + 1);
    // Another secret than the service knows.
    case.write("secret", b"wrong");
    check_failure(
        key.sign(b"x"),
        refused("oauth2/token", 401, "invalid_client", "unknown client"),
    );
}

#[test]
fn a_pin_that_was_refused_is_not_sent_again() {
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    rules.pin = Some("135790");
    let case = Case::new("pin", rules);
    let key = case.open().unwrap();
    check_signs(&key, b"x");
    case.write("pin", b"000000");
    let wrong = || {
        refused(
            "credentials/authorize",
            400,
            "invalid_pin",
            "The PIN is invalid",
        )
    };
    let before = case.calls("credentials/authorize");
    for _ in 0..5 {
        check_failure(key.sign(b"x"), wrong());
    }
    assert_eq!(case.calls("credentials/authorize"), before + 1);
    case.write("pin", b"135790");
    check_signs(&key, b"x");
    let without = case.open_with(NATURAL, |s| {
        s.authorization = CscAuthorization::Sad {
            pin: None,
            signatures: 1,
        };
    });
    check_failure(without, KeyFailure::RemoteNeeds("a PIN; give pin_file"));
}

#[test]
fn a_credential_scoped_token_needs_no_sad() {
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    rules.auth_mode = "oauth2Code";
    let case = Case::new("bearer", rules);
    let fault = case.open().unwrap_err();
    assert!(matches!(cause(&fault), Some(KeyFailure::RemoteNeeds(_))));
    let key = case
        .open_with(NATURAL, |s| s.authorization = CscAuthorization::Bearer)
        .unwrap();
    check_signs(&key, b"x");
    assert_eq!(case.calls("credentials/authorize"), 0);
    assert!(case.server.last("signatures/signHash").get("SAD").is_none());
}

#[test]
fn an_older_service_gets_the_older_names_too() {
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    rules.specs = "1.0.4.0";
    let case = Case::new("older", rules);
    check_signs(&case.open().unwrap(), b"x");
    let request = case.server.last("signatures/signHash");
    assert_eq!(request["hash"], request["hashes"]);
    assert_eq!(request["hashAlgo"], json!("2.16.840.1.101.3.4.2.1"));
    let newer = case
        .open_with(NATURAL, |s| s.specs = Some("2.2.0.0".into()))
        .unwrap();
    check_signs(&newer, b"x");
    assert!(
        case.server
            .last("signatures/signHash")
            .get("hash")
            .is_none()
    );
}

#[test]
fn readiness_costs_no_authorization() {
    let case = Case::new("ready", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    assert_eq!(key.prove(b"probe").unwrap(), None);
    assert_eq!(case.calls("credentials/authorize"), 0);
    case.server.rules().key_status = "disabled";
    check_failure(
        key.prove(b"probe"),
        KeyFailure::RemoteAnswer("the key is not enabled"),
    );
}

#[test]
fn a_signature_by_another_key_is_not_passed_on() {
    let case = Case::new("other-key", Rules::new(p256(), &[ECDSA_SHA_256]));
    let opened = open(&KeySettings {
        source: KeySource::Csc(case.settings()),
        choice: NATURAL,
    })
    .unwrap();
    opened.key.sign(b"x").unwrap();
    case.server.rules().key = p256();
    let fault = opened.key.sign(b"x").unwrap_err();
    assert!(matches!(
        cause(&fault),
        Some(KeyFailure::SignatureDoesNotVerify(_))
    ));
}

#[test]
fn addresses_without_tls_are_asked_only_where_they_are_listed() {
    let case = Case::new("plain", Rules::new(p256(), &[ECDSA_SHA_256]));
    check_failure(
        case.open_with(NATURAL, |s| s.plain_http.clear()),
        KeyFailure::PlainHttp,
    );
    assert_eq!(case.calls("info"), 0);
    // The service can't lead the client's secret to another place either.
    check_failure(
        case.open_with(NATURAL, |s| {
            if let Some(oauth) = &mut s.access.oauth {
                oauth.token_url = Some("http://203.0.113.7/oauth2/token".into());
            }
        }),
        KeyFailure::PlainHttp,
    );
    for (url, wanted) in [
        ("http://127.0.0.1:80/csc/v2", true),
        ("http://[::1]:80/csc/v2", true),
        ("http://10.0.0.5:80/csc/v2", true),
        ("http://203.0.113.7:80/csc/v2", false),
        ("http://127.0.0.1:80@203.0.113.7:80/csc/v2", false),
        ("https://127.0.0.1:80/csc/v2", false),
    ] {
        let rest = url.split("://").nth(1).unwrap();
        let listed = vec![rest.split('/').next().unwrap().to_owned()];
        assert_eq!(super::is_plain_http(url, &listed), wanted, "{url}");
        assert!(!super::is_plain_http(url, &[]), "{url}");
    }
}

#[test]
fn redirects_and_endless_answers_are_refused() {
    let case = Case::new("bounds", Rules::new(p256(), &[ECDSA_SHA_256]));
    let key = case.open().unwrap();
    let before = case.calls("info");
    case.server.refuse("signatures/signHash", 302, "", "");
    check_failure(key.sign(b"x"), refused("signatures/signHash", 302, "", ""));
    assert_eq!(case.calls("info"), before);
    case.server.rules().bytes_too_many = 300 * 1024;
    assert!(key.sign(b"x").is_err());
    case.server.rules().bytes_too_many = 0;
    check_signs(&key, b"x");
}

/// A TLS end that wants a certificate of its clients: this one.
fn acceptor(key: &PKeyRef<Private>, own: &X509, client: &X509) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_private_key(key).unwrap();
    builder.set_certificate(own).unwrap();
    builder.cert_store_mut().add_cert(client.clone()).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    builder.build()
}

#[test]
fn tls_is_checked_at_both_ends() {
    let (service, client) = (p256(), p256());
    let (service_certificate, client_certificate) = (certify(&service), certify(&client));
    let mut rules = Rules::new(p256(), &[ECDSA_SHA_256]);
    rules.needs_token = false;
    let tls = acceptor(&service, &service_certificate, &client_certificate);
    let case = Case::over("tls", rules, Some(tls));
    let write = |name, certificate: &X509| case.write(name, &certificate.to_pem().unwrap());
    let ca = write("ca.pem", &service_certificate);
    let other_ca = write("other.pem", &certify(&p256()));
    let certificate = write("client.pem", &client_certificate);
    let key = case.write("client.key", &client.private_key_to_pem_pkcs8().unwrap());
    let over = |ca: Option<&Path>, mutual: bool| {
        case.open_with(NATURAL, |s| {
            s.plain_http.clear();
            s.access.oauth = None;
            s.ca_file = ca.map(Path::to_owned);
            s.access.mutual_tls = mutual.then(|| (certificate.clone(), key.clone()));
        })
    };
    check_signs(&over(Some(&ca), true).unwrap(), b"x");
    let before = case.calls("info");
    assert!(over(Some(&other_ca), true).is_err());
    assert!(over(None, true).is_err());
    assert!(over(Some(&ca), false).is_err());
    assert_eq!(case.calls("info"), before);
}
