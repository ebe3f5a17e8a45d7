//! Which status evidence the file itself must hold so that a chain can be shown to have been good for as long as the file lasts
//! (EN 319 142-1 6.3, levels B-LT and B-LTA).

use super::case::{Case, Weighed};
use super::report::EvidenceSource;
use crate::pki::cert::Certificate;
use crate::trust::{Path, Status};

/// What of the file counts as had, and as of when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// Only what stands before this position.
    pub before: usize,
    /// The status must speak of this moment: the use of the key, or the next time-stamp over it.
    pub at_s: i64,
}

/// A certificate whose status is missing.
#[derive(Debug, Clone)]
pub(super) struct Lacking {
    pub subject: Certificate,
    pub issuer: Certificate,
}

/// The certificates of the chain, but the anchor, whose status is not in the file's store. From the signer up: what a key above must
/// be known to have been good for is the use below it, or the time at which the evidence below is proven to have existed (5.6.2.2
/// 2 b), whichever is later; `next_s` is when a time-stamp will prove what is not proven yet.
pub(super) fn lacking(
    path: &Path,
    case: &Case<'_>,
    scope: Scope,
    next_s: Option<i64>,
) -> Vec<Lacking> {
    let mut lacking = Vec::new();
    let mut at_s = scope.at_s;
    for pair in path.certificates.windows(2) {
        let [subject, issuer] = pair else { continue };
        let stored = case.statements(subject, issuer);
        let counting = stored
            .iter()
            .filter(|w| w.source == EvidenceSource::Dss && w.place < scope.before)
            .filter(|w| w.speaks_of(at_s, case));
        let best = counting.min_by_key(|w| w.proven_s);
        match best {
            Some(best) => {
                if let Some(responder) = &best.statement.responder
                    && !has_list(responder, issuer, case, scope)
                {
                    lacking.push(Lacking {
                        subject: responder.clone(),
                        issuer: issuer.clone(),
                    });
                }
                at_s = next_s.map_or(at_s, |next| at_s.max(best.proven_s.min(next)));
            }
            None => {
                lacking.push(Lacking {
                    subject: subject.clone(),
                    issuer: issuer.clone(),
                });
                at_s = next_s.map_or(at_s, |next| at_s.max(next));
            }
        }
    }
    lacking
}

impl Weighed {
    fn speaks_of(&self, at_s: i64, case: &Case<'_>) -> bool {
        let statement = &self.statement;
        match statement.status {
            Status::Good => {
                statement.is_fresh(at_s, case.control_s) && statement.is_strong(self.proven_s)
            }
            // It will not change any more.
            Status::Revoked { .. } => true,
        }
    }
}

/// A list of the issuer that tells of a responder without ocsp-nocheck.
fn has_list(responder: &Certificate, issuer: &Certificate, case: &Case<'_>, scope: Scope) -> bool {
    case.statements(responder, issuer).iter().any(|w| {
        w.is_good()
            && !w.statement.is_delegated
            && w.source == EvidenceSource::Dss
            && w.place < scope.before
    })
}

/// The certificates of the chain that are not in the file, the anchor last.
pub(super) fn absent<'p>(path: &'p Path, case: &Case<'_>, before: usize) -> Vec<&'p Certificate> {
    let facts = &case.material.certificate_facts;
    let is_held = |c: &Certificate| {
        facts
            .iter()
            .any(|f| f.hash == c.sha256() && f.place < before)
    };
    path.certificates.iter().filter(|c| !is_held(c)).collect()
}
