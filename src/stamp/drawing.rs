//! One stamp on its own paper: pieces with places, measured from the lower left corner, in points.
//!
//! ISO 32000-1 8.10 (form XObjects), 9.4 (text).
//!
//! # Invariants
//! * `ink` is all that will be painted: who keeps it clear of text keeps the stamp clear of text.
//! * Black is CalGray 0: device-independent, allowed in every PDF/A part.

use super::bodies::{Bodies, Body, deflated};
use super::geometry::Rect;
use super::picture::{Masking, Picture};
use super::qr::Code;
use super::refusal::StampRefusal;
use super::sheet::Sheet;
use super::stationery::Stationery;
use std::fmt::Write as _;

const CAL_GRAY: &str = "[/CalGray << /WhitePoint [0.9505 1 1.089] /Gamma 2.2 >>]";

/// White space between printed text and that of a stamp.
const TEXT_MARGIN: f64 = 1.2;
/// Base line to base line, of the font size.
const LEADING: f64 = 1.2;

#[derive(Debug, Clone)]
pub(crate) enum Piece<'s> {
    Lines(Lines),
    Picture { picture: &'s Picture, place: Rect },
    Code { code: Code, place: Rect },
}

/// Lines of one size, left-aligned.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub lines: Vec<String>,
    widths: Vec<f64>,
    pub size: f64,
    /// Upper left corner.
    pub x: f64,
    pub top: f64,
    ascent: f64,
    descent: f64,
}

impl Lines {
    /// Broken at blanks where a line is wider than `width`.
    pub fn set(
        stationery: &Stationery,
        lines: &[String],
        size: f64,
        width: f64,
    ) -> Result<Lines, StampRefusal> {
        let face = &stationery.face;
        let mut broken: Vec<String> = Vec::new();
        for line in lines {
            let mut rest = String::new();
            for word in line.split(' ') {
                let longer = if rest.is_empty() {
                    word.to_owned()
                } else {
                    format!("{rest} {word}")
                };
                if !rest.is_empty() && face.width(&longer, size)? > width {
                    broken.push(std::mem::replace(&mut rest, word.to_owned()));
                } else {
                    rest = longer;
                }
            }
            broken.push(rest);
        }
        let widths = broken
            .iter()
            .map(|line| face.width(line, size))
            .collect::<Result<_, _>>()?;
        Ok(Lines {
            lines: broken,
            widths,
            size,
            x: 0.0,
            top: 0.0,
            ascent: face.ascent(size),
            descent: face.descent(size),
        })
    }

    pub fn height(&self) -> f64 {
        let count = u32::try_from(self.lines.len()).map_or(0.0, f64::from);
        (count - 1.0).max(0.0) * self.size * LEADING + self.ascent + self.descent
    }

    pub fn at(mut self, x: f64, top: f64) -> Lines {
        self.x = x;
        self.top = top;
        self
    }

    /// Line boxes, each as wide as its text.
    fn boxes(&self) -> Vec<Rect> {
        let mut boxes = Vec::new();
        let mut base = self.top - self.ascent;
        for width in &self.widths {
            boxes.push(Rect::new(
                self.x,
                base - self.descent,
                self.x + width,
                base + self.ascent,
            ));
            base -= self.size * LEADING;
        }
        boxes
    }
}

/// Pieces anywhere on a sheet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drawing<'s> {
    pub pieces: Vec<Piece<'s>>,
}

impl<'s> Drawing<'s> {
    pub fn of(pieces: Vec<Piece<'s>>) -> Drawing<'s> {
        Drawing { pieces }
    }

    pub fn moved(&self, dx: f64, dy: f64) -> Drawing<'s> {
        let mut moved = self.clone();
        for piece in &mut moved.pieces {
            match piece {
                Piece::Lines(lines) => {
                    lines.x += dx;
                    lines.top += dy;
                }
                Piece::Picture { place, .. } | Piece::Code { place, .. } => {
                    *place = place.moved(dx, dy);
                }
            }
        }
        moved
    }

