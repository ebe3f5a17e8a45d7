//! A refusal as it is kept with work in hand: a stable code and what its words name, so that it can be told later in any language.
//!
//! # What is not here
//! The words themselves, and statuses: whoever tells it has them.

use serde::{Deserialize, Serialize};

use super::accept::Refusal;
use crate::record::{Fault, FieldProblem};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub code: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<ToldWord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<ToldField>,
}

/// An argument that is a sentence itself: its name, its key in the translations, and what that sentence holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldWord {
    pub name: String,
    pub key: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
}

/// One wrong field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldField {
    pub pointer: String,
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
}

impl Told {
    pub(super) fn new(code: &str) -> Self {
        Self {
            // One spelling wherever it is told, whatever the layer below uses.
            code: code.replace('-', "_"),
            args: Vec::new(),
            words: Vec::new(),
            fields: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.args.push((name.to_owned(), value.into()));
        self
    }

    fn fields(fields: &[FieldProblem]) -> Self {
        Self {
            fields: fields
                .iter()
                .map(|f| ToldField {
                    pointer: f.pointer.clone(),
                    code: f.code.to_owned(),
                    given: f.given.clone(),
                })
                .collect(),
            ..Self::new("record_invalid")
        }
    }
}

/// What a refusal means for one of many results that are worked on without anybody waiting.
#[derive(Debug)]
pub(super) enum Turn {
    /// It will be refused again whenever it is tried.
    Refused(Told),
    /// Nothing is wrong with it: try again after a while.
    Again(Told),
    /// Nothing more can be signed until somebody does something.
    Stop(Told),
}

impl Turn {
    pub fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Record(fields) => Self::Refused(Told::fields(fields)),
            Refusal::Pdf(refusal) => {
                let what = refusal.to_string();
                Self::Refused(
                    Told::new(refusal.code())
                        .with("what", what.clone())
                        .with("detail", what),
                )
            }
            Refusal::Stamp(refusal) => {
                let values = refusal.values().into_iter();
                Self::Refused(
                    values.fold(Told::new(refusal.code()), |told, (name, value)| {
                        told.with(name, value)
                    }),
                )
            }
            Refusal::EarlierSignature { field, why } => Self::Refused(
                Told::new("pdf_earlier_signature_invalid")
                    .with("field", field)
                    .with("why", why),
            ),
            Refusal::KeyReused => Self::Refused(Told::new("idempotency_key_reused")),
            Refusal::OfficeUnknown(office) => {
                Self::Stop(Told::new("office_unknown").with("office", office.to_string()))
            }
            Refusal::CertificateNotUsable(why) => {
                let mut told = Told::new("certificate_not_usable");
                let values = why.values().into_iter();
                told.words.push(ToldWord {
                    name: "reason".into(),
                    key: format!("not_usable.{}", why.code()),
                    values: values
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                });
                Self::Stop(told)
            }
            Refusal::InProgress => Self::Again(Told::new("idempotency_in_progress")),
            Refusal::Timestamp(_) | Refusal::TimestampNotTrusted(_) => {
                Self::Again(Told::new("timestamp_unavailable"))
            }
            Refusal::Key(_) => Self::Again(Told::new("signing_key_unavailable")),
            Refusal::Stopped(fault) => Self::of_stopped(fault),
            Refusal::Fault(_) => Self::Again(Told::new("internal_error")),
        }
    }

    fn of_stopped(fault: &Fault) -> Self {
        match crate::store::cause(fault) {
            Some(crate::store::Cause::TooLarge { limit_bytes, .. }) => Self::Refused(
                Told::new("file_too_large").with("limit", format!("{} MB", limit_bytes >> 20)),
            ),
            _ => Self::Again(Told::new("storage_unavailable")),
        }
    }
}
