//! Failures in both languages: the reader may know only one.

use crate::archive::WorkRefusal;
use crate::cli::COULD_NOT;
use crate::i18n::{self, Lang};
use crate::pdf;
use crate::record::Fault;

/// The file or its evidence stands in the way, not the command: as `verify`'s TOTAL-FAILED.
const REFUSED: u8 = 1;

/// Why nothing was made, with the exit code.
#[derive(Debug)]
pub(in crate::cli) struct NotMade {
    pub code: u8,
    /// English, then Vietnamese.
    pub lines: Vec<String>,
}

impl NotMade {
    /// The command can't be carried out as it was given.
    pub fn could_not(key: &str, values: &[(&str, &str)]) -> Self {
        Self {
            code: COULD_NOT,
            lines: both(key, values),
        }
    }

    /// The file can't be taken.
    pub fn refused(key: &str, values: &[(&str, &str)]) -> Self {
        Self {
            code: REFUSED,
            lines: both(key, values),
        }
    }

    pub fn fault(fault: &Fault) -> Self {
        Self::could_not("fault", &[("why", &fault.chain().to_string())])
    }

    /// Words that exist in one language only: a configuration's mistakes.
    pub fn plain(message: String) -> Self {
        Self {
            code: COULD_NOT,
            lines: vec![message],
        }
    }

    /// A problem that the pages and the API name too.
    pub fn problem(code: &str, values: &[(&str, &str)]) -> Self {
        let lines = [Lang::En, Lang::Vi].map(|lang| {
            let words = i18n::problem(lang, code, values);
            format!("{} {}", words.detail, words.remedy)
        });
        Self {
            code: REFUSED,
            lines: lines.to_vec(),
        }
    }

    pub fn of_pdf(refusal: &pdf::Refusal) -> Self {
        let what = refusal.to_string();
        let limit = match refusal {
            pdf::Refusal::TooLarge { limit_bytes, .. } => {
                format!("{} MB", limit_bytes / (1_024 * 1_024))
            }
            _ => String::new(),
        };
        Self::problem(
            refusal.code(),
            &[("what", &what), ("detail", &what), ("limit", &limit)],
        )
    }

    /// What the workshop refused about `file`.
    ///
    /// `demo`: the command that would start the demo whose authorities were asked.
    pub fn of(refusal: &WorkRefusal, file: &str, demo: Option<&str>) -> Self {
        match refusal {
            WorkRefusal::Pdf(refusal) => Self::of_pdf(refusal),
            WorkRefusal::EarlierSignature { field, why } => Self::refused(
                "earlier_signature",
                &[("file", file), ("field", field), ("why", why)],
            ),
            WorkRefusal::NoSignature => Self::refused("no_signature", &[("file", file)]),
            WorkRefusal::ReachedAlready(level) => Self::refused(
                "reached_already",
                &[("file", file), ("level", level.as_str())],
            ),
            WorkRefusal::CertificateNotUsable(why) => {
                Self::could_not("certificate_not_usable", &[("why", why)])
            }
            WorkRefusal::Key(fault) => {
                Self::could_not("key", &[("why", &fault.chain().to_string())])
            }
            WorkRefusal::Timestamp(failure) => {
                let tried = failure.to_string();
                let mut not_made =
                    Self::could_not("timestamp_unavailable", &[("tried", tried.trim())]);
                if let Some(command) = demo {
                    let hint = both("demo_not_running", &[("command", command)]);
                    not_made.lines.extend(hint);
                }
                not_made
            }
            WorkRefusal::TimestampNotTrusted(why) => {
                Self::could_not("timestamp_not_trusted", &[("why", why)])
            }
            WorkRefusal::Missing(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                Self::refused("evidence_missing", &[("missing", &list.join("; "))])
            }
            WorkRefusal::Message(why) => Self::refused("message", &[("file", file), ("why", why)]),
            WorkRefusal::NotSound { wanted, why } => {
                Self::refused("not_sound", &[("level", wanted.as_str()), ("why", why)])
            }
            WorkRefusal::Fault(fault) => Self::fault(fault),
        }
    }

    /// Prints it and gives the exit code.
    pub fn tell(&self) -> u8 {
        for line in &self.lines {
            eprintln!("antin: {line}");
        }
        self.code
    }
}

impl From<Fault> for NotMade {
    fn from(fault: Fault) -> Self {
        Self::fault(&fault)
    }
}

fn both(key: &str, values: &[(&str, &str)]) -> Vec<String> {
    let key = format!("cli.{key}");
    [Lang::En, Lang::Vi]
        .map(|lang| i18n::tf(lang, &key, values).trim().to_owned())
        .to_vec()
}
