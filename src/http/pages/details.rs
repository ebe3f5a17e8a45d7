//! One signature of a report, put into words: for the citizen, the officer and the expert.
//!
//! # Invariants
//! * Every time is shown in Vietnam's zone with its offset, and says where it comes from: a time-stamp or the signer's claim.
//! * The standard's own names stand beside the words, never instead of them.

use crate::i18n::{Lang, find, t, tf};
use crate::record::UtcTime;
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::report::{
    ChangesAfter, Coverage, Reason, Report, RevocationCheck, SignatureReport, TimestampReport,
    Weight,
};

use super::facts;

/// The three verdicts, with the one key that gives word, style and icon.
pub(crate) const fn verdict_key(indication: Indication) -> &'static str {
    match indication {
        Indication::TotalPassed => "valid",
        Indication::Indeterminate => "indeterminate",
        Indication::TotalFailed => "not_valid",
    }
}

/// `24.11.2026 09:15:02 +07:00`; a text that is not a time is shown as it came.
pub(crate) fn vietnam_time(rfc3339: &str) -> String {
    UtcTime::parse_rfc3339(rfc3339).map_or_else(|_| rfc3339.to_owned(), |time| time.to_vietnamese())
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReasonLine {
    pub(crate) weight: &'static str,
    pub(crate) weight_word: &'static str,
    pub(crate) words: String,
    /// The words are the validator's own English sentence: marked as such on a Vietnamese page.
    pub(crate) untranslated: bool,
    pub(crate) code: String,
    pub(crate) clause: &'static str,
}

impl ReasonLine {
    pub(crate) fn of(lang: Lang, reason: &Reason) -> Self {
        let (weight, key) = match reason.weight {
            Weight::Fail => ("failed", "weight.fail"),
            Weight::Warn => ("could_not_check", "weight.warn"),
            Weight::Info => ("not_checked", "weight.info"),
        };
        let translated =
            find(lang, &format!("reason.{}", reason.code)).or_else(|| refusal_words(lang, reason));
        Self {
            weight,
            weight_word: t(lang, key),
            words: translated.map_or_else(|| reason.detail.clone(), str::to_owned),
            untranslated: translated.is_none() && lang != Lang::En,
            code: reason.code.clone(),
            clause: reason.clause,
        }
    }

    pub(crate) fn all(lang: Lang, reasons: &[Reason]) -> Vec<Self> {
        reasons
            .iter()
            .map(|reason| Self::of(lang, reason))
            .collect()
    }
}

/// A file that could not be read carries the reader's own refusal as its reason: the words of that problem serve here too.
fn refusal_words(lang: Lang, reason: &Reason) -> Option<&'static str> {
    let code = reason.code.to_ascii_lowercase().replace('-', "_");
    find(lang, &format!("problem.{code}.title"))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimestampLine {
    pub(crate) time: String,
    pub(crate) authority: Option<String>,
    pub(crate) verdict: &'static str,
    pub(crate) word: &'static str,
    pub(crate) indication: String,
    pub(crate) reasons: Vec<ReasonLine>,
}

impl TimestampLine {
    fn of(lang: Lang, stamp: &TimestampReport) -> Self {
        let verdict = verdict_key(stamp.indication);
        Self {
            time: vietnam_time(&stamp.time),
            authority: stamp.authority.clone(),
            verdict,
            word: t(lang, &format!("verdict.{verdict}")),
            indication: indication_text(stamp.indication, stamp.sub_indication),
            reasons: ReasonLine::all(lang, &stamp.reasons),
        }
    }
}

/// What the page shows of the signer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateLines {
    pub(crate) name: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) issuer: String,
    pub(crate) serial: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignatureCard {
    pub(crate) field: String,
    pub(crate) verdict: &'static str,
    pub(crate) word: &'static str,
    /// Why it is not simply valid, in one sentence.
    pub(crate) why: Option<&'static str>,
    pub(crate) certificate: Option<CertificateLines>,
    pub(crate) signed_at: String,
    pub(crate) time_source: &'static str,
    pub(crate) at_signing_time: &'static str,
    pub(crate) revocation: &'static str,
    pub(crate) coverage: &'static str,
    pub(crate) changes: &'static str,
    pub(crate) change_lines: Vec<String>,
    pub(crate) level: Option<String>,
    pub(crate) format: String,
    pub(crate) sub_filter: String,
    pub(crate) algorithms: String,
    pub(crate) indication: String,
    pub(crate) timestamps: Vec<TimestampLine>,
    pub(crate) reasons: Vec<ReasonLine>,
}

