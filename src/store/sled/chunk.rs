//! How a document is cut into chunks, and the header that says to which document a chunk belongs.
//!
//! # Invariants
//! * The cut follows from the length alone, so a byte range finds its chunks without reading others.
//! * A chunk found in the wrong place is known by its header: an index that was rolled back or rebuilt can't
//!   mix two documents.

use std::ops::Range;

use crate::record::Digest;

/// sled keeps a value inline up to a quarter of a segment (262,144 bytes). 58,000 bytes and their frames fit 18 times into a
/// segment of 1,048,576, and make the pages that stay in sled's cache small (see `shelf`).
pub(super) const CHUNK_BYTES: u64 = 58_000;

/// version 1, digest 32, length of the document 8, number of the chunk 4
pub(super) const HEADER_BYTES: usize = 45;

const VERSION: u8 = 1;

/// The cut of a document: `count` chunks of `each` bytes, the last one shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub bytes: u64,
    pub count: u32,
    pub each: u64,
}

impl Cut {
    /// `None`: more chunks than can be counted.
    pub fn of(bytes: u64) -> Option<Cut> {
        // An empty document has one empty chunk: it is there.
        let count = bytes.div_ceil(CHUNK_BYTES).max(1);
        Some(Cut {
            bytes,
            count: u32::try_from(count).ok()?,
            each: bytes.div_ceil(count),
        })
    }

    /// The bytes of the document that stand in chunk `number`.
    pub fn range(&self, number: u32) -> Range<u64> {
        let start = (u64::from(number).saturating_mul(self.each)).min(self.bytes);
        start..start.saturating_add(self.each).min(self.bytes)
    }
}

pub(super) fn header(id: &Digest, bytes: u64, number: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let fields = [VERSION]
        .into_iter()
        .chain(*id.as_bytes())
        .chain(bytes.to_be_bytes())
        .chain(number.to_be_bytes());
    for (to, from) in header.iter_mut().zip(fields) {
        *to = from;
    }
    header
}

/// What the header of a chunk says: digest and length of its document, and its own number.
pub(super) fn named(value: &[u8]) -> Option<(Digest, u64, u32)> {
    let (version, rest) = value.split_first()?;
    let (id, rest) = rest.split_first_chunk::<32>()?;
    let (bytes, rest) = rest.split_first_chunk::<8>()?;
    let (number, _) = rest.split_first_chunk::<4>()?;
    let id = Digest::from_slice(id).filter(|_| *version == VERSION)?;
    Some((id, u64::from_be_bytes(*bytes), u32::from_be_bytes(*number)))
}

/// The content of a chunk, if it is the one that is looked for.
pub(super) fn content<'v>(
    value: &'v [u8],
    id: &Digest,
    cut: &Cut,
    number: u32,
) -> Option<&'v [u8]> {
    let content = value.strip_prefix(&header(id, cut.bytes, number))?;
    let range = cut.range(number);
    (content.len() as u64 == range.end - range.start).then_some(content)
}

/// Takes pieces of given sizes out of parts that follow each other.
pub(super) struct Gather<'p> {
    parts: &'p [&'p [u8]],
    rest: &'p [u8],
}

impl<'p> Gather<'p> {
    pub fn new(parts: &'p [&'p [u8]]) -> Self {
        Gather { parts, rest: &[] }
    }

    /// Appends the next `bytes` bytes, or what is left.
    pub fn take(&mut self, mut bytes: usize, to: &mut Vec<u8>) {
        while bytes > 0 {
            if self.rest.is_empty() {
                let Some((first, others)) = self.parts.split_first() else {
                    return;
                };
                (self.rest, self.parts) = (first, others);
                continue;
            }
            let (now, later) = self.rest.split_at(bytes.min(self.rest.len()));
            to.extend_from_slice(now);
            bytes -= now.len();
            self.rest = later;
        }
    }
}
