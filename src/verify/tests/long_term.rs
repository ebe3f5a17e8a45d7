//! Files that are to outlive the certificates they were made with.

use super::realm::{HOUR_S, How, Realm, YEAR_S, realm};
use super::*;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::Imprint;
use crate::verify::{ChangesAfter, EvidenceKind, EvidenceSource, LongTermNeed, RevocationCheck};

const MINUTE_S: i64 = 60;

/// Signed at NOW, B-LTA five minutes later.
fn archived(realm: &Realm, how: How) -> Vec<u8> {
    realm.archived(realm.signed(), &realm.unit, NOW + 5 * MINUTE_S, how)
}

/// The same with a second document time-stamp four years later, when the seal has ended and the first unit is near its end.
fn renewed(realm: &Realm, how: How) -> Vec<u8> {
    let file = archived(realm, how);
    realm.archived(file, &realm.later_unit, NOW + 4 * YEAR_S, how)
}

#[test]
fn each_step_reaches_its_level() {
    let realm = realm();
    let day_after = NOW + DAY_S;
    let file = sealed_by(page(), &realm.seal, &[&realm.ca], None);
    realm.check(&file, day_after, PASSED, "B-B");
    let by_document = realm.document_stamped(file, &realm.unit, NOW);
    realm.check(&by_document, day_after, PASSED, "B-T");
    for file in [realm.signed(), by_document] {
        realm.check(&file, day_after, PASSED, "B-T");
        let file = realm.with_evidence(file, NOW + 5 * MINUTE_S, How::Lists);
        let report = realm.check(&file, day_after, PASSED, "B-LT");
        let signature = &report.signatures[0];
        assert_eq!(signature.revocation, RevocationCheck::Good);
        assert_eq!(signature.changes_after, ChangesAfter::Permitted);
        let used = &signature.evidence[0];
        let expected = (EvidenceKind::Crl, EvidenceSource::Dss);
        assert_eq!((used.kind, used.source), expected);
        assert!(used.subject.contains("Seal"), "{used:?}");
        let file = realm.document_stamped(file, &realm.unit, NOW + 6 * MINUTE_S);
        let report = realm.check(&file, day_after, PASSED, "B-LTA");
        assert!(report.signatures[0].evidence[0].proven_at.is_some());
    }
}

#[test]
fn the_seal_may_end_while_the_time_stamping_unit_is_valid() {
    let realm = realm();
    for how in [How::Lists, How::Answers] {
        // The responder has ended too; its answers are proven to be older.
        realm.check(&archived(&realm, how), NOW + 4 * YEAR_S, PASSED, "B-LTA");
    }
}

#[test]
fn a_renewed_file_outlives_every_certificate_of_its_first_day() {
    let realm = realm();
    for how in [How::Lists, How::Answers] {
        let report = realm.check(&renewed(&realm, how), NOW + 10 * YEAR_S, PASSED, "B-LTA");
        let first = &report.signatures[1];
        assert_eq!(first.format, "RFC3161");
        assert!(
            first
                .reasons
                .iter()
                .any(|r| r.code == "TIMESTAMP_HELD_IN_THE_PAST"),
            "{first:#?}"
        );
        let signed_at = report.signatures[0].best_signature_time.as_deref();
        assert_eq!(signed_at, Some(at(NOW).to_rfc3339().as_str()));
    }
}

#[test]
fn without_a_later_time_stamp_nothing_outlives_its_unit() {
    let realm = realm();
    let unproven = doubt(SubIndication::OutOfBoundsNoPoe);
    // The newest time-stamp has nothing over it: what it proved is no longer proven.
    let report = realm.judged(&archived(&realm, How::Lists), NOW + 6 * YEAR_S);
    assert_eq!(report.signatures[1].indication, Indication::Indeterminate);
    check_report(&report, unproven);
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-B"));
    // B-LT without any document time-stamp: as soon as the seal's chain and the token's unit have ended.
    let file = realm.with_evidence(realm.signed(), NOW + 5 * MINUTE_S, How::Lists);
    check_report(&realm.judged(&file, NOW + 6 * YEAR_S), unproven);
}

