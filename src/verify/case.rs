//! What a verdict on one file rests on: what the caller gave, what the file brings, and since when each piece is known to exist.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::judge::Evidence;
use super::material::{Fact, Material};
use super::poe::{ObjectHash, Proofs};
use super::report::{EvidenceKind, EvidenceSource, EvidenceUse};
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Origin, RevocationEvidence, Statement, Status, statements};

pub(super) struct Case<'a> {
    pub evidence: &'a Evidence<'a>,
    pub control_s: i64,
    pub material: Material,
    pub proofs: Proofs,
    /// What the file's evidence says of a certificate, found once: each piece costs a signature check, and every document time-stamp
    /// asks again.
    said: RefCell<HashMap<Question, Rc<[Statement]>>>,
}

/// Subject, issuer, and how much evidence had been taken up.
type Question = (ObjectHash, ObjectHash, usize);

/// A statement about a certificate, with what is known of the piece that makes it.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    pub statement: Statement,
    pub proven_s: i64,
    pub source: EvidenceSource,
    /// Where it stands in the file; the very end for what is given.
    pub place: usize,
}

impl<'a> Case<'a> {
    pub fn new(evidence: &'a Evidence<'a>, control_s: i64) -> Self {
        Self {
            evidence,
            control_s,
            material: Material::default(),
            proofs: Proofs::new(control_s),
            said: RefCell::default(),
        }
    }

    /// A time-stamp that holds proves all that it covers (5.6.2.3.4).
    pub fn prove(&mut self, end: usize, time_s: i64) {
        self.proofs.add_stamp(end, time_s);
        for object in self.material.covered_by(end) {
            self.proofs.add(object, time_s);
        }
    }

    /// Since when the certificate is known to exist.
    pub fn certificate_proven_s(&self, certificate: &Certificate) -> i64 {
        self.proofs.at(&certificate.sha256())
    }

    /// Every authentic statement about `subject`, of the caller's evidence and of the file's.
    pub fn statements(&self, subject: &Certificate, issuer: &Certificate) -> Vec<Weighed> {
        let evidence = self.evidence;
        // Plain files bring nothing: then only what is given is looked at.
        if self.material.has_no_status() {
            return statements(subject, issuer, &[evidence.revocation], evidence.memory)
                .into_iter()
                .map(|statement| self.weigh(statement))
                .collect();
        }
        let held = &self.material.revocation;
        let question = (
            subject.sha256(),
            issuer.sha256(),
            held.ocsp.len() + held.crls.len(),
        );
        let known = self.said.borrow().get(&question).cloned();
        let all = known.unwrap_or_else(|| {
            let sets: [&RevocationEvidence; 2] = [evidence.revocation, held];
            let found: Rc<[Statement]> = statements(subject, issuer, &sets, evidence.memory).into();
            self.said.borrow_mut().insert(question, Rc::clone(&found));
            found
        });
        all.iter().map(|s| self.weigh(s.clone())).collect()
    }

    fn weigh(&self, statement: Statement) -> Weighed {
        let fact = self.fact_of(statement.origin);
        Weighed {
            proven_s: fact.map_or(self.control_s, |f| self.proofs.at(&f.hash)),
            source: fact.map_or(EvidenceSource::Given, |f| f.source),
            place: fact.map_or(usize::MAX, |f| f.place),
            statement,
        }
    }

    fn fact_of(&self, origin: Origin) -> Option<&Fact> {
        match origin {
            Origin::Ocsp { set: 1, index } => self.material.ocsp_facts.get(index),
            Origin::Crl { set: 1, index } => self.material.crl_facts.get(index),
            Origin::Ocsp { .. } | Origin::Crl { .. } => None,
        }
    }
}

impl Weighed {
    pub fn is_good(&self) -> bool {
        self.statement.status == Status::Good
    }

    /// For the report: which piece spoke of `subject`.
    pub fn named(&self, subject: &Certificate, control_s: i64) -> EvidenceUse {
        let time =
            |s: i64| UtcTime::from_unix_s(s).map_or_else(|| s.to_string(), |t| t.to_rfc3339());
        EvidenceUse {
            kind: match self.statement.origin {
                Origin::Ocsp { .. } => EvidenceKind::Ocsp,
                Origin::Crl { .. } => EvidenceKind::Crl,
            },
            source: self.source,
            subject: subject.subject().to_string(),
            issued_at: time(self.statement.issued_s),
            proven_at: (self.proven_s < control_s).then(|| time(self.proven_s)),
        }
    }
}
