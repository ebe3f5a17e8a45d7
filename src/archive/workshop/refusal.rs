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
