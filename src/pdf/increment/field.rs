//! An empty signature field of the file gets its signature.
//!
//! ISO 32000-1 12.7.3.1 (a field and its only widget may be one object), 12.7.4.5.
//!
//! # Invariants
//! * Of the field only V and AP change, of a widget of its own only AP: what comparisons of revisions let pass.

use super::appearance::{self, Appearance};
use super::edits::Edits;
use super::signature::Planned;
use super::writer::Numbers;
use super::{FieldRequest, demands, form};
use crate::pdf::Refusal;
use crate::pdf::document::{Document, Indirect};
use crate::pdf::form::{self as tree, Field, Form};
use crate::pdf::inspect::Inspected;
use crate::pdf::object::{Dict, ObjId, Value};
use crate::pdf::page::{self, Walk};
use std::collections::HashMap;

/// Where a signature field shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldPlace {
    /// Fully qualified.
    pub name: String,
    /// 0 is the first page.
    pub page: u32,
    /// Left, bottom, right, top; without an area where nothing is to be seen.
    pub rect: [f64; 4],
    pub state: FieldState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldState {
    Empty,
    Signed,
}

/// A signature field with the object that is its widget.
struct Found<'d> {
    field: Field<'d>,
    widget: ObjId,
}

pub(super) fn plan<'d>(
    doc: &'d Inspected<'_>,
    request: &FieldRequest,
    name: &str,
    shown: Option<&Appearance>,
    value: ObjId,
    numbers: &mut Numbers,
) -> Result<Planned<'d>, Refusal> {
    let file = &doc.doc;
    let catalog = file.catalog()?;
    let form = Form::of(file, &catalog)?;
    let found = find(file, &form, name)?;
    may_be_filled(file, &form, name)?;
    demands::met(file, &found.field, request)?;
    let reference = demands::lock(file, &found.field, catalog.id)?;
    let widget = file.expected(found.widget)?;
    let is_merged = found.widget == found.field.id;
    let added = match shown {
        Some(appearance) => appearance.objects.numbered(numbers)?,
        // What an empty field shows (a frame, "sign here") goes when it is signed. A widget of its own is left alone in a
        // signed file: some validators let only the field change then.
        None if is_merged || doc.signatures().is_empty() => {
            let rect = rect(file, &widget)?.unwrap_or_default();
            vec![appearance::empty(rect, numbers)?]
        }
        None => Vec::new(),
    };
    let mut edits = Edits::default();
    form::extend(file, &catalog, &form, None, &mut edits)?;
    let object = file.expected(found.field.id)?;
    let text = format!("{value} R");
    edits.set(&object, &object.item, "V", text.as_bytes())?;
    if let Some((first, _)) = added.first() {
        let text = format!("<< /N {first} R >>");
        edits.set(&widget, &widget.item, "AP", text.as_bytes())?;
    }
    Ok(Planned {
        edits,
        added,
        reference,
        field_name: name.to_owned(),
    })
}

/// Every signature of the file may lock this one field.
fn may_be_filled(doc: &Document<'_>, form: &Form<'_>, name: &str) -> Result<(), Refusal> {
    use crate::pdf::certification::Restrictions;
    let Some(form) = form.dict() else {
        return Ok(());
    };
    tree::each(doc, form, &mut |field| {
        if let Some(value) = field.value.as_deref().filter(|_| field.is_signature)
            && let Some(signature) = doc.follow(value)?.dict()
            && Restrictions::of(doc, &field.dict, signature)?.lock_field(name)
        {
            return Err(Refusal::LockedByCertification {
                field: field.name.to_string(),
            });
        }
        Ok(())
    })
}

fn find<'d>(doc: &'d Document<'_>, form: &Form<'d>, name: &str) -> Result<Found<'d>, Refusal> {
    let missing = || Refusal::NoSuchField {
        name: name.to_owned(),
    };
    let mut named: Vec<Field<'d>> = Vec::new();
    tree::each(doc, form.dict().ok_or_else(missing)?, &mut |field| {
        // A widget below its field has no name of its own.
        if &*field.name == name && field.dict.has("T") {
            named.push(field);
        }
        Ok(())
    })?;
    let demands = |what| Refusal::FieldDemands {
        name: name.to_owned(),
        what,
    };
    if named.len() > 1 {
        return Err(demands("two fields have this name"));
    }
    let field = named.pop().ok_or_else(missing)?;
    if !field.is_signature {
        return Err(Refusal::NotASignatureField {
            name: name.to_owned(),
        });
    }
    if field.value.is_some() {
        return Err(Refusal::FieldAlreadySigned {
            name: name.to_owned(),
        });
    }
    let widget = match widget(doc, &field)? {
        Widget::One(id) => id,
        Widget::NotTerminal => {
            return Err(Refusal::NotASignatureField {
                name: name.to_owned(),
            });
        }
        Widget::Odd => {
            return Err(demands(
                "it is shown in several places, or its place cannot be told",
            ));
        }
    };
    Ok(Found { field, widget })
}

