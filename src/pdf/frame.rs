//! The frame of one indirect object: `n g obj`, the value, the stream data, `endobj`. ISO 32000-1 7.3.8 and 7.3.10.
//!
//! # Invariants
//! * The data of a stream has exactly the length its dictionary says, and `endstream` stands behind it.

use super::Limits;
use super::inflate::{Predictor, inflate, undo_predictor};
use super::object::{Dict, Item, ObjId, Value};
use super::parse::Parser;
use super::refusal::Refusal;
use std::ops::Range;

#[derive(Debug, Clone)]
pub(crate) struct Framed<'d> {
    pub id: ObjId,
    pub item: Item<'d>,
    /// Stored bytes of the stream, in the file.
    pub data: Option<Range<usize>>,
    /// Behind `endobj`.
    pub end: usize,
}

/// Reads the object at exactly `offset`; `length_of` answers for a `/Length` that is a reference.
pub(crate) fn read<'d>(
    file: &'d [u8],
    offset: usize,
    limits: &Limits,
    length_of: &mut dyn FnMut(ObjId) -> Result<usize, Refusal>,
) -> Result<Framed<'d>, Refusal> {
    let mut parser = Parser::new(file, offset, limits);
    let id = parser.header().ok_or_else(|| {
        Refusal::broken("no object where the cross-references announce one", offset)
    })?;
    let item = parser.item()?;
    parser.lexer.skip_space();
    let mut data = None;
    if let Value::Dict(dict) = &item.value
        && parser.lexer.keyword("stream")
    {
        let length = match dict.value("Length") {
            Some(Value::Integer(length)) => usize::try_from(*length)
                .map_err(|_| Refusal::broken("a negative stream length", offset))?,
            Some(Value::Reference(id)) => length_of(*id)?,
            _ => return Err(Refusal::broken("a stream without a length", offset)),
        };
        data = Some(stream_data(&mut parser, length)?);
        parser.lexer.skip_blank();
    }
    if !parser.lexer.keyword("endobj") {
        return Err(parser.lexer.broken("an object does not end with endobj"));
    }
    Ok(Framed {
        id,
        item,
        data,
        end: parser.lexer.at,
    })
}

/// 7.3.8.1: `stream`, CR LF or LF (never CR alone), the data, an end-of-line, `endstream`.
fn stream_data(parser: &mut Parser<'_>, length: usize) -> Result<Range<usize>, Refusal> {
    let lexer = &mut parser.lexer;
    lexer.at += match lexer.rest() {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return Err(lexer.broken("no end-of-line after the word stream")),
    };
    let start = lexer.at;
    let end = start
        .checked_add(length)
        .filter(|end| *end <= lexer.bytes.len())
        .ok_or_else(|| lexer.broken("a stream reaches outside the file"))?;
    lexer.at = end;
    lexer.skip_line_end();
    if !lexer.keyword("endstream") {
        return Err(Refusal::broken(
            "a stream does not end where its length says",
            end,
        ));
    }
    Ok(start..end)
}

/// The bytes behind the filters of a cross-reference or object stream.
pub(crate) fn decoded(
    dict: &Dict<'_>,
    stored: &[u8],
    budget: u64,
    limits: &Limits,
) -> Result<Vec<u8>, Refusal> {
    let odd = || Refusal::damaged("a filter that cross-reference and object streams do not use");
    let filter = match dict.value("Filter") {
        Some(Value::Array(items)) => match items.as_slice() {
            [] => None,
            [one] => Some(&one.value),
            _ => return Err(odd()),
        },
        other => other,
    };
    match filter {
        None => {
            if u64::try_from(stored.len()).unwrap_or(u64::MAX) > budget {
                return Err(Refusal::OverBudget {
                    what: "inflated streams",
                });
            }
            Ok(stored.to_vec())
        }
        Some(Value::Name(name)) if name.is(b"FlateDecode") => undo_predictor(
            inflate(stored, budget, limits)?,
            predictor(dict).ok_or_else(odd)?,
        ),
        Some(_) => Err(odd()),
    }
}

fn predictor(dict: &Dict<'_>) -> Option<Predictor> {
    let none = Dict::default();
    let params = match dict.value("DecodeParms") {
        None => &none,
        Some(Value::Dict(params)) => params,
        Some(Value::Array(items)) => match items.as_slice() {
            [] => &none,
            [
                Item {
                    value: Value::Dict(params),
                    ..
                },
            ] => params,
            [
                Item {
                    value: Value::Null, ..
                },
            ] => &none,
            _ => return None,
        },
        Some(_) => return None,
    };
    let number = |key: &str, usual: i64| match params.value(key) {
        None => Some(usual),
        Some(Value::Integer(number)) => Some(*number),
        Some(_) => None,
    };
    if params.duplicate.is_some() {
        return None;
    }
    Some(Predictor {
        kind: number("Predictor", 1)?,
        colors: number("Colors", 1)?,
        bits: number("BitsPerComponent", 8)?,
        columns: number("Columns", 1)?,
    })
}
