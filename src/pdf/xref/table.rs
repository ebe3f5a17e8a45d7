//! Cross-reference tables: ISO 32000-1 7.5.4.
//!
//! # Invariants
//! * Every entry has the form of the clause: 20 bytes, or 19 throughout a subsection (an end-of-line of one byte, which some
//!   producers write and which reads in one way only). A table with any other entry is refused, not repaired.

use super::{Data, Entry, Section, Subsection, sorted, trailer_dict};
use crate::pdf::Limits;
use crate::pdf::lexer::Lexer;
use crate::pdf::parse::Parser;
use crate::pdf::refusal::Refusal;

/// `nnnnnnnnnn ggggg n`, without the end-of-line.
const WORDS_BYTES: usize = 18;

pub(super) fn read<'a>(
    file: &'a [u8],
    offset: usize,
    limits: &Limits,
) -> Result<Section<'a>, Refusal> {
    let mut lexer = Lexer::new(file, offset.saturating_add(4));
    let mut subsections = Vec::new();
    loop {
        lexer.skip_blank();
        if lexer.keyword("trailer") {
            break;
        }
        let subsection = subsection(&mut lexer)?;
        if subsection.count > 0 {
            subsections.push(subsection);
        }
    }
    let mut parser = Parser::new(file, lexer.at, limits);
    let trailer = trailer_dict(parser.item()?, offset)?;
    Ok(Section {
        offset,
        end: parser.lexer.at,
        trailer,
        stream: None,
        subsections: sorted(subsections, offset, limits)?,
        data: Data::Table,
    })
}

fn subsection(lexer: &mut Lexer<'_>) -> Result<Subsection, Refusal> {
    let start = lexer.at;
    let odd = || Refusal::broken("a malformed cross-reference subsection", start);
    let first = lexer
        .digits()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(odd)?;
    lexer.skip_blank();
    let count = lexer
        .digits()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(odd)?;
    while lexer.peek() == Some(b' ') {
        lexer.at += 1;
    }
    if !lexer.skip_line_end() {
        return Err(odd());
    }
    let at = lexer.at;
    // The first entry shows how long the end-of-line is; the others must agree.
    let line_end = match lexer.rest().get(WORDS_BYTES..) {
        Some([b' ' | b'\r', b'\r' | b'\n', ..]) => 2,
        _ => 1,
    };
    let width = WORDS_BYTES + line_end;
    let bytes = usize::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(width))
        .ok_or_else(odd)?;
    let entries = lexer
        .bytes
        .get(at..at.saturating_add(bytes))
        .ok_or_else(odd)?;
    if let Some(index) = entries
        .chunks_exact(width)
        .position(|entry| !is_entry(entry))
    {
        return Err(Refusal::broken(
            "a malformed cross-reference entry",
            at.saturating_add(index.saturating_mul(width)),
        ));
    }
    lexer.at = at + bytes;
    Ok(Subsection {
        first,
        count,
        at,
        width,
    })
}

fn is_entry(entry: &[u8]) -> bool {
    let Some((offset, rest)) = entry.split_at_checked(10) else {
        return false;
    };
    let [b' ', a, b, c, d, e, b' ', b'n' | b'f', end @ ..] = rest else {
        return false;
    };
    offset.iter().chain([a, b, c, d, e]).all(u8::is_ascii_digit)
        && matches!(end, [b' ', b'\r' | b'\n'] | b"\r\n" | b"\n" | b"\r")
}

pub(super) fn entry(file: &[u8], at: usize) -> Result<Entry, Refusal> {
    let odd = || Refusal::broken("a malformed cross-reference entry", at);
    let mut lexer = Lexer::new(file, at);
    let offset = lexer.digits().ok_or_else(odd)?;
    lexer.skip_blank();
    let generation = lexer.digits().ok_or_else(odd)?;
    lexer.skip_blank();
    match lexer.peek() {
        // Offset 0 is the header: producers write it for objects they never wrote.
        Some(b'n') if offset > 0 => Ok(Entry::At {
            offset: usize::try_from(offset).map_err(|_| odd())?,
            generation: u16::try_from(generation).map_err(|_| odd())?,
        }),
        Some(b'n' | b'f') => Ok(Entry::Free),
        _ => Err(odd()),
    }
}
