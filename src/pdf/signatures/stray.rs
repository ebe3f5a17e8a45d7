//! Signature dictionaries that stand in the bytes of a file but that its form does not name.
//!
//! A lenient search: every `/ByteRange` outside the known signatures. It finds signatures that a later revision took out of
//! the form, and ones that only a repairing reader would see; also those of a signed file that is attached uncompressed.
//! It reports; it decides nothing.

use crate::pdf::document::Document;
use crate::pdf::object::ObjId;
use crate::pdf::parse::Parser;
use crate::pdf::signature::Stray;
use std::ops::Range;

const KEY: &[u8] = b"/ByteRange";
/// A file with more of them is not explained by listing more.
const MAX_STRAYS: usize = 256;

pub(super) fn all(doc: &Document<'_>, mut explained: Vec<Range<usize>>) -> Vec<Stray> {
    explained.sort_by_key(|range| range.start);
    places(doc.file)
        .filter(|at| {
            let after = explained.partition_point(|range| range.start <= *at);
            let before = after.checked_sub(1).and_then(|index| explained.get(index));
            !before.is_some_and(|range| range.contains(at))
        })
        .take(MAX_STRAYS)
        .map(|at| Stray {
            offset: u64::try_from(at).unwrap_or(u64::MAX),
            object: owner(doc, at),
        })
        .collect()
}

fn places(file: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(file, KEY)
}

/// The nearest `n g obj` before it; a signature dictionary with its Contents is rarely longer than this.
const OWNER_WINDOW_BYTES: usize = 256 << 10;

fn owner(doc: &Document<'_>, at: usize) -> Option<ObjId> {
    let start = at.saturating_sub(OWNER_WINDOW_BYTES);
    let window = doc.file.get(start..at)?;
    let word = window.windows(4).rposition(|bytes| bytes == b" obj")?;
    let mut digits = window.get(..word)?.iter().rev();
    let length = digits
        .by_ref()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b' ')
        .count();
    let head = start + word - length;
    let blanks = doc
        .file
        .get(head..)?
        .iter()
        .take_while(|byte| **byte == b' ')
        .count();
    Parser::new(doc.file, head + blanks, &doc.limits).header()
}
