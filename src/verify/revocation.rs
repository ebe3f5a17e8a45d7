//! Revocation of a chain at a moment (EN 319 102-1 5.2.5 freshness, 5.2.6.4 status), with evidence of every source.
//!
//! # Invariants
//! * A "good" counts only if its key could be trusted when the evidence is proven to have existed: before the certificate of its
//!   signer ended, and before the issuer is known to have been revoked.
//! * A "revoked" counts whenever it is authentic.

use super::case::{Case, Weighed};
use super::indication::SubIndication;
use super::reasons::Findings;
use super::report::{EvidenceUse, RevocationCheck};
use super::x509::{Moment, time};
use crate::pki::cert::Certificate;
use crate::trust::{Path, Status, worst};

const CLAUSE: &str = "EN 319 102-1 5.2.6";
/// RFC 5280 5.3.1.
const CERTIFICATE_HOLD: u8 = 6;

/// What was found for one certificate of the chain.
struct Link<'p> {
    subject: &'p Certificate,
    status: Option<Status>,
    /// The piece relied on: the newest that says so.
    by: Option<Weighed>,
    /// There is evidence, but its signer's certificate had ended when it is first known to exist.
    is_out_of_bounds: bool,
}

/// Of every certificate of the path but the anchor; what was relied on is added to `used`, signer first.
pub(super) fn judge(
    path: &Path,
    case: &Case<'_>,
    moment: Moment,
    findings: &mut Findings,
    used: &mut Vec<EvidenceUse>,
) -> RevocationCheck {
    let mut links: Vec<Link<'_>> = Vec::with_capacity(path.certificates.len());
    // From the anchor down: what an issuer's key signs counts until that key is known to have lost its trust.
    let mut trusted_until_s = i64::MAX;
    for (depth, pair) in path.certificates.windows(2).enumerate().rev() {
        let [subject, issuer] = pair else { continue };
        let issuer_is_anchor = depth + 2 == path.certificates.len();
        let link = link(
            subject,
            issuer,
            issuer_is_anchor,
            case,
            moment,
            trusted_until_s,
        );
        if let Some(Status::Revoked { at_s, .. }) = link.status {
            trusted_until_s = trusted_until_s.min(at_s);
        }
        links.push(link);
    }
    let mut checked = RevocationCheck::NotChecked;
    for (depth, link) in links.iter().rev().enumerate() {
        if let Some(by) = &link.by {
            used.push(by.named(link.subject, case.control_s));
        }
        let found = say(link, depth, moment, findings);
        if depth == 0 {
            checked = found;
        }
    }
    checked
}

fn link<'p>(
    subject: &'p Certificate,
    issuer: &Certificate,
    issuer_is_anchor: bool,
    case: &Case<'_>,
    moment: Moment,
    trusted_until_s: i64,
) -> Link<'p> {
    let all = case.statements(subject, issuer);
    let mut is_out_of_bounds = false;
    let mut counting: Vec<Weighed> = Vec::with_capacity(all.len());
    for weighed in all {
        if !weighed.is_good() {
            counting.push(weighed);
            continue;
        }
        let statement = &weighed.statement;
        if !statement.is_fresh(moment.at_s, case.control_s)
            || !statement.is_strong(weighed.proven_s)
        {
            continue;
        }
        if weighed.proven_s
            <= weighed
                .key_trusted_until_s(issuer_is_anchor)
                .min(trusted_until_s)
        {
            counting.push(weighed);
        } else {
            is_out_of_bounds = true;
        }
    }
    let statements: Vec<_> = counting.iter().map(|w| w.statement.clone()).collect();
    let status = worst(&statements);
    // The piece that says what was concluded, the newest of them.
    let by = counting
        .into_iter()
        .filter(|w| Some(w.statement.status) == status)
        .max_by_key(|w| w.statement.issued_s);
    Link {
        subject,
        status,
        by,
        is_out_of_bounds,
    }
}

impl Weighed {
    /// An anchor is trusted by decision, not by its period (RFC 5280 6.1.1 (d)); a delegated responder has its own end.
    pub fn key_trusted_until_s(&self, issuer_is_anchor: bool) -> i64 {
        if issuer_is_anchor && !self.statement.is_delegated {
            i64::MAX
        } else {
            self.statement.signer_end_s
        }
    }
}

/// What the status of one certificate does to the verdict.
fn say(link: &Link<'_>, depth: usize, moment: Moment, findings: &mut Findings) -> RevocationCheck {
    let subject = link.subject;
    match link.status {
        Some(Status::Good) => RevocationCheck::Good,
        // 5.5.4: a revocation after the best signature time does not touch the signature. Without proof that time is the
        // control time, and a revocation yet to come is none.
        Some(Status::Revoked { at_s, .. }) if at_s > moment.at_s => {
            let after = if moment.proven {
                "the signature is proven to have existed"
            } else {
                "the time judged"
            };
            findings.info(
                "REVOKED_LATER",
                CLAUSE,
                format!("revoked at {}, after {after}", time(at_s)),
            );
            RevocationCheck::Good
        }
        Some(Status::Revoked { at_s, reason }) => {
            // RFC 5280 5.3.1: certificateHold means not usable at that time. EN 319 102-1 5.2.6.4: on hold is TRY_LATER, since
            // a hold can end; for a CA there is no such case.
            let on_hold = reason == Some(CERTIFICATE_HOLD);
            let sub = match (depth, on_hold) {
                (0, true) => SubIndication::TryLater,
                (0, false) => SubIndication::RevokedNoPoe,
                _ => SubIndication::RevokedCaNoPoe,
            };
            let word = if on_hold { "suspended" } else { "revoked" };
            findings.doubt(
                sub,
                "CERTIFICATE_REVOKED",
                CLAUSE,
                format!(
                    "the certificate {} was {word} at {}",
                    subject.subject(),
                    time(at_s)
                ),
            );
            RevocationCheck::Revoked
        }
        // Table 6: the evidence could have been made by whoever came to hold the key after its certificate had ended.
        None if link.is_out_of_bounds => {
            findings.doubt(
                SubIndication::RevocationOutOfBoundsNoPoe,
                "REVOCATION_EVIDENCE_UNPROVEN",
                CLAUSE,
                format!(
                    "the status evidence on {} is not proven to have existed while its signer's certificate could be relied on",
                    subject.subject()
                ),
            );
            RevocationCheck::NotChecked
        }
        // The national circular, annex II: where the status can't be had, warn.
        None => {
            findings.warn(
                if depth == 0 {
                    "REVOCATION_NOT_CHECKED"
                } else {
                    "CA_REVOCATION_NOT_CHECKED"
                },
                CLAUSE,
                format!(
                    "no usable revocation status of {} could be had",
                    subject.subject()
                ),
            );
            RevocationCheck::NotChecked
        }
    }
}
