//! The signature fields of a file, each with the place of its bytes and every fault of its form.
//!
//! ISO 32000-1 12.7.4.5 and 12.8.1; ETSI EN 319 142-1 5.3 (ByteRange), 6.3 (entries).
//!
//! # What is not here
//! * What later revisions changed: see `changes`. Whether the CMS is right: not our layer.

mod stray;

use super::certification::Restrictions;
use super::document::{Document, Indirect, Place};
use super::form::{self, Field, Form};
use super::lexer::{Lexer, is_space};
use super::object::{Dict, Item, ObjId, Value};
use super::revision::{self, Revision};
use super::signature::{SignatureField, SignatureKind, SignatureProblem, Signatures};
use super::text::Digits;
use super::xref::Entry;
use super::{Limits, Refusal, text};
use std::collections::HashSet;
use std::ops::Range;

/// Finds every signature that the form of the last revision names.
pub fn signatures(bytes: &[u8], limits: &Limits) -> Result<Signatures, Refusal> {
    let doc = Document::open(bytes, limits)?;
    let revisions = revision::all(&doc);
    let (fields, places): (Vec<_>, Vec<_>) = located(&doc, &revisions)?.into_iter().unzip();
    let mut lexer = Lexer::new(bytes, doc.ending.end);
    lexer.skip_line_end();
    Ok(Signatures {
        strays: stray::all(&doc, places.into_iter().flatten().collect()),
        revision_ends: revisions
            .iter()
            .map(|revision| wide(revision.end))
            .collect(),
        unexplained: (lexer.at < bytes.len()).then(|| wide(lexer.at)..wide(bytes.len())),
        fields,
    })
}

pub(crate) fn of_document(
    doc: &Document<'_>,
    revisions: &[Revision],
) -> Result<Vec<SignatureField>, Refusal> {
    let located = located(doc, revisions)?;
    Ok(located.into_iter().map(|(field, _)| field).collect())
}

/// A signature and where its dictionary's object stands in the file.
type Located = (SignatureField, Option<Range<usize>>);

fn located(doc: &Document<'_>, revisions: &[Revision]) -> Result<Vec<Located>, Refusal> {
    let catalog = doc.catalog()?;
    let form = Form::of(doc, &catalog)?;
    let mut found: Vec<Located> = Vec::new();
    if let Some(form) = form.dict() {
        let mut seen = HashSet::new();
        form::each(doc, form, &mut |field| {
            let Some(value) = field.value.clone().filter(|_| field.is_signature) else {
                return Ok(());
            };
            if found.len() >= doc.limits.max_signatures {
                return Err(Refusal::OverBudget { what: "signatures" });
            }
            found.push(read(doc, &field, &value, &mut seen, revisions)?);
            Ok(())
        })?;
    }
    // The order of revisions; the place in the file where that is the same.
    found.sort_by_key(|(field, _)| {
        let place = field.contents_token.as_ref().map(|token| token.start);
        (field.revision_end.unwrap_or(u64::MAX), place)
    });
    mark_shared(&mut found);
    Ok(found)
}

fn read<'d>(
    doc: &'d Document<'_>,
    field: &Field<'d>,
    value: &Item<'d>,
    seen: &mut HashSet<ObjId>,
    revisions: &[Revision],
) -> Result<Located, Refusal> {
    let mut out = SignatureField {
        name: field.name.to_string(),
        field: field.id,
        object: ObjId {
            number: 0,
            generation: 0,
        },
        kind: SignatureKind::Signature,
        filter: String::new(),
        sub_filter: String::new(),
        byte_range: None,
        contents_token: None,
        contents: Vec::new(),
        m: None,
        signer_name: None,
        reason: None,
        location: None,
        revision_end: None,
        doc_mdp: None,
        problems: Vec::new(),
    };
    let object = match value.value {
        Value::Reference(id) => doc.load(id)?,
        _ => None,
    };
    let Some(object) = object else {
        out.problems.push(SignatureProblem::NotADictionary);
        return Ok((out, None));
    };
    out.object = object.id;
    if !seen.insert(object.id) {
        out.problems.push(SignatureProblem::SharedDictionary);
        return Ok((out, None));
    }
    let Some(dict) = object.dict() else {
        out.problems.push(SignatureProblem::NotADictionary);
        return Ok((out, None));
    };
    if dict.duplicate.is_some() {
        out.problems.push(SignatureProblem::DuplicateKey);
    }
    describe(&mut out, dict);
    let restrictions = Restrictions::of(doc, &field.dict, dict)?;
    out.doc_mdp = restrictions.doc_mdp;
    match &object.place {
        Place::Container(_) => {
            out.problems.push(SignatureProblem::InObjectStream);
            Ok((out, None))
        }
        Place::File(place) => {
            contents(&mut out, dict);
            byte_range(&mut out, dict, doc.file);
            coverage(&mut out, doc, &object, place.start, revisions);
            Ok((out, Some(place.clone())))
        }
    }
}

