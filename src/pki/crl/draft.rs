//! Making a CRL (RFC 5280 5.1.2).

use super::super::cert::Certificate;
use super::super::crypto::SignatureAlgorithm;
use super::super::der::write::Criticality;
use super::super::der::{tag, time, write};
use super::super::issue::Unsigned;
use super::super::oid;

/// One certificate that is no longer good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedSerial {
    /// Content octets of the certificate's serial number.
    pub serial: Vec<u8>,
    pub at: i64,
    /// RFC 5280 5.3.1; left out where there is none to give.
    pub reason: Option<u8>,
}

/// What the list says.
#[derive(Debug, Clone, Copy)]
pub struct CrlFacts<'a> {
    /// The CA whose key signs.
    pub issuer: &'a Certificate,
    pub this_update: i64,
    pub next_update: i64,
    /// Rises with every list.
    pub number: u64,
    pub revoked: &'a [RevokedSerial],
    pub algorithm: SignatureAlgorithm,
}

/// A complete list of all the issuer's certificates, in version 2.
pub fn draft(facts: &CrlFacts<'_>) -> Unsigned {
    let mut fields = vec![
        write::small_integer(1),
        facts.algorithm.to_der(),
        facts.issuer.subject().raw().to_vec(),
        time::encode(facts.this_update),
        time::encode(facts.next_update),
    ];
    // RFC 5280 5.1.2.6: absent, not empty, where nothing is revoked.
    if !facts.revoked.is_empty() {
        let entries: Vec<Vec<u8>> = facts.revoked.iter().map(entry).collect();
        fields.push(write::sequence(&entries));
    }
    let mut extensions = Vec::new();
    if let Some(key_id) = facts.issuer.subject_key_id() {
        let value = write::sequence(&[write::element(tag::context_primitive(0), key_id)]);
        extensions.push(write::extension(
            oid::CE_AUTHORITY_KEY_ID,
            Criticality::NonCritical,
            &value,
        ));
    }
    extensions.push(write::extension(
        oid::CE_CRL_NUMBER,
        Criticality::NonCritical,
        &write::unsigned_integer(&facts.number.to_be_bytes()),
    ));
    fields.push(write::explicit(0, &write::sequence(&extensions)));
    Unsigned::new(write::sequence(&fields), facts.algorithm)
}

fn entry(revoked: &RevokedSerial) -> Vec<u8> {
    let mut fields = vec![
        write::element(tag::INTEGER, &revoked.serial),
        time::encode(revoked.at),
    ];
    if let Some(reason) = revoked.reason {
        let extension = write::extension(
            oid::CE_REASON_CODE,
            Criticality::NonCritical,
            &write::enumerated(reason),
        );
        fields.push(write::sequence(&[extension]));
    }
    write::sequence(&fields)
}
