//! What is signed, under which authorization, and what each refusal of it becomes.

use super::*;

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
