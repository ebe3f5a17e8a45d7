//! A mark on a page, or a page more, before anyone signs: a QR code, a line that says where to look the result up.
//!
//! ISO 32000-1 7.8.2 (content streams are joined), 8.4.2 (`q` and `Q`), 14.8.2.2 (artifacts), 7.7.3 (the page tree).
//!
//! # Invariants
//! * A signed file is never changed this way.
//! * What was on the page stays as it was: its streams are named again between a `q` and a `Q`, never decoded or rewritten.
//!   A page whose own `q` and `Q` do not balance would show the mark out of place; nothing else of it changes.
//! * The page's resources become its own, with one name more: other pages that share them see no change.

use super::Appearance;
use super::appearance::{fitted, must_lie_on, written};
use super::edits::Edits;
use super::widget::no_catalog;
use super::writer::{Numbers, Writer};
use crate::pdf::Refusal;
use crate::pdf::document::{Document, Followed};
use crate::pdf::inspect::Inspected;
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::page::{self, Leaf, PageBox};
use std::ops::Range;

/// The tail that draws the form into its rectangle on the page, as an artifact and not as part of what the page says.
///
/// # Errors
/// The file is signed, there is no such page, or the form has no place on it.
pub fn append_page_content(doc: &Inspected<'_>, mark: &Appearance) -> Result<Vec<u8>, Refusal> {
    unsigned(doc)?;
    let file = &doc.doc;
    let leaf = page::nth(file, mark.page)?;
    must_lie_on(&leaf.geometry(file)?, mark)?;
    let mut numbers = Numbers::behind(doc);
    let before = numbers.take()?;
    let content = numbers.take()?;
    let form = mark.objects.numbered(&mut numbers)?;
    let (resources, name) = resources(file, &leaf, &form)?;
    let drawn = drawn(&form, mark.rect, &name)?;
    let page = &leaf.page;
    let mut edits = Edits::default();
    let old = old_contents(file, &leaf)?;
    edits.set(page, &page.item, "Resources", &resources)?;
    let mut objects = Vec::new();
    let (list, drawn) = match old {
        None => (format!("[{content} R]").into_bytes(), drawn),
        Some(old) => {
            objects.push((before, stream("q\n")));
            let head = format!("[{before} R ");
            let tail = format!(" {content} R]");
            (
                [head.as_bytes(), &old, tail.as_bytes()].concat(),
                format!("Q\n{drawn}"),
            )
        }
    };
    edits.set(page, &page.item, "Contents", &list)?;
    objects.push((content, stream(&drawn)));
    objects.extend(form);
    finished(doc, edits, &objects)
}

/// Annex C, table C.1: the least and the greatest page of a conforming reader.
const PAGE_SIZE: std::ops::RangeInclusive<f64> = 3.0..=14_400.0;

/// The tail that adds a last page of this width and height with nothing on it but the form; its page number is not looked at.
///
/// # Errors
/// The file is signed, or the form has no place on such a page.
pub fn append_page(
    doc: &Inspected<'_>,
    size: [f64; 2],
    mark: &Appearance,
) -> Result<Vec<u8>, Refusal> {
    unsigned(doc)?;
    let [width, height] = size;
    let media = [0.0, 0.0, width, height];
    if !size.iter().all(|side| PAGE_SIZE.contains(side)) {
        return Err(Refusal::Appearance {
            what: "no page can have this size",
        });
    }
    let sheet = PageBox {
        media,
        crop: media,
        rotate: 0,
        user_unit: 1.0,
    };
    must_lie_on(&sheet, mark)?;
    let file = &doc.doc;
    let catalog = file.catalog()?;
    let root = catalog
        .dict()
        .ok_or_else(no_catalog)?
        .value("Pages")
        .and_then(Value::reference)
        .ok_or_else(|| Refusal::damaged("the catalog names no page tree"))?;
    let root = file.expected(root)?;
    let tree = root
        .dict()
        .filter(|dict| page::is_node(dict).unwrap_or(false))
        .ok_or_else(|| Refusal::damaged("the page tree is a single page"))?;
    let kids = tree.item("Kids");
    let mut numbers = Numbers::behind(doc);
    let page = numbers.take()?;
    let content = numbers.take()?;
    let form = mark.objects.numbered(&mut numbers)?;
    let drawn = drawn(&form, mark.rect, FIRST_NAME)?;
    let mut edits = Edits::default();
    edits.append_references(file, &root, &root.item, kids, "Kids", &[page])?;
    let count = doc.pages().saturating_add(1).to_string();
    edits.set(&root, &root.item, "Count", count.as_bytes())?;
    let (first, box_text) = (first(&form)?, written(media));
    // Rotate and CropBox are said: ancestors may have others.
    let text = format!(
        "<< /Type /Page /Parent {} R /MediaBox {box_text} /CropBox {box_text} /Rotate 0 /Resources << /XObject << /{FIRST_NAME} {first} R >> >> /Contents {content} R >>",
        root.id
    );
    let mut objects = vec![(page, text.into_bytes()), (content, stream(&drawn))];
    objects.extend(form);
    finished(doc, edits, &objects)
}

/// Pages belong to what is signed.
fn unsigned(doc: &Inspected<'_>) -> Result<(), Refusal> {
    if doc.signatures().is_empty() {
        Ok(())
    } else {
        Err(Refusal::CarriesSignatures)
    }
}

