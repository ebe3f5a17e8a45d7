//! Reading DER (X.690): a slicer that hands out sub-slices of its input and never copies.
//!
//! # Invariants
//! * Every [`Tlv`] keeps its exact encoded bytes (`raw`), so that what was signed can be checked as it was sent.
//! * Only definite, minimal lengths and single-byte tags are read; other people's BER goes through [`normalise`] first.
//! * A reader never descends by itself: depth is bounded by the caller's own structure, and by [`MAX_DEPTH`] where a walk is generic.
//!
//! # What is not here
//! High tag numbers (31 and above): no structure read here has any.

mod ber;
pub mod time;
pub mod write;

#[cfg(test)]
mod tests;

pub use ber::{is_der, normalise};

use super::Malformed;

/// Universal tags (X.680 8.6), constructed bit included where DER sets it.
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const ENUMERATED: u8 = 0x0a;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const NUMERIC_STRING: u8 = 0x12;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const TELETEX_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const VISIBLE_STRING: u8 = 0x1a;
    pub const UNIVERSAL_STRING: u8 = 0x1c;
    pub const BMP_STRING: u8 = 0x1e;

    /// `[n]` in primitive form (IMPLICIT over a primitive type).
    pub const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// `[n]` in constructed form (EXPLICIT, or IMPLICIT over a constructed type).
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Deepest nesting a generic walk follows. A CMS with a token inside a token inside a certificate extension stays below 40.
pub const MAX_DEPTH: usize = 64;

/// Most elements a generic walk visits. A CRL inside a CMS with 100,000 entries of five elements is the largest thing expected.
pub const MAX_ELEMENTS: usize = 1_000_000;

/// One element: tag, content and the whole of its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// Identifier, length and content octets together.
    pub raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// A reader over the content of a constructed element.
    pub fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    pub fn header_bytes(&self) -> usize {
        self.raw.len().saturating_sub(self.content.len())
    }
}

/// A cursor over a run of elements.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn peek_tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever its tag.
    pub fn any(&mut self, what: &'static str) -> Result<Tlv<'a>, Malformed> {
        let (tlv, rest) = split_first(self.rest).ok_or(Malformed::new(what))?;
        self.rest = rest;
        Ok(tlv)
    }

    /// The next element, which must carry `tag`.
    pub fn read(&mut self, tag: u8, what: &'static str) -> Result<Tlv<'a>, Malformed> {
        if self.peek_tag() != Some(tag) {
            return Err(Malformed::new(what));
        }
        self.any(what)
    }

    /// The next element if it carries `tag`.
    pub fn optional(&mut self, tag: u8, what: &'static str) -> Result<Option<Tlv<'a>>, Malformed> {
        if self.peek_tag() == Some(tag) {
            self.any(what).map(Some)
        } else {
            Ok(None)
        }
    }

    pub fn sequence(&mut self, what: &'static str) -> Result<Reader<'a>, Malformed> {
        Ok(self.read(tag::SEQUENCE, what)?.reader())
    }

    /// Content octets of an OBJECT IDENTIFIER.
    pub fn oid(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let content = self.read(tag::OID, what)?.content;
        if super::oid::is_well_formed(content) {
            Ok(content)
        } else {
            Err(Malformed::new(what))
        }
    }

    /// Content octets of an INTEGER (two's complement, at least one octet, minimal).
    pub fn integer(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let content = self.read(tag::INTEGER, what)?.content;
        if is_minimal_integer(content) {
            Ok(content)
        } else {
            Err(Malformed::new(what))
        }
    }

    /// Content octets of an INTEGER that need not be minimal: serial numbers in certificates that exist.
    pub fn integer_lenient(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let content = self.read(tag::INTEGER, what)?.content;
        if content.is_empty() {
            return Err(Malformed::new(what));
        }
        Ok(content)
    }

    /// A small non-negative INTEGER.
    pub fn small_integer(&mut self, what: &'static str) -> Result<u32, Malformed> {
        unsigned(self.integer(what)?).ok_or(Malformed::new(what))
    }

    pub fn octet_string(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        Ok(self.read(tag::OCTET_STRING, what)?.content)
    }

    /// A BIT STRING whose number of bits is a multiple of eight, as all keys and signatures are.
    pub fn bit_string(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        match self.read(tag::BIT_STRING, what)?.content.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(Malformed::new(what)),
        }
    }

    /// BOOLEAN DEFAULT FALSE. DER wants 0xff for TRUE; any other non-zero octet is read as TRUE too, as BER has it.
    pub fn boolean_or_false(&mut self, what: &'static str) -> Result<bool, Malformed> {
        match self.optional(tag::BOOLEAN, what)? {
            None => Ok(false),
            Some(tlv) => boolean(tlv.content).ok_or(Malformed::new(what)),
        }
    }

    /// UTCTime or GeneralizedTime as Unix seconds.
    pub fn time(&mut self, what: &'static str) -> Result<i64, Malformed> {
        time::unix_seconds(self.any(what)?).ok_or(Malformed::new(what))
    }

    /// GeneralizedTime as Unix seconds; a fraction, which some responders write, is dropped.
    pub fn generalized_time(&mut self, what: &'static str) -> Result<i64, Malformed> {
        let content = self.read(tag::GENERALIZED_TIME, what)?.content;
        let (seconds, _) = time::generalized_time(content).ok_or(Malformed::new(what))?;
        Ok(seconds)
    }

    /// Nothing may follow.
    pub fn finish(self, what: &'static str) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed::new(what))
        }
    }
}

/// The only element of `bytes`: nothing before it, nothing after it.
pub fn only<'a>(bytes: &'a [u8], tag: u8, what: &'static str) -> Result<Tlv<'a>, Malformed> {
    let mut reader = Reader::new(bytes);
    let tlv = reader.read(tag, what)?;
    reader.finish(what)?;
    Ok(tlv)
}

pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [value] => Some(*value != 0),
        _ => None,
    }
}

