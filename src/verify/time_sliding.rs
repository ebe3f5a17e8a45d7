//! Validation time sliding (EN 319 102-1 5.6.2.2): the last moment at which a chain is known to have been good.
//!
//! # Invariants
//! * The time only moves back. Going from the anchor down, evidence on a certificate counts only if it and the certificate are
//!   proven to have existed while the keys above were known to be good.
//!
//! A status that says "good" is good until the next one was due (nextUpdate), by the freshness rule of 5.2.5 without a limit of the
//! policy's own; that moment, not thisUpdate, is how far the time slides. docs/decisions/0011 says why.

use super::case::{Case, Weighed};
use super::indication::SubIndication;
use super::x509::time;
use crate::pki::cert::Certificate;
use crate::trust::{Path, Status, digest_end, key_end, worst};

/// Why a past validation does not help.
#[derive(Debug, Clone)]
pub(super) struct Lack {
    pub sub: SubIndication,
    pub detail: String,
}

/// The moment up to which the whole chain is known to have been good.
pub(super) fn slide(path: &Path, case: &Case<'_>) -> Result<i64, Lack> {
    let mut control_s = case.control_s;
    for (depth, pair) in path.certificates.windows(2).enumerate().rev() {
        let [subject, issuer] = pair else { continue };
        let issuer_is_anchor = depth + 2 == path.certificates.len();
        control_s = past_one(subject, issuer, issuer_is_anchor, case, control_s)?;
    }
    Ok(control_s)
}

fn past_one(
    subject: &Certificate,
    issuer: &Certificate,
    issuer_is_anchor: bool,
    case: &Case<'_>,
    control_s: i64,
) -> Result<i64, Lack> {
    // Step 2 b), of the certificate itself.
    if case.certificate_proven_s(subject) > control_s {
        return Err(Lack {
            sub: SubIndication::NoPoe,
            detail: format!(
                "the certificate {} is not proven to have existed at {}",
                subject.subject(),
                time(control_s)
            ),
        });
    }
    let all = case.statements(subject, issuer);
    let is_proven = |w: &Weighed| w.proven_s <= control_s;
    let is_bound = |w: &Weighed| w.proven_s <= w.key_trusted_until_s(issuer_is_anchor);
    let holds = |w: &Weighed| {
        w.statement.is_strong(w.proven_s) && is_responder_known(w, issuer, issuer_is_anchor, case)
    };
    let counting: Vec<&Weighed> = all
        .iter()
        .filter(|w| !w.is_good() || is_proven(w) && is_bound(w) && holds(w))
        .collect();
    let said: Vec<_> = counting.iter().map(|w| w.statement.clone()).collect();
    let newest = counting
        .iter()
        .filter(|w| w.is_good())
        .max_by_key(|w| (w.statement.issued_s, w.statement.until_s));
    // Step 2 c).
    let mut control_s = match (worst(&said), newest) {
        // Whatever was signed in the very second of the revocation is not older than it.
        (Some(Status::Revoked { at_s, .. }), _) => control_s.min(at_s.saturating_sub(1)),
        (Some(Status::Good), Some(newest)) => control_s.min(newest.statement.until_s),
        _ => return Err(lack(subject, &all, is_bound, control_s)),
    };
    // Step 2 d): the signature on the certificate and its key.
    let digest = subject.signature_algorithm().ok().and_then(|a| a.digest());
    for end in [digest.and_then(digest_end), key_end(subject.key_facts())] {
        control_s = control_s.min(end.unwrap_or(i64::MAX));
    }
    Ok(control_s)
}

/// RFC 6960 4.2.2.2.1: a responder is taken for what it says where its certificate says so (ocsp-nocheck); else its own status is
/// looked for, in a list of the issuer, which needs no responder.
fn is_responder_known(
    weighed: &Weighed,
    issuer: &Certificate,
    issuer_is_anchor: bool,
    case: &Case<'_>,
) -> bool {
    let Some(responder) = &weighed.statement.responder else {
        return true;
    };
    case.statements(responder, issuer).iter().any(|own| {
        own.is_good()
            && !own.statement.is_delegated
            && own.statement.until_s >= weighed.statement.issued_s
            && own.statement.is_strong(own.proven_s)
            && own.proven_s <= own.key_trusted_until_s(issuer_is_anchor)
    })
}

fn lack(
    subject: &Certificate,
    all: &[Weighed],
    is_bound: impl Fn(&Weighed) -> bool,
    control_s: i64,
) -> Lack {
    let goods = || all.iter().filter(|w| w.is_good());
    let subject = subject.subject();
    if goods().next().is_none() {
        return Lack {
            sub: SubIndication::NoPoe,
            detail: format!("there is no revocation status of {subject}"),
        };
    }
    if !goods().any(is_bound) {
        return Lack {
            sub: SubIndication::RevocationOutOfBoundsNoPoe,
            detail: format!(
                "the status of {subject} is not proven to have existed before the certificate of its signer ended"
            ),
        };
    }
    Lack {
        sub: SubIndication::NoPoe,
        detail: format!(
            "the status of {subject} is not proven to have existed at {}",
            time(control_s)
        ),
    }
}
