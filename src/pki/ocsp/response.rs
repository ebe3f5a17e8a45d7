//! OCSPResponse and BasicOCSPResponse (RFC 6960 4.2.1).

use super::super::Malformed;
use super::super::cert::{Certificate, Name};
use super::super::crypto::{PublicKey, SignatureAlgorithm, VerifyFailure};
use super::super::der::{Reader, only, tag, write};
use super::super::digest::DigestAlgorithm;
use super::super::oid::{self, ObjectId};
use super::request::Extensions;
use super::{CertId, MAX_SINGLES};

/// Most certificates read from one response; it needs one or two.
const MAX_CERTIFICATES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseStatus {
    Successful,
    MalformedRequest,
    InternalError,
    TryLater,
    SigRequired,
    Unauthorized,
    Other(u8),
}

impl ResponseStatus {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Successful => 0,
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::SigRequired => 5,
            Self::Unauthorized => 6,
            Self::Other(number) => number,
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Successful,
            1 => Self::MalformedRequest,
            2 => Self::InternalError,
            3 => Self::TryLater,
            5 => Self::SigRequired,
            6 => Self::Unauthorized,
            other => Self::Other(other),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: ResponseStatus,
    /// There exactly if the status is successful.
    pub basic: Option<BasicResponse>,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponderId {
    ByName(Name),
    /// SHA-1 of the public key.
    ByKey(Vec<u8>),
}

impl ResponderId {
    pub fn by_name(responder: &Certificate) -> Self {
        Self::ByName(responder.subject().clone())
    }

    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::ByName(name) => certificate.subject().matches(name),
            // RFC 6960 4.2.1: KeyHash is SHA-1 of the key's BIT STRING, without tag, length and unused bits.
            Self::ByKey(hash) => DigestAlgorithm::Sha1.hash(certificate.public_key_bits()) == *hash,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    Good,
    Revoked {
        /// Unix seconds.
        at: i64,
        /// CRLReason (RFC 5280 5.3.1).
        reason: Option<u8>,
    },
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleResponse {
    pub id: CertId,
    pub status: CertStatus,
    pub this_update: i64,
    pub next_update: Option<i64>,
    /// RFC 6960 4.4.4: expired certificates stay listed back to this time.
    pub archive_cutoff: Option<i64>,
    pub unknown_critical: Vec<ObjectId>,
}

#[derive(Debug, Clone)]
pub struct BasicResponse {
    /// BasicOCSPResponse.
    pub der: Vec<u8>,
    /// ResponseData, what is signed.
    pub tbs: Vec<u8>,
    pub responder: ResponderId,
    pub produced_at: i64,
    pub singles: Vec<SingleResponse>,
    pub nonce: Option<Vec<u8>>,
    /// Encodings.
    pub certificates: Vec<Vec<u8>>,
    pub signature_algorithm_der: Vec<u8>,
    pub signature: Vec<u8>,
    pub unknown_critical: Vec<ObjectId>,
}

impl Response {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "OCSPResponse";
        let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
        let [number] = fields.read(tag::ENUMERATED, WHAT)?.content else {
            return Err(Malformed::new(WHAT));
        };
        let status = ResponseStatus::from_number(*number);
        let body = fields.optional(tag::context_constructed(0), WHAT)?;
        fields.finish(WHAT)?;
        // RFC 6960 4.2.1: responseBytes is there if, and only if, the request could be answered.
        let basic = match (status, body) {
            (ResponseStatus::Successful, Some(body)) => Some(read_response_bytes(body.content)?),
            (ResponseStatus::Successful, None) | (_, Some(_)) => {
                return Err(Malformed::new("OCSPResponse (status and content)"));
            }
            (_, None) => None,
        };
        Ok(Self { status, basic })
    }
}

fn read_response_bytes(bytes: &[u8]) -> Result<BasicResponse, Malformed> {
    const WHAT: &str = "ResponseBytes";
    let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
    if fields.oid(WHAT)? != oid::OCSP_BASIC {
        return Err(Malformed::new("ResponseBytes (type)"));
    }
    let basic = BasicResponse::parse(fields.octet_string(WHAT)?)?;
    fields.finish(WHAT)?;
    Ok(basic)
}

impl BasicResponse {
    /// As it stands by itself in CAdES revocation values.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "BasicOCSPResponse";
        let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
        let tbs = fields.read(tag::SEQUENCE, "ResponseData")?;
        let signature_algorithm_der = fields.read(tag::SEQUENCE, WHAT)?.raw.to_vec();
        let signature = fields.bit_string(WHAT)?.to_vec();
        let certificates = match fields.optional(tag::context_constructed(0), WHAT)? {
            None => Vec::new(),
            Some(field) => read_certificates(field.content)?,
        };
        fields.finish(WHAT)?;
        let mut basic = read_response_data(tbs.reader())?;
        basic.der = bytes.to_vec();
        basic.tbs = tbs.raw.to_vec();
        basic.signature_algorithm_der = signature_algorithm_der;
        basic.signature = signature;
        basic.certificates = certificates;
        Ok(basic)
    }

    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, VerifyFailure> {
        SignatureAlgorithm::from_der(&self.signature_algorithm_der, None)
    }

    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), VerifyFailure> {
        key.verify(self.signature_algorithm()?, &self.tbs, &self.signature)
    }

    /// The answers about one certificate; a response may hold several, under different hashes or of different age.
    pub fn find<'a>(
        &'a self,
        issuer: &'a Certificate,
        serial: &'a [u8],
    ) -> impl Iterator<Item = &'a SingleResponse> {
        self.singles
            .iter()
            .filter(move |single| single.id.matches(issuer, serial))
    }

    /// The certificates that can be read.
    pub fn parsed_certificates(&self) -> Vec<Certificate> {
        self.certificates
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect()
    }

    /// The OCSPResponse around it.
    pub fn to_response(&self) -> Vec<u8> {
        wrap(&self.der)
    }
}

