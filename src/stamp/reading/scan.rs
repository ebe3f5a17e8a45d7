//! Dark places of a page that is a picture: a scan has no letters to ask for, so it is drawn small and looked at.

use super::super::geometry::Rect;
use super::super::refusal::StampRefusal;
use super::super::sheet::Sheet;
use super::open::{Reader, guarded};

/// Darker than this (of 255) is ink: paper, yellowed too, is lighter, pencil is darker.
const INK: u8 = 150;
/// One pixel is half a millimetre.
const DPI: u32 = 50;

impl Reader {
    /// Runs of dark pixels as rectangles in sheet coordinates.
    pub fn dark(&self, index: u32, sheet: &Sheet) -> Result<Vec<Rect>, StampRefusal> {
        guarded(|| {
            let drawn = self.drawn(index, sheet, DPI)?;
            let area = sheet.area();
            let (columns, rows) = (f64::from(drawn.width), f64::from(drawn.height));
            let (dx, dy) = (area.width() / columns, area.height() / rows);
            let mut dark = Vec::new();
            let width = usize::from(drawn.width).max(1);
            for (row, y) in drawn.grey().chunks(width).zip(0u32..) {
                let top = area.y1 - f64::from(y) * dy;
                let mut x = 0u32;
                for run in row.chunk_by(|a, b| (*a < INK) == (*b < INK)) {
                    let length = u32::try_from(run.len()).unwrap_or(u32::MAX);
                    if run.first().is_some_and(|first| *first < INK) {
                        dark.push(Rect::sized(
                            f64::from(x) * dx,
                            top - dy,
                            f64::from(length) * dx,
                            dy,
                        ));
                    }
                    x = x.saturating_add(length);
                }
            }
            Ok(dark)
        })
    }
}
