//! A realm with authorities of different ages, whose files are raised to B-LT and B-LTA with the product's own way.

use super::forge::info;
use super::*;
use crate::pdf::Dss;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{Answer, CertId, CertStatus, Draft, ResponderId};
use crate::pki::tsp::{Imprint, TokenDraft};
use crate::sign::{add_evidence, prepare_document_timestamp};
use crate::verify::{LongTermNeed, long_term_needs};

pub const YEAR_S: i64 = 365 * DAY_S;
pub const HOUR_S: i64 = 3_600;

/// The root lasts 40 years; the seal 3, its CA 9, its responder 1, the first unit 5; the second unit and its CA 25.
pub struct Realm {
    pub root: Holder,
    pub ca: Holder,
    pub seal: Holder,
    pub responder: Holder,
    pub unit: Holder,
    pub later_ca: Holder,
    pub later_unit: Holder,
    /// Who was revoked when; lists and answers made from then on tell it.
    pub revoked: Vec<(Vec<u8>, i64)>,
}

/// How the status of a certificate is had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Lists,
    Answers,
    /// Lists, but none about the first time-stamping unit.
    NotOfUnit,
}

pub fn realm() -> Realm {
    let until = |years: i64| NOW + years * YEAR_S;
    let from = NOW - DAY_S;
    let root = ca("Root").valid(from, until(40)).root();
    let issuing = ca("CA").serial(2).valid(from, until(9)).by(&root);
    let later_ca = ca("Later CA").serial(3).valid(from, until(25)).by(&root);
    let null = crate::pki::der::write::null();
    let no_check =
        crate::pki::der::write::extension(oid::OCSP_NO_CHECK, Criticality::NonCritical, &null);
    let answering = purposes(&[oid::EKU_OCSP_SIGNING], Criticality::NonCritical);
    let responder = plan("Responder", vec![usage(SIGNING), answering, no_check]);
    Realm {
        seal: seal("Seal").serial(4).valid(from, until(3)).by(&issuing),
        responder: responder.serial(5).valid(from, until(1)).by(&issuing),
        unit: unit().serial(6).valid(from, until(5)).by(&issuing),
        later_unit: unit().serial(8).valid(from, until(25)).by(&later_ca),
        root,
        ca: issuing,
        later_ca,
        revoked: Vec::new(),
    }
}

impl Realm {
    /// Signed and stamped at NOW.
    pub fn signed(&self) -> Vec<u8> {
        self.signed_with(&|value| self.token(&self.unit, value, NOW))
    }

    pub fn signed_with(&self, stamp: &Stamp<'_>) -> Vec<u8> {
        sealed_by(page(), &self.seal, &[&self.ca], Some(stamp))
    }

    pub fn token(&self, unit: &Holder, stamped: &[u8], time_s: i64) -> Vec<u8> {
        self.token_over(unit, Imprint::of(DigestAlgorithm::Sha256, stamped), time_s)
    }

    pub fn token_over(&self, unit: &Holder, imprint: Imprint, time_s: i64) -> Vec<u8> {
        let mut info = info(b"", time_s);
        info.imprint = imprint;
        let draft = TokenDraft::new(&info, unit.algorithm.cms_digest(), &unit.certificate);
        let signature = unit.sign(draft.to_be_signed());
        let above = [self.issuer_of(&unit.certificate).certificate.clone()];
        draft.finish(&signature, unit.algorithm, Some(&above))
    }

    pub fn issuer_of(&self, subject: &Certificate) -> &Holder {
        [&self.root, &self.ca, &self.later_ca]
            .into_iter()
            .find(|h| h.certificate.subject().matches(subject.issuer()))
            .unwrap()
    }

    fn revoked_at(&self, serial: &[u8], at_s: i64) -> Option<i64> {
        let found = self.revoked.iter().find(|(s, _)| s == serial);
        found.map(|(_, since)| *since).filter(|s| *s <= at_s)
    }

    pub fn list(&self, issuer: &Holder, at_s: i64) -> Vec<u8> {
        let revoked: Vec<RevokedSerial> = self
            .revoked
            .iter()
            .filter(|(_, since)| *since <= at_s)
            .map(|(serial, since)| RevokedSerial {
                serial: serial.clone(),
                at: *since,
                reason: Some(4),
            })
            .collect();
        let draft = draft(&CrlFacts {
            issuer: &issuer.certificate,
            this_update: at_s,
            next_update: at_s + DAY_S,
            number: 1,
            revoked: &revoked,
            algorithm: issuer.algorithm,
        });
        draft.finish(&issuer.sign(draft.to_be_signed()))
    }

