//! Keys on a real (software) token: every algorithm from several threads, and what happens when token, session, PIN or library go.

mod token;

use openssl::bn::BigNum;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use self::token::{Desk, PIN, certify, curve, rsa, with_token, write_secret};
use super::{Pkcs11Settings, TokenKey, TokenName};
use crate::keys::{
    AlgorithmChoice, KeyFailure, KeySettings, KeySource, RsaScheme, Secret, SigningKey, open,
};
use crate::pki::crypto::{PublicKey, SignatureAlgorithm};
use crate::pki::digest::DigestAlgorithm;
use crate::record::Fault;

const NATURAL: AlgorithmChoice = AlgorithmChoice::NATURAL;

fn chosen(rsa: RsaScheme, digest: DigestAlgorithm) -> AlgorithmChoice {
    AlgorithmChoice {
        rsa: Some(rsa),
        digest: Some(digest),
    }
}

/// The innermost failure of ours.
fn failure(fault: &Fault) -> Option<&KeyFailure> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<KeyFailure>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[track_caller]
fn check_failure<T: std::fmt::Debug>(outcome: Result<T, Fault>, wanted: KeyFailure) {
    let fault = outcome.unwrap_err();
    assert_eq!(failure(&fault), Some(&wanted), "{}", fault.chain());
}

#[track_caller]
fn check_signs(key: &TokenKey, message: &[u8]) {
    let signature = key.sign(message).unwrap();
    let public = PublicKey::from_spki(key.spki()).unwrap();
    assert!(signature.len() <= public.facts().signature_bytes_max());
    public.verify(key.algorithm(), message, &signature).unwrap();
}

#[test]
fn every_algorithm_signs_from_several_threads() {
    with_token(
        "every_algorithm_signs_from_several_threads",
        |desk: &Desk| {
            use DigestAlgorithm::{Sha256, Sha384, Sha512};
            desk.import("rsa", "a1", &rsa(3072));
            desk.import("p256", "a2", &curve(Nid::X9_62_PRIME256V1));
            desk.import("p384", "a3", &curve(Nid::SECP384R1));
            let pkcs1 = |digest| SignatureAlgorithm::RsaPkcs1 { digest };
            let cases = [
                ("rsa", NATURAL, SignatureAlgorithm::pss_for(Sha256)),
                (
                    "rsa",
                    chosen(RsaScheme::Pss, Sha384),
                    SignatureAlgorithm::pss_for(Sha384),
                ),
                (
                    "rsa",
                    chosen(RsaScheme::Pss, Sha512),
                    SignatureAlgorithm::pss_for(Sha512),
                ),
                ("rsa", chosen(RsaScheme::Pkcs1, Sha256), pkcs1(Sha256)),
                ("rsa", chosen(RsaScheme::Pkcs1, Sha384), pkcs1(Sha384)),
                ("rsa", chosen(RsaScheme::Pkcs1, Sha512), pkcs1(Sha512)),
                (
                    "p256",
                    NATURAL,
                    SignatureAlgorithm::Ecdsa { digest: Sha256 },
                ),
                (
                    "p384",
                    NATURAL,
                    SignatureAlgorithm::Ecdsa { digest: Sha384 },
                ),
            ];
            let keys: Vec<TokenKey> = cases
                .iter()
                .map(|(label, choice, wanted)| {
                    let key = desk.open(label, *choice).unwrap();
                    assert_eq!(key.algorithm(), *wanted);
                    key
                })
                .collect();
            // 4 threads, each with every key, 5 times: 160 signatures, checked by OpenSSL.
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let keys = &keys;
                    scope.spawn(move || {
                        for round in 0..5 {
                            for key in keys {
                                check_signs(key, format!("{thread} {round}").as_bytes());
                            }
                        }
                    });
                }
            });
            // The log-in is the token's: the later keys find it done, and ask once each at most.
            assert!(desk.calls("open") <= 4 * keys.len());
        },
    );
}

#[test]
fn sessions_are_never_more_than_allowed() {
    with_token("sessions_are_never_more_than_allowed", |desk: &Desk| {
        desk.import("p256", "a2", &curve(Nid::X9_62_PRIME256V1));
        let settings = Pkcs11Settings {
            sessions: 2,
            ..desk.settings("p256")
        };
        let (key, _) = TokenKey::open(&settings, NATURAL).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let key = &key;
                scope.spawn(move || {
                    for _ in 0..20 {
                        check_signs(key, b"crowd");
                    }
                });
            }
        });
        assert!(
            (1..=2).contains(&desk.calls("open")),
            "{}",
            desk.calls("open")
        );
    });
}

