//! Strings: ISO 32000-1 7.3.4 (how they are written) and 7.9.2 (what their bytes mean).

use super::object::hex_digit;

/// The bytes of a string token `(…)` or `<…>`.
pub(crate) fn decoded(token: &[u8]) -> Vec<u8> {
    match token {
        [b'(', inner @ .., b')'] => literal(inner),
        [b'<', inner @ .., b'>'] => hex(inner).0,
        _ => Vec::new(),
    }
}

/// Whether a hexadecimal string ends with a whole byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digits {
    Even,
    Odd,
}

/// ISO 32000-1 7.3.4.3: white space does not count; a missing last digit is zero.
pub(crate) fn hex(inner: &[u8]) -> (Vec<u8>, Digits) {
    // Contents of signatures are long and hold nothing but digits.
    let pairs = inner.chunks(2).map(|pair| match pair {
        [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    });
    match pairs.collect() {
        Some(bytes) => (bytes, Digits::Even),
        None => hex_with_blanks(inner),
    }
}

fn hex_with_blanks(inner: &[u8]) -> (Vec<u8>, Digits) {
    let mut bytes = Vec::with_capacity(inner.len() / 2);
    let mut high = None;
    for digit in inner.iter().copied().filter_map(hex_digit) {
        match high.take() {
            None => high = Some(digit),
            Some(first) => bytes.push(first << 4 | digit),
        }
    }
    let Some(first) = high else {
        return (bytes, Digits::Even);
    };
    bytes.push(first << 4);
    (bytes, Digits::Odd)
}

/// ISO 32000-1 table 3.
fn literal(inner: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'\\' => rest = escape(tail, &mut bytes),
            // An end-of-line inside a string is one LF, however it is written.
            b'\r' => {
                bytes.push(b'\n');
                rest = tail.strip_prefix(b"\n").unwrap_or(tail);
            }
            byte => bytes.push(*byte),
        }
    }
    bytes
}

fn escape<'t>(tail: &'t [u8], bytes: &mut Vec<u8>) -> &'t [u8] {
    let [first, rest @ ..] = tail else {
        return tail;
    };
    match first {
        b'n' => bytes.push(b'\n'),
        b'r' => bytes.push(b'\r'),
        b't' => bytes.push(b'\t'),
        b'b' => bytes.push(8),
        b'f' => bytes.push(12),
        b'\r' => return rest.strip_prefix(b"\n").unwrap_or(rest),
        b'\n' => {}
        b'0'..=b'7' => {
            let length = tail
                .iter()
                .take(3)
                .take_while(|byte| matches!(byte, b'0'..=b'7'))
                .count();
            let (digits, rest) = tail.split_at(length);
            // High-order overflow is ignored (table 3): `\777` keeps its low byte.
            bytes.push(digits.iter().fold(0u8, |value, digit| {
                value.wrapping_mul(8).wrapping_add(digit - b'0')
            }));
            return rest;
        }
        byte => bytes.push(*byte),
    }
    rest
}

/// A text string for people: UTF-16BE or UTF-8 by its mark, else Latin-1 (PDFDocEncoding agrees with it on letters).
pub(crate) fn shown(token: &[u8]) -> String {
    let bytes = decoded(token);
    if let Some(units) = bytes.strip_prefix(b"\xFE\xFF") {
        let units = units.chunks(2).map(|pair| {
            pair.iter()
                .fold(0u16, |unit, byte| unit << 8 | u16::from(*byte))
        });
        return char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
    }
    if let Some(utf8) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        // ISO 32000-2 7.9.2.2.
        return String::from_utf8_lossy(utf8).into_owned();
    }
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Writes a text string: printable ASCII as a literal, anything else as UTF-16BE with its mark, in hexadecimal.
pub(crate) fn write(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        out.push(b'(');
        for byte in text.bytes() {
            if matches!(byte, b'(' | b')' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b')');
        return;
    }
    out.extend_from_slice(b"<FEFF");
    for unit in text.encode_utf16() {
        out.extend_from_slice(format!("{unit:04X}").as_bytes());
    }
    out.push(b'>');
}
