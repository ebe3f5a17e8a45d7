//! Annotations that are seen, signatures among them: ISO 32000-1 12.5.2 and 12.7.

use super::super::geometry::Rect;
use super::super::refusal::StampRefusal;
use super::super::sheet::Sheet;
use super::open::{Reader, guarded};
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Rect as PdfRect};
use hayro::hayro_syntax::page::Page;

/// Annotations looked at on one page.
const MAX_ANNOTATIONS: usize = 10_000;
/// Of all pages.
const MAX_ALL_ANNOTATIONS: usize = 100_000;
/// ISO 32000-1 12.7.3.1: a field's parents.
const MAX_PARENTS: usize = 32;
/// Pages whose annotations are looked at for a signature.
const MAX_PAGES: usize = 5_000;

/// Table 165: hidden, no view.
const UNSEEN: u32 = 1 << 1 | 1 << 5;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    /// In default user space.
    pub rect: Rect,
    pub kind: MarkKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MarkKind {
    /// A signature that is there; `end` is the last byte it covers: the newest reaches farthest.
    Signature {
        end: u64,
    },
    Other,
}

impl Reader {
    /// What a page shows above its content, in sheet coordinates.
    pub fn marks(&self, index: u32, sheet: &Sheet) -> Result<Vec<Mark>, StampRefusal> {
        let marks = guarded(|| Ok(of_page(self.page(index)?)))?;
        Ok(marks
            .into_iter()
            .map(|mark| Mark {
                rect: sheet.seen(&mark.rect),
                ..mark
            })
            .collect())
    }

    /// The page of the newest visible signature, and its rectangle in default user space.
    pub fn newest_signature(&self, page: Option<u32>) -> Result<Option<(u32, Rect)>, StampRefusal> {
        let mut newest: Option<(u64, u32, Rect)> = None;
        self.each_mark(page, |index, mark| {
            if let MarkKind::Signature { end } = mark.kind
                && newest.is_none_or(|(known, _, _)| end > known)
            {
                newest = Some((end, index, mark.rect));
            }
        })?;
        Ok(newest.map(|(_, index, rect)| (index, rect)))
    }

    fn each_mark(
        &self,
        page: Option<u32>,
        mut visit: impl FnMut(u32, Mark),
    ) -> Result<(), StampRefusal> {
        guarded(|| {
            if let Some(index) = page {
                of_page(self.page(index)?)
                    .into_iter()
                    .for_each(|mark| visit(index, mark));
                return Ok(());
            }
            let mut seen = 0;
            for index in (0u32..).take(self.pages().min(MAX_PAGES)) {
                let marks = of_page(self.page(index)?);
                seen += marks.len();
                if seen > MAX_ALL_ANNOTATIONS {
                    return Err(StampRefusal::TooMuchWork {
                        what: "annotations of a file",
                    });
                }
                marks.into_iter().for_each(|mark| visit(index, mark));
            }
            Ok(())
        })
    }
}

fn of_page(page: &Page<'_>) -> Vec<Mark> {
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots".as_bytes()) else {
        return Vec::new();
    };
    annotations
        .iter::<Dict<'_>>()
        .take(MAX_ANNOTATIONS)
        .filter_map(|annotation| mark(&annotation))
        .collect()
}

fn mark(annotation: &Dict<'_>) -> Option<Mark> {
    let flags = annotation.get::<u32>("F".as_bytes()).unwrap_or(0);
    let rect = annotation.get::<PdfRect>("Rect".as_bytes())?;
    let rect = Rect::new(rect.x0, rect.y0, rect.x1, rect.y1);
    if flags & UNSEEN != 0 || rect.width() <= 0.0 || rect.height() <= 0.0 || !rect.is_finite() {
        return None;
    }
    let subtype = annotation.get::<Name<'_>>("Subtype".as_bytes())?;
    let kind = match subtype.as_str() {
        // Not seen on paper.
        "Link" | "Popup" => return None,
        "Widget" => kind_of_field(annotation),
        _ => MarkKind::Other,
    };
    Some(Mark { rect, kind })
}

fn kind_of_field(widget: &Dict<'_>) -> MarkKind {
    let is_signature = inherited(widget, "FT")
        .and_then(Object::into_name)
        .is_some_and(|kind| kind.as_str() == "Sig");
    if !is_signature {
        return MarkKind::Other;
    }
    match inherited(widget, "V").and_then(Object::into_dict) {
        Some(signature) => MarkKind::Signature {
            end: signed_end(&signature),
        },
        None => MarkKind::Other,
    }
}

/// ISO 32000-1 12.8.1: offset and length of the second range.
fn signed_end(signature: &Dict<'_>) -> u64 {
    let range: Vec<u32> = signature
        .get::<Array<'_>>("ByteRange".as_bytes())
        .map(|range| range.iter::<u32>().take(4).collect())
        .unwrap_or_default();
    match range.as_slice() {
        [_, _, offset, length] => u64::from(*offset) + u64::from(*length),
        _ => 0,
    }
}

/// ISO 32000-1 12.7.3.1: a kid takes from its parents what it does not say itself.
fn inherited<'a>(field: &Dict<'a>, key: &str) -> Option<Object<'a>> {
    let mut field = field.clone();
    for _ in 0..MAX_PARENTS {
        if let Some(value) = field.get::<Object<'_>>(key.as_bytes()) {
            return Some(value);
        }
        field = field.get::<Dict<'_>>("Parent".as_bytes())?;
    }
    None
}
