//! Encoding distinguished names (RFC 5280 4.1.2.4).

use super::super::der::{tag, write};
use super::super::oid;

/// A Name of the given types and values, the most general first, each a relative name of its own.
pub fn name(attributes: &[(&[u8], &str)]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, text)| {
            let value = write::element(string_tag(kind), text.as_bytes());
            write::set_of(&[write::sequence(&[write::oid(kind), value])])
        })
        .collect();
    write::sequence(&rdns)
}

/// RFC 5280 A.1: country and serial number are PrintableString, domain components and addresses IA5String; all others UTF8String.
fn string_tag(kind: &[u8]) -> u8 {
    match kind {
        kind if kind == oid::AT_COUNTRY || kind == oid::AT_SERIAL_NUMBER => tag::PRINTABLE_STRING,
        kind if kind == oid::AT_DOMAIN_COMPONENT || kind == oid::AT_EMAIL_ADDRESS => {
            tag::IA5_STRING
        }
        _ => tag::UTF8_STRING,
    }
}
