//! The font of all stamps: Liberation Serif, metrics of Times New Roman, every Vietnamese letter as one glyph.
//!
//! Decree 30/2020/ND-CP, appendix I: Times New Roman, Unicode (TCVN 6909:2001), upright, black. In Unicode form C each
//! Vietnamese letter is one character and one glyph, so no shaping is needed.

use super::refusal::StampRefusal;
use ttf_parser::GlyphId;

static REGULAR: &[u8] = include_bytes!("fonts/LiberationSerif-Regular.ttf");

/// As the font's `name` table says it.
pub(crate) const POSTSCRIPT_NAME: &str = "LiberationSerif";

#[derive(Debug, Clone)]
pub(crate) struct Face {
    font: ttf_parser::Face<'static>,
}

impl Face {
    pub fn regular() -> Result<Face, StampRefusal> {
        ttf_parser::Face::parse(REGULAR, 0)
            .map(|font| Face { font })
            .map_err(|_| StampRefusal::Font)
    }

    pub fn data(&self) -> &'static [u8] {
        REGULAR
    }

    pub fn glyph(&self, letter: char) -> Result<GlyphId, StampRefusal> {
        self.font
            .glyph_index(letter)
            .filter(|glyph| glyph.0 != 0)
            .ok_or(StampRefusal::NoGlyph { letter })
    }

    /// In thousandths of the font size.
    pub fn advance(&self, glyph: GlyphId) -> f64 {
        self.scaled(self.font.glyph_hor_advance(glyph).unwrap_or(0))
    }

    fn scaled(&self, units: impl Into<f64>) -> f64 {
        units.into() * 1000.0 / f64::from(self.font.units_per_em())
    }

    /// Width of a line in points.
    pub fn width(&self, text: &str, size: f64) -> Result<f64, StampRefusal> {
        let mut thousandths = 0.0;
        for letter in text.chars() {
            thousandths += self.advance(self.glyph(letter)?);
        }
        Ok(thousandths * size / 1000.0)
    }

    /// Over the base line, marks of capitals included, in points.
    pub fn ascent(&self, size: f64) -> f64 {
        self.scaled(self.font.ascender()) * size / 1000.0
    }

    /// Below the base line, a positive length.
    pub fn descent(&self, size: f64) -> f64 {
        -self.scaled(self.font.descender()) * size / 1000.0
    }

    /// What a font descriptor says (ISO 32000-1 table 122).
    pub fn descriptor_entries(&self) -> String {
        let bounds = self.font.global_bounding_box();
        let cap = self
            .font
            .capital_height()
            .unwrap_or_else(|| self.font.ascender());
        // Flags: symbolic (glyphs are chosen by number) and serif. StemV: width of an upright stem at 1000 units.
        format!(
            "/Flags 6 /FontBBox [{:.0} {:.0} {:.0} {:.0}] /ItalicAngle 0 /Ascent {:.0} /Descent {:.0} /CapHeight {:.0} /StemV 80",
            self.scaled(bounds.x_min),
            self.scaled(bounds.y_min),
            self.scaled(bounds.x_max),
            self.scaled(bounds.y_max),
            self.scaled(self.font.ascender()),
            self.scaled(self.font.descender()),
            self.scaled(cap),
        )
    }
}
