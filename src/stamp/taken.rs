//! What is taken on a page: letters, small pictures, other stamps, and the dark places of scans.
//!
//! # Invariants
//! * Placement asks `is_free` only, with the ink of what is to be drawn.

use super::geometry::Rect;
use super::reading::{Ink, Letters, Mark, MarkKind, Reader};
use super::refusal::StampRefusal;
use super::sheet::Sheet;

/// White space that another stamp needs.
const STAMP_MARGIN: f64 = 3.0;
/// A picture on more of the page than this is a scan or a background, not an obstacle.
const BACKGROUND_SHARE: f64 = 0.4;

#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    boxes: Vec<Rect>,
}

impl Taken {
    /// Looks at the page; `spared` is the mark that is meant to be covered.
    pub fn of(
        reader: &Reader,
        index: u32,
        sheet: &Sheet,
        letters: &Letters,
        marks: &[Mark],
        spared: Option<&Rect>,
    ) -> Result<Taken, StampRefusal> {
        let area = sheet.area();
        let whole = area.width() * area.height();
        let mut boxes: Vec<Rect> = letters
            .letters
            .iter()
            .filter(|letter| letter.ink == Ink::Drawn)
            .map(|letter| letter.place)
            .collect();
        let mut is_scan = false;
        for picture in &letters.pictures {
            if picture.width() * picture.height() > BACKGROUND_SHARE * whole {
                is_scan = true;
            } else {
                boxes.push(*picture);
            }
        }
        for mark in marks {
            if spared.is_none_or(|spared| !spared.nearly(&mark.rect)) {
                boxes.push(mark.rect.grown(STAMP_MARGIN));
            }
        }
        if is_scan {
            // The drawn page shows the signature that is to be covered, too.
            let covered = marks.iter().find(|mark| {
                matches!(mark.kind, MarkKind::Signature { .. })
                    && spared.is_some_and(|spared| spared.nearly(&mark.rect))
            });
            let dark = reader.dark(index, sheet)?;
            boxes.extend(
                dark.into_iter()
                    .filter(|run| covered.is_none_or(|mark| !mark.rect.overlaps(run))),
            );
        }
        boxes.retain(|taken| taken.overlaps(&area));
        Ok(Taken { boxes })
    }

    pub fn is_free(&self, ink: &[Rect]) -> bool {
        let Some(bounds) = ink.iter().copied().reduce(|a, b| a.union(&b)) else {
            return true;
        };
        !self
            .boxes
            .iter()
            .filter(|taken| taken.overlaps(&bounds))
            .any(|taken| ink.iter().any(|ink| ink.overlaps(taken)))
    }

    /// The lower edge of the nearest thing above `from` in this column, if there is any.
    pub fn ceiling(&self, column: &Rect, from: f64) -> Option<f64> {
        self.boxes
            .iter()
            .filter(|taken| taken.x0 < column.x1 && column.x0 < taken.x1 && taken.y0 >= from)
            .map(|taken| taken.y0)
            .min_by(f64::total_cmp)
    }
}
