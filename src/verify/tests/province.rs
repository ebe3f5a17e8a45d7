//! The whole of it with the throw-away province: its keys, its authority, its responder, each kind of seal.

use super::*;
use crate::keys::{FileKey, SigningKey};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{CertId, Request, Response};
use crate::pki::tsp;
use crate::province::{Cast, Declaration, Now, Province};
use crate::verify::RevocationCheck;

const SEALS: [&str; 7] = [
    "seal-district",
    "seal-commune",
    "seal-revoked",
    "seal-wrong-usage",
    "seal-stranger",
    "seal-rsa2048",
    "seal-ed25519",
];

fn province() -> &'static Province {
    static PROVINCE: OnceLock<Province> = OnceLock::new();
    PROVINCE.get_or_init(|| {
        let declaration = Declaration::embedded().unwrap();
        Province::make(
            &declaration,
            "http://127.0.0.1:1",
            at(NOW),
            Cast::Only(&SEALS),
        )
        .unwrap()
    })
}

/// Signed by a key as the server holds it, stamped by the province's authority.
fn signed_by(name: &str) -> Vec<u8> {
    let entity = province().entity(name).unwrap();
    let key = FileKey::from_pem(&entity.key_pem().unwrap()).unwrap();
    let signer = Signer {
        certificate: entity.certificate(),
        chain: &entity.chain()[1..],
        algorithm: key.algorithm(),
        name,
        token_bytes_max: 6_000,
    };
    let prepared = prepare(
        Upload::from(page()),
        |bytes| inspect(bytes, &Limits::default()),
        &signer,
        at(NOW),
    )
    .unwrap();
    let signature = key.sign(prepared.to_sign()).unwrap();
    let signed = prepared.signed(Signature(signature));
    let hash = signed.timestamp_imprint().to_vec();
    let imprint = tsp::Imprint {
        digest: DigestAlgorithm::Sha256,
        hash,
    };
    let request = tsp::Request::new(imprint, Some(&[7; 8]));
    let answer = province()
        .timestamp_authority()
        .answer(&request.to_der(), Now::from(at(NOW)));
    let token = tsp::Response::parse(&answer).unwrap().token.unwrap();
    signed.complete(Some(&token)).unwrap().into_bytes()
}

fn evidence_for(name: &str) -> RevocationEvidence {
    let entity = province().entity(name).unwrap();
    let issuer = province().entity(entity.issuer()).unwrap();
    let serial = entity.certificate().serial();
    let id = CertId::new(DigestAlgorithm::Sha1, issuer.certificate(), serial);
    let request = Request::new(vec![id], None).to_der();
    let answer = province().ocsp_responder().answer(&request, at(NOW));
    let ocsp = Response::parse(&answer)
        .unwrap()
        .basic
        .into_iter()
        .collect();
    let crl = province().crl("issuing", at(NOW)).unwrap();
    RevocationEvidence {
        ocsp,
        crls: vec![Crl::from_der(&crl).unwrap()],
    }
}

#[track_caller]
fn check_seal(name: &str, expected: (Indication, Option<SubIndication>)) -> Report {
    let root = province().root().unwrap().certificate().clone();
    let revocation = evidence_for(name);
    let evidence = Evidence {
        anchors: &Anchors::new(vec![root]),
        extra: &[],
        revocation: &revocation,
        memory: &Memory::new(),
    };
    let report = judge(&signed_by(name), &evidence, at(NOW));
    check_report(&report, expected);
    report
}

#[test]
fn seals_of_every_kind_of_key_pass_as_b_t_with_a_good_status() {
    for name in [
        "seal-district",
        "seal-commune",
        "seal-rsa2048",
        "seal-ed25519",
    ] {
        let report = check_seal(name, PASSED);
        let signature = &report.signatures[0];
        assert_eq!(signature.level.as_deref(), Some("B-T"));
        assert_eq!(signature.revocation, RevocationCheck::Good);
    }
}

#[test]
fn seals_that_must_not_sign_do_not_pass() {
    check_seal("seal-revoked", doubt(SubIndication::RevokedNoPoe));
    check_seal(
        "seal-wrong-usage",
        doubt(SubIndication::ChainConstraintsFailure),
    );
    check_seal(
        "seal-stranger",
        doubt(SubIndication::NoCertificateChainFound),
    );
}
