//! Where each form finds its place.
//!
//! Decree 30/2020/ND-CP, appendix I: the person's signature above the name; the seal over about a third of it, on its
//! left; copies and annexes in the upper right corner of the first page.

use super::anchor::{Spot, Target};
use super::drawing::{Drawing, Lines, Piece};
use super::facts::Facts;
use super::geometry::{Rect, mm, points};
use super::qr::Code;
use super::reading::{Mark, MarkKind};
use super::refusal::StampRefusal;
use super::request::{Form, Qr, Request};
use super::stationery::{Sized, Stationery};
use super::taken::Taken;
use super::wording;

/// Appendix I: size 10.
const TEXT_POINTS: f64 = 10.0;
/// Wide enough for the time on one line (61 mm), narrower than half a page.
const TEXT_WIDTH: f64 = points(65.0);
/// A look-up code of 26 letters and digits in groups takes 81 mm.
const QR_TEXT_WIDTH: f64 = points(85.0);
/// Version 5 (37 modules and the quiet zone) at 0.49 mm a module.
const QR_SIDE: f64 = points(22.0);
/// Right margin of a document (appendix I: 15 to 20 mm); three lines from 7 mm end above an upper margin of 20 mm.
const CORNER_RIGHT: f64 = points(15.0);
const CORNER_TOP: f64 = points(7.0);
/// How far down the corner reaches.
const CORNER_DEPTH: f64 = points(70.0);
/// Printers leave this out.
const EDGE: f64 = points(4.0);
/// Between stamp and what it stands beside.
const GAP: f64 = 3.0;
/// A hand signature lower than this is not recognised.
const MIN_SIGNATURE_HEIGHT: f64 = points(8.0);
/// Where a person's signature would stand when the file shows none: 40 x 20 mm.
const USUAL_SIGNATURE: (f64, f64) = (points(40.0), points(20.0));
/// How far information may move away from what it belongs to.
const REACH: f64 = points(45.0);
const STEP: f64 = 2.0;

pub(crate) fn place<'s>(
    stationery: &'s Stationery,
    request: &Request,
    facts: &Facts<'_>,
    target: &Target,
    taken: &Taken,
    marks: &[Mark],
) -> Result<Drawing<'s>, StampRefusal> {
    let area = target.sheet.area();
    match (request.form, target.spot) {
        (Form::Person, spot) => {
            if request.qr == Qr::Inside {
                return Err(StampRefusal::QrUnfit { form: request.form });
            }
            let signature = stored(stationery.signature.as_ref(), Form::Person)?;
            person(signature, spot, taken, &area)
        }
        (Form::Agency, Spot::Signature(signature)) => {
            let seal = stored(stationery.seal.as_ref(), Form::Agency)?;
            let info = block(stationery, request, facts, usual_width(request))?;
            agency(seal, &info, &signature, taken, &area)
        }
        (Form::Agency, Spot::Words(words)) => {
            let seal = stored(stationery.seal.as_ref(), Form::Agency)?;
            let info = block(stationery, request, facts, usual_width(request))?;
            let signature = above(&words, stationery, marks);
            agency(seal, &info, &signature, taken, &area)
        }
        (Form::Agency, Spot::Frame(frame)) => {
            let seal = stored(stationery.seal.as_ref(), Form::Agency)?;
            let width = (frame.width() - points(seal.width_mm) - GAP).max(points(20.0));
            let info = block(stationery, request, facts, width)?;
            inside(&beside(seal, &info), &frame, taken)
        }
        (form, Spot::Corner) => {
            let seal = match form {
                Form::Agency => Some(stored(stationery.seal.as_ref(), form)?),
                _ => None,
            };
            // A long name of an agency takes a second line, or, where that has no room, a longer one.
            let mut tried = Err(StampRefusal::OutsidePage);
            for wider in [1.0, 1.4, 1.9] {
                let block = block(stationery, request, facts, usual_width(request) * wider)?;
                let drawing = match seal {
                    Some(seal) => beside(seal, &block),
                    None => block,
                };
                tried = corner(&drawing, taken, &area);
                if tried.is_ok() {
                    break;
                }
            }
            tried
        }
        (_, Spot::Frame(frame)) => {
            let block = block(stationery, request, facts, frame.width())?;
            inside(&block, &frame, taken)
        }
        (_, Spot::Words(rect) | Spot::Signature(rect)) => {
            let block = block(stationery, request, facts, usual_width(request))?;
            near(&block, &rect, &[], taken, &area)
        }
    }
}

