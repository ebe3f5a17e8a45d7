//! Time-stamps that do not hold: they prove no time, and the signature is judged without them.

use super::forge::{document_stamped, info, token, token_of};
use super::*;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::Imprint;

/// The seal is sound today: it passes, as B-B, and the token is named as not usable.
#[track_caller]
fn check_unusable(stamp: &dyn Fn(&[u8]) -> Vec<u8>, expected: (Indication, SubIndication)) {
    let file = sealed_by(page(), &town().seal, &[&town().ca], Some(stamp));
    let report = check(&file, PASSED);
    check_code(&report, "TIMESTAMP_NOT_USABLE");
    let signature = &report.signatures[0];
    assert_eq!(signature.level.as_deref(), Some("B-B"));
    let token = &signature.timestamps[0];
    assert_eq!(
        (token.indication, token.sub_indication),
        (expected.0, Some(expected.1)),
        "{token:#?}"
    );
    // It does not help a seal that has expired.
    let expired = seal("Old")
        .serial(30)
        .valid(NOW - 9 * DAY_S, NOW - DAY_S)
        .by(&town().ca);
    let file = sealed_by(page(), &expired, &[&town().ca], Some(stamp));
    check(&file, doubt(SubIndication::OutOfBoundsNoPoe));
}

fn stamped_by(unit: &Holder, time_s: i64) -> impl Fn(&[u8]) -> Vec<u8> {
    move |value| token(unit, value, time_s)
}

#[test]
fn a_token_over_other_bytes_proves_nothing() {
    let other = |_: &[u8]| token(&town().unit, b"other", NOW - 2 * DAY_S);
    check_unusable(
        &other,
        (Indication::TotalFailed, SubIndication::HashFailure),
    );
}

#[test]
fn a_unit_without_the_purpose_proves_nothing() {
    let past = NOW - 2 * DAY_S;
    let stamping = |criticality| purposes(&[oid::EKU_TIME_STAMPING], criticality);
    let wrong = (
        Indication::Indeterminate,
        SubIndication::ChainConstraintsFailure,
    );
    for extensions in [
        vec![usage(SIGNING)],
        vec![usage(SIGNING), stamping(Criticality::NonCritical)],
        vec![
            usage(SIGNING),
            purposes(&[oid::EKU_OCSP_SIGNING], Criticality::Critical),
        ],
    ] {
        let unit = plan("Unit", extensions).serial(12).by(&town().ca);
        check_unusable(&stamped_by(&unit, past), wrong);
    }
}

#[test]
fn a_unit_outside_its_validity_proves_nothing() {
    let expired = unit()
        .serial(13)
        .valid(NOW - 9 * DAY_S, NOW - DAY_S)
        .by(&town().ca);
    let bounds = (Indication::Indeterminate, SubIndication::OutOfBoundsNoPoe);
    check_unusable(&stamped_by(&expired, NOW - 2 * DAY_S), bounds);
    let young = unit()
        .serial(14)
        .valid(NOW - DAY_S, NOW + DAY_S)
        .by(&town().ca);
    check_unusable(&stamped_by(&young, NOW - 2 * DAY_S), bounds);
}

#[test]
fn a_unit_of_another_root_proves_nothing() {
    let root = ca("Other root").root();
    let unit = unit().by(&root);
    let lost = (
        Indication::Indeterminate,
        SubIndication::NoCertificateChainFound,
    );
    check_unusable(&stamped_by(&unit, NOW - 2 * DAY_S), lost);
}

#[test]
fn a_time_that_is_yet_to_come_proves_nothing() {
    let future = stamped_by(&town().unit, NOW + 3_600);
    check_unusable(
        &future,
        (
            Indication::Indeterminate,
            SubIndication::TimestampOrderFailure,
        ),
    );
}

#[test]
fn a_token_that_was_changed_proves_nothing() {
    // The last octets are the signature value's.
    let changed = |value: &[u8]| {
        let mut token = token(&town().unit, value, NOW - 2 * DAY_S);
        let last = token.len() - 3;
        token[last] ^= 1;
        token
    };
    check_unusable(
        &changed,
        (Indication::TotalFailed, SubIndication::SigCryptoFailure),
    );
    let junk = |_: &[u8]| crate::pki::der::write::octet_string(b"junk");
    check_unusable(
        &junk,
        (Indication::TotalFailed, SubIndication::FormatFailure),
    );
}

#[test]
fn an_imprint_of_sha1_proves_nothing_today() {
    let sha1 = |value: &[u8]| {
        let mut info = info(value, NOW - 2 * DAY_S);
        info.imprint = Imprint::of(DigestAlgorithm::Sha1, value);
        token_of(&town().unit, &info)
    };
    check_unusable(
        &sha1,
        (
            Indication::Indeterminate,
            SubIndication::CryptoConstraintsFailure,
        ),
    );
}

#[test]
fn a_token_of_an_imprint_of_sha512_is_as_good() {
    let sha512 = |value: &[u8]| {
        let mut info = info(value, NOW);
        info.imprint = Imprint::of(DigestAlgorithm::Sha512, value);
        token_of(&town().unit, &info)
    };
    let file = sealed_by(page(), &town().seal, &[&town().ca], Some(&sha512));
    assert_eq!(
        check(&file, PASSED).signatures[0].level.as_deref(),
        Some("B-T")
    );
}

/// DER with an outer indefinite length: what some authorities send.
fn in_ber(der: &[u8]) -> Vec<u8> {
    let header = match der[1] {
        0x82 => 4,
        0x81 => 3,
        _ => 2,
    };
    [&[0x30, 0x80], &der[header..], &[0, 0]].concat()
}

#[test]
fn a_token_in_ber_is_read_and_said() {
    let ber = |value: &[u8]| in_ber(&token(&town().unit, value, NOW));
    let file = sealed_by(page(), &town().seal, &[&town().ca], Some(&ber));
    let report = plain_report(&file);
    check_report(&report, PASSED);
    // Inside a message that is DER otherwise: the whole is read as BER, and both the time and the peculiarity are told.
    assert_eq!(
        report.signatures[0].level.as_deref(),
        Some("B-T"),
        "{report:#?}"
    );
    check_code(&report, "not_der");
}

#[test]
fn document_time_stamps_are_held_to_the_same() {
    let no_purpose = plan("Unit", vec![usage(SIGNING)]).serial(12).by(&town().ca);
    let file = document_stamped(sealed(page()), &no_purpose, NOW);
    let report = check(&file, doubt(SubIndication::ChainConstraintsFailure));
    assert_eq!(report.signatures[0].indication, Indication::TotalPassed);
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-B"));
}

#[test]
fn a_flood_of_tokens_is_cut_off() {
    let town = town();
    let file = super::forge::page_with_much(|covered| {
        let mut info = super::forge::Info::new(&town.seal, covered);
        let values: Vec<Vec<u8>> = (0..20)
            .map(|n| token(&town.unit, b"other", NOW - n))
            .collect();
        let set = crate::pki::der::write::set_of(&values);
        let kind = crate::pki::der::write::oid(oid::ATTR_SIGNATURE_TIME_STAMP);
        info.unsigned = vec![crate::pki::der::write::sequence(&[kind, set])];
        let sent = [town.seal.certificate.der(), town.ca.certificate.der()];
        super::forge::message(oid::ID_DATA, None, &sent, &[info])
    });
    let report = check(&file, PASSED);
    assert_eq!(report.signatures[0].timestamps.len(), 8);
    check_code(&report, "TIMESTAMPS_PASSED_OVER");
}