#[test]
fn a_wrong_pin_is_sent_once() {
    with_token("a_wrong_pin_is_sent_once", |desk: &Desk| {
        desk.import("p256", "a2", &curve(Nid::X9_62_PRIME256V1));
        write_secret(&desk.dir.join("pin"), "999999\n");
        for _ in 0..5 {
            check_failure(desk.open("p256", NATURAL), KeyFailure::PinWrong);
        }
        assert_eq!(desk.calls("login"), 1);
        // Another PIN is another try.
        write_secret(&desk.dir.join("pin"), &format!("{PIN}\n"));
        let key = desk.open("p256", NATURAL).unwrap();
        assert_eq!(desk.calls("login"), 2);
        // A PIN that was changed on the token while a key is open: again one try, whatever the number of requests.
        write_secret(&desk.dir.join("pin"), "888888");
        for _ in 0..5 {
            desk.tell("close-all", "");
            check_failure(key.sign(b"x"), KeyFailure::PinWrong);
            let _ = std::fs::remove_file(desk.dir.join("close-all"));
        }
        assert_eq!(desk.calls("login"), 3);
    });
}

#[test]
fn lost_sessions_are_opened_again_once() {
    with_token("lost_sessions_are_opened_again_once", |desk: &Desk| {
        desk.import("rsa", "a1", &rsa(2048));
        let key = desk.open("rsa", NATURAL).unwrap();
        // Every session of the process closed behind our back: the log-in goes with them.
        desk.forget_calls();
        desk.tell("close-all", "");
        check_signs(&key, b"after all sessions were closed");
        assert_eq!((desk.calls("sign-init"), desk.calls("login")), (2, 1));
        // The whole library shut down by somebody else in the process.
        desk.forget_calls();
        desk.tell("finalize", "");
        check_signs(&key, b"after C_Finalize");
        assert_eq!((desk.calls("sign-init"), desk.calls("login")), (2, 1));
        // CKR_SESSION_HANDLE_INVALID, DEVICE_REMOVED, TOKEN_NOT_PRESENT, USER_NOT_LOGGED_IN, DEVICE_ERROR.
        for code in ["0xB3", "0x32", "0xE0", "0x101", "0x30"] {
            desk.forget_calls();
            desk.tell("fail-sign", &format!("{code}\n"));
            check_signs(&key, code.as_bytes());
            assert_eq!(desk.calls("sign-init"), 2, "{code}");
            desk.forget_calls();
            desk.tell("fail-sign", &format!("{code}\n{code}\n"));
            check_failure(key.sign(b"x"), KeyFailure::TokenGone);
            assert_eq!(desk.calls("sign-init"), 2, "{code}");
            check_signs(&key, b"and it works again");
        }
        // CKR_FUNCTION_CANCELED, CKR_KEY_FUNCTION_NOT_PERMITTED: nothing that opening anew would mend.
        for code in ["0x50", "0x68"] {
            desk.forget_calls();
            desk.tell("fail-sign", &format!("{code}\n"));
            let fault = key.sign(b"x").unwrap_err();
            assert_eq!(failure(&fault), None, "{}", fault.chain());
            assert_eq!(desk.calls("sign-init"), 1, "{code}");
        }
        check_signs(&key, b"and it works again");
    });
}

#[test]
fn a_token_that_is_pulled_out_says_so_and_works_when_it_is_back() {
    with_token(
        "a_token_that_is_pulled_out_says_so_and_works_when_it_is_back",
        |desk: &Desk| {
            desk.import("rsa", "a1", &rsa(2048));
            let key = desk.open("rsa", NATURAL).unwrap();
            let (here, away) = (desk.dir.join("tokens"), desk.dir.join("away"));
            std::fs::rename(&here, &away).unwrap();
            std::fs::create_dir(&here).unwrap();
            desk.tell("close-all", "");
            desk.tell("rescan", "");
            for _ in 0..3 {
                check_failure(key.sign(b"x"), KeyFailure::TokenAbsent);
            }
            check_failure(desk.open("rsa", NATURAL), KeyFailure::TokenAbsent);
            std::fs::remove_dir(&here).unwrap();
            std::fs::rename(&away, &here).unwrap();
            desk.tell("rescan", "");
            desk.forget_calls();
            check_signs(&key, b"plugged in again");
            assert_eq!((desk.calls("sign-init"), desk.calls("login")), (1, 1));
        },
    );
}

