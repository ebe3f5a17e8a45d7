//! One SignerInfo (RFC 5652 5.3): who signed, over what, and does it hold.

use super::super::cert::Certificate;
use super::super::crypto::{PublicKey, SignatureAlgorithm, VerifyFailure};
use super::super::der::{Reader, same_integer, tag};
use super::super::digest::DigestAlgorithm;
use super::super::oid::{self, ObjectId};
use super::super::{Malformed, cert::Name};
use super::attributes::{read_attributes, single_value};
use super::{Attribute, Finding, SignedAttributes};

const WHAT: &str = "SignerInfo";

/// How the signer's certificate is named. Not protected by the signature: [`SignerInfo::binding`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerId {
    IssuerAndSerial { issuer: Name, serial: Vec<u8> },
    SubjectKeyId(Vec<u8>),
}

impl SignerId {
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                same_integer(certificate.serial(), serial) && certificate.issuer().matches(issuer)
            }
            Self::SubjectKeyId(key_id) => certificate.subject_key_id() == Some(key_id),
        }
    }
}

/// What the signed attributes say of a certificate (RFC 5035).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateBinding {
    /// The signature covers this very certificate.
    Bound,
    /// It covers another.
    Mismatch,
    /// It covers none: not a CAdES signature.
    Absent,
    /// By a hash that is not known here.
    UnsupportedDigest,
}

#[derive(Debug, Clone)]
pub struct SignerInfo {
    pub version: u32,
    pub sid: SignerId,
    pub digest_oid: ObjectId,
    /// None: not known here.
    pub digest_algorithm: Option<DigestAlgorithm>,
    pub signed_attributes: Option<SignedAttributes>,
    /// AlgorithmIdentifier.
    pub signature_algorithm_der: Vec<u8>,
    pub signature: Vec<u8>,
    pub unsigned_attributes: Vec<Attribute>,
    pub findings: Vec<Finding>,
}

impl SignerInfo {
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, VerifyFailure> {
        SignatureAlgorithm::from_der(&self.signature_algorithm_der, self.digest_algorithm)
    }

    /// The certificates that the signer identifier names and the signed attributes do not contradict; one that is bound comes first. Usually
    /// one; several where a CA issued again under the same serial number or key identifier.
    pub fn candidates<'c>(&self, certificates: &'c [Certificate]) -> Vec<&'c Certificate> {
        let mut named: Vec<&Certificate> = certificates
            .iter()
            .filter(|certificate| self.sid.names(certificate))
            .filter(|certificate| self.binding(certificate) != CertificateBinding::Mismatch)
            .collect();
        named.sort_by_key(|certificate| self.binding(certificate) != CertificateBinding::Bound);
        named
    }

    pub fn find_certificate<'c>(&self, certificates: &'c [Certificate]) -> Option<&'c Certificate> {
        self.candidates(certificates).first().copied()
    }

    /// RFC 5035 5.4: the first certificate identifier is the signer's; hash, and issuer and serial where given, must fit.
    pub fn binding(&self, certificate: &Certificate) -> CertificateBinding {
        let Some(id) = self
            .signed_attributes
            .as_ref()
            .and_then(|attributes| attributes.ess.first())
        else {
            return CertificateBinding::Absent;
        };
        id.binds(certificate)
    }

    /// Whether the message-digest attribute is this digest of the content; with no signed attributes the signature itself covers it.
    pub fn message_digest_matches(&self, content_digest: &[u8]) -> bool {
        match &self.signed_attributes {
            None => true,
            Some(attributes) => attributes.message_digest.as_deref() == Some(content_digest),
        }
    }

    /// RFC 5652 11.1: whether the content-type attribute is the type of the content. False where there are no signed attributes: CAdES and
    /// tokens must have them, and a signature without them can be taken from one over attributes.
    pub fn content_type_matches(&self, content_type: &ObjectId) -> bool {
        self.signed_attributes
            .as_ref()
            .is_some_and(|attributes| attributes.content_type.as_ref() == Some(content_type))
    }

    /// Checks the signature value. With signed attributes it stands over these, and `content_digest` has to be compared by
    /// [`Self::message_digest_matches`]; without, it stands over the content.
    pub fn verify_signature(
        &self,
        key: &PublicKey,
        content_digest: &[u8],
    ) -> Result<(), VerifyFailure> {
        let algorithm = self.signature_algorithm()?;
        match &self.signed_attributes {
            Some(attributes) => key.verify(algorithm, &attributes.set_der, &self.signature),
            None => key.verify_digest(algorithm, content_digest, &self.signature),
        }
    }

    /// Signature time-stamps (EN 319 122-1 5.3): each is a token of its own.
    pub fn timestamp_tokens(&self) -> Vec<&[u8]> {
        self.unsigned_attributes
            .iter()
            .filter(|attribute| attribute.kind == *oid::ATTR_SIGNATURE_TIME_STAMP)
            .flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
            .collect()
    }
}

pub(super) fn read_signer(set: &mut Reader<'_>) -> Result<SignerInfo, Malformed> {
    let mut fields = set.sequence(WHAT)?;
    let version = fields.small_integer(WHAT)?;
    let sid = read_sid(&mut fields)?;
    let (digest_body, digest_algorithm) = DigestAlgorithm::read(&mut fields)?;
    let mut findings = Vec::new();
    let signed_attributes = match fields.optional(tag::context_constructed(0), WHAT)? {
        None => None,
        Some(field) => Some(SignedAttributes::read(field, &mut findings)?),
    };
    let signature_algorithm_der = fields.read(tag::SEQUENCE, WHAT)?.raw.to_vec();
    let signature = fields.octet_string(WHAT)?.to_vec();
    let unsigned_attributes = match fields.optional(tag::context_constructed(1), WHAT)? {
        None => Vec::new(),
        Some(field) => read_attributes(field.reader())?,
    };
    fields.finish(WHAT)?;
    Ok(SignerInfo {
        version,
        sid,
        digest_oid: ObjectId::from_body(digest_body)?,
        digest_algorithm,
        signed_attributes,
        signature_algorithm_der,
        signature,
        unsigned_attributes,
        findings,
    })
}

fn read_sid(fields: &mut Reader<'_>) -> Result<SignerId, Malformed> {
    if let Some(field) = fields.optional(tag::context_primitive(0), WHAT)? {
        return Ok(SignerId::SubjectKeyId(field.content.to_vec()));
    }
    let mut pair = fields.sequence("IssuerAndSerialNumber")?;
    let issuer = Name::read(&mut pair)?;
    let serial = pair.integer_lenient("IssuerAndSerialNumber")?.to_vec();
    pair.finish("IssuerAndSerialNumber")?;
    Ok(SignerId::IssuerAndSerial { issuer, serial })
}

impl SignerInfo {
    /// The only value of an unsigned attribute, where it is there once with one value.
    pub fn unsigned_value(&self, kind: &[u8]) -> Option<&[u8]> {
        single_value(&self.unsigned_attributes, kind).ok().flatten()
    }
}
