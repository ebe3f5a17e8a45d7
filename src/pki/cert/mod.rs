//! X.509 certificates (RFC 5280 4): parsed once, shared by reference count.
//!
//! # Invariants
//! * `der()` and `tbs()` are the octets that came in; signatures are checked over them.
//! * What is merely odd (a serial of 21 octets, version 1 with extensions) is listed in `problems()`, not refused: old certificates must be
//!   readable to be judged.
//!
//! # What is not here
//! Path building and validation.

mod extensions;
mod name;
mod pem;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

pub use extensions::{BasicConstraints, KeyUsage};
pub(crate) use extensions::{
    authority_key_id, critical_extensions, read_extension, read_extensions,
};
pub(crate) use name::decode_string;
pub use name::{Name, NameAttribute};
pub use pem::{list_from_pem, list_from_pem_or_der, pem_blocks, pem_encode};

use extensions::Extensions;

use super::crypto::{KeyFacts, PublicKey, SignatureAlgorithm, VerifyFailure};
use super::der::{Reader, only, tag};
use super::digest::sha256;
use super::oid::ObjectId;
use super::{Malformed, crypto};

const WHAT: &str = "Certificate";

/// A certificate; clones share everything.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    sha256: [u8; 32],
    tbs: std::ops::Range<usize>,
    serial: Box<[u8]>,
    issuer: Name,
    subject: Name,
    not_before: i64,
    not_after: i64,
    key: PublicKey,
    signature_algorithm: Box<[u8]>,
    signature: Box<[u8]>,
    extensions: Extensions,
    problems: Vec<&'static str>,
    openssl: OnceLock<Result<openssl::x509::X509, VerifyFailure>>,
}

impl Certificate {
    /// Reads one certificate and nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        let outer = only(der, tag::SEQUENCE, WHAT)?;
        let mut fields = outer.reader();
        let tbs = fields.read(tag::SEQUENCE, "TBSCertificate")?;
        let signature_algorithm = fields.read(tag::SEQUENCE, WHAT)?.raw;
        let signature = fields.bit_string(WHAT)?;
        fields.finish(WHAT)?;
        let start = outer.header_bytes();
        let mut inner = read_tbs(tbs.reader(), signature_algorithm)?;
        inner.tbs = start..start + tbs.raw.len();
        inner.sha256 = sha256(der);
        inner.der = der.into();
        inner.signature = signature.into();
        Ok(Self(Arc::new(inner)))
    }

    /// The first certificate of a PEM text.
    pub fn from_pem(text: &[u8]) -> Result<Self, Malformed> {
        list_from_pem(text)?
            .into_iter()
            .next()
            .ok_or(Malformed::new("PEM CERTIFICATE"))
    }

    pub fn to_pem(&self) -> String {
        pem_encode("CERTIFICATE", &self.0.der)
    }

    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    pub fn sha256(&self) -> [u8; 32] {
        self.0.sha256
    }

    /// TBSCertificate, the octets the issuer signed.
    pub fn tbs(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Content octets of the serial number.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in upper-case hexadecimal digits, as most tools show it.
    pub fn serial_hex(&self) -> String {
        let significant = match &*self.0.serial {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        significant.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// Unix seconds; the certificate is valid from this second on.
    pub fn not_before(&self) -> i64 {
        self.0.not_before
    }

    /// Unix seconds; RFC 5280 4.1.2.5: valid through this second.
    pub fn not_after(&self) -> i64 {
        self.0.not_after
    }

    pub fn is_within_validity(&self, unix_s: i64) -> bool {
        (self.0.not_before..=self.0.not_after).contains(&unix_s)
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.0.key.spki()
    }

    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    pub fn key_facts(&self) -> KeyFacts {
        self.0.key.facts()
    }

    /// The content of the BIT STRING in SubjectPublicKeyInfo: what key hashes are taken over (RFC 6960 4.1.1, RFC 5280 4.2.1.2).
    pub fn public_key_bits(&self) -> &[u8] {
        let mut fields = Reader::new(self.spki());
        let bits = fields.sequence(WHAT).and_then(|mut spki| {
            spki.any(WHAT)?;
            spki.bit_string(WHAT)
        });
        bits.unwrap_or_default()
    }

    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, VerifyFailure> {
        SignatureAlgorithm::from_der(&self.0.signature_algorithm, None)
    }

    /// The signature's AlgorithmIdentifier.
    pub fn signature_algorithm_der(&self) -> &[u8] {
        &self.0.signature_algorithm
    }

    pub fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// Whether this certificate's signature was made by `issuer_key`; says nothing about names or validity.
    pub fn is_signed_by(&self, issuer_key: &PublicKey) -> Result<(), VerifyFailure> {
        issuer_key.verify(self.signature_algorithm()?, self.tbs(), &self.0.signature)
    }

    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key_id.as_deref()
    }

    /// keyIdentifier of the authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_id.as_deref()
    }

    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.extensions.key_usage
    }

    pub fn extended_key_usage(&self) -> Option<&[ObjectId]> {
        self.0.extensions.extended_key_usage.as_deref()
    }

    pub fn is_extended_key_usage_critical(&self) -> bool {
        self.0.extensions.extended_key_usage_critical
    }

    /// Whether the extended key usage names `purpose`.
    pub fn has_extended_key_usage(&self, purpose: &[u8]) -> bool {
        self.extended_key_usage()
            .is_some_and(|purposes| purposes.iter().any(|named| *named == *purpose))
    }

    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.extensions.basic_constraints
    }

    /// RFC 5280 4.2.1.9: only a certificate that says so is a CA's.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|basic| basic.ca)
    }

    pub fn ocsp_urls(&self) -> &[String] {
        &self.0.extensions.ocsp_urls
    }

    pub fn ca_issuer_urls(&self) -> &[String] {
        &self.0.extensions.ca_issuer_urls
    }

    pub fn crl_urls(&self) -> &[String] {
        &self.0.extensions.crl_urls
    }

    pub fn policies(&self) -> &[ObjectId] {
        &self.0.extensions.policies
    }

    /// RFC 6960 4.2.2.2.1: the issuer promises that this responder's certificate need not be checked for revocation.
    pub fn has_ocsp_no_check(&self) -> bool {
        self.0.extensions.ocsp_no_check
    }

    /// The value of the qualified-certificate statements (RFC 3739 3.2.6).
    pub fn qc_statements(&self) -> Option<&[u8]> {
        self.0.extensions.qc_statements.as_deref()
    }

    /// Critical extensions that neither this code nor the path validation of the library knows: such a certificate must be refused
    /// (RFC 5280 4.2).
    pub fn unknown_critical(&self) -> &[ObjectId] {
        &self.0.extensions.unknown_critical
    }

    /// RFC 5280 3.2: issuer and subject are the same entity. (Self-signed, if its own key made the signature.)
    pub fn is_self_issued(&self) -> bool {
        self.0.subject.matches(&self.0.issuer)
    }

    /// Departures from RFC 5280 that do not hinder reading.
    pub fn problems(&self) -> &[&'static str] {
        &self.0.problems
    }

    /// The library's handle, made at the first call and kept.
    pub fn openssl(&self) -> Result<&openssl::x509::X509, &VerifyFailure> {
        self.0
            .openssl
            .get_or_init(|| crypto::openssl_certificate(&self.0.der))
            .as_ref()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.sha256.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.serial_hex(), self.subject())
    }
}