#[test]
fn certificates_are_read_from_the_token() {
    with_token("certificates_are_read_from_the_token", |desk: &Desk| {
        use cryptoki::object::{Attribute, CertificateType, ObjectClass};
        use cryptoki::session::UserType;
        let (root, own) = (curve(Nid::X9_62_PRIME256V1), rsa(2048));
        desk.import("rsa", "a1", &own);
        let authority = certify("Authority", &root, ("Authority", &root));
        let seal = certify("Seal", &own, ("Authority", &root));
        let settings = Pkcs11Settings {
            certificate_file: None,
            key_label: None,
            key_id: Some(vec![0xa1]),
            ..desk.settings("rsa")
        };
        check_failure(
            TokenKey::open(&settings, NATURAL),
            KeyFailure::CertificateMissing,
        );

        let module = super::module::Module::load(&settings.module).unwrap();
        let slot = module.context.get_slots_with_initialized_token().unwrap()[0];
        let session = module.context.open_rw_session(slot).unwrap();
        session
            .login(UserType::User, Some(&PIN.to_owned().into()))
            .unwrap();
        for (id, certificate) in [(0xb7, &authority), (0xa1, &seal)] {
            let template = [
                Attribute::Class(ObjectClass::CERTIFICATE),
                Attribute::CertificateType(CertificateType::X_509),
                Attribute::Token(true),
                Attribute::Id(vec![id]),
                Attribute::Subject(certificate.subject_name().to_der().unwrap()),
                Attribute::Value(certificate.to_der().unwrap()),
            ];
            session.create_object(&template).unwrap();
        }
        let serial = module
            .context
            .get_token_info(slot)
            .unwrap()
            .serial_number()
            .to_owned();
        let by_serial = Pkcs11Settings {
            token: TokenName::Serial(serial),
            ..settings.clone()
        };
        for settings in [settings, by_serial] {
            let (key, certificates) = TokenKey::open(&settings, NATURAL).unwrap();
            check_signs(&key, b"x");
            let found: Vec<&[u8]> = certificates.iter().map(|c| c.der()).collect();
            assert_eq!(found, [seal.to_der().unwrap(), authority.to_der().unwrap()]);
        }
    });
}

#[test]
fn a_key_that_wants_its_pin_each_time_gets_it() {
    with_token(
        "a_key_that_wants_its_pin_each_time_gets_it",
        |desk: &Desk| {
            use cryptoki::mechanism::Mechanism;
            use cryptoki::object::{Attribute, AttributeType};
            use cryptoki::session::UserType;
            let settings = desk.settings("careful");
            let module = super::module::Module::load(&settings.module).unwrap();
            let slot = module.context.get_slots_with_initialized_token().unwrap()[0];
            let session = module.context.open_rw_session(slot).unwrap();
            session
                .login(UserType::User, Some(&PIN.to_owned().into()))
                .unwrap();
            let label = Attribute::Label(b"careful".to_vec());
            let public = [
                Attribute::Token(true),
                Attribute::Verify(true),
                Attribute::ModulusBits(2048.into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
                label.clone(),
            ];
            let private = [
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sign(true),
                Attribute::AlwaysAuthenticate(true),
                label,
            ];
            let (public, _) = session
                .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
                .unwrap();
            let modulus = session
                .get_attributes(public, &[AttributeType::Modulus])
                .unwrap();
            let [Attribute::Modulus(modulus)] = modulus.as_slice() else {
                panic!("no modulus")
            };
            let public = PKey::from_rsa(
                Rsa::from_public_components(
                    BigNum::from_slice(modulus).unwrap(),
                    BigNum::from_u32(65_537).unwrap(),
                )
                .unwrap(),
            )
            .unwrap();
            let issuer = rsa(2048);
            let certificate = certify("careful", &public, ("Authority", &issuer));
            std::fs::write(desk.certificate("careful"), certificate.to_pem().unwrap()).unwrap();

            for choice in [NATURAL, chosen(RsaScheme::Pkcs1, DigestAlgorithm::Sha384)] {
                let key = desk.open("careful", choice).unwrap();
                desk.forget_calls();
                for _ in 0..3 {
                    check_signs(&key, b"with care");
                }
                assert_eq!(desk.calls("context-login"), 3);
            }
        },
    );
}

#[test]
fn what_is_not_there_is_named() {
    with_token("what_is_not_there_is_named", |desk: &Desk| {
        desk.import("one", "a1", &rsa(2048));
        desk.import("two", "a2", &rsa(2048));
        let with = |change: fn(&mut Pkcs11Settings)| {
            let mut settings = desk.settings("one");
            change(&mut settings);
            TokenKey::open(&settings, NATURAL)
        };
        check_failure(
            with(|s| s.token = TokenName::Label("Con dau khac".into())),
            KeyFailure::TokenAbsent,
        );
        check_failure(
            with(|s| s.key_label = Some("three".into())),
            KeyFailure::KeysFound(0),
        );
        check_failure(with(|s| s.key_label = None), KeyFailure::KeysFound(2));
        // Another key's certificate.
        let other = desk.certificate("two");
        let mut settings = desk.settings("one");
        settings.certificate_file = Some(other);
        check_failure(
            TokenKey::open(&settings, NATURAL),
            KeyFailure::CertificateOfAnotherKey,
        );
        // A PIN that others can read is not even looked at.
        let pin = desk.dir.join("open-pin");
        std::fs::write(&pin, PIN).unwrap();
        desk.forget_calls();
        let mut settings = desk.settings("one");
        settings.pin = Secret::File(pin.clone());
        let fault = TokenKey::open(&settings, NATURAL).unwrap_err();
        assert!(matches!(
            failure(&fault),
            Some(KeyFailure::OpenToOthers { .. })
        ));
        assert_eq!(desk.calls("login"), 0);
        // The way of the archive: through `keys::open`, checked.
        let opened = open(&KeySettings {
            source: KeySource::Pkcs11(desk.settings("one")),
            choice: NATURAL,
        })
        .unwrap();
        opened.key.sign(b"x").unwrap();
    });
}
