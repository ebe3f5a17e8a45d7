//! OCSP responses: what they say, who signed them, until when they hold.

use super::{Dice, after, ask, clock, id_of, mangled, province};
use crate::pki::der::write;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{BasicResponse, CertId, CertStatus, Request, Response, ResponseStatus};
use crate::province::Province;
use crate::record::UtcTime;

const BOTH: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256];

/// The response was signed by the responder of `authority`, which sits in it.
#[track_caller]
fn check_signed_for(province: &Province, basic: &BasicResponse, responder: &str) {
    let responder = province.entity(responder).unwrap().certificate();
    assert!(basic.responder.names(responder));
    assert_eq!(basic.certificates, [responder.der().to_vec()]);
    basic.verify_signature(responder.public_key()).unwrap();
}

#[track_caller]
fn check_status(name: &str, at: UtcTime, wanted: &CertStatus) {
    for digest in BOTH {
        let response = ask(province(), vec![id_of(province(), digest, name)], at);
        assert_eq!(response.status, ResponseStatus::Successful);
        let basic = response.basic.unwrap();
        let single = basic.singles.first().unwrap();
        assert_eq!(&single.status, wanted, "{name}");
        assert_eq!(
            (single.this_update, single.next_update),
            (at.unix_s(), Some(at.unix_s() + 3_600))
        );
        let responder = if name == "issuing" {
            "ocsp-root"
        } else {
            "ocsp"
        };
        check_signed_for(province(), &basic, responder);
    }
}

#[track_caller]
fn check_failure(request_der: &[u8], wanted: ResponseStatus) {
    let response =
        Response::parse(&province().ocsp_responder().answer(request_der, clock())).unwrap();
    assert_eq!((response.status, response.basic.is_some()), (wanted, false));
}

#[test]
fn good_and_revoked_are_told_by_both_kinds_of_identifier() {
    check_status("seal-district", clock(), &CertStatus::Good);
    check_status("issuing", clock(), &CertStatus::Good);
    let at = after(-3_600).unix_s();
    check_status(
        "seal-revoked",
        clock(),
        &CertStatus::Revoked {
            at,
            reason: Some(1),
        },
    );
}

#[test]
fn a_revocation_does_not_show_before_its_time() {
    check_status("seal-revoked", after(-3_601), &CertStatus::Good);
}

#[test]
fn several_certificates_are_answered_at_once_and_a_number_never_issued_is_unknown() {
    let issuing = province().entity("issuing").unwrap().certificate();
    let stranger = CertId::new(DigestAlgorithm::Sha1, issuing, &[1, 2, 3]);
    let ids = vec![
        id_of(province(), DigestAlgorithm::Sha1, "seal-district"),
        stranger,
        id_of(province(), DigestAlgorithm::Sha256, "seal-revoked"),
        // Of another authority: this responder does not speak for the root.
        id_of(province(), DigestAlgorithm::Sha256, "issuing"),
    ];
    let basic = ask(province(), ids.clone(), clock()).basic.unwrap();
    assert_eq!(
        basic
            .singles
            .iter()
            .map(|s| s.id.clone())
            .collect::<Vec<_>>(),
        ids
    );
    let revoked = CertStatus::Revoked {
        at: after(-3_600).unix_s(),
        reason: Some(1),
    };
    let statuses: Vec<CertStatus> = basic.singles.into_iter().map(|s| s.status).collect();
    assert_eq!(
        statuses,
        [
            CertStatus::Good,
            CertStatus::Unknown,
            revoked,
            CertStatus::Unknown
        ]
    );
}

#[test]
fn the_nonce_comes_back_as_it_was() {
    let nonce = Some(vec![9_u8; 32]);
    let request = Request::new(
        vec![id_of(province(), DigestAlgorithm::Sha1, "tsa")],
        nonce.as_deref(),
    );
    let answer = province()
        .ocsp_responder()
        .answer(&request.to_der(), clock());
    assert_eq!(
        Response::parse(&answer).unwrap().basic.unwrap().nonce,
        nonce
    );
}

#[test]
fn what_cannot_be_answered_gets_the_status_of_rfc_6960() {
    check_failure(b"hello", ResponseStatus::MalformedRequest);
    check_failure(&[], ResponseStatus::MalformedRequest);
    check_failure(
        &write::octet_string(&[0; 20_000]),
        ResponseStatus::MalformedRequest,
    );
    let id = id_of(province(), DigestAlgorithm::Sha1, "tsa");
    let many = Request::new(vec![id.clone(); 101], None);
    check_failure(&many.to_der(), ResponseStatus::MalformedRequest);
    let stranger = Request::new(
        vec![id_of(province(), DigestAlgorithm::Sha256, "seal-stranger")],
        None,
    );
    check_failure(&stranger.to_der(), ResponseStatus::Unauthorized);
    let late = ask(province(), vec![id], after(2 * 365 * 86_400));
    assert_eq!(late.status, ResponseStatus::TryLater);
}

#[test]
fn mangled_requests_get_a_well_formed_response() {
    let id = id_of(province(), DigestAlgorithm::Sha1, "tsa");
    let whole = Request::new(vec![id.clone(), id], Some(&[5; 16])).to_der();
    let mut dice = Dice(0x0c59);
    for _ in 0..3_000 {
        let answer = province()
            .ocsp_responder()
            .answer(&mangled(&whole, &mut dice), clock());
        let response = Response::parse(&answer).unwrap();
        assert_eq!(
            response.basic.is_some(),
            response.status == ResponseStatus::Successful
        );
    }
}