    pub fn ink(&self) -> Vec<Rect> {
        let mut ink = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Lines(lines) => {
                    ink.extend(lines.boxes().iter().map(|line| line.grown(TEXT_MARGIN)));
                }
                Piece::Picture { picture, place } => ink.extend(picture.ink(place)),
                Piece::Code { place, .. } => ink.push(*place),
            }
        }
        ink
    }

    /// The smallest rectangle round all pieces.
    pub fn bounds(&self) -> Rect {
        let mut bounds: Option<Rect> = None;
        for piece in &self.pieces {
            let own = match piece {
                Piece::Lines(lines) => lines
                    .boxes()
                    .into_iter()
                    .reduce(|a, b| a.union(&b))
                    .unwrap_or_else(|| Rect::sized(lines.x, lines.top, 0.0, 0.0)),
                Piece::Picture { place, .. } | Piece::Code { place, .. } => *place,
            };
            bounds = Some(bounds.map_or(own, |known| known.union(&own)));
        }
        bounds.unwrap_or_else(|| Rect::new(0.0, 0.0, 0.0, 0.0))
    }

    /// All objects, the form first. The form shows `frame`, a rectangle of the sheet.
    pub fn objects(
        &self,
        stationery: &Stationery,
        sheet: &Sheet,
        frame: &Rect,
        masking: Masking,
    ) -> Result<Bodies, StampRefusal> {
        let mut bodies = Bodies::new();
        let mut content = String::from("/G cs 0 sc\n");
        let mut fonts = Body::of("");
        let mut pictures = Body::of("");
        let text: String = self
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Lines(lines) => Some(lines.lines.concat()),
                _ => None,
            })
            .collect();
        let subset = if text.is_empty() {
            None
        } else {
            let subset = stationery.subset(&text)?;
            fonts = fonts
                .text(" /Font << /T")
                .link(subset.embed(&mut bodies))
                .text(" >>");
            Some(subset)
        };
        let mut number = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Lines(lines) => {
                    let Some(subset) = &subset else { continue };
                    let _ = writeln!(content, "BT /T {:.2} Tf", lines.size);
                    let mut base = lines.top - lines.ascent - frame.y0;
                    for line in &lines.lines {
                        let codes = subset.codes(line)?;
                        let _ = writeln!(
                            content,
                            "1 0 0 1 {:.3} {base:.3} Tm {codes} Tj",
                            lines.x - frame.x0
                        );
                        base -= lines.size * LEADING;
                    }
                    content.push_str("ET\n");
                }
                Piece::Picture { picture, place } => {
                    let image = picture.embed(masking, &mut bodies);
                    pictures = pictures.text(&format!(" /P{number}")).link(image);
                    let _ = writeln!(
                        content,
                        "q {:.3} 0 0 {:.3} {:.3} {:.3} cm /P{number} Do Q",
                        place.width(),
                        place.height(),
                        place.x0 - frame.x0,
                        place.y0 - frame.y0
                    );
                    number += 1;
                }
                Piece::Code { code, place } => {
                    content.push_str(&code.operators(
                        place.x0 - frame.x0,
                        place.y0 - frame.y0,
                        place.width(),
                    ));
                }
            }
        }
        let packed = deflated(content.as_bytes());
        let form = Body::of(&format!(
            "<< /Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 {:.3} {:.3}] /Matrix {} /Resources << /ColorSpace << /G {CAL_GRAY} >>",
            frame.width(),
            frame.height(),
            sheet.form_matrix()
        ));
        let form = form.append(fonts);
        let form = if number > 0 {
            form.text(" /XObject <<").append(pictures).text(" >>")
        } else {
            form
        };
        bodies.set_form(form.text(" >> /Filter /FlateDecode").stream(&packed));
        Ok(bodies)
    }
}