#[test]
fn an_ended_seal_that_is_known_not_to_have_been_revoked_is_told_from_others() {
    let realm = realm();
    let file = sealed_by(page(), &realm.seal, &[&realm.ca], None);
    let given = |at_s| RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![Crl::from_der(&realm.list(&realm.ca, at_s)).unwrap()],
    };
    let end = realm.seal.certificate.not_after();
    let judged = |at_s| report_under(&file, &[&realm.root], &given(at_s), end + DAY_S);
    let known = doubt(SubIndication::OutOfBoundsNotRevoked);
    check_report(&judged(end - HOUR_S), known);
    check_report(&judged(NOW), doubt(SubIndication::OutOfBoundsNoPoe));
}

#[test]
fn a_renewal_after_the_unit_has_ended_comes_too_late() {
    let realm = realm();
    let file = archived(&realm, How::Lists);
    // A day after the end; whoever renews so late gets no proof of what was before.
    let late = NOW + 5 * YEAR_S + DAY_S;
    let file = realm.document_stamped(file, &realm.later_unit, late);
    let report = realm.judged(&file, NOW + 10 * YEAR_S);
    check_code(&report, "PAST_NOT_PROVEN");
    assert_ne!(report.indication, Indication::TotalPassed);
    // Two hours after the end, with a status from an hour before it: the status would do, the end does not.
    let end = realm.unit.certificate.not_after();
    for (stamped_s, holds) in [(end + 2 * HOUR_S, false), (end - MINUTE_S, true)] {
        let file = archived(&realm, How::Lists);
        let file = realm.with_evidence(file, end - HOUR_S, How::Lists);
        let file = realm.document_stamped(file, &realm.later_unit, stamped_s);
        let report = realm.judged(&file, NOW + 8 * YEAR_S);
        let passed = report.indication == Indication::TotalPassed;
        assert_eq!(passed, holds, "{report:#?}");
    }
}

#[test]
fn evidence_that_is_first_proven_when_its_issuer_is_no_longer_known_to_be_good_does_not_last() {
    // The lists count for a day; the document time-stamp over them comes after three, or never.
    let realm = realm();
    let five = NOW + 5 * MINUTE_S;
    let early = realm.document_stamped(realm.signed(), &realm.later_unit, NOW + MINUTE_S);
    let never = realm.with_evidence(early.clone(), five, How::Lists);
    let late = |file| {
        let file = realm.with_evidence(file, five, How::Lists);
        realm.document_stamped(file, &realm.unit, NOW + 3 * DAY_S)
    };
    // With the early one the certificates are proven in time, and only the lists are not.
    for file in [late(realm.signed()), late(early), never] {
        check_report(&realm.judged(&file, NOW + 4 * DAY_S), PASSED);
        let report = realm.judged(&file, NOW + 4 * YEAR_S);
        check_report(&report, doubt(SubIndication::NoPoe));
        check_code(&report, "PAST_NOT_PROVEN");
    }
}

#[test]
fn a_document_time_stamp_before_the_evidence_makes_no_archive() {
    let realm = realm();
    let file = realm.document_stamped(realm.signed(), &realm.unit, NOW + MINUTE_S);
    let file = realm.with_evidence(file, NOW + 5 * MINUTE_S, How::Lists);
    realm.check(&file, NOW + DAY_S, PASSED, "B-LT");
    let file = realm.document_stamped(file, &realm.unit, NOW + 6 * MINUTE_S);
    realm.check(&file, NOW + DAY_S, PASSED, "B-LTA");
}

#[test]
fn the_status_of_the_unit_must_be_in_the_file() {
    let realm = realm();
    let file = archived(&realm, How::Answers);
    // Renewed without asking for anything anew: the unit's answers are four years old by then.
    let bare = realm.document_stamped(file, &realm.later_unit, NOW + 4 * YEAR_S);
    let report = realm.judged(&bare, NOW + 10 * YEAR_S);
    check_code(&report, "PAST_NOT_PROVEN");
    check_report(&report, doubt(SubIndication::OutOfBoundsNoPoe));
    // Lists of the CA speak of the unit as well; of the unit alone nothing is had here.
    let mut realm = realm;
    realm.unit = unit()
        .serial(9)
        .valid(NOW - DAY_S, NOW + 5 * YEAR_S)
        .by(&realm.later_ca);
    let file = realm.with_evidence(realm.signed(), NOW + 5 * MINUTE_S, How::NotOfUnit);
    realm.check(&file, NOW + DAY_S, PASSED, "B-T");
    let file = realm.document_stamped(file, &realm.later_unit, NOW + 6 * MINUTE_S);
    realm.check(&file, NOW + DAY_S, PASSED, "B-T");
    let report = realm.judged(&file, NOW + 6 * YEAR_S);
    check_code(&report, "PAST_NOT_PROVEN");
    // What the document time-stamp proves is all that is left: the seal was valid then.
    check_report(&report, PASSED);
    let proven = at(NOW + 6 * MINUTE_S).to_rfc3339();
    let best = report.signatures[0].best_signature_time.clone();
    assert_eq!(best, Some(proven));
}