impl SignatureCard {
    pub(crate) fn of(lang: Lang, signature: &SignatureReport) -> Self {
        let verdict = verdict_key(signature.indication);
        let (signed_at, time_source) = signing_time(lang, signature);
        Self {
            field: signature.field.clone(),
            verdict,
            word: t(lang, &format!("verdict.{verdict}")),
            why: facts::why(lang, signature),
            certificate: signature.signer.as_ref().map(|signer| CertificateLines {
                name: signer.common_name.clone(),
                organization: signer.organization.clone(),
                issuer: signer.issuer.clone(),
                serial: signer.serial.clone(),
                not_before: vietnam_time(&signer.not_before),
                not_after: vietnam_time(&signer.not_after),
                sha256: signer.certificate_sha256.clone(),
            }),
            signed_at,
            time_source,
            at_signing_time: t(lang, at_signing_time_key(signature)),
            revocation: t(
                lang,
                match signature.revocation {
                    RevocationCheck::Good => "revocation.good",
                    RevocationCheck::Revoked => "revocation.revoked",
                    RevocationCheck::NotChecked => "revocation.not_checked",
                },
            ),
            coverage: t(
                lang,
                match signature.coverage {
                    Coverage::WholeFile => "coverage.whole_file",
                    Coverage::Revision => "coverage.revision",
                },
            ),
            changes: t(
                lang,
                match signature.changes_after {
                    ChangesAfter::None => "changes.none",
                    ChangesAfter::Permitted => "changes.permitted",
                    ChangesAfter::Forbidden if facts::changed_after(signature) => {
                        "changes.forbidden"
                    }
                    ChangesAfter::Forbidden => "changes.unknown",
                },
            ),
            change_lines: signature
                .changes
                .iter()
                .map(
                    |change| match find(lang, &format!("change.{}", change.kind)) {
                        Some(words) => format!("{words} ({})", change.detail),
                        None => change.detail.clone(),
                    },
                )
                .collect(),
            level: signature.level.clone(),
            format: signature.format.clone(),
            sub_filter: signature.sub_filter.clone(),
            algorithms: algorithms(lang, signature),
            indication: indication_text(signature.indication, signature.sub_indication),
            timestamps: signature
                .timestamps
                .iter()
                .map(|stamp| TimestampLine::of(lang, stamp))
                .collect(),
            reasons: ReasonLine::all(lang, &signature.reasons),
        }
    }

    pub(crate) fn all(lang: Lang, report: &Report) -> Vec<Self> {
        report
            .signatures
            .iter()
            .map(|signature| Self::of(lang, signature))
            .collect()
    }
}

/// `INDETERMINATE / NO_POE`: the standard's names, verbatim.
pub(crate) fn indication_text(indication: Indication, sub: Option<SubIndication>) -> String {
    match sub {
        Some(sub) => format!("{} / {}", indication.as_str(), sub.as_str()),
        None => indication.as_str().to_owned(),
    }
}

/// The time to show and its source: a time-stamp that passed proves it, otherwise the signer only claims it.
fn signing_time(lang: Lang, signature: &SignatureReport) -> (String, &'static str) {
    let stamped = signature
        .timestamps
        .iter()
        .any(|stamp| stamp.indication == Indication::TotalPassed);
    if let (true, Some(best)) = (stamped, &signature.best_signature_time) {
        return (vietnam_time(best), t(lang, "time.stamped"));
    }
    match &signature.claimed_at {
        Some(claimed) => (vietnam_time(claimed), t(lang, "time.claimed")),
        None => (t(lang, "time.none").to_owned(), t(lang, "time.unknown")),
    }
}

/// Whether the certificate was good when the signature was made: one of the points a verifying program has to show.
const fn at_signing_time_key(signature: &SignatureReport) -> &'static str {
    use SubIndication as Sub;
    match (signature.indication, signature.sub_indication) {
        (Indication::TotalPassed, _) => "at_signing.good",
        (_, Some(Sub::Revoked)) => "at_signing.revoked",
        (_, Some(Sub::Expired)) => "at_signing.expired",
        (_, Some(Sub::NotYetValid)) => "at_signing.not_yet_valid",
        _ => "at_signing.unknown",
    }
}

fn algorithms(lang: Lang, signature: &SignatureReport) -> String {
    let known = &signature.algorithms;
    let mut parts: Vec<String> = Vec::with_capacity(3);
    parts.extend(known.signature.clone());
    parts.extend(known.digest.clone());
    if let Some(bits) = known.key_bits {
        parts.push(tf(
            lang,
            "algorithms.key_bits",
            &[("bits", &bits.to_string())],
        ));
    }
    if parts.is_empty() {
        t(lang, "algorithms.unknown").to_owned()
    } else {
        parts.join(" · ")
    }
}
