//! The revocation status of one certificate from OCSP answers and CRLs (RFC 6960 3.2 and 4.2.2; RFC 5280 6.3).
//!
//! # Invariants
//! * Evidence counts only if it is signed by the certificate's issuer, or by a responder that this issuer delegated to.
//! * What can't be used (delta, indirect or partial CRLs, unknown critical extensions) is passed over, never read as "good".

use super::Memory;
use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::crl::{Crl, IssuingDistributionPoint};
use crate::pki::ocsp::{BasicResponse, CertStatus, SingleResponse};
use crate::pki::oid;

/// Clocks of responders and ours may differ by this much; five minutes is the usual allowance.
const SKEW_S: i64 = 300;

#[derive(Debug, Clone, Default)]
pub struct RevocationEvidence {
    pub ocsp: Vec<BasicResponse>,
    pub crls: Vec<Crl>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Good,
    /// `reason` as in RFC 5280 5.3.1; 6 is certificateHold.
    Revoked {
        at_s: i64,
        reason: Option<u8>,
    },
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
    let mut good = false;
    for response in &evidence.ocsp {
        match from_ocsp(subject, issuer, response, memory, control_s) {
            Some(Status::Good) => good = true,
            // One revocation outweighs any "good": fail closed.
            Some(revoked) => return Some(revoked),
            None => {}
        }
    }
    for crl in &evidence.crls {
        match from_crl(subject, issuer, crl, control_s) {
            Some(Status::Good) => good = true,
            Some(revoked) => return Some(revoked),
            None => {}
        }
    }
    good.then_some(Status::Good)
}

fn from_ocsp(
    subject: &Certificate,
    issuer: &Certificate,
    response: &BasicResponse,
    memory: &Memory,
    control_s: i64,
) -> Option<Status> {
    // Several answers about one certificate: the worst counts.
    let mut found: Option<Status> = None;
    for single in response.find(issuer, subject.serial()) {
        match from_single(single, issuer, response, memory, control_s) {
            Some(Status::Good) => found = found.or(Some(Status::Good)),
            Some(revoked) => return Some(revoked),
            None => {}
        }
    }
    found
}

fn from_single(
    single: &SingleResponse,
    issuer: &Certificate,
    response: &BasicResponse,
    memory: &Memory,
    control_s: i64,
) -> Option<Status> {
    if !response.unknown_critical.is_empty() || !single.unknown_critical.is_empty() {
        return None;
    }
    // RFC 6960 4.2.2.1: thisUpdate in the future or nextUpdate in the past make the answer unreliable.
    if single.this_update > control_s.saturating_add(SKEW_S) {
        return None;
    }
    if single
        .next_update
        .is_some_and(|next| next.saturating_add(SKEW_S) < control_s)
    {
        return None;
    }
    signed_for(issuer, response, memory)?;
    match single.status {
        CertStatus::Good => Some(Status::Good),
        CertStatus::Revoked { at, reason } => Some(Status::Revoked { at_s: at, reason }),
        CertStatus::Unknown => None,
    }
}

/// RFC 6960 4.2.2.2: the issuer itself, or a responder whose certificate this issuer signed for OCSP signing.
fn signed_for(issuer: &Certificate, response: &BasicResponse, memory: &Memory) -> Option<()> {
    if response.responder.names(issuer) {
        return response.verify_signature(issuer.public_key()).ok();
    }
    for der in &response.certificates {
        let Ok(responder) = memory.certificate(der) else {
            continue;
        };
        if !response.responder.names(&responder) {
            continue;
        }
        let delegated = responder.has_extended_key_usage(oid::EKU_OCSP_SIGNING)
            && responder.issuer().matches(issuer.subject())
            && responder.not_before() <= response.produced_at
            && response.produced_at <= responder.not_after()
            && memory.chain(&[responder.clone(), issuer.clone()]).is_ok();
        if delegated && response.verify_signature(responder.public_key()).is_ok() {
            return Some(());
        }
    }
    None
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

fn from_crl(
    subject: &Certificate,
    issuer: &Certificate,
    crl: &Crl,
    control_s: i64,
) -> Option<Status> {
    // RFC 5280 6.3.3 (b)(1): here the CRL issuer is the certificate issuer; indirect CRLs are not supported.
    if !crl.issuer().matches(subject.issuer())
        || crl.is_delta()
        || !crl.unknown_critical().is_empty()
    {
        return None;
    }
    if crl.this_update() > control_s.saturating_add(SKEW_S)
        || crl
            .next_update()
            .is_some_and(|next| next.saturating_add(SKEW_S) < control_s)
    {
        return None;
    }
    // RFC 5280 6.3.3 (f): the key that signed must be allowed to sign CRLs.
    if issuer
        .key_usage()
        .is_some_and(|u| !u.contains(KeyUsage::CRL_SIGN))
    {
        return None;
    }
    crl.verify_signature(issuer.public_key()).ok()?;
    match crl.lookup(subject.serial()).ok()? {
        // RFC 5280 5.3: an entry with a critical extension that is not understood makes the list unusable.
        Some(entry) if entry.has_unknown_critical || entry.has_certificate_issuer => None,
        Some(entry) => Some(Status::Revoked {
            at_s: entry.at,
            reason: entry.reason,
        }),
        // RFC 5280 5.2.5: a CRL of a part of the certificates or reasons does not say "good" of the rest.
        None if crl
            .distribution_point()
            .is_some_and(|p| !covers(p, subject)) =>
        {
            None
        }
        None => Some(Status::Good),
    }
}
