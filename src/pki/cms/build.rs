//! Writing SignedData: first the attributes to sign, then, with the signature, the message (RFC 5652 5; EN 319 122-1 5; EN 319 142-1 5.2).
//!
//! # Invariants
//! * One signer, named by issuer and serial number; certificates and attributes in DER order.
//! * signing-certificate-v2 is always signed; the signing time only where asked for, because PAdES forbids it (EN 319 142-1 6.3).

use super::super::cert::Certificate;
use super::super::crypto::SignatureAlgorithm;
use super::super::der::{tag, time, write};
use super::super::digest::DigestAlgorithm;
use super::super::oid;
use super::layout::attribute;

/// What is known before signing.
#[derive(Debug, Clone, Copy)]
pub struct SigningFacts<'a> {
    /// [`oid::ID_DATA`] for documents.
    pub content_type: &'static [u8],
    /// The hash of the content and of the attributes.
    pub digest: DigestAlgorithm,
    pub message_digest: &'a [u8],
    pub signer: &'a Certificate,
    /// Unix seconds; None for PAdES.
    pub signing_time: Option<i64>,
}

/// The attributes to sign, encoded; made by [`attributes_to_sign`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAttrs {
    der: Vec<u8>,
    digest: DigestAlgorithm,
    content_type: &'static [u8],
}

impl SignedAttrs {
    /// The message to sign: the DER of the SET OF (RFC 5652 5.4).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its digest, for keys that sign digests.
    pub fn digest(&self) -> Vec<u8> {
        self.digest.hash(&self.der)
    }

    pub fn digest_algorithm(&self) -> DigestAlgorithm {
        self.digest
    }
}

pub fn attributes_to_sign(facts: &SigningFacts<'_>) -> SignedAttrs {
    attributes_and_more(facts, None)
}

/// With the mime-type of the signed data (EN 319 122-1 5.2.4.2), which CAdES has and PAdES has not.
pub fn attributes_and_more(facts: &SigningFacts<'_>, mime_type: Option<&str>) -> SignedAttrs {
    let mut attributes = vec![
        attribute(oid::ATTR_CONTENT_TYPE, &write::oid(facts.content_type)),
        attribute(
            oid::ATTR_MESSAGE_DIGEST,
            &write::octet_string(facts.message_digest),
        ),
        attribute(
            oid::ATTR_SIGNING_CERTIFICATE_V2,
            &signing_certificate_v2(facts.signer, facts.digest),
        ),
    ];
    if let Some(unix_s) = facts.signing_time {
        // RFC 5652 11.3: UTCTime through 2049, as in certificates.
        attributes.push(attribute(oid::ATTR_SIGNING_TIME, &time::encode(unix_s)));
    }
    if let Some(mime_type) = mime_type {
        attributes.push(attribute(
            oid::ATTR_MIME_TYPE,
            &write::utf8_string(mime_type),
        ));
    }
    SignedAttrs {
        der: write::set_of(&attributes),
        digest: facts.digest,
        content_type: facts.content_type,
    }
}

/// RFC 5035 3: one ESSCertIDv2. The hash algorithm is left out where it is the default; so are issuer and serial number, which the hash
/// already fixes.
fn signing_certificate_v2(signer: &Certificate, digest: DigestAlgorithm) -> Vec<u8> {
    let id = match digest {
        DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => write::sequence(&[
            digest.algorithm_identifier(),
            write::octet_string(&digest.hash(signer.der())),
        ]),
        _ => write::sequence(&[write::octet_string(&signer.sha256())]),
    };
    write::sequence(&[write::sequence(&[id])])
}

/// Everything that goes into the finished message.
#[derive(Debug, Clone, Copy)]
pub struct Assembly<'a> {
    pub attributes: &'a SignedAttrs,
    pub signature: &'a [u8],
    pub algorithm: SignatureAlgorithm,
    pub signer: &'a Certificate,
    /// The others; the signer's own is added, and none goes in twice. None: no certificate at all, not even the signer's.
    pub certificates: Option<&'a [Certificate]>,
    /// None: detached.
    pub content: Option<&'a [u8]>,
    /// A time-stamp token over the signature value (EN 319 122-1 5.3).
    pub timestamp_token: Option<&'a [u8]>,
    pub crls: &'a [Vec<u8>],
}

/// The ContentInfo.
pub fn assemble(parts: &Assembly<'_>) -> Vec<u8> {
    let attributes = parts.attributes;
    let digest_algorithm = attributes.digest.algorithm_identifier();
    let mut encapsulated = vec![write::oid(attributes.content_type)];
    if let Some(content) = parts.content {
        encapsulated.push(write::explicit(0, &write::octet_string(content)));
    }
    // RFC 5652 5.1: version 3 for any content but id-data, else 1; nothing that would call for 4 or 5 goes in.
    let version = if attributes.content_type == oid::ID_DATA {
        1
    } else {
        3
    };
    let mut fields = vec![
        write::small_integer(version),
        write::set_of(&[digest_algorithm.as_slice()]),
        write::sequence(&encapsulated),
    ];
    if let Some(others) = parts.certificates {
        let mut certificates = vec![parts.signer.der()];
        for certificate in others {
            if !certificates.contains(&certificate.der()) {
                certificates.push(certificate.der());
            }
        }
        fields.push(write::set_of_tagged(
            tag::context_constructed(0),
            &certificates,
        ));
    }
    if !parts.crls.is_empty() {
        fields.push(write::set_of_tagged(
            tag::context_constructed(1),
            parts.crls,
        ));
    }
    fields.push(write::set_of(&[signer_info(parts, digest_algorithm)]));
    write::sequence(&[
        write::oid(oid::ID_SIGNED_DATA),
        write::explicit(0, &write::sequence(&fields)),
    ])
}

/// RFC 5652 5.3.
fn signer_info(parts: &Assembly<'_>, digest_algorithm: Vec<u8>) -> Vec<u8> {
    let mut signed_attributes = parts.attributes.der.clone();
    if let Some(first) = signed_attributes.first_mut() {
        *first = tag::context_constructed(0);
    }
    let mut fields = vec![
        // Version 1 goes with issuer and serial number.
        write::small_integer(1),
        write::sequence(&[
            parts.signer.issuer().raw(),
            &write::element(tag::INTEGER, parts.signer.serial()),
        ]),
        digest_algorithm,
        signed_attributes,
        parts.algorithm.to_der(),
        write::octet_string(parts.signature),
    ];
    if let Some(token) = parts.timestamp_token {
        let attribute = attribute(oid::ATTR_SIGNATURE_TIME_STAMP, token);
        fields.push(write::element(tag::context_constructed(1), &attribute));
    }
    write::sequence(&fields)
}

/// The size of the message that [`assemble`] would make with a signature and a token of these sizes; never smaller for smaller ones.
pub fn size_upper_bound(
    signer: &Certificate,
    certificates: &[Certificate],
    algorithm: SignatureAlgorithm,
    token_bytes: usize,
) -> usize {
    let digest = algorithm.cms_digest();
    let attributes = attributes_to_sign(&SigningFacts {
        content_type: oid::ID_DATA,
        digest,
        message_digest: &vec![0; digest.output_bytes()],
        signer,
        signing_time: Some(0),
    });
    let token = vec![0; token_bytes];
    assemble(&Assembly {
        attributes: &attributes,
        signature: &vec![0; signer.key_facts().signature_bytes_max()],
        algorithm,
        signer,
        certificates: Some(certificates),
        content: None,
        timestamp_token: (token_bytes > 0).then_some(token.as_slice()),
        crls: &[],
    })
    .len()
}
