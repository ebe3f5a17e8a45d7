//! Establishes that a file can take one more revision, and tells what there is to know before one is made.
//!
//! ISO 32000-1 7.5.6 (incremental updates), 12.7.2 and 12.8.1.
//!
//! # Invariants
//! * All that an unseen document time-stamp must write again has been gone through: appending one cannot fail for a reason
//!   that lies in the file.
//! * A signature that forbids another one is no reason to refuse the file here: evidence and document time-stamps may follow
//!   it (ISO 32000-2 12.8.2.2.2). `increment` refuses what it forbids.

use super::certification::Restrictions;
use super::changes::each_reference;
use super::document::Document;
use super::form::{self, Form};
use super::increment::{self, FieldPlace, NAME_PREFIX};
use super::page::{self, PageBox};
use super::revision;
use super::signature::SignatureField;
use super::signatures;
use super::xmp::{self, PdfA};
use super::{Limits, Refusal};
use std::collections::BTreeSet;

/// A file that can be added to by an incremental update without ambiguity.
#[derive(Debug)]
pub struct Inspected<'a> {
    pub(super) doc: Document<'a>,
    /// The first number that is free.
    pub(super) next: u32,
    /// Fields that are named as ours are.
    pub(super) taken_names: BTreeSet<String>,
    pages: u64,
    signatures: Vec<SignatureField>,
    locked_by: Option<String>,
}

impl<'a> Inspected<'a> {
    /// The whole original file.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.doc.file
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

    /// The field whose signature forbids any further one but document time-stamps.
    #[must_use]
    pub fn locked_by(&self) -> Option<&str> {
        self.locked_by.as_deref()
    }

    /// Size and turn of a page, the first one being 0.
    ///
    /// # Errors
    /// The page tree cannot be followed, has no such page, or states no usable size for it.
    pub fn page_box(&self, page: u32) -> Result<PageBox, Refusal> {
        page::page_box(&self.doc, page)
    }

    /// Every signature field that has one widget on one page, signed or not, in the order of the form.
    ///
    /// # Errors
    /// The page tree cannot be followed.
    pub fn signature_field_places(&self) -> Result<Vec<FieldPlace>, Refusal> {
        increment::signature_field_places(self)
    }

    /// What the file says of itself; whether it is true is not looked at.
    #[must_use]
    pub fn pdf_a(&self) -> Option<PdfA> {
        xmp::pdf_a(&self.doc)
    }

    /// Whether the catalog names a structure tree (ISO 32000-1 14.7.2).
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.doc.catalog().is_ok_and(|catalog| {
            catalog
                .dict()
                .is_some_and(|dict| dict.has("StructTreeRoot"))
        })
    }
}

/// Reads what a further revision needs to know and refuses what would leave an ambiguous file.
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
    let (_, pages) = page::first(&doc, dict)?;
    let form = Form::of(&doc, &catalog)?;
    if form.dict().is_some_and(|form| form.has("XFA")) {
        return Err(Refusal::Xfa);
    }
    let fields = fields(&doc, &form)?;
    let signatures = match form {
        Form::Absent => Vec::new(),
        _ => signatures::of_document(&doc, &revision::all(&doc))?,
    };
    let next = next_number(&doc)?;
    drop((form, catalog));
    let inspected = Inspected {
        doc,
        next,
        taken_names: fields.taken_names,
        pages,
        signatures,
        locked_by: fields.locked_by,
    };
    increment::plan_unseen(&inspected)?;
    Ok(inspected)
}

#[derive(Debug, Default)]
struct Fields {
    taken_names: BTreeSet<String>,
    locked_by: Option<String>,
}

/// Names that our own field must not repeat, and the first signature that allows no further field.
fn fields(doc: &Document<'_>, form: &Form<'_>) -> Result<Fields, Refusal> {
    let mut found = Fields::default();
    let Some(form) = form.dict() else {
        return Ok(found);
    };
    form::each(doc, form, &mut |field| {
        if let Some(value) = field.value.as_deref().filter(|_| field.is_signature) {
            let followed = doc.follow(value)?;
            if let Some(signature) = followed.dict() {
                let restrictions = Restrictions::of(doc, &field.dict, signature)?;
                if restrictions.forbid_every_change() || restrictions.lock_new_fields() {
                    found.locked_by.get_or_insert(field.name.to_string());
                }
            }
        }
        if field.name.starts_with(NAME_PREFIX) {
            found.taken_names.insert(field.name.to_string());
        }
        Ok(())
    })?;
    Ok(found)
}

/// More numbers than all later revisions of one file take.
const NAMED_WINDOW: u32 = 10_000;

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
    // A number that is named without being there must not get an object: it would become what the name was meant for, and
    // `changes` forbids it behind a signature.
    let window = next..next.saturating_add(NAMED_WINDOW);
    let mut named = next;
    // An object that cannot be read and that nothing here needs is no reason to refuse the file.
    let _ = each_reference(doc, &mut |id| {
        if window.contains(&id.number) {
            named = named.max(id.number.saturating_add(1));
        }
    });
    let next = named;
    // Dictionary, field, appearance, cross-reference stream of an unseen signature.
    if next > doc.limits.max_object_number.saturating_sub(4) {
        return Err(Refusal::OverBudget {
            what: "object numbers",
        });
    }
    Ok(next)
}