#[test]
fn a_seal_revoked_before_it_signed_stays_in_doubt_for_ever() {
    let mut realm = realm();
    let serial = realm.seal.certificate.serial().to_vec();
    realm.revoked = vec![(serial, NOW - HOUR_S)];
    for how in [How::Lists, How::Answers] {
        let file = renewed(&realm, how);
        for years in [5, 10] {
            let report = realm.judged(&file, NOW + years * YEAR_S);
            check_report(&report, doubt(SubIndication::RevokedNoPoe));
        }
    }
}

#[test]
fn a_seal_revoked_after_it_signed_does_no_harm() {
    let mut realm = realm();
    let serial = realm.seal.certificate.serial().to_vec();
    realm.revoked = vec![(serial, NOW + 2 * MINUTE_S)];
    for how in [How::Lists, How::Answers] {
        let report = realm.check(&renewed(&realm, how), NOW + 10 * YEAR_S, PASSED, "B-LTA");
        check_code(&report, "REVOKED_LATER");
    }
}

#[test]
fn a_unit_revoked_before_the_next_time_stamp_proves_nothing() {
    let mut realm = realm();
    let file = archived(&realm, How::Lists);
    let serial = realm.unit.certificate.serial().to_vec();
    realm.revoked = vec![(serial, NOW + YEAR_S)];
    let file = realm.archived(file, &realm.later_unit, NOW + 4 * YEAR_S, How::Lists);
    for years in [5, 10] {
        let report = realm.judged(&file, NOW + years * YEAR_S);
        let first = &report.signatures[1];
        assert_eq!(first.indication, Indication::Indeterminate, "{first:#?}");
        assert_ne!(report.indication, Indication::TotalPassed);
    }
    // Revoked after the next one proves it to have existed: no harm.
    let serial = realm.unit.certificate.serial().to_vec();
    realm.revoked = Vec::new();
    let file = renewed(&realm, How::Lists);
    realm.revoked = vec![(serial, NOW + 4 * YEAR_S + DAY_S)];
    let list = realm.list(&realm.ca, NOW + 5 * YEAR_S - DAY_S);
    let given = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![Crl::from_der(&list).unwrap()],
    };
    let report = report_under(&file, &[&realm.root], &given, NOW + 5 * YEAR_S - DAY_S);
    check_report(&report, PASSED);
}

#[test]
fn a_revoked_ca_spoils_what_is_not_proven_before() {
    let mut realm = realm();
    let before = renewed(&realm, How::Answers);
    let serial = realm.ca.certificate.serial().to_vec();
    realm.revoked = vec![(serial, NOW + 4 * YEAR_S + DAY_S)];
    let list = realm.list(&realm.root, NOW + 10 * YEAR_S);
    let given = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![Crl::from_der(&list).unwrap()],
    };
    let judged = |file: &[u8]| report_under(file, &[&realm.root], &given, NOW + 10 * YEAR_S);
    check_report(&judged(&before), PASSED);
    realm.revoked[0].1 = NOW + MINUTE_S;
    let list = realm.list(&realm.root, NOW + 10 * YEAR_S);
    let given = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![Crl::from_der(&list).unwrap()],
    };
    let report = report_under(&before, &[&realm.root], &given, NOW + 10 * YEAR_S);
    assert_eq!(report.indication, Indication::Indeterminate);
}

