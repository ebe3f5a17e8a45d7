//! The time-stamping authority: tokens that hold, and every refusal of RFC 3161 2.4.2 that it knows.

use super::{Dice, clock, mangled, now, province};
use crate::pki::der::write;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::oid;
use crate::pki::tsp::{FailureInfo, Imprint, Request, Response, Status, Token};
use crate::province::{Now, TSA_POLICY};

fn request() -> Request {
    Request {
        imprint: Imprint {
            digest: DigestAlgorithm::Sha256,
            hash: DigestAlgorithm::Sha256.hash(b"signature"),
        },
        policy: None,
        nonce: Some(vec![0x00, 0xf1, 2, 3, 4, 5, 6, 7, 8]),
        cert_req: true,
        unknown_critical: Vec::new(),
    }
}

/// A TimeStampReq whose parts are any bytes.
fn raw_request(parts: &[&[u8]]) -> Vec<u8> {
    write::sequence(parts)
}

fn imprint(digest_oid: &[u8], parameters: &[u8], hash: &[u8]) -> Vec<u8> {
    let algorithm = write::sequence(&[write::oid(digest_oid), parameters.to_vec()]);
    write::sequence(&[algorithm, write::octet_string(hash)])
}

fn good_imprint() -> Vec<u8> {
    imprint(oid::SHA_256, &[], &[7; 32])
}

fn answer(request_der: &[u8], now: Now) -> Response {
    Response::parse(&province().timestamp_authority().answer(request_der, now)).unwrap()
}

#[track_caller]
fn check_granted(request_der: &[u8]) -> Token {
    let response = answer(request_der, now());
    assert_eq!(
        (response.status, response.failure),
        (Status::Granted, None),
        "{:?}",
        response.texts
    );
    let token = Token::parse(&response.token.unwrap()).unwrap();
    token
        .verify_signature(province().timestamp_authority().certificate())
        .unwrap();
    token
}

#[track_caller]
fn check_refused(request_der: &[u8], failure: FailureInfo) {
    let response = answer(request_der, now());
    assert_eq!(
        (response.status, response.failure),
        (Status::Rejection, Some(failure)),
        "{:?}",
        response.texts
    );
    assert!(response.token.is_none());
    assert_eq!(response.texts.len(), 1);
}

#[test]
fn a_token_answers_the_request_it_was_asked_with() {
    let token = check_granted(&request().to_der());
    token.answers(&request()).unwrap();
    assert_eq!(token.info.gen_time_s, clock().unix_s());
    assert_eq!(token.info.gen_time_nanos, 123_000_000, "milliseconds");
    assert_eq!(token.info.accuracy.as_ref().unwrap().seconds, 1);
    assert_eq!(token.info.nonce, request().nonce);
    assert!(token.info.policy == *TSA_POLICY);
    assert_eq!(
        token.signed.certificates.len(),
        2,
        "the unit's certificate and its issuer's"
    );
}

#[test]
fn certificates_are_left_out_where_they_are_not_asked_for() {
    let token = check_granted(
        &Request {
            cert_req: false,
            ..request()
        }
        .to_der(),
    );
    assert_eq!(token.signed.certificates.len(), 0);
}

#[test]
fn requests_may_name_the_policy_leave_out_the_nonce_and_use_longer_digests() {
    let policy = crate::pki::oid::ObjectId::from_body(TSA_POLICY).unwrap();
    check_granted(
        &Request {
            policy: Some(policy),
            ..request()
        }
        .to_der(),
    );
    assert_eq!(
        check_granted(
            &Request {
                nonce: None,
                ..request()
            }
            .to_der()
        )
        .info
        .nonce,
        None
    );
    for digest in [DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        let imprint = Imprint {
            digest,
            hash: digest.hash(b"signature"),
        };
        check_granted(
            &Request {
                imprint,
                ..request()
            }
            .to_der(),
        );
    }
    let (version, null) = (write::small_integer(1), write::null());
    check_granted(&raw_request(&[
        &version,
        &imprint(oid::SHA_256, &null, &[7; 32]),
    ]));
}

#[test]
fn no_serial_number_is_used_twice() {
    let serials: std::collections::BTreeSet<Vec<u8>> = (0..50)
        .map(|_| check_granted(&request().to_der()).info.serial)
        .collect();
    assert_eq!(serials.len(), 50);
}

#[test]
fn what_cannot_be_stamped_is_refused_with_its_reason() {
    let version = write::small_integer(1);
    let imprint_ok = good_imprint();
    let one = |imprint: &[u8]| raw_request(&[&version, imprint]);
    check_refused(
        &one(&imprint(oid::SHA_1, &[], &[7; 20])),
        FailureInfo::BadAlg,
    );
    check_refused(
        &one(&imprint(oid::SHA3_256, &[], &[7; 32])),
        FailureInfo::BadAlg,
    );
    check_refused(
        &one(&imprint(oid::ID_DATA, &[], &[7; 32])),
        FailureInfo::BadAlg,
    );
    check_refused(
        &one(&imprint(oid::SHA_256, &write::octet_string(&[]), &[7; 32])),
        FailureInfo::BadAlg,
    );
    check_refused(
        &one(&imprint(oid::SHA_256, &[], &[7; 31])),
        FailureInfo::BadDataFormat,
    );
    check_refused(
        &one(&imprint(oid::SHA_512, &[], &[7; 32])),
        FailureInfo::BadDataFormat,
    );
    check_refused(
        &raw_request(&[&write::small_integer(2), &imprint_ok]),
        FailureInfo::BadRequest,
    );
    let policy = write::oid(oid::ANY_POLICY);
    check_refused(
        &raw_request(&[&version, &imprint_ok, &policy]),
        FailureInfo::UnacceptedPolicy,
    );
    let extension = write::sequence(&[write::oid(oid::ID_DATA), write::octet_string(&[5, 0])]);
    let extensions = write::element(0xa0, &extension);
    check_refused(
        &raw_request(&[&version, &imprint_ok, &extensions]),
        FailureInfo::UnacceptedExtension,
    );
    let nonce = write::unsigned_integer(&[1; 33]);
    check_refused(
        &raw_request(&[&version, &imprint_ok, &nonce]),
        FailureInfo::BadRequest,
    );
    let long = write::octet_string(&[0; 5_000]);
    for nonsense in [
        &[][..],
        b"hello",
        &[0x30, 0x80],
        &raw_request(&[&version, &imprint_ok, &write::null()]),
        &long,
    ] {
        check_refused(nonsense, FailureInfo::BadDataFormat);
    }
}

#[test]
fn a_unit_whose_certificate_has_run_out_stamps_no_more() {
    for years in [-1, 9] {
        let at = clock().checked_add_s(years * 365 * 86_400).unwrap();
        let response = answer(&request().to_der(), Now::from(at));
        assert_eq!(response.failure, Some(FailureInfo::TimeNotAvailable));
    }
}

#[test]
fn mangled_requests_get_a_well_formed_answer() {
    let whole = Request {
        policy: None,
        ..request()
    }
    .to_der();
    let mut dice = Dice(0x5eed);
    for _ in 0..3_000 {
        let response = answer(&mangled(&whole, &mut dice), now());
        assert_eq!(response.token.is_some(), response.status == Status::Granted);
    }
}
