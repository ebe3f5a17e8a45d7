//! Good, revoked, or nothing usable: what answers and lists of every kind say.

use super::{
    DAY_S, Holder, ISSUING, NOW, SIGNING, ca, plan, purposes, seal, unknown_critical, usage,
};
use crate::pki::cert::KeyUsage;
use crate::pki::crl::Crl;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::der::write::{self, Criticality, extension};
use crate::pki::der::{tag, time};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{Answer, BasicResponse, CertId, CertStatus, Draft, ResponderId, Response};
use crate::pki::oid;
use crate::pki::tests::sign;
use crate::trust::{Memory, RevocationEvidence, Status, status_of};

const GOOD: Option<Status> = Some(Status::Good);
const HOLD: u8 = 6;
const REVOKED_S: i64 = NOW - 5 * DAY_S;

fn revoked(reason: Option<u8>) -> Option<Status> {
    Some(Status::Revoked {
        at_s: REVOKED_S,
        reason,
    })
}

/// A CA, a seal below it.
pub(super) struct Town {
    root: Holder,
    pub ca: Holder,
    pub seal: Holder,
}

pub(super) fn town() -> Town {
    let root = ca("Root").root();
    let issuing = ca("CA").by(&root);
    let points = write::sequence(&[write::sequence(&[point_name("http://a/1.crl")])]);
    let points = extension(
        oid::CE_CRL_DISTRIBUTION_POINTS,
        Criticality::NonCritical,
        &points,
    );
    let seal = seal("Seal").with(points).by(&issuing);
    Town {
        root,
        ca: issuing,
        seal,
    }
}

/// DistributionPointName [0] with one address.
fn point_name(url: &str) -> Vec<u8> {
    let url = write::element(tag::context_primitive(6), url.as_bytes());
    write::explicit(0, &write::element(tag::context_constructed(0), &url))
}

pub(super) struct Ocsp<'a> {
    by: &'a Holder,
    carried: Vec<&'a Holder>,
    produced_at: i64,
    this_update: i64,
    next_update: Option<i64>,
    status: CertStatus,
}

impl<'a> Ocsp<'a> {
    pub fn new(by: &'a Holder, status: CertStatus) -> Self {
        Self {
            by,
            carried: vec![by],
            produced_at: NOW - 60,
            this_update: NOW - 60,
            next_update: Some(NOW + DAY_S),
            status,
        }
    }

    pub fn about(&self, subject: &Holder, issuer: &Holder) -> BasicResponse {
        let serial = subject.certificate.serial();
        let answer = Answer {
            id: CertId::new(DigestAlgorithm::Sha1, &issuer.certificate, serial),
            status: self.status,
            this_update: self.this_update,
            next_update: self.next_update,
        };
        let responder = ResponderId::by_name(&self.by.certificate);
        let algorithm = self.by.algorithm;
        let draft = Draft::new(&responder, self.produced_at, &[answer], None, algorithm);
        let carried: Vec<_> = self.carried.iter().map(|h| h.certificate.clone()).collect();
        let der = draft.finish(&self.by.sign(draft.to_be_signed()), &carried);
        Response::parse(&der).unwrap().basic.unwrap()
    }
}

fn revoked_at(at: i64, reason: Option<u8>) -> CertStatus {
    CertStatus::Revoked { at, reason }
}

pub(super) struct List<'a> {
    by: &'a Holder,
    this_update: i64,
    next_update: Option<i64>,
    entry: Option<(u8, i64, Option<u8>)>,
    extensions: Vec<Vec<u8>>,
    algorithm: SignatureAlgorithm,
}

impl<'a> List<'a> {
    pub fn new(by: &'a Holder) -> Self {
        Self {
            by,
            this_update: NOW - 60,
            next_update: Some(NOW + DAY_S),
            entry: None,
            extensions: Vec::new(),
            algorithm: by.algorithm,
        }
    }

    fn entry(mut self, at: i64, reason: Option<u8>) -> Self {
        self.entry = Some((7, at, reason));
        self
    }

    fn with(mut self, id: &[u8], value: &[u8]) -> Self {
        self.extensions
            .push(extension(id, Criticality::Critical, value));
        self
    }

    pub fn updates(mut self, this_update: i64, next_update: Option<i64>) -> Self {
        (self.this_update, self.next_update) = (this_update, next_update);
        self
    }

