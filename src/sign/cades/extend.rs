//! An existing signature, raised: signature time-stamp, validation data, archive time-stamps (EN 319 122-1 5.3, 5.4, 5.5, 6).
//!
//! # Invariants
//! * One signer: what is stamped is that signer's, and no other's evidence can be meant.
//! * Validation data stands where 5.5.3 wants it: in the certificates and crls of the root SignedData.
//!
//! # What is not here
//! Messages that already carry archive time-stamps of the older forms (TS 101 733): 5.5.3 forbids to touch their certificates and crls; refused.

use std::fmt;

use crate::pki::Malformed;
use crate::pki::cms::{self, Additions, HashIndex, Layout, SignedData};
use crate::pki::der;
use crate::pki::digest::{self, DigestAlgorithm};
use crate::pki::oid;
use crate::pki::tsp::Token;

/// The hash of archive time-stamps: what authorities are asked with.
const DIGEST: DigestAlgorithm = DigestAlgorithm::Sha256;

/// Attributes whose presence forbids to touch the certificates and crls (5.5.3).
const OLDER_FORMS: [&[u8]; 3] = [
    oid::ATTR_ARCHIVE_TIME_STAMP,
    oid::ATTR_ARCHIVE_TIME_STAMP_V2,
    oid::ATTR_LONG_TERM_VALIDATION,
];

/// Why a signature can't be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not a SignedData.
    Unreadable(Malformed),
    /// Other than one signer.
    Signers(usize),
    /// Detached, and no content was given.
    ContentMissing,
    /// The content given is not the one that was signed.
    OtherContent,
    /// A hash function that is not known here.
    UnknownDigest,
    /// No signed attributes: not a CAdES signature.
    NotCades,
    /// Archive attributes of TS 101 733.
    OlderArchiveForm,
    /// An archive time-stamp presupposes a signature time-stamp (6.3: a higher level has all of the lower ones).
    NotTimestamped,
    /// A token that can't be read, or stamps something else.
    Token,
}

/// Certificates, CRLs and OCSPResponses, each in DER.
#[derive(Debug, Clone, Copy, Default)]
pub struct ValidationData<'a> {
    pub certificates: &'a [Vec<u8>],
    pub crls: &'a [Vec<u8>],
    pub ocsps: &'a [Vec<u8>],
}

/// A signature whose content is known to be the signed one.
#[derive(Debug, Clone)]
pub struct Existing {
    message: Vec<u8>,
    /// SHA-256 of the content, for archive time-stamps.
    content_sha256: Vec<u8>,
    signature_sha256: [u8; 32],
}

/// Everything the archive time-stamp covers is fixed.
#[derive(Debug, Clone)]
pub struct ToBeStamped {
    existing: Existing,
    index: HashIndex,
    imprint: [u8; 32],
}

/// Reads `message`; `content` is the signed file of a detached signature.
///
/// # Errors
/// It is no signature that can be raised, or the content is not the signed one.
pub fn open(message: &[u8], content: Option<&[u8]>) -> Result<Existing, Refusal> {
    // BER is read too (RFC 5652); from here on its lengths are definite, as what is added is DER (5.5.3).
    let (definite, taken) = der::normalise(message).map_err(Refusal::Unreadable)?;
    if taken != message.len() {
        return Err(Refusal::Unreadable(Malformed {
            what: "ContentInfo (octets follow)",
        }));
    }
    let signed = SignedData::parse(&definite).map_err(Refusal::Unreadable)?;
    let [signer] = signed.signers.as_slice() else {
        return Err(Refusal::Signers(signed.signers.len()));
    };
    if signer.signed_attributes.is_none() {
        return Err(Refusal::NotCades);
    }
    let content = match (&signed.content, content) {
        (Some(enveloped), given) => {
            if given.is_some_and(|given| given != enveloped.as_slice()) {
                return Err(Refusal::OtherContent);
            }
            enveloped.as_slice()
        }
        (None, Some(given)) => given,
        (None, None) => return Err(Refusal::ContentMissing),
    };
    let algorithm = signer.digest_algorithm.ok_or(Refusal::UnknownDigest)?;
    let content_sha256 = DIGEST.hash(content);
    let is_signed = if algorithm == DIGEST {
        signer.message_digest_matches(&content_sha256)
    } else {
        signer.message_digest_matches(&algorithm.hash(content))
    };
    if !is_signed {
        return Err(Refusal::OtherContent);
    }
    let signature_sha256 = digest::sha256(&signer.signature);
    let layout = Layout::read(&definite).map_err(Refusal::Unreadable)?;
    let has_older_form = |kind: &&[u8]| layout.signers.iter().any(|s| s.has(kind));
    if OLDER_FORMS.iter().any(has_older_form) {
        return Err(Refusal::OlderArchiveForm);
    }
    Ok(Existing {
        content_sha256,
        signature_sha256,
        message: definite.into_owned(),
    })
}

impl Existing {
    /// EN 319 122-1 5.3: the signature time-stamp's imprint is over the signature value.
    #[must_use]
    pub const fn timestamp_imprint(&self) -> [u8; 32] {
        self.signature_sha256
    }

