//! Establishes that a file can take one more signature, and works out what has to be written again for it.
//!
//! ISO 32000-1 7.5.6 (incremental updates), 12.7.2 and 12.8.1.
//!
//! # Invariants
//! * An `Inspected` is planned to the byte: appending to it cannot fail for a reason that lies in the file.
//! * Rewritten objects keep number, generation and every byte except what is inserted.

use super::certification::Restrictions;
use super::document::{Document, Indirect};
use super::form::{self, Form};
use super::increment::{Edits, Plan};
use super::object::{Item, ObjId, Value};
use super::revision;
use super::signature::SignatureField;
use super::signatures;
use super::{Limits, Refusal, page};
use std::collections::BTreeSet;

/// A file that can be signed by an incremental update without ambiguity.
#[derive(Debug)]
pub struct Inspected<'a> {
    bytes: &'a [u8],
    pages: u64,
    signatures: Vec<SignatureField>,
    pub(crate) plan: Plan,
}

impl<'a> Inspected<'a> {
    /// The whole original file.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// As the root of the page tree counts them.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// The signatures that are there already.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureField] {
        &self.signatures
    }
}

/// Reads what a further signature needs to know and refuses what would leave an ambiguous file.
pub fn inspect<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Inspected<'a>, Refusal> {
    let doc = Document::open(bytes, limits)?;
    if let Some(at) = signatures::bytes_behind(&doc) {
        return Err(Refusal::broken(
            "bytes behind the end of the last revision",
            at,
        ));
    }
    let catalog = doc.catalog()?;
    let dict = catalog
        .dict()
        .ok_or_else(|| Refusal::damaged("the catalog is not a dictionary"))?;
    let (first_page, pages) = page::first(&doc, dict)?;
    let form = Form::of(&doc, &catalog)?;
    if form.dict().is_some_and(|form| form.has("XFA")) {
        return Err(Refusal::Xfa);
    }
    let taken_names = fields(&doc, &form)?;
    let signatures = match form {
        Form::Absent => Vec::new(),
        _ => signatures::of_document(&doc, &revision::all(&doc))?,
    };
    let next = next_number(&doc)?;
    let field = ObjId {
        number: next + 1,
        generation: 0,
    };
    let mut edits = Edits::default();
    add_to_form(&doc, &catalog, &form, field, &mut edits)?;
    add_to_page(&doc, &first_page, field, &mut edits)?;
    let plan = Plan::new(&doc, next, first_page.id, edits, taken_names)?;
    Ok(Inspected {
        bytes,
        pages,
        signatures,
        plan,
    })
}

/// Names that our own field must not repeat; stops at a signature that allows no further field.
fn fields(doc: &Document<'_>, form: &Form<'_>) -> Result<BTreeSet<String>, Refusal> {
    let mut taken = BTreeSet::new();
    let Some(form) = form.dict() else {
        return Ok(taken);
    };
    form::each(doc, form, &mut |field| {
        if let Some(value) = field.value.as_deref().filter(|_| field.is_signature) {
            let followed = doc.follow(value)?;
            if let Some(signature) = followed.dict() {
                let restrictions = Restrictions::of(doc, &field.dict, signature)?;
                if restrictions.forbid_every_change() || restrictions.lock_new_fields() {
                    return Err(Refusal::LockedByCertification {
                        field: field.name.to_string(),
                    });
                }
            }
        }
        if field.name.starts_with(super::increment::NAME_PREFIX) {
            taken.insert(field.name.to_string());
        }
        Ok(())
    })?;
    Ok(taken)
}

/// The first number no section lists and no trailer counts: many files state a wrong Size.
fn next_number(doc: &Document<'_>) -> Result<u32, Refusal> {
    let size = doc
        .trailer()?
        .integer("Size")
        .and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| Refusal::damaged("the trailer states no size"))?;
    let listed = doc
        .sections
        .iter()
        .map(|section| section.end_number())
        .max()
        .unwrap_or(0);
    let next = size.max(listed);
    // Four numbers at most are taken by one signature.
    if next > doc.limits.max_object_number.saturating_sub(4) {
        return Err(Refusal::OverBudget {
            what: "object numbers",
        });
    }
    Ok(next)
}

/// ISO 32000-1 table 218: SignaturesExist and AppendOnly.
fn sig_flags(written: i64) -> String {
    format!("{}", (written & 0x7FFF_FFFF) | 3)
}

fn add_to_form<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    form: &Form<'d>,
    field: ObjId,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let (holder, dict) = match form {
        Form::Absent => {
            let value = format!("<< /Fields [{field} R] /SigFlags 3 >>");
            return edits.set(catalog, &catalog.item, "AcroForm", value.as_bytes());
        }
        Form::Direct(_) => {
            let item = catalog.dict().and_then(|dict| dict.item("AcroForm"));
            (catalog, item.unwrap_or(&catalog.item))
        }
        Form::Indirect(object) => (object, &object.item),
    };
    if is_information(doc, form)? {
        return add_to_copy(doc, catalog, holder, field, edits);
    }
    add_to_form_dict(doc, holder, dict, field, edits)
}

/// One writer makes its document information the form as well; a later signature would then change both.
fn is_information(doc: &Document<'_>, form: &Form<'_>) -> Result<bool, Refusal> {
    let information = doc.trailer()?.value("Info").and_then(Value::reference);
    Ok(matches!(form, Form::Indirect(object) if information == Some(object.id)))
}

/// The catalog gets a form of its own, made from the object that has two purposes.
fn add_to_copy<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    form: &Indirect<'d>,
    field: ObjId,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let mut copy = Edits::default();
    add_to_form_dict(doc, form, &form.item, field, &mut copy)?;
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

fn add_to_form_dict<'d>(
    doc: &'d Document<'_>,
    holder: &Indirect<'d>,
    dict: &Item<'d>,
    field: ObjId,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let fields = dict.value.dict().and_then(|form| form.item("Fields"));
    edits.append_reference(doc, holder, dict, fields, "Fields", field)?;
    let flags = match dict.value.dict().and_then(|form| form.item("SigFlags")) {
        None => 0,
        Some(item) => match doc.follow(item)?.value() {
            Some(Value::Integer(flags)) => *flags,
            Some(Value::Null) | None => 0,
            Some(_) => return Err(Refusal::damaged("the signature flags are not a number")),
        },
    };
    edits.set(holder, dict, "SigFlags", sig_flags(flags).as_bytes())
}

fn add_to_page<'d>(
    doc: &'d Document<'_>,
    page: &Indirect<'d>,
    field: ObjId,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let annots: Option<&Item<'d>> = page.dict().and_then(|dict| dict.item("Annots"));
    edits.append_reference(doc, page, &page.item, annots, "Annots", field)
}
