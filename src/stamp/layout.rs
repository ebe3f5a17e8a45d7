//! From request and facts to an appearance that a signature can carry.
//!
//! Decree 30/2020/ND-CP, appendix I. The stages: anchor, what is taken, pieces, place, objects.
//!
//! # Invariants
//! * The rectangle lies inside of what the page shows, whatever was asked for.
//! * Nothing is painted over text, pictures or other stamps unless the request allows it; the seal covers the signature
//!   it belongs to, and only that.

use super::anchor::Spot;
use super::anchor::{self, Target};
use super::facts::Facts;
use super::geometry::Rect;
use super::picture::Masking;
use super::place;
use super::reading::Reader;
use super::refusal::StampRefusal;
use super::request::{Form, OverText, Request};
use super::stationery::Stationery;
use super::taken::Taken;
use crate::pdf::{Appearance, AppearanceObjects, Inspected};

/// The stamp for `pdf::Place::Visible`, or for `Place::Field` when the request names a field.
pub fn lay_out(
    file: &Inspected<'_>,
    stationery: &Stationery,
    request: &Request,
    facts: &Facts<'_>,
) -> Result<Appearance, StampRefusal> {
    let reader = Reader::open(file.bytes())?;
    let target = anchor::resolve(file, &reader, request)?;
    let marks = reader.marks(target.index, &target.sheet)?;
    let spared = match (target.spot, request.form) {
        (Spot::Signature(rect) | Spot::Frame(rect), _) => Some(rect),
        (Spot::Words(words), Form::Agency) => Some(place::above(&words, stationery, &marks)),
        (Spot::Words(_) | Spot::Corner, _) => None,
    };
    let taken = match request.over_text {
        OverText::Allowed => Taken::default(),
        OverText::Never => Taken::of(
            &reader,
            target.index,
            &target.sheet,
            &target.letters,
            &marks,
            spared.as_ref(),
        )?,
    };
    let drawing = place::place(stationery, request, facts, &target, &taken, &marks)?;
    let frame = match target.spot {
        Spot::Frame(frame) => frame,
        _ => drawing.bounds(),
    };
    finish(file, &reader, stationery, &target, &drawing, &frame)
}

pub(crate) fn finish(
    file: &Inspected<'_>,
    reader: &Reader,
    stationery: &Stationery,
    target: &Target,
    drawing: &super::drawing::Drawing<'_>,
    frame: &Rect,
) -> Result<Appearance, StampRefusal> {
    if !frame.is_finite() || !target.sheet.area().contains(frame) {
        return Err(StampRefusal::OutsidePage);
    }
    let masking = masking(file, reader);
    let bodies = drawing.objects(stationery, &target.sheet, frame, masking)?;
    let rect = target.sheet.to_user(frame);
    Ok(Appearance {
        page: target.index,
        rect: [rect.x0, rect.y0, rect.x1, rect.y1],
        objects: AppearanceObjects::new(move |first| bodies.numbered(first)),
    })
}

/// ISO 19005-1 6.4: no soft mask. ISO 19005-2 6.2.10: transparency needs a blending colour space, which the output intent
/// gives; without one a stencil is the way.
fn masking(file: &Inspected<'_>, reader: &Reader) -> Masking {
    match file.pdf_a() {
        None => Masking::Soft,
        Some(level) if level.part > 1 && reader.has_output_profile() => Masking::Soft,
        Some(_) => Masking::Stencil,
    }
}
