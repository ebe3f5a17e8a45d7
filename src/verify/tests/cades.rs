//! CAdES signatures of every level, made the product's own way, whole and mangled.

use super::forge::{self, Info};
use super::*;
use crate::pki::crl::CrlFacts;
use crate::pki::digest::DigestAlgorithm;
use crate::sign::cades::{self, Existing, Packaging, ValidationData};
use crate::verify::{
    Kind, LongTermNeed, cades_lacks, judge_cades, judge_unsupported, kind, needs_cades,
};

pub(super) const SCAN: &[u8] = b"II*\0 the octets of a scan";

/// Signed by the town's seal; with the unit's time-stamp where asked.
pub(super) fn signed(content: &[u8], packaging: Packaging, stamp_s: Option<i64>) -> Vec<u8> {
    let chain = [town().ca.certificate.clone()];
    let seal = &town().seal;
    let request = cades::Request {
        certificate: &seal.certificate,
        chain: &chain,
        algorithm: seal.algorithm,
        mime_type: Some("image/tiff"),
        packaging,
    };
    let prepared = cades::prepare(content, &request, at(NOW));
    let signature = seal.sign(prepared.to_sign());
    let token = stamp_s.map(|time_s| forge::token(&town().unit, &signature, time_s));
    prepared
        .signed(Signature(signature))
        .complete(token.as_deref())
        .into_bytes()
}

/// An empty list of an issuer.
pub(super) fn list_of(issuer: &Holder, this_update: i64) -> Vec<u8> {
    let draft = draft(&CrlFacts {
        issuer: &issuer.certificate,
        this_update,
        next_update: this_update + 10 * DAY_S,
        number: 1,
        revoked: &[],
        algorithm: issuer.algorithm,
    });
    draft.finish(&issuer.sign(draft.to_be_signed()))
}

/// What the town's chains need.
pub(super) fn lists() -> Vec<Vec<u8>> {
    static LISTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let made = || {
        vec![
            list_of(&town().ca, NOW + 60),
            list_of(&town().root, NOW + 60),
        ]
    };
    LISTS.get_or_init(made).clone()
}

fn open(message: &[u8]) -> Existing {
    cades::open(message, Some(SCAN)).unwrap()
}

fn with_lists(existing: Existing) -> Existing {
    let data = ValidationData {
        crls: &lists(),
        ..ValidationData::default()
    };
    existing.with_evidence(&data).unwrap()
}

fn archived(existing: Existing, time_s: i64) -> Existing {
    let prepared = existing.prepare_archive().unwrap();
    let imprint = prepared.imprint();
    let mut info = forge::info(b"", time_s);
    info.imprint.hash = imprint.to_vec();
    prepared
        .complete(&forge::token_of(&town().unit, &info))
        .unwrap()
}

/// B-LTA, renewed once.
fn lasting(message: &[u8]) -> Vec<u8> {
    let existing = archived(with_lists(open(message)), NOW + 120);
    archived(existing, NOW + 240).into_bytes()
}

pub(super) fn judged(message: &[u8], content: Option<&[u8]>, control_s: i64) -> Report {
    let anchors = Anchors::new(vec![town().root.certificate.clone()]);
    let evidence = Evidence {
        anchors: &anchors,
        extra: &[],
        revocation: &RevocationEvidence::default(),
        memory: &Memory::new(),
    };
    judge_cades(message, content, &evidence, at(control_s))
}

#[track_caller]
fn check_level(message: &[u8], level: &str) -> Report {
    let report = judged(message, Some(SCAN), NOW + 300);
    check_report(&report, PASSED);
    let [signature] = report.signatures.as_slice() else {
        panic!("one signature in {report:#?}");
    };
    assert_eq!(signature.level.as_deref(), Some(level), "{report:#?}");
    assert_eq!(signature.format, "CAdES");
    report
}

#[test]
fn each_level_is_reached_and_told() {
    check_level(&signed(SCAN, Packaging::Detached, None), "B-B");
    let stamped = signed(SCAN, Packaging::Detached, Some(NOW));
    check_level(&stamped, "B-T");
    let long = with_lists(open(&stamped));
    check_level(long.bytes(), "B-LT");
    let archival = archived(long, NOW + 120);
    let report = check_level(archival.bytes(), "B-LTA");
    assert_eq!(report.signatures[0].timestamps.len(), 2);
    let report = check_level(archived(archival, NOW + 240).bytes(), "B-LTA");
    assert_eq!(report.signatures[0].timestamps.len(), 3);
    assert_eq!(
        report.signatures[0].best_signature_time.as_deref(),
        Some(at(NOW).to_rfc3339().as_str())
    );
}

