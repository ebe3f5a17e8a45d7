//! Reading ContentInfo and SignedData (RFC 5652 3, 5.1, 10.2).

use super::super::Malformed;
use super::super::cert::Certificate;
use super::super::crypto::SignatureAlgorithm;
use super::super::der::{Reader, normalise, only, tag};
use super::super::digest::DigestAlgorithm;
use super::super::ocsp;
use super::super::oid::{self, ObjectId};
use super::signer::read_signer;
use super::{Finding, SignerInfo};

const WHAT: &str = "SignedData";

/// Most members read of each set. A document signature has one signer and a handful of certificates; long-lived ones carry some dozens.
const MAX_SIGNERS: usize = 32;
const MAX_CERTIFICATES: usize = 256;
const MAX_DIGEST_ALGORITHMS: usize = 32;

#[derive(Debug, Clone)]
pub struct SignedData {
    pub version: u32,
    /// Identifiers of the digest algorithms at the head.
    pub digest_algorithms: Vec<ObjectId>,
    pub content_type: ObjectId,
    /// The encapsulated content; None for a detached signature.
    pub content: Option<Vec<u8>>,
    /// Encodings, in the order of the set.
    pub certificates: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    /// OCSP responses carried as other revocation information (RFC 5940).
    pub ocsp_responses: Vec<Vec<u8>>,
    pub signers: Vec<SignerInfo>,
    pub findings: Vec<Finding>,
    /// Octets of the input that the message took.
    pub encoded_bytes: usize,
}

impl SignedData {
    /// Reads one message; nothing may follow it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let parsed = Self::parse_padded(bytes)?;
        if parsed.encoded_bytes == bytes.len() {
            Ok(parsed)
        } else {
            Err(Malformed::new("ContentInfo (octets follow)"))
        }
    }

    /// Reads the message at the beginning of `bytes`: the Contents of a PDF signature are filled up with zeros.
    pub fn parse_padded(bytes: &[u8]) -> Result<Self, Malformed> {
        let (der, encoded_bytes) = normalise(bytes)?;
        let mut fields = only(&der, tag::SEQUENCE, "ContentInfo")?.reader();
        if fields.oid("ContentInfo")? != oid::ID_SIGNED_DATA {
            return Err(Malformed::new("ContentInfo (not SignedData)"));
        }
        let content = fields.read(tag::context_constructed(0), "ContentInfo")?;
        fields.finish("ContentInfo")?;
        let mut signed = read_signed_data(content.content)?;
        signed.encoded_bytes = encoded_bytes;
        if matches!(der, std::borrow::Cow::Owned(_)) {
            signed.findings.push(Finding::NotDer);
        }
        let padding = bytes.get(encoded_bytes..).unwrap_or_default();
        if padding.iter().any(|byte| *byte != 0) {
            signed.findings.push(Finding::TrailingOctets);
        }
        Ok(signed)
    }

    /// The certificates that can be read.
    pub fn parsed_certificates(&self) -> Vec<Certificate> {
        self.certificates
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect()
    }
}

fn read_signed_data(bytes: &[u8]) -> Result<SignedData, Malformed> {
    let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
    let version = fields.small_integer("CMSVersion")?;
    let digest_algorithms = read_digest_algorithms(fields.read(tag::SET, WHAT)?.reader())?;
    let mut encapsulated = fields.sequence("EncapsulatedContentInfo")?;
    let content_type = ObjectId::from_body(encapsulated.oid("EncapsulatedContentInfo")?)?;
    let content = match encapsulated.optional(tag::context_constructed(0), WHAT)? {
        None => None,
        Some(field) => Some(
            only(field.content, tag::OCTET_STRING, "eContent")?
                .content
                .to_vec(),
        ),
    };
    encapsulated.finish("EncapsulatedContentInfo")?;
    let mut signed = SignedData {
        version,
        digest_algorithms,
        content_type,
        content,
        certificates: Vec::new(),
        crls: Vec::new(),
        ocsp_responses: Vec::new(),
        signers: Vec::new(),
        findings: Vec::new(),
        encoded_bytes: 0,
    };
    if let Some(field) = fields.optional(tag::context_constructed(0), WHAT)? {
        signed.read_certificates(field.reader())?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(1), WHAT)? {
        signed.read_revocation(field.reader())?;
    }
    let mut signers = fields.read(tag::SET, "SignerInfos")?.reader();
    fields.finish(WHAT)?;
    while !signers.is_empty() {
        if signed.signers.len() >= MAX_SIGNERS {
            return Err(Malformed::new("SignerInfos (too many)"));
        }
        let mut signer = read_signer(&mut signers)?;
        note_digests(&mut signer, &signed.digest_algorithms);
        signed.signers.push(signer);
    }
    Ok(signed)
}

