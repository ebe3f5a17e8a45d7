//! The page under `/v/{public_id}`: what a stranger who holds a look-up code may learn, and no more.
//!
//! # Invariants
//! * Minimum data: kind, number, date, office, masked owner, times, states. No title (it may name a person), no file.
//! * Of the signatures in the file only the office's own is described; others are counted, for a citizen may have signed them.
//! * Nothing but `Passed` in facts 1 and 2, on bytes that are the recorded ones, gives the word "valid".

use askama::Template;

use super::details::{ReasonLine, SignatureCard, vietnam_time};
use super::facts::{self, Fact, State};
use super::frame::Frame;
use super::standing::{self, Force, LogFact, LogState, StoredBytes};
use crate::i18n::{Lang, t, tf};
use crate::record::{Date, Level, Origin, UtcTime, mask_name};
use crate::verify::indication::Indication;
use crate::verify::report::{Report, SignatureReport};

/// A person's name as a page may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedName(String);

impl MaskedName {
    /// The only way to get one.
    #[must_use]
    pub fn of(full_name: &str) -> Self {
        Self(mask_name(full_name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the archive wrote down about the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLines {
    pub kind_code: String,
    /// The kind in words, where a catalogue names it.
    pub kind_name: Option<String>,
    pub number: String,
    pub issued_on: Date,
    pub office_name: String,
    pub office_level: Level,
    pub owner: MaskedName,
    pub origin: Origin,
    pub signed_at: UtcTime,
    /// Name of the time-stamping authority that vouches for `signed_at`.
    pub tsa: Option<String>,
    /// No time-stamp could be had yet: `signed_at` is what the office's clock said.
    pub stamp_pending: bool,
}

/// What was looked at just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub bytes: StoredBytes,
    /// The recorded SHA-256 of the signed file, lower-case hexadecimal.
    pub sha256: String,
    /// None where the file could not be judged.
    pub report: Option<Report>,
    /// SHA-256 (hexadecimal) of the certificates of the office's seal; the signature of one of them is fact 2.
    pub office_certificates: Vec<String>,
    pub force: Force,
    pub log: LogFact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    pub frame: Frame,
    pub public_id: String,
    pub lines: ResultLines,
    pub checked: Checked,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordTemplate<'a> {
    frame: &'a Frame,
    public_id: &'a str,
    lines: &'a ResultLines,
    checked: &'a Checked,
    verdict: &'static str,
    word: &'static str,
    force: &'static str,
    force_class: &'static str,
    force_word: String,
    issued_on: String,
    validated_at: Option<String>,
    meaning: &'static str,
    todo: &'static str,
    facts: [Fact; 4],
    level_word: &'static str,
    /// Who vouches for the signing time.
    tsa: String,
    origin_word: &'static str,
    seal: Option<SignatureCard>,
    others: Option<String>,
    file_reasons: Vec<ReasonLine>,
}

impl RecordPage {
    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        let lang = self.frame.lang;
        let checked = &self.checked;
        let seal = self.seal();
        let (unchanged, signer) = self.signature_facts(seal);
        let answer = self.answer(unchanged.state, signer.state);
        let verdict = answer.verdict();
        let (force_class, force_word) = force_words(lang, checked.force, verdict);
        RecordTemplate {
            frame: &self.frame,
            public_id: &self.public_id,
            lines: &self.lines,
            checked,
            verdict,
            word: t(lang, &format!("verdict.{verdict}")),
            force: checked.force.as_str(),
            force_class,
            force_word,
            issued_on: standing::date_words(lang, self.lines.issued_on),
            validated_at: checked
                .report
                .as_ref()
                .map(|report| vietnam_time(&report.validated_at)),
            meaning: t(lang, &format!("record.meaning.{}", answer.as_str())),
            todo: t(lang, &format!("record.todo.{}", answer.as_str())),
            facts: [
                unchanged,
                signer,
                checked.force.fact(lang),
                checked.log.fact(lang),
            ],
            level_word: level_word(lang, self.lines.office_level),
            tsa: match &self.lines.tsa {
                Some(tsa) => tf(lang, "record.tsa", &[("tsa", tsa)]),
                None if self.lines.stamp_pending => t(lang, "record.tsa.pending").to_owned(),
                None => t(lang, "record.tsa.unnamed").to_owned(),
            },
            origin_word: match self.lines.origin {
                Origin::BornDigital => t(lang, "origin.born_digital"),
                Origin::DigitizedCopy => t(lang, "origin.digitized_copy"),
            },
            seal: seal.map(|seal| SignatureCard::of(lang, seal)),
            others: self.others(seal),
            file_reasons: checked
                .report
                .as_ref()
                .map(|report| ReasonLine::all(lang, &report.reasons))
                .unwrap_or_default(),
        }
        .render()
    }

    /// The signature of the office: by its certificate, or, where none is known, the last one, for the office seals last.
    fn seal(&self) -> Option<&SignatureReport> {
        let signatures = &self.checked.report.as_ref()?.signatures;
        // A document time-stamp names an authority, not an office.
        let mut signed = signatures
            .iter()
            .filter(|signature| signature.signer.is_some() && signature.format != "RFC3161")
            .rev();
        if self.checked.office_certificates.is_empty() {
            signed.next()
        } else {
            signed.find(|signature| self.is_of_office(signature))
        }
    }

    fn is_of_office(&self, signature: &SignatureReport) -> bool {
        signature.signer.as_ref().is_some_and(|signer| {
            self.checked
                .office_certificates
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&signer.certificate_sha256))
        })
    }

