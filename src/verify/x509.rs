//! X.509 certificate validation at a time (EN 319 102-1 5.2.6): the chain. Its status is `revocation`'s.

use super::case::{Case, Weighed};
use super::indication::SubIndication;
use super::reasons::Findings;
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Budget, Path, PathFailure, Purpose, build};

const CLAUSE: &str = "EN 319 102-1 5.2.6";

/// At which moment a certificate is judged, and how it is known that the signature existed then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub at_s: i64,
    /// `at_s` is a proof of existence, not just the present.
    pub proven: bool,
}

pub(super) fn validate(
    subject: &Certificate,
    bag: &[Certificate],
    case: &Case<'_>,
    moment: Moment,
    purpose: Purpose,
    findings: &mut Findings,
) -> Option<Path> {
    match path_at(subject, bag, case, moment.at_s, purpose) {
        Ok(path) => Some(path),
        Err(PathFailure::SubjectExpired { not_after }) => {
            explain_expired(subject, bag, case, not_after, purpose, findings);
            None
        }
        Err(failure) => {
            explain(failure, moment, findings);
            None
        }
    }
}

/// The chain that holds at a moment, over what the caller gave, the message and the file bring.
pub(super) fn path_at(
    subject: &Certificate,
    bag: &[Certificate],
    case: &Case<'_>,
    at_s: i64,
    purpose: Purpose,
) -> Result<Path, PathFailure> {
    let evidence = case.evidence;
    build(
        subject,
        bag,
        evidence.anchors,
        evidence.memory,
        at_s,
        purpose,
        Budget::default(),
    )
}

/// Table 6: without proof that it was signed in time, an expired certificate leaves the question open; whether it is known not to
/// have been revoked is said in the sub-indication.
fn explain_expired(
    subject: &Certificate,
    bag: &[Certificate],
    case: &Case<'_>,
    not_after: i64,
    purpose: Purpose,
    findings: &mut Findings,
) {
    let path = path_at(subject, bag, case, not_after, purpose).ok();
    let pair = path.as_ref().and_then(|p| p.certificates.get(1));
    let is_known_good = pair.is_some_and(|issuer| {
        let said = case.statements(subject, issuer);
        let good = |w: &Weighed| {
            w.is_good()
                && w.statement.is_fresh(not_after, case.control_s)
                && w.statement.is_strong(w.proven_s)
        };
        !said.is_empty() && said.iter().all(Weighed::is_good) && said.iter().any(good)
    });
    let sub = if is_known_good {
        SubIndication::OutOfBoundsNotRevoked
    } else {
        SubIndication::OutOfBoundsNoPoe
    };
    findings.doubt(
        sub,
        "CERTIFICATE_EXPIRED",
        CLAUSE,
        format!(
            "the certificate ended at {}, before the time judged",
            time(not_after)
        ),
    );
}

pub(super) fn explain(failure: PathFailure, moment: Moment, findings: &mut Findings) {
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
        PathFailure::SubjectExpired { not_after } => findings.doubt(
            SubIndication::OutOfBoundsNoPoe,
            "CERTIFICATE_EXPIRED",
            CLAUSE,
            format!("the certificate ended at {}", time(not_after)),
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

pub(super) fn time(unix_s: i64) -> String {
    UtcTime::from_unix_s(unix_s).map_or_else(|| unix_s.to_string(), |t| t.to_rfc3339())
}
