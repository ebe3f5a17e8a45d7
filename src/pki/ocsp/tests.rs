//! Requests and responses, there and back, and by the library.

use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspFlag, OcspRequest, OcspResponse};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;

use super::super::crypto::VerifyFailure;
use super::super::digest::DigestAlgorithm;
use super::super::tests::{NOW, ocsp_response, pki};
use super::{CertId, CertStatus, Request, ResponderId, Response, ResponseStatus, failure};

#[track_caller]
fn check(status: CertStatus, theirs: OcspCertStatus) {
    let encoded = ocsp_response(status);
    let basic = Response::parse(&encoded).unwrap().basic.unwrap();
    let ca = &pki().ca.certificate;
    let seal = &pki().seal.certificate;
    let single = basic.find(ca, seal.serial()).next().unwrap();
    assert_eq!(single.status, status);
    assert_eq!(
        (single.this_update, single.next_update),
        (NOW - 60, Some(NOW + 3600))
    );
    assert_eq!(basic.produced_at, NOW);
    assert_eq!(basic.nonce.as_deref(), Some(&[9; 16][..]));
    assert!(basic.responder.names(&pki().responder.certificate));
    assert_eq!(
        basic.verify_signature(pki().responder.certificate.public_key()),
        Ok(())
    );
    assert_eq!(
        basic.verify_signature(ca.public_key()),
        Err(VerifyFailure::Mismatch)
    );
    assert_eq!(
        basic.parsed_certificates(),
        [pki().responder.certificate.clone()]
    );
    assert_eq!(basic.to_response(), encoded);
    check_by_library(&encoded, theirs);
}

fn check_by_library(encoded: &[u8], status: OcspCertStatus) {
    let mut store = X509StoreBuilder::new().unwrap();
    store
        .add_cert(pki().root.certificate.openssl().unwrap().clone())
        .unwrap();
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_time(NOW);
    store.set_param(&parameters).unwrap();
    let mut certificates = Stack::new().unwrap();
    certificates
        .push(pki().ca.certificate.openssl().unwrap().clone())
        .unwrap();
    let basic = OcspResponse::from_der(encoded).unwrap().basic().unwrap();
    basic
        .verify(&certificates, &store.build(), OcspFlag::empty())
        .unwrap();
    let id = OcspCertId::from_cert(
        MessageDigest::sha1(),
        pki().seal.certificate.openssl().unwrap(),
        pki().ca.certificate.openssl().unwrap(),
    )
    .unwrap();
    assert_eq!(basic.find_status(&id).unwrap().status, status);
}

#[test]
fn responses_of_every_status_are_found_good_here_and_by_the_library() {
    check(CertStatus::Good, OcspCertStatus::GOOD);
    check(CertStatus::Unknown, OcspCertStatus::UNKNOWN);
    for reason in [None, Some(1)] {
        check(
            CertStatus::Revoked {
                at: NOW - 99,
                reason,
            },
            OcspCertStatus::REVOKED,
        );
    }
}

#[test]
fn another_serial_or_issuer_is_not_answered() {
    let basic = Response::parse(&ocsp_response(CertStatus::Good))
        .unwrap()
        .basic
        .unwrap();
    let serial = pki().seal.certificate.serial();
    assert_eq!(basic.find(&pki().ca.certificate, &[5]).count(), 0);
    assert_eq!(basic.find(&pki().root.certificate, serial).count(), 0);
}

#[test]
fn requests_are_octet_for_octet_those_of_the_library() {
    let seal = &pki().seal.certificate;
    let ca = &pki().ca.certificate;
    let ours = Request::new(
        vec![CertId::new(DigestAlgorithm::Sha1, ca, seal.serial())],
        None,
    );
    let id = OcspCertId::from_cert(
        MessageDigest::sha1(),
        seal.openssl().unwrap(),
        ca.openssl().unwrap(),
    );
    let mut theirs = OcspRequest::new().unwrap();
    theirs.add_id(id.unwrap()).unwrap();
    assert_eq!(ours.to_der(), theirs.to_der().unwrap());
    assert_eq!(Request::parse(&ours.to_der()), Ok(ours));
}

#[test]
fn requests_read_back_with_nonce_and_several_certificates() {
    let ca = &pki().ca.certificate;
    let ids = [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256]
        .map(|digest| CertId::new(digest, ca, &[7]));
    let request = Request::new(ids.to_vec(), Some(&[1; 32]));
    let parsed = Request::parse(&request.to_der()).unwrap();
    assert_eq!(parsed, request);
    assert!(parsed.ids.iter().all(|id| id.matches(ca, &[7])));
}

#[test]
fn refusals_carry_their_status_and_nothing_else() {
    for status in [
        ResponseStatus::MalformedRequest,
        ResponseStatus::InternalError,
        ResponseStatus::TryLater,
        ResponseStatus::Unauthorized,
    ] {
        let parsed = Response::parse(&failure(status)).unwrap();
        assert_eq!(parsed.status, status);
        assert!(parsed.basic.is_none());
    }
    assert!(Response::parse(&[0x30, 3, 0x0a, 1, 0]).is_err());
}

#[test]
fn a_responder_can_be_named_by_its_key() {
    let responder = &pki().responder.certificate;
    let hash = DigestAlgorithm::Sha1.hash(responder.public_key_bits());
    assert!(ResponderId::ByKey(hash.clone()).names(responder));
    assert!(!ResponderId::ByKey(hash).names(&pki().ca.certificate));
}
