//! Rectangles and lengths on paper.
//!
//! # Invariants
//! * A `Rect` keeps `x0 <= x1` and `y0 <= y1`; y grows upwards, as in PDF.

/// 72 points to the inch of 25.4 mm (ISO 32000-1 8.3.2.3).
const POINTS_PER_MM: f64 = 72.0 / 25.4;

pub(crate) const fn points(mm: f64) -> f64 {
    mm * POINTS_PER_MM
}

pub(crate) const fn mm(points: f64) -> f64 {
    points / POINTS_PER_MM
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    /// From any two opposite corners.
    pub fn new(xa: f64, ya: f64, xb: f64, yb: f64) -> Rect {
        Rect {
            x0: xa.min(xb),
            y0: ya.min(yb),
            x1: xa.max(xb),
            y1: ya.max(yb),
        }
    }

    pub fn sized(x0: f64, y0: f64, width: f64, height: f64) -> Rect {
        Rect::new(x0, y0, x0 + width.max(0.0), y0 + height.max(0.0))
    }

    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    pub fn centre_x(&self) -> f64 {
        f64::midpoint(self.x0, self.x1)
    }

    pub fn centre_y(&self) -> f64 {
        f64::midpoint(self.y0, self.y1)
    }

    /// Shares more than an edge.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    /// A hundredth of a point is left to rounding.
    pub fn contains(&self, inner: &Rect) -> bool {
        const SLACK: f64 = 0.01;
        self.x0 - SLACK <= inner.x0
            && self.y0 - SLACK <= inner.y0
            && inner.x1 <= self.x1 + SLACK
            && inner.y1 <= self.y1 + SLACK
    }

    /// Readers round differently.
    pub fn nearly(&self, other: &Rect) -> bool {
        self.grown(0.1).contains(other) && other.grown(0.1).contains(self)
    }

    pub fn union(&self, other: &Rect) -> Rect {
        Rect {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// Grown on all sides (shrunk by a negative length, at most to its centre).
    pub fn grown(&self, by: f64) -> Rect {
        if self.width() + 2.0 * by < 0.0 || self.height() + 2.0 * by < 0.0 {
            let (x, y) = (self.centre_x(), self.centre_y());
            return Rect::new(x, y, x, y);
        }
        Rect {
            x0: self.x0 - by,
            y0: self.y0 - by,
            x1: self.x1 + by,
            y1: self.y1 + by,
        }
    }

    pub fn moved(&self, dx: f64, dy: f64) -> Rect {
        Rect {
            x0: self.x0 + dx,
            y0: self.y0 + dy,
            x1: self.x1 + dx,
            y1: self.y1 + dy,
        }
    }

    pub fn is_finite(&self) -> bool {
        [self.x0, self.y0, self.x1, self.y1]
            .iter()
            .all(|edge| edge.is_finite())
    }
}
