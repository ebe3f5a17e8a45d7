//! OCSPRequest (RFC 6960 4.1).

use super::super::Malformed;
use super::super::cert::read_extensions;
use super::super::der::write::Criticality;
use super::super::der::{Reader, only, tag, write};
use super::super::oid::{self, ObjectId};
use super::{CertId, MAX_SINGLES};

const WHAT: &str = "OCSPRequest";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub ids: Vec<CertId>,
    pub nonce: Option<Vec<u8>>,
    /// Critical extensions that are not known here: such a request must be refused.
    pub unknown_critical: Vec<ObjectId>,
}

impl Request {
    pub fn new(ids: Vec<CertId>, nonce: Option<&[u8]>) -> Self {
        Self {
            ids,
            nonce: nonce.map(<[u8]>::to_vec),
            unknown_critical: Vec::new(),
        }
    }

    /// Unsigned, without the requestor's name.
    pub fn to_der(&self) -> Vec<u8> {
        let list: Vec<Vec<u8>> = self
            .ids
            .iter()
            .map(|id| write::sequence(&[&id.der]))
            .collect();
        let mut fields = vec![write::sequence(&list)];
        if let Some(nonce) = &self.nonce {
            fields.push(write::explicit(
                2,
                &write::sequence(&[nonce_extension(nonce)]),
            ));
        }
        write::sequence(&[write::sequence(&fields)])
    }

    /// A signature over the request is passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut outer = only(bytes, tag::SEQUENCE, WHAT)?.reader();
        let mut fields = outer.sequence("TBSRequest")?;
        outer.optional(tag::context_constructed(0), WHAT)?;
        outer.finish(WHAT)?;
        fields.optional(tag::context_constructed(0), WHAT)?;
        fields.optional(tag::context_constructed(1), WHAT)?;
        let mut list = fields.sequence("requestList")?;
        let mut ids = Vec::new();
        while !list.is_empty() {
            if ids.len() >= MAX_SINGLES {
                return Err(Malformed::new("requestList (too many)"));
            }
            let mut request = list.sequence("Request")?;
            ids.push(CertId::read(&mut request)?);
            request.optional(tag::context_constructed(0), "Request")?;
            request.finish("Request")?;
        }
        let mut extensions = Extensions::default();
        if let Some(field) = fields.optional(tag::context_constructed(2), WHAT)? {
            extensions = Extensions::read(field.content)?;
        }
        fields.finish("TBSRequest")?;
        Ok(Self {
            ids,
            nonce: extensions.nonce,
            unknown_critical: extensions.unknown_critical,
        })
    }
}

/// RFC 8954 2.1: Nonce ::= OCTET STRING (SIZE(1..32)).
pub(super) fn nonce_extension(nonce: &[u8]) -> Vec<u8> {
    let value = write::octet_string(nonce);
    write::extension(oid::OCSP_NONCE, Criticality::NonCritical, &value)
}

/// The extensions of a request, a response or a single response.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub nonce: Option<Vec<u8>>,
    pub archive_cutoff: Option<i64>,
    pub unknown_critical: Vec<ObjectId>,
}

impl Extensions {
    /// `bytes` is the SEQUENCE of extensions.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let list = only(bytes, tag::SEQUENCE, "Extensions")?.reader();
        let mut extensions = Self::default();
        for extension in read_extensions(list)? {
            match extension.id {
                id if id == oid::OCSP_NONCE => {
                    extensions.nonce = Some(read_nonce(extension.value)?);
                }
                id if id == oid::OCSP_ARCHIVE_CUTOFF => {
                    let mut reader = Reader::new(extension.value);
                    extensions.archive_cutoff = Some(reader.generalized_time("ArchiveCutoff")?);
                }
                id if extension.critical => {
                    extensions.unknown_critical.push(ObjectId::from_body(id)?);
                }
                _ => {}
            }
        }
        Ok(extensions)
    }
}

/// Old clients put the nonce in bare, without the OCTET STRING that RFC 6960 4.4.1 leaves open and RFC 8954 demands.
fn read_nonce(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    // RFC 8954 2.1: at most 32 octets; RFC 9654 2.1 raises it to 128.
    if value.is_empty() || value.len() > 130 {
        return Err(Malformed::new("OCSP nonce"));
    }
    let nonce = match only(value, tag::OCTET_STRING, "OCSP nonce") {
        Ok(wrapped) => wrapped.content,
        Err(_) => value,
    };
    Ok(nonce.to_vec())
}