/// The entries that are words.
fn describe(out: &mut SignatureField, dict: &Dict<'_>) {
    let name = |key| match dict.value(key) {
        Some(Value::Name(name)) => Some(name.shown()),
        _ => None,
    };
    let words = |key| match dict.value(key) {
        Some(Value::Text(token)) => Some(text::shown(token)),
        _ => None,
    };
    match name("Filter") {
        Some(filter) => out.filter = filter,
        None => out.problems.push(SignatureProblem::NoFilter),
    }
    match name("SubFilter") {
        Some(sub_filter) => out.sub_filter = sub_filter,
        None => out.problems.push(SignatureProblem::NoSubFilter),
    }
    out.m = words("M");
    out.signer_name = words("Name");
    out.reason = words("Reason");
    out.location = words("Location");
    // ISO 32000-2 table 255: Sig may be left out, DocTimeStamp may not.
    let is_token = out.sub_filter == "ETSI.RFC3161";
    let written = if dict.has("Type") {
        name("Type").unwrap_or_default()
    } else {
        "Sig".to_owned()
    };
    if is_token || written == "DocTimeStamp" {
        out.kind = SignatureKind::DocTimeStamp;
    }
    if written != if is_token { "DocTimeStamp" } else { "Sig" } {
        out.problems.push(SignatureProblem::WrongType);
    }
}

fn contents(out: &mut SignatureField, dict: &Dict<'_>) {
    match dict.item("Contents") {
        None
        | Some(Item {
            value: Value::Null, ..
        }) => out.problems.push(SignatureProblem::NoContents),
        Some(Item {
            value: Value::Text([b'<', inner @ .., b'>']),
            span,
        }) => {
            out.contents_token = Some(wide(span.start)..wide(span.end));
            let (contents, digits) = text::hex(inner);
            out.contents = contents;
            if digits == Digits::Odd {
                out.problems.push(SignatureProblem::ContentsNotHex);
            }
            if out.contents.iter().all(|byte| *byte == 0) {
                out.problems.push(SignatureProblem::ContentsEmpty);
            }
        }
        Some(_) => out.problems.push(SignatureProblem::ContentsNotHex),
    }
}

/// ISO 32000-1 12.8.1: pairs of start and length; EN 319 142-1 5.3: two of them, over all but Contents.
fn byte_range(out: &mut SignatureField, dict: &Dict<'_>, file: &[u8]) {
    let items = match dict.value("ByteRange") {
        None => {
            out.problems.push(SignatureProblem::NoByteRange);
            return;
        }
        Some(value) => value.array().unwrap_or_default(),
    };
    let numbers: Vec<u64> = items
        .iter()
        .filter_map(|item| match item.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        })
        .collect();
    let ([a, b, c, d], 4) = (numbers.as_slice(), items.len()) else {
        out.problems.push(SignatureProblem::ByteRangeOdd);
        return;
    };
    let within = |start: u64, length: u64| {
        start
            .checked_add(length)
            .is_some_and(|end| end <= wide(file.len()))
    };
    if !within(*a, *b) || !within(*c, *d) {
        out.problems.push(SignatureProblem::ByteRangeOutsideFile);
        return;
    }
    out.byte_range = Some([*a, *b, *c, *d]);
    if *a != 0 {
        out.problems.push(SignatureProblem::ByteRangeNotFromStart);
    }
    let gap = a.saturating_add(*b)..*c;
    if out.contents_token.as_ref() != Some(&gap) {
        out.problems.push(SignatureProblem::GapIsNotContents);
    }
}

/// The signed bytes end with the revision that brought the dictionary.
fn coverage(
    out: &mut SignatureField,
    doc: &Document<'_>,
    object: &Indirect<'_>,
    offset: usize,
    revisions: &[Revision],
) {
    let own = revisions.iter().find(|revision| revision.mark_end > offset);
    out.revision_end = own.map(|revision| wide(revision.end));
    let Some(end) = out.signed_end().and_then(|end| usize::try_from(end).ok()) else {
        return;
    };
    // The last one: white space only could follow two of them, which no writer does.
    let signed = revisions
        .iter()
        .rev()
        .find(|revision| revision.ends_at(doc.file, end));
    match (signed, own) {
        (None, _) | (_, None) => out.problems.push(SignatureProblem::NotAtRevisionEnd),
        (Some(signed), Some(own)) => {
            let listed = signed.entry(doc, object.id.number);
            let here = Entry::At {
                offset,
                generation: object.id.generation,
            };
            if signed != own || listed != Some(here) {
                out.problems.push(SignatureProblem::OtherRevision);
            }
        }
    }
}

/// Faults that only show between signatures.
fn mark_shared(found: &mut [Located]) {
    let mut names = HashSet::new();
    let mut gaps = HashSet::new();
    let mut ends = HashSet::new();
    for (field, _) in found {
        if !names.insert(field.name.clone()) {
            field.problems.push(SignatureProblem::SharedName);
        }
        if let Some([a, b, c, d]) = field.byte_range {
            let gap = gaps.insert((a.saturating_add(b), c));
            let end = ends.insert(c.saturating_add(d));
            if !gap || !end {
                field.problems.push(SignatureProblem::SharedByteRange);
            }
        }
    }
}

fn wide(offset: usize) -> u64 {
    u64::try_from(offset).unwrap_or(u64::MAX)
}

/// The first byte that is neither white space nor part of the last revision.
pub(crate) fn bytes_behind(doc: &Document<'_>) -> Option<usize> {
    let rest = doc.file.get(doc.ending.end..).unwrap_or_default();
    let at = rest.iter().position(|byte| !is_space(*byte))?;
    Some(doc.ending.end.saturating_add(at))
}