#[test]
fn a_signature_of_another_time_is_raised_from_the_first_level() {
    let plain = signed(SCAN, Packaging::Detached, None);
    let existing = open(&plain);
    assert!(!existing.is_timestamped());
    let mut info = forge::info(b"", NOW);
    info.imprint.hash = existing.timestamp_imprint().to_vec();
    let token = forge::token_of(&town().unit, &info);
    let existing = existing.with_timestamp(&token).unwrap();
    check_level(existing.bytes(), "B-T");
}

#[test]
fn an_enveloping_signature_needs_no_file_beside_it() {
    let message = signed(SCAN, Packaging::Enveloping, Some(NOW));
    let report = judged(&message, None, NOW + 300);
    check_report(&report, PASSED);
    assert_eq!(report.signatures[0].sub_filter, "enveloping");
    check_report(&judged(&message, Some(SCAN), NOW + 300), PASSED);
    let other = judged(&message, Some(b"another"), NOW + 300);
    check_report(&other, failed(SubIndication::FormatFailure));
    check_code(&other, "CONTENT_AMBIGUOUS");
    let existing = cades::open(&message, None).unwrap();
    let existing = archived(with_lists(existing), NOW + 120);
    check_report(&judged(existing.bytes(), None, NOW + 300), PASSED);
}

#[test]
fn another_file_and_no_file_do_not_pass() {
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let other = judged(&message, Some(b"another"), NOW + 300);
    check_report(&other, failed(SubIndication::HashFailure));
    let none = judged(&message, None, NOW + 300);
    check_report(&none, doubt(SubIndication::SignedDataNotFound));
}

#[test]
fn what_was_there_keeps_its_octets() {
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let archival = lasting(&message);
    let holds = |whole: &[u8], part: &[u8]| whole.windows(part.len()).any(|w| w == part);
    let before = crate::pki::cms::SignedData::parse(&message).unwrap();
    for certificate in &before.certificates {
        assert!(holds(&archival, certificate));
    }
    let signer = &before.signers[0];
    assert!(holds(&archival, &signer.signature));
    assert!(holds(
        &archival,
        &signer.signed_attributes.as_ref().unwrap().set_der[4..]
    ));
    assert!(holds(&archival, signer.timestamp_tokens()[0]));
    // Nothing goes in twice.
    let again = with_lists(open(&archival)).into_bytes();
    assert!(again == archival);
}

#[test]
fn an_archive_time_stamp_over_something_else_proves_nothing() {
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let archival = archived(with_lists(open(&message)), NOW + 120).into_bytes();
    let parsed = crate::pki::cms::SignedData::parse(&archival).unwrap();
    let list = &parsed.crls[0];
    // A list that the index names is swapped for another of the same length.
    let place = archival
        .windows(list.len())
        .position(|w| w == list.as_slice())
        .unwrap();
    let mut swapped = archival.clone();
    let last = place + list.len() - 1;
    swapped[last] ^= 1;
    let report = judged(&swapped, Some(SCAN), NOW + 300);
    check_code(&report, "ARCHIVE_INDEX_MISMATCH");
    assert_ne!(report.signatures[0].level.as_deref(), Some("B-LTA"));
}

#[test]
fn no_changed_octet_of_what_is_signed_passes() {
    let message = signed(SCAN, Packaging::Enveloping, None);
    let mut passed = 0;
    for index in 0..message.len() {
        let mut changed = message.clone();
        changed[index] ^= 0x41;
        let report = judged(&changed, None, NOW + 300);
        if report.indication == Indication::TotalPassed {
            // Only what no signature covers: versions, the list of digests, the order of spare certificates.
            let signature = &report.signatures[0];
            assert_eq!(signature.algorithms.digest.as_deref(), Some("SHA-256"));
            passed += 1;
        }
    }
    assert!(passed < 1_200, "{passed} of {} octets", message.len());
}

#[test]
fn every_truncation_is_refused() {
    let message = lasting(&signed(SCAN, Packaging::Detached, Some(NOW)));
    for length in (0..message.len()).step_by(7) {
        let report = judged(&message[..length], Some(SCAN), NOW + 300);
        assert_ne!(report.indication, Indication::TotalPassed);
        assert!(cades::open(&message[..length], Some(SCAN)).is_err());
    }
}

