//! The bridge to signing programs on a person's machine (VGCA Sign Service): the file goes out under a one-time address, the program
//! signs it and posts it back, and what comes back is checked before it becomes a result.
//!
//! # Contents
//! * `session`: what is kept between the two; the one-time tokens
//! * `out`: the session is opened, the file fetched · `returned`: what may come back · `receive`: it comes back
//!
//! # Invariants
//! * A token is 256 random bits, kept as its SHA-256, compared in constant time, bound to its session and its use, and good
//!   once.
//! * Taken is: the same document, byte for byte, with exactly one more signature, valid and by a certificate that was
//!   expected, and nothing else changed. Everything else is refused and nothing of it is kept.

mod out;
mod receive;
mod returned;
mod session;

pub use returned::CameBack;
pub use session::{Method, Session, SessionState};
pub(super) use session::{Row as SessionRow, file_name};

use super::accept;
use super::hand::{HandRefusal, Then};
use super::work::WorkId;
use crate::record::{Digest, Fault, ResultRecord, UtcTime};
use crate::sign::Upload;

#[derive(Debug)]
pub struct Opening {
    pub record: ResultRecord,
    pub upload: Upload,
    pub method: Method,
    /// `None`: any that is bound to a person of this office.
    pub certificate_sha256: Option<Digest>,
    pub then: Then,
}

/// What the page hands to the signing program; told once.
#[derive(Debug)]
pub struct Opened {
    pub id: WorkId,
    pub file_token: String,
    pub upload_token: String,
    pub record: ResultRecord,
    pub method: Method,
    pub expires_at: UtcTime,
}

#[derive(Debug)]
pub enum BridgeRefusal {
    /// As for a signature by hand.
    Hand(HandRefusal),
    /// The one-time address was used before.
    TokenUsed,
    CameBack(CameBack),
}

impl From<HandRefusal> for BridgeRefusal {
    fn from(refusal: HandRefusal) -> Self {
        Self::Hand(refusal)
    }
}

impl From<accept::Refusal> for BridgeRefusal {
    fn from(refusal: accept::Refusal) -> Self {
        Self::Hand(refusal.into())
    }
}

impl From<Fault> for BridgeRefusal {
    fn from(fault: Fault) -> Self {
        Self::Hand(fault.into())
    }
}
