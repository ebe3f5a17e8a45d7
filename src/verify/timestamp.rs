//! Time-stamp validation (EN 319 102-1 5.4; RFC 3161 2.4.2): one token over one imprint, now or in the past.
//!
//! First as things stand at the control time; where that fails only for want of a proof (an authority's certificate that has ended
//! since, an algorithm that has aged), past signature validation (5.6.2.4) on the ground of later time-stamps over the token.

use super::acceptance::{self, Age, unproven_or_failed};
use super::case::Case;
use super::format;
use super::identification::certificates;
use super::indication::SubIndication;
use super::past_signature::{self, Subject};
use super::reasons::Findings;
use super::report::{RevocationCheck, TimestampReport};
use super::revocation;
use super::x509::{self, Moment, time};
use crate::pki::cert::Certificate;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::Token;
use crate::record::UtcTime;
use crate::trust::{Path, Purpose, check_digest};

const CLAUSE: &str = "EN 319 102-1 5.4";

/// Clocks of authorities differ from each other and from ours; five minutes is the usual allowance.
pub(super) const SKEW_S: i64 = 300;

/// A time-stamp judged; `proves_s` is set where it is a proof of existence.
pub(super) struct Judged {
    pub report: TimestampReport,
    pub proves_s: Option<i64>,
    /// The authority's certificate.
    pub authority: Option<Certificate>,
    /// The authority's chain as it was judged.
    pub path: Option<Path>,
    /// What was learnt of the status of the authority's certificate.
    pub revocation: RevocationCheck,
    pub bag: Vec<Certificate>,
}

/// `digest_of` gives the digest of the stamped bytes under the token's algorithm; `existed_s` the earliest proof of existence of the
/// token itself, where a later time-stamp covers it.
pub(super) fn judge(
    token_der: &[u8],
    digest_of: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
    case: &Case<'_>,
    existed_s: Option<i64>,
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
            return unjudged(None, findings, Vec::new());
        }
    };
    let info = &token.info;
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
    let evidence = case.evidence;
    let bag = certificates(&token.signed, evidence.memory);
    let signer = token.signer();
    for finding in token.signed.findings.iter().chain(&signer.findings) {
        format::say(*finding, &mut findings);
    }
    let Some(authority) = signer
        .find_certificate(&bag)
        .or_else(|| signer.find_certificate(evidence.extra))
        .or_else(|| signer.find_certificate(&case.material.certificates))
        .cloned()
    else {
        findings.doubt(
            SubIndication::NoSigningCertificateFound,
            "TIMESTAMP_CERTIFICATE_ABSENT",
            CLAUSE,
            "the authority's certificate is not in the token",
        );
        return unjudged(Some(info.gen_time_s), findings, bag);
    };
    if let Err(failure) = token.verify_signature(&authority) {
        findings.fail(
            SubIndication::SigCryptoFailure,
            "TIMESTAMP_SIGNATURE_WRONG",
            CLAUSE,
            format!("the token's signature does not verify: {failure:?}"),
        );
    }
    // RFC 3161 2.3, RFC 5280 4.1.2.5: the authority's certificate must have been valid when it stamped.
    let is_in_period = authority.is_within_validity(info.gen_time_s);
    if info.gen_time_s > case.control_s.saturating_add(SKEW_S) {
        findings.doubt(
            SubIndication::TimestampOrderFailure,
            "TIMESTAMP_IN_FUTURE",
            CLAUSE,
            "the token's time lies after the time judged",
        );
    }
    let mut all = bag.clone();
    all.extend_from_slice(evidence.extra);
    all.extend_from_slice(&case.material.certificates);
    let stamp = Stamp {
        token: &token,
        authority: &authority,
        all: &all,
        is_in_period,
        existed_s,
    };
    let (findings, path, revocation) = stamp.now_or_then(case, findings);
    Judged {
        revocation,
        proves_s: findings.passed().then_some(info.gen_time_s),
        report: report(Some(info.gen_time_s), Some(&authority), findings),
        authority: Some(authority),
        path,
        bag,
    }
}

/// A token that is what it says; what is left is whether its authority could be relied on.
struct Stamp<'a> {
    token: &'a Token,
    authority: &'a Certificate,
    all: &'a [Certificate],
    is_in_period: bool,
    existed_s: Option<i64>,
}

