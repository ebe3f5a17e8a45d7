//! A new signature field that is its own widget, with or without something to see.
//!
//! ISO 32000-1 12.5.6.19, 12.7.4.5.

use super::appearance::{self, Appearance};
use super::edits::Edits;
use super::signature::Planned;
use super::writer::Numbers;
use super::{FieldRequest, SubFilter, form};
use crate::pdf::Refusal;
use crate::pdf::document::Indirect;
use crate::pdf::form::Form;
use crate::pdf::inspect::Inspected;
use crate::pdf::object::ObjId;
use crate::pdf::{page, text};

/// Our fields are told apart by it.
pub(in crate::pdf) const NAME_PREFIX: &str = "Antin-";

pub(super) fn plan<'d>(
    doc: &'d Inspected<'_>,
    request: &FieldRequest,
    shown: Option<&Appearance>,
    value: ObjId,
    numbers: &mut Numbers,
) -> Result<Planned<'d>, Refusal> {
    let file = &doc.doc;
    let field = numbers.take()?;
    let catalog = file.catalog()?;
    let (page, rect) = match shown {
        Some(appearance) => {
            let leaf = page::nth(file, appearance.page)?;
            appearance::must_lie_on(&leaf.geometry(file)?, appearance)?;
            (leaf.page, appearance.rect)
        }
        None => {
            let root = catalog.dict().ok_or_else(no_catalog)?;
            (page::first(file, root)?.0, [0.0; 4])
        }
    };
    let added = match shown {
        Some(appearance) => appearance.objects.numbered(numbers)?,
        // ISO 19005-1 6.9 wants an appearance of every field, later parts not of one without an area. Where it may be left
        // out it is: to some validators an appearance makes a form filled in of a time-stamp.
        None if request.sub_filter == SubFilter::Rfc3161
            && doc.pdf_a().is_none_or(|claim| claim.part != 1) =>
        {
            Vec::new()
        }
        None => vec![appearance::empty([0.0; 4], numbers)?],
    };
    let mut edits = Edits::default();
    form::extend(
        file,
        &catalog,
        &Form::of(file, &catalog)?,
        Some(field),
        &mut edits,
    )?;
    add_to_page(doc, &page, field, &mut edits)?;
    let field_name = free_name(
        doc,
        match request.sub_filter {
            SubFilter::CadesDetached => "Seal",
            SubFilter::Rfc3161 => "Time",
        },
    );
    let shows = added
        .first()
        .map(|(id, _)| format!(" /AP << /N {id} R >>"))
        .unwrap_or_default();
    // 132: printed and locked (table 165, bits 3 and 8). Rect is as good as no area where nothing is shown (12.7.4.5).
    let mut widget = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T ({field_name}) /V {value} R /Rect {} /F 132 /P {} R{shows}",
        appearance::written(rect),
        page.id
    )
    .into_bytes();
    if let Some(name) = &request.name {
        // Table 220: read out in place of the field's name; ISO 14289-1 7.18.4 wants it.
        widget.extend_from_slice(b" /TU ");
        text::write(&mut widget, name);
    }
    widget.extend_from_slice(b" >>");
    Ok(Planned {
        edits,
        added: [vec![(field, widget)], added].concat(),
        reference: None,
        field_name,
    })
}

pub(super) fn no_catalog() -> Refusal {
    Refusal::damaged("the catalog is not a dictionary")
}

fn add_to_page<'d>(
    doc: &'d Inspected<'_>,
    page: &Indirect<'d>,
    field: ObjId,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let annots = page.dict().and_then(|dict| dict.item("Annots"));
    edits.append_references(&doc.doc, page, &page.item, annots, "Annots", &[field])
}

/// ISO 32000-1 12.7.3.2: unique among its siblings, no period.
fn free_name(doc: &Inspected<'_>, stem: &str) -> String {
    let taken = |name: &String| {
        doc.taken_names
            .iter()
            .any(|other| other.split('.').next() == Some(name))
    };
    (1u32..)
        .map(|number| format!("{NAME_PREFIX}{stem}-{number}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| format!("{NAME_PREFIX}{stem}"))
}
