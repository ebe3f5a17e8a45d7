//! The interpreter's device that collects where letters and pictures stand; nothing is drawn.

use super::super::geometry::Rect;
use super::super::refusal::StampRefusal;
use super::super::sheet::Sheet;
use super::open::{Reader, guarded};
use super::work::Purpose;
use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, RenderContent, SoftMask, interpret_page,
};
use hayro::kurbo::{self, Affine, BezPath, Shape as _};
use std::collections::HashMap;

/// A page of the smallest print holds 20,000.
const MAX_LETTERS: usize = 200_000;
const MAX_PICTURES: usize = 20_000;

#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// What it stands for, in the order of the content; none where the font does not say.
    pub text: Option<String>,
    /// In sheet coordinates; a blank has a box without ink.
    pub place: Rect,
    pub ink: Ink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Drawn,
    Blank,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Letters {
    pub letters: Vec<Letter>,
    pub pictures: Vec<Rect>,
}

impl Reader {
    /// Letters and pictures of a page, annotations left out.
    pub fn letters(&self, index: u32, sheet: &Sheet) -> Result<Letters, StampRefusal> {
        self.letters_of(index, sheet, RenderContent::PAGE)
    }

    pub(in crate::stamp) fn letters_of(
        &self,
        index: u32,
        sheet: &Sheet,
        content: RenderContent,
    ) -> Result<Letters, StampRefusal> {
        guarded(|| {
            let page = self.page(index)?;
            self.afford(page, Purpose::Reading)?;
            let settings = InterpreterSettings {
                render_content: content,
                ..InterpreterSettings::default()
            };
            let media = page.media_box();
            let mut context = Context::new(
                Affine::IDENTITY,
                kurbo::Rect::new(media.x0, media.y0, media.x1, media.y1),
                &InterpreterCache::new(),
                page.xref(),
                settings,
            );
            let mut collector = Collector {
                sheet: *sheet,
                found: Letters::default(),
                boxes: HashMap::new(),
                full: false,
            };
            interpret_page(page, &mut context, &mut collector);
            if collector.full {
                return Err(StampRefusal::TooMuchWork {
                    what: "letters of a page",
                });
            }
            Ok(collector.found)
        })
    }
}

struct Collector {
    sheet: Sheet,
    found: Letters,
    /// Bounds of each outline, in thousandths of the font size.
    boxes: HashMap<u128, Option<kurbo::Rect>>,
    full: bool,
}

/// Where the font tells no outline (text layers of scans, drawn glyphs): an average letter from base line to capitals.
const AVERAGE: kurbo::Rect = kurbo::Rect {
    x0: 0.0,
    y0: -200.0,
    x1: 500.0,
    y1: 800.0,
};

impl Collector {
    fn place(&self, bounds: kurbo::Rect) -> Rect {
        self.sheet
            .seen(&Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1))
    }

    fn letter(&mut self, glyph: &Glyph<'_>, transform: Affine) {
        let text = glyph.as_unicode().map(|text| match text {
            BfString::Char(letter) => letter.to_string(),
            BfString::String(text) => text,
        });
        let bounds = match glyph {
            Glyph::Outline(outline) => {
                let key = outline.identifier().cache_key();
                *self.boxes.entry(key).or_insert_with(|| {
                    let path = outline.outline();
                    (!path.is_empty()).then(|| path.bounding_box())
                })
            }
            Glyph::Type3(_) => Some(AVERAGE),
        };
        let is_blank = text
            .as_deref()
            .is_some_and(|text| text.chars().all(char::is_whitespace));
        let (bounds, ink) = match bounds {
            Some(bounds) => (bounds, Ink::Drawn),
            None if is_blank || text.is_none() => (AVERAGE, Ink::Blank),
            None => (AVERAGE, Ink::Drawn),
        };
        let place = self.place(transform.transform_rect_bbox(bounds));
        if !place.is_finite() {
            return;
        }
        if self.found.letters.len() >= MAX_LETTERS {
            self.full = true;
            return;
        }
        self.found.letters.push(Letter { text, place, ink });
    }
}

impl<'a> Device<'a> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.letter(glyph, props.transform * glyph.transform());
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        // The interpreter scales the picture's pixels, not the unit square.
        let unit = kurbo::Rect::new(
            0.0,
            0.0,
            f64::from(image.width()),
            f64::from(image.height()),
        );
        let place = self.place(props.transform.transform_rect_bbox(unit));
        if place.is_finite() && self.found.pictures.len() < MAX_PICTURES {
            self.found.pictures.push(place);
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
