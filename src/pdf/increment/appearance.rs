//! What a widget or a page is to show: a form XObject with all that it names, made elsewhere and numbered here.
//!
//! ISO 32000-1 12.5.5 (how an appearance is fitted into its rectangle), 8.10 (form XObjects).
//!
//! # Invariants
//! * Only whole objects are taken: each body is read by our own parser before it is written.

use super::writer::Numbers;
use crate::pdf::frame::{self, Framed};
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::page::{PageBox, number};
use crate::pdf::{Limits, Refusal};
use std::fmt;
use std::sync::Arc;

/// Where something is to be seen, and what.
#[derive(Debug, Clone)]
pub struct Appearance {
    /// 0 is the first page.
    pub page: u32,
    /// Left, bottom, right, top in the page's default user space, as if it were not rotated.
    pub rect: [f64; 4],
    pub objects: AppearanceObjects,
}

/// Gives the bodies of objects n, n+1, … for the first number n.
type Bodies = dyn Fn(u32) -> Vec<Vec<u8>> + Send + Sync;

/// Objects whose numbers are not known yet. The first one is the form XObject.
#[derive(Clone)]
pub struct AppearanceObjects {
    bodies: Arc<Bodies>,
}

impl fmt::Debug for AppearanceObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppearanceObjects")
    }
}

/// Form, fonts with their four or five objects each, images with their masks.
const MAX_OBJECTS: usize = 64;
/// A stamp is tens of kilobytes; a scanned seal may take a few megabytes.
const MAX_BYTES: usize = 8 << 20;

impl AppearanceObjects {
    /// `bodies` is given the first number and returns what stands between `n 0 obj` and `endobj` for each object in turn.
    pub fn new(bodies: impl Fn(u32) -> Vec<Vec<u8>> + Send + Sync + 'static) -> AppearanceObjects {
        AppearanceObjects {
            bodies: Arc::new(bodies),
        }
    }

    /// The objects under the next free numbers.
    pub(super) fn numbered(&self, numbers: &mut Numbers) -> Result<Vec<(ObjId, Vec<u8>)>, Refusal> {
        let bodies = (self.bodies)(numbers.peek());
        let bytes: usize = bodies.iter().map(Vec::len).sum();
        if bodies.is_empty() || bodies.len() > MAX_OBJECTS || bytes > MAX_BYTES {
            return Err(odd("it has no objects, too many, or too large ones"));
        }
        let mut objects = Vec::with_capacity(bodies.len());
        for (index, body) in bodies.into_iter().enumerate() {
            let id = numbers.take()?;
            let text = framed_text(id, &body);
            let framed = read(&text)?;
            if index == 0 {
                form_dict(&framed)?;
            }
            objects.push((id, body));
        }
        Ok(objects)
    }
}

fn odd(what: &'static str) -> Refusal {
    Refusal::Appearance { what }
}

fn framed_text(id: ObjId, body: &[u8]) -> Vec<u8> {
    [format!("{id} obj\n").as_bytes(), body, b"\nendobj"].concat()
}

/// Exactly one object with a length of its own.
fn read(text: &[u8]) -> Result<Framed<'_>, Refusal> {
    let malformed = || odd("one of its objects is malformed");
    let framed = frame::read(text, 0, &Limits::default(), &mut |_| Err(malformed()))
        .map_err(|_| malformed())?;
    if framed.end != text.len() {
        return Err(malformed());
    }
    Ok(framed)
}

fn form_dict<'f, 'd>(framed: &'f Framed<'d>) -> Result<&'f Dict<'d>, Refusal> {
    framed
        .item
        .value
        .dict()
        .filter(|dict| {
            framed.data.is_some() && dict.duplicate.is_none() && dict.name_is("Subtype", "Form")
        })
        .ok_or_else(|| odd("its first object is no form XObject"))
}

