//! From an inspected file to the exact bytes a key signs.

use sha2::{Digest as _, Sha256};

use super::complete::Signed;
use crate::pdf::{FieldRequest, Increment, Inspected, Place, Refusal, SubFilter, append_signature};
use crate::pki::cert::Certificate;
use crate::pki::cms::{self, SignedAttrs, SigningFacts};
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::oid;
use crate::record::{Digest, UtcTime};

/// A file as it arrived, with the hash state after its last byte.
///
/// # Invariants
/// * `state` has taken exactly `bytes`: the signed file's hashes continue from it, so that 200 KB are hashed once, not four times.
#[derive(Clone)]
pub struct Upload {
    bytes: Vec<u8>,
    state: Sha256,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Default for Upload {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Upload {
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            state: Sha256::new(),
        }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        self.state.update(chunk);
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::new(self.state.clone().finalize().into())
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn state(&self) -> Sha256 {
        self.state.clone()
    }
}

impl From<Vec<u8>> for Upload {
    fn from(bytes: Vec<u8>) -> Self {
        let state = Sha256::new_with_prefix(&bytes);
        Self { bytes, state }
    }
}

/// What is known of the signer before its key is asked.
#[derive(Debug, Clone)]
pub struct Signer<'a> {
    pub certificate: &'a Certificate,
    /// Its issuers, root left out.
    pub chain: &'a [Certificate],
    pub algorithm: SignatureAlgorithm,
    /// Shown by readers as the signer: the office's name.
    pub name: &'a str,
    /// Room for a time-stamp token in Contents.
    pub token_bytes_max: usize,
}

/// All that the signature will cover is fixed; `to_sign` is what the key is shown.
#[derive(Debug)]
pub struct ToBeSigned {
    pub(super) upload: Upload,
    pub(super) increment: Increment,
    pub(super) attributes: SignedAttrs,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
}

/// A raw signature over `ToBeSigned::to_sign`.
#[derive(Debug)]
pub struct Signature(pub Vec<u8>);

/// Appends an empty signature to `upload` and computes what must be signed.
///
/// `inspected` must have been made from `upload`'s bytes; it is checked.
///
/// # Errors
/// The file can't carry the signature.
pub fn prepare(
    upload: Upload,
    inspect: impl for<'a> FnOnce(&'a [u8]) -> Result<Inspected<'a>, Refusal>,
    signer: &Signer<'_>,
    at: UtcTime,
) -> Result<ToBeSigned, Refusal> {
    prepare_placed(upload, inspect, signer, Place::Invisible, at)
}

/// As `prepare`, with a place on a page for the signature.
///
/// # Errors
/// The file can't carry the signature, or not there.
pub fn prepare_placed(
    upload: Upload,
    inspect: impl for<'a> FnOnce(&'a [u8]) -> Result<Inspected<'a>, Refusal>,
    signer: &Signer<'_>,
    place: Place,
    at: UtcTime,
) -> Result<ToBeSigned, Refusal> {
    let increment = {
        let inspected = inspect(upload.bytes())?;
        let request = FieldRequest {
            sub_filter: SubFilter::CadesDetached,
            // EN 319 142-1 6.3: the claimed time stands in /M; the CMS signing-time attribute must not be there.
            m: Some(at.to_pdf_date()),
            name: Some(signer.name.to_owned()),
            reason: None,
            location: None,
            contents_bytes: cms::size_upper_bound(
                signer.certificate,
                signer.chain,
                signer.algorithm,
                signer.token_bytes_max,
            ),
            place,
        };
        append_signature(&inspected, &request)?
    };
    let digest = signer.algorithm.cms_digest();
    let message_digest = covered_digest(&upload, &increment, digest);
    let attributes = cms::attributes_to_sign(&SigningFacts {
        content_type: oid::ID_DATA,
        digest,
        message_digest: &message_digest,
        signer: signer.certificate,
        signing_time: None,
    });
    Ok(ToBeSigned {
        upload,
        increment,
        attributes,
        algorithm: signer.algorithm,
        certificate: signer.certificate.clone(),
        chain: signer.chain.to_vec(),
    })
}

/// ISO 32000-2 12.8.1: over the byte range, i.e. everything but the Contents string.
fn covered_digest(upload: &Upload, increment: &Increment, digest: DigestAlgorithm) -> Vec<u8> {
    let (before, after) = increment.signed_ranges();
    if digest == DigestAlgorithm::Sha256 {
        let mut covered = upload.state();
        covered.update(before);
        covered.update(after);
        return covered.finalize().to_vec();
    }
    let mut covered = digest.hasher();
    covered.update(upload.bytes());
    covered.update(before);
    covered.update(after);
    covered.finish()
}

impl ToBeSigned {
    /// The exact bytes the key signs: the DER of the signed attributes (RFC 5652 5.4).
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.attributes.der()
    }

    /// Joins the key's answer.
    #[must_use]
    pub fn signed(self, signature: Signature) -> Signed {
        Signed {
            prepared: self,
            signature,
        }
    }
}