    pub fn crl(&self) -> Crl {
        let mut fields = vec![
            write::small_integer(1),
            self.algorithm.to_der(),
            self.by.certificate.subject().raw().to_vec(),
            time::encode(self.this_update),
        ];
        fields.extend(self.next_update.map(time::encode));
        if let Some((serial, at, reason)) = self.entry {
            let mut entry = vec![write::unsigned_integer(&[serial]), time::encode(at)];
            if let Some(reason) = reason {
                let reason = write::enumerated(reason);
                let reason = extension(oid::CE_REASON_CODE, Criticality::NonCritical, &reason);
                entry.push(write::sequence(&[reason]));
            }
            fields.push(write::sequence(&[write::sequence(&entry)]));
        }
        if !self.extensions.is_empty() {
            fields.push(write::explicit(0, &write::sequence(&self.extensions)));
        }
        let tbs = write::sequence(&fields);
        let signature = sign(&self.by.key, self.algorithm, &tbs);
        let der = write::signed(&tbs, &self.algorithm.to_der(), &signature, &[]);
        Crl::from_der(&der).unwrap()
    }
}

fn status(town: &Town, ocsp: Vec<BasicResponse>, crls: Vec<Crl>, control_s: i64) -> Option<Status> {
    let evidence = RevocationEvidence { ocsp, crls };
    let (subject, issuer) = (&town.seal.certificate, &town.ca.certificate);
    status_of(subject, issuer, &evidence, &Memory::new(), control_s)
}

#[track_caller]
fn check_ocsp(town: &Town, ocsp: &Ocsp<'_>, expected: Option<Status>) {
    let response = ocsp.about(&town.seal, &town.ca);
    assert_eq!(status(town, vec![response], vec![], NOW), expected);
}

#[track_caller]
fn check_list(town: &Town, list: &List<'_>, expected: Option<Status>) {
    assert_eq!(status(town, vec![], vec![list.crl()], NOW), expected);
}

fn responder(extensions: Vec<Vec<u8>>) -> super::Plan {
    plan("Responder", extensions).serial(9)
}

fn ocsp_signing() -> Vec<Vec<u8>> {
    vec![
        usage(SIGNING),
        purposes(&[oid::EKU_OCSP_SIGNING], Criticality::NonCritical),
    ]
}

#[test]
fn the_issuer_and_its_delegate_are_believed() {
    let town = town();
    check_ocsp(&town, &Ocsp::new(&town.ca, CertStatus::Good), GOOD);
    check_ocsp(&town, &Ocsp::new(&town.ca, CertStatus::Unknown), None);
    check_ocsp(
        &town,
        &Ocsp::new(&town.ca, revoked_at(REVOKED_S, Some(1))),
        revoked(Some(1)),
    );
    let delegate = responder(ocsp_signing()).by(&town.ca);
    check_ocsp(&town, &Ocsp::new(&delegate, CertStatus::Good), GOOD);
    let absent = Ocsp {
        carried: vec![],
        ..Ocsp::new(&delegate, CertStatus::Good)
    };
    check_ocsp(&town, &absent, None);
}

#[test]
fn whoever_was_not_delegated_is_not_believed() {
    let town = town();
    let stranger = ca("Root").root();
    let crl_key = vec![
        usage(KeyUsage::CRL_SIGN),
        purposes(&[oid::EKU_OCSP_SIGNING], Criticality::NonCritical),
    ];
    for not_delegate in [
        responder(vec![usage(SIGNING)]).by(&town.ca),
        responder(ocsp_signing()).by(&town.root),
        responder(ocsp_signing()).by(&stranger),
        responder(ocsp_signing()).by(&ca("CA").by(&stranger)),
        responder(crl_key).by(&town.ca),
        responder(ocsp_signing())
            .with(unknown_critical())
            .by(&town.ca),
        responder(ocsp_signing())
            .valid(NOW - 9 * DAY_S, NOW - DAY_S)
            .by(&town.ca),
    ] {
        check_ocsp(&town, &Ocsp::new(&not_delegate, CertStatus::Good), None);
        check_ocsp(
            &town,
            &Ocsp::new(&not_delegate, revoked_at(REVOKED_S, None)),
            None,
        );
    }
    let same_name = ca("CA").by(&town.root);
    check_ocsp(&town, &Ocsp::new(&same_name, CertStatus::Good), None);
}