#[test]
fn a_signature_without_signing_time_or_certificate_attribute_has_no_level() {
    let seal = &town().seal;
    let sent = [seal.certificate.der(), town().ca.certificate.der()];
    let info = Info::new(seal, SCAN);
    let report = judged(
        &forge::message(oid::ID_DATA, None, &sent, &[info]),
        Some(SCAN),
        NOW,
    );
    check_report(&report, PASSED);
    check_code(&report, "SIGNING_TIME_ATTRIBUTE_ABSENT");
    assert_eq!(report.signatures[0].level, None);
    let mut info = Info::new(seal, SCAN);
    info.attributes = info.attributes.map(|mut all| {
        all.truncate(2);
        all
    });
    let report = judged(
        &forge::message(oid::ID_DATA, None, &sent, &[info]),
        Some(SCAN),
        NOW,
    );
    check_report(&report, doubt(SubIndication::SigConstraintsFailure));
}

#[test]
fn every_signer_is_judged() {
    let town = town();
    let stranger = seal("Stranger").serial(70).by(&ca("Elsewhere").root());
    let sent = [
        town.seal.certificate.der(),
        town.ca.certificate.der(),
        stranger.certificate.der(),
    ];
    let both = [Info::new(&town.seal, SCAN), Info::new(&stranger, SCAN)];
    let message = forge::message(oid::ID_DATA, None, &sent, &both);
    let report = judged(&message, Some(SCAN), NOW);
    assert_eq!(report.signatures.len(), 2);
    check_report(&report, doubt(SubIndication::NoCertificateChainFound));
    assert_eq!(
        cades::open(&message, Some(SCAN)).unwrap_err(),
        cades::Refusal::Signers(2)
    );
}

#[test]
fn what_is_still_lacking_is_named_until_it_is_inside() {
    let town = town();
    let anchors = Anchors::new(vec![town.root.certificate.clone()]);
    let memory = Memory::new();
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let lacking = |message: &[u8]| cades_lacks(message, &anchors, &[], &memory, at(NOW + 90));
    // The throw-away certificates name no source of status, so that nobody is asked.
    assert!(needs_cades(&message, &anchors, &[], &memory).is_empty());
    let subjects = lacking(&message).into_iter().map(|need| match need {
        LongTermNeed::Status { subject, .. } => subject.sha256(),
        other => panic!("{other:?}"),
    });
    let expected = [&town.seal, &town.ca, &town.unit].map(|h| h.certificate.sha256());
    assert_eq!(subjects.collect::<Vec<_>>(), expected);
    let long = with_lists(open(&message));
    assert!(lacking(long.bytes()).is_empty());
    // Once they have grown old, the newest authority's chain is asked for again, and nothing else.
    let archival = archived(long, NOW + 120);
    assert!(lacking(archival.bytes()).is_empty());
    let later = at(NOW + 20 * DAY_S);
    let again = cades_lacks(archival.bytes(), &anchors, &[], &memory, later);
    assert!(!again.is_empty());
    let without_ca = forge::message(
        oid::ID_DATA,
        None,
        &[town.seal.certificate.der()],
        &[Info::new(&town.seal, SCAN)],
    );
    let extra = [town.ca.certificate.clone()];
    let needs = cades_lacks(&without_ca, &anchors, &extra, &memory, at(NOW));
    let asked = |need: &LongTermNeed| matches!(need, LongTermNeed::Certificate { certificate } if *certificate == extra[0]);
    assert!(needs.iter().any(asked), "{needs:?}");
}

/// A town whose second authority outlives the first, and a signature renewed by it.
fn renewed_by_a_longer_lived_authority() -> (Holder, Vec<u8>) {
    let long = |plan: Plan| plan.valid(NOW - 30 * DAY_S, NOW + 4_000 * DAY_S);
    let root = long(ca("Long Root")).root();
    let unit = long(unit()).serial(80).by(&root);
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let existing = with_lists(open(&message));
    let prepared = existing.prepare_archive().unwrap();
    let mut info = forge::info(b"", NOW + 120);
    info.imprint.hash = prepared.imprint().to_vec();
    let token = forge::token_of(&unit, &info);
    (root, prepared.complete(&token).unwrap().into_bytes())
}

