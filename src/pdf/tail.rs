//! The bytes behind a signed revision, read from front to back: every byte belongs to an object, a section, an ending, or is blank.
//!
//! This is the second reading of the two that `changes` compares. The first follows the cross-references as written; this one looks
//! at the bytes as a repairing reader would, and also finds what the cross-references do not list.
//!
//! # Invariants
//! * An object found by pattern anywhere in the tail (in a stream, a string, a comment) but not by reading is a problem.

use super::document::Document;
use super::frame;
use super::lexer::{Lexer, is_space};
use super::object::{ObjId, Value};
use super::xref;
use std::ops::Range;

#[derive(Debug, Clone)]
pub(crate) struct TailObject {
    pub id: ObjId,
    pub place: Range<usize>,
    pub is_container: bool,
}

/// The part of the tail that belongs to one saved revision.
#[derive(Debug, Default)]
pub(crate) struct TailRevision {
    pub objects: Vec<TailObject>,
    /// What its `startxref` says.
    pub xref_offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TailProblem {
    /// Neither object nor section nor ending begins here, or what begins does not end.
    Unexplained(usize),
    /// `n g obj` where no object was read.
    HiddenObject(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// In the order of the file.
    pub revisions: Vec<TailRevision>,
    pub problems: Vec<TailProblem>,
}

/// Reads `doc.file[start..]`.
pub(crate) fn read(doc: &Document<'_>, start: usize) -> Tail {
    let mut tail = Tail::default();
    let mut open = TailRevision::default();
    let mut lexer = Lexer::new(doc.file, start);
    let mut unread;
    loop {
        lexer.skip_blank();
        let at = lexer.at;
        unread = at;
        match lexer.peek() {
            None => break,
            Some(b'%') if harmless_comment(&mut lexer) => continue,
            Some(b'0'..=b'9') => match object(doc, at) {
                Some(object) => {
                    lexer.at = object.place.end;
                    open.objects.push(object);
                    continue;
                }
                None => break,
            },
            Some(b'x') => match doc.sections.iter().find(|section| section.offset == at) {
                Some(section) => {
                    lexer.at = section.end;
                    continue;
                }
                None => break,
            },
            Some(b's') => match xref::ending_at(&mut lexer) {
                Some(ending) => {
                    lexer.at = ending.end;
                    lexer.skip_line_end();
                    unread = lexer.at;
                    open.xref_offset = ending.xref_offset;
                    tail.revisions.push(std::mem::take(&mut open));
                    if lexer.rest().iter().all(|byte| is_space(*byte)) {
                        break;
                    }
                    continue;
                }
                None => break,
            },
            Some(_) => break,
        }
    }
    if unread < doc.file.len() || !open.objects.is_empty() {
        tail.problems.push(TailProblem::Unexplained(unread));
    }
    hidden_objects(doc.file, start, &mut tail);
    tail
}

/// A comment that no repairing reader takes for structure (some writers sign their name with one).
fn harmless_comment(lexer: &mut Lexer<'_>) -> bool {
    let start = lexer.at;
    lexer.skip_comment();
    let text = lexer.slice(start, lexer.at);
    const STRUCTURE: [&[u8]; 5] = [b"obj", b"xref", b"trailer", b"%PDF", b"%%EOF"];
    !STRUCTURE
        .iter()
        .any(|word| text.windows(word.len()).any(|bytes| bytes == *word))
}

fn object(doc: &Document<'_>, at: usize) -> Option<TailObject> {
    let framed = frame::read(doc.file, at, &doc.limits, &mut |id| doc.length(id)).ok()?;
    let is_container = framed.data.is_some()
        && matches!(&framed.item.value, Value::Dict(dict) if dict.name_is("Type", "ObjStm"));
    Some(TailObject {
        id: framed.id,
        place: at..framed.end,
        is_container,
    })
}

/// Every `n g obj` by pattern, wherever it stands.
fn hidden_objects(file: &[u8], start: usize, tail: &mut Tail) {
    let mut read: Vec<usize> = tail
        .revisions
        .iter()
        .flat_map(|revision| revision.objects.iter().map(|object| object.place.start))
        .collect();
    read.sort_unstable();
    let bytes = file.get(start..).unwrap_or_default();
    let found = bytes
        .windows(3)
        .enumerate()
        .filter(|(_, word)| *word == b"obj");
    for (at, _) in found {
        let Some(head) = header_before(bytes.get(..at).unwrap_or_default()) else {
            continue;
        };
        if read.binary_search(&(start + head)).is_err() && tail.problems.len() < MAX_PROBLEMS {
            tail.problems.push(TailProblem::HiddenObject(start + head));
        }
    }
}

const MAX_PROBLEMS: usize = 64;

/// The start of `n g ` at the end of `bytes`.
fn header_before(bytes: &[u8]) -> Option<usize> {
    let after_blanks = |end: usize| {
        let blanks = bytes
            .get(..end)?
            .iter()
            .rev()
            .take_while(|byte| is_space(**byte))
            .count();
        Some(end - blanks)
    };
    let after_digits = |end: usize| {
        let digits = bytes
            .get(..end)?
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (digits > 0).then(|| end - digits)
    };
    let generation = after_digits(after_blanks(bytes.len())?)?;
    let number_end = after_blanks(generation)?;
    if number_end == generation {
        return None;
    }
    after_digits(number_end)
}