#[test]
fn a_delegate_that_was_revoked_is_not_believed() {
    let town = town();
    let delegate = responder(ocsp_signing()).by(&town.ca);
    let response = Ocsp::new(&delegate, CertStatus::Good).about(&town.seal, &town.ca);
    let list = List {
        entry: Some((9, REVOKED_S, None)),
        ..List::new(&town.ca)
    };
    let list = list.with(
        oid::CE_ISSUING_DISTRIBUTION_POINT,
        &idp(&[point_name("http://b/")]),
    );
    assert_eq!(status(&town, vec![response], vec![list.crl()], NOW), None);
    let no_check = extension(oid::OCSP_NO_CHECK, Criticality::NonCritical, &write::null());
    let delegate = responder(ocsp_signing()).with(no_check).by(&town.ca);
    let response = Ocsp::new(&delegate, CertStatus::Good).about(&town.seal, &town.ca);
    assert_eq!(status(&town, vec![response], vec![list.crl()], NOW), GOOD);
}

#[test]
fn an_answer_about_another_certificate_says_nothing() {
    let town = town();
    let other = seal("Other").serial(8).by(&town.ca);
    let response = Ocsp::new(&town.ca, CertStatus::Good).about(&other, &town.ca);
    assert_eq!(status(&town, vec![response], vec![], NOW), None);
    let same_serial = seal("Other").by(&town.root);
    let response = Ocsp::new(&town.ca, CertStatus::Good).about(&same_serial, &town.root);
    assert_eq!(status(&town, vec![response], vec![], NOW), None);
}

#[test]
fn good_grows_stale_and_revoked_does_not() {
    let town = town();
    for (this_update, next_update, fresh) in [
        (NOW - DAY_S, Some(NOW - 301), false),
        (NOW - DAY_S, Some(NOW - 299), true),
        (NOW + 301, Some(NOW + DAY_S), false),
        (NOW + 299, Some(NOW + DAY_S), true),
        (NOW - 2 * DAY_S, None, false),
        (NOW - DAY_S / 2, None, true),
    ] {
        let expected = fresh.then_some(Status::Good);
        let good = Ocsp {
            this_update,
            next_update,
            ..Ocsp::new(&town.ca, CertStatus::Good)
        };
        check_ocsp(&town, &good, expected);
        check_list(
            &town,
            &List::new(&town.ca).updates(this_update, next_update),
            expected,
        );
        let bad = Ocsp {
            status: revoked_at(REVOKED_S, Some(4)),
            ..good
        };
        check_ocsp(&town, &bad, revoked(Some(4)));
        let list = List::new(&town.ca).updates(this_update, next_update);
        check_list(&town, &list.entry(REVOKED_S, Some(4)), revoked(Some(4)));
    }
}

#[test]
fn one_revocation_outweighs_any_good_and_the_earliest_counts() {
    let town = town();
    let good = || Ocsp::new(&town.ca, CertStatus::Good).about(&town.seal, &town.ca);
    let listed = |at| List::new(&town.ca).entry(at, None).crl();
    let lists = vec![listed(NOW - 100), listed(REVOKED_S)];
    assert_eq!(status(&town, vec![good()], lists, NOW), revoked(None));
    // A revocation that is yet to come is told with its time.
    let future = Some(Status::Revoked {
        at_s: NOW + 100,
        reason: None,
    });
    assert_eq!(
        status(&town, vec![good()], vec![listed(NOW + 100)], NOW),
        future
    );
}

#[test]
fn a_suspension_lasts_until_a_newer_good() {
    let town = town();
    let held = List::new(&town.ca).updates(NOW - 7_200, Some(NOW + DAY_S));
    let held = held.entry(REVOKED_S, Some(HOLD)).crl();
    let good_at = |this_update| {
        let good = Ocsp {
            this_update,
            ..Ocsp::new(&town.ca, CertStatus::Good)
        };
        good.about(&town.seal, &town.ca)
    };
    let both = |good| status(&town, vec![good], vec![held.clone()], NOW);
    assert_eq!(
        status(&town, vec![], vec![held.clone()], NOW),
        revoked(Some(HOLD))
    );
    assert_eq!(both(good_at(NOW - 9_000)), revoked(Some(HOLD)));
    assert_eq!(both(good_at(NOW - 60)), GOOD);
}

