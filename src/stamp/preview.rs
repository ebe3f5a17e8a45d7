//! A page as a picture, drawn by `hayro` without any other program.
//!
//! # Invariants
//! * A white page, the page's annotations included, at most 12 million pixels.

use super::reading::Reader;
use super::refusal::StampRefusal;
use super::sheet::Sheet;
use crate::pdf::{self, Document, Limits};

/// Lower, nothing is read; higher, A4 has more pixels than are drawn.
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
    if !DPI.contains(&dpi) {
        return Err(StampRefusal::PreviewTooLarge);
    }
    Reader::open(file)?.png(index, &sheet, dpi)
}
