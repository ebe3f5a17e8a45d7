//! Requests, answers and tokens, there and back.

use super::super::crypto::VerifyFailure;
use super::super::digest::DigestAlgorithm;
use super::super::oid::ObjectId;
use super::super::tests::{NOW, cms, pki, token};
use super::{
    Accuracy, FailureInfo, Imprint, Request, Response, Status, Token, TokenMismatch, TstInfo,
    granted, rejection,
};

const CONTENT: &[u8] = b"a signature value";

fn request(nonce: Option<&[u8]>) -> Request {
    Request::new(Imprint::of(DigestAlgorithm::Sha256, CONTENT), nonce)
}

#[test]
fn requests_read_back() {
    for nonce in [None, Some(&[0x80, 1][..]), Some(&[0, 0, 5]), Some(&[0])] {
        let mut request = request(nonce);
        assert_eq!(Request::parse(&request.to_der()), Ok(request.clone()));
        request.policy = Some(ObjectId::from_dotted("1.2.3").unwrap());
        request.cert_req = false;
        assert_eq!(Request::parse(&request.to_der()), Ok(request));
    }
}

#[test]
fn an_imprint_of_the_wrong_length_is_refused() {
    let mut short = request(None);
    short.imprint.hash.pop();
    assert!(Request::parse(&short.to_der()).is_err());
}

#[test]
fn a_token_answers_its_request_and_is_the_authoritys() {
    let nonce = [0xfe; 8];
    let parsed = Token::parse(&token(CONTENT, Some(&nonce))).unwrap();
    assert_eq!(parsed.answers(&request(Some(&nonce))), Ok(()));
    assert_eq!(
        parsed.answers(&request(Some(&[1]))),
        Err(TokenMismatch::Nonce)
    );
    let other = Request::new(Imprint::of(DigestAlgorithm::Sha256, b"x"), Some(&nonce));
    assert_eq!(parsed.answers(&other), Err(TokenMismatch::Imprint));
    let mut policy = request(Some(&nonce));
    policy.policy = Some(ObjectId::from_dotted("1.2.3").unwrap());
    assert_eq!(parsed.answers(&policy), Err(TokenMismatch::Policy));
    assert!(parsed.covers(|digest| digest.hash(CONTENT)));
    assert!(!parsed.covers(|digest| digest.hash(b"x")));
    assert_eq!(parsed.verify_signature(&pki().tsa.certificate), Ok(()));
    assert_eq!(
        parsed.verify_signature(&pki().ca.certificate),
        Err(TokenMismatch::SigningCertificate)
    );
    assert_eq!(parsed.info.gen_time_s, NOW);
    assert_eq!(parsed.signed.version, 3);
    let certificates = parsed.signed.parsed_certificates();
    assert_eq!(
        parsed.signer().find_certificate(&certificates),
        Some(&pki().tsa.certificate)
    );
}

#[test]
fn a_token_with_changed_content_is_found_out() {
    let original = token(CONTENT, None);
    let info = Token::parse(&original).unwrap().info;
    let at = original
        .windows(info.imprint.hash.len())
        .position(|window| window == info.imprint.hash)
        .unwrap();
    let mut changed = original.clone();
    changed[at] ^= 1;
    let changed = Token::parse(&changed).unwrap();
    assert_eq!(
        changed.verify_signature(&pki().tsa.certificate),
        Err(TokenMismatch::MessageDigest)
    );
    let mut forged = original;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        Token::parse(&forged)
            .unwrap()
            .verify_signature(&pki().tsa.certificate),
        Err(TokenMismatch::Signature(VerifyFailure::Mismatch))
    );
}

#[test]
fn a_signature_over_a_document_is_no_token() {
    assert!(Token::parse(&cms(&pki().seal, CONTENT, None)).is_err());
}

#[test]
fn statements_read_back_with_all_their_fields() {
    let mut info = Token::parse(&token(CONTENT, None)).unwrap().info;
    info.ordering = true;
    info.tsa = Some(vec![0xa4, 2, 0x30, 0]);
    info.nonce = Some(vec![0, 0xff]);
    for accuracy in [
        None,
        Some(Accuracy::default()),
        Some(Accuracy {
            seconds: 0,
            millis: 1,
            micros: 999,
        }),
        Some(Accuracy {
            seconds: 300,
            millis: 0,
            micros: 128,
        }),
    ] {
        info.accuracy = accuracy;
        assert_eq!(TstInfo::parse(&info.to_der()), Ok(info.clone()));
    }
}

#[test]
fn answers_read_back() {
    let token = token(CONTENT, None);
    let parsed = Response::parse(&granted(&token)).unwrap();
    assert_eq!(parsed.status, Status::Granted);
    assert_eq!(parsed.token, Some(token.clone()));
    for failure in [
        FailureInfo::BadAlg,
        FailureInfo::BadRequest,
        FailureInfo::BadDataFormat,
        FailureInfo::TimeNotAvailable,
        FailureInfo::UnacceptedPolicy,
        FailureInfo::UnacceptedExtension,
        FailureInfo::AddInfoNotAvailable,
        FailureInfo::SystemFailure,
    ] {
        let parsed = Response::parse(&rejection(failure, "không nhận")).unwrap();
        assert_eq!(parsed.status, Status::Rejection);
        assert_eq!(parsed.failure, Some(failure));
        assert_eq!(parsed.texts, ["không nhận"]);
        assert_eq!(parsed.token, None);
    }
}

#[test]
fn an_answer_whose_status_and_content_disagree_is_refused() {
    use super::super::der::write;
    let without = write::sequence(&[write::sequence(&[write::small_integer(0)])]);
    assert!(Response::parse(&without).is_err());
    let info = write::sequence(&[write::small_integer(2)]);
    let with = write::sequence(&[info, token(CONTENT, None)]);
    assert!(Response::parse(&with).is_err());
}

#[test]
fn a_token_without_certificates_can_be_made() {
    let tsa = &pki().tsa;
    let info = Token::parse(&token(CONTENT, None)).unwrap().info;
    let draft = super::TokenDraft::new(&info, DigestAlgorithm::Sha256, &tsa.certificate);
    let bare = draft.finish(&tsa.sign(draft.to_be_signed()), tsa.algorithm, None);
    let parsed = Token::parse(&bare).unwrap();
    assert!(parsed.signed.certificates.is_empty());
    assert_eq!(parsed.verify_signature(&tsa.certificate), Ok(()));
}