#[test]
fn a_signature_outlives_its_certificates_by_its_archive_time_stamp() {
    let (long_root, archival) = renewed_by_a_longer_lived_authority();
    let roots = [&town().root, &long_root].map(|h| h.certificate.clone());
    let anchors = Anchors::new(roots.to_vec());
    let evidence = Evidence {
        anchors: &anchors,
        extra: &[],
        revocation: &RevocationEvidence::default(),
        memory: &Memory::new(),
    };
    let later = at(NOW + 3_000 * DAY_S);
    let report = judge_cades(&archival, Some(SCAN), &evidence, later);
    check_report(&report, PASSED);
    assert_eq!(
        report.signatures[0].level.as_deref(),
        Some("B-LTA"),
        "{report:#?}"
    );
    assert!(!report.signatures[0].evidence.is_empty());
    // Without it nothing says that anything was there in time.
    let message = signed(SCAN, Packaging::Detached, Some(NOW));
    let plain = with_lists(open(&message)).into_bytes();
    let report = judge_cades(&plain, Some(SCAN), &evidence, later);
    assert_eq!(report.indication, Indication::Indeterminate, "{report:#?}");
}

#[test]
fn what_cannot_be_raised_is_refused() {
    let message = signed(SCAN, Packaging::Detached, None);
    let refused =
        |message: &[u8], content: Option<&[u8]>| cades::open(message, content).unwrap_err();
    assert_eq!(refused(&message, None), cades::Refusal::ContentMissing);
    assert_eq!(refused(&message, Some(b"x")), cades::Refusal::OtherContent);
    assert_eq!(refused(b"0", Some(b"x")).code(), "cades-unreadable");
    let existing = open(&message);
    assert_eq!(
        existing.clone().prepare_archive().unwrap_err(),
        cades::Refusal::NotTimestamped
    );
    let other = forge::token(&town().unit, b"something else", NOW);
    assert_eq!(
        existing.with_timestamp(&other).unwrap_err(),
        cades::Refusal::Token
    );
}

#[test]
fn a_digest_that_is_not_the_signers_own_is_listed_at_the_head() {
    let town = town();
    let key = crate::pki::tests::ec_key(openssl::nid::Nid::SECP384R1);
    let holder = seal("Seal").serial(71).holder(key, Some(&town.ca));
    let chain = [town.ca.certificate.clone()];
    let request = cades::Request {
        certificate: &holder.certificate,
        chain: &chain,
        algorithm: holder.algorithm,
        mime_type: None,
        packaging: Packaging::Detached,
    };
    let prepared = cades::prepare(SCAN, &request, at(NOW));
    let signature = holder.sign(prepared.to_sign());
    let token = forge::token(&town.unit, &signature, NOW);
    let message = prepared.signed(Signature(signature)).complete(Some(&token));
    let archival = archived(with_lists(open(message.bytes())), NOW + 120);
    let parsed = crate::pki::cms::SignedData::parse(archival.bytes()).unwrap();
    let listed = |d: DigestAlgorithm| parsed.digest_algorithms.iter().any(|l| *l == *d.oid());
    assert!(listed(DigestAlgorithm::Sha384) && listed(DigestAlgorithm::Sha256));
    check_level(archival.bytes(), "B-LTA");
}

#[test]
fn files_are_told_apart_by_their_content() {
    let message = signed(SCAN, Packaging::Detached, None);
    let told = |bytes: &[u8]| kind(bytes);
    assert_eq!(told(&message), Kind::Cms);
    assert_eq!(told(&page()), Kind::Pdf);
    let xml = b"\xef\xbb\xbf<?xml version=\"1.0\"?><a><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/></a>";
    assert_eq!(told(xml), Kind::Xades);
    assert_eq!(
        told(b"{\"payload\":\"e30\",\"signatures\":[]}"),
        Kind::Jades
    );
    assert_eq!(told(b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln\n"), Kind::Jades);
    assert_eq!(told(b"<html></html>"), Kind::Unknown);
    assert_eq!(told(b"PK\x03\x04 a document of words"), Kind::Unknown);
    assert_eq!(told(b""), Kind::Unknown);
    let report = judge_unsupported(xml, Kind::Xades, at(NOW));
    check_report(&report, doubt(SubIndication::SignedDataNotFound));
    check_code(&report, "FORMAT_NOT_SUPPORTED");
}
