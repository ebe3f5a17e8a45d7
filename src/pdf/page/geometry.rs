//! How large a page is and how it is turned: ISO 32000-1 14.11.2, table 30.
//!
//! # Invariants
//! * Boxes are given with the lower left corner first; the crop box lies inside the media box.

use super::{Leaf, nth};
use crate::pdf::document::Document;
use crate::pdf::object::{Item, Value};
use crate::pdf::refusal::Refusal;

/// The place that a page offers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageBox {
    /// Left, bottom, right, top of the sheet, in default user space.
    pub media: [f64; 4],
    /// What is shown of it.
    pub crop: [f64; 4],
    /// By how many degrees a reader turns the page clockwise: 0, 90, 180 or 270.
    pub rotate: u16,
    /// How many 72ths of an inch one unit is.
    pub user_unit: f64,
}

/// The box of the page with this number, the first one being 0.
///
/// # Errors
/// The page tree cannot be followed, has no such page, or states no usable size for it.
pub fn page_box(doc: &Document<'_>, page: u32) -> Result<PageBox, Refusal> {
    nth(doc, page)?.geometry(doc)
}

/// ISO 32000-1 annex C: no reader goes beyond 14,400 units, at most 75,000 user units of Acrobat's; more is nonsense.
const MOST: f64 = 10_000_000.0;

impl Leaf<'_> {
    pub(crate) fn geometry(&self, doc: &Document<'_>) -> Result<PageBox, Refusal> {
        let media = self
            .rectangle(doc, "MediaBox")?
            .ok_or_else(|| Refusal::damaged("a page states no size"))?;
        let crop = self
            .rectangle(doc, "CropBox")?
            .and_then(|crop| common(media, crop))
            .unwrap_or(media);
        let turned = match self.attribute("Rotate") {
            None => 0,
            Some((item, _)) => match doc.follow(&item)?.value() {
                Some(Value::Integer(degrees)) => degrees.rem_euclid(360),
                _ => 0,
            },
        };
        // Table 30: a multiple of 90; readers show any other page as it stands.
        let rotate = [0u16, 90, 180, 270]
            .into_iter()
            .find(|degrees| i64::from(*degrees) == turned)
            .unwrap_or(0);
        let unit = self.page.dict().and_then(|dict| dict.item("UserUnit"));
        let unit = unit.map(|item| doc.follow(item)).transpose()?;
        let user_unit = unit
            .as_ref()
            .and_then(|followed| followed.value())
            .and_then(number)
            .filter(|unit| *unit > 0.0 && *unit <= MOST)
            .unwrap_or(1.0);
        Ok(PageBox {
            media,
            crop,
            rotate,
            user_unit,
        })
    }

    fn rectangle(&self, doc: &Document<'_>, key: &str) -> Result<Option<[f64; 4]>, Refusal> {
        match self.attribute(key) {
            None => Ok(None),
            Some((item, _)) => rectangle(doc, &item).map(Some),
        }
    }
}

/// ISO 32000-1 7.9.5: any two opposite corners.
fn rectangle(doc: &Document<'_>, item: &Item<'_>) -> Result<[f64; 4], Refusal> {
    let [a, b, c, d] = corners(doc, item)?.ok_or_else(odd_size)?;
    let sorted = [a.min(c), b.min(d), a.max(c), b.max(d)];
    let [left, bottom, right, top] = sorted;
    if left < right && bottom < top && sorted.iter().all(|number| number.abs() <= MOST) {
        Ok(sorted)
    } else {
        Err(odd_size())
    }
}

fn odd_size() -> Refusal {
    Refusal::damaged("a page's size is not four numbers with an area")
}

/// The four numbers of a rectangle, whichever of them are objects of their own.
pub(crate) fn corners(doc: &Document<'_>, item: &Item<'_>) -> Result<Option<[f64; 4]>, Refusal> {
    let object = item.value.reference().map(|id| doc.load(id)).transpose()?;
    let value = match &object {
        None => &item.value,
        Some(Some(object)) => &object.item.value,
        Some(None) => return Ok(None),
    };
    let Some([a, b, c, d]) = value.array() else {
        return Ok(None);
    };
    let mut out = [0.0; 4];
    for (place, corner) in out.iter_mut().zip([a, b, c, d]) {
        let number = match corner.value.reference() {
            None => number(&corner.value),
            Some(id) => doc.load(id)?.and_then(|object| number(&object.item.value)),
        };
        match number {
            Some(number) => *place = number,
            None => return Ok(None),
        }
    }
    Ok(Some(out))
}

fn common(a: [f64; 4], b: [f64; 4]) -> Option<[f64; 4]> {
    let [a0, a1, a2, a3] = a;
    let [b0, b1, b2, b3] = b;
    let [left, bottom, right, top] = [a0.max(b0), a1.max(b1), a2.min(b2), a3.min(b3)];
    (left < right && bottom < top).then_some([left, bottom, right, top])
}

/// ISO 32000-1 7.3.3: digits with at most one point, no exponent.
pub(crate) fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Integer(whole) => i32::try_from(*whole).ok().map(f64::from),
        Value::Real(token) => std::str::from_utf8(token).ok()?.parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}
