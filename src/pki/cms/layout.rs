//! Where the parts of a SignedData lie, as they were received, and writing it again with more in it (RFC 5652 5.1, 5.3).
//!
//! # Invariants
//! * What was there keeps its octets: certificates, revocation information and attributes are copied as they lie. Only what counts or
//!   encloses them (lengths, the version, the sets) is written anew.
//! * A set in the order of DER stays in it; in any other the new members come last, so that nothing old moves.
//!
//! # What is not here
//! What any of it means: [`SignedData`](super::SignedData).

use super::super::Malformed;
use super::super::der::{Reader, Tlv, only, tag, write};
use super::super::digest::DigestAlgorithm;
use super::super::oid;

const WHAT: &str = "SignedData";

/// Most members of one set: as in reading a SignedData.
const MAX_MEMBERS: usize = 256;
const MAX_SIGNERS: usize = 32;

/// A message whose lengths are definite (`der::normalise` makes any message such).
#[derive(Debug, Clone)]
pub struct Layout<'a> {
    version: u32,
    digest_algorithms: Vec<&'a [u8]>,
    encapsulated: &'a [u8],
    /// The whole encoding of eContentType.
    pub content_type: &'a [u8],
    /// CertificateChoices.
    pub certificates: Vec<&'a [u8]>,
    /// RevocationInfoChoices.
    pub revocation: Vec<&'a [u8]>,
    pub signers: Vec<SignerLayout<'a>>,
}

#[derive(Debug, Clone)]
pub struct SignerLayout<'a> {
    /// The encodings of version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature, one after another.
    pub fixed: &'a [u8],
    pub unsigned: Vec<UnsignedLayout<'a>>,
}

/// One unsigned attribute.
#[derive(Debug, Clone)]
pub struct UnsignedLayout<'a> {
    raw: &'a [u8],
    /// The whole encoding of attrType.
    pub kind: &'a [u8],
    /// The encodings of the values.
    pub values: Vec<&'a [u8]>,
}

/// What is to be put in; what is there already does not go in again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Additions<'a> {
    pub certificates: &'a [Vec<u8>],
    /// CertificateLists.
    pub crls: &'a [Vec<u8>],
    /// OCSPResponses.
    pub ocsp_responses: &'a [Vec<u8>],
    /// An unsigned attribute with one value: index of the signer, attribute type, value.
    pub unsigned: Option<(usize, &'a [u8], &'a [u8])>,
    /// Whether that attribute takes the place of those of its type.
    pub placing: Placing,
    /// A hash function to be listed at the head.
    pub digest: Option<DigestAlgorithm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placing {
    /// One more.
    #[default]
    Beside,
    /// Only for attributes that nothing covers yet.
    InsteadOf,
}

impl<'a> Layout<'a> {
    /// Reads one message; nothing may follow it.
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = only(message, tag::SEQUENCE, "ContentInfo")?.reader();
        if outer.oid("ContentInfo")? != oid::ID_SIGNED_DATA {
            return Err(Malformed::new("ContentInfo (not SignedData)"));
        }
        let inner = outer.read(tag::context_constructed(0), "ContentInfo")?;
        outer.finish("ContentInfo")?;
        let mut fields = only(inner.content, tag::SEQUENCE, WHAT)?.reader();
        let version = fields.small_integer("CMSVersion")?;
        let digest_algorithms = members(fields.read(tag::SET, WHAT)?)?;
        let encapsulated = fields.read(tag::SEQUENCE, "EncapsulatedContentInfo")?;
        let content_type = encapsulated
            .reader()
            .read(tag::OID, "EncapsulatedContentInfo")?
            .raw;
        let mut set = |number| match fields.optional(tag::context_constructed(number), WHAT)? {
            None => Ok(Vec::new()),
            Some(field) => members(field),
        };
        let certificates = set(0)?;
        let revocation = set(1)?;
        let mut signers = fields.read(tag::SET, "SignerInfos")?.reader();
        fields.finish(WHAT)?;
        let mut layout = Self {
            version,
            digest_algorithms,
            encapsulated: encapsulated.raw,
            content_type,
            certificates,
            revocation,
            signers: Vec::new(),
        };
        while !signers.is_empty() {
            if layout.signers.len() >= MAX_SIGNERS {
                return Err(Malformed::new("SignerInfos (too many)"));
            }
            let signer = signers.read(tag::SEQUENCE, "SignerInfo")?;
            layout.signers.push(SignerLayout::read(signer)?);
        }
        Ok(layout)
    }

    /// The message with `more` in it.
    pub fn with(&self, more: &Additions<'_>) -> Vec<u8> {
        let listed = more.digest.filter(|digest| !self.lists(*digest));
        let digests: Vec<Vec<u8>> = listed
            .map(DigestAlgorithm::algorithm_identifier)
            .into_iter()
            .collect();
        let mut revocation = more.crls.to_vec();
        revocation.extend(more.ocsp_responses.iter().map(|r| other_revocation(r)));
        // RFC 5652 5.1: version 5 where revocation information of another kind than a CRL is present.
        let version = if more.ocsp_responses.is_empty() {
            self.version
        } else {
            self.version.max(5)
        };
        let mut fields = vec![
            write::small_integer(version),
            write::constructed(tag::SET, &joined(&self.digest_algorithms, &digests)),
            self.encapsulated.to_vec(),
        ];
        let certificates = joined(&self.certificates, more.certificates);
        let revocation = joined(&self.revocation, &revocation);
        for (number, set) in [(0, certificates), (1, revocation)] {
            if !set.is_empty() {
                fields.push(write::constructed(tag::context_constructed(number), &set));
            }
        }
        let signers: Vec<Vec<u8>> = self
            .signers
            .iter()
            .enumerate()
            .map(|(index, signer)| match more.unsigned {
                Some((of, kind, value)) if of == index => {
                    let replaced = (more.placing == Placing::InsteadOf).then_some(kind);
                    signer.with(&[attribute(kind, value)], replaced)
                }
                _ => signer.with(&[], None),
            })
            .collect();
        let old: Vec<&[u8]> = signers.iter().map(Vec::as_slice).collect();
        fields.push(write::constructed(tag::SET, &old));
        write::sequence(&[
            write::oid(oid::ID_SIGNED_DATA),
            write::explicit(0, &write::sequence(&fields)),
        ])
    }

    fn lists(&self, digest: DigestAlgorithm) -> bool {
        self.digest_algorithms.iter().any(|listed| {
            DigestAlgorithm::read(&mut Reader::new(listed)).is_ok_and(|(_, d)| d == Some(digest))
        })
    }
}

