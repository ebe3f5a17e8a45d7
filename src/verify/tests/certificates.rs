//! The signer's certificate: its root, its time, its status and its use.

use super::forge::token;
use super::*;
use crate::pki::cert::KeyUsage;
use crate::verify::RevocationCheck;

/// A seal of the town's CA, stamped at `time_s` or not.
fn sealed_with(plan: &Plan, stamped_s: Option<i64>) -> Vec<u8> {
    sealed_as(&plan.by(&town().ca), stamped_s)
}

fn sealed_as(holder: &Holder, stamped_s: Option<i64>) -> Vec<u8> {
    match stamped_s {
        None => sealed_by(page(), holder, &[&town().ca], None),
        Some(time_s) => {
            let stamp = |value: &[u8]| token(&town().unit, value, time_s);
            sealed_by(page(), holder, &[&town().ca], Some(&stamp))
        }
    }
}

#[test]
fn an_unknown_root_leaves_the_question_open() {
    let file = stamped(page());
    let none = RevocationEvidence::default();
    let impostor = ca("Root").root();
    for roots in [vec![], vec![&impostor]] {
        let report = report_under(&file, &roots, &none, NOW);
        check_report(&report, doubt(SubIndication::NoCertificateChainFound));
        // The time-stamp is no better known than the seal.
        assert_eq!(report.signatures[0].level.as_deref(), Some("B-B"));
    }
}

#[test]
fn a_chain_that_is_not_sent_along_is_not_found() {
    let file = sealed_by(page(), &town().seal, &[], None);
    check(&file, doubt(SubIndication::NoCertificateChainFound));
    let report = report_under(&file, &[&town().ca], &RevocationEvidence::default(), NOW);
    check_report(&report, PASSED);
}

#[test]
fn an_expired_seal_needs_proof_that_it_signed_before() {
    let expired = seal("Old").serial(30).valid(NOW - 9 * DAY_S, NOW - DAY_S);
    check(
        &sealed_with(&expired, None),
        doubt(SubIndication::OutOfBoundsNoPoe),
    );
    check(&sealed_with(&expired, Some(NOW - 2 * DAY_S)), PASSED);
    check(
        &sealed_with(&expired, Some(NOW - DAY_S / 2)),
        doubt(SubIndication::OutOfBoundsNoPoe),
    );
}

#[test]
fn a_seal_from_the_future_did_not_sign_before_it_was_made() {
    let future = seal("New").serial(31).valid(NOW + DAY_S, NOW + 9 * DAY_S);
    check(
        &sealed_with(&future, None),
        doubt(SubIndication::OutOfBoundsNoPoe),
    );
    check(
        &sealed_with(&future, Some(NOW)),
        failed(SubIndication::NotYetValid),
    );
}

#[track_caller]
fn check_revoked(
    holder: &Holder,
    stamped_s: Option<i64>,
    at: i64,
    reason: Option<u8>,
    expected: (Indication, Option<SubIndication>),
) -> Report {
    let file = sealed_as(holder, stamped_s);
    let report = report(&file, &crl_naming(holder, at, reason), NOW);
    check_report(&report, expected);
    report
}

#[test]
fn a_revocation_counts_from_its_time_on() {
    let holder = seal("Seal").serial(32).by(&town().ca);
    let revoked = doubt(SubIndication::RevokedNoPoe);
    let found = check_revoked(&holder, None, NOW - DAY_S, Some(1), revoked);
    assert_eq!(found.signatures[0].revocation, RevocationCheck::Revoked);
    check_revoked(&holder, Some(NOW - 60), NOW - DAY_S, None, revoked);
    check_revoked(&holder, Some(NOW - 60), NOW - 60, None, revoked);
    let later = check_revoked(&holder, Some(NOW - 2 * DAY_S), NOW - DAY_S, Some(4), PASSED);
    check_code(&later, "REVOKED_LATER");
    // Yet to come: nothing now.
    check_revoked(&holder, None, NOW + DAY_S, Some(4), PASSED);
}

#[test]
fn on_hold_is_to_be_asked_again() {
    let holder = seal("Seal").serial(33).by(&town().ca);
    let found = check_revoked(
        &holder,
        None,
        NOW - DAY_S,
        Some(6),
        doubt(SubIndication::TryLater),
    );
    check_code(&found, "CERTIFICATE_REVOKED");
    check_revoked(&holder, Some(NOW - 2 * DAY_S), NOW - DAY_S, Some(6), PASSED);
}

#[test]
fn a_good_status_is_shown() {
    let file = stamped(page());
    let other = seal("Other").serial(99).by(&town().ca);
    let report = report(&file, &crl_naming(&other, NOW - DAY_S, None), NOW);
    check_report(&report, PASSED);
    assert_eq!(report.signatures[0].revocation, RevocationCheck::Good);
}

#[test]
fn a_revoked_ca_takes_its_seals_with_it() {
    let town = town();
    let entry = RevokedSerial {
        serial: town.ca.certificate.serial().to_vec(),
        at: NOW - DAY_S,
        reason: Some(2),
    };
    let draft = draft(&CrlFacts {
        issuer: &town.root.certificate,
        this_update: NOW - 60,
        next_update: NOW + DAY_S,
        number: 1,
        revoked: &[entry],
        algorithm: town.root.algorithm,
    });
    let der = draft.finish(&town.root.sign(draft.to_be_signed()));
    let evidence = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![Crl::from_der(&der).unwrap()],
    };
    let report = report(&sealed(page()), &evidence, NOW);
    check_report(&report, doubt(SubIndication::RevokedCaNoPoe));
}

#[test]
fn a_revoked_time_stamping_unit_proves_nothing() {
    let file = stamped(page());
    let report = report(&file, &crl_naming(&town().unit, NOW - DAY_S, None), NOW);
    check_report(&report, PASSED);
    check_code(&report, "TIMESTAMP_NOT_USABLE");
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-B"));
}

#[test]
fn a_promise_not_to_be_revoked_excuses_no_signer() {
    let null = crate::pki::der::write::null();
    let no_check =
        crate::pki::der::write::extension(oid::OCSP_NO_CHECK, Criticality::NonCritical, &null);
    let holder = seal("Seal").serial(34).with(no_check).by(&town().ca);
    let revoked = doubt(SubIndication::RevokedNoPoe);
    check_revoked(&holder, None, NOW - DAY_S, Some(1), revoked);
}

#[test]
fn a_key_for_something_else_does_not_sign() {
    let stamping = purposes(&[oid::EKU_TIME_STAMPING], Criticality::Critical);
    let wrong = doubt(SubIndication::ChainConstraintsFailure);
    for extensions in [
        vec![usage(KeyUsage::KEY_CERT_SIGN)],
        vec![usage(KeyUsage::CRL_SIGN)],
        vec![usage(SIGNING), stamping],
    ] {
        let plan = plan("Misused", extensions).serial(35);
        check(&sealed_with(&plan, Some(NOW)), wrong);
    }
}

#[test]
fn a_seal_under_constraints_it_breaks_is_in_doubt() {
    let excluded = crate::trust::tests::name_constraint(1, &crate::trust::tests::dn("Seal"));
    let strict = ca("Strict").with(excluded).by(&town().root);
    let holder = seal("Seal").by(&strict);
    let file = sealed_by(page(), &holder, &[&strict], None);
    check(&file, doubt(SubIndication::CertificateChainGeneralFailure));
}
