//! Where a new field may show, and which stamps are refused.

use super::craft::{file, find, objects, request, signed_as, with};
use super::ruling::{kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{
    Appearance, AppearanceObjects, FieldState, Limits, Place, SubFilter, append_signature, inspect,
    signatures,
};

/// A form with a font of its own: two objects that name each other by number.
pub(super) fn shown(page: u32, rect: [f64; 4]) -> Appearance {
    Appearance {
        page,
        rect,
        objects: AppearanceObjects::new(|first| {
            let text = "BT /F 8 Tf 4 4 Td (signed) Tj ET";
            let form = format!(
                "<< /Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F {} 0 R >> >> /Length {} >>\nstream\n{text}\nendstream",
                first + 1,
                text.len()
            );
            let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
            vec![form.into_bytes(), font.as_bytes().to_vec()]
        }),
    }
}

/// Signed in this place.
pub(super) fn placed(file: &[u8], place: Place) -> Result<Vec<u8>, &'static str> {
    let doc = inspect(file, &Limits::default()).unwrap();
    let mut request = request(SubFilter::CadesDetached);
    request.place = place;
    match append_signature(&doc, &request) {
        Ok(increment) => Ok([file, &increment.fill(b"\x30\x05abcde").unwrap()].concat()),
        Err(refusal) => Err(refusal.code()),
    }
}

/// The newest signature is sound and has this name; earlier ones are still judged permitted.
#[track_caller]
pub(super) fn sound(bytes: &[u8], name: &str, count: usize) {
    let found = signatures(bytes, &Limits::default()).unwrap();
    assert_eq!(found.fields.len(), count);
    for field in &found.fields {
        assert_eq!(field.problems, [], "{}", field.name);
        let end = usize::try_from(field.signed_end().unwrap()).unwrap();
        let (forbidden, kinds) = kinds(&bytes[..end], bytes);
        assert!(!forbidden, "{}: {kinds:?}", field.name);
    }
    assert_eq!(found.fields[count - 1].name, name);
}

/// Three pages in two levels, turned and cropped by what they inherit.
fn tree() -> Vec<u8> {
    file(&[
        (1, "<< /Type /Catalog /Pages 2 0 R >>".to_owned()),
        (2, "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 3 /MediaBox [0 0 595 842] /Resources << >> >>".to_owned()),
        (3, "<< /Type /Page /Parent 2 0 R /Annots 10 0 R >>".to_owned()),
        (4, "<< /Type /Pages /Parent 2 0 R /Kids 9 0 R /Count 2 /Rotate -90 /CropBox [600 900 10 20.5] >>".to_owned()),
        (5, "<< /Type /Page /Parent 4 0 R /Annots [] >>".to_owned()),
        (7, "<< /Type /Page /Parent 4 0 R /MediaBox 8 0 R /Rotate 450 /UserUnit 2 >>".to_owned()),
        (8, "[100 0 0 11 0 R]".to_owned()),
        (9, "[5 0 R 7 0 R]".to_owned()),
        (10, "[]".to_owned()),
        (11, "200.25".to_owned()),
    ])
}

#[test]
fn boxes_of_pages_with_what_they_inherit() {
    let bytes = tree();
    let doc = inspect(&bytes, &Limits::default()).unwrap();
    let page = |number| doc.page_box(number).unwrap();
    assert_eq!(page(0).media, [0.0, 0.0, 595.0, 842.0]);
    assert_eq!((page(0).crop, page(0).rotate), (page(0).media, 0));
    assert_eq!(page(1).crop, [10.0, 20.5, 595.0, 842.0]);
    assert_eq!((page(1).rotate, page(1).user_unit), (270, 1.0));
    assert_eq!(page(2).media, [0.0, 0.0, 100.0, 200.25]);
    assert_eq!(page(2).crop, [10.0, 20.5, 100.0, 200.25]);
    assert_eq!((page(2).rotate, page(2).user_unit), (90, 2.0));
    assert_eq!(doc.page_box(3).unwrap_err().code(), "pdf-no-such-page");
    assert_eq!(
        doc.page_box(u32::MAX).unwrap_err().code(),
        "pdf-no-such-page"
    );
}

#[test]
fn a_page_without_a_size_is_refused_when_its_size_is_needed() {
    for size in [
        "",
        "/MediaBox [0 0 0 9]",
        "/MediaBox [0 0 9]",
        "/MediaBox (x)",
        "/MediaBox [0 0 (9) 9]",
        "/MediaBox 77 0 R",
    ] {
        let bytes = file(&with(3, &format!("<< /Type /Page /Parent 2 0 R {size} >>")));
        let doc = inspect(&bytes, &Limits::default()).unwrap();
        assert_eq!(doc.page_box(0).unwrap_err().code(), "pdf-broken", "{size}");
        let place = Place::Visible(shown(0, [0.0, 0.0, 5.0, 5.0]));
        assert_eq!(placed(&bytes, place).unwrap_err(), "pdf-broken", "{size}");
    }
}

