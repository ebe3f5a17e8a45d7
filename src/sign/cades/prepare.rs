//! From a content to the finished message: B-B, and with a token B-T.

use crate::pki::cert::Certificate;
use crate::pki::cms::{self, Assembly, SignedAttrs, SigningFacts};
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::{digest, oid};
use crate::record::{SignatureLevel, UtcTime};
use crate::sign::Signature;

/// Where the content goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// It stays a file of its own.
    Detached,
    /// Into the message.
    Enveloping,
}

/// What is known before the key is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub certificate: &'a Certificate,
    /// Its issuers, root left out.
    pub chain: &'a [Certificate],
    pub algorithm: SignatureAlgorithm,
    /// Of the content (EN 319 122-1 5.2.4.2), e.g. `image/tiff`.
    pub mime_type: Option<&'a str>,
    pub packaging: Packaging,
}

/// All that the signature will cover is fixed.
#[derive(Debug)]
pub struct ToBeSigned {
    attributes: SignedAttrs,
    algorithm: SignatureAlgorithm,
    certificate: Certificate,
    chain: Vec<Certificate>,
    /// What goes into the message.
    enveloped: Option<Vec<u8>>,
}

/// Signed by the key; not yet time-stamped.
#[derive(Debug)]
pub struct Signed {
    prepared: ToBeSigned,
    signature: Signature,
}

/// A finished SignedData in DER.
#[derive(Debug)]
pub struct Message {
    bytes: Vec<u8>,
    level: SignatureLevel,
}

/// Fixes the attributes. EN 319 122-1 6.3, table 1: content-type, message-digest, signing-certificate-v2 and signing-time "shall be present".
#[must_use]
pub fn prepare(content: &[u8], request: &Request<'_>, at: UtcTime) -> ToBeSigned {
    let digest = request.algorithm.cms_digest();
    let attributes = cms::attributes_and_more(
        &SigningFacts {
            content_type: oid::ID_DATA,
            digest,
            message_digest: &digest.hash(content),
            signer: request.certificate,
            signing_time: Some(at.unix_s()),
        },
        request.mime_type,
    );
    ToBeSigned {
        attributes,
        algorithm: request.algorithm,
        certificate: request.certificate.clone(),
        chain: request.chain.to_vec(),
        enveloped: match request.packaging {
            Packaging::Detached => None,
            Packaging::Enveloping => Some(content.to_vec()),
        },
    }
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

impl Signed {
    /// EN 319 122-1 5.3: the signature time-stamp's imprint is over the signature value.
    #[must_use]
    pub fn timestamp_imprint(&self) -> [u8; 32] {
        digest::sha256(&self.signature.0)
    }

    /// With the signature and, where given, the time-stamp token.
    #[must_use]
    pub fn complete(self, token: Option<&[u8]>) -> Message {
        let Self {
            prepared,
            signature,
        } = self;
        let bytes = cms::assemble(&Assembly {
            attributes: &prepared.attributes,
            signature: &signature.0,
            algorithm: prepared.algorithm,
            signer: &prepared.certificate,
            certificates: Some(&prepared.chain),
            content: prepared.enveloped.as_deref(),
            timestamp_token: token,
            crls: &[],
        });
        Message {
            bytes,
            level: match token {
                Some(_) => SignatureLevel::BT,
                None => SignatureLevel::BB,
            },
        }
    }
}

impl Message {
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub const fn level(&self) -> SignatureLevel {
        self.level
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
