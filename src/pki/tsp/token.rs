//! Time-stamp tokens: SignedData over a TSTInfo (RFC 3161 2.4.2, RFC 5816).

use std::fmt;

use super::super::cert::Certificate;
use super::super::cms::{
    Assembly, CertificateBinding, SignedAttrs, SignedData, SignerInfo, SigningFacts, assemble,
    attributes_to_sign,
};
use super::super::crypto::{SignatureAlgorithm, VerifyFailure};
use super::super::digest::DigestAlgorithm;
use super::super::{Malformed, oid};
use super::{Request, TstInfo};

/// A token that could be read: one signer, a TSTInfo inside, the message digest not yet compared.
#[derive(Debug, Clone)]
pub struct Token {
    pub der: Vec<u8>,
    pub signed: SignedData,
    pub info: TstInfo,
    content: Vec<u8>,
    signer: SignerInfo,
}

/// Why a token is not the answer to a request, or not good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenMismatch {
    /// It stamps something else.
    Imprint,
    Nonce,
    Policy,
    /// It has a critical extension that is not known here.
    UnknownCritical,
    /// The signed message digest is not that of the TSTInfo, or the hash is not known here.
    MessageDigest,
    /// The signed content type is not TSTInfo.
    ContentType,
    /// RFC 3161 2.4.1: the certificate identifier is not signed, or names another certificate.
    SigningCertificate,
    Signature(VerifyFailure),
}

impl fmt::Display for TokenMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imprint => f.write_str("the token stamps something else"),
            Self::Nonce => f.write_str("the nonce is not the one asked with"),
            Self::Policy => f.write_str("the policy is not the one asked for"),
            Self::UnknownCritical => f.write_str("the token has an unknown critical extension"),
            Self::MessageDigest => f.write_str("the signed digest is not that of the TSTInfo"),
            Self::ContentType => f.write_str("the signed content type is not TSTInfo"),
            Self::SigningCertificate => {
                f.write_str("the token does not identify this certificate as its signer's")
            }
            Self::Signature(failure) => write!(f, "token signature: {failure}"),
        }
    }
}

impl std::error::Error for TokenMismatch {}

impl Token {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_signed(SignedData::parse(bytes)?, bytes)
    }

    /// The Contents of a document time-stamp, filled up with zeros.
    pub fn parse_padded(bytes: &[u8]) -> Result<Self, Malformed> {
        let signed = SignedData::parse_padded(bytes)?;
        let token = bytes.get(..signed.encoded_bytes).unwrap_or_default();
        Self::from_signed(signed, token)
    }

    fn from_signed(mut signed: SignedData, bytes: &[u8]) -> Result<Self, Malformed> {
        if signed.content_type != *oid::ID_CT_TST_INFO {
            return Err(Malformed::new("TimeStampToken (content type)"));
        }
        let content = signed
            .content
            .take()
            .ok_or(Malformed::new("TimeStampToken (no content)"))?;
        // RFC 3161 2.4.2: only the signature of the TSA.
        let [signer] = signed.signers.as_slice() else {
            return Err(Malformed::new("TimeStampToken (signers)"));
        };
        let signer = signer.clone();
        let info = TstInfo::parse(&content)?;
        signed.content = Some(content.clone());
        Ok(Self {
            der: bytes.to_vec(),
            signed,
            info,
            content,
            signer,
        })
    }

    pub fn signer(&self) -> &SignerInfo {
        &self.signer
    }

    /// Whether the token stamps something whose digest `hash_of` gives for the imprint's algorithm.
    pub fn covers(&self, hash_of: impl FnOnce(DigestAlgorithm) -> Vec<u8>) -> bool {
        let imprint = &self.info.imprint;
        hash_of(imprint.digest) == imprint.hash
    }

    /// RFC 3161 2.2: the requester compares imprint, nonce and policy.
    pub fn answers(&self, request: &Request) -> Result<(), TokenMismatch> {
        if self.info.imprint != request.imprint {
            return Err(TokenMismatch::Imprint);
        }
        if request.nonce.is_some() && self.info.nonce != request.nonce {
            return Err(TokenMismatch::Nonce);
        }
        let policy_fits = request
            .policy
            .as_ref()
            .is_none_or(|policy| *policy == self.info.policy);
        if !policy_fits {
            return Err(TokenMismatch::Policy);
        }
        Ok(())
    }

    /// Checks that `certificate` made this token: content type, digest, certificate identifier and signature value. Whether it may stamp at
    /// all (chain, purpose, validity) is for others to judge.
    pub fn verify_signature(&self, certificate: &Certificate) -> Result<(), TokenMismatch> {
        if !self.info.unknown_critical.is_empty() {
            return Err(TokenMismatch::UnknownCritical);
        }
        if !self.signer.content_type_matches(&self.signed.content_type) {
            return Err(TokenMismatch::ContentType);
        }
        let digest = self
            .signer
            .digest_algorithm
            .ok_or(TokenMismatch::MessageDigest)?
            .hash(&self.content);
        if !self.signer.message_digest_matches(&digest) {
            return Err(TokenMismatch::MessageDigest);
        }
        if self.signer.binding(certificate) != CertificateBinding::Bound {
            return Err(TokenMismatch::SigningCertificate);
        }
        self.signer
            .verify_signature(certificate.public_key(), &digest)
            .map_err(TokenMismatch::Signature)
    }
}

/// A token before its signature.
#[derive(Debug, Clone)]
pub struct TokenDraft {
    info: Vec<u8>,
    attributes: SignedAttrs,
    signer: Certificate,
}

impl TokenDraft {
    /// `digest` is the hash of the signature's algorithm (`SignatureAlgorithm::cms_digest`).
    pub fn new(info: &TstInfo, digest: DigestAlgorithm, signer: &Certificate) -> Self {
        let info = info.to_der();
        let attributes = attributes_to_sign(&SigningFacts {
            content_type: oid::ID_CT_TST_INFO,
            digest,
            message_digest: &digest.hash(&info),
            signer,
            signing_time: None,
        });
        Self {
            info,
            attributes,
            signer: signer.clone(),
        }
    }

    /// The message to sign.
    pub fn to_be_signed(&self) -> &[u8] {
        self.attributes.der()
    }

    /// The token. RFC 3161 2.4.1: where certificates were asked for, with the authority's own and `certificates` besides; where not (None),
    /// with none.
    pub fn finish(
        &self,
        signature: &[u8],
        algorithm: SignatureAlgorithm,
        certificates: Option<&[Certificate]>,
    ) -> Vec<u8> {
        assemble(&Assembly {
            attributes: &self.attributes,
            signature,
            algorithm,
            signer: &self.signer,
            certificates,
            content: Some(&self.info),
            timestamp_token: None,
            crls: &[],
        })
    }
}
