//! Stamps drawn onto made and real files, and read back by the interpreter.

mod archival;
mod craft;
mod forms;
mod hostile;
mod pictures;
mod places;
mod requests;

use super::geometry::Rect;
use super::reading::Reader;
use super::sheet::Sheet;
use super::{Facts, Materials, Request, StampRefusal, Stationery, lay_out};
use crate::pdf::{self, Appearance, FieldRequest, Inspected, Limits, Place, SubFilter};
use crate::record::UtcTime;
use hayro::hayro_interpret::RenderContent;
use std::sync::OnceLock;

pub(super) static SIGNATURE: &[u8] = include_bytes!("../../../tests/data/stamps/signature.png");
pub(super) static SEAL: &[u8] = include_bytes!("../../../tests/data/stamps/seal.png");
pub(super) static DECISION: &[u8] = include_bytes!("../../../tests/data/stamps/decision.pdf");

pub(super) const AGENCY: &str = "Ủy ban nhân dân phường Hồng Gai";
pub(super) const SIGNER: &str = "Nguyễn Thị Phượng";

/// Made once: the pictures are compressed in it.
pub(super) fn stationery() -> &'static Stationery {
    static KEPT: OnceLock<Stationery> = OnceLock::new();
    KEPT.get_or_init(|| {
        Stationery::new(&Materials {
            signature_png: Some(SIGNATURE),
            signature_width_mm: 40.0,
            seal_png: Some(SEAL),
            seal_width_mm: 36.0,
            words: &[AGENCY, SIGNER],
        })
        .unwrap()
    })
}

pub(super) fn facts() -> Facts<'static> {
    Facts {
        signed_at: UtcTime::parse_rfc3339("2026-11-24T02:15:02Z").unwrap(),
        agency: AGENCY,
        signer: Some(SIGNER),
        email: Some("vanthu@honggai.vn"),
        symbol: Some("1234/QĐ-UBND"),
        verify_url: Some("https://tracuu.quangninh.gov.vn/kq/7Q4KX2M9TNA8WB3CDEFGHJ5K6P"),
        code: Some("7Q4K-X2M9-TNA8-WB3C-DEFG-HJ5K-6P"),
    }
}

#[track_caller]
pub(super) fn inspected(file: &[u8]) -> Inspected<'_> {
    pdf::inspect(file, &Limits::default()).unwrap()
}

pub(super) fn laid_out(file: &[u8], spec: &str) -> Result<Appearance, StampRefusal> {
    let request: Request = spec.parse().unwrap();
    lay_out(&inspected(file), stationery(), &request, &facts())
}

#[track_caller]
pub(super) fn refused(file: &[u8], spec: &str, code: &str) {
    match laid_out(file, spec) {
        Err(refusal) => assert_eq!(refusal.code(), code, "{spec}: {refusal}"),
        Ok(appearance) => panic!("{spec}: not refused but at {:?}", appearance.rect),
    }
}

/// The file with the stamp as its signature's appearance; the signature itself is a hole.
#[track_caller]
pub(super) fn with(file: &[u8], appearance: Appearance) -> Vec<u8> {
    let request = FieldRequest {
        sub_filter: SubFilter::CadesDetached,
        m: Some("D:20261124091502+07'00'".to_owned()),
        name: None,
        reason: None,
        location: None,
        contents_bytes: 64,
        place: Place::Visible(appearance),
    };
    let increment = pdf::append_signature(&inspected(file), &request).unwrap();
    let mut signed = file.to_vec();
    signed.extend(increment.fill(&[0x30, 0x00]).unwrap());
    signed
}

#[track_caller]
pub(super) fn stamped(file: &[u8], spec: &str) -> Vec<u8> {
    let appearance = laid_out(file, spec).unwrap_or_else(|refusal| panic!("{spec}: {refusal}"));
    with(file, appearance)
}

pub(super) fn sheet(file: &[u8], page: u32) -> Sheet {
    Sheet::new(&inspected(file).page_box(page).unwrap())
}

/// The lines that the annotations of a page show, from the top; letters in reading order, blanks as drawn.
pub(super) fn lines_shown(file: &[u8], page: u32) -> Vec<String> {
    let sheet = sheet(file, page);
    let letters = Reader::open(file)
        .unwrap()
        .letters_of(page, &sheet, RenderContent::ANNOTATIONS)
        .unwrap()
        .letters;
    let mut lines: Vec<(Rect, String)> = Vec::new();
    for letter in letters {
        let text = letter
            .text
            .expect("every letter of a stamp has its Unicode");
        match lines.last_mut() {
            // Upright: the next letter of a line stands on the right of the former ones.
            Some((place, line))
                if letter.place.x0 > place.x0
                    && letter.place.y0 < place.y1
                    && place.y0 < letter.place.y1 =>
            {
                *place = Rect::new(letter.place.x0, place.y0, letter.place.x1, place.y1);
                line.push_str(&text);
            }
            _ => lines.push((letter.place, text)),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The rectangle in sheet coordinates.
pub(super) fn on_sheet(file: &[u8], appearance: &Appearance) -> Rect {
    let [x0, y0, x1, y1] = appearance.rect;
    sheet(file, appearance.page).seen(&Rect::new(x0, y0, x1, y1))
}

/// What signing with this appearance adds to the file, object by object.
#[track_caller]
pub(super) fn added(file: &[u8], appearance: Appearance) -> Vec<Vec<u8>> {
    let signed = with(file, appearance);
    let tail = &signed[file.len()..];
    let mut objects = Vec::new();
    let mut rest = tail;
    while let Some(at) = memchr::memmem::find(rest, b"endobj\n") {
        let body = &rest[..at];
        let begin = memchr::memmem::find(body, b" obj\n").map_or(0, |at| at + 5);
        objects.push(body[begin..].to_vec());
        rest = &rest[at + 7..];
    }
    objects
}

pub(super) fn holds(bytes: &[u8], words: &str) -> bool {
    memchr::memmem::find(bytes, words.as_bytes()).is_some()
}
