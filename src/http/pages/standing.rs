//! What the archive answers about a result: its bytes, its force today, its place in the public log.
//!
//! # Invariants
//! * Force is a question of its own: nothing here looks at a signature.
//! * An inclusion without index and tree size is not shown as a proof.

use super::facts::{Fact, State};
use crate::i18n::{Lang, t, tf};
use crate::record::Date;

/// Whether the archive gave back the bytes it recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredBytes {
    Same,
    Different,
    Unreadable,
}

/// Whether the result has effect today: a question of its own, not of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    Until(Date),
    Unlimited,
    /// The last day of effect has passed.
    Expired(Date),
    CouldNotCheck,
}

impl Force {
    pub(crate) const fn state(self) -> State {
        match self {
            Self::Until(_) | Self::Unlimited => State::Passed,
            Self::Expired(_) => State::Failed,
            Self::CouldNotCheck => State::CouldNotCheck,
        }
    }

    /// `in_force`, `expired` or `unknown`: key and style of the short word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Until(_) | Self::Unlimited => "in_force",
            Self::Expired(_) => "expired",
            Self::CouldNotCheck => "unknown",
        }
    }

    pub(crate) fn fact(self, lang: Lang) -> Fact {
        let sentence = match self {
            Self::Until(day) => dated(lang, "fact.force.until", day),
            Self::Unlimited => t(lang, "fact.force.unlimited").to_owned(),
            Self::Expired(day) => dated(lang, "fact.force.expired", day),
            Self::CouldNotCheck => t(lang, "fact.force.could_not_check").to_owned(),
        };
        Fact::new(lang, "force", self.state(), sentence)
    }
}

/// A sentence with a `{date}`.
pub(crate) fn dated(lang: Lang, key: &str, day: Date) -> String {
    tf(lang, key, &[("date", &date_words(lang, day))])
}

/// `01/10/2026` in Vietnamese; `1 October 2026` in English, where day and month could be taken for each other.
pub(crate) fn date_words(lang: Lang, day: Date) -> String {
    match lang {
        Lang::Vi => day.to_vietnamese(),
        Lang::En => {
            let month = t(lang, &format!("month.{}", day.month()));
            format!("{} {month} {}", day.day(), day.year())
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogState {
    /// The inclusion proof leads to the signed checkpoint.
    Included,
    /// Accepted, not yet under a published checkpoint.
    Pending,
    /// The proof does not lead to the signed checkpoint.
    Mismatch,
    CouldNotCheck,
}

/// Where the result stands in the public log (RFC 6962 2.1.1, C2SP tlog-checkpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFact {
    pub state: LogState,
    pub index: Option<u64>,
    pub tree_size: Option<u64>,
    /// Root hash of the checkpoint, as written there.
    pub root: Option<String>,
    /// Origin line of the checkpoint.
    pub origin: Option<String>,
    pub leaf_hash: Option<String>,
}

impl LogFact {
    /// The fact where nothing could be learnt.
    #[must_use]
    pub const fn could_not_check() -> Self {
        Self {
            state: LogState::CouldNotCheck,
            index: None,
            tree_size: None,
            root: None,
            origin: None,
            leaf_hash: None,
        }
    }

    pub(crate) fn fact(&self, lang: Lang) -> Fact {
        let index = self.index.map(|index| index.to_string());
        let size = self.tree_size.map(|size| size.to_string());
        let (state, sentence) = match (self.state, index, size) {
            (LogState::Included, Some(index), Some(size)) => (
                State::Passed,
                tf(
                    lang,
                    "fact.log.included",
                    &[("index", &index), ("size", &size)],
                ),
            ),
            (LogState::Pending, ..) => (State::NotChecked, t(lang, "fact.log.pending").to_owned()),
            (LogState::Mismatch, ..) => (State::Failed, t(lang, "fact.log.mismatch").to_owned()),
            // An inclusion without its numbers is a claim, not a proof.
            (LogState::Included | LogState::CouldNotCheck, ..) => (
                State::CouldNotCheck,
                t(lang, "fact.log.could_not_check").to_owned(),
            ),
        };
        Fact::new(lang, "log", state, sentence)
    }
}