#[test]
fn a_list_of_the_issuer_is_believed_and_no_other() {
    let town = town();
    check_list(&town, &List::new(&town.ca), GOOD);
    check_list(
        &town,
        &List::new(&town.ca).entry(REVOKED_S, Some(1)),
        revoked(Some(1)),
    );
    check_list(&town, &List::new(&town.root), None);
    let same_name = ca("CA").by(&town.root);
    check_list(&town, &List::new(&same_name), None);
    check_list(&town, &List::new(&same_name).entry(REVOKED_S, None), None);
}

#[test]
fn a_ca_that_may_not_sign_lists_signs_none() {
    let root = ca("Root").root();
    let only_certificates = vec![super::basic(None), usage(KeyUsage::KEY_CERT_SIGN)];
    let issuing = plan("CA", only_certificates).by(&root);
    let seal = seal("Seal").by(&issuing);
    let town = Town {
        root,
        ca: issuing,
        seal,
    };
    check_list(&town, &List::new(&town.ca), None);
}

/// IssuingDistributionPoint of these fields.
fn idp(fields: &[Vec<u8>]) -> Vec<u8> {
    write::sequence(fields)
}

fn flag(number: u8) -> Vec<u8> {
    write::element(tag::context_primitive(number), &[0xff])
}

#[test]
fn a_list_of_a_part_is_silent_about_the_rest() {
    let town = town();
    let scoped = |fields: &[Vec<u8>]| {
        List::new(&town.ca).with(oid::CE_ISSUING_DISTRIBUTION_POINT, &idp(fields))
    };
    check_list(&town, &scoped(&[]), GOOD);
    check_list(&town, &scoped(&[point_name("http://a/1.crl")]), GOOD);
    check_list(&town, &scoped(&[point_name("http://a/2.crl")]), None);
    check_list(&town, &scoped(&[flag(1)]), GOOD);
    check_list(&town, &scoped(&[flag(2)]), None);
    check_list(&town, &scoped(&[flag(5)]), None);
    let some_reasons = write::element(tag::context_primitive(3), &[1, 0x40]);
    check_list(&town, &scoped(std::slice::from_ref(&some_reasons)), None);
    // What is on it is revoked all the same.
    let entry = scoped(&[some_reasons]).entry(REVOKED_S, Some(1));
    check_list(&town, &entry, revoked(Some(1)));
}

#[test]
fn indirect_delta_and_unknown_lists_are_passed_over() {
    let town = town();
    let point = oid::CE_ISSUING_DISTRIBUTION_POINT;
    for entry in [false, true] {
        let list = || match entry {
            true => List::new(&town.ca).entry(REVOKED_S, None),
            false => List::new(&town.ca),
        };
        check_list(&town, &list().with(point, &idp(&[flag(4)])), None);
        let base = write::unsigned_integer(&[1]);
        check_list(
            &town,
            &list().with(oid::CE_DELTA_CRL_INDICATOR, &base),
            None,
        );
        check_list(&town, &list().with(&[0x2a, 3, 4], &write::null()), None);
    }
}

#[test]
fn silence_about_what_has_expired_says_nothing() {
    let mut town = town();
    town.seal = seal("Seal")
        .valid(NOW - 9 * DAY_S, NOW - DAY_S)
        .by(&town.ca);
    check_list(&town, &List::new(&town.ca), None);
    check_ocsp(&town, &Ocsp::new(&town.ca, CertStatus::Good), None);
    let keeps = |since| {
        let since = time::encode_generalized(since);
        List::new(&town.ca).with(oid::CE_EXPIRED_CERTS_ON_CRL, &since)
    };
    check_list(&town, &keeps(NOW - 2 * DAY_S), GOOD);
    check_list(&town, &keeps(NOW - DAY_S / 2), None);
    check_list(
        &town,
        &List::new(&town.ca).entry(REVOKED_S, None),
        revoked(None),
    );
}

#[test]
fn good_under_sha1_is_not_believed() {
    let town = town();
    let sha1 = SignatureAlgorithm::Ecdsa {
        digest: DigestAlgorithm::Sha1,
    };
    let list = || List {
        algorithm: sha1,
        ..List::new(&town.ca)
    };
    check_list(&town, &list(), None);
    check_list(&town, &list().entry(REVOKED_S, None), revoked(None));
}

#[test]
fn issuing_usage_is_what_the_tests_think() {
    assert!(ISSUING.contains(KeyUsage::CRL_SIGN) && ISSUING.contains(KeyUsage::KEY_CERT_SIGN));
}