enum Widget {
    One(ObjId),
    /// It only groups other fields.
    NotTerminal,
    Odd,
}

fn widget(doc: &Document<'_>, field: &Field<'_>) -> Result<Widget, Refusal> {
    let kids = field.dict.item("Kids").map(|item| doc.follow(item));
    let kids = kids.transpose()?;
    let kids = kids.as_ref().and_then(|kids| kids.array());
    let is_widget = |dict: &Dict<'_>| dict.name_is("Subtype", "Widget");
    match kids.unwrap_or_default() {
        [] if is_widget(&field.dict) => Ok(Widget::One(field.id)),
        [] => Ok(Widget::Odd),
        kids => {
            let mut ids = Vec::new();
            for kid in kids {
                let Some(id) = kid.value.reference() else {
                    return Ok(Widget::Odd);
                };
                let object = doc.load(id)?;
                let Some(dict) = object.as_ref().and_then(Indirect::dict) else {
                    return Ok(Widget::Odd);
                };
                if dict.has("T") {
                    return Ok(Widget::NotTerminal);
                }
                let own = ["V", "FT", "Kids"].iter().any(|key| dict.has(key));
                if own || !is_widget(dict) {
                    return Ok(Widget::Odd);
                }
                ids.push(id);
            }
            match ids.as_slice() {
                [one] if !is_widget(&field.dict) => Ok(Widget::One(*one)),
                _ => Ok(Widget::Odd),
            }
        }
    }
}

/// Left, bottom, right, top.
fn rect(doc: &Document<'_>, widget: &Indirect<'_>) -> Result<Option<[f64; 4]>, Refusal> {
    let Some(item) = widget.dict().and_then(|dict| dict.item("Rect")) else {
        return Ok(None);
    };
    let corners = page::corners(doc, item)?;
    Ok(corners.map(|[a, b, c, d]| [a.min(c), b.min(d), a.max(c), b.max(d)]))
}

pub(in crate::pdf) fn signature_field_places(
    doc: &Inspected<'_>,
) -> Result<Vec<FieldPlace>, Refusal> {
    let file = &doc.doc;
    let catalog = file.catalog()?;
    let form = Form::of(file, &catalog)?;
    let Some(form) = form.dict() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    tree::each(file, form, &mut |field| {
        if field.is_signature
            && field.dict.has("T")
            && let Widget::One(id) = widget(file, &field)?
        {
            let state = match field.value {
                None => FieldState::Empty,
                Some(_) => FieldState::Signed,
            };
            found.push((field.name.to_string(), id, state));
        }
        Ok(())
    })?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let pages = pages_of_widgets(file)?;
    let mut places = Vec::new();
    for (name, id, state) in found {
        let object = file.expected(id)?;
        if let (Some(page), Some(rect)) = (pages.get(&id), rect(file, &object)?) {
            places.push(FieldPlace {
                name,
                page: *page,
                rect,
                state,
            });
        }
    }
    Ok(places)
}

/// Annotations of the whole file; a form alone may have 20,000 fields.
const MAX_ANNOTATIONS: usize = 200_000;

/// The page of each annotation: /P is optional, /Annots is not.
fn pages_of_widgets(doc: &Document<'_>) -> Result<HashMap<ObjId, u32>, Refusal> {
    let mut pages = HashMap::new();
    let mut number = 0u32;
    let mut outcome = Ok(());
    page::each(doc, &mut |leaf| {
        outcome = annotations(doc, &leaf.page, number, &mut pages);
        number = number.saturating_add(1);
        match outcome {
            Ok(()) => Walk::On,
            Err(_) => Walk::Stop,
        }
    })?;
    outcome.map(|()| pages)
}

fn annotations(
    doc: &Document<'_>,
    page: &Indirect<'_>,
    number: u32,
    pages: &mut HashMap<ObjId, u32>,
) -> Result<(), Refusal> {
    let annots = page.dict().and_then(|dict| dict.value("Annots"));
    let object;
    let items = match annots {
        Some(Value::Array(items)) => items.as_slice(),
        Some(Value::Reference(id)) => {
            object = doc.load(*id)?;
            let value = object.as_ref().map(|object| &object.item.value);
            value.and_then(Value::array).unwrap_or_default()
        }
        _ => return Ok(()),
    };
    for id in items.iter().filter_map(|item| item.value.reference()) {
        pages.entry(id).or_insert(number);
        if pages.len() > MAX_ANNOTATIONS {
            return Err(Refusal::OverBudget {
                what: "annotations",
            });
        }
    }
    Ok(())
}
