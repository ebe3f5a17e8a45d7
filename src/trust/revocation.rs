//! The revocation status of one certificate from OCSP answers and CRLs (RFC 6960 3.2 and 4.2.2; RFC 5280 6.3).
//!
//! # Invariants
//! * Evidence counts only if it is signed by the certificate's issuer, or by a responder that this issuer delegated to.
//! * "Good" is believed only of fresh evidence of the right scope and age; "revoked" of any that is authentic: it does not grow old.
//! * What can't be used (delta, indirect or partial CRLs, unknown critical extensions) is passed over, never read as "good".
//!
//! # What is not here
//! What a revocation means for a signature made before or after it: `verify`. Indirect and delta CRLs.

use super::algorithms::digest_end;
use super::memory::Memory;
use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::crl::{Crl, IssuingDistributionPoint};
use crate::pki::crypto::{SignatureAlgorithm, VerifyFailure};
use crate::pki::ocsp::{BasicResponse, CertStatus, SingleResponse};
use crate::pki::oid;

/// Clocks of responders and ours may differ by this much; five minutes is the usual allowance.
const SKEW_S: i64 = 300;
/// RFC 6960 4.2.2.1: without nextUpdate newer information is always to be had; what is older than a day is not it.
const AGE_WITHOUT_NEXT_UPDATE_S: i64 = 86_400;
/// RFC 5280 5.3.1.
const CERTIFICATE_HOLD: u8 = 6;

#[derive(Debug, Clone, Default)]
pub struct RevocationEvidence {
    pub ocsp: Vec<BasicResponse>,
    pub crls: Vec<Crl>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Good,
    /// `reason` as in RFC 5280 5.3.1; 6 is certificateHold. `at_s` may lie after the control time.
    Revoked {
        at_s: i64,
        reason: Option<u8>,
    },
}

/// One authentic statement about a certificate, and what its weight depends on. A "good" that could not know of the certificate
/// (scope, age) is no statement.
#[derive(Debug, Clone)]
pub struct Statement {
    pub status: Status,
    /// thisUpdate of what states it.
    pub issued_s: i64,
    /// Until when it may be relied on: nextUpdate, else a day after thisUpdate.
    pub until_s: i64,
    /// When the certificate ends whose key signed the statement.
    pub signer_end_s: i64,
    /// That key is a responder's that the issuer delegated to, not the issuer's own.
    pub is_delegated: bool,
    /// From when on its algorithms may no longer be relied on.
    pub weak_from_s: Option<i64>,
    /// The delegated responder that made it, where that responder's own status is a question (RFC 6960 4.2.2.2.1).
    pub responder: Option<Certificate>,
    pub origin: Origin,
}

/// Which piece of evidence: the set among those given, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Ocsp { set: usize, index: usize },
    Crl { set: usize, index: usize },
}

impl Statement {
    /// RFC 6960 4.2.2.1, RFC 5280 6.3.3: thisUpdate in the future or nextUpdate in the past make "good" unreliable. EN 319 102-1
    /// 5.2.5: for a signature that is proven to have existed at `at_s` that time decides, so what was issued later counts too.
    #[must_use]
    pub const fn is_fresh(&self, at_s: i64, control_s: i64) -> bool {
        self.issued_s <= control_s.saturating_add(SKEW_S)
            && at_s <= self.until_s.saturating_add(SKEW_S)
    }

    /// A "good" under a digest that can be forged is nobody's.
    #[must_use]
    pub fn is_strong(&self, at_s: i64) -> bool {
        self.weak_from_s.is_none_or(|from| at_s < from)
    }
}

/// What the evidence says of `subject` for a verdict at `control_s`; `None` where nothing usable speaks of it.
#[must_use]
pub fn status_of(
    subject: &Certificate,
    issuer: &Certificate,
    evidence: &RevocationEvidence,
    memory: &Memory,
    control_s: i64,
) -> Option<Status> {
    let mut statements = statements(subject, issuer, &[evidence], memory);
    statements.retain(|s| {
        s.status != Status::Good || s.is_fresh(control_s, control_s) && s.is_strong(control_s)
    });
    worst(&statements)
}

