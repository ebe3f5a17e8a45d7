//! Messages, tokens and signed files of every odd kind.

use super::{at, page};
use crate::pdf::{FieldRequest, Increment, Limits, Place, SubFilter, append_signature, inspect};
use crate::pki::cert::Certificate;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::der::{tag, write};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::oid::{self, ObjectId};
use crate::pki::tests::sign;
use crate::pki::tsp::{Imprint, TokenDraft, TstInfo};
use crate::trust::tests::{Holder, NOW};

/// One SignerInfo as it is to be written.
pub struct Info<'a> {
    pub holder: &'a Holder,
    /// Whose issuer and serial number are named.
    pub named: &'a Certificate,
    pub algorithm: SignatureAlgorithm,
    /// What is written of it.
    pub algorithm_der: Vec<u8>,
    /// AlgorithmIdentifier of the digest.
    pub digest_der: Vec<u8>,
    /// Encoded attributes; None: the signature is over the content itself.
    pub attributes: Option<Vec<Vec<u8>>>,
    pub unsigned: Vec<Vec<u8>>,
    content: Vec<u8>,
}

pub fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    write::sequence(&[write::oid(kind), write::element(tag::SET, value)])
}

pub fn content_type(kind: &[u8]) -> Vec<u8> {
    attribute(oid::ATTR_CONTENT_TYPE, &write::oid(kind))
}

pub fn message_digest(digest: &[u8]) -> Vec<u8> {
    attribute(oid::ATTR_MESSAGE_DIGEST, &write::octet_string(digest))
}

/// signing-certificate-v2 with SHA-256.
pub fn signing_certificate(certificate: &Certificate) -> Vec<u8> {
    let id = write::sequence(&[write::octet_string(&certificate.sha256())]);
    let value = write::sequence(&[write::sequence(&[id])]);
    attribute(oid::ATTR_SIGNING_CERTIFICATE_V2, &value)
}

/// signing-certificate, which has SHA-1.
pub fn signing_certificate_v1(certificate: &Certificate) -> Vec<u8> {
    let hash = DigestAlgorithm::Sha1.hash(certificate.der());
    let value = write::sequence(&[write::sequence(&[write::sequence(&[write::octet_string(
        &hash,
    )])])]);
    attribute(oid::ATTR_SIGNING_CERTIFICATE, &value)
}

impl<'a> Info<'a> {
    /// As it should be, over `content`.
    pub fn new(holder: &'a Holder, content: &[u8]) -> Self {
        Self::under(holder, holder.algorithm, content)
    }

    pub fn under(holder: &'a Holder, algorithm: SignatureAlgorithm, content: &[u8]) -> Self {
        let digest = algorithm.cms_digest();
        Self {
            holder,
            named: &holder.certificate,
            algorithm,
            algorithm_der: algorithm.to_der(),
            digest_der: digest.algorithm_identifier(),
            attributes: Some(vec![
                content_type(oid::ID_DATA),
                message_digest(&digest.hash(content)),
                signing_certificate(&holder.certificate),
            ]),
            unsigned: Vec::new(),
            content: content.to_vec(),
        }
    }

    pub fn der(&self) -> Vec<u8> {
        let attributes = self.attributes.as_deref().map(write::set_of);
        let signed: &[u8] = attributes.as_ref().unwrap_or(&self.content);
        let signature = sign(&self.holder.key, self.algorithm, signed);
        let mut fields = vec![
            write::small_integer(1),
            write::sequence(&[
                self.named.issuer().raw(),
                &write::element(tag::INTEGER, self.named.serial()),
            ]),
            self.digest_der.clone(),
        ];
        if let Some(mut attributes) = attributes {
            attributes[0] = tag::context_constructed(0);
            fields.push(attributes);
        }
        fields.push(self.algorithm_der.clone());
        fields.push(write::octet_string(&signature));
        if !self.unsigned.is_empty() {
            let set = write::set_of_tagged(tag::context_constructed(1), &self.unsigned);
            fields.push(set);
        }
        write::sequence(&fields)
    }
}