#[test]
fn what_a_revoked_ca_says_of_its_seals_is_not_believed() {
    let mut realm = realm();
    let stamp = |value: &[u8]| realm.token(&realm.later_unit, value, NOW);
    let file = realm.signed_with(&stamp);
    let two_days = NOW + 2 * DAY_S;
    let own = realm.list(&realm.ca, two_days);
    let serial = realm.ca.certificate.serial().to_vec();
    realm.revoked = vec![(serial, NOW + DAY_S)];
    let above = realm.list(&realm.root, two_days);
    let crls = |lists: &[&Vec<u8>]| RevocationEvidence {
        ocsp: Vec::new(),
        crls: lists.iter().map(|l| Crl::from_der(l).unwrap()).collect(),
    };
    let judged = |given| report_under(&file, &[&realm.root], &given, two_days);
    check_report(&judged(crls(&[&own])), PASSED);
    check_report(
        &judged(crls(&[&own, &above])),
        doubt(SubIndication::RevocationOutOfBoundsNoPoe),
    );
}

#[test]
fn an_aged_imprint_needs_a_proof_from_before() {
    // SHA-224 ends with 2028 (TS 119 312).
    let realm = realm();
    let unit = &realm.unit;
    let imprint = |value: &[u8]| Imprint::of(DigestAlgorithm::Sha224, value);
    let stamp = |value: &[u8]| realm.token_over(unit, imprint(value), NOW);
    let file = realm.signed_with(&stamp);
    let (in_2028, in_2030) = (NOW + 500 * DAY_S, NOW + 4 * YEAR_S);
    realm.check(&file, in_2028, PASSED, "B-T");
    let report = realm.judged(&file, in_2030);
    check_code(&report, "TIMESTAMP_IMPRINT_WEAK");
    let token = &report.signatures[0].timestamps[0];
    assert_eq!(
        token.sub_indication,
        Some(SubIndication::CryptoConstraintsFailureNoPoe)
    );
    let archived = realm.archived(file.clone(), unit, NOW + HOUR_S, How::Lists);
    let report = realm.check(&archived, in_2030, PASSED, "B-LTA");
    check_code(&report, "TIMESTAMP_HELD_IN_THE_PAST");
    // A proof from after its end is none. Token and document time-stamp of 2029.
    let late = realm.document_stamped(file, unit, NOW + 3 * YEAR_S - DAY_S);
    let report = realm.judged(&late, in_2030);
    let token = &report.signatures[0].timestamps[0];
    assert_eq!(token.indication, Indication::Indeterminate, "{report:#?}");
}

#[test]
fn answers_of_a_responder_that_has_ended_need_a_proof() {
    let realm = realm();
    let file = realm.signed();
    // An answer from the first day, first seen after its responder's certificate had ended.
    let answer = realm.answer(&realm.seal.certificate, NOW + MINUTE_S);
    let given = RevocationEvidence {
        ocsp: crate::pki::ocsp::Response::parse(&answer)
            .unwrap()
            .basic
            .into_iter()
            .collect(),
        crls: Vec::new(),
    };
    let judged = |at_s| report_under(&file, &[&realm.root], &given, at_s);
    check_report(&judged(NOW + DAY_S), PASSED);
    check_report(
        &judged(NOW + 2 * YEAR_S),
        doubt(SubIndication::RevocationOutOfBoundsNoPoe),
    );
    let kept = realm.archived(file.clone(), &realm.unit, NOW + HOUR_S, How::Answers);
    realm.check(&kept, NOW + 2 * YEAR_S, PASSED, "B-LTA");
}

#[test]
fn evidence_inside_the_message_counts_and_is_named() {
    let realm = realm();
    let list = realm.list(&realm.ca, NOW - HOUR_S);
    let file = super::forge::page_with(|covered| {
        let mut info = super::forge::Info::new(&realm.seal, covered);
        let attribute = super::realm::archival_attribute(std::slice::from_ref(&list));
        info.attributes.as_mut().unwrap().push(attribute);
        let sent = [realm.seal.certificate.der(), realm.ca.certificate.der()];
        super::forge::message(oid::ID_DATA, None, &sent, &[info])
    });
    let report = realm.check(&file, NOW + HOUR_S, PASSED, "B-B");
    let signature = &report.signatures[0];
    assert_eq!(signature.revocation, RevocationCheck::Good);
    assert_eq!(signature.evidence[0].source, EvidenceSource::Cms);
}

