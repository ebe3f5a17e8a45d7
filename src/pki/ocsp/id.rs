//! CertID (RFC 6960 4.1.1).

use super::super::Malformed;
use super::super::cert::Certificate;
use super::super::der::{Reader, same_integer, tag, write};
use super::super::digest::DigestAlgorithm;

/// Which certificate: its issuer by hashes, and its serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertId {
    /// None: a hash function that is not known here.
    pub digest: Option<DigestAlgorithm>,
    pub issuer_name_hash: Vec<u8>,
    pub issuer_key_hash: Vec<u8>,
    /// Content octets of an INTEGER.
    pub serial: Vec<u8>,
    /// The encoding: what an answer repeats octet for octet.
    pub der: Vec<u8>,
}

impl CertId {
    /// SHA-1 is what most responders know their certificates by; it guards nothing here.
    pub fn new(digest: DigestAlgorithm, issuer: &Certificate, serial: &[u8]) -> Self {
        let issuer_name_hash = digest.hash(issuer.subject().raw());
        let issuer_key_hash = digest.hash(issuer.public_key_bits());
        // With NULL parameters, as all clients write it: responders compare octets.
        let der = write::sequence(&[
            digest.algorithm_identifier_with_null(),
            write::octet_string(&issuer_name_hash),
            write::octet_string(&issuer_key_hash),
            write::element(tag::INTEGER, serial),
        ]);
        Self {
            digest: Some(digest),
            issuer_name_hash,
            issuer_key_hash,
            serial: serial.to_vec(),
            der,
        }
    }

    /// Whether this names the certificate with `serial` of `issuer`.
    pub fn matches(&self, issuer: &Certificate, serial: &[u8]) -> bool {
        same_integer(&self.serial, serial)
            && self.digest.is_some_and(|digest| {
                digest.hash(issuer.subject().raw()) == self.issuer_name_hash
                    && digest.hash(issuer.public_key_bits()) == self.issuer_key_hash
            })
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        const WHAT: &str = "CertID";
        let whole = reader.read(tag::SEQUENCE, WHAT)?;
        let mut fields = whole.reader();
        let (_, digest) = DigestAlgorithm::read(&mut fields)?;
        let issuer_name_hash = fields.octet_string(WHAT)?.to_vec();
        let issuer_key_hash = fields.octet_string(WHAT)?.to_vec();
        let serial = fields.integer_lenient(WHAT)?.to_vec();
        fields.finish(WHAT)?;
        Ok(Self {
            digest,
            issuer_name_hash,
            issuer_key_hash,
            serial,
            der: whole.raw.to_vec(),
        })
    }
}
