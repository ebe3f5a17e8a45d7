//! From other people's BER to definite lengths: RFC 5652 allows BER, and streaming signers use it.
//!
//! # Invariants
//! * What already has DER lengths is handed back as it is, byte for byte, element by element.
//! * Only lengths and the cutting up of strings change. The order of a SET OF, the value of a BOOLEAN or a time stay as they were sent, because
//!   a signature may stand over them.

use std::borrow::Cow;

use super::{MAX_DEPTH, MAX_ELEMENTS, Malformed, tag, write};

const WHAT: &str = "BER element";

/// Re-encodes the first element of `bytes` with definite, minimal lengths and primitive strings (X.690 10.1, 10.2). The
/// number says how many octets of `bytes` the element took; what follows it is not looked at.
pub fn normalise(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, usize), Malformed> {
    let mut walk = Walk {
        elements_left: MAX_ELEMENTS,
    };
    let (end, plain) = walk.measure(bytes, 0, 0)?;
    let element = bytes.get(..end).ok_or(Malformed::new(WHAT))?;
    if plain {
        return Ok((Cow::Borrowed(element), end));
    }
    let mut walk = Walk {
        elements_left: MAX_ELEMENTS,
    };
    let mut out = Vec::with_capacity(end);
    walk.transcode(bytes, 0, 0, &mut out)?;
    Ok((Cow::Owned(out), end))
}

/// True where `bytes` are one element whose lengths and strings all the way down are as DER wants them.
pub fn is_der(bytes: &[u8]) -> bool {
    let mut walk = Walk {
        elements_left: MAX_ELEMENTS,
    };
    matches!(walk.measure(bytes, 0, 0), Ok((end, true)) if end == bytes.len())
}

struct Walk {
    elements_left: usize,
}

struct Header {
    tag: u8,
    /// Where the content begins.
    start: usize,
    /// None: indefinite (X.690 8.1.3.6).
    length: Option<usize>,
    is_minimal: bool,
}

impl Header {
    fn is_constructed(&self) -> bool {
        self.tag & 0x20 != 0
    }

    /// X.690 8.6.3, 8.7.3, 8.23: strings may come in constructed form. The tag of the primitive form.
    fn string_tag(&self) -> Option<u8> {
        let primitive = self.tag & !0x20;
        let is_string = matches!(
            primitive,
            tag::BIT_STRING | tag::OCTET_STRING | tag::UTF8_STRING
        ) || (0x12..=0x1e).contains(&primitive);
        (self.is_constructed() && is_string).then_some(primitive)
    }
}

impl Walk {
    fn header(&mut self, bytes: &[u8], at: usize, depth: usize) -> Result<Header, Malformed> {
        let bad = Malformed::new(WHAT);
        if depth > MAX_DEPTH {
            return Err(Malformed::new("BER element (nested too deep)"));
        }
        self.elements_left = self
            .elements_left
            .checked_sub(1)
            .ok_or(Malformed::new("BER element (too many)"))?;
        let tag = *bytes.get(at).ok_or(bad)?;
        if tag & 0x1f == 0x1f {
            return Err(bad);
        }
        let first = *bytes.get(at + 1).ok_or(bad)?;
        let mut header = Header {
            tag,
            start: at + 2,
            length: Some(usize::from(first)),
            is_minimal: true,
        };
        if first == 0x80 {
            // X.690 8.1.3.2: the indefinite form is for constructed encodings only.
            if tag & 0x20 == 0 {
                return Err(bad);
            }
            header.length = None;
            header.is_minimal = false;
        } else if first > 0x80 {
            let count = usize::from(first & 0x7f);
            if count > 8 {
                return Err(bad);
            }
            let octets = bytes.get(header.start..header.start + count).ok_or(bad)?;
            let length = octets
                .iter()
                .try_fold(0_usize, |value, byte| {
                    value.checked_mul(256)?.checked_add(usize::from(*byte))
                })
                .ok_or(bad)?;
            header.start += count;
            header.length = Some(length);
            header.is_minimal = octets.first().is_some_and(|b| *b != 0) && length >= 0x80;
        }
        Ok(header)
    }

