//! The whole of it with the throw-away province: its keys, its authority, its responder, each kind of seal.

use super::*;
use crate::keys::{FileKey, SigningKey};
use crate::pdf::Dss;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{CertId, Request, Response};
use crate::pki::tsp;
use crate::province::{Cast, Declaration, Now, Province};
use crate::record::SignatureLevel;
use crate::sign::{add_evidence, prepare_document_timestamp};
use crate::verify::{LongTermNeed, RevocationCheck, long_term_needs};

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
    let token = token_over(signed.timestamp_imprint(), NOW);
    signed.complete(Some(&token)).unwrap().into_bytes()
}

/// As the province's authority answers a request.
fn token_over(imprint: [u8; 32], at_s: i64) -> Vec<u8> {
    let imprint = tsp::Imprint {
        digest: DigestAlgorithm::Sha256,
        hash: imprint.to_vec(),
    };
    let request = tsp::Request::new(imprint, Some(&[7; 8]));
    let answer = province()
        .timestamp_authority()
        .answer(&request.to_der(), Now::from(at(at_s)));
    tsp::Response::parse(&answer).unwrap().token.unwrap()
}

/// What `need` asks for, as the province's responder answers; by the issuer's list after the responder's year.
fn answer_to(need: LongTermNeed, at_s: i64, store: &mut Dss) {
    match need {
        LongTermNeed::Certificate { certificate } => {
            store.certificates.push(certificate.der().to_vec());
        }
        LongTermNeed::Status {
            subject,
            issuer,
            fresh_after,
        } => {
            assert!(fresh_after <= at(at_s));
            if at_s > NOW + 360 * DAY_S {
                let authority = province().entities().find(|e| *e.certificate() == issuer);
                let list = province().crl(authority.unwrap().name(), at(at_s)).unwrap();
                store.crls.push(list.to_vec());
                return;
            }
            let id = CertId::new(DigestAlgorithm::Sha1, &issuer, subject.serial());
            let request = Request::new(vec![id], None).to_der();
            let answer = province().ocsp_responder().answer(&request, at(at_s));
            store.ocsps.push(answer);
        }
        LongTermNeed::Issuer { subject } => panic!("{subject:?}"),
    }
}

#[test]
fn a_seal_of_the_province_is_raised_to_b_lta_and_renewed() {
    let anchors = Anchors::new(vec![province().root().unwrap().certificate().clone()]);
    let memory = Memory::new();
    let limits = Limits::default();
    let mut upload = Upload::from(signed_by("seal-district"));
    // Soon after; before the seal has ended (three years); before the unit has (eight).
    for at_s in [NOW + 60, NOW + 900 * DAY_S, NOW + 2_800 * DAY_S] {
        let mut store = Dss::default();
        for need in long_term_needs(upload.bytes(), &anchors, &[], &memory, at(at_s)) {
            answer_to(need, at_s, &mut store);
        }
        assert!(!store.is_empty());
        upload = add_evidence(upload, &store, &limits).unwrap();
        let left = long_term_needs(upload.bytes(), &anchors, &[], &memory, at(at_s));
        assert!(left.is_empty(), "{left:?}");
        let room = token_over([0; 32], at_s).len() + 16;
        let prepared = prepare_document_timestamp(upload, &limits, room).unwrap();
        let token = token_over(prepared.imprint(), at_s + 60);
        let sealed = prepared.complete(&token).unwrap();
        assert_eq!(sealed.level(), SignatureLevel::BLTA);
        let evidence = Evidence {
            anchors: &anchors,
            extra: &[],
            revocation: &RevocationEvidence::default(),
            memory: &memory,
        };
        let report = judge(sealed.bytes(), &evidence, at(at_s + DAY_S));
        check_report(&report, PASSED);
        assert_eq!(report.signatures[0].level.as_deref(), Some("B-LTA"));
        upload = sealed.into_upload();
    }
}

#[test]
fn a_token_that_has_no_room_is_given_back() {
    let upload = Upload::from(signed_by("seal-district"));
    let limits = Limits::default();
    let before = upload.sha256();
    let prepared = prepare_document_timestamp(upload, &limits, 64).unwrap();
    let token = token_over(prepared.imprint(), NOW);
    let no_room = prepared.complete(&token).unwrap_err();
    assert_eq!(no_room.need_bytes, token.len());
    assert!(no_room.have_bytes >= 64 && no_room.have_bytes < token.len());
    assert_eq!(no_room.upload.sha256(), before);
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
