//! The separate facts of a verdict page, each with its own state, and the two that are read from a report:
//! unchanged since signing, and signed by whom.
//!
//! # Invariants
//! * A fact is `Passed` only where a check said so; what was not looked at is `NotChecked` or `CouldNotCheck`.
//! * The worst signature decides the facts of a file.
//!
//! # What is not here
//! The facts that the archive answers, force and public log (`standing`).

use crate::i18n::{Lang, t};
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::report::{ChangesAfter, Report, SignatureReport};

/// Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Passed,
    NotChecked,
    CouldNotCheck,
    Failed,
}

impl State {
    /// Stable name: style class, icon and key of the word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotChecked => "not_checked",
            Self::CouldNotCheck => "could_not_check",
            Self::Failed => "failed",
        }
    }
}

/// One fact, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) state: State,
    pub(crate) name: &'static str,
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
}

impl Fact {
    /// `subject` is `unchanged`, `signer`, `force` or `log`.
    pub(crate) fn new(lang: Lang, subject: &str, state: State, sentence: String) -> Self {
        Self {
            state,
            name: t(lang, &format!("fact.{subject}")),
            word: t(lang, &format!("state.{}", state.as_str())),
            sentence,
        }
    }

    pub(crate) const fn class(&self) -> &'static str {
        self.state.as_str()
    }
}

/// Facts 1 and 2 of a whole file: the worst of its signatures.
pub(crate) fn of_file(lang: Lang, report: &Report) -> (Fact, Fact) {
    let worst = report
        .signatures
        .iter()
        .map(unchanged_of)
        .max_by_key(|(state, _)| *state);
    let (state, key) = match (fault_of_whole(report), worst) {
        (Some(fault), _) => fault,
        (None, Some(worst)) => worst,
        (None, None) if report.sub_indication == Some(SubIndication::NoSignatureFound) => {
            (State::NotChecked, "fact.unchanged.no_signature")
        }
        (None, None) => (State::CouldNotCheck, "fact.unchanged.unreadable"),
    };
    let unchanged = plain(lang, "unchanged", state, key);
    let worst = report
        .signatures
        .iter()
        .max_by_key(|signature| signature.indication);
    let signer = match worst {
        None if report.sub_indication == Some(SubIndication::NoSignatureFound) => plain(
            lang,
            "signer",
            State::NotChecked,
            "fact.signer.no_signature",
        ),
        None => plain(
            lang,
            "signer",
            State::CouldNotCheck,
            "fact.signer.could_not_check",
        ),
        Some(signature) => signer_fact(lang, signature, unchanged.state, "fact.signer.passed_file"),
    };
    (unchanged, signer)
}

/// What is wrong with the file beyond its signatures, e.g. a hidden signature that no field names.
fn fault_of_whole(report: &Report) -> Option<(State, &'static str)> {
    let worst = report.signatures.iter().map(|s| s.indication).max()?;
    if report.indication <= worst {
        return None;
    }
    Some(match report.indication {
        Indication::TotalFailed => (State::Failed, "fact.unchanged.structure"),
        Indication::Indeterminate | Indication::TotalPassed => {
            (State::CouldNotCheck, "fact.unchanged.could_not_check")
        }
    })
}

/// Fact 1 of one signature in its file.
pub(crate) fn unchanged(lang: Lang, report: &Report, signature: &SignatureReport) -> Fact {
    let (state, key) = fault_of_whole(report).unwrap_or_else(|| unchanged_of(signature));
    plain(lang, "unchanged", state, key)
}

/// Why a signature is not simply valid, for a citizen.
pub(crate) fn why(lang: Lang, signature: &SignatureReport) -> Option<&'static str> {
    if changed_after(signature) {
        return Some(t(lang, "fact.unchanged.changed_after"));
    }
    signature.sub_indication.map(|sub| sub_words(lang, sub))
}

/// Whether the comparison of revisions ran and found a change that is not allowed (it is the report's own reason code).
pub(crate) fn changed_after(signature: &SignatureReport) -> bool {
    signature.changes_after == ChangesAfter::Forbidden
        && signature
            .reasons
            .iter()
            .any(|reason| reason.code == "CHANGED_AFTER_SIGNING")
}