    /// Whether a signature time-stamp is there (its worth is for `verify` to say).
    #[must_use]
    pub fn is_timestamped(&self) -> bool {
        self.layout().is_ok_and(|l| {
            l.signers
                .iter()
                .any(|s| s.has(oid::ATTR_SIGNATURE_TIME_STAMP))
        })
    }

    /// Puts a signature time-stamp in (B-T).
    ///
    /// # Errors
    /// The token stamps something else.
    pub fn with_timestamp(self, token: &[u8]) -> Result<Self, Refusal> {
        check_token(token, &self.signature_sha256)?;
        let message = self.layout()?.with(&Additions {
            unsigned: Some((0, oid::ATTR_SIGNATURE_TIME_STAMP, token)),
            ..Additions::default()
        });
        Ok(Self { message, ..self })
    }

    /// Puts validation data in (B-LT); what is there already stays as it is.
    ///
    /// # Errors
    /// The message can't be read again: a fault of ours.
    pub fn with_evidence(self, data: &ValidationData<'_>) -> Result<Self, Refusal> {
        let message = self.layout()?.with(&Additions {
            certificates: data.certificates,
            crls: data.crls,
            ocsp_responses: data.ocsps,
            ..Additions::default()
        });
        // What was put in must be readable by everybody who reads the result.
        SignedData::parse(&message).map_err(Refusal::Unreadable)?;
        Ok(Self { message, ..self })
    }

    /// Fixes what an archive time-stamp is to cover: everything that is there now (B-LTA, and its renewal).
    ///
    /// # Errors
    /// There is no signature time-stamp yet.
    pub fn prepare_archive(self) -> Result<ToBeStamped, Refusal> {
        if !self.is_timestamped() {
            return Err(Refusal::NotTimestamped);
        }
        let layout = self.layout()?;
        let signer = layout.signers.first().ok_or(Refusal::Signers(0))?;
        let index = HashIndex::of(&layout, signer, DIGEST);
        let imprint = index.imprint(&layout, signer, &self.content_sha256);
        let imprint = imprint.try_into().map_err(|_| Refusal::UnknownDigest)?;
        Ok(ToBeStamped {
            existing: self,
            index,
            imprint,
        })
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.message
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.message
    }

    fn layout(&self) -> Result<Layout<'_>, Refusal> {
        Layout::read(&self.message).map_err(Refusal::Unreadable)
    }
}

impl ToBeStamped {
    /// What the authority is shown (SHA-256).
    #[must_use]
    pub const fn imprint(&self) -> [u8; 32] {
        self.imprint
    }

    /// Puts the archive time-stamp in.
    ///
    /// # Errors
    /// The token stamps something else.
    pub fn complete(self, token: &[u8]) -> Result<Existing, Refusal> {
        let Self {
            existing,
            index,
            imprint,
        } = self;
        check_token(token, &imprint)?;
        let token = cms::token_with_index(token, &index).map_err(|_| Refusal::Token)?;
        let message = existing.layout()?.with(&Additions {
            unsigned: Some((0, oid::ATTR_ARCHIVE_TIME_STAMP_V3, &token)),
            // 5.5.3 step 2: the hash algorithm identifier "should be included" at the head.
            digest: Some(DIGEST),
            ..Additions::default()
        });
        Ok(Existing {
            message,
            ..existing
        })
    }
}

fn check_token(token: &[u8], imprint: &[u8; 32]) -> Result<(), Refusal> {
    let token = Token::parse(token).map_err(|_| Refusal::Token)?;
    let stamped = &token.info.imprint;
    if stamped.digest == DIGEST && stamped.hash == imprint {
        Ok(())
    } else {
        Err(Refusal::Token)
    }
}

impl Refusal {
    /// Stable, for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "cades-unreadable",
            Self::Signers(_) => "cades-several-signers",
            Self::ContentMissing => "cades-content-missing",
            Self::OtherContent => "cades-other-content",
            Self::UnknownDigest => "cades-unknown-digest",
            Self::NotCades => "cades-not-cades",
            Self::OlderArchiveForm => "cades-older-archive-form",
            Self::NotTimestamped => "cades-not-timestamped",
            Self::Token => "cades-token",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(malformed) => {
                write!(f, "this is no CMS signature that can be read: {malformed}")
            }
            Self::Signers(count) => write!(
                f,
                "the message has {count} signers; only one with exactly one can be extended"
            ),
            Self::ContentMissing => {
                f.write_str("the signature is detached; give the signed file as well")
            }
            Self::OtherContent => f.write_str("the file given is not the one that was signed"),
            Self::UnknownDigest => f.write_str("the signature uses an unknown hash function"),
            Self::NotCades => f.write_str("the signature has no signed attributes: not CAdES"),
            Self::OlderArchiveForm => f.write_str(
                "the signature carries an archive time-stamp of an older form; have it extended by the program that made that",
            ),
            Self::NotTimestamped => f.write_str(
                "the signature has no time-stamp yet; extend it to B-T and B-LT first",
            ),
            Self::Token => f.write_str("the time-stamp token stamps something else"),
        }
    }
}

impl std::error::Error for Refusal {}