/// The code comes on top of the lines' width.
fn usual_width(request: &Request) -> f64 {
    match request.qr {
        Qr::Without => TEXT_WIDTH,
        Qr::Inside => QR_TEXT_WIDTH + QR_SIDE,
    }
}

fn stored(picture: Option<&Sized>, form: Form) -> Result<&Sized, StampRefusal> {
    picture.ok_or(StampRefusal::PictureMissing { form })
}

/// The lines of a form, with the QR code on their left when asked for.
fn block<'s>(
    stationery: &Stationery,
    request: &Request,
    facts: &Facts<'_>,
    width: f64,
) -> Result<Drawing<'s>, StampRefusal> {
    let mut lines = wording::lines(request.form, request.time, facts)?;
    let code = match request.qr {
        Qr::Without => None,
        Qr::Inside => {
            let address = wording::required("verify_url", facts.verify_url)?;
            if let Some(code) = facts.code {
                lines.push(format!("Mã tra cứu: {}", wording::clean("code", code)?));
            }
            Some(Code::of(address)?)
        }
    };
    let Some(code) = code else {
        let lines = Lines::set(stationery, &lines, TEXT_POINTS, width)?;
        let height = lines.height();
        return Ok(Drawing::of(vec![Piece::Lines(lines.at(0.0, height))]));
    };
    let lines = Lines::set(
        stationery,
        &lines,
        TEXT_POINTS,
        (width - QR_SIDE).max(points(30.0)),
    )?;
    let height = lines.height().max(QR_SIDE);
    let top = f64::midpoint(height, lines.height());
    Ok(Drawing::of(vec![
        Piece::Code {
            code,
            place: Rect::sized(0.0, (height - QR_SIDE) / 2.0, QR_SIDE, QR_SIDE),
        },
        Piece::Lines(lines.at(QR_SIDE, top)),
    ]))
}

fn picture_at(sized: &Sized, place: Rect) -> Piece<'_> {
    Piece::Picture {
        picture: &sized.picture,
        place,
    }
}

fn natural_size(sized: &Sized) -> (f64, f64) {
    let width = points(sized.width_mm);
    (width, width / sized.picture.aspect())
}

fn no_room(drawing: &Drawing<'_>) -> StampRefusal {
    let bounds = drawing.bounds();
    StampRefusal::NoRoom {
        width_mm: mm(bounds.width()),
        height_mm: mm(bounds.height()),
    }
}

/// From the right margin leftwards, then one step down and again.
fn corner<'s>(
    drawing: &Drawing<'s>,
    taken: &Taken,
    area: &Rect,
) -> Result<Drawing<'s>, StampRefusal> {
    let bounds = drawing.bounds();
    let right = area.x1 - CORNER_RIGHT.min(area.width() / 10.0).max(EDGE) - bounds.x1;
    let usual = CORNER_TOP.min(area.height() / 20.0);
    // Where the heading begins high, a little higher; else step by step downwards.
    let mut downs = vec![usual, EDGE];
    let mut down = usual + STEP;
    while down <= CORNER_DEPTH {
        downs.push(down);
        down += STEP;
    }
    for down in downs {
        let dy = area.y1 - down - bounds.y1;
        let mut dx = right;
        while bounds.x0 + dx >= area.x0 + EDGE {
            let moved = drawing.moved(dx, dy);
            if fits(&moved, taken, area) {
                return Ok(moved);
            }
            dx -= 2.0 * STEP;
        }
    }
    Err(no_room(drawing))
}

