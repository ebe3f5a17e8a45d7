//! Raising a signature to a higher level: evidence into the store, document time-stamps over it (EN 319 142-1 5.4 and 6.3).
//!
//! * B-T where the signature has no time-stamp of its own: a document time-stamp.
//! * B-LT: what `verify::long_term_needs` asks for, put into the store by `add_evidence`, round by round until nothing is asked.
//! * B-LTA: B-LT, then a document time-stamp. Renewal is the same again: what is then asked for is the evidence on the chain of the
//!   last document time-stamp.
//!
//! # Invariants
//! * Only bytes are appended; hash states are carried on, so that no byte is hashed twice.

use sha2::Digest as _;

use super::complete::{NoRoom, Sealed};
use super::prepare::Upload;
use crate::pdf::{
    self, Dss, FieldRequest, Increment, Limits, Place, Refusal, SubFilter, append_dss,
    append_signature,
};
use crate::record::{Digest, SignatureLevel};

/// Adds to the file's store what it does not hold yet; the upload as it came where that is nothing.
///
/// # Errors
/// The file can't carry the store.
pub fn add_evidence(mut upload: Upload, dss: &Dss, limits: &Limits) -> Result<Upload, Refusal> {
    let tail = {
        let inspected = pdf::inspect(upload.bytes(), limits)?;
        append_dss(&inspected, dss)?
    };
    if let Some(tail) = tail {
        upload.push(&tail);
    }
    Ok(upload)
}

/// All that the document time-stamp will cover is fixed.
#[derive(Debug)]
pub struct ToBeStamped {
    upload: Upload,
    increment: Increment,
    level: SignatureLevel,
}

/// Appends an empty document time-stamp; `token_bytes_max` is the room made for the token.
///
/// # Errors
/// The file can't carry it.
pub fn prepare_document_timestamp(
    upload: Upload,
    limits: &Limits,
    token_bytes_max: usize,
) -> Result<ToBeStamped, Refusal> {
    let (increment, level) = {
        let inspected = pdf::inspect(upload.bytes(), limits)?;
        let request = FieldRequest {
            sub_filter: SubFilter::Rfc3161,
            // ISO 32000-2 12.8.5: the time is the token's; a claimed one has no place beside it.
            m: None,
            name: None,
            reason: None,
            location: None,
            contents_bytes: token_bytes_max,
            place: Place::Invisible,
        };
        // Over a store it is what makes B-LT into B-LTA; without one it proves the time. `verify` says what was really reached.
        let has_store = pdf::dss(upload.bytes(), limits)?.is_some_and(|dss| !dss.is_empty());
        let level = if has_store {
            SignatureLevel::BLTA
        } else {
            SignatureLevel::BT
        };
        (append_signature(&inspected, &request)?, level)
    };
    Ok(ToBeStamped {
        upload,
        increment,
        level,
    })
}

impl ToBeStamped {
    /// ISO 32000-2 12.8.5: the imprint is over the byte range, here with SHA-256.
    #[must_use]
    pub fn imprint(&self) -> [u8; 32] {
        let (before, after) = self.increment.signed_ranges();
        let mut covered = self.upload.state();
        covered.update(before);
        covered.update(after);
        covered.finalize().into()
    }

    /// Puts the token into the file.
    ///
    /// # Errors
    /// The token does not fit into the room that was made for it.
    pub fn complete(self, token: &[u8]) -> Result<Sealed, Box<NoRoom>> {
        match self.increment.fill(token) {
            Ok(tail) => Ok(Sealed::new(self.upload, &tail, self.level)),
            Err(too_small) => Err(Box::new(NoRoom {
                upload: self.upload,
                need_bytes: too_small.need_bytes,
                have_bytes: too_small.have_bytes,
            })),
        }
    }
}

impl Sealed {
    /// The file as it stands now with its lower level, to go on with.
    #[must_use]
    pub fn into_upload(self) -> Upload {
        self.upload
    }

    pub(super) fn new(mut upload: Upload, tail: &[u8], level: SignatureLevel) -> Self {
        upload.push(tail);
        let sha256 = Digest::new(upload.state().finalize().into());
        Self {
            upload,
            sha256,
            level,
        }
    }
}
