//! Path building over bags of every kind.

use std::time::{Duration, Instant};

use super::{
    DAY_S, Holder, ISSUING, NOW, Plan, SIGNING, basic, ca, dn, name_constraint, plan, purposes,
    seal, unknown_critical, usage,
};
use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::der::tag;
use crate::pki::der::write::{self, Criticality, extension};
use crate::pki::oid;
use crate::trust::{Anchors, Budget, Memory, PathFailure, Purpose, build};

fn find(
    subject: &Holder,
    bag: &[&Holder],
    anchors: &[&Holder],
    at_s: i64,
    purpose: Purpose,
) -> Result<Vec<Certificate>, PathFailure> {
    let certificates = |list: &[&Holder]| -> Vec<Certificate> {
        list.iter().map(|h| h.certificate.clone()).collect()
    };
    build(
        &subject.certificate,
        &certificates(bag),
        &Anchors::new(certificates(anchors)),
        &Memory::new(),
        at_s,
        purpose,
        Budget::default(),
    )
    .map(|path| path.certificates)
}

/// The path that is found leads over exactly `expected`.
#[track_caller]
fn check(subject: &Holder, bag: &[&Holder], anchors: &[&Holder], expected: &[&Holder]) {
    let found = find(subject, bag, anchors, NOW, Purpose::Signature);
    let expected: Vec<Certificate> = expected.iter().map(|h| h.certificate.clone()).collect();
    assert_eq!(found, Ok(expected));
}

#[track_caller]
fn check_none(subject: &Holder, bag: &[&Holder], anchors: &[&Holder]) -> PathFailure {
    find(subject, bag, anchors, NOW, Purpose::Signature).unwrap_err()
}

#[track_caller]
fn check_broken(subject: &Holder, bag: &[&Holder], anchors: &[&Holder]) {
    let failure = check_none(subject, bag, anchors);
    assert!(matches!(failure, PathFailure::Broken { .. }), "{failure:?}");
}

#[test]
fn a_plain_chain_is_found_in_any_order_of_the_bag() {
    let root = ca("Root").root();
    let upper = ca("Upper").by(&root);
    let lower = ca("Lower").by(&upper);
    let leaf = seal("Seal").by(&lower);
    let path = [&leaf, &lower, &upper, &root];
    check(&leaf, &[&lower, &upper], &[&root], &path);
    check(&leaf, &[&upper, &lower, &leaf, &root], &[&root], &path);
    assert_eq!(check_none(&leaf, &[&lower], &[&root]), PathFailure::NoPath);
    assert_eq!(
        check_none(&leaf, &[&lower, &upper], &[]),
        PathFailure::NoPath
    );
}

#[test]
fn a_dead_end_is_left_again() {
    let root = ca("Root").root();
    let good = ca("Issuing").by(&root);
    // The same CA certified again, under a constraint that the subject breaks.
    let barred = ca("Issuing")
        .serial(8)
        .with(name_constraint(1, &dn("Seal")))
        .holder(good.key.clone(), Some(&root));
    let expired = ca("Issuing")
        .serial(9)
        .valid(NOW - 9 * DAY_S, NOW - DAY_S)
        .holder(good.key.clone(), Some(&root));
    let leaf = seal("Seal").by(&good);
    for bag in [
        [&barred, &expired, &good],
        [&good, &expired, &barred],
        [&expired, &good, &barred],
    ] {
        check(&leaf, &bag, &[&root], &[&leaf, &good, &root]);
    }
    let without = check_none(&leaf, &[&barred, &expired], &[&root]);
    assert!(
        matches!(without, PathFailure::CaOutOfPeriod { .. }),
        "{without:?}"
    );
    check_broken(&leaf, &[&barred], &[&root]);
}

#[test]
fn a_ca_of_the_same_name_with_another_key_issued_nothing() {
    let root = ca("Root").root();
    let other_root = ca("Root").root();
    let issuing = ca("Issuing").by(&root);
    let impostor = ca("Issuing").by(&root);
    let leaf = seal("Seal").by(&issuing);
    check(
        &leaf,
        &[&impostor, &issuing],
        &[&other_root, &root],
        &[&leaf, &issuing, &root],
    );
    assert_eq!(
        check_none(&leaf, &[&impostor], &[&root]),
        PathFailure::NoPath
    );
    assert_eq!(
        check_none(&leaf, &[&issuing], &[&other_root]),
        PathFailure::NoPath
    );
}

#[test]
fn loops_end() {
    let first = ca("A").root();
    let second = ca("B").by(&first);
    let first_again = ca("A").serial(8).holder(first.key.clone(), Some(&second));
    let leaf = seal("Seal").by(&first);
    let root = ca("Root").root();
    let bag = [&first, &second, &first_again];
    assert_eq!(check_none(&leaf, &bag, &[&root]), PathFailure::NoPath);
}

