//! Why a stamp is not drawn: always something the caller can change.
//!
//! # Invariants
//! * `code` is stable and has words under `problem.<code>` in both languages.

use super::request::Form;
use crate::pdf;
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StampRefusal {
    TextNotFound {
        words: String,
    },
    /// More than one place has these words and the request does not say which.
    TextFoundTwice {
        words: String,
        times: usize,
    },
    /// No place of this size (mm) near the anchor is free of text.
    NoRoom {
        width_mm: f64,
        height_mm: f64,
    },
    /// The rectangle that was asked for lies over text.
    OverText,
    /// The rectangle reaches beyond what the page shows.
    OutsidePage,
    /// The rectangle or field is too small for the text to be read.
    TooSmall {
        need_width_mm: f64,
        need_height_mm: f64,
    },
    FieldNotFound {
        name: String,
    },
    /// The seal is to cover a signature, and the file shows none.
    NoSignature,
    NoSuchPage {
        page: u32,
        pages: usize,
    },
    /// The person's form has no usual place.
    AnchorMissing {
        form: Form,
    },
    /// The person's form is a picture only: no QR code goes into it.
    QrUnfit {
        form: Form,
    },
    /// The office has not stored the picture that the form shows.
    PictureMissing {
        form: Form,
    },
    /// Not a PNG file, damaged, or with more pixels or bytes than a stamp needs.
    Picture {
        why: &'static str,
    },
    /// A text that the form shows was not given.
    FactMissing {
        what: &'static str,
    },
    FactTooLong {
        what: &'static str,
    },
    /// The font has no such letter.
    NoGlyph {
        letter: char,
    },
    /// The built-in font cannot be cut to the letters needed: a fault of this program.
    Font,
    /// The page's content cannot be read, so nobody can say where it is free.
    Unreadable,
    /// Reading or drawing the page would take more work than one request may cost.
    TooMuchWork {
        what: &'static str,
    },
    /// The preview would have more pixels than are drawn at once.
    PreviewTooLarge,
    Pdf(pdf::Refusal),
}

impl StampRefusal {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            StampRefusal::TextNotFound { .. } => "stamp_text_not_found",
            StampRefusal::TextFoundTwice { .. } => "stamp_text_found_twice",
            StampRefusal::NoRoom { .. } => "stamp_no_room",
            StampRefusal::OverText => "stamp_over_text",
            StampRefusal::OutsidePage => "stamp_outside_page",
            StampRefusal::TooSmall { .. } => "stamp_too_small",
            StampRefusal::FieldNotFound { .. } => "stamp_field_not_found",
            StampRefusal::NoSignature => "stamp_no_signature",
            StampRefusal::NoSuchPage { .. } => "stamp_no_such_page",
            StampRefusal::AnchorMissing { .. } => "stamp_anchor_missing",
            StampRefusal::QrUnfit { .. } => "stamp_qr_unfit",
            StampRefusal::PictureMissing { .. } => "stamp_picture_missing",
            StampRefusal::Picture { .. } => "stamp_picture",
            StampRefusal::FactMissing { .. } => "stamp_fact_missing",
            StampRefusal::FactTooLong { .. } => "stamp_fact_too_long",
            StampRefusal::NoGlyph { .. } => "stamp_no_glyph",
            StampRefusal::Font => "stamp_font",
            StampRefusal::Unreadable => "stamp_unreadable",
            StampRefusal::TooMuchWork { .. } => "stamp_too_much_work",
            StampRefusal::PreviewTooLarge => "preview_too_large",
            StampRefusal::Pdf(refusal) => refusal.code(),
        }
    }

    /// Values for the `{placeholders}` of the words under `code`.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let size = |w: f64, h: f64| format!("{w:.0} x {h:.0} mm");
        match self {
            StampRefusal::TextNotFound { words } => vec![("words", words.clone())],
            StampRefusal::TextFoundTwice { words, times } => {
                vec![("words", words.clone()), ("times", times.to_string())]
            }
            StampRefusal::NoRoom {
                width_mm,
                height_mm,
            } => vec![("size", size(*width_mm, *height_mm))],
            StampRefusal::TooSmall {
                need_width_mm,
                need_height_mm,
            } => vec![("size", size(need_width_mm.ceil(), need_height_mm.ceil()))],
            StampRefusal::FieldNotFound { name } => vec![("name", name.clone())],
            StampRefusal::NoSuchPage { page, pages } => {
                vec![("page", page.to_string()), ("pages", pages.to_string())]
            }
            StampRefusal::AnchorMissing { form }
            | StampRefusal::QrUnfit { form }
            | StampRefusal::PictureMissing { form } => {
                vec![("form", form.to_string())]
            }
            StampRefusal::Picture { why } => vec![("what", (*why).to_owned())],
            StampRefusal::FactMissing { what }
            | StampRefusal::FactTooLong { what }
            | StampRefusal::TooMuchWork { what } => vec![("what", (*what).to_owned())],
            StampRefusal::NoGlyph { letter } => vec![("letter", letter.to_string())],
            StampRefusal::Pdf(refusal) => vec![("what", refusal.to_string())],
            StampRefusal::OverText
            | StampRefusal::OutsidePage
            | StampRefusal::NoSignature
            | StampRefusal::Font
            | StampRefusal::Unreadable
            | StampRefusal::PreviewTooLarge => Vec::new(),
        }
    }
}

impl From<pdf::Refusal> for StampRefusal {
    fn from(refusal: pdf::Refusal) -> Self {
        StampRefusal::Pdf(refusal)
    }
}

impl fmt::Display for StampRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        for (name, value) in self.values() {
            write!(f, ", {name}: {value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for StampRefusal {}
