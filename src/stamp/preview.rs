//! A page as a picture, drawn by `hayro` without any other program.
//!
//! # Invariants
//! * A white page, the page's annotations included, at most `MAX_PIXELS`.

use super::reading::Reader;
use super::refusal::StampRefusal;
use super::sheet::Sheet;
use crate::pdf::{self, Document, Limits};

/// A4 at 300 dpi has 8.7 million.
const MAX_PIXELS: f64 = 12_000_000.0;
/// Lower, nothing is read; higher, A4 is over the pixels anyway.
const DPI: std::ops::RangeInclusive<u32> = 18..=400;

/// The page (from 1) as PNG.
pub fn preview_png(
    file: &[u8],
    page: u32,
    dpi: u32,
    limits: &Limits,
) -> Result<Vec<u8>, StampRefusal> {
    let index = page
        .checked_sub(1)
        .ok_or(StampRefusal::NoSuchPage { page, pages: 0 })?;
    let document = Document::open(file, limits)?;
    let sheet = Sheet::new(&pdf::page_box(&document, index)?);
    let area = sheet.area();
    let scale = f64::from(dpi) / 72.0;
    if !DPI.contains(&dpi) || area.width() * area.height() * scale * scale > MAX_PIXELS {
        return Err(StampRefusal::PreviewTooLarge);
    }
    Reader::open(file)?.png(index, &sheet, dpi)
}
