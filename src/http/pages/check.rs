//! `/kiem-tra`: choose a file, and the verdict on that file.
//!
//! # Invariants
//! * The verdict is about the file that was sent. "Matches the archive" is a second answer and says so.
//! * The page tells of the archive only what whoever holds the very bytes may know: that they match, and the state.

use askama::Template;

use super::details::{ReasonLine, SignatureCard, verdict_key, vietnam_time};
use super::facts::{self, Fact, State};
use super::frame::Frame;
use super::standing::{Force, LogFact};
use crate::i18n::{Lang, ProblemWords, t, tf};
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::report::Report;

/// The form, also shown again with what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "check.html")]
pub struct CheckPage {
    pub frame: Frame,
    pub problem: Option<ProblemWords>,
    /// Largest file that is accepted.
    pub limit_bytes: u64,
}

impl CheckPage {
    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn limit_words(&self) -> String {
        let lang = self.frame.lang;
        let limit = bytes_words(lang, self.limit_bytes);
        tf(lang, "check.limit", &[("limit", &limit)])
    }
}

/// An archived result with exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedMatch {
    pub public_id: String,
    /// The same result is archived at this higher level.
    pub longer_lived: Option<&'static str>,
    pub stamp_pending: bool,
    pub force: Force,
    pub log: LogFact,
}

impl ArchivedMatch {
    /// What else its holder should know.
    fn notes(&self, lang: Lang) -> Vec<String> {
        let longer = self
            .longer_lived
            .map(|level| tf(lang, "archived.longer_lived", &[("level", level)]));
        let pending = self
            .stamp_pending
            .then(|| t(lang, "archived.stamp_pending").to_owned());
        longer.into_iter().chain(pending).collect()
    }
}

/// What the archive knows of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archived {
    Kept(ArchivedMatch),
    NotKept,
    CouldNotLook,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVerdictPage {
    frame: Frame,
    file_name: Option<String>,
    sha256: String,
    size: String,
    validated_at: String,
    verdict: &'static str,
    meaning: &'static str,
    todo: &'static str,
    why: Option<String>,
    indication: String,
    archived: &'static str,
    public_id: Option<String>,
    notes: Vec<String>,
    /// Force of the archived result, said beside the verdict.
    force: Option<String>,
    facts: [Fact; 4],
    cards: Vec<SignatureCard>,
    reasons: Vec<ReasonLine>,
    log: Option<LogFact>,
}

#[derive(Template)]
#[template(path = "file_verdict.html")]
struct FileVerdictTemplate<'a> {
    frame: &'a Frame,
    page: &'a FileVerdictPage,
    word: &'static str,
    archived_word: &'static str,
    archived_sentence: &'static str,
}

impl FileVerdictPage {
    #[must_use]
    pub fn from_report(
        frame: Frame,
        report: &Report,
        archived: Archived,
        file_name: Option<String>,
    ) -> Self {
        let lang = frame.lang;
        let (unchanged, signer) = facts::of_file(lang, report);
        let (archived, kept) = match archived {
            Archived::Kept(kept) => ("kept", Some(kept)),
            Archived::NotKept => ("not_kept", None),
            Archived::CouldNotLook => ("could_not_look", None),
        };
        let absent = |subject: &str| {
            let state = if archived == "not_kept" {
                State::NotChecked
            } else {
                State::CouldNotCheck
            };
            facts::plain(lang, subject, state, &format!("fact.{subject}.{archived}"))
        };
        let (force, log) = match &kept {
            Some(kept) => (kept.force.fact(lang), kept.log.fact(lang)),
            None => (absent("force"), absent("log")),
        };
        let kind = meaning_key(report);
        Self {
            sha256: report.file.sha256.clone(),
            size: bytes_words(lang, report.file.bytes),
            validated_at: vietnam_time(&report.validated_at),
            verdict: verdict_key(report.indication),
            meaning: t(lang, &format!("file.meaning.{kind}")),
            todo: t(lang, &format!("file.todo.{kind}")),
            why: why(lang, report, kind),
            indication: super::details::indication_text(report.indication, report.sub_indication),
            archived,
            public_id: kept.as_ref().map(|kept| kept.public_id.clone()),
            notes: kept
                .as_ref()
                .map(|kept| kept.notes(lang))
                .unwrap_or_default(),
            force: kept.as_ref().map(|_| force.sentence.clone()),
            facts: [unchanged, signer, force, log],
            cards: SignatureCard::all(lang, report),
            reasons: ReasonLine::all(lang, &report.reasons),
            log: kept.map(|kept| kept.log),
            file_name,
            frame,
        }
    }

    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        let lang = self.frame.lang;
        FileVerdictTemplate {
            frame: &self.frame,
            page: self,
            word: t(lang, &format!("verdict.{}", self.verdict)),
            archived_word: t(lang, &format!("archived.{}", self.archived)),
            archived_sentence: t(lang, &format!("archived.{}.sentence", self.archived)),
        }
        .render()
    }
}

/// The reason of the worst signature; of a file in which no signature was seen, the reason the file itself gives.
fn why(lang: Lang, report: &Report, kind: &str) -> Option<String> {
    if kind == "unreadable" {
        let first = report.reasons.first()?;
        return Some(ReasonLine::of(lang, first).words);
    }
    report
        .signatures
        .iter()
        .max_by_key(|signature| signature.indication)
        .filter(|worst| worst.indication == report.indication)
        .and_then(|worst| facts::why(lang, worst))
        .map(str::to_owned)
}

fn meaning_key(report: &Report) -> &'static str {
    let nothing_seen = report.signatures.is_empty();
    match (report.indication, report.sub_indication) {
        (Indication::TotalFailed, _) if nothing_seen => "unreadable",
        (Indication::Indeterminate, Some(SubIndication::SignedDataNotFound)) if nothing_seen => {
            "unreadable"
        }
        (Indication::TotalPassed, _) => "valid",
        (Indication::TotalFailed, _) => "not_valid",
        (Indication::Indeterminate, Some(SubIndication::NoSignatureFound)) => "no_signature",
        (Indication::Indeterminate, _) => "indeterminate",
    }
}

/// `1,5 MB` in Vietnamese, `1.5 MB` in English: binary units of 1,024, one decimal, rounded down.
pub(crate) fn bytes_words(lang: Lang, bytes: u64) -> String {
    let (unit, name) = if bytes >= 1 << 20 {
        (1_u64 << 20, "MB")
    } else if bytes >= 1 << 10 {
        (1 << 10, "KB")
    } else {
        return tf(lang, "bytes", &[("count", &bytes.to_string())]);
    };
    let whole = bytes / unit;
    let tenth = bytes % unit * 10 / unit;
    let mark = match lang {
        Lang::Vi => ',',
        Lang::En => '.',
    };
    if tenth == 0 {
        format!("{whole} {name}")
    } else {
        format!("{whole}{mark}{tenth} {name}")
    }
}
