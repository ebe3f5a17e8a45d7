//! Why a file was not signed or not extended. Nothing was written.

use crate::archive::evidence::{Incomplete, Missing};
use crate::fetch::TimestampFailure;
use crate::pdf;
use crate::record::{Fault, SignatureLevel};

#[derive(Debug)]
pub enum WorkRefusal {
    Pdf(pdf::Refusal),
    /// The file carries a signature that does not hold.
    EarlierSignature {
        field: String,
        why: String,
    },
    /// There is nothing to extend.
    NoSignature,
    /// The file has this level already, and renewing means something only for B-LTA.
    ReachedAlready(SignatureLevel),
    CertificateNotUsable(String),
    Key(Fault),
    Timestamp(TimestampFailure),
    /// The authority answered, but its token does not hold with the roots that are trusted here.
    TimestampNotTrusted(String),
    /// Evidence for B-LT that cannot be had.
    Missing(Vec<Missing>),
    /// A CAdES signature or a container that can't be made or raised: why, in the words of its reader.
    Message(String),
    /// What was made does not reach the level, or does not pass: our own validator's reasons.
    NotSound {
        wanted: SignatureLevel,
        why: String,
    },
    Fault(Fault),
}

impl From<pdf::Refusal> for WorkRefusal {
    fn from(refusal: pdf::Refusal) -> Self {
        Self::Pdf(refusal)
    }
}

impl From<Fault> for WorkRefusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<TimestampFailure> for WorkRefusal {
    fn from(failure: TimestampFailure) -> Self {
        Self::Timestamp(failure)
    }
}

impl From<Incomplete> for WorkRefusal {
    fn from(incomplete: Incomplete) -> Self {
        match incomplete {
            Incomplete::File(refusal) => Self::Pdf(refusal),
            Incomplete::Missing(list) => Self::Missing(list),
        }
    }
}

/// For logs; a person is told in words of the translations.
impl std::fmt::Display for WorkRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pdf(refusal) => refusal.fmt(f),
            Self::EarlierSignature { field, why } => {
                write!(f, "the signature {field} does not hold ({why})")
            }
            Self::NoSignature => f.write_str("there is no signature"),
            Self::ReachedAlready(level) => write!(f, "{} is reached already", level.as_str()),
            Self::CertificateNotUsable(why) => write!(f, "the certificate may not be used: {why}"),
            Self::Key(fault) | Self::Fault(fault) => fault.chain().fmt(f),
            Self::Timestamp(failure) => failure.fmt(f),
            Self::TimestampNotTrusted(why) => write!(f, "the time-stamp does not hold: {why}"),
            Self::Missing(list) => {
                let words: Vec<String> = list.iter().map(ToString::to_string).collect();
                f.write_str(&words.join("; "))
            }
            Self::Message(why) => f.write_str(why),
            Self::NotSound { wanted, why } => {
                write!(f, "{} is not reached: {why}", wanted.as_str())
            }
        }
    }
}