/// Fact 2 of one signature, once fact 1 is known; `passed` is the key of the sentence where all is well.
pub(crate) fn signer_fact(
    lang: Lang,
    signature: &SignatureReport,
    unchanged: State,
    passed: &str,
) -> Fact {
    let words = |sub: Option<SubIndication>| {
        sub.map_or_else(
            || t(lang, "fact.signer.could_not_check").to_owned(),
            |sub| sub_words(lang, sub).to_owned(),
        )
    };
    let (state, sentence) = match signature.indication {
        _ if unchanged == State::Failed => {
            (State::NotChecked, t(lang, "fact.signer.moot").to_owned())
        }
        Indication::TotalPassed => (State::Passed, t(lang, passed).to_owned()),
        Indication::TotalFailed => (State::Failed, words(signature.sub_indication)),
        Indication::Indeterminate => (State::CouldNotCheck, words(signature.sub_indication)),
    };
    Fact::new(lang, "signer", state, sentence)
}

pub(crate) fn plain(lang: Lang, subject: &str, state: State, key: &str) -> Fact {
    Fact::new(lang, subject, state, t(lang, key).to_owned())
}

/// What a sub-indication means, for a citizen.
pub(crate) fn sub_words(lang: Lang, sub: SubIndication) -> &'static str {
    t(lang, &format!("sub.{}", sub.as_str()))
}

/// Whether the signed content is what was signed, read from the name of what went wrong (EN 319 102-1 tables 5 and 6).
fn unchanged_of(signature: &SignatureReport) -> (State, &'static str) {
    use SubIndication as Sub;
    if changed_after(signature) {
        return (State::Failed, "fact.unchanged.changed_after");
    }
    let held = match signature.changes_after {
        ChangesAfter::Permitted => "fact.unchanged.permitted",
        ChangesAfter::None => "fact.unchanged.passed",
        // The comparison did not run: the signature could not be read that far.
        ChangesAfter::Forbidden => {
            let altered = matches!(
                signature.sub_indication,
                Some(Sub::HashFailure | Sub::SigCryptoFailure)
            );
            let key = if altered {
                "fact.unchanged.altered"
            } else {
                "fact.unchanged.structure"
            };
            return (State::Failed, key);
        }
    };
    let Some(sub) = signature.sub_indication else {
        return match signature.indication {
            Indication::TotalPassed => (State::Passed, held),
            Indication::Indeterminate | Indication::TotalFailed => {
                (State::CouldNotCheck, "fact.unchanged.could_not_check")
            }
        };
    };
    match sub {
        Sub::HashFailure | Sub::SigCryptoFailure => (State::Failed, "fact.unchanged.altered"),
        Sub::FormatFailure => (State::Failed, "fact.unchanged.structure"),
        // The digest compares, but under an algorithm that no longer proves anything.
        Sub::CryptoConstraintsFailure | Sub::CryptoConstraintsFailureNoPoe => {
            (State::CouldNotCheck, "fact.unchanged.weak")
        }
        // The cryptographic check did not take place.
        Sub::SignedDataNotFound
        | Sub::NoSigningCertificateFound
        | Sub::PolicyProcessingError
        | Sub::SignaturePolicyNotAvailable
        | Sub::NoSignatureFound => (State::CouldNotCheck, "fact.unchanged.could_not_check"),
        // The cryptographic check took place and held; what failed speaks of certificate, chain or time.
        Sub::Revoked
        | Sub::Expired
        | Sub::NotYetValid
        | Sub::SigConstraintsFailure
        | Sub::ChainConstraintsFailure
        | Sub::CertificateChainGeneralFailure
        | Sub::TimestampOrderFailure
        | Sub::NoCertificateChainFound
        | Sub::NoCertificateChainFoundNoPoe
        | Sub::RevokedNoPoe
        | Sub::RevokedCaNoPoe
        | Sub::OutOfBoundsNotRevoked
        | Sub::OutOfBoundsNoPoe
        | Sub::RevocationOutOfBoundsNoPoe
        | Sub::NoPoe
        | Sub::TryLater => (State::Passed, held),
    }
}
