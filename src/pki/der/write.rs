//! Writing DER: each function gives the encoding of one element.
//!
//! # Invariants
//! * Lengths are definite and minimal; SET OF is in the order of its members' octets (X.690 11.6).

use super::tag;

/// Appends one element.
pub fn element_into(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    length_into(out, content.len());
    out.extend_from_slice(content);
}

pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    element_into(&mut out, tag, content);
    out
}

/// One element around the concatenation of `parts`.
pub fn constructed<T: AsRef<[u8]>>(tag: u8, parts: &[T]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    length_into(&mut out, length);
    for part in parts {
        out.extend_from_slice(part.as_ref());
    }
    out
}

pub fn sequence<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    constructed(tag::SEQUENCE, parts)
}

/// X.690 11.6: the members of a SET OF in ascending order of their octets, a shorter one being as if padded with zeros.
pub fn set_of<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    set_of_tagged(tag::SET, parts)
}

/// The same under an IMPLICIT tag.
pub fn set_of_tagged<T: AsRef<[u8]>>(tag: u8, parts: &[T]) -> Vec<u8> {
    // Two distinct encodings differ before either ends, since each carries its own length: plain lexical order is the order of 11.6.
    let mut sorted: Vec<&[u8]> = parts.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    constructed(tag, &sorted)
}

/// `[number]` around a complete element (EXPLICIT).
pub fn explicit(number: u8, inner: &[u8]) -> Vec<u8> {
    element(tag::context_constructed(number), inner)
}

pub fn oid(body: &[u8]) -> Vec<u8> {
    element(tag::OID, body)
}

pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, bytes)
}

/// A BIT STRING of whole octets.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 7);
    out.push(tag::BIT_STRING);
    length_into(&mut out, bytes.len() + 1);
    out.push(0);
    out.extend_from_slice(bytes);
    out
}

/// X.690 11.2.2: a BIT STRING with named bits, `bits` most significant first, trailing zero bits removed.
pub fn named_bits(bits: u16) -> Vec<u8> {
    let used = 16_u32.saturating_sub(bits.trailing_zeros());
    let bytes = bits.to_be_bytes();
    match used {
        0 => element(tag::BIT_STRING, &[0]),
        1..=8 => {
            let [first, _] = bytes;
            element(tag::BIT_STRING, &[unused(8, used), first])
        }
        _ => {
            let [first, second] = bytes;
            element(tag::BIT_STRING, &[unused(16, used), first, second])
        }
    }
}

fn unused(of: u32, used: u32) -> u8 {
    u8::try_from(of.saturating_sub(used)).unwrap_or(0)
}

pub fn null() -> Vec<u8> {
    vec![tag::NULL, 0]
}

pub fn boolean_true() -> Vec<u8> {
    vec![tag::BOOLEAN, 1, 0xff]
}

/// An INTEGER from the octets of an unsigned number, most significant first, in any length.
pub fn unsigned_integer(magnitude: &[u8]) -> Vec<u8> {
    element(tag::INTEGER, &unsigned_content(magnitude))
}

/// Only its content octets.
pub fn unsigned_content(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(magnitude.len());
    let digits = magnitude.get(start..).unwrap_or_default();
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    content
}

pub fn small_integer(value: u32) -> Vec<u8> {
    unsigned_integer(&value.to_be_bytes())
}

pub fn enumerated(value: u8) -> Vec<u8> {
    vec![tag::ENUMERATED, 1, value & 0x7f]
}

pub fn utf8_string(text: &str) -> Vec<u8> {
    element(tag::UTF8_STRING, text.as_bytes())
}

/// What certificates, CRLs and OCSP responses have in common (RFC 5280 4.1): the signed part, the algorithm, the signature; and what follows it.
pub fn signed(tbs: &[u8], algorithm: &[u8], signature: &[u8], following: &[u8]) -> Vec<u8> {
    let signature = bit_string(signature);
    sequence(&[tbs, algorithm, signature.as_slice(), following])
}

/// RFC 5280 4.1: one Extension; `value` is the encoding that goes into the OCTET STRING.
pub fn extension(id: &[u8], criticality: Criticality, value: &[u8]) -> Vec<u8> {
    let critical = match criticality {
        Criticality::Critical => boolean_true(),
        // X.690 11.5: a DEFAULT value is left out.
        Criticality::NonCritical => Vec::new(),
    };
    sequence(&[oid(id), critical, octet_string(value)])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criticality {
    Critical,
    NonCritical,
}

fn length_into(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let start = octets.iter().position(|byte| *byte != 0).unwrap_or(0);
            let digits = octets.get(start..).unwrap_or_default();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend_from_slice(digits);
        }
    }
}