    /// By the delegated responder for what the CA issued while it lasts, else by the issuer itself.
    pub fn answer(&self, subject: &Certificate, at_s: i64) -> Vec<u8> {
        let issuer = self.issuer_of(subject);
        let is_delegated = issuer.certificate == self.ca.certificate
            && self.responder.certificate.is_within_validity(at_s);
        let by = if is_delegated {
            &self.responder
        } else {
            issuer
        };
        let serial = subject.serial();
        let status = match self.revoked_at(serial, at_s) {
            Some(at) => CertStatus::Revoked { at, reason: None },
            None => CertStatus::Good,
        };
        let answer = Answer {
            id: CertId::new(DigestAlgorithm::Sha1, &issuer.certificate, serial),
            status,
            this_update: at_s,
            next_update: Some(at_s + HOUR_S),
        };
        let id = ResponderId::by_name(&by.certificate);
        let draft = Draft::new(&id, at_s, &[answer], None, by.algorithm);
        let sent = [by.certificate.clone()];
        let sent = if is_delegated { &sent[..] } else { &[] };
        draft.finish(&by.sign(draft.to_be_signed()), sent)
    }

    fn evidence_for(&self, need: LongTermNeed, at_s: i64, how: How, store: &mut Dss) {
        match need {
            LongTermNeed::Certificate { certificate } => {
                store.certificates.push(certificate.der().to_vec());
            }
            LongTermNeed::Status { subject, .. }
                if how == How::NotOfUnit && subject == self.unit.certificate => {}
            LongTermNeed::Status { subject, .. } if how == How::Answers => {
                store.ocsps.push(self.answer(&subject, at_s));
            }
            LongTermNeed::Status { issuer, .. } => {
                let issuer = [&self.root, &self.ca, &self.later_ca]
                    .into_iter()
                    .find(|h| h.certificate == issuer)
                    .unwrap();
                store.crls.push(self.list(issuer, at_s));
            }
            LongTermNeed::Issuer { .. } => panic!("every chain is complete"),
        }
    }

    pub fn needs(&self, file: &[u8], at_s: i64) -> Vec<LongTermNeed> {
        let anchors = Anchors::new(vec![self.root.certificate.clone()]);
        long_term_needs(file, &anchors, &[], &Memory::new(), at(at_s))
    }

    /// One round after the other until nothing is asked that can be had.
    pub fn with_evidence(&self, file: Vec<u8>, at_s: i64, how: How) -> Vec<u8> {
        let mut upload = Upload::from(file);
        for _ in 0..4 {
            let needs = self.needs(upload.bytes(), at_s);
            if needs.is_empty() {
                break;
            }
            let mut store = Dss::default();
            for need in needs {
                self.evidence_for(need, at_s, how, &mut store);
            }
            upload = add_evidence(upload, &store, &Limits::default()).unwrap();
        }
        let left = self.needs(upload.bytes(), at_s).len();
        assert!(how == How::NotOfUnit || left == 0, "{left} needs are left");
        upload.bytes().to_vec()
    }

    pub fn document_stamped(&self, file: Vec<u8>, unit: &Holder, at_s: i64) -> Vec<u8> {
        let limits = Limits::default();
        let prepared = prepare_document_timestamp(Upload::from(file), &limits, 4_000).unwrap();
        let imprint = Imprint {
            digest: DigestAlgorithm::Sha256,
            hash: prepared.imprint().to_vec(),
        };
        let token = self.token_over(unit, imprint, at_s);
        let sealed = prepared.complete(&token).unwrap();
        let expected = crate::record::sha256(sealed.bytes());
        assert_eq!(sealed.sha256(), expected, "the hash was carried on wrongly");
        sealed.into_bytes()
    }

    /// B-LTA: evidence, then the time-stamp a minute later.
    pub fn archived(&self, file: Vec<u8>, unit: &Holder, at_s: i64, how: How) -> Vec<u8> {
        let file = self.with_evidence(file, at_s, how);
        self.document_stamped(file, unit, at_s + 60)
    }

    /// With nothing but the file and the root.
    pub fn judged(&self, file: &[u8], at_s: i64) -> Report {
        report_under(file, &[&self.root], &RevocationEvidence::default(), at_s)
    }

    #[track_caller]
    pub fn check(
        &self,
        file: &[u8],
        at_s: i64,
        expected: (Indication, Option<SubIndication>),
        level: &str,
    ) -> Report {
        let report = self.judged(file, at_s);
        check_report(&report, expected);
        assert_eq!(
            report.signatures[0].level.as_deref(),
            Some(level),
            "{report:#?}"
        );
        report
    }
}

/// adbe-revocationInfoArchival over lists, as a signed attribute.
pub fn archival_attribute(lists: &[Vec<u8>]) -> Vec<u8> {
    use crate::pki::der::write;
    let value = write::sequence(&[write::explicit(0, &write::sequence(lists))]);
    super::forge::attribute(oid::ATTR_ADOBE_REVOCATION, &value)
}
