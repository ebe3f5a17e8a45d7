//! Attributes of a signer (RFC 5652 5.3, 11; RFC 5035).

use super::super::Malformed;
use super::super::cert::{Certificate, Name};
use super::super::der::{Reader, Tlv, only, same_integer, tag, time};
use super::super::digest::DigestAlgorithm;
use super::super::oid::{self, ObjectId};
use super::{CertificateBinding, Finding};

const WHAT: &str = "Attribute";

/// Most attributes of one set and values of one attribute; archive time-stamps of some decades stay far below.
const MAX_ATTRIBUTES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub kind: ObjectId,
    /// The encodings of the values.
    pub values: Vec<Vec<u8>>,
}

/// ESSCertID or ESSCertIDv2: the hash of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EssCertId {
    /// None: a hash function that is not known here.
    pub digest: Option<DigestAlgorithm>,
    pub hash: Vec<u8>,
    pub issuer_serial: Option<(Name, Vec<u8>)>,
}

/// The signed attributes of one signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAttributes {
    /// What the signature stands over: the attributes as received, under the tag of SET OF.
    pub set_der: Vec<u8>,
    pub content_type: Option<ObjectId>,
    pub message_digest: Option<Vec<u8>>,
    /// Claimed by the signer; Unix seconds.
    pub signing_time: Option<i64>,
    /// signing-certificate-v2, or signing-certificate where that is not there.
    pub ess: Vec<EssCertId>,
    pub attributes: Vec<Attribute>,
}

impl EssCertId {
    pub(super) fn binds(&self, certificate: &Certificate) -> CertificateBinding {
        let Some(digest) = self.digest else {
            return CertificateBinding::UnsupportedDigest;
        };
        let hash_fits = match digest {
            DigestAlgorithm::Sha256 => certificate.sha256().as_slice() == self.hash,
            other => other.hash(certificate.der()) == self.hash,
        };
        let name_fits = self.issuer_serial.as_ref().is_none_or(|(issuer, serial)| {
            same_integer(certificate.serial(), serial) && certificate.issuer().matches(issuer)
        });
        if hash_fits && name_fits {
            CertificateBinding::Bound
        } else {
            CertificateBinding::Mismatch
        }
    }
}

impl SignedAttributes {
    /// `field` is the `[0]` element of the SignerInfo.
    pub(super) fn read(field: Tlv<'_>, findings: &mut Vec<Finding>) -> Result<Self, Malformed> {
        // RFC 5652 5.4: the SET OF tag instead of [0] IMPLICIT; everything else as it stands.
        let mut set_der = field.raw.to_vec();
        if let Some(first) = set_der.first_mut() {
            *first = tag::SET;
        }
        if !is_sorted(field.reader())? {
            findings.push(Finding::SignedAttributesNotSorted);
        }
        let attributes = read_attributes(field.reader())?;
        let mut single = |kind| match single_value(&attributes, kind) {
            Ok(value) => value,
            Err(finding) => {
                findings.push(finding);
                None
            }
        };
        let content_type = single(oid::ATTR_CONTENT_TYPE).map(read_content_type);
        let message_digest = single(oid::ATTR_MESSAGE_DIGEST).map(read_message_digest);
        let signing_time = single(oid::ATTR_SIGNING_TIME).map(read_signing_time);
        let ess_v1 = single(oid::ATTR_SIGNING_CERTIFICATE).map(read_ess_v1);
        let ess_v2 = single(oid::ATTR_SIGNING_CERTIFICATE_V2).map(read_ess_v2);
        Ok(Self {
            set_der,
            content_type: readable(content_type, findings),
            message_digest: readable(message_digest, findings),
            signing_time: readable(signing_time, findings),
            ess: readable(ess_v2.or(ess_v1), findings).unwrap_or_default(),
            attributes,
        })
    }

    /// The only value of an attribute, where it is there once with one value.
    pub fn value(&self, kind: &[u8]) -> Option<&[u8]> {
        single_value(&self.attributes, kind).ok().flatten()
    }
}

fn readable<T>(value: Option<Result<T, Malformed>>, findings: &mut Vec<Finding>) -> Option<T> {
    match value? {
        Ok(value) => Some(value),
        Err(_) => {
            findings.push(Finding::AttributeMalformed);
            None
        }
    }
}

/// X.690 11.6, and no attribute twice.
fn is_sorted(mut attributes: Reader<'_>) -> Result<bool, Malformed> {
    let mut previous: &[u8] = &[];
    while !attributes.is_empty() {
        let next = attributes.any(WHAT)?.raw;
        if previous >= next {
            return Ok(false);
        }
        previous = next;
    }
    Ok(true)
}