#[test]
fn a_hostile_bag_costs_a_bounded_amount_of_work() {
    let root = ca("Root").root();
    let first = ca("X").serial(1).root();
    // All certified each other: without a budget 40! paths.
    let many: Vec<Holder> = (2..42)
        .map(|serial| {
            ca("X")
                .serial(serial)
                .holder(first.key.clone(), Some(&first))
        })
        .collect();
    let leaf = seal("Seal").by(&first);
    let bag: Vec<&Holder> = many.iter().collect();
    let start = Instant::now();
    assert_eq!(check_none(&leaf, &bag, &[&root]), PathFailure::Budget);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    // Junk does not hide an honest path of certificates that are trusted.
    check(&leaf, &bag, &[&first], &[&leaf, &first]);
}

#[test]
fn other_keys_under_one_name_cost_a_bounded_amount_of_work() {
    let root = ca("Root").root();
    let issuing = ca("Issuing").by(&root);
    let junk: Vec<Holder> = (0..70).map(|_| ca("Issuing").by(&root)).collect();
    let leaf = seal("Seal").by(&issuing);
    let bag: Vec<&Holder> = junk.iter().collect();
    assert_eq!(check_none(&leaf, &bag, &[&root]), PathFailure::Budget);
}

#[test]
fn a_path_no_longer_than_eight_is_taken() {
    let mut line = vec![ca("0").root()];
    for depth in 1..8 {
        let next = ca(&depth.to_string()).by(&line[depth - 1]);
        line.push(next);
    }
    let at = |depth: usize| seal("Seal").by(&line[depth]);
    let bag: Vec<&Holder> = line.iter().collect();
    let eight = at(6);
    assert!(find(&eight, &bag, &[&line[0]], NOW, Purpose::Signature).is_ok());
    let nine = at(7);
    assert_eq!(check_none(&nine, &bag, &[&line[0]]), PathFailure::NoPath);
}

#[test]
fn a_path_length_is_obeyed() {
    let root = ca("Root").root();
    let upper = plan("Upper", vec![basic(Some(0)), usage(ISSUING)]).by(&root);
    let lower = ca("Lower").by(&upper);
    let below_upper = seal("Seal").by(&upper);
    check(
        &below_upper,
        &[&upper],
        &[&root],
        &[&below_upper, &upper, &root],
    );
    let below_lower = seal("Seal").by(&lower);
    check_broken(&below_lower, &[&upper, &lower], &[&root]);
}

#[test]
fn name_constraints_are_obeyed() {
    let root = ca("Root").root();
    let only_ours = ca("CA").with(name_constraint(0, &dn("Seal"))).by(&root);
    let ours = seal("Seal").by(&only_ours);
    check(&ours, &[&only_ours], &[&root], &[&ours, &only_ours, &root]);
    let theirs = seal("Other").by(&only_ours);
    check_broken(&theirs, &[&only_ours], &[&root]);
}

#[test]
fn what_is_no_ca_issues_nothing() {
    let root = ca("Root").root();
    for not_ca in [
        seal("CA"),
        plan("CA", vec![]),
        plan("CA", vec![usage(ISSUING)]),
        plan("CA", vec![basic(None), usage(SIGNING)]),
        plan("CA", vec![basic(None), usage(KeyUsage::CRL_SIGN)]),
        ca("CA").with(unknown_critical()),
    ] {
        let not_ca = not_ca.by(&root);
        let leaf = seal("Seal").by(&not_ca);
        check_broken(&leaf, &[&not_ca], &[&root]);
    }
}

#[test]
fn a_demand_for_an_explicit_policy_is_not_passed_over() {
    let root = ca("Root").root();
    // requireExplicitPolicy [0] with no certificate to skip.
    let demand = write::sequence(&[write::element(tag::context_primitive(0), &[0])]);
    let demand = extension(oid::CE_POLICY_CONSTRAINTS, Criticality::Critical, &demand);
    let strict = ca("CA").with(demand).by(&root);
    let leaf = seal("Seal").by(&strict);
    check_broken(&leaf, &[&strict], &[&root]);
}

#[test]
fn an_anchor_need_not_be_self_signed_and_its_period_does_not_matter() {
    let root = ca("Root").root();
    let issuing = ca("Issuing").by(&root);
    let leaf = seal("Seal").by(&issuing);
    check(&leaf, &[], &[&issuing], &[&leaf, &issuing]);
    let old_root = ca("Old").valid(NOW - 9 * DAY_S, NOW - DAY_S).root();
    let leaf = seal("Seal").by(&old_root);
    check(&leaf, &[], &[&old_root], &[&leaf, &old_root]);
}

#[test]
fn a_signer_that_is_trusted_directly_still_has_an_end() {
    let root = ca("Root").root();
    let leaf = seal("Seal").by(&root);
    check(&leaf, &[], &[&leaf], &[&leaf]);
    let expired = seal("Seal").valid(NOW - 9 * DAY_S, NOW - 1).by(&root);
    assert_eq!(
        check_none(&expired, &[], &[&expired]),
        PathFailure::SubjectExpired { not_after: NOW - 1 }
    );
}