fn fits(drawing: &Drawing<'_>, taken: &Taken, area: &Rect) -> bool {
    area.contains(&drawing.bounds().grown(1.0)) && taken.is_free(&drawing.ink())
}

/// Upper left in the frame that was given.
fn inside<'s>(
    drawing: &Drawing<'s>,
    frame: &Rect,
    taken: &Taken,
) -> Result<Drawing<'s>, StampRefusal> {
    let bounds = drawing.bounds();
    if !Rect::sized(0.0, 0.0, frame.width(), frame.height()).contains(&Rect::sized(
        0.0,
        0.0,
        bounds.width(),
        bounds.height(),
    )) {
        return Err(StampRefusal::TooSmall {
            need_width_mm: mm(bounds.width()),
            need_height_mm: mm(bounds.height()),
        });
    }
    let moved = drawing.moved(frame.x0 - bounds.x0, frame.y1 - bounds.y1);
    if taken.is_free(&moved.ink()) {
        Ok(moved)
    } else {
        Err(StampRefusal::OverText)
    }
}

/// The seal, and the information on its right.
fn beside<'s>(seal: &'s Sized, info: &Drawing<'s>) -> Drawing<'s> {
    let (width, height) = natural_size(seal);
    let bounds = info.bounds();
    let moved = info.moved(width + GAP - bounds.x0, height / 2.0 - bounds.centre_y());
    let mut pieces = vec![picture_at(seal, Rect::sized(0.0, 0.0, width, height))];
    pieces.extend(moved.pieces);
    Drawing::of(pieces)
}

fn person<'s>(
    signature: &'s Sized,
    spot: Spot,
    taken: &Taken,
    area: &Rect,
) -> Result<Drawing<'s>, StampRefusal> {
    let (width, height) = natural_size(signature);
    let drawing = |place| Drawing::of(vec![picture_at(signature, place)]);
    match spot {
        Spot::Corner | Spot::Signature(_) => {
            corner(&drawing(Rect::sized(0.0, 0.0, width, height)), taken, area)
        }
        Spot::Frame(frame) => {
            let scale = (frame.width() / width)
                .min(frame.height() / height)
                .min(1.0);
            let (width, height) = (width * scale, height * scale);
            let moved = drawing(Rect::sized(
                frame.centre_x() - width / 2.0,
                frame.centre_y() - height / 2.0,
                width,
                height,
            ));
            if height < MIN_SIGNATURE_HEIGHT.min(natural_size(signature).1) {
                return Err(StampRefusal::TooSmall {
                    need_width_mm: mm(MIN_SIGNATURE_HEIGHT) * signature.picture.aspect(),
                    need_height_mm: mm(MIN_SIGNATURE_HEIGHT),
                });
            }
            if !taken.is_free(&moved.ink()) {
                return Err(StampRefusal::OverText);
            }
            Ok(moved)
        }
        Spot::Words(words) => {
            let floor = words.y1 + GAP;
            let mut scale = 1.0;
            // Smaller only as far as the place demands: between name and title there may be little room.
            while height * scale >= MIN_SIGNATURE_HEIGHT.min(height) {
                let (width, height) = (width * scale, height * scale);
                let x = (words.centre_x() - width / 2.0)
                    .clamp(area.x0 + EDGE, (area.x1 - EDGE - width).max(area.x0 + EDGE));
                let column = Rect::sized(x, floor, width, height);
                let ceiling = taken
                    .ceiling(&column, floor - GAP)
                    .unwrap_or(area.y1)
                    .min(floor + height + points(12.0));
                // In the middle of the gap, as a hand would.
                let y = floor + ((ceiling - floor - height) / 2.0).max(0.0);
                let moved = drawing(Rect::sized(x, y, width, height));
                if fits(&moved, taken, area) {
                    return Ok(moved);
                }
                scale *= 0.95;
            }
            Err(no_room(&drawing(Rect::sized(0.0, 0.0, width, height))))
        }
    }
}

