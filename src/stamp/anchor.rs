//! From what was asked for to a place on a page.
//!
//! # Invariants
//! * Words that stand twice are never chosen from by chance: the request says which, or it is refused.

use super::geometry::{Rect, points};
use super::reading::{Letters, Reader, find};
use super::refusal::StampRefusal;
use super::request::{Anchor, Form, Request, Which};
use super::sheet::Sheet;
use crate::pdf::{FieldState, Inspected};

/// Pages searched for words; each is interpreted.
const MAX_PAGES_SEARCHED: usize = 300;

/// A rectangle on the sheet, and what the stamp has to do with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spot {
    Corner,
    /// A visible signature to be covered in part.
    Signature(Rect),
    /// Words that the stamp goes with.
    Words(Rect),
    /// The stamp goes inside.
    Frame(Rect),
}

#[derive(Debug)]
pub(crate) struct Target {
    pub index: u32,
    pub sheet: Sheet,
    pub letters: Letters,
    pub spot: Spot,
}

pub(crate) fn resolve(
    file: &Inspected<'_>,
    reader: &Reader,
    request: &Request,
) -> Result<Target, StampRefusal> {
    let form = request.form;
    let anchor = match (&request.anchor, form.usual_anchor()) {
        (Some(anchor), _) => anchor.clone(),
        (None, Some(anchor)) => anchor,
        (None, None) => return Err(StampRefusal::AnchorMissing { form }),
    };
    let asked = match request.page {
        None => None,
        Some(page) => Some(page.checked_sub(1).ok_or(StampRefusal::NoSuchPage {
            page,
            pages: reader.pages(),
        })?),
    };
    match anchor {
        Anchor::TopRight => on(file, reader, asked.unwrap_or(0), |_| Spot::Corner),
        Anchor::RectMm([left, top, width, height]) => {
            on(file, reader, asked.unwrap_or(0), |sheet| {
                let area = sheet.area();
                let top = area.y1 - points(top);
                Spot::Frame(Rect::sized(
                    points(left),
                    top - points(height.max(0.0)),
                    points(width),
                    points(height),
                ))
            })
        }
        Anchor::Signature if form == Form::Person => Err(StampRefusal::AnchorMissing { form }),
        Anchor::Signature => {
            let (index, rect) = reader
                .newest_signature(asked)?
                .ok_or(StampRefusal::NoSignature)?;
            on(file, reader, index, |sheet| {
                Spot::Signature(sheet.seen(&rect))
            })
        }
        Anchor::Field(name) => {
            let fields = file.signature_field_places()?;
            let field = fields
                .into_iter()
                .find(|field| field.name == name && field.state == FieldState::Empty)
                .ok_or(StampRefusal::FieldNotFound { name })?;
            let [x0, y0, x1, y1] = field.rect;
            on(file, reader, field.page, |sheet| {
                Spot::Frame(sheet.seen(&Rect::new(x0, y0, x1, y1)))
            })
        }
        Anchor::Text { words, which } => words_on(file, reader, asked, &words, which),
    }
}

fn sheet_of(file: &Inspected<'_>, index: u32) -> Result<Sheet, StampRefusal> {
    Ok(Sheet::new(&file.page_box(index)?))
}

fn on(
    file: &Inspected<'_>,
    reader: &Reader,
    index: u32,
    spot: impl FnOnce(&Sheet) -> Spot,
) -> Result<Target, StampRefusal> {
    // The page count of the interpreter, in the words of a person, before the file's own refusal.
    if usize::try_from(index).unwrap_or(usize::MAX) >= reader.pages() {
        return Err(StampRefusal::NoSuchPage {
            page: index.saturating_add(1),
            pages: reader.pages(),
        });
    }
    let sheet = sheet_of(file, index)?;
    let letters = reader.letters(index, &sheet)?;
    Ok(Target {
        index,
        spot: spot(&sheet),
        sheet,
        letters,
    })
}

fn words_on(
    file: &Inspected<'_>,
    reader: &Reader,
    asked: Option<u32>,
    words: &str,
    which: Which,
) -> Result<Target, StampRefusal> {
    let pages = match asked {
        Some(index) => index..index.saturating_add(1),
        None => 0..u32::try_from(reader.pages().min(MAX_PAGES_SEARCHED)).unwrap_or(u32::MAX),
    };
    let mut chosen: Option<Target> = None;
    let mut times = 0usize;
    for index in pages {
        let target = on(file, reader, index, |_| Spot::Corner)?;
        let places = find(&target.letters.letters, words);
        times += places.len();
        let place = match which {
            Which::Last => places.last(),
            Which::Only | Which::First => places.first(),
        };
        if let Some(place) = place
            && (which == Which::Last || chosen.is_none())
        {
            chosen = Some(Target {
                spot: Spot::Words(*place),
                ..target
            });
        }
        if which == Which::First && chosen.is_some() {
            break;
        }
    }
    if which == Which::Only && times > 1 {
        return Err(StampRefusal::TextFoundTwice {
            words: words.to_owned(),
            times,
        });
    }
    chosen.ok_or_else(|| StampRefusal::TextNotFound {
        words: words.to_owned(),
    })
}
