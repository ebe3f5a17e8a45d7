//! What an office keeps ready for its stamps: the font with the letters of its names, the pictures, their sizes.
//!
//! # Invariants
//! * A plain value: made once, shared by any number of threads, nothing in it changes.

use super::face::Face;
use super::picture::{Colour, Picture, Warning};
use super::refusal::StampRefusal;
use super::subset::Subset;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// Letters of all fixed words, digits and what codes, addresses and times are written with.
const ALWAYS: &str = "SAO YLỤCTRÍHKý: Thời gian Số Người ký Cơ quan Email Mã tra cứu 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:;/+-_@()ĐđƯư";

/// From appendix I and the agencies' seals: a seal is 30 to 42 mm wide; up to 60 leaves room for special ones.
const SEAL_MM: std::ops::RangeInclusive<f64> = 15.0..=60.0;
/// A hand signature on paper.
const SIGNATURE_MM: std::ops::RangeInclusive<f64> = 10.0..=90.0;
/// Half of the 300 dpi that scans of drawings need; below it, edges are seen.
const FINE_ENOUGH_DPI: f64 = 150.0;

/// What is handed in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Materials<'a> {
    pub signature_png: Option<&'a [u8]>,
    /// 10 to 90.
    pub signature_width_mm: f64,
    pub seal_png: Option<&'a [u8]>,
    /// The real width of the seal, 15 to 60.
    pub seal_width_mm: f64,
    /// Names that will be printed: their letters go into the subset that is kept ready. Others are found when needed.
    pub words: &'a [&'a str],
}

#[derive(Debug, Clone)]
pub(crate) struct Sized {
    pub picture: Picture,
    pub width_mm: f64,
}

#[derive(Debug, Clone)]
pub struct Stationery {
    pub(crate) face: Face,
    ready: Subset,
    pub(crate) signature: Option<Sized>,
    pub(crate) seal: Option<Sized>,
    warnings: Vec<Warning>,
}

impl Stationery {
    pub fn new(materials: &Materials<'_>) -> Result<Stationery, StampRefusal> {
        let face = Face::regular()?;
        let mut letters = letters_of(ALWAYS);
        for words in materials.words {
            letters.extend(letters_of(words));
        }
        // A name with a letter the font lacks is refused when it is to be printed, not here.
        letters.retain(|letter| face.glyph(*letter).is_ok());
        let ready = Subset::new(&face, &letters)?;
        let mut warnings = Vec::new();
        let signature = sized(
            materials.signature_png,
            materials.signature_width_mm,
            SIGNATURE_MM,
        )?;
        if let Some(signature) = &signature {
            if signature.picture.colour() != Colour::Blue {
                warnings.push(Warning::SignatureNotBlue);
            }
            if !signature.picture.has_transparent_background() {
                warnings.push(Warning::SignatureNotTransparent);
            }
            if signature.picture.pixels_per_inch(signature.width_mm) < FINE_ENOUGH_DPI {
                warnings.push(Warning::SignatureCoarse);
            }
        }
        let seal = sized(materials.seal_png, materials.seal_width_mm, SEAL_MM)?;
        if let Some(seal) = &seal {
            if seal.picture.colour() != Colour::Red {
                warnings.push(Warning::SealNotRed);
            }
            if !seal.picture.has_transparent_background() {
                warnings.push(Warning::SealNotTransparent);
            }
            if seal.picture.pixels_per_inch(seal.width_mm) < FINE_ENOUGH_DPI {
                warnings.push(Warning::SealCoarse);
            }
        }
        Ok(Stationery {
            face,
            ready,
            signature,
            seal,
            warnings,
        })
    }

    /// Without pictures: copies, annexes, plain lines.
    pub fn plain() -> Result<Stationery, StampRefusal> {
        Stationery::new(&Materials::default())
    }

    /// What the decree says differently.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The ready subset where it has all letters, else one made for this text.
    pub(crate) fn subset(&self, text: &str) -> Result<std::borrow::Cow<'_, Subset>, StampRefusal> {
        if self.ready.covers(text) {
            return Ok(std::borrow::Cow::Borrowed(&self.ready));
        }
        let subset = Subset::new(&self.face, &text.chars().collect())?;
        Ok(std::borrow::Cow::Owned(subset))
    }
}

fn sized(
    png: Option<&[u8]>,
    width_mm: f64,
    allowed: std::ops::RangeInclusive<f64>,
) -> Result<Option<Sized>, StampRefusal> {
    let Some(png) = png else { return Ok(None) };
    if !allowed.contains(&width_mm) {
        return Err(StampRefusal::Picture {
            why: "its width on paper is outside of what is possible (seal: 15 to 60 mm, signature: 10 to 90 mm)",
        });
    }
    let picture = Picture::from_png(png)?;
    Ok(Some(Sized { picture, width_mm }))
}

fn letters_of(words: &str) -> BTreeSet<char> {
    words.nfc().filter(|letter| !letter.is_control()).collect()
}