/// Where the person's signature stands above these words: the visible one, or the place one would have.
pub(crate) fn above(words: &Rect, stationery: &Stationery, marks: &[Mark]) -> Rect {
    let stands_above = |rect: &Rect| {
        rect.x0 < words.x1
            && words.x0 < rect.x1
            && rect.y0 >= words.y0
            && rect.y0 <= words.y1 + points(60.0)
    };
    let visible = marks
        .iter()
        .filter(|mark| matches!(mark.kind, MarkKind::Signature { .. }))
        .map(|mark| mark.rect)
        .filter(stands_above)
        .min_by(|a, b| a.y0.total_cmp(&b.y0));
    if let Some(rect) = visible {
        return rect;
    }
    let (width, height) = stationery
        .signature
        .as_ref()
        .map_or(USUAL_SIGNATURE, natural_size);
    Rect::sized(
        words.centre_x() - width / 2.0,
        words.y1 + GAP,
        width,
        height,
    )
}

/// Appendix I: the seal covers about a third of the signature's picture, on its left.
fn agency<'s>(
    seal: &'s Sized,
    info: &Drawing<'s>,
    signature: &Rect,
    taken: &Taken,
    area: &Rect,
) -> Result<Drawing<'s>, StampRefusal> {
    let (width, height) = natural_size(seal);
    let right = signature.x0 + signature.width() / 3.0;
    let middle = signature.centre_y() - height / 2.0;
    // Up or down by a quarter of its height where words are in the way.
    let mut shift = 0.0;
    let place = loop {
        let tried = [shift, -shift].into_iter().find_map(|dy| {
            let place = Rect::sized(right - width, middle + dy, width, height);
            let alone = Drawing::of(vec![picture_at(seal, place)]);
            fits(&alone, taken, area).then_some(place)
        });
        match tried {
            Some(place) => break place,
            None if shift < height / 4.0 => shift += STEP,
            None => {
                return Err(StampRefusal::NoRoom {
                    width_mm: mm(width),
                    height_mm: mm(height),
                });
            }
        }
    };
    let info = near(info, &place, &[place, *signature], taken, area)?;
    let mut pieces = vec![picture_at(seal, place)];
    pieces.extend(info.pieces);
    Ok(Drawing::of(pieces))
}

/// Below, on the left, on the right, above: the nearest free place that covers nothing of `kept` either.
fn near<'s>(
    drawing: &Drawing<'s>,
    beside: &Rect,
    kept: &[Rect],
    taken: &Taken,
    area: &Rect,
) -> Result<Drawing<'s>, StampRefusal> {
    let bounds = drawing.bounds();
    let inner = area.grown(-EDGE);
    let centred = (beside.centre_x() - bounds.width() / 2.0)
        .clamp(inner.x0, (inner.x1 - bounds.width()).max(inner.x0));
    let level = beside.centre_y() - bounds.height() / 2.0;
    let mut away = GAP;
    while away <= REACH {
        let corners = [
            (centred, beside.y0 - away - bounds.height()),
            (beside.x0 - away - bounds.width(), level),
            (beside.x1 + away, level),
            (centred, beside.y1 + away),
        ];
        for (x, y) in corners {
            let moved = drawing.moved(x - bounds.x0, y - bounds.y0);
            let ink = moved.ink();
            let clear = |rect: &Rect| !ink.iter().any(|ink| ink.overlaps(rect));
            if inner.contains(&moved.bounds()) && kept.iter().all(clear) && taken.is_free(&ink) {
                return Ok(moved);
            }
        }
        away += STEP;
    }
    Err(no_room(drawing))
}
