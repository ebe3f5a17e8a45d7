//! The face towards the network: every URL in a certificate leads somewhere, and nothing else does.

use std::slice;

use super::{BASE_URL, id_of, now, province};
use crate::pki::crl::Crl;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{Request, Response, ResponseStatus};
use crate::province::Method;

#[test]
fn every_url_in_a_certificate_leads_to_an_answer() {
    let province = province();
    let visit = |method, url: &str, body: &[u8]| {
        let path = url.strip_prefix(BASE_URL).unwrap();
        province.visit(method, path, body, now()).unwrap()
    };
    let seal = province.entity("seal-district").unwrap().certificate();
    for url in seal.ca_issuer_urls() {
        let answer = visit(Method::Get, url, &[]).unwrap();
        assert_eq!(answer.content_type, "application/pkix-cert");
        assert_eq!(
            answer.body,
            province.entity("issuing").unwrap().certificate().der()
        );
    }
    for url in seal.crl_urls() {
        let answer = visit(Method::Get, url, &[]).unwrap();
        assert_eq!(answer.content_type, "application/pkix-crl");
        Crl::from_der(&answer.body).unwrap();
    }
    let id = id_of(province, DigestAlgorithm::Sha1, "seal-district");
    let request = Request::new(vec![id.clone()], None).to_der();
    for url in seal.ocsp_urls() {
        let posted = visit(Method::Post, url, &request).unwrap();
        assert_eq!(posted.content_type, "application/ocsp-response");
        let base64 = openssl::base64::encode_block(&request);
        let escaped = base64
            .replace('+', "%2B")
            .replace('/', "%2f")
            .replace('=', "%3D");
        let for_urls = base64.replace('+', "-").replace('/', "_").replace('=', "");
        for form in [&base64, &escaped, &for_urls] {
            let got = visit(Method::Get, &format!("{url}/{form}"), &[]).unwrap();
            let basic = Response::parse(&got.body).unwrap().basic.unwrap();
            assert_eq!(
                basic.singles.iter().map(|s| &s.id).collect::<Vec<_>>(),
                slice::from_ref(&&id)
            );
        }
        for nonsense in ["%", "%2", "%zz", "%F0%9F", "đ", "!", ""] {
            let got = visit(Method::Get, &format!("{url}/{nonsense}"), &[]).unwrap();
            assert_eq!(
                Response::parse(&got.body).unwrap().status,
                ResponseStatus::MalformedRequest
            );
        }
    }
    assert_eq!(
        visit(Method::Post, &province.tsa_url(), b"x")
            .unwrap()
            .content_type,
        "application/timestamp-reply"
    );
}

#[test]
fn there_is_nothing_at_other_paths() {
    for path in [
        "/",
        "/pki",
        "/pki/",
        "/pki/tsa",
        "/pki/keys/root",
        "/pki/crl/tsa.crl",
        "/pki/ca/seal-district.cer",
    ] {
        assert!(
            province()
                .visit(Method::Get, path, &[], now())
                .unwrap()
                .is_none(),
            "{path}"
        );
    }
    for path in ["/pki/crl/root.crl", "/pki/", "/tsa"] {
        assert!(
            province()
                .visit(Method::Post, path, &[], now())
                .unwrap()
                .is_none(),
            "{path}"
        );
    }
}