#[test]
fn what_is_needed_shrinks_as_it_is_met() {
    let realm = realm();
    let subjects = |needs: Vec<LongTermNeed>| -> Vec<Certificate> {
        let status = needs.into_iter().filter_map(|n| match n {
            LongTermNeed::Status { subject, .. } => Some(subject),
            _ => None,
        });
        status.collect()
    };
    let file = realm.signed();
    let five = NOW + 5 * MINUTE_S;
    let (seal, ca, unit) = (&realm.seal, &realm.ca, &realm.unit);
    let expected = [seal, ca, unit].map(|h| h.certificate.clone());
    assert_eq!(subjects(realm.needs(&file, five)), expected);
    let file = archived(&realm, How::Lists);
    // Nothing more at once; later the chain of the document time-stamp and what is above it, but no longer the seal.
    assert!(realm.needs(&file, five).is_empty());
    let later = subjects(realm.needs(&file, NOW + 4 * YEAR_S));
    assert_eq!(later, [unit, ca].map(|h| h.certificate.clone()));
    let file = renewed(&realm, How::Lists);
    let much_later = subjects(realm.needs(&file, NOW + 10 * YEAR_S));
    let expected = [&realm.later_unit, &realm.later_ca].map(|h| h.certificate.clone());
    assert_eq!(much_later, expected);
}

#[test]
fn an_issuer_that_is_nowhere_is_asked_for() {
    let access = crate::pki::der::write::sequence(&[crate::pki::der::write::sequence(&[
        crate::pki::der::write::oid(oid::AD_CA_ISSUERS),
        crate::pki::der::write::element(0x86, b"http://ca/"),
    ])]);
    let access = crate::pki::der::write::extension(
        oid::PE_AUTHORITY_INFO_ACCESS,
        Criticality::NonCritical,
        &access,
    );
    let realm = realm();
    let holder = seal("Seal").serial(40).with(access).by(&realm.ca);
    let file = sealed_by(page(), &holder, &[], None);
    let needs = realm.needs(&file, NOW);
    assert!(
        matches!(&needs[..], [LongTermNeed::Issuer { subject }] if *subject == holder.certificate),
        "{needs:?}"
    );
    // At hand but not in the file: to be put in.
    let anchors = Anchors::new(vec![realm.root.certificate.clone()]);
    let extra = [realm.ca.certificate.clone()];
    let needs = crate::verify::long_term_needs(&file, &anchors, &extra, &Memory::new(), at(NOW));
    assert!(
        needs.iter().any(
            |n| matches!(n, LongTermNeed::Certificate { certificate } if *certificate == extra[0])
        ),
        "{needs:?}"
    );
}

#[test]
fn every_signature_of_a_file_reaches_the_level() {
    let realm = realm();
    let stamp = |value: &[u8]| realm.token(&realm.unit, value, NOW);
    let file = sealed_by(realm.signed(), &realm.seal, &[&realm.ca], Some(&stamp));
    let file = realm.archived(file, &realm.unit, NOW + HOUR_S, How::Lists);
    let report = realm.judged(&file, NOW + 4 * YEAR_S);
    check_report(&report, PASSED);
    for signature in &report.signatures[..2] {
        assert_eq!(signature.level.as_deref(), Some("B-LTA"), "{signature:#?}");
    }
}

#[test]
fn no_flipped_byte_of_the_store_lets_a_changed_file_pass_as_b_lta() {
    let realm = realm();
    let file = renewed(&realm, How::Lists);
    let signed = realm.signed().len();
    // Every 97th byte behind the signature: the store, the time-stamps, the sections.
    for place in (signed..file.len()).step_by(97) {
        let mut changed = file.clone();
        changed[place] ^= 1;
        let report = realm.judged(&changed, NOW + 10 * YEAR_S);
        let is_same = report.indication == Indication::TotalPassed
            && report.signatures[0].level.as_deref() == Some("B-LTA");
        assert!(
            !is_same || is_padding(&file, place),
            "byte {place} went unseen"
        );
    }
}

/// Contents is in no byte range; its padding and its letters' case say nothing.
fn is_padding(file: &[u8], place: usize) -> bool {
    let before = file[..place]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_hexdigit());
    before.count() > 100
}