/// Every authentic statement about `subject` in these sets of evidence.
#[must_use]
pub fn statements(
    subject: &Certificate,
    issuer: &Certificate,
    evidence: &[&RevocationEvidence],
    memory: &Memory,
) -> Vec<Statement> {
    let case = Case {
        subject,
        issuer,
        evidence,
        memory,
    };
    let mut found = Vec::new();
    for (set, pieces) in evidence.iter().enumerate() {
        for (index, response) in pieces.ocsp.iter().enumerate() {
            case.of_response(response, Origin::Ocsp { set, index }, &mut found);
        }
        for (index, crl) in pieces.crls.iter().enumerate() {
            found.extend(case.of_list(crl, Origin::Crl { set, index }));
        }
    }
    found
}

/// One revocation outweighs any "good", and the earliest is taken: fail closed. Only a suspension can end (RFC 5280 5.3.1): a
/// newer "good" outweighs it.
#[must_use]
pub fn worst(statements: &[Statement]) -> Option<Status> {
    let newest_good = statements
        .iter()
        .filter(|s| s.status == Status::Good)
        .map(|s| s.issued_s)
        .max();
    let revoked = statements
        .iter()
        .filter_map(|s| match s.status {
            Status::Good => None,
            Status::Revoked { at_s, reason } => Some((at_s, reason, s.issued_s)),
        })
        .filter(|(_, reason, issued_s)| {
            *reason != Some(CERTIFICATE_HOLD) || newest_good.is_none_or(|good| good <= *issued_s)
        })
        .min_by_key(|(at_s, reason, _)| (*reason == Some(CERTIFICATE_HOLD), *at_s))
        .map(|(at_s, reason, _)| Status::Revoked { at_s, reason });
    revoked.or(newest_good.map(|_| Status::Good))
}

#[derive(Clone, Copy)]
struct Case<'a> {
    subject: &'a Certificate,
    issuer: &'a Certificate,
    evidence: &'a [&'a RevocationEvidence],
    memory: &'a Memory,
}