#[test]
fn a_signature_shows_on_any_page() {
    let mut bytes = tree();
    for (page, count) in [(2, 1), (0, 2), (1, 3), (1, 4)] {
        let before = bytes.len();
        let place = Place::Visible(shown(page, [20.0, 30.0, 80.5, 50.25]));
        bytes = placed(&bytes, place).unwrap();
        sound(&bytes, &format!("Antin-Seal-{count}"), count);
        let tail = &bytes[before..];
        assert!(find(tail, b"/Rect [20 30 80.5 50.25] /F 132") > 0);
        let owner = [3, 5, 7][usize::try_from(page).unwrap()];
        assert!(find(tail, format!("/P {owner} 0 R").as_bytes()) > 0);
    }
    let doc = inspect(&bytes, &Limits::default()).unwrap();
    let places = doc.signature_field_places().unwrap();
    let pages: Vec<u32> = places.iter().map(|place| place.page).collect();
    assert_eq!(pages, [2, 0, 1, 1]);
    assert!(
        places
            .iter()
            .all(|place| place.state == FieldState::Signed
                && place.rect == [20.0, 30.0, 80.5, 50.25])
    );
    let first = signatures(&bytes, &Limits::default()).unwrap().fields[0].signed_end();
    let end = usize::try_from(first.unwrap()).unwrap();
    permitted(&bytes[..end], &bytes, &[VisibleSignatureAdded]);
}

#[test]
fn the_appearance_is_numbered_behind_the_field_and_read_out_by_name() {
    let base = file(&objects());
    let bytes = placed(&base, Place::Visible(shown(0, [0.0, 0.0, 9.0, 9.0]))).unwrap();
    let tail = &bytes[base.len()..];
    for text in [
        "61 0 obj\n<< /Type /Sig",
        "62 0 obj\n<< /Type /Annot",
        "/AP << /N 63 0 R >> /TU <FEFF1EE6",
        "63 0 obj\n<< /Type /XObject",
        "/F 64 0 R",
        "64 0 obj\n<< /Type /Font",
        "/Size 65",
    ] {
        assert!(find(tail, text.as_bytes()) > 0, "{text}");
    }
}

#[test]
fn a_stamp_that_is_malformed_or_off_the_page_is_refused() {
    let base = file(&objects());
    let check = |appearance: Appearance, code: &str| {
        assert_eq!(placed(&base, Place::Visible(appearance)).unwrap_err(), code);
    };
    for rect in [
        [0.0, 0.0, 0.0, 9.0],
        [9.0, 0.0, 0.0, 9.0],
        [0.0, 0.0, f64::NAN, 9.0],
        [0.0, 0.0, f64::INFINITY, 9.0],
        [-1.0, 0.0, 9.0, 9.0],
        [0.0, 0.0, 9.0, 843.0],
    ] {
        check(shown(0, rect), "pdf-appearance");
    }
    check(shown(1, [0.0, 0.0, 9.0, 9.0]), "pdf-no-such-page");
    let form = "<< /Subtype /Form /BBox [0 0 1 1] /Length 1 >>\nstream\nq\nendstream";
    for bodies in [
        vec![],
        vec!["<< /Subtype /Form >>"],
        vec!["<< /Subtype /Image /Length 1 >>\nstream\nq\nendstream"],
        vec!["<< /Subtype /Form /Length 9 >>\nstream\nq\nendstream"],
        vec!["<< /Subtype /Form /Length 7 0 R >>\nstream\nq\nendstream"],
        vec!["<< /Subtype /Form /Subtype /Form /Length 1 >>\nstream\nq\nendstream"],
        vec![form, "<< /A 1"],
        vec![form, "null endobj 9 0 obj null"],
        vec![form; 65],
    ] {
        let bodies: Vec<Vec<u8>> = bodies.iter().map(|body| body.as_bytes().to_vec()).collect();
        let objects = AppearanceObjects::new(move |_| bodies.clone());
        check(
            Appearance {
                page: 0,
                rect: [0.0, 0.0, 9.0, 9.0],
                objects,
            },
            "pdf-appearance",
        );
    }
}

#[test]
fn a_document_time_stamp_has_an_appearance_only_where_pdf_a_1_wants_one() {
    let packet = "xmlns:p=\"http://www.aiim.org/pdfa/ns/id/\" p:part=\"1\"";
    for (part, expected) in [("1", true), ("2", false)] {
        let packet = packet.replace('1', part);
        let mut all = with(1, "<< /Type /Catalog /Pages 2 0 R /Metadata 20 0 R >>");
        let length = packet.len();
        all.push((
            20,
            format!("<< /Length {length} >>\nstream\n{packet}\nendstream"),
        ));
        let base = file(&all);
        let bytes = signed_as(&base, SubFilter::Rfc3161);
        let tail = String::from_utf8_lossy(&bytes[base.len()..]);
        assert_eq!(tail.contains("/AP <<"), expected, "{part}");
        sound(&bytes, "Antin-Time-1", 1);
    }
}

#[test]
fn a_number_that_is_named_without_being_there_gets_no_object() {
    for named in [61, 63, 70] {
        let fields = format!("<< /Fields [7 0 R {named} 0 R] >>");
        let base = file(&with(8, &fields));
        let once = placed(&base, Place::Invisible).unwrap();
        let twice = placed(&once, Place::Invisible).unwrap();
        sound(&twice, "Antin-Seal-2", 2);
        let object = format!("\n{named} 0 obj");
        assert!(!String::from_utf8_lossy(&twice).contains(&object));
    }
}
