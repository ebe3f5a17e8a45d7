//! What is sound: one signature and several, with and without proof of time.

use super::forge::{document_stamped, token};
use super::*;
use crate::verify::{ChangesAfter, Coverage, needs};

#[test]
fn a_plain_signature_passes_as_b_b() {
    let report = check(&sealed(page()), PASSED);
    let signature = &report.signatures[0];
    assert_eq!(signature.level.as_deref(), Some("B-B"));
    assert_eq!(
        (signature.format.as_str(), signature.sub_filter.as_str()),
        ("PAdES", "ETSI.CAdES.detached")
    );
    assert_eq!(
        (signature.coverage, signature.changes_after),
        (Coverage::WholeFile, ChangesAfter::None)
    );
    assert_eq!(
        signature.signer.as_ref().unwrap().common_name.as_deref(),
        Some("Seal")
    );
    assert_eq!(
        signature.claimed_at.as_deref(),
        Some(at(NOW).to_rfc3339().as_str())
    );
    assert_eq!(signature.algorithms.digest.as_deref(), Some("SHA-256"));
    assert_eq!(signature.algorithms.key_bits, Some(256));
    // Its status could not be had: said, not held against it.
    check_code(&report, "REVOCATION_NOT_CHECKED");
}

#[test]
fn a_stamped_signature_passes_as_b_t() {
    let report = check(&stamped(page()), PASSED);
    let signature = &report.signatures[0];
    assert_eq!(signature.level.as_deref(), Some("B-T"));
    assert_eq!(signature.timestamps[0].indication, Indication::TotalPassed);
    assert_eq!(
        signature.best_signature_time.as_deref(),
        Some(at(NOW).to_rfc3339().as_str())
    );
}

#[test]
fn one_signature_after_the_other_leaves_all_sound() {
    let mut file = page();
    for _ in 0..4 {
        file = stamped(file);
    }
    let report = check(&file, PASSED);
    assert_eq!(report.signatures.len(), 4);
    for earlier in &report.signatures[..3] {
        assert_eq!(earlier.coverage, Coverage::Revision);
        assert_eq!(
            earlier.changes_after,
            ChangesAfter::Permitted,
            "{earlier:#?}"
        );
    }
    assert_eq!(report.signatures[3].coverage, Coverage::WholeFile);
}

#[test]
fn a_document_time_stamp_proves_what_it_covers() {
    let file = document_stamped(sealed(page()), &town().unit, NOW);
    let report = check(&file, PASSED);
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-T"));
    let stamp = &report.signatures[1];
    assert_eq!((stamp.format.as_str(), &stamp.level), ("RFC3161", &None));
    assert_eq!(stamp.timestamps.len(), 1);
    // A signature that came after it is not proven by it.
    let file = sealed(document_stamped(page(), &town().unit, NOW));
    let report = check(&file, PASSED);
    assert_eq!(report.signatures[1].level.as_deref(), Some("B-B"));
}

#[test]
fn a_document_time_stamp_older_than_what_it_covers_is_out_of_order() {
    let unit = &town().unit;
    let file = document_stamped(stamped(page()), unit, NOW - 3_600);
    check(&file, doubt(SubIndication::TimestampOrderFailure));
    check(&document_stamped(stamped(page()), unit, NOW - 200), PASSED);
}

#[test]
fn a_file_without_a_signature_is_indeterminate() {
    check(&page(), doubt(SubIndication::NoSignatureFound));
    check(b"no PDF at all", failed(SubIndication::FormatFailure));
    check(b"", failed(SubIndication::FormatFailure));
}

#[test]
fn the_same_input_gives_the_same_report() {
    let file = document_stamped(stamped(page()), &town().unit, NOW);
    let text = |r: &Report| serde_json::to_string(r).unwrap();
    assert_eq!(text(&plain_report(&file)), text(&plain_report(&file)));
}

#[test]
fn what_must_be_fetched_is_said_beforehand() {
    let urls = crate::pki::der::write::sequence(&[crate::pki::der::write::sequence(&[
        crate::pki::der::write::oid(oid::AD_OCSP),
        crate::pki::der::write::element(0x86, b"http://ocsp/"),
    ])]);
    let access = crate::pki::der::write::extension(
        oid::PE_AUTHORITY_INFO_ACCESS,
        Criticality::NonCritical,
        &urls,
    );
    let town = town();
    let signer = seal("Seal").serial(40).with(access.clone()).by(&town.ca);
    let unit = unit().serial(41).with(access).by(&town.ca);
    let stamp = |value: &[u8]| token(&unit, value, NOW);
    let file = sealed_by(page(), &signer, &[&town.ca], Some(&stamp));
    let anchors = Anchors::new(vec![town.root.certificate.clone()]);
    let found = needs(&file, &anchors, &[], &Memory::new());
    let subjects: Vec<&Certificate> = found.iter().map(|n| &n.subject).collect();
    assert_eq!(subjects, [&signer.certificate, &unit.certificate]);
    assert!(found.iter().all(|n| n.issuer == town.ca.certificate));
    assert!(needs(b"junk", &anchors, &[], &Memory::new()).is_empty());
}
