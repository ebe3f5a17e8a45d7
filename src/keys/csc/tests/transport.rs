//! Access tokens, TLS, addresses, limits, a busy service.

use super::*;

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
        assert_eq!(super::super::is_plain_http(url, &listed), wanted, "{url}");
        assert!(!super::super::is_plain_http(url, &[]), "{url}");
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