impl Stamp<'_> {
    fn now_or_then(
        &self,
        case: &Case<'_>,
        sound: Findings,
    ) -> (Findings, Option<Path>, RevocationCheck) {
        let mut present = sound.clone();
        let (path, checked) = self.now(case, &mut present);
        let Some(existed_s) = self.existed_s else {
            return (present, path, checked);
        };
        if !sound.passed() || !past_signature::may_help(&present) {
            return (present, path, checked);
        }
        let mut past = sound;
        let path_then = self.then(case, existed_s, &mut past);
        if past.passed() {
            past.info(
                "TIMESTAMP_HELD_IN_THE_PAST",
                "EN 319 102-1 5.6.2.4",
                format!(
                    "what can no longer be said now held at {}, when a later time-stamp proves that this one existed",
                    time(existed_s)
                ),
            );
            // A chain is known to have been good only where the status of each of it was had.
            return (past, path_then, RevocationCheck::Good);
        }
        // 5.6.2.4 step 3: the present answer stands; what was missing is said with it.
        present.reasons.extend(past.reasons);
        (present, path, checked)
    }

    /// As things stand at the control time.
    fn now(&self, case: &Case<'_>, findings: &mut Findings) -> (Option<Path>, RevocationCheck) {
        let control = Moment {
            at_s: case.control_s,
            proven: false,
        };
        let path = x509::validate(
            self.authority,
            self.all,
            case,
            control,
            Purpose::TimeStamp,
            findings,
        );
        self.say_period(findings);
        let mut checked = RevocationCheck::NotChecked;
        if let Some(path) = &path {
            // 5.2.5: the status that matters is that of the time at which the token is proven to have existed.
            let moment = Moment {
                at_s: self.existed_s.unwrap_or(case.control_s),
                proven: self.existed_s.is_some(),
            };
            checked = revocation::judge(path, case, moment, findings, &mut Vec::new());
        }
        self.algorithms(path.as_ref(), case.control_s, findings);
        (path, checked)
    }

    /// As things stood when a later time-stamp proves the token to have existed.
    fn then(&self, case: &Case<'_>, existed_s: i64, findings: &mut Findings) -> Option<Path> {
        self.say_period(findings);
        let subject = Subject {
            signer: self.token.signer(),
            certificate: self.authority,
            bag: self.all,
            purpose: Purpose::TimeStamp,
            used_s: self.token.info.gen_time_s,
            existed_s,
        };
        let path = past_signature::judge(&subject, case, findings);
        self.imprint(existed_s, findings);
        path
    }

    fn say_period(&self, findings: &mut Findings) {
        if !self.is_in_period {
            findings.doubt(
                SubIndication::OutOfBoundsNoPoe,
                "TIMESTAMP_OUTSIDE_CERTIFICATE",
                CLAUSE,
                "the token's time lies outside the validity of the authority's certificate",
            );
        }
    }

    fn algorithms(&self, path: Option<&Path>, at_s: i64, findings: &mut Findings) {
        let age = Age {
            at_s,
            made_after_s: self.token.info.gen_time_s,
        };
        acceptance::judge(self.token.signer(), self.authority, path, age, findings);
        self.imprint(at_s, findings);
    }

    fn imprint(&self, at_s: i64, findings: &mut Findings) {
        let info = &self.token.info;
        if let Err(weakness) = check_digest(info.imprint.digest, at_s) {
            findings.doubt(
                unproven_or_failed(&weakness, info.gen_time_s),
                "TIMESTAMP_IMPRINT_WEAK",
                "EN 319 102-1 5.2.8",
                format!(
                    "the imprint's {} can no longer be relied on",
                    weakness.algorithm
                ),
            );
        }
    }
}

fn unjudged(gen_time_s: Option<i64>, findings: Findings, bag: Vec<Certificate>) -> Judged {
    Judged {
        report: report(gen_time_s, None, findings),
        proves_s: None,
        authority: None,
        path: None,
        revocation: RevocationCheck::NotChecked,
        bag,
    }
}

fn report(
    gen_time_s: Option<i64>,
    authority: Option<&Certificate>,
    findings: Findings,
) -> TimestampReport {
    let time = gen_time_s.and_then(UtcTime::from_unix_s);
    TimestampReport {
        time: time.map_or_else(String::new, |t| t.to_rfc3339()),
        indication: findings.indication,
        sub_indication: findings.sub_indication,
        authority: authority.and_then(|a| a.subject().common_name().map(str::to_owned)),
        reasons: findings.reasons,
    }
}
