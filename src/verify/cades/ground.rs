//! What a verdict on one signature rests on: the evidence given, the evidence inside the message, since when each piece is known to exist;
//! and the building blocks asked with all of it.
//!
//! # What is not here
//! Any judgement of its own: this is the only file that knows how `timestamp`, `signature` and `case` are asked.

use crate::pki::cert::Certificate;
use crate::pki::cms::{Covered, SignedData, SignerInfo};
use crate::pki::der::{only, tag};
use crate::pki::digest::{self, DigestAlgorithm};
use crate::pki::ocsp::{BasicResponse, Response};
use crate::pki::tsp::Token;
use crate::trust::{Path, Purpose};
use crate::verify::carried;
use crate::verify::case::Case;
use crate::verify::judge::Evidence;
use crate::verify::poe::ObjectHash;
use crate::verify::reasons::Findings;
use crate::verify::report::{EvidenceSource, SignatureReport};
use crate::verify::signature;
use crate::verify::timestamp::{self, Judged};
use crate::verify::x509::{self, Moment};

pub(super) struct Ground<'a> {
    case: Case<'a>,
}

/// No position: what covers what is told object by object, not by where it stands in a file.
const NOWHERE: usize = usize::MAX;

impl<'a> Ground<'a> {
    pub fn new(given: &'a Evidence<'a>, control_s: i64) -> Self {
        Self {
            case: Case::new(given, control_s),
        }
    }

    /// Takes in what a message carries (EN 319 122-1 5.4). What can't be read proves nothing.
    pub fn take(&mut self, signed: &SignedData) {
        let memory = self.case.evidence.memory;
        self.case.material.add_message(signed, NOWHERE, memory);
    }

    /// More was carried than is looked at.
    pub const fn is_cut_off(&self) -> bool {
        self.case.material.is_cut_off
    }

    /// What an archive time-stamp that holds covers existed at its time (EN 319 102-1 5.6.2.3).
    pub fn prove(&mut self, covered: &Covered, time_s: i64) {
        for der in &covered.certificates {
            self.case.proofs.add(digest::sha256(der), time_s);
        }
        for object in covered.revocation.iter().filter_map(|c| status_object(c)) {
            self.case.proofs.add(object, time_s);
        }
        for value in &covered.unsigned {
            if let Ok(token) = Token::parse(value) {
                self.prove_message(&token.signed, time_s);
            }
        }
    }

    /// A whole message existed at this time, and with it all that it carries.
    pub fn prove_message(&mut self, signed: &SignedData, time_s: i64) {
        self.prove_carried(signed, time_s);
        for signer in &signed.signers {
            let tokens = signer.timestamp_tokens().into_iter();
            for token in tokens.chain(signer.archive_timestamps()) {
                if let Ok(token) = Token::parse(token) {
                    self.prove_carried(&token.signed, time_s);
                }
            }
        }
    }

    fn prove_carried(&mut self, signed: &SignedData, time_s: i64) {
        let carried = carried::of(signed);
        for der in carried.certificates.iter().chain(&carried.crls) {
            self.case.proofs.add(digest::sha256(der), time_s);
        }
        for object in carried.ocsps.iter().filter_map(|der| answer(der)) {
            self.case.proofs.add(object, time_s);
        }
    }

    /// `existed_s`: the earliest proof of existence of the token itself.
    pub fn timestamp(
        &self,
        token: &[u8],
        digest_of: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
        existed_s: Option<i64>,
    ) -> Judged {
        timestamp::judge(token, digest_of, &self.case, existed_s)
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
            at_s: proven_s.unwrap_or(self.case.control_s),
            proven: proven_s.is_some(),
        };
        let bag = self.bag();
        signature::chain(
            signer,
            certificate,
            &bag,
            &self.case,
            moment,
            report,
            findings,
        )
    }

    /// Certificates that may complete chains: those given and those inside.
    pub fn bag(&self) -> Vec<Certificate> {
        [self.case.evidence.extra, &self.case.material.certificates].concat()
    }

    /// The chain of a certificate at a time.
    pub fn path(&self, certificate: &Certificate, purpose: Purpose, at_s: i64) -> Option<Path> {
        x509::path_at(certificate, &self.bag(), &self.case, at_s, purpose).ok()
    }

    /// Whether the message itself has the certificates of the chain below its anchor and a status of each that speaks of this time
    /// (EN 319 122-1 6.3, B-LT).
    pub fn holds(&self, path: &Path, at_s: i64) -> bool {
        path.certificates.windows(2).all(|pair| {
            let [subject, issuer] = pair else {
                return false;
            };
            self.has_certificate(subject) && self.has_status(subject, issuer, at_s)
        })
    }

    pub fn has_status(&self, subject: &Certificate, issuer: &Certificate, at_s: i64) -> bool {
        subject.has_ocsp_no_check()
            || self.case.statements(subject, issuer).iter().any(|weighed| {
                let statement = &weighed.statement;
                weighed.source == EvidenceSource::Cms
                    && (!weighed.is_good()
                        || statement.is_fresh(at_s, self.case.control_s)
                            && statement.is_strong(weighed.proven_s))
            })
    }

    pub fn has_certificate(&self, certificate: &Certificate) -> bool {
        let is_it = |c: &Certificate| c.sha256() == certificate.sha256();
        self.case.material.certificates.iter().any(is_it)
    }
}

/// What proofs know a RevocationInfoChoice by.
fn status_object(choice: &[u8]) -> Option<ObjectHash> {
    if choice.first() == Some(&tag::SEQUENCE) {
        return Some(digest::sha256(choice));
    }
    let mut other = only(
        choice,
        tag::context_constructed(1),
        "OtherRevocationInfoFormat",
    )
    .ok()?
    .reader();
    other.oid("OtherRevocationInfoFormat").ok()?;
    answer(other.any("OtherRevocationInfoFormat").ok()?.raw)
}

/// What proofs know an OCSP answer by: its BasicOCSPResponse.
fn answer(der: &[u8]) -> Option<ObjectHash> {
    let whole = Response::parse(der).ok().and_then(|r| r.basic);
    let basic = whole.or_else(|| BasicResponse::parse(der).ok())?;
    Some(digest::sha256(&basic.der))
}