#[test]
fn both_bounds_of_a_validity_are_inside() {
    let root = ca("Root").root();
    let leaf = seal("Seal").valid(NOW, NOW + 10).by(&root);
    let at = |at_s| find(&leaf, &[], &[&root], at_s, Purpose::Signature).map(|_| ());
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(at(NOW + 10), Ok(()));
    assert_eq!(
        at(NOW - 1),
        Err(PathFailure::SubjectNotYetValid { not_before: NOW })
    );
    assert_eq!(
        at(NOW + 11),
        Err(PathFailure::SubjectExpired {
            not_after: NOW + 10
        })
    );
}

#[test]
fn a_ca_outside_its_period_is_named() {
    let root = ca("Root").root();
    for (from, until) in [(NOW - 9 * DAY_S, NOW - 1), (NOW + 1, NOW + DAY_S)] {
        let issuing = ca("Issuing").valid(from, until).by(&root);
        let leaf = seal("Seal").by(&issuing);
        let failure = check_none(&leaf, &[&issuing], &[&root]);
        assert!(
            matches!(failure, PathFailure::CaOutOfPeriod { .. }),
            "{failure:?}"
        );
    }
}

const EMAIL: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CODE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
const STAMP: &[u8] = oid::EKU_TIME_STAMPING;
const OCSP: &[u8] = oid::EKU_OCSP_SIGNING;

#[track_caller]
fn check_purpose(extensions: Vec<Vec<u8>>, purpose: Purpose, serves: bool) {
    let root = ca("Root").root();
    let holder = plan("Holder", extensions).by(&root);
    match find(&holder, &[], &[&root], NOW, purpose) {
        Ok(_) => assert!(serves, "serves {purpose:?}"),
        Err(PathFailure::Purpose { detail }) => assert!(!serves, "{detail}"),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn documents_are_signed_by_keys_for_signing() {
    let purpose = Purpose::Signature;
    check_purpose(vec![], purpose, true);
    check_purpose(vec![usage(SIGNING)], purpose, true);
    check_purpose(vec![usage(KeyUsage::CONTENT_COMMITMENT)], purpose, true);
    check_purpose(vec![usage(KeyUsage::KEY_CERT_SIGN)], purpose, false);
    check_purpose(vec![basic(None), usage(ISSUING)], purpose, false);
    check_purpose(vec![basic(None)], purpose, false);
    check_purpose(vec![usage(SIGNING), unknown_critical()], purpose, false);
    let with = |list: &[&[u8]]| vec![usage(SIGNING), purposes(list, Criticality::NonCritical)];
    check_purpose(with(&[EMAIL]), purpose, true);
    check_purpose(with(&[SERVER, EMAIL]), purpose, true);
    for other in [SERVER, CODE, STAMP, OCSP] {
        check_purpose(with(&[other]), purpose, false);
    }
}

#[test]
fn time_stamps_are_made_by_units_for_nothing_else() {
    let purpose = Purpose::TimeStamp;
    let with = |list: &[&[u8]], criticality| vec![usage(SIGNING), purposes(list, criticality)];
    check_purpose(with(&[STAMP], Criticality::Critical), purpose, true);
    check_purpose(with(&[STAMP], Criticality::NonCritical), purpose, false);
    check_purpose(with(&[STAMP, EMAIL], Criticality::Critical), purpose, false);
    check_purpose(with(&[EMAIL], Criticality::Critical), purpose, false);
    check_purpose(vec![usage(SIGNING)], purpose, false);
    let mut no_signing = with(&[STAMP], Criticality::Critical);
    no_signing[0] = usage(KeyUsage::CRL_SIGN);
    check_purpose(no_signing, purpose, false);
}

#[test]
fn status_is_answered_by_delegates() {
    let with = |list: &[&[u8]]| vec![usage(SIGNING), purposes(list, Criticality::NonCritical)];
    check_purpose(with(&[OCSP]), Purpose::OcspSigner, true);
    check_purpose(with(&[EMAIL]), Purpose::OcspSigner, false);
}

#[test]
fn what_is_remembered_does_not_change_the_answer() {
    let root = ca("Root").root();
    let issuing = ca("Issuing").by(&root);
    let leaf = seal("Seal").by(&issuing);
    let broken: Plan = plan("Upper", vec![usage(ISSUING)]);
    let broken = broken.by(&root);
    let lost = seal("Seal").by(&broken);
    let memory = Memory::new();
    let anchors = Anchors::new(vec![root.certificate.clone()]);
    let bag = [issuing.certificate.clone(), broken.certificate.clone()];
    for _ in 0..3 {
        for (subject, holds) in [(&leaf, true), (&lost, false)] {
            let found = build(
                &subject.certificate,
                &bag,
                &anchors,
                &memory,
                NOW,
                Purpose::Signature,
                Budget::default(),
            );
            assert_eq!(found.is_ok(), holds);
        }
    }
}
