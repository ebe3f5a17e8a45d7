//! QR code and look-up code as part of the page, for a file that is not signed yet.
//!
//! # Invariants
//! * Goes in before the first signature: `pdf::append_page_content` and `pdf::append_page` refuse a signed file.
//! * The printed host beside the code lets a reader compare it with the address of the page that the phone opens.

use super::anchor::{Spot, Target};
use super::drawing::{Drawing, Lines, Piece};
use super::facts::Facts;
use super::geometry::{Rect, points};
use super::layout::finish;
use super::qr::Code;
use super::reading::{Letters, Reader};
use super::refusal::StampRefusal;
use super::sheet::Sheet;
use super::stationery::Stationery;
use super::taken::Taken;
use super::wording;
use crate::pdf::{Appearance, Inspected, PageBox};

/// Appendix I: A4, 210 x 297 mm.
const A4: [f64; 2] = [points(210.0), points(297.0)];
const QR_SIDE: f64 = points(22.0);
const LARGE_QR_SIDE: f64 = points(40.0);
const EDGE: f64 = points(5.0);
const STEP: f64 = 3.0;

/// Where the mark goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkPlace {
    /// The lower margin of the first page, the upper one where that is taken.
    Margin,
    /// A page of its own behind the last.
    NewPage,
}

/// What `pdf::append_page_content` (margin) or `pdf::append_page` (own page) draws.
#[derive(Debug, Clone)]
pub struct PageMark {
    pub appearance: Appearance,
    /// Of the new page, in points; none for the margin.
    pub new_page: Option<[f64; 2]>,
}

pub fn lay_out_mark(
    file: &Inspected<'_>,
    stationery: &Stationery,
    place: MarkPlace,
    facts: &Facts<'_>,
) -> Result<PageMark, StampRefusal> {
    let address = wording::required("verify_url", facts.verify_url)?;
    let code = wording::clean("code", wording::required("code", facts.code)?)?;
    let host = wording::clean("verify_url", host_of(address))?;
    let reader = Reader::open(file.bytes())?;
    match place {
        MarkPlace::Margin => {
            let sheet = Sheet::new(&file.page_box(0)?);
            let letters = reader.letters(0, &sheet)?;
            let marks = reader.marks(0, &sheet)?;
            let taken = Taken::of(&reader, 0, &sheet, &letters, &marks, None)?;
            let lines = [
                "Quét mã hoặc nhập mã tra cứu để kiểm tra".to_owned(),
                format!("{host}: {code}"),
            ];
            let drawing = drawing(stationery, address, &lines, 8.0, QR_SIDE)?;
            let drawing = margin(&drawing, &taken, &sheet.area())?;
            let target = target(0, sheet, letters);
            let frame = drawing.bounds();
            let appearance = finish(file, &reader, stationery, &target, &drawing, &frame)?;
            Ok(PageMark {
                appearance,
                new_page: None,
            })
        }
        MarkPlace::NewPage => {
            let [width, height] = A4;
            let sheet = Sheet::new(&PageBox {
                media: [0.0, 0.0, width, height],
                crop: [0.0, 0.0, width, height],
                rotate: 0,
                user_unit: 1.0,
            });
            let lines = [
                "Quét mã QR hoặc nhập mã tra cứu để kiểm tra kết quả này".to_owned(),
                format!("Địa chỉ: {host}"),
                format!("Mã tra cứu: {code}"),
            ];
            let drawing = drawing(stationery, address, &lines, 12.0, LARGE_QR_SIDE)?;
            let bounds = drawing.bounds();
            let drawing =
                drawing.moved(points(30.0) - bounds.x0, height - points(25.0) - bounds.y1);
            let frame = drawing.bounds();
            let index = u32::try_from(reader.pages()).unwrap_or(u32::MAX);
            let target = target(index, sheet, Letters::default());
            let appearance = finish(file, &reader, stationery, &target, &drawing, &frame)?;
            Ok(PageMark {
                appearance,
                new_page: Some(A4),
            })
        }
    }
}

fn target(index: u32, sheet: Sheet, letters: Letters) -> Target {
    Target {
        index,
        sheet,
        letters,
        spot: Spot::Corner,
    }
}

/// RFC 3986 3.2: what stands between `//` and the path.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn drawing<'s>(
    stationery: &Stationery,
    address: &str,
    lines: &[String],
    size: f64,
    side: f64,
) -> Result<Drawing<'s>, StampRefusal> {
    let code = Code::of(address)?;
    let lines = Lines::set(stationery, lines, size, points(120.0))?;
    let top = f64::midpoint(side, lines.height());
    Ok(Drawing::of(vec![
        Piece::Code {
            code,
            place: Rect::sized(0.0, 0.0, side, side),
        },
        Piece::Lines(lines.at(side, top)),
    ]))
}

/// Along the lower edge from the left, then the upper one, moving towards the text no farther than a margin is wide.
fn margin<'s>(
    drawing: &Drawing<'s>,
    taken: &Taken,
    area: &Rect,
) -> Result<Drawing<'s>, StampRefusal> {
    let bounds = drawing.bounds();
    let inner = area.grown(-EDGE);
    let lowest = inner.y0 - bounds.y0;
    let highest = inner.y1 - bounds.y1;
    let mut deep = 0.0;
    while deep <= points(15.0) {
        for dy in [lowest + deep, highest - deep] {
            let mut dx = inner.x0 - bounds.x0;
            while bounds.x1 + dx <= inner.x1 {
                let moved = drawing.moved(dx, dy);
                if taken.is_free(&moved.ink()) {
                    return Ok(moved);
                }
                dx += 2.0 * STEP;
            }
        }
        deep += STEP;
    }
    Err(StampRefusal::NoRoom {
        width_mm: super::geometry::mm(bounds.width()),
        height_mm: super::geometry::mm(bounds.height()),
    })
}
