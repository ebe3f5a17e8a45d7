//! A page as the reader sees it: points from the lower left corner of what is shown, upright whatever `/Rotate` says.
//!
//! ISO 32000-1 7.7.3.3 (CropBox, Rotate, UserUnit) and 12.5.5 (how an appearance comes into its rectangle).
//!
//! # Invariants
//! * Layout happens in sheet coordinates only; default user space is met at the two functions that cross over.

use super::geometry::Rect;
use crate::pdf::PageBox;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet {
    crop: Rect,
    rotate: u16,
    user_unit: f64,
}

impl Sheet {
    pub fn new(page: &PageBox) -> Sheet {
        let [x0, y0, x1, y1] = page.crop;
        Sheet {
            crop: Rect::new(x0, y0, x1, y1),
            rotate: page.rotate,
            user_unit: page.user_unit,
        }
    }

    /// All that is shown.
    pub fn area(&self) -> Rect {
        let (width, height) = (
            self.crop.width() * self.user_unit,
            self.crop.height() * self.user_unit,
        );
        match self.rotate {
            90 | 270 => Rect::new(0.0, 0.0, height, width),
            _ => Rect::new(0.0, 0.0, width, height),
        }
    }

    /// `Rotate` turns the page clockwise.
    fn point_to_user(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = (x / self.user_unit, y / self.user_unit);
        match self.rotate {
            90 => (self.crop.x1 - y, self.crop.y0 + x),
            180 => (self.crop.x1 - x, self.crop.y1 - y),
            270 => (self.crop.x0 + y, self.crop.y1 - x),
            _ => (self.crop.x0 + x, self.crop.y0 + y),
        }
    }

    fn point_seen(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = match self.rotate {
            90 => (y - self.crop.y0, self.crop.x1 - x),
            180 => (self.crop.x1 - x, self.crop.y1 - y),
            270 => (self.crop.y1 - y, x - self.crop.x0),
            _ => (x - self.crop.x0, y - self.crop.y0),
        };
        (x * self.user_unit, y * self.user_unit)
    }

    pub fn to_user(self, rect: &Rect) -> Rect {
        let (xa, ya) = self.point_to_user(rect.x0, rect.y0);
        let (xb, yb) = self.point_to_user(rect.x1, rect.y1);
        Rect::new(xa, ya, xb, yb)
    }

    pub fn seen(self, rect: &Rect) -> Rect {
        let (xa, ya) = self.point_seen(rect.x0, rect.y0);
        let (xb, yb) = self.point_seen(rect.x1, rect.y1);
        Rect::new(xa, ya, xb, yb)
    }

    /// The `Matrix` that makes a form read upright: it turns against the page. Place and scale come from the annotation's
    /// rectangle (ISO 32000-1 12.5.5, algorithm 8.1).
    pub fn form_matrix(&self) -> &'static str {
        match self.rotate {
            90 => "[0 1 -1 0 0 0]",
            180 => "[-1 0 0 -1 0 0]",
            270 => "[0 -1 1 0 0 0]",
            _ => "[1 0 0 1 0 0]",
        }
    }
}