pub(in crate::pki) fn wrap(basic: &[u8]) -> Vec<u8> {
    let bytes = write::sequence(&[write::oid(oid::OCSP_BASIC), write::octet_string(basic)]);
    write::sequence(&[write::enumerated(0), write::explicit(0, &bytes)])
}

fn read_certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut list = only(bytes, tag::SEQUENCE, "certs")?.reader();
    let mut certificates = Vec::new();
    while !list.is_empty() {
        if certificates.len() >= MAX_CERTIFICATES {
            return Err(Malformed::new("certs (too many)"));
        }
        certificates.push(list.read(tag::SEQUENCE, "certs")?.raw.to_vec());
    }
    Ok(certificates)
}

fn read_response_data(mut fields: Reader<'_>) -> Result<BasicResponse, Malformed> {
    const WHAT: &str = "ResponseData";
    // version [0] EXPLICIT DEFAULT v1; there is no other.
    if let Some(field) = fields.optional(tag::context_constructed(0), WHAT)?
        && field.reader().small_integer(WHAT)? != 0
    {
        return Err(Malformed::new("ResponseData (version)"));
    }
    let responder_field = fields.any("ResponderID")?;
    let responder = if responder_field.tag == tag::context_constructed(1) {
        ResponderId::ByName(Name::from_der(responder_field.content)?)
    } else if responder_field.tag == tag::context_constructed(2) {
        let hash = only(responder_field.content, tag::OCTET_STRING, "ResponderID")?;
        ResponderId::ByKey(hash.content.to_vec())
    } else {
        return Err(Malformed::new("ResponderID"));
    };
    let produced_at = fields.generalized_time("producedAt")?;
    let mut list = fields.sequence("responses")?;
    let mut singles = Vec::new();
    while !list.is_empty() {
        if singles.len() >= MAX_SINGLES {
            return Err(Malformed::new("responses (too many)"));
        }
        singles.push(read_single(list.sequence("SingleResponse")?)?);
    }
    let extensions = match fields.optional(tag::context_constructed(1), WHAT)? {
        None => Extensions::default(),
        Some(field) => Extensions::read(field.content)?,
    };
    fields.finish(WHAT)?;
    Ok(BasicResponse {
        der: Vec::new(),
        tbs: Vec::new(),
        responder,
        produced_at,
        singles,
        nonce: extensions.nonce,
        certificates: Vec::new(),
        signature_algorithm_der: Vec::new(),
        signature: Vec::new(),
        unknown_critical: extensions.unknown_critical,
    })
}

fn read_single(mut fields: Reader<'_>) -> Result<SingleResponse, Malformed> {
    const WHAT: &str = "SingleResponse";
    let id = CertId::read(&mut fields)?;
    let status_field = fields.any("CertStatus")?;
    let status = match status_field.tag {
        0x80 if status_field.content.is_empty() => CertStatus::Good,
        0xa1 => read_revoked(status_field.reader())?,
        0x82 if status_field.content.is_empty() => CertStatus::Unknown,
        _ => return Err(Malformed::new("CertStatus")),
    };
    let this_update = fields.generalized_time("thisUpdate")?;
    let next_update = match fields.optional(tag::context_constructed(0), WHAT)? {
        None => None,
        Some(field) => Some(field.reader().generalized_time("nextUpdate")?),
    };
    let extensions = match fields.optional(tag::context_constructed(1), WHAT)? {
        None => Extensions::default(),
        Some(field) => Extensions::read(field.content)?,
    };
    fields.finish(WHAT)?;
    Ok(SingleResponse {
        id,
        status,
        this_update,
        next_update,
        archive_cutoff: extensions.archive_cutoff,
        unknown_critical: extensions.unknown_critical,
    })
}

fn read_revoked(mut fields: Reader<'_>) -> Result<CertStatus, Malformed> {
    const WHAT: &str = "RevokedInfo";
    let at = fields.generalized_time(WHAT)?;
    let reason = match fields.optional(tag::context_constructed(0), WHAT)? {
        None => None,
        Some(field) => match only(field.content, tag::ENUMERATED, WHAT)?.content {
            [reason] => Some(*reason),
            _ => return Err(Malformed::new(WHAT)),
        },
    };
    fields.finish(WHAT)?;
    Ok(CertStatus::Revoked { at, reason })
}
