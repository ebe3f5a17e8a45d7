//! What a verdict on one signature rests on: the evidence given, the evidence inside the message, and the building blocks asked with both.
//!
//! # What is not here
//! Any judgement of its own: this is the only file that knows how `x509`, `timestamp` and `acceptance` are asked.

use crate::pki::cert::Certificate;
use crate::pki::cms::{Covered, RevocationValues, SignedData, SignerInfo};
use crate::pki::crl::Crl;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp;
use crate::trust::{Path, Purpose, RevocationEvidence, Status, status_of};
use crate::verify::judge::Evidence;
use crate::verify::reasons::Findings;
use crate::verify::report::SignatureReport;
use crate::verify::timestamp::{self, Judged};
use crate::verify::x509::{self, Moment};
use crate::verify::{acceptance, identification};

pub(super) struct Ground<'a> {
    given: &'a Evidence<'a>,
    pub control_s: i64,
    certificates: Vec<Certificate>,
    /// Certificates that are inside.
    inside_certificates: Vec<Certificate>,
    inside: RevocationEvidence,
    /// Given and inside.
    all: RevocationEvidence,
}

impl<'a> Ground<'a> {
    pub fn new(given: &'a Evidence<'a>, control_s: i64) -> Self {
        Self {
            given,
            control_s,
            certificates: given.extra.to_vec(),
            inside_certificates: Vec::new(),
            inside: RevocationEvidence::default(),
            all: given.revocation.clone(),
        }
    }

    /// Takes in what a message carries (EN 319 122-1 5.4). What can't be read proves nothing.
    pub fn take(&mut self, signed: &SignedData) {
        let carried = identification::certificates(signed, self.given.memory);
        self.certificates.extend_from_slice(&carried);
        self.inside_certificates.extend(carried);
        let values: Vec<RevocationValues> =
            signed.signers.iter().map(RevocationValues::of).collect();
        let lists = values.iter().flat_map(|v| &v.crls).chain(&signed.crls);
        for crl in lists.filter_map(|der| Crl::from_der(der).ok()) {
            self.all.crls.push(crl.clone());
            self.inside.crls.push(crl);
        }
        let whole = signed.ocsp_responses.iter();
        let whole = whole.filter_map(|der| ocsp::Response::parse(der).ok()?.basic);
        let bare = values.iter().flat_map(|v| &v.basic_responses);
        let bare = bare.filter_map(|der| ocsp::BasicResponse::parse(der).ok());
        for basic in whole.chain(bare) {
            self.all.ocsp.push(basic.clone());
            self.inside.ocsp.push(basic);
        }
    }

    /// What an archive time-stamp that holds covers existed at its time (EN 319 102-1 5.6.2.3).
    pub fn prove(&mut self, _covered: &Covered, _time_s: i64) {}

    /// A whole message existed at this time, and with it all that it carries.
    pub fn prove_message(&mut self, _signed: &SignedData, _time_s: i64) {}

    /// `existed_s`: the earliest proof of existence of the token itself.
    pub fn timestamp(
        &self,
        token: &[u8],
        digest_of: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
        _existed_s: Option<i64>,
    ) -> Judged {
        timestamp::judge(token, digest_of, &self.evidence(), self.control_s)
    }

    /// Chain, revocation and algorithms of the signer's certificate; the chain.
    pub fn signer(
        &self,
        signer: &SignerInfo,
        certificate: &Certificate,
        proven_s: Option<i64>,
        findings: &mut Findings,
        report: &mut SignatureReport,
    ) -> Option<Path> {
        let moment = Moment {
            at_s: proven_s.unwrap_or(self.control_s),
            control_s: self.control_s,
            proven: proven_s.is_some(),
        };
        let evidence = self.evidence();
        let path = x509::validate(
            certificate,
            &self.certificates,
            &evidence,
            moment,
            Purpose::Signature,
            findings,
        );
        if let Some(path) = &path {
            report.revocation = x509::revocation(path, &evidence, moment, findings);
        }
        acceptance::judge(signer, certificate, path.as_ref(), moment.at_s, findings);
        path
    }

    /// Whether the message itself has all that the chain of `certificate` needs (EN 319 122-1 6.3, B-LT).
    pub fn is_inside(&self, certificate: &Certificate, purpose: Purpose, at_s: i64) -> bool {
        let path = crate::trust::build(
            certificate,
            &self.certificates,
            self.given.anchors,
            self.given.memory,
            at_s,
            purpose,
            crate::trust::Budget::default(),
        );
        path.is_ok_and(|path| self.holds(&path))
    }

    /// Certificates below the anchor, and a status of each.
    pub fn holds(&self, path: &Path) -> bool {
        path.certificates.windows(2).all(|pair| {
            let [subject, issuer] = pair else {
                return false;
            };
            self.has_certificate(subject) && self.has_status(subject, issuer)
        })
    }

    /// A "good" of any age: that it was fresh when it was put in is what counts.
    pub fn has_status(&self, subject: &Certificate, issuer: &Certificate) -> bool {
        let of_lists = self.inside.crls.iter().map(Crl::this_update);
        let of_answers = self
            .inside
            .ocsp
            .iter()
            .flat_map(|r| r.singles.iter().map(|s| s.this_update));
        subject.has_ocsp_no_check()
            || of_lists.chain(of_answers).take(MAX_PIECES).any(|at_s| {
                let status = status_of(subject, issuer, &self.inside, self.given.memory, at_s);
                status == Some(Status::Good)
            })
    }

    pub fn has_certificate(&self, certificate: &Certificate) -> bool {
        let is_it = |c: &Certificate| c.sha256() == certificate.sha256();
        self.inside_certificates.iter().any(is_it)
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            anchors: self.given.anchors,
            extra: &self.certificates,
            revocation: &self.all,
            memory: self.given.memory,
        }
    }
}

/// A signature with two time-stamps needs about ten; renewed yearly for some decades about a hundred.
const MAX_PIECES: usize = 256;
