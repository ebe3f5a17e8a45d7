//! From the key's and the authority's answers to the finished file.

use super::prepare::{Signature, ToBeSigned, Upload};
use crate::pki::cms::{self, Assembly};
use crate::pki::digest;
use crate::record::{Digest, SignatureLevel};

/// Signed by the key; not yet time-stamped.
#[derive(Debug)]
pub struct Signed {
    pub(super) prepared: ToBeSigned,
    pub(super) signature: Signature,
}

/// The CMS does not fit into the room that `prepare` made for it; begin again with the upload and more room.
#[derive(Debug)]
pub struct NoRoom {
    pub upload: Upload,
    pub need_bytes: usize,
    pub have_bytes: usize,
}

/// The finished file: every byte of the upload, then the increment with its signature.
#[derive(Debug)]
pub struct Sealed {
    pub(super) upload: Upload,
    pub(super) sha256: Digest,
    pub(super) level: SignatureLevel,
}

impl Signed {
    /// EN 319 122-1 5.3: the signature time-stamp's imprint is over the signature value.
    #[must_use]
    pub fn timestamp_imprint(&self) -> [u8; 32] {
        digest::sha256(&self.signature.0)
    }

    /// Gives the upload back where no time-stamp could be had.
    #[must_use]
    pub fn into_upload(self) -> Upload {
        self.prepared.upload
    }

    /// Puts signature and, where given, time-stamp token into the file.
    ///
    /// # Errors
    /// The CMS does not fit into the room that `prepare` made.
    pub fn complete(self, token: Option<&[u8]>) -> Result<Sealed, Box<NoRoom>> {
        let Self {
            prepared,
            signature,
        } = self;
        let cms = cms::assemble(&Assembly {
            attributes: &prepared.attributes,
            signature: &signature.0,
            algorithm: prepared.algorithm,
            signer: &prepared.certificate,
            certificates: Some(&prepared.chain),
            content: None,
            timestamp_token: token,
            crls: &[],
        });
        let tail = match prepared.increment.fill(&cms) {
            Ok(tail) => tail,
            Err(too_small) => {
                return Err(Box::new(NoRoom {
                    upload: prepared.upload,
                    need_bytes: too_small.need_bytes,
                    have_bytes: too_small.have_bytes,
                }));
            }
        };
        let level = if token.is_some() {
            SignatureLevel::BT
        } else {
            SignatureLevel::BB
        };
        Ok(Sealed::new(prepared.upload, &tail, level))
    }
}

impl Sealed {
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.upload.bytes()
    }

    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    #[must_use]
    pub const fn level(&self) -> SignatureLevel {
        self.level
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.upload.into_bytes()
    }
}
