//! The interactive form with one more field, and with the flags of a signed file.
//!
//! ISO 32000-1 12.7.2.

use super::edits::Edits;
use crate::pdf::Refusal;
use crate::pdf::document::{Document, Indirect};
use crate::pdf::form::Form;
use crate::pdf::object::{Item, ObjId, Value};

/// ISO 32000-1 table 218: SignaturesExist and AppendOnly.
fn sig_flags(written: i64) -> String {
    format!("{}", (written & 0x7FFF_FFFF) | 3)
}

/// Adds `field` to the list of fields, where it is a new one, and says that signatures exist.
pub(super) fn extend<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    form: &Form<'d>,
    field: Option<ObjId>,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let (holder, dict) = match form {
        Form::Absent => {
            let list = field.map_or_else(String::new, |field| format!("{field} R"));
            let value = format!("<< /Fields [{list}] /SigFlags 3 >>");
            return edits.set(catalog, &catalog.item, "AcroForm", value.as_bytes());
        }
        Form::Direct(_) => {
            let item = catalog.dict().and_then(|dict| dict.item("AcroForm"));
            (catalog, item.unwrap_or(&catalog.item))
        }
        Form::Indirect(object) => (object, &object.item),
    };
    if is_information(doc, form)? {
        return extend_copy(doc, catalog, holder, field, edits);
    }
    extend_dict(doc, holder, dict, field, edits)
}

/// One writer makes its document information the form as well; a later signature would then change both.
fn is_information(doc: &Document<'_>, form: &Form<'_>) -> Result<bool, Refusal> {
    let information = doc.trailer()?.value("Info").and_then(Value::reference);
    Ok(matches!(form, Form::Indirect(object) if information == Some(object.id)))
}

/// The catalog gets a form of its own, made from the object that has two purposes.
fn extend_copy<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    form: &Indirect<'d>,
    field: Option<ObjId>,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let mut copy = Edits::default();
    extend_dict(doc, form, &form.item, field, &mut copy)?;
    for (id, text) in copy.written()? {
        if id != form.id {
            return Err(Refusal::damaged(
                "one object is form and document information",
            ));
        }
        edits.set(catalog, &catalog.item, "AcroForm", &text)?;
    }
    Ok(())
}

fn extend_dict<'d>(
    doc: &'d Document<'_>,
    holder: &Indirect<'d>,
    dict: &Item<'d>,
    field: Option<ObjId>,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    if let Some(field) = field {
        let fields = dict.value.dict().and_then(|form| form.item("Fields"));
        edits.append_references(doc, holder, dict, fields, "Fields", &[field])?;
    }
    let flags = match dict.value.dict().and_then(|form| form.item("SigFlags")) {
        None => 0,
        Some(item) => match doc.follow(item)?.value() {
            Some(Value::Integer(flags)) => *flags,
            Some(Value::Null) | None => 0,
            Some(_) => return Err(Refusal::damaged("the signature flags are not a number")),
        },
    };
    if flags & 3 == 3 && field.is_none() {
        return Ok(());
    }
    edits.set(holder, dict, "SigFlags", sig_flags(flags).as_bytes())
}
