//! Time-stamp validation (EN 319 102-1 5.4; RFC 3161 2.4.2): one token over one imprint.

use super::format;
use super::identification::certificates;
use super::indication::SubIndication;
use super::judge::Evidence;
use super::reasons::Findings;
use super::report::TimestampReport;
use super::x509::{self, Moment};
use crate::pki::cert::Certificate;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::Token;
use crate::record::UtcTime;
use crate::trust::Purpose;

const CLAUSE: &str = "EN 319 102-1 5.4";

/// Clocks of authorities differ from each other and from ours; five minutes is the usual allowance.
pub(super) const SKEW_S: i64 = 300;

/// A time-stamp judged at the control time; `proves_s` is set where it is a proof of existence.
pub(super) struct Judged {
    pub report: TimestampReport,
    pub proves_s: Option<i64>,
    /// The authority's certificate, for the list of what evidence is needed.
    pub authority: Option<Certificate>,
    pub bag: Vec<Certificate>,
}

/// `digest_of` gives the digest of the stamped bytes under the token's algorithm.
pub(super) fn judge(
    token_der: &[u8],
    digest_of: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
    evidence: &Evidence<'_>,
    control_s: i64,
) -> Judged {
    let mut findings = Findings::default();
    let token = match Token::parse(token_der) {
        Ok(token) => token,
        Err(malformed) => {
            findings.fail(
                SubIndication::FormatFailure,
                "TIMESTAMP_UNREADABLE",
                "RFC 3161 2.4.2",
                format!("the time-stamp token can't be read: {malformed}"),
            );
            return finish(String::new(), None, findings, None, Vec::new());
        }
    };
    let info = &token.info;
    let time = UtcTime::from_unix_s(info.gen_time_s).map_or_else(String::new, |t| t.to_rfc3339());
    if digest_of(info.imprint.digest) != info.imprint.hash {
        findings.fail(
            SubIndication::HashFailure,
            "TIMESTAMP_IMPRINT_MISMATCH",
            CLAUSE,
            "the time-stamp was made over other bytes",
        );
    }
    if !info.unknown_critical.is_empty() {
        findings.fail(
            SubIndication::FormatFailure,
            "TIMESTAMP_CRITICAL_EXTENSION",
            "RFC 3161 2.4.2",
            "the token carries a critical extension that is not understood",
        );
    }
    let bag = certificates(&token.signed, evidence.memory);
    let signer = token.signer();
    for finding in token.signed.findings.iter().chain(&signer.findings) {
        format::say(*finding, &mut findings);
    }
    let Some(authority) = signer
        .find_certificate(&bag)
        .or_else(|| signer.find_certificate(evidence.extra))
        .cloned()
    else {
        findings.doubt(
            SubIndication::NoSigningCertificateFound,
            "TIMESTAMP_CERTIFICATE_ABSENT",
            CLAUSE,
            "the authority's certificate is not in the token",
        );
        return finish(time, Some(info.gen_time_s), findings, None, bag);
    };
    if let Err(failure) = token.verify_signature(&authority) {
        findings.fail(
            SubIndication::SigCryptoFailure,
            "TIMESTAMP_SIGNATURE_WRONG",
            CLAUSE,
            format!("the token's signature does not verify: {failure:?}"),
        );
    }
    let moment = Moment {
        at_s: control_s,
        control_s,
        proven: false,
    };
    let mut all = bag.clone();
    all.extend_from_slice(evidence.extra);
    let path = x509::validate(
        &authority,
        &all,
        evidence,
        moment,
        Purpose::TimeStamp,
        &mut findings,
    );
    // RFC 3161 2.3, RFC 5280 4.1.2.5: the authority's certificate must have been valid when it stamped.
    if info.gen_time_s < authority.not_before() || info.gen_time_s > authority.not_after() {
        findings.doubt(
            SubIndication::OutOfBoundsNoPoe,
            "TIMESTAMP_OUTSIDE_CERTIFICATE",
            CLAUSE,
            "the token's time lies outside the validity of the authority's certificate",
        );
    }
    if let Some(path) = &path {
        x509::revocation(path, evidence, moment, &mut findings);
    }
    super::acceptance::judge(signer, &authority, path.as_ref(), control_s, &mut findings);
    if let Err(weakness) = crate::trust::check_digest(info.imprint.digest, control_s) {
        findings.doubt(
            SubIndication::CryptoConstraintsFailure,
            "TIMESTAMP_IMPRINT_WEAK",
            "EN 319 102-1 5.2.8",
            format!(
                "the imprint's {} can no longer be relied on",
                weakness.algorithm
            ),
        );
    }
    if info.gen_time_s > control_s.saturating_add(SKEW_S) {
        findings.doubt(
            SubIndication::TimestampOrderFailure,
            "TIMESTAMP_IN_FUTURE",
            CLAUSE,
            "the token's time lies after the time judged",
        );
    }
    finish(time, Some(info.gen_time_s), findings, Some(authority), bag)
}

fn finish(
    time: String,
    gen_time_s: Option<i64>,
    findings: Findings,
    authority: Option<Certificate>,
    bag: Vec<Certificate>,
) -> Judged {
    Judged {
        proves_s: gen_time_s.filter(|_| findings.passed()),
        report: TimestampReport {
            time,
            indication: findings.indication,
            sub_indication: findings.sub_indication,
            authority: authority
                .as_ref()
                .and_then(|a| a.subject().common_name().map(str::to_owned)),
            reasons: findings.reasons,
        },
        authority,
        bag,
    }
}
