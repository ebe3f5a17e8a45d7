//! What a statement about a certificate carries with it: who made it, until when it counts, from when on it is fresh.

use super::revocation::{List, Ocsp, Town, town};
use super::{DAY_S, Holder, NOW, SIGNING, plan, purposes, usage};
use crate::pki::der::write::{self, Criticality, extension};
use crate::pki::ocsp::CertStatus;
use crate::pki::oid;
use crate::trust::{Memory, Origin, RevocationEvidence, statements};

/// A responder of the town's CA, with ocsp-nocheck or without.
fn responder(town: &Town, no_check: Option<Vec<u8>>) -> Holder {
    let answering = purposes(&[oid::EKU_OCSP_SIGNING], Criticality::NonCritical);
    let mut plan = plan("Responder", vec![usage(SIGNING), answering])
        .serial(9)
        .valid(NOW - DAY_S, NOW + 2 * DAY_S);
    plan.extensions.extend(no_check);
    plan.by(&town.ca)
}

#[test]
fn a_statement_says_who_made_it_and_until_when_it_counts() {
    let town = town();
    let null = write::null();
    let no_check = extension(oid::OCSP_NO_CHECK, Criticality::NonCritical, &null);
    for (extension, asks) in [(Some(no_check), false), (None, true)] {
        let responder = responder(&town, extension);
        let evidence = RevocationEvidence {
            ocsp: vec![Ocsp::new(&responder, CertStatus::Good).about(&town.seal, &town.ca)],
            crls: vec![List::new(&town.ca).updates(NOW - 60, None).crl()],
        };
        let (subject, issuer) = (&town.seal.certificate, &town.ca.certificate);
        let sets = [&RevocationEvidence::default(), &evidence];
        let found = statements(subject, issuer, &sets, &Memory::new());
        let [answer, list] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(answer.origin, Origin::Ocsp { set: 1, index: 0 });
        assert_eq!(answer.signer_end_s, NOW + 2 * DAY_S);
        assert!(answer.is_delegated);
        // Its own status is a question only where its certificate does not say otherwise.
        let asked = answer.responder.as_ref() == Some(&responder.certificate);
        assert_eq!(asked, asks);
        assert_eq!(list.origin, Origin::Crl { set: 1, index: 0 });
        assert_eq!(list.signer_end_s, issuer.not_after());
        assert!(!list.is_delegated && list.responder.is_none());
        // RFC 6960 4.2.2.1: a day, where it names no end.
        assert_eq!(list.until_s, NOW - 60 + DAY_S);
    }
}

#[test]
fn freshness_is_held_against_the_time_that_is_proven() {
    let town = town();
    let list = List::new(&town.ca).updates(NOW, Some(NOW + DAY_S)).crl();
    let evidence = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![list],
    };
    let (subject, issuer) = (&town.seal.certificate, &town.ca.certificate);
    let found = statements(subject, issuer, &[&evidence], &Memory::new());
    let year = NOW + 365 * DAY_S;
    // (proven time, control time, counts)
    for (at_s, control_s, expected) in [
        (NOW - DAY_S, year, true),
        (NOW, year, true),
        (NOW + DAY_S, year, true),
        (NOW + 2 * DAY_S, year, false),
        (year, year, false),
        (NOW - DAY_S, NOW - 3_600, false),
    ] {
        assert_eq!(found[0].is_fresh(at_s, control_s), expected, "{at_s}");
    }
}