/// RFC 5280 4.1.
fn read_tbs(mut fields: Reader<'_>, outer_algorithm: &[u8]) -> Result<Inner, Malformed> {
    const TBS: &str = "TBSCertificate";
    let mut problems = Vec::new();
    let version = match fields.optional(tag::context_constructed(0), TBS)? {
        None => 0,
        Some(field) => field.reader().small_integer(TBS)?,
    };
    let serial = fields.integer_lenient("CertificateSerialNumber")?;
    let inner_algorithm = fields.read(tag::SEQUENCE, TBS)?.raw;
    let issuer = Name::read(&mut fields)?;
    let mut validity = fields.sequence("Validity")?;
    let not_before = validity.time("Validity")?;
    let not_after = validity.time("Validity")?;
    validity.finish("Validity")?;
    let subject = Name::read(&mut fields)?;
    let spki = fields.read(tag::SEQUENCE, "SubjectPublicKeyInfo")?.raw;
    let key = PublicKey::from_spki(spki).map_err(|_| Malformed::new("SubjectPublicKeyInfo"))?;
    // issuerUniqueID [1] and subjectUniqueID [2], IMPLICIT BIT STRING, are obsolete.
    fields.optional(tag::context_primitive(1), TBS)?;
    fields.optional(tag::context_primitive(2), TBS)?;
    let extensions = match fields.optional(tag::context_constructed(3), TBS)? {
        None => Extensions::default(),
        Some(field) => {
            if version != 2 {
                problems.push("extensions in a certificate that is not version 3");
            }
            Extensions::read(only(field.content, tag::SEQUENCE, "Extensions")?.reader())?
        }
    };
    fields.finish(TBS)?;
    // RFC 5280 4.1.1.2: the two identifiers are the same.
    if inner_algorithm != outer_algorithm {
        problems.push("signature algorithm inside and outside differ");
    }
    // RFC 5280 4.1.2.2: positive, at most 20 octets.
    match serial {
        [0, second, ..] if second & 0x80 == 0 => problems.push("serial number is not minimal"),
        [top, ..] if top & 0x80 != 0 => problems.push("serial number is negative"),
        [0] => problems.push("serial number is zero"),
        _ if serial.len() > 20 => problems.push("serial number is longer than 20 octets"),
        _ => {}
    }
    problems.extend_from_slice(&extensions.problems);
    Ok(Inner {
        der: Box::default(),
        sha256: [0; 32],
        tbs: 0..0,
        serial: serial.into(),
        issuer,
        subject,
        not_before,
        not_after,
        key,
        signature_algorithm: outer_algorithm.into(),
        signature: Box::default(),
        extensions,
        problems,
        openssl: OnceLock::new(),
    })
}
