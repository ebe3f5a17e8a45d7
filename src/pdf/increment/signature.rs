//! A signature or a document time-stamp: the dictionary and whatever its place needs.

use super::dictionary;
use super::edits::Edits;
use super::writer::{Numbers, Writer};
use super::{FieldRequest, Increment, Place, SubFilter, field, widget};
use crate::pdf::Refusal;
use crate::pdf::inspect::Inspected;
use crate::pdf::object::ObjId;

/// A signature with certificates, time-stamp and revocation data stays far below; more would only be a hole.
const MAX_CONTENTS_BYTES: usize = 1 << 20;

/// What a place needs besides the signature dictionary itself.
pub(super) struct Planned<'d> {
    pub edits: Edits<'d>,
    pub added: Vec<(ObjId, Vec<u8>)>,
    /// The text of `/Reference`.
    pub reference: Option<Vec<u8>>,
    pub field_name: String,
}

/// Lays out the whole increment; only the signature itself is missing.
pub fn append_signature(doc: &Inspected<'_>, request: &FieldRequest) -> Result<Increment, Refusal> {
    let bytes = request.contents_bytes;
    if bytes == 0 || bytes > MAX_CONTENTS_BYTES {
        return Err(Refusal::ContentsSize { bytes });
    }
    // ISO 32000-2 12.8.2.2.2: a time-stamp that shows nothing is no change, whatever was certified.
    let is_bare_stamp =
        request.sub_filter == SubFilter::Rfc3161 && matches!(request.place, Place::Invisible);
    if let Some(field) = doc.locked_by().filter(|_| !is_bare_stamp) {
        return Err(Refusal::LockedByCertification {
            field: field.to_owned(),
        });
    }
    let mut numbers = Numbers::behind(doc);
    let value = numbers.take()?;
    let planned = match &request.place {
        Place::Invisible => widget::plan(doc, request, None, value, &mut numbers)?,
        Place::Visible(appearance) => {
            widget::plan(doc, request, Some(appearance), value, &mut numbers)?
        }
        Place::Field { name, appearance } => {
            field::plan(doc, request, name, appearance.as_ref(), value, &mut numbers)?
        }
    };
    let mut out = Writer::behind(doc, bytes * 2 + 4_096)?;
    out.objects(&planned.edits.written()?);
    out.begin(value);
    let holes = dictionary::write(&mut out.tail, request, planned.reference.as_deref());
    out.end();
    out.objects(&planned.added);
    let base = out.base;
    let mut tail = out.finish();
    let byte_range = holes.write_byte_range(&mut tail, base);
    Ok(Increment {
        tail,
        contents: holes.contents,
        byte_range,
        field_name: planned.field_name,
    })
}

/// Goes through everything in the file that an unseen signature must write again.
pub(in crate::pdf) fn plan_unseen(doc: &Inspected<'_>) -> Result<(), Refusal> {
    let request = FieldRequest {
        sub_filter: SubFilter::Rfc3161,
        m: None,
        name: None,
        reason: None,
        location: None,
        contents_bytes: 1,
        place: Place::Invisible,
    };
    append_signature(doc, &request).map(drop)
}