/// Something to have where nothing is shown: PDF/A-1 (ISO 19005-1 6.9) wants an appearance for every field.
pub(super) fn empty(rect: [f64; 4], numbers: &mut Numbers) -> Result<(ObjId, Vec<u8>), Refusal> {
    let [left, bottom, right, top] = rect;
    let size = written([0.0, 0.0, right - left, top - bottom]);
    let text = format!(
        "<< /Type /XObject /Subtype /Form /BBox {size} /Resources << >> /Length 0 >>\nstream\n\nendstream"
    );
    Ok((numbers.take()?, text.into_bytes()))
}

/// Half a point: a place computed from the edge of the page may miss it by the error of its arithmetic.
const TOLERANCE: f64 = 0.5;

/// What lies outside the page would not be seen, and could hide what it says.
pub(super) fn must_lie_on(page: &PageBox, appearance: &Appearance) -> Result<(), Refusal> {
    let [left, bottom, right, top] = appearance.rect;
    let whole = appearance.rect.iter().all(|number| number.is_finite());
    if !whole || left >= right || bottom >= top {
        return Err(odd("its rectangle has no area"));
    }
    let [x0, y0, x1, y1] = page.crop;
    let inside = left >= x0 - TOLERANCE
        && bottom >= y0 - TOLERANCE
        && right <= x1 + TOLERANCE
        && top <= y1 + TOLERANCE;
    inside
        .then_some(())
        .ok_or_else(|| odd("its rectangle does not lie on the page"))
}

/// 12.5.5, algorithm 8.1: the matrix that fits the form's box, as its own Matrix turns it, into the rectangle.
pub(super) fn fitted(form: &(ObjId, Vec<u8>), rect: [f64; 4]) -> Result<[f64; 6], Refusal> {
    let text = framed_text(form.0, &form.1);
    let framed = read(&text)?;
    let dict = form_dict(&framed)?;
    let [x0, y0, x1, y1] =
        numbers(dict.item("BBox")).ok_or_else(|| odd("its form has no box of four numbers"))?;
    let [a, b, c, d, e, f] = match dict.item("Matrix") {
        None => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        item => numbers(item).ok_or_else(|| odd("its matrix is not six numbers"))?,
    };
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        .map(|(x, y)| (a * x + c * y + e, b * x + d * y + f));
    let least = |values: [f64; 4]| values.into_iter().fold(f64::INFINITY, f64::min);
    let most = |values: [f64; 4]| values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let (xs, ys) = (corners.map(|(x, _)| x), corners.map(|(_, y)| y));
    let (left, bottom) = (least(xs), least(ys));
    let (width, height) = (most(xs) - left, most(ys) - bottom);
    let [to_left, to_bottom, to_right, to_top] = rect;
    let (sx, sy) = ((to_right - to_left) / width, (to_top - to_bottom) / height);
    let matrix = [
        sx,
        0.0,
        0.0,
        sy,
        to_left - left * sx,
        to_bottom - bottom * sy,
    ];
    if matrix.iter().all(|number| number.is_finite()) && sx > 0.0 && sy > 0.0 {
        Ok(matrix)
    } else {
        Err(odd("its form has a box without an area"))
    }
}

fn numbers<const N: usize>(item: Option<&Item<'_>>) -> Option<[f64; N]> {
    let items: &[Item<'_>; N] = match &item?.value {
        Value::Array(items) => items.as_slice().try_into().ok()?,
        _ => return None,
    };
    let mut out = [0.0; N];
    for (place, item) in out.iter_mut().zip(items) {
        *place = number(&item.value)?;
    }
    Some(out)
}

/// An array of numbers without exponents (ISO 32000-1 7.3.3), to six decimals: also factors of a matrix are exact enough.
pub(super) fn written<const N: usize>(numbers: [f64; N]) -> String {
    let each = numbers.map(|number| {
        let text = format!("{number:.6}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text == "-0" { "0" } else { text }.to_owned()
    });
    format!("[{}]", each.join(" "))
}
