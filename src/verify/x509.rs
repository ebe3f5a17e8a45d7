//! X.509 certificate validation at a time (EN 319 102-1 5.2.6), with revocation where evidence was had.

use super::indication::SubIndication;
use super::judge::Evidence;
use super::reasons::Findings;
use super::report::RevocationCheck;
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Budget, Path, PathFailure, Purpose, Status, build, status_of};

const CLAUSE: &str = "EN 319 102-1 5.2.6";

/// At which moment a certificate is judged, and how it is known that the signature existed then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub at_s: i64,
    /// The control time: by then the evidence must speak.
    pub control_s: i64,
    /// `at_s` is a proof of existence, not just the present.
    pub proven: bool,
}

pub(super) fn validate(
    subject: &Certificate,
    bag: &[Certificate],
    evidence: &Evidence<'_>,
    moment: Moment,
    purpose: Purpose,
    findings: &mut Findings,
) -> Option<Path> {
    let built = build(
        subject,
        bag,
        evidence.anchors,
        evidence.memory,
        moment.at_s,
        purpose,
        Budget::default(),
    );
    let path = match built {
        Ok(path) => path,
        Err(failure) => {
            explain(failure, moment, findings);
            return None;
        }
    };
    Some(path)
}

fn explain(failure: PathFailure, moment: Moment, findings: &mut Findings) {
    match failure {
        PathFailure::NoPath => findings.doubt(
            SubIndication::NoCertificateChainFound,
            "NO_CHAIN",
            CLAUSE,
            "no chain leads from the certificate to a trusted root",
        ),
        PathFailure::Purpose { detail } => findings.doubt(
            SubIndication::ChainConstraintsFailure,
            "CERTIFICATE_PURPOSE",
            CLAUSE,
            detail,
        ),
        // Table 6: without proof that it was signed in time, an expired certificate leaves the question open.
        PathFailure::SubjectExpired { not_after } => findings.doubt(
            SubIndication::OutOfBoundsNoPoe,
            "CERTIFICATE_EXPIRED",
            CLAUSE,
            format!(
                "the certificate ended at {}, before the time judged",
                time(not_after)
            ),
        ),
        // 5.5.4: a proof of existence before notBefore proves that it was signed before the certificate was issued.
        PathFailure::SubjectNotYetValid { not_before } if moment.proven => findings.fail(
            SubIndication::NotYetValid,
            "CERTIFICATE_NOT_YET_VALID",
            "EN 319 102-1 5.5.4",
            format!(
                "signed before the certificate began at {}",
                time(not_before)
            ),
        ),
        PathFailure::SubjectNotYetValid { not_before } => findings.doubt(
            SubIndication::OutOfBoundsNoPoe,
            "CERTIFICATE_NOT_YET_VALID",
            CLAUSE,
            format!("the certificate begins at {}", time(not_before)),
        ),
        PathFailure::Broken { detail } => findings.doubt(
            SubIndication::CertificateChainGeneralFailure,
            "CHAIN_BROKEN",
            CLAUSE,
            detail,
        ),
        PathFailure::CaOutOfPeriod { subject } => findings.doubt(
            SubIndication::OutOfBoundsNoPoe,
            "CA_OUT_OF_PERIOD",
            CLAUSE,
            format!("the CA {subject} was outside its validity period"),
        ),
        PathFailure::Budget => findings.doubt(
            SubIndication::CertificateChainGeneralFailure,
            "CHAIN_SEARCH_CUT_OFF",
            CLAUSE,
            "the search for a chain was cut off: too many candidates",
        ),
    }
}

/// Revocation of every certificate of the path but the anchor (5.2.6.1, 5.2.5).
pub(super) fn revocation(
    path: &Path,
    evidence: &Evidence<'_>,
    moment: Moment,
    findings: &mut Findings,
) -> RevocationCheck {
    let mut checked = RevocationCheck::NotChecked;
    for (depth, pair) in path.certificates.windows(2).enumerate() {
        let [subject, issuer] = pair else { continue };
        // ocsp-nocheck (RFC 6960 4.2.2.2.1) is for responders; in this chain there is none, so it excuses nobody.
        match status_of(
            subject,
            issuer,
            evidence.revocation,
            evidence.memory,
            moment.control_s,
        ) {
            Some(Status::Good) if depth == 0 => checked = RevocationCheck::Good,
            Some(Status::Good) => {}
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
                if depth == 0 {
                    checked = RevocationCheck::Good;
                }
            }
            Some(Status::Revoked { at_s, reason }) => {
                // RFC 5280 5.3.1: certificateHold (6) means not usable at that time. EN 319 102-1 5.2.6.4: on hold is TRY_LATER,
                // since a hold can end; for a CA there is no such case.
                let on_hold = reason == Some(6);
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
                if depth == 0 {
                    checked = RevocationCheck::Revoked;
                }
            }
            // The national circular, annex II: where the status can't be had, warn.
            None => findings.warn(
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
            ),
        }
    }
    checked
}

fn time(unix_s: i64) -> String {
    UtcTime::from_unix_s(unix_s).map_or_else(|| unix_s.to_string(), |t| t.to_rfc3339())
}
