//! Pages made to cost, and files that are none: refused, never a panic, never hours.

use super::craft::{self, A4, a4};
use super::*;
use crate::stamp::preview_png;
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write as _;

fn form(resources: &str, content: &str) -> String {
    craft::stream(
        &format!("/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources << {resources} >>"),
        content,
    )
}

#[track_caller]
fn check_costly(file: &[u8]) {
    refused(file, "copy:sao-y", "stamp_too_much_work");
    let refusal = preview_png(file, 1, 72, &Limits::default()).unwrap_err();
    assert_eq!(refusal.code(), "stamp_too_much_work");
}

#[test]
fn forms_inside_forms_are_counted_before_they_run() {
    // Twelve levels of ten calls each: 10^12 operators from 2 KB.
    let calls = "/F Do ".repeat(10);
    let mut more: Vec<String> = (6..17)
        .map(|next| form(&format!("/XObject << /F {next} 0 R >>"), &calls))
        .collect();
    more.push(form("", "0 0 m 1 1 l S"));
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    check_costly(&craft::page(
        &format!("{A4} /Resources << /XObject << /F 5 0 R >> >>"),
        &calls,
        &more,
    ));
}

#[test]
fn a_form_that_draws_itself_by_the_pages_resources_is_refused() {
    let own = craft::stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 900]",
        "/F Do /F Do",
    );
    check_costly(&craft::page(
        &format!("{A4} /Resources << /XObject << /F 5 0 R >> >>"),
        "/F Do",
        &[&own],
    ));
}

#[test]
fn a_stream_that_inflates_a_thousandfold_is_refused() {
    let mut encoder = DeflateEncoder::new(vec![0x78, 0x9C], Compression::fast());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..170 {
        encoder.write_all(&blanks).unwrap();
    }
    let packed = encoder.finish().unwrap();
    // Bytes over 127 do not go through the text of `craft`: hexadecimal digits do.
    let hex: String = packed.iter().map(|byte| format!("{byte:02x}")).collect();
    for filters in ["[/FlateDecode]", "/FlateDecode"] {
        let mut file = craft::page(
            &format!("{A4} /Resources << /XObject << /F 5 0 R >> >>"),
            "/F Do",
            &[&craft::stream(
                &format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter {filters}"),
                &"@".repeat(packed.len()),
            )],
        );
        let at = memchr::memmem::find(&file, "@".repeat(packed.len()).as_bytes()).unwrap();
        file[at..at + packed.len()].copy_from_slice(&packed);
        check_costly(&file);
    }
    check_costly(&craft::page(
        &format!("{A4} /Resources << /XObject << /F 5 0 R >> >>"),
        "/F Do",
        &[&craft::stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter [/ASCIIHexDecode /FlateDecode]",
            &format!("{hex}>"),
        )],
    ));
}

#[test]
fn a_picture_of_too_many_pixels_is_not_decoded() {
    let picture = craft::stream(
        "/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceGray /BitsPerComponent 8",
        "x",
    );
    let file = craft::page(
        &format!("{A4} /Resources << /XObject << /Im 5 0 R >> >>"),
        "q 100 0 0 100 0 0 cm /Im Do Q",
        &[&picture],
    );
    // For placement the picture is only a rectangle.
    laid_out(&file, "copy:sao-y").unwrap();
    let refusal = preview_png(&file, 1, 72, &Limits::default()).unwrap_err();
    assert_eq!(refusal.code(), "stamp_too_much_work");
}

