//! Where stamps come to stand.

use super::craft::{self, A4, COURIER, a4, words};
use super::*;
use crate::stamp::geometry::points;
use crate::stamp::reading::Ink;

/// Nothing of the page's own text lies under what is drawn.
#[track_caller]
fn check_clear(file: &[u8], spec: &str) -> Rect {
    let appearance = laid_out(file, spec).unwrap_or_else(|refusal| panic!("{spec}: {refusal}"));
    let page = appearance.page;
    let sheet = sheet(file, page);
    let rect = on_sheet(file, &appearance);
    assert!(
        sheet.area().contains(&rect),
        "{spec}: {rect:?} off the page"
    );
    let signed = with(file, appearance);
    let reader = Reader::open(&signed).unwrap();
    let drawn = |content| {
        reader
            .letters_of(page, &sheet, content)
            .unwrap()
            .letters
            .into_iter()
            .filter(|letter| letter.ink == Ink::Drawn)
    };
    let own: Vec<_> = drawn(RenderContent::PAGE).collect();
    for letter in drawn(RenderContent::ANNOTATIONS) {
        assert!(
            rect.contains(&letter.place),
            "{spec}: text outside of the stamp"
        );
        for other in &own {
            assert!(
                !letter.place.overlaps(&other.place),
                "{spec}: {:?} over {:?}",
                letter.text,
                other.text
            );
        }
    }
    rect
}

#[test]
fn the_corner_is_free_of_the_heading() {
    let rect = check_clear(DECISION, "copy:sao-y");
    let area = sheet(DECISION, 0).area();
    assert!((area.x1 - rect.x1 - points(15.0)).abs() < 1.0, "{rect:?}");
    assert!(area.y1 - rect.y1 <= points(10.0), "{rect:?}");
}

#[test]
fn further_copies_go_leftwards_then_downwards() {
    let mut file = a4("");
    let mut rects: Vec<Rect> = Vec::new();
    for _ in 0..5 {
        let appearance = laid_out(&file, "copy:sao-y").unwrap();
        let rect = on_sheet(&file, &appearance);
        assert!(rects.iter().all(|other| !rect.overlaps(other)));
        rects.push(rect);
        file = with(&file, appearance);
    }
    assert!(rects[1].x1 < rects[0].x0 && rects[1].y0 == rects[0].y0);
    assert!(rects[2].x1 < rects[1].x0 && rects[2].y0 == rects[0].y0);
    assert!(rects[3].y1 < rects[0].y0);
}

#[test]
fn stamps_read_upright_on_every_rotation() {
    for rotate in [0, 90, 180, 270] {
        for crop in ["", "/CropBox [40 60 500 700]"] {
            let file = craft::page(&format!("{A4} {crop} /Rotate {rotate} {COURIER}"), "", &[]);
            for spec in ["copy:sao-y", "info,qr@rect:30,40,90,50"] {
                let rect = check_clear(&file, spec);
                let area = sheet(&file, 0).area();
                let lines = lines_shown(&stamped(&file, spec), 0);
                assert_eq!(
                    lines.last().map(String::as_str).map(|line| &line[..10]),
                    lines_shown(&stamped(&a4(""), spec), 0)
                        .last()
                        .map(String::as_str)
                        .map(|line| &line[..10]),
                    "{rotate} {crop}"
                );
                if spec.starts_with("copy") {
                    assert!(rect.x0 > area.centre_x() && rect.y0 > area.centre_y());
                }
            }
        }
    }
}

#[test]
fn a_user_unit_changes_the_rectangle_and_not_the_size_on_paper() {
    let plain = a4("");
    let scaled = craft::page("/MediaBox [0 0 297.5 421] /UserUnit 2", "", &[]);
    let spec = "agency@rect:20,30,120,40";
    let (a, b) = (
        laid_out(&plain, spec).unwrap(),
        laid_out(&scaled, spec).unwrap(),
    );
    for (a, b) in a.rect.iter().zip(b.rect) {
        assert!((a / 2.0 - b).abs() < 0.01, "{a} and {b}");
    }
    assert!((on_sheet(&scaled, &b).width() - points(120.0)).abs() < 0.01);
}

#[test]
fn a_persons_signature_stands_above_the_name() {
    let rect = check_clear(DECISION, "person@text:Nguyễn Thị Phượng");
    let sheet = sheet(DECISION, 0);
    let letters = Reader::open(DECISION).unwrap().letters(0, &sheet).unwrap();
    let name = crate::stamp::reading::find(&letters.letters, SIGNER)[0];
    assert!((rect.centre_x() - name.centre_x()).abs() < 0.1);
    assert!(rect.y0 > name.y1 && rect.y0 < name.y1 + points(20.0));
    assert!((rect.width() - points(40.0)).abs() < 0.1);
}

#[test]
fn the_seal_covers_a_third_of_the_signature_on_its_left_at_real_size() {
    let appearance = laid_out(DECISION, "person@text:Nguyễn Thị Phượng").unwrap();
    let signature = on_sheet(DECISION, &appearance);
    let signed = with(DECISION, appearance);
    for spec in ["agency", "agency@text:Nguyễn Thị Phượng"] {
        let rect = on_sheet(&signed, &laid_out(&signed, spec).unwrap());
        // The information stands on the left or below, the seal is the right part.
        assert!((rect.x1 - (signature.x0 + signature.width() / 3.0)).abs() < 0.1);
        assert!((rect.height() - points(36.0)).abs() < 0.1, "{rect:?}");
        assert!((rect.centre_y() - signature.centre_y()).abs() <= points(9.1));
    }
}