/// X.690 8.3.2: the first nine bits of an INTEGER are neither all ones nor all zeros.
pub(crate) fn is_minimal_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0x00, second, ..] => second & 0x80 != 0,
        [0xff, second, ..] => second & 0x80 == 0,
        _ => true,
    }
}

/// Whether two INTEGERs have the same value, be they minimal or not: serial numbers are compared across certificates, CRLs and messages, and
/// not every issuer writes all of them alike.
pub fn same_integer(one: &[u8], other: &[u8]) -> bool {
    fn significant(mut content: &[u8]) -> &[u8] {
        while content.len() > 1 && !is_minimal_integer(content) {
            content = content.get(1..).unwrap_or_default();
        }
        content
    }
    significant(one) == significant(other)
}

/// The value of a non-negative INTEGER that fits 32 bits.
pub(crate) fn unsigned(content: &[u8]) -> Option<u32> {
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        return None;
    }
    content.iter().try_fold(0_u32, |value, byte| {
        value.checked_mul(256)?.checked_add(u32::from(*byte))
    })
}

fn split_first(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&tag, after_tag) = bytes.split_first()?;
    // X.690 8.1.2.4: a tag number of 31 or more goes on in further octets.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (length, after_length) = definite_length(after_tag)?;
    let (content, rest) = after_length.split_at_checked(length)?;
    let raw = bytes.get(..bytes.len().checked_sub(rest.len())?)?;
    Some((Tlv { tag, content, raw }, rest))
}

/// X.690 10.1: the definite form, in the fewest octets.
fn definite_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    // Four octets count up to 4 GiB; nothing read here comes near.
    if count == 0 || count > 4 {
        return None;
    }
    let (octets, rest) = rest.split_at_checked(count)?;
    let length = octets
        .iter()
        .fold(0_usize, |value, byte| (value << 8) | usize::from(*byte));
    let is_minimal = octets.first().is_some_and(|byte| *byte != 0) && length >= 0x80;
    is_minimal.then_some((length, rest))
}
