//! Where a signature may stand: a new field that shows, an empty field of the file, and what each refuses.

use super::craft::{Update, compressed, file, find, objects, request, signed, signed_as, with};
use super::ruling::{kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{
    Appearance, AppearanceObjects, FieldState, Limits, Place, SignatureKind, SubFilter,
    append_signature, inspect, signatures,
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
fn sound(bytes: &[u8], name: &str, count: usize) {
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

fn empty_field(name: &str) -> Place {
    Place::Field {
        name: name.to_owned(),
        appearance: None,
    }
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

/// Field 10 as given, its widget 11 where it has one; 12 and 13 hang on other objects.
fn with_field(field: &str, more: &[(u32, &str)]) -> Vec<(u32, String)> {
    let mut all = with(8, "<< /Fields [7 0 R 10 0 R] >>");
    all.retain(|(number, _)| *number != 9);
    all.push((9, "[7 0 R 10 0 R 11 0 R]".to_owned()));
    all.push((10, field.to_owned()));
    all.extend(
        more.iter()
            .map(|(number, text)| (*number, (*text).to_owned())),
    );
    all.sort();
    all
}

const MERGED: &str =
    "/Type /Annot /Subtype /Widget /FT /Sig /T (chief) /Rect [300 100 100 160] /F 4 /P 3 0 R";

#[test]
fn an_empty_field_that_is_its_own_widget_is_filled() {
    let base = file(&with_field(&format!("<< {MERGED} >>"), &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    let places = doc.signature_field_places().unwrap();
    assert_eq!(places.len(), 1);
    assert_eq!(
        (places[0].name.as_str(), places[0].page, places[0].state),
        ("chief", 0, FieldState::Empty)
    );
    assert_eq!(places[0].rect, [100.0, 100.0, 300.0, 160.0]);
    let bytes = placed(&base, empty_field("chief")).unwrap();
    sound(&bytes, "chief", 1);
    assert!(find(&bytes[base.len()..], b"/BBox [0 0 200 60]") > 0);
    assert_eq!(
        placed(&bytes, empty_field("chief")).unwrap_err(),
        "pdf-field-already-signed"
    );
    sound(&signed(&bytes), "Antin-Seal-1", 2);
}

#[test]
fn filling_a_field_after_a_signature_is_permitted_by_its_name() {
    for (field, more) in [
        (format!("<< {MERGED} >>"), vec![]),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R] >>".to_owned(),
            vec![(
                11,
                "<< /Type /Annot /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] /P 3 0 R >>",
            )],
        ),
    ] {
        let base = signed(&file(&with_field(&field, &more)));
        let plain = placed(&base, empty_field("chief")).unwrap();
        sound(&plain, "chief", 2);
        let place = Place::Field {
            name: "chief".to_owned(),
            appearance: Some(shown(0, [0.0; 4])),
        };
        let stamped = placed(&base, place).unwrap();
        sound(&stamped, "chief", 2);
        let (_, kinds) = kinds(&base, &stamped);
        assert!(kinds.contains(&VisibleSignatureAdded), "{kinds:?}");
    }
}

#[test]
fn a_widget_that_does_not_name_its_field_is_known_by_the_fields_kids() {
    let base = signed(&file(&with_field(
        "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
        &[(
            11,
            "<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /AP << /N 4 0 R >> >>",
        )],
    )));
    let place = Place::Field {
        name: "chief".to_owned(),
        appearance: Some(shown(0, [0.0; 4])),
    };
    sound(&placed(&base, place).unwrap(), "chief", 2);
    // Nothing to show: the widget of a signed file stays as it is.
    let plain = placed(&base, empty_field("chief")).unwrap();
    sound(&plain, "chief", 2);
    let tail = String::from_utf8_lossy(&plain[base.len()..]);
    assert!(!tail.contains("\n11 0 obj"));
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
fn the_widget_of_a_field_changes_only_with_its_field() {
    let widget = "/Type /Annot /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] /P 3 0 R";
    let base = signed(&file(&with_field(
        "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
        &[(11, &format!("<< {widget} >>"))],
    )));
    let shows = Update::of(11, &format!("<< {widget} /AP << /N 70 0 R >> >>"))
        .and(70, super::ruling::STREAM)
        .on(&base);
    let (forbidden, kinds) = kinds(&base, &shows);
    assert!(forbidden && kinds.contains(&FormFill), "{kinds:?}");
}

#[test]
fn a_field_below_others_is_found_by_its_whole_name() {
    let base = file(&with_field(
        "<< /T (office) /FT /Sig /Kids [11 0 R 12 0 R] >>",
        &[
            (
                11,
                "<< /T (chief) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
            (
                12,
                "<< /T (deputy) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
        ],
    ));
    sound(
        &placed(&base, empty_field("office.deputy")).unwrap(),
        "office.deputy",
        1,
    );
    for (name, code) in [
        ("office", "pdf-not-a-signature-field"),
        ("deputy", "pdf-no-such-field"),
        ("office.chief.x", "pdf-no-such-field"),
        ("", "pdf-no-such-field"),
        ("number", "pdf-not-a-signature-field"),
    ] {
        assert_eq!(
            placed(&base, empty_field(name)).unwrap_err(),
            code,
            "{name}"
        );
    }
}

#[test]
fn fields_whose_place_cannot_be_told_are_refused() {
    for (field, more) in [
        ("<< /FT /Sig /T (chief) >>", vec![]),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R 12 0 R] >>",
            vec![
                (11, "<< /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] >>"),
                (12, "<< /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] >>"),
            ],
        ),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
            vec![(11, "<< /Subtype /Link /Parent 10 0 R /Rect [0 0 9 9] >>")],
        ),
    ] {
        let base = file(&with_field(field, &more));
        assert_eq!(
            placed(&base, empty_field("chief")).unwrap_err(),
            "pdf-field-demands",
            "{field}"
        );
    }
}

#[track_caller]
fn demand(seed: &str, taken: bool) {
    for (field, more) in [
        (format!("<< {MERGED} /SV << {seed} >> >>"), String::new()),
        (
            format!("<< {MERGED} /SV 12 0 R >>"),
            format!("<< {seed} >>"),
        ),
    ] {
        let base = file(&with_field(&field, &[(12, &more)]));
        let outcome = placed(&base, empty_field("chief"));
        let code = outcome.as_ref().err().copied();
        assert_eq!(code, (!taken).then_some("pdf-field-demands"), "{seed}");
    }
}

#[test]
fn seed_values_that_we_meet_are_no_obstacle() {
    for seed in [
        "/Type /SV",
        "/Ff 0 /Filter /Other /SubFilter [/adbe.pkcs7.detached] /LegalAttestation [(x)]",
        "/Ff 1 /Filter /Adobe.PPKLite",
        "/Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]",
        "/Ff 4 /V 2",
        "/Ff 8 /Reasons [(.)]",
        "/Ff 32 /AddRevInfo false",
        "/Ff 64 /DigestMethod [(SHA256) (SHA384) (SHA512)]",
        "/Ff 64 /DigestMethod [(sha512) (sha256) (sha384)]",
        "/Ff 128 /LockDocument /auto",
        "/MDP << /P 0 >>",
        "/Cert << /Type /SVCert /Subject [] >>",
        "/TimeStamp << /URL (http://tsa) /Ff 1 >>",
    ] {
        demand(seed, true);
    }
}

#[test]
fn seed_values_that_we_do_not_meet_are_refused() {
    for seed in [
        "/Ff 1 /Filter /Other",
        "/Ff 2 /SubFilter [/adbe.pkcs7.detached]",
        "/Ff 2 /SubFilter /ETSI.CAdES.detached",
        "/Ff 4 /V 4",
        "/Ff 8 /Reasons [(approved)]",
        "/Ff 16 /LegalAttestation [(x)]",
        "/Ff 32 /AddRevInfo true",
        "/Ff 64 /DigestMethod [(SHA1)]",
        "/Ff 64 /DigestMethod [(SHA256)]",
        "/Ff 128 /LockDocument /true",
        "/Ff 256 /AppearanceFilter (x)",
        "/Ff 512",
        "/Ff (1)",
        "/MDP << /P 2 >>",
        "/Cert << /Type /SVCert /Subject [] /Ff 1 >>",
    ] {
        demand(seed, false);
    }
}

#[test]
fn a_reason_that_the_author_offers_is_taken() {
    let field = format!("<< {MERGED} /SV << /Ff 8 /Reasons [(approved) <FEFF0110>] >> >>");
    let base = file(&with_field(&field, &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    for (reason, taken) in [("approved", true), ("Đ", true), ("seen", false)] {
        let mut request = request(SubFilter::CadesDetached);
        request.place = empty_field("chief");
        request.reason = Some(reason.to_owned());
        assert_eq!(append_signature(&doc, &request).is_ok(), taken, "{reason}");
    }
}

#[test]
fn a_document_time_stamp_takes_no_field_of_the_file() {
    let base = file(&with_field(&format!("<< {MERGED} >>"), &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    let mut request = request(SubFilter::Rfc3161);
    request.place = empty_field("chief");
    let refused = append_signature(&doc, &request).unwrap_err();
    assert_eq!(refused.code(), "pdf-field-demands");
}

/// 12.8.2.4: the signature repeats the lock of its field.
#[test]
fn the_lock_of_a_field_is_written_into_its_signature() {
    for (lock, expected, locked) in [
        ("/Action /All", "/Action /All >> >>]", true),
        (
            "/Action /Include /Fields [(number) <FEFF0031>]",
            "/Action /Include /Fields [(number) <FEFF0031> ] >> >>]",
            false,
        ),
        (
            "/Action /Exclude /Fields 13 0 R",
            "/Action /Exclude /Fields [(x) ] >> >>]",
            true,
        ),
    ] {
        let field = format!("<< {MERGED} /Lock 12 0 R >>");
        let lock = format!("<< /Type /SigFieldLock {lock} >>");
        let base = file(&with_field(&field, &[(12, &lock), (13, "[(x)]")]));
        let bytes = placed(&base, empty_field("chief")).unwrap();
        sound(&bytes, "chief", 1);
        let tail = &bytes[base.len()..];
        let reference = find(
            tail,
            b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP",
        );
        assert!(reference > 0 && find(tail, b"/Data 1 0 R") > reference);
        assert!(find(tail, expected.as_bytes()) > reference, "{expected}");
        let doc = inspect(&bytes, &Limits::default()).unwrap();
        assert_eq!(doc.locked_by(), locked.then_some("chief"), "{expected}");
        let stamped = signed_as(&bytes, SubFilter::Rfc3161);
        let (forbidden, kinds) = kinds(&bytes, &stamped);
        assert_eq!((forbidden, kinds), (false, vec![TimestampAdded]));
    }
    for lock in [
        "/Action /None",
        "/Action /Include",
        "/Action /Include /Fields [/x]",
    ] {
        let field = format!("<< {MERGED} /Lock << {lock} >> >>");
        let base = file(&with_field(&field, &[]));
        let refused = placed(&base, empty_field("chief")).unwrap_err();
        assert_eq!(refused, "pdf-field-demands", "{lock}");
    }
}

#[test]
fn a_field_that_an_earlier_signature_locks_is_not_filled() {
    let lock = "/Lock << /Action /Include /Fields [(office)] >>";
    let mut all = with_field(
        "<< /FT /Sig /T (office) /Kids [11 0 R] >>",
        &[
            (
                11,
                "<< /T (chief) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
            (
                12,
                &format!("<< /FT /Sig /T (first) /Subtype /Widget /Rect [0 0 0 0] {lock} >>"),
            ),
        ],
    );
    all.retain(|(number, _)| *number != 8);
    all.push((8, "<< /Fields [7 0 R 10 0 R 12 0 R] >>".to_owned()));
    all.sort();
    let base = placed(&file(&all), empty_field("first")).unwrap();
    let refused = placed(&base, empty_field("office.chief")).unwrap_err();
    assert_eq!(refused, "pdf-locked-by-certification");
    sound(&signed(&base), "Antin-Seal-1", 2);
}

#[test]
fn after_a_signature_that_forbids_every_change_only_a_bare_time_stamp_follows() {
    let field = format!("<< {MERGED} /Lock << /Action /Include /Fields [] /P 1 >> >>");
    let base = placed(&file(&with_field(&field, &[])), empty_field("chief")).unwrap();
    let doc = inspect(&base, &Limits::default()).unwrap();
    assert_eq!(doc.locked_by(), Some("chief"));
    let mut shows = request(SubFilter::Rfc3161);
    shows.place = Place::Visible(shown(0, [0.0, 0.0, 9.0, 9.0]));
    for request in [request(SubFilter::CadesDetached), shows] {
        let refused = append_signature(&doc, &request).unwrap_err();
        assert_eq!(refused.code(), "pdf-locked-by-certification");
    }
    let stamped = signed_as(&base, SubFilter::Rfc3161);
    permitted(&base, &stamped, &[TimestampAdded]);
    let found = signatures(&stamped, &Limits::default()).unwrap();
    assert_eq!(found.fields[1].kind, SignatureKind::DocTimeStamp);
}

#[test]
fn a_field_in_an_object_stream_is_filled() {
    let base = compressed(
        &file(&objects()),
        &[
            (8, "<< /Fields [7 0 R 10 0 R] >>"),
            (9, "[7 0 R 10 0 R]"),
            (10, &format!("<< {MERGED} >>")),
        ],
        &[],
        |index| index,
    );
    let bytes = placed(&base, empty_field("chief")).unwrap();
    sound(&bytes, "chief", 1);
    let visible = placed(&bytes, Place::Visible(shown(0, [0.0, 0.0, 9.0, 9.0]))).unwrap();
    sound(&visible, "Antin-Seal-1", 2);
}