fn read_digest_algorithms(mut set: Reader<'_>) -> Result<Vec<ObjectId>, Malformed> {
    let mut algorithms = Vec::with_capacity(1);
    while !set.is_empty() {
        if algorithms.len() >= MAX_DIGEST_ALGORITHMS {
            return Err(Malformed::new("digestAlgorithms (too many)"));
        }
        let mut identifier = set.sequence("digestAlgorithms")?;
        algorithms.push(ObjectId::from_body(identifier.oid("digestAlgorithms")?)?);
    }
    Ok(algorithms)
}

fn note_digests(signer: &mut SignerInfo, listed: &[ObjectId]) {
    if !listed.contains(&signer.digest_oid) {
        signer.findings.push(Finding::DigestAlgorithmNotListed);
    }
    let of_signature: Option<DigestAlgorithm> = signer
        .signature_algorithm()
        .ok()
        .map(SignatureAlgorithm::cms_digest);
    if of_signature.is_some() && of_signature != signer.digest_algorithm {
        signer.findings.push(Finding::DigestAlgorithmsDiffer);
    }
}

impl SignedData {
    /// RFC 5652 10.2.2, 10.2.3: CertificateChoices.
    fn read_certificates(&mut self, mut set: Reader<'_>) -> Result<(), Malformed> {
        while !set.is_empty() {
            let choice = set.any("CertificateSet")?;
            if choice.tag != tag::SEQUENCE {
                self.findings.push(Finding::OtherCertificatesPresent);
            } else {
                self.certificates.push(choice.raw.to_vec());
            }
            if self.certificates.len() + self.findings.len() > MAX_CERTIFICATES {
                return Err(Malformed::new("CertificateSet (too many)"));
            }
        }
        Ok(())
    }

    /// RFC 5652 10.2.1: RevocationInfoChoices.
    fn read_revocation(&mut self, mut set: Reader<'_>) -> Result<(), Malformed> {
        const CHOICE: &str = "RevocationInfoChoice";
        while !set.is_empty() {
            let choice = set.any(CHOICE)?;
            if choice.tag == tag::SEQUENCE {
                self.crls.push(choice.raw.to_vec());
            } else if choice.tag == tag::context_constructed(1) {
                let mut other = choice.reader();
                let kind = other.oid(CHOICE)?;
                let info = other.any(CHOICE)?;
                if kind == oid::RI_OCSP_RESPONSE {
                    self.ocsp_responses.push(info.raw.to_vec());
                } else if kind == oid::OCSP_BASIC {
                    // EN 319 122-1 5.4.2.2: the BasicOCSPResponse alone; put back into its envelope.
                    self.ocsp_responses.push(ocsp::wrap(info.raw));
                } else {
                    self.findings.push(Finding::OtherRevocationPresent);
                }
            } else {
                return Err(Malformed::new(CHOICE));
            }
            let taken = self.crls.len() + self.ocsp_responses.len() + self.findings.len();
            if taken > MAX_CERTIFICATES {
                return Err(Malformed::new("RevocationInfoChoices (too many)"));
            }
        }
        Ok(())
    }
}