#[test]
fn without_a_signature_there_is_nothing_to_seal() {
    refused(DECISION, "agency", "stamp_no_signature");
    refused(DECISION, "person", "stamp_anchor_missing");
    refused(
        DECISION,
        "person,qr@text:Nguyễn Thị Phượng",
        "stamp_qr_unfit",
    );
}

#[test]
fn words_are_found_whole_and_once() {
    refused(DECISION, "person@text:Lê Văn Tám", "stamp_text_found_twice");
    refused(DECISION, "person@text:Lê Văn Tá", "stamp_text_not_found");
    refused(DECISION, "person@text:Phượn", "stamp_text_not_found");
    refused(
        DECISION,
        "person@text:Vũ Thị Không Có",
        "stamp_text_not_found",
    );
    let first = check_clear(DECISION, "annex@first-text:Lê Văn Tám");
    let last = check_clear(DECISION, "annex@last-text:Lê Văn Tám");
    assert!(first.y0 > last.y0);
}

#[test]
fn words_are_found_however_the_file_writes_their_marks() {
    // A text layer that draws base letter and marks one by one, in the order of typing.
    let to_unicode = craft::stream(
        "",
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n\
         1 begincodespacerange <00> <FF> endcodespacerange\n\
         4 beginbfchar <41> <00E2> <42> <0323> <43> <0074> <44> <0110> endbfchar\n\
         endcmap end end",
    );
    let file = craft::page(
        &format!(
            "{A4} /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Courier /ToUnicode 5 0 R >> >> >>"
        ),
        &words(100.0, 300.0, 12.0, "DABC"),
        &[&to_unicode],
    );
    check_clear(&file, "annex@text:Đậ t");
    refused(&file, "annex@text:Đât", "stamp_text_not_found");
}

#[test]
fn no_stamp_covers_text_unless_told() {
    let file = a4(&words(60.0, 760.0, 12.0, "Some words in the way"));
    let spec = "annex@rect:20,20,90,20";
    refused(&file, spec, "stamp_over_text");
    let told = laid_out(&file, "annex,over-text@rect:20,20,90,20").unwrap();
    assert_eq!(on_sheet(&file, &told).width().round(), points(90.0).round());
    let mut full = String::new();
    for line in 0..85 {
        full.push_str(&words(5.0, f64::from(line) * 10.0, 10.0, &"x".repeat(97)));
    }
    refused(&a4(&full), "copy:sao-y", "stamp_no_room");
}

#[test]
fn a_rectangle_lies_on_the_page_and_is_large_enough() {
    let file = a4("");
    refused(&file, "annex@rect:180,20,90,20", "stamp_outside_page");
    refused(&file, "annex@rect:20,290,90,20", "stamp_outside_page");
    refused(&file, "annex@rect:20,20,90,3", "stamp_too_small");
    refused(&file, "agency@rect:20,20,60,30", "stamp_too_small");
    refused(&file, "annex,page=2@rect:20,20,90,20", "stamp_no_such_page");
    refused(&file, "annex,page=2", "stamp_no_such_page");
    refused(&file, "annex@field:Nobody", "stamp_field_not_found");
    check_clear(&file, "annex@rect:20,20,90,20");
}

#[test]
fn a_named_field_gives_the_rectangle() {
    let field = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Chu ky) /Rect [300 100 500 200] /F 4 /P 3 0 R >>";
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {A4} /Annots [5 0 R] >>"),
        craft::stream("", ""),
    ];
    objects.push(field.to_owned());
    let file = craft::file(&objects);
    for spec in ["person@field:Chu ky", "annex@field:Chu ky"] {
        let appearance = laid_out(&file, spec).unwrap();
        assert_eq!(appearance.rect, [300.0, 100.0, 500.0, 200.0], "{spec}");
    }
}

#[test]
fn dark_places_of_a_scan_are_text() {
    // A scan of the whole page, 20 x 28 pixels: white, and its upper right quarter black.
    let mut pixels = String::new();
    for y in 0..28 {
        for x in 0..20 {
            pixels.push_str(if y < 7 && x >= 10 { "00" } else { "FF" });
        }
    }
    let scan = craft::stream(
        "/Type /XObject /Subtype /Image /Width 20 /Height 28 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /ASCIIHexDecode",
        &format!("{pixels}>"),
    );
    let file = craft::page(
        &format!("{A4} /Resources << /XObject << /Im 5 0 R >> >>"),
        "q 595 0 0 842 0 0 cm /Im Do Q",
        &[&scan],
    );
    let rect = on_sheet(&file, &laid_out(&file, "copy:sao-y").unwrap());
    assert!(rect.x1 <= 298.0 || rect.y1 <= 632.0, "{rect:?}");
    refused(&file, "copy:sao-y@rect:120,20,70,20", "stamp_over_text");
    check_clear(&file, "copy:sao-y@rect:20,20,70,20");
}
