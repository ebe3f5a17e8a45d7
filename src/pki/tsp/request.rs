//! TimeStampReq (RFC 3161 2.4.1).

use super::super::Malformed;
use super::super::der::{Reader, only, tag, write};
use super::super::digest::DigestAlgorithm;
use super::super::oid::ObjectId;
use super::bounded;

const WHAT: &str = "TimeStampReq";

/// The hash of what is stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    pub digest: DigestAlgorithm,
    pub hash: Vec<u8>,
}

impl Imprint {
    pub fn of(digest: DigestAlgorithm, bytes: &[u8]) -> Self {
        Self {
            digest,
            hash: digest.hash(bytes),
        }
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        write::sequence(&[
            self.digest.algorithm_identifier_with_null(),
            write::octet_string(&self.hash),
        ])
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        const IMPRINT: &str = "MessageImprint";
        let mut fields = reader.sequence(IMPRINT)?;
        let (_, digest) = DigestAlgorithm::read(&mut fields)?;
        let digest = digest.ok_or(Malformed::new("MessageImprint (unknown hash)"))?;
        let hash = fields.octet_string(IMPRINT)?.to_vec();
        fields.finish(IMPRINT)?;
        // RFC 3161 2.4.1: the length is that of the hash.
        if hash.len() != digest.output_bytes() {
            return Err(Malformed::new("MessageImprint (length)"));
        }
        Ok(Self { digest, hash })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub imprint: Imprint,
    pub policy: Option<ObjectId>,
    /// Content octets of an INTEGER.
    pub nonce: Option<Vec<u8>>,
    /// Whether the token is to carry the authority's certificate.
    pub cert_req: bool,
    /// Critical extensions, none of which is known here: such a request must be rejected.
    pub unknown_critical: Vec<ObjectId>,
}

impl Request {
    /// A request for a token with certificates. `nonce` are random octets, taken as an unsigned number.
    pub fn new(imprint: Imprint, nonce: Option<&[u8]>) -> Self {
        Self {
            imprint,
            policy: None,
            nonce: nonce.map(write::unsigned_content),
            cert_req: true,
            unknown_critical: Vec::new(),
        }
    }

    /// Extensions are not written.
    pub fn to_der(&self) -> Vec<u8> {
        let mut fields = vec![write::small_integer(1), self.imprint.to_der()];
        if let Some(policy) = &self.policy {
            fields.push(write::oid(policy.body()));
        }
        if let Some(nonce) = &self.nonce {
            fields.push(write::element(tag::INTEGER, nonce));
        }
        if self.cert_req {
            fields.push(write::boolean_true());
        }
        write::sequence(&fields)
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
        if fields.small_integer(WHAT)? != 1 {
            return Err(Malformed::new("TimeStampReq (version)"));
        }
        let imprint = Imprint::read(&mut fields)?;
        let policy = match fields.optional(tag::OID, WHAT)? {
            None => None,
            Some(field) => Some(ObjectId::from_body(field.content)?),
        };
        let nonce = match fields.peek_tag() {
            Some(tag::INTEGER) => Some(bounded(fields.integer(WHAT)?, "nonce")?),
            _ => None,
        };
        let cert_req = fields.boolean_or_false(WHAT)?;
        let unknown_critical = match fields.optional(tag::context_constructed(0), WHAT)? {
            None => Vec::new(),
            Some(field) => super::super::cert::critical_extensions(field.reader())?,
        };
        fields.finish(WHAT)?;
        Ok(Self {
            imprint,
            policy,
            nonce,
            cert_req,
            unknown_critical,
        })
    }
}