    fn signature_facts(&self, seal: Option<&SignatureReport>) -> (Fact, Fact) {
        let lang = self.frame.lang;
        let plain = |subject, state, key| facts::plain(lang, subject, state, key);
        match (self.checked.bytes, &self.checked.report, seal) {
            (StoredBytes::Different, ..) => (
                plain("unchanged", State::Failed, "fact.unchanged.stored_differs"),
                plain("signer", State::NotChecked, "fact.signer.moot"),
            ),
            (StoredBytes::Unreadable, ..) | (StoredBytes::Same, None, _) => (
                plain(
                    "unchanged",
                    State::CouldNotCheck,
                    "fact.unchanged.unreadable",
                ),
                plain(
                    "signer",
                    State::CouldNotCheck,
                    "fact.signer.could_not_check",
                ),
            ),
            (StoredBytes::Same, Some(report), Some(seal)) => {
                let unchanged = facts::unchanged(lang, report, seal);
                let passed = if self.checked.office_certificates.is_empty() {
                    "fact.signer.passed_file"
                } else {
                    "fact.signer.passed"
                };
                let signer = facts::signer_fact(lang, seal, unchanged.state, passed);
                (unchanged, signer)
            }
            (StoredBytes::Same, Some(report), None) => (
                facts::of_file(lang, report).0,
                plain("signer", State::Failed, "fact.signer.no_office_signature"),
            ),
        }
    }

    fn answer(&self, unchanged: State, signer: State) -> Answer {
        let Some(report) = &self.checked.report else {
            return match self.checked.bytes {
                StoredBytes::Different => Answer::StoredDiffers,
                StoredBytes::Same | StoredBytes::Unreadable => Answer::CouldNotCheck,
            };
        };
        match self.checked.bytes {
            StoredBytes::Different => return Answer::StoredDiffers,
            StoredBytes::Unreadable => return Answer::CouldNotCheck,
            StoredBytes::Same => {}
        }
        if unchanged == State::Failed || signer == State::Failed {
            Answer::NotValid
        } else if unchanged != State::Passed || signer != State::Passed {
            Answer::Indeterminate
        } else if report.indication != Indication::TotalPassed {
            Answer::OtherSignature
        } else if self.checked.log.state == LogState::Mismatch {
            Answer::LogMismatch
        } else {
            match self.checked.force {
                Force::Until(_) | Force::Unlimited => Answer::Valid,
                Force::Expired(_) => Answer::ValidExpired,
                Force::CouldNotCheck => Answer::ValidForceUnknown,
            }
        }
    }

    /// How many further signatures the file carries, without naming anyone.
    fn others(&self, seal: Option<&SignatureReport>) -> Option<String> {
        let report = self.checked.report.as_ref()?;
        let all = report.signatures.len();
        let count = all.saturating_sub(usize::from(seal.is_some()));
        (count > 0).then(|| {
            tf(
                self.frame.lang,
                "record.other_signatures",
                &[
                    ("count", &count.to_string()),
                    ("indication", report.indication.as_str()),
                ],
            )
        })
    }
}

/// The one answer a page opens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Valid,
    ValidExpired,
    ValidForceUnknown,
    NotValid,
    StoredDiffers,
    Indeterminate,
    /// The office's signature holds, another one in the file does not.
    OtherSignature,
    LogMismatch,
    CouldNotCheck,
}

impl Answer {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidExpired => "valid_expired",
            Self::ValidForceUnknown => "valid_force_unknown",
            Self::NotValid => "not_valid",
            Self::StoredDiffers => "stored_differs",
            Self::Indeterminate => "indeterminate",
            Self::OtherSignature => "other_signature",
            Self::LogMismatch => "log_mismatch",
            Self::CouldNotCheck => "could_not_check",
        }
    }

    const fn verdict(self) -> &'static str {
        match self {
            Self::Valid | Self::ValidExpired | Self::ValidForceUnknown => "valid",
            Self::NotValid | Self::StoredDiffers => "not_valid",
            Self::Indeterminate
            | Self::OtherSignature
            | Self::LogMismatch
            | Self::CouldNotCheck => "indeterminate",
        }
    }
}

/// The short answer to the second question. Beside a verdict that is not "valid" it only repeats what the archive wrote
/// down, without the colour of an assurance.
fn force_words(lang: Lang, force: Force, verdict: &str) -> (&'static str, String) {
    if verdict == "valid" {
        let words = match force {
            Force::Until(day) => standing::dated(lang, "force.until", day),
            Force::Unlimited => t(lang, "force.unlimited").to_owned(),
            Force::Expired(day) => standing::dated(lang, "force.expired", day),
            Force::CouldNotCheck => t(lang, "force.unknown").to_owned(),
        };
        return (force.as_str(), words);
    }
    let words = match force {
        Force::Until(day) | Force::Expired(day) => {
            standing::dated(lang, "force.recorded.until", day)
        }
        Force::Unlimited => t(lang, "force.recorded.unlimited").to_owned(),
        Force::CouldNotCheck => t(lang, "force.unknown").to_owned(),
    };
    ("recorded", words)
}

fn level_word(lang: Lang, level: Level) -> &'static str {
    match level {
        Level::Province => t(lang, "level.province"),
        Level::District => t(lang, "level.district"),
        Level::Commune => t(lang, "level.commune"),
    }
}