fn finished(
    doc: &Inspected<'_>,
    edits: Edits<'_>,
    objects: &[(ObjId, Vec<u8>)],
) -> Result<Vec<u8>, Refusal> {
    let room: usize = objects.iter().map(|(_, text)| text.len() + 64).sum();
    let mut out = Writer::behind(doc, room + 4_096)?;
    out.objects(&edits.written()?);
    out.objects(objects);
    Ok(out.finish())
}

fn stream(text: &str) -> Vec<u8> {
    format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()).into_bytes()
}

type Form = [(ObjId, Vec<u8>)];

fn first(form: &Form) -> Result<ObjId, Refusal> {
    form.first().map(|(id, _)| *id).ok_or(Refusal::Appearance {
        what: "it is empty",
    })
}

/// 14.8.2.2: what is not part of the text is marked as such; in a file that is not tagged it does no harm.
fn drawn(form: &Form, rect: [f64; 4], name: &str) -> Result<String, Refusal> {
    let form = form.first().ok_or(Refusal::Appearance {
        what: "it is empty",
    })?;
    let matrix = written(fitted(form, rect)?);
    let matrix = matrix.trim_matches(['[', ']']);
    Ok(format!("/Artifact BMC\nq\n{matrix} cm\n/{name} Do\nQ\nEMC"))
}

/// The references that make up the page now; none where there are none.
fn old_contents(doc: &Document<'_>, leaf: &Leaf<'_>) -> Result<Option<Vec<u8>>, Refusal> {
    let odd = || Refusal::damaged("the contents of a page are not a stream or an array of streams");
    let page = &leaf.page;
    let Some(item) = page.dict().and_then(|dict| dict.item("Contents")) else {
        return Ok(None);
    };
    let items = match &doc.follow(item)? {
        Followed::Nothing => return Ok(None),
        Followed::Indirect(object) if object.data.is_some() => {
            return Ok(Some(format!("{} R", object.id).into_bytes()));
        }
        followed => match followed.value() {
            Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.value.reference().ok_or_else(odd))
                .collect::<Result<Vec<ObjId>, Refusal>>()?,
            _ => return Err(odd()),
        },
    };
    Ok((!items.is_empty()).then(|| super::edits::listed(&items).into_bytes()))
}

const FIRST_NAME: &str = "Antin1";
/// No page names more forms of ours.
const MAX_NAMES: u32 = 10_000;

/// The page's resources as a dictionary of its own with the form in it, and the form's name there.
fn resources(
    doc: &Document<'_>,
    leaf: &Leaf<'_>,
    form: &Form,
) -> Result<(Vec<u8>, String), Refusal> {
    let first = first(form)?;
    let alone = format!("/{FIRST_NAME} {first} R");
    let Some((item, source)) = leaf.attribute("Resources") else {
        let text = format!("<< /XObject << {alone} >> >>");
        return Ok((text.into_bytes(), FIRST_NAME.to_owned()));
    };
    let (dict, span, source) = match sourced(doc, &item, source)? {
        Some(found) => found,
        None => {
            let text = format!("<< /XObject << {alone} >> >>");
            return Ok((text.into_bytes(), FIRST_NAME.to_owned()));
        }
    };
    let whole = |range: Range<usize>| source.get(range).unwrap_or_default();
    let inner_end = span.end.saturating_sub(2);
    let Some(forms) = dict.item("XObject") else {
        let text = format!(" /XObject << {alone} >> >>");
        return Ok((
            [whole(span.start..inner_end), text.as_bytes()].concat(),
            FIRST_NAME.to_owned(),
        ));
    };
    let (inner, name) = match sourced(doc, forms, source)? {
        None => (format!("<< {alone} >>").into_bytes(), FIRST_NAME.to_owned()),
        Some((names, place, from)) => {
            let name = free_name(&names)?;
            let kept = from.get(place.start..place.end.saturating_sub(2));
            let text = format!(" /{name} {first} R >>");
            ([kept.unwrap_or_default(), text.as_bytes()].concat(), name)
        }
    };
    let text = [
        whole(span.start..forms.span.start),
        b" ",
        &inner,
        whole(forms.span.end..span.end),
    ]
    .concat();
    Ok((text, name))
}

type SourcedDict<'d> = (Dict<'d>, Range<usize>, &'d [u8]);

/// A dictionary wherever it is written, with its place in its buffer; none for null.
fn sourced<'d>(
    doc: &'d Document<'_>,
    item: &Item<'d>,
    source: &'d [u8],
) -> Result<Option<SourcedDict<'d>>, Refusal> {
    let odd = || Refusal::damaged("the resources of a page are not a dictionary");
    let (value, span, source) = match doc.follow(item)? {
        Followed::Nothing => return Ok(None),
        Followed::Direct(item) => (item.value.clone(), item.span.clone(), source),
        Followed::Indirect(object) if object.data.is_none() => {
            (object.item.value, object.item.span, object.source)
        }
        Followed::Indirect(_) => return Err(odd()),
    };
    match value {
        Value::Null => Ok(None),
        Value::Dict(dict) => match dict.duplicate {
            None => Ok(Some((dict, span, source))),
            Some(key) => Err(Refusal::DuplicateKey {
                key: key.shown(),
                offset: None,
            }),
        },
        _ => Err(odd()),
    }
}

fn free_name(names: &Dict<'_>) -> Result<String, Refusal> {
    (1..=MAX_NAMES)
        .map(|number| format!("Antin{number}"))
        .find(|name| names.item(name).is_none())
        .ok_or(Refusal::OverBudget {
            what: "names of a page's forms",
        })
}
