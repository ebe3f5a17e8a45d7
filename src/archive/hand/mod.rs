//! Signatures by a key in a person's hand: the digest goes out, the signature comes back in another request.
//!
//! `begin` fixes everything that the signature will cover and shows it; `finish` takes the signature, puts it into the same
//! file, has it time-stamped, adds the office's seal where that was asked for, and goes on like any other result.
//!
//! # Contents
//! * `algorithm`: which algorithms a person's key may sign with, by name; raw ECDSA signatures
//! * `signer`: may this certificate sign for this office now
//! * `pending`: what is kept between the two requests · `begin` · `finish`
//!
//! # Invariants
//! * What is signed at the end is made again from what was kept, and must be byte for byte what was shown.
//! * Once a signature was taken, no other one is: a repeated `finish` with the same gets the same receipt.
//! * The file waits outside the archive's documents: what is never signed is no finding of a sweep.

mod algorithm;
mod begin;
mod finish;
mod pending;
mod signer;

pub use algorithm::{HandAlgorithm, SignatureForm};
pub use pending::{Pending, PendingState, Then};
pub(super) use pending::{Row as PendingRow, file_name};
pub(super) use signer::Signing;

use super::accept;
use super::binding::NotUsable;
use super::work::WorkId;
use crate::pki::cert::Certificate;
use crate::record::{Fault, ResultRecord, UtcTime};
use crate::sign::Upload;

/// What is to be signed, and by whom.
#[derive(Debug)]
pub struct Beginning {
    pub record: ResultRecord,
    pub upload: Upload,
    /// The signer's first, then issuers as far as they are known.
    pub certificates: Vec<Certificate>,
    /// `None`: what a token with such a key can always do.
    pub algorithm: Option<HandAlgorithm>,
    pub then: Then,
}

/// The question to the person's key, with what must be shown beside it.
#[derive(Debug)]
pub struct Begun {
    pub pending: Pending,
    /// DER of the signed attributes (RFC 5652 5.4): what is signed.
    pub to_be_signed: Vec<u8>,
    pub digest_algorithm: &'static str,
    /// Of `to_be_signed`, for keys that sign digests.
    pub digest: Vec<u8>,
    pub expires_at: UtcTime,
}

/// The answer of the person's key.
#[derive(Debug)]
pub struct Finishing {
    pub signature: Vec<u8>,
    pub form: SignatureForm,
    /// Must be the one given at the beginning.
    pub certificate: Option<Certificate>,
}

/// Why a signature by hand was not begun or not finished.
#[derive(Debug)]
pub enum HandRefusal {
    /// As for any other result.
    Result(accept::Refusal),
    CertificateMissing,
    /// Nobody of this office may sign with it now, or it does not hold.
    Signer(NotUsable),
    /// The algorithm is not one for this key.
    Algorithm(String),
    /// Work in hand takes as much room as it may.
    DeskFull,
    /// Not there, or not for this office.
    NotFound(WorkId),
    Expired,
    /// The signature is not one of this key over what was shown.
    SignatureWrong(String),
    /// Another certificate than at the beginning.
    CertificateDiffers,
    /// Another signature was taken already.
    FinishedOtherwise,
    /// What was kept is not what was shown: the file or the program changed.
    ShownOtherwise,
    /// The time-stamp does not fit into the room that was signed over.
    NoRoom,
}

impl From<accept::Refusal> for HandRefusal {
    fn from(refusal: accept::Refusal) -> Self {
        Self::Result(refusal)
    }
}

impl From<Fault> for HandRefusal {
    fn from(fault: Fault) -> Self {
        Self::Result(fault.into())
    }
}