impl Case<'_> {
    fn of_response(&self, response: &BasicResponse, origin: Origin, found: &mut Vec<Statement>) {
        let singles: Vec<&SingleResponse> = response
            .find(self.issuer, self.subject.serial())
            .filter(|single| single.unknown_critical.is_empty())
            .collect();
        if singles.is_empty() || !response.unknown_critical.is_empty() {
            return;
        }
        let Some(signer) = self.signer_of(response) else {
            return;
        };
        let weak_from_s = weak_from(response.signature_algorithm());
        let is_delegated = signer.sha256() != self.issuer.sha256();
        for single in singles {
            let status = match single.status {
                CertStatus::Good
                    if self.knows_of_subject(single.this_update, single.archive_cutoff) =>
                {
                    Status::Good
                }
                CertStatus::Revoked { at, reason } => Status::Revoked { at_s: at, reason },
                CertStatus::Good | CertStatus::Unknown => continue,
            };
            found.push(Statement {
                status,
                issued_s: single.this_update,
                until_s: until(single.this_update, single.next_update),
                signer_end_s: signer.not_after(),
                is_delegated,
                weak_from_s,
                responder: (is_delegated && !signer.has_ocsp_no_check()).then(|| signer.clone()),
                origin,
            });
        }
    }

    /// RFC 6960 4.2.2.2: the issuer itself, or a responder whose certificate this issuer signed for OCSP signing.
    fn signer_of(&self, response: &BasicResponse) -> Option<Certificate> {
        if response.responder.names(self.issuer)
            && self.memory.is_answered_by(response, self.issuer)
        {
            return Some(self.issuer.clone());
        }
        response.certificates.iter().find_map(|der| {
            let responder = self.memory.certificate(der).ok()?;
            let holds = response.responder.names(&responder)
                && self.is_delegated(&responder, response.produced_at)
                && self.memory.is_answered_by(response, &responder);
            holds.then_some(responder)
        })
    }

    fn is_delegated(&self, responder: &Certificate, at_s: i64) -> bool {
        // RFC 5280 4.2.1.3: where key usage is named, it must include signing.
        let signs = responder.key_usage().is_none_or(|u| {
            u.intersects(KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT))
        });
        responder.has_extended_key_usage(oid::EKU_OCSP_SIGNING)
            && signs
            && responder.unknown_critical().is_empty()
            && responder.issuer().matches(self.issuer.subject())
            && responder.is_within_validity(at_s)
            && self
                .memory
                .chain(&[responder.clone(), self.issuer.clone()])
                .is_ok()
            && !self.is_listed_as_revoked(responder, at_s)
    }

    /// RFC 6960 4.2.2.2.1: a responder without ocsp-nocheck may itself have been revoked; a list of the issuer tells.
    fn is_listed_as_revoked(&self, responder: &Certificate, at_s: i64) -> bool {
        let of_responder = Case {
            subject: responder,
            ..*self
        };
        !responder.has_ocsp_no_check()
            && self.evidence.iter().flat_map(|set| &set.crls).any(|crl| {
                let origin = Origin::Crl { set: 0, index: 0 };
                of_responder.of_list(crl, origin).is_some_and(
                    |s| matches!(s.status, Status::Revoked { at_s: since, .. } if since <= at_s),
                )
            })
    }

    fn of_list(&self, crl: &Crl, origin: Origin) -> Option<Statement> {
        // RFC 5280 6.3.3 (b)(1): here the CRL issuer is the certificate issuer. In an indirect CRL an entry may speak of another
        // issuer's certificate without saying so itself (5.3.3), so nothing of it is used.
        let is_indirect = crl.distribution_point().is_some_and(|p| p.is_indirect);
        if !crl.issuer().matches(self.subject.issuer())
            || crl.is_delta()
            || is_indirect
            || !crl.unknown_critical().is_empty()
        {
            return None;
        }
        // RFC 5280 6.3.3 (f): the key that signed must be allowed to sign CRLs.
        let may_sign = self
            .issuer
            .key_usage()
            .is_none_or(|u| u.contains(KeyUsage::CRL_SIGN));
        if !may_sign || crl.verify_signature(self.issuer.public_key()).is_err() {
            return None;
        }
        let status = match crl.lookup(self.subject.serial()).ok()? {
            // RFC 5280 5.3: an entry with a critical extension that is not understood makes the list unusable.
            Some(entry) if entry.has_unknown_critical || entry.has_certificate_issuer => {
                return None;
            }
            Some(entry) => Status::Revoked {
                at_s: entry.at,
                reason: entry.reason,
            },
            // RFC 5280 5.2.5: a CRL of a part of the certificates or reasons does not say "good" of the rest.
            None => {
                let counts = crl
                    .distribution_point()
                    .is_none_or(|p| covers(p, self.subject))
                    && self.knows_of_subject(crl.this_update(), crl.expired_certs_on_crl());
                counts.then_some(Status::Good)?
            }
        };
        Some(Statement {
            status,
            issued_s: crl.this_update(),
            until_s: until(crl.this_update(), crl.next_update()),
            signer_end_s: self.issuer.not_after(),
            is_delegated: false,
            weak_from_s: weak_from(crl.signature_algorithm()),
            responder: None,
            origin,
        })
    }

    /// RFC 5280 3.3: an entry may go once the certificate has expired, so silence after that says nothing, unless the source
    /// says how far back it keeps them (X.509 9.5.2.8 expiredCertsOnCRL; RFC 6960 4.4.4 archiveCutoff).
    fn knows_of_subject(&self, this_update: i64, keeps_back_to: Option<i64>) -> bool {
        let end = self.subject.not_after();
        this_update <= end || keeps_back_to.is_some_and(|since| since <= end)
    }
}

fn until(this_update: i64, next_update: Option<i64>) -> i64 {
    next_update.unwrap_or_else(|| this_update.saturating_add(AGE_WITHOUT_NEXT_UPDATE_S))
}

/// An algorithm that is not known could never be relied on.
fn weak_from(algorithm: Result<SignatureAlgorithm, VerifyFailure>) -> Option<i64> {
    match algorithm {
        Ok(algorithm) => algorithm.digest().and_then(digest_end),
        Err(_) => Some(i64::MIN),
    }
}

/// Whether a list of this scope speaks of all reasons for this certificate.
fn covers(scope: &IssuingDistributionPoint, subject: &Certificate) -> bool {
    let kind = if subject.is_ca() {
        !scope.only_user_certs
    } else {
        !scope.only_ca_certs
    };
    // RFC 5280 6.3.3 (b)(2)(i): the point's name must be among the certificate's.
    let named = scope.urls.is_empty() && !scope.has_other_names
        || scope.urls.iter().any(|u| subject.crl_urls().contains(u));
    kind && named && !scope.only_some_reasons && !scope.is_indirect && !scope.only_attribute_certs
}