    /// Where the element at `at` ends, and whether it is DER as it stands.
    fn measure(
        &mut self,
        bytes: &[u8],
        at: usize,
        depth: usize,
    ) -> Result<(usize, bool), Malformed> {
        let header = self.header(bytes, at, depth)?;
        let mut plain = header.is_minimal && header.string_tag().is_none();
        let Some(length) = header.length else {
            let mut at = header.start;
            while !at_end_of_contents(bytes, at) {
                at = self.measure(bytes, at, depth + 1)?.0;
            }
            return Ok((at + 2, false));
        };
        let end = header
            .start
            .checked_add(length)
            .filter(|end| *end <= bytes.len())
            .ok_or(Malformed::new(WHAT))?;
        if header.is_constructed() {
            let within = bytes.get(..end).ok_or(Malformed::new(WHAT))?;
            let mut at = header.start;
            while at < end {
                let (next, inner) = self.measure(within, at, depth + 1)?;
                plain &= inner;
                at = next;
            }
        }
        Ok((end, plain))
    }

    /// Writes the element at `at` to `out`; where it ends.
    fn transcode(
        &mut self,
        bytes: &[u8],
        at: usize,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Malformed> {
        let header = self.header(bytes, at, depth)?;
        let bad = Malformed::new(WHAT);
        if !header.is_constructed() {
            let end = header.start + header.length.ok_or(bad)?;
            write::element_into(out, header.tag, bytes.get(header.start..end).ok_or(bad)?);
            return Ok(end);
        }
        let mut content = Vec::new();
        let end = self.children(bytes, &header, depth, &mut content)?;
        match header.string_tag() {
            None => write::element_into(out, header.tag, &content),
            Some(primitive) => {
                write::element_into(out, primitive, &join_segments(&content, primitive)?);
            }
        }
        Ok(end)
    }

    fn children(
        &mut self,
        bytes: &[u8],
        header: &Header,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Malformed> {
        let mut at = header.start;
        match header.length {
            None => {
                while !at_end_of_contents(bytes, at) {
                    at = self.transcode(bytes, at, depth + 1, out)?;
                }
                Ok(at + 2)
            }
            Some(length) => {
                let end = at + length;
                let within = bytes.get(..end).ok_or(Malformed::new(WHAT))?;
                while at < end {
                    at = self.transcode(within, at, depth + 1, out)?;
                }
                Ok(end)
            }
        }
    }
}

/// X.690 8.1.5: two zero octets.
fn at_end_of_contents(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at..)
        .is_some_and(|rest| rest.starts_with(&[0, 0]))
}

/// X.690 8.7.3: the segments of a string, already primitive, in one piece. Segments of a BIT STRING each begin with their count of unused bits.
fn join_segments(segments: &[u8], primitive: u8) -> Result<Vec<u8>, Malformed> {
    let bad = Malformed::new("segmented string");
    let is_bits = primitive == tag::BIT_STRING;
    let mut joined = Vec::with_capacity(segments.len() + 1);
    let mut unused_bits = 0;
    let mut reader = super::Reader::new(segments);
    if is_bits {
        joined.push(0);
    }
    while !reader.is_empty() {
        let segment = reader.any(bad.what)?;
        // 8.23: segments of the restricted strings are OCTET STRINGs; some encoders repeat the outer type.
        if segment.tag != primitive && (is_bits || segment.tag != tag::OCTET_STRING) {
            return Err(bad);
        }
        if is_bits {
            if unused_bits != 0 {
                return Err(bad);
            }
            let (&unused, bits) = segment.content.split_first().ok_or(bad)?;
            unused_bits = unused;
            joined.extend_from_slice(bits);
        } else {
            joined.extend_from_slice(segment.content);
        }
    }
    if let (true, Some(first)) = (is_bits, joined.first_mut()) {
        *first = unused_bits;
    }
    Ok(joined)
}