/// A SignedData around signers.
pub fn message(
    kind: &[u8],
    content: Option<&[u8]>,
    certificates: &[&[u8]],
    signers: &[Info<'_>],
) -> Vec<u8> {
    let mut encapsulated = vec![write::oid(kind)];
    if let Some(content) = content {
        encapsulated.push(write::explicit(0, &write::octet_string(content)));
    }
    let digests: Vec<Vec<u8>> = signers.iter().map(|s| s.digest_der.clone()).collect();
    let signers: Vec<Vec<u8>> = signers.iter().map(Info::der).collect();
    let signed = write::sequence(&[
        write::small_integer(1),
        write::set_of(&digests),
        write::sequence(&encapsulated),
        write::set_of_tagged(tag::context_constructed(0), certificates),
        write::set_of(&signers),
    ]);
    write::sequence(&[write::oid(oid::ID_SIGNED_DATA), write::explicit(0, &signed)])
}

/// A file with one more field, whose dictionary `edit` may change and whose Contents `cms` makes from the covered bytes.
pub fn file_with(
    file: Vec<u8>,
    sub_filter: SubFilter,
    edit: impl Fn(&mut Increment),
    cms: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    with_room(6_000, file, sub_filter, edit, cms)
}

fn with_room(
    contents_bytes: usize,
    file: Vec<u8>,
    sub_filter: SubFilter,
    edit: impl Fn(&mut Increment),
    cms: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let inspected = inspect(&file, &Limits::default()).unwrap();
    let m = (sub_filter == SubFilter::CadesDetached).then(|| at(NOW).to_pdf_date());
    let request = FieldRequest {
        sub_filter,
        m,
        name: None,
        reason: None,
        location: None,
        contents_bytes,
        place: Place::Invisible,
    };
    let mut increment = append_signature(&inspected, &request).unwrap();
    edit(&mut increment);
    let (before, after) = increment.signed_ranges();
    let covered = [file.as_slice(), before, after].concat();
    let tail = increment.fill(&cms(&covered)).unwrap();
    [file, tail].concat()
}

/// A page signed by whatever message `cms` makes.
pub fn page_with(cms: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    file_with(page(), SubFilter::CadesDetached, |_| (), cms)
}

/// The same with room for a message of 60 KB.
pub fn page_with_much(cms: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let sub_filter = SubFilter::CadesDetached;
    with_room(60_000, page(), sub_filter, |_| (), cms)
}

/// Replaces text by text of the same length in what will be signed.
pub fn replace(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let found = bytes.windows(from.len()).position(|w| w == from.as_bytes());
    let start = found.unwrap_or_else(|| panic!("{from:?} is not there"));
    bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
}

/// What a token says.
pub fn info(stamped: &[u8], time_s: i64) -> TstInfo {
    TstInfo {
        policy: ObjectId::from_dotted("1.3.6.1.4.1.99999.2").unwrap(),
        imprint: Imprint::of(DigestAlgorithm::Sha256, stamped),
        serial: vec![0x2a],
        gen_time_s: time_s,
        gen_time_nanos: 0,
        accuracy: None,
        ordering: false,
        nonce: None,
        tsa: None,
        unknown_critical: Vec::new(),
    }
}

/// A token over `stamped` with the unit's certificate and that of the town's CA.
pub fn token(unit: &Holder, stamped: &[u8], time_s: i64) -> Vec<u8> {
    token_of(unit, &info(stamped, time_s))
}

pub fn token_of(unit: &Holder, info: &TstInfo) -> Vec<u8> {
    let draft = TokenDraft::new(info, unit.algorithm.cms_digest(), &unit.certificate);
    let signature = unit.sign(draft.to_be_signed());
    let above = [super::town().ca.certificate.clone()];
    draft.finish(&signature, unit.algorithm, Some(&above))
}

/// One more revision: a document time-stamp.
pub fn document_stamped(file: Vec<u8>, unit: &Holder, time_s: i64) -> Vec<u8> {
    let stamp = |covered: &[u8]| token(unit, covered, time_s);
    file_with(file, SubFilter::Rfc3161, |_| (), stamp)
}