#[test]
fn tiles_are_drawn_when_they_are_patterns_and_refused_when_they_are_traps() {
    let tiled = |entries: &str| {
        let pattern = craft::stream(
            &format!(
                "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /Resources << >> {entries}"
            ),
            "1 0 0 rg 0 0 5 5 re f",
        );
        craft::page(
            &format!("{A4} /Resources << /Pattern << /P 5 0 R >> >>"),
            "/Pattern cs /P scn 0 0 300 300 re f",
            &[&pattern],
        )
    };
    let drawn = |entries: &str| {
        preview_png(&tiled(entries), 1, 36, &Limits::default())
            .map(|_| "drawn")
            .map_err(|refusal| refusal.code())
    };
    assert_eq!(drawn("/BBox [0 0 10 10] /XStep 10 /YStep 10"), Ok("drawn"));
    for trap in [
        "/BBox [0 0 10 10] /XStep 0.001 /YStep 10",
        "/BBox [0 0 10 10] /XStep 10 /YStep 0",
        "/BBox [0 0 10 10]",
        "/BBox [0 0 1000000 10] /XStep 10 /YStep 10",
        "/BBox [0 0 10 10] /XStep 10 /YStep 10 /Matrix [1 0 1000 1 0 0]",
        "/BBox [0 0 10 10] /XStep 10 /YStep 10 /Matrix [0 0 0 0 0 0]",
    ] {
        assert_eq!(drawn(trap), Err("stamp_too_much_work"), "{trap}");
    }
    // Reading draws no tile.
    laid_out(
        &tiled("/BBox [0 0 10 10] /XStep 0.001 /YStep 10"),
        "copy:sao-y",
    )
    .unwrap();
}

#[test]
fn pages_of_one_request_share_one_budget() {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
    ];
    let mut kids = String::new();
    // Each page alone is affordable: 3.5 million operators, from a form that is drawn again and again.
    let busy = "n ".repeat(3_500);
    for page in 0..8 {
        let number = 3 + page;
        kids.push_str(&format!("{number} 0 R "));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /Contents 11 0 R {A4} /Resources << /XObject << /F 12 0 R >> >> >>"
        ));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count 8 >>");
    objects.push(craft::stream("", &"/F Do ".repeat(1_000)));
    objects.push(form("", &busy));
    let file = craft::file(&objects);
    let refusal = laid_out(&file, "info@text:Nobody").unwrap_err();
    assert_eq!(
        refusal,
        StampRefusal::TooMuchWork {
            what: "pages of one request"
        }
    );
}

#[test]
fn a_preview_has_the_size_that_was_asked_for_and_shows_the_stamp() {
    let plain = a4("");
    let signed = stamped(&plain, "agency@rect:20,30,120,40");
    let pixels = |file: &[u8], dpi| {
        let bytes = preview_png(file, 1, dpi, &Limits::default()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut raw = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut raw).unwrap();
        let info = reader.info();
        (info.width, info.height, raw)
    };
    let (width, height, raw) = pixels(&plain, 72);
    assert_eq!((width, height), (595, 842));
    assert!(raw.iter().all(|sample| *sample == 255));
    let (width, height, raw) = pixels(&signed, 36);
    assert_eq!((width, height), (297, 421));
    let red = raw
        .chunks_exact(3)
        .filter(|p| p[0] > 150 && p[1] < 120 && p[2] < 120)
        .count();
    assert!(red > 100, "{red} red pixels");
}

#[test]
fn previews_are_bounded() {
    let file = a4("");
    for (page, dpi, code) in [
        (1, 401, "preview_too_large"),
        (1, 17, "preview_too_large"),
        (0, 72, "stamp_no_such_page"),
        (2, 72, "pdf-no-such-page"),
    ] {
        let refusal = preview_png(&file, page, dpi, &Limits::default()).unwrap_err();
        assert_eq!(refusal.code(), code, "page {page}, {dpi} dpi");
    }
    let wide = craft::page("/MediaBox [0 0 14400 14400] /UserUnit 10", "", &[]);
    let refusal = preview_png(&wide, 1, 18, &Limits::default()).unwrap_err();
    assert_eq!(refusal.code(), "preview_too_large");
}

#[test]
fn changed_files_never_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let limits = Limits::default();
    for _ in 0..60 {
        let mut file = DECISION.to_vec();
        for _ in 0..4 {
            let at = next() % file.len();
            file[at] = u8::try_from(next() % 256).unwrap();
        }
        if let Ok(doc) = pdf::inspect(&file, &limits) {
            let request: Request = "copy:sao-y".parse().unwrap();
            let _ = lay_out(&doc, stationery(), &request, &facts());
        }
    }
}
