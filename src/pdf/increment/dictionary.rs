//! The signature dictionary with its two holes: ByteRange and Contents.
//!
//! ISO 32000-1 table 252; ISO 32000-2 12.8.5 and ETSI EN 319 142-1 5.4.3 for document time-stamps.

use super::{FieldRequest, SubFilter};
use crate::pdf::text;
use std::ops::Range;

/// `0` and three numbers of ten digits each with a blank before it: files stay under 4 GiB (the xref's offsets have ten digits).
const BYTE_RANGE_WIDTH: usize = 1 + 3 * 11;

/// Where the holes are in the tail.
#[derive(Debug, Clone)]
pub(super) struct Holes {
    byte_range_at: usize,
    /// The digits, without `<` and `>`.
    pub contents: Range<usize>,
}

/// `reference`: the text of `/Reference`, where the signature locks fields.
pub(super) fn write(tail: &mut Vec<u8>, request: &FieldRequest, reference: Option<&[u8]>) -> Holes {
    match request.sub_filter {
        SubFilter::CadesDetached => {
            tail.extend_from_slice(
                b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached",
            );
            claims(tail, request);
            if let Some(reference) = reference {
                tail.extend_from_slice(b" /Reference ");
                tail.extend_from_slice(reference);
            }
        }
        // EN 319 142-1 5.4.3: what it says of the time stands in the token; no claim of a signer, no Reference.
        SubFilter::Rfc3161 => tail.extend_from_slice(
            b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161",
        ),
    }
    tail.extend_from_slice(b" /ByteRange [");
    let byte_range_at = tail.len();
    tail.resize(byte_range_at + BYTE_RANGE_WIDTH, b' ');
    tail.extend_from_slice(b"] /Contents <");
    let start = tail.len();
    tail.resize(start + request.contents_bytes * 2, b'0');
    let contents = start..tail.len();
    tail.extend_from_slice(b"> >>");
    Holes {
        byte_range_at,
        contents,
    }
}

fn claims(tail: &mut Vec<u8>, request: &FieldRequest) {
    for (key, value) in [
        ("M", &request.m),
        ("Name", &request.name),
        ("Reason", &request.reason),
        ("Location", &request.location),
    ] {
        if let Some(value) = value {
            tail.extend_from_slice(format!(" /{key} ").as_bytes());
            text::write(tail, value);
        }
    }
}

impl Holes {
    /// Fills in the ByteRange of a finished tail behind `base` bytes.
    pub fn write_byte_range(&self, tail: &mut [u8], base: usize) -> [u64; 4] {
        let total = base.saturating_add(tail.len());
        let gap_start = base.saturating_add(self.contents.start).saturating_sub(1);
        let gap_end = base.saturating_add(self.contents.end).saturating_add(1);
        let numbers = [0, gap_start, gap_end, total.saturating_sub(gap_end)]
            .map(|number| u64::try_from(number).unwrap_or(u64::MAX));
        let text = numbers.map(|number| number.to_string()).join(" ");
        for (place, byte) in tail
            .iter_mut()
            .skip(self.byte_range_at)
            .take(BYTE_RANGE_WIDTH)
            .zip(text.bytes())
        {
            *place = byte;
        }
        numbers
    }
}