pub(super) fn read_attributes(mut set: Reader<'_>) -> Result<Vec<Attribute>, Malformed> {
    let mut attributes = Vec::new();
    while !set.is_empty() {
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err(Malformed::new("Attributes (too many)"));
        }
        let mut fields = set.sequence(WHAT)?;
        let kind = ObjectId::from_body(fields.oid(WHAT)?)?;
        let mut members = fields.read(tag::SET, WHAT)?.reader();
        fields.finish(WHAT)?;
        let mut values = Vec::with_capacity(1);
        while !members.is_empty() {
            if values.len() >= MAX_ATTRIBUTES {
                return Err(Malformed::new("AttributeValues (too many)"));
            }
            values.push(members.any(WHAT)?.raw.to_vec());
        }
        attributes.push(Attribute { kind, values });
    }
    Ok(attributes)
}

/// RFC 5652 11: at most one instance, exactly one value.
pub(super) fn single_value<'a>(
    attributes: &'a [Attribute],
    kind: &[u8],
) -> Result<Option<&'a [u8]>, Finding> {
    let mut instances = attributes
        .iter()
        .filter(|attribute| attribute.kind == *kind);
    match (instances.next(), instances.next()) {
        (None, _) => Ok(None),
        (Some(attribute), None) => match attribute.values.as_slice() {
            [value] => Ok(Some(value)),
            _ => Err(Finding::AttributeNotSingle),
        },
        (Some(_), Some(_)) => Err(Finding::AttributeNotSingle),
    }
}

fn read_content_type(value: &[u8]) -> Result<ObjectId, Malformed> {
    ObjectId::from_body(only(value, tag::OID, "contentType")?.content)
}

fn read_message_digest(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(only(value, tag::OCTET_STRING, "messageDigest")?
        .content
        .to_vec())
}

fn read_signing_time(value: &[u8]) -> Result<i64, Malformed> {
    let mut reader = Reader::new(value);
    let tlv = reader.any("signingTime")?;
    reader.finish("signingTime")?;
    time::unix_seconds(tlv).ok_or(Malformed::new("signingTime"))
}

/// RFC 2634 5.4: SEQUENCE { certs SEQUENCE OF ESSCertID, policies OPTIONAL }, the hash being SHA-1.
fn read_ess_v1(value: &[u8]) -> Result<Vec<EssCertId>, Malformed> {
    read_ess(value, |_| Ok(Some(DigestAlgorithm::Sha1)))
}

/// RFC 5035 3: the hash algorithm comes first, DEFAULT SHA-256.
fn read_ess_v2(value: &[u8]) -> Result<Vec<EssCertId>, Malformed> {
    read_ess(value, |fields| {
        if fields.peek_tag() == Some(tag::SEQUENCE) {
            Ok(DigestAlgorithm::read(fields)?.1)
        } else {
            Ok(Some(DigestAlgorithm::Sha256))
        }
    })
}

fn read_ess(
    value: &[u8],
    read_digest: impl Fn(&mut Reader<'_>) -> Result<Option<DigestAlgorithm>, Malformed>,
) -> Result<Vec<EssCertId>, Malformed> {
    const ESS: &str = "SigningCertificate";
    let mut outer = only(value, tag::SEQUENCE, ESS)?.reader();
    let mut list = outer.sequence(ESS)?;
    let mut ids = Vec::with_capacity(1);
    while !list.is_empty() {
        if ids.len() >= MAX_ATTRIBUTES {
            return Err(Malformed::new("SigningCertificate (too many)"));
        }
        let mut fields = list.sequence(ESS)?;
        let digest = read_digest(&mut fields)?;
        let hash = fields.octet_string(ESS)?.to_vec();
        let issuer_serial = if fields.is_empty() {
            None
        } else {
            Some(read_issuer_serial(&mut fields)?)
        };
        fields.finish(ESS)?;
        ids.push(EssCertId {
            digest,
            hash,
            issuer_serial,
        });
    }
    if ids.is_empty() {
        return Err(Malformed::new(ESS));
    }
    Ok(ids)
}

/// RFC 5035 3: IssuerSerial, whose issuer is a GeneralNames with one directoryName `[4]`.
fn read_issuer_serial(fields: &mut Reader<'_>) -> Result<(Name, Vec<u8>), Malformed> {
    const ISSUER_SERIAL: &str = "IssuerSerial";
    let mut pair = fields.sequence(ISSUER_SERIAL)?;
    let mut names = pair.sequence(ISSUER_SERIAL)?;
    let directory_name = names.read(tag::context_constructed(4), ISSUER_SERIAL)?;
    names.finish(ISSUER_SERIAL)?;
    let name = Name::from_der(directory_name.content)?;
    let serial = pair.integer_lenient(ISSUER_SERIAL)?.to_vec();
    pair.finish(ISSUER_SERIAL)?;
    Ok((name, serial))
}