impl<'a> SignerLayout<'a> {
    fn read(signer: Tlv<'a>) -> Result<Self, Malformed> {
        const SIGNER: &str = "SignerInfo";
        let mut fields = signer.reader();
        fields.read(tag::INTEGER, SIGNER)?;
        fields.any(SIGNER)?;
        fields.read(tag::SEQUENCE, SIGNER)?;
        fields.optional(tag::context_constructed(0), SIGNER)?;
        fields.read(tag::SEQUENCE, SIGNER)?;
        fields.read(tag::OCTET_STRING, SIGNER)?;
        let fixed_bytes = signer.content.len().saturating_sub(fields.rest().len());
        let fixed = signer.content.get(..fixed_bytes).unwrap_or_default();
        let unsigned = match fields.optional(tag::context_constructed(1), SIGNER)? {
            None => Vec::new(),
            Some(field) => members(field)?
                .into_iter()
                .map(UnsignedLayout::read)
                .collect::<Result<_, _>>()?,
        };
        fields.finish(SIGNER)?;
        Ok(Self { fixed, unsigned })
    }

    fn with(&self, more: &[Vec<u8>], replaced: Option<&[u8]>) -> Vec<u8> {
        let replaced = replaced.map(write::oid);
        let stays = |a: &&UnsignedLayout<'_>| replaced.as_deref() != Some(a.kind);
        let old: Vec<&[u8]> = self.unsigned.iter().filter(stays).map(|a| a.raw).collect();
        let attributes = joined(&old, more);
        if attributes.is_empty() {
            return write::element(tag::SEQUENCE, self.fixed);
        }
        let set = write::constructed(tag::context_constructed(1), &attributes);
        write::sequence(&[self.fixed, set.as_slice()])
    }

    pub fn has(&self, kind: &[u8]) -> bool {
        let kind = write::oid(kind);
        self.unsigned.iter().any(|a| a.kind == kind)
    }
}

impl<'a> UnsignedLayout<'a> {
    fn read(raw: &'a [u8]) -> Result<Self, Malformed> {
        const ATTRIBUTE: &str = "Attribute";
        let mut fields = only(raw, tag::SEQUENCE, ATTRIBUTE)?.reader();
        let kind = fields.read(tag::OID, ATTRIBUTE)?.raw;
        let values = members(fields.read(tag::SET, ATTRIBUTE)?)?;
        fields.finish(ATTRIBUTE)?;
        Ok(Self { raw, kind, values })
    }
}

/// An attribute with one value.
pub(super) fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    write::sequence(&[write::oid(kind), write::element(tag::SET, value)])
}

/// RFC 5940 2.1: an OCSPResponse as OtherRevocationInfoFormat, under the choice's `[1]`.
fn other_revocation(response: &[u8]) -> Vec<u8> {
    let kind = write::oid(oid::RI_OCSP_RESPONSE);
    write::constructed(tag::context_constructed(1), &[kind.as_slice(), response])
}

fn members(set: Tlv<'_>) -> Result<Vec<&[u8]>, Malformed> {
    let mut reader = set.reader();
    let mut members = Vec::new();
    while !reader.is_empty() {
        if members.len() >= MAX_MEMBERS {
            return Err(Malformed::new("SignedData (a set has too many members)"));
        }
        members.push(reader.any(WHAT)?.raw);
    }
    Ok(members)
}

/// Old members and, once each, those of the new that are not among them.
fn joined<'m>(old: &[&'m [u8]], new: &'m [Vec<u8>]) -> Vec<&'m [u8]> {
    let in_order = old.is_sorted();
    let mut all = old.to_vec();
    for member in new {
        if !all.contains(&member.as_slice()) {
            all.push(member);
        }
    }
    if in_order {
        all.sort_unstable();
    }
    all
}
