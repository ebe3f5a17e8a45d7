//! Visible signatures as other programs see them: poppler's text, fonts and pixels, a barcode reader's code.
//!
//! `ANTIN_STAMP_PICTURES=DIR` keeps each form as a picture: so those of `docs/stamps` are made.

use std::path::{Path, PathBuf};
use std::process::Command;

use antin::pdf::{self, FieldRequest, Limits, Place, SubFilter};
use antin::record::UtcTime;
use antin::stamp::{
    Facts, MarkPlace, Materials, Request, Stationery, lay_out, lay_out_mark, preview_png,
};

use crate::world::temp::TempDir;
use crate::world::tools::{in_project, program, skip};

const AGENCY: &str = "Ủy ban nhân dân phường Hồng Gai";
const SIGNER: &str = "Nguyễn Thị Phượng";
const ADDRESS: &str = "https://tracuu.quangninh.gov.vn/kq/7Q4KX2M9TNA8WB3CDEFGHJ5K6P";
const CODE: &str = "7Q4K-X2M9-TNA8-WB3C-DEFG-HJ5K-6P";

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(in_project(&format!("tests/data/stamps/{name}"))).unwrap()
}

fn stationery() -> Stationery {
    Stationery::new(&Materials {
        signature_png: Some(&sample("signature.png")),
        signature_width_mm: 40.0,
        seal_png: Some(&sample("seal.png")),
        seal_width_mm: 36.0,
        words: &[AGENCY, SIGNER],
    })
    .unwrap()
}

fn facts() -> Facts<'static> {
    Facts {
        signed_at: UtcTime::parse_rfc3339("2026-11-24T02:15:02Z").unwrap(),
        agency: AGENCY,
        signer: Some(SIGNER),
        email: Some("vanthu@honggai.quangninh.gov.vn"),
        symbol: Some("1234/QĐ-UBND"),
        verify_url: Some(ADDRESS),
        code: Some(CODE),
    }
}

/// One more visible signature field; the signature in it is a hole, which nobody here looks into.
#[track_caller]
fn stamped(file: &[u8], stationery: &Stationery, spec: &str) -> Vec<u8> {
    let request: Request = spec.parse().unwrap();
    let doc = pdf::inspect(file, &Limits::default()).unwrap();
    let appearance = lay_out(&doc, stationery, &request, &facts())
        .unwrap_or_else(|refusal| panic!("{spec}: {refusal}"));
    let field = FieldRequest {
        sub_filter: SubFilter::CadesDetached,
        m: Some("D:20261124091502+07'00'".to_owned()),
        name: None,
        reason: None,
        location: None,
        contents_bytes: 64,
        place: Place::Visible(appearance),
    };
    let increment = pdf::append_signature(&doc, &field).unwrap();
    let tail = increment.fill(&[0x30, 0x00]).unwrap();
    [file, &tail].concat()
}

fn marked(file: &[u8], stationery: &Stationery, place: MarkPlace) -> Vec<u8> {
    let doc = pdf::inspect(file, &Limits::default()).unwrap();
    let mark = lay_out_mark(&doc, stationery, place, &facts()).unwrap();
    let tail = match mark.new_page {
        None => pdf::append_page_content(&doc, &mark.appearance),
        Some(size) => pdf::append_page(&doc, size, &mark.appearance),
    };
    [file, &tail.unwrap()].concat()
}

#[track_caller]
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Every form of the decree on a real page, by name.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let (decision, annex) = (sample("decision.pdf"), sample("annex.pdf"));
    let kept = stationery();
    let person = stamped(&decision, &kept, "person@text:Nguyễn Thị Phượng");
    let agency = stamped(&person, &kept, "agency");
    let copy = stamped(&decision, &kept, "copy:sao-y");
    let copies = stamped(
        &stamped(&copy, &kept, "copy:sao-luc"),
        &kept,
        "copy:trich-sao,iso",
    );
    vec![
        ("annex", stamped(&annex, &kept, "annex")),
        (
            "info-qr",
            stamped(&decision, &kept, "info,qr@text:Nguyễn Thị Phượng"),
        ),
        ("margin", marked(&decision, &kept, MarkPlace::Margin)),
        ("page", marked(&decision, &kept, MarkPlace::NewPage)),
        ("person", person),
        ("agency", agency),
        ("copy", copy),
        ("copies", copies),
    ]
}

#[test]
fn other_programs_read_the_text_and_find_the_fonts_embedded() {
    let (Ok(text), Ok(fonts)) = (program("pdftotext"), program("pdffonts")) else {
        return skip("pdftotext or pdffonts is not on this machine");
    };
    let dir = TempDir::new("stamps");
    let time = "Thời gian ký: 24.11.2026 09:15:02 +07:00";
    let look_up = format!("Mã tra cứu: {CODE}");
    for (name, file) in forms() {
        let path = dir.join(&format!("{name}.pdf"));
        std::fs::write(&path, &file).unwrap();
        let path = path.to_str().unwrap();
        let shown = run(&text, &["-layout", path, "-"]);
        let expected: &[&str] = match name {
            "person" => &[],
            "agency" => &[AGENCY, time],
            "copy" => &["SAO Y", AGENCY, time],
            "copies" => &[
                "SAO LỤC",
                "TRÍCH SAO",
                "Thời gian ký: 2026-11-24T09:15:02+07:00",
            ],
            "annex" => &["Số: 1234/QĐ-UBND", time],
            "info-qr" => &["Người ký: Nguyễn Thị Phượng", time, "Mã tra cứu:", CODE],
            "margin" => &["tracuu.quangninh.gov.vn: 7Q4K-X2M9-TNA8-WB3C-DEFG-HJ5K-6P"],
            _ => &["Địa chỉ: tracuu.quangninh.gov.vn", &look_up],
        };
        for words in expected {
            assert!(shown.contains(words), "{name}: {words:?} not in\n{shown}");
        }
        let listed = run(&fonts, &[path]);
        for line in listed.lines().skip(2) {
            assert!(line.contains("yes yes yes"), "{name}: {line}");
        }
    }
}

#[test]
fn a_barcode_reader_reads_the_address() {
    let (Ok(pixels), Ok(reader)) = (program("pdftoppm"), program("zbarimg")) else {
        return skip("pdftoppm or zbarimg is not on this machine");
    };
    let dir = TempDir::new("codes");
    for (name, file) in forms() {
        if !["info-qr", "margin", "page"].contains(&name) {
            continue;
        }
        let path = dir.join(&format!("{name}.pdf"));
        std::fs::write(&path, &file).unwrap();
        let page = if name == "page" { "2" } else { "1" };
        let out = dir.join(name);
        run(
            &pixels,
            &[
                "-r",
                "200",
                "-gray",
                "-f",
                page,
                "-singlefile",
                path.to_str().unwrap(),
                out.to_str().unwrap(),
            ],
        );
        let picture = out.with_extension("pgm");
        let read = run(&reader, &["--quiet", "--raw", picture.to_str().unwrap()]);
        assert_eq!(read.trim(), ADDRESS, "{name}");
    }
}

/// The seal is red, the signature blue, the text black, and nothing else changes on the page.
#[test]
fn another_renderer_shows_the_colours_where_the_stamp_is() {
    let Ok(pixels) = program("pdftoppm") else {
        return skip("pdftoppm is not on this machine");
    };
    let dir = TempDir::new("pixels");
    let drawn = |name: &str, file: &[u8]| -> Vec<u8> {
        let path = dir.join(&format!("{name}.pdf"));
        std::fs::write(&path, file).unwrap();
        let out = dir.join(name);
        run(
            &pixels,
            &[
                "-r",
                "50",
                "-singlefile",
                path.to_str().unwrap(),
                out.to_str().unwrap(),
            ],
        );
        std::fs::read(out.with_extension("ppm")).unwrap()
    };
    let plain = drawn("plain", &sample("decision.pdf"));
    let forms = forms();
    for (name, red, blue) in [
        ("agency", true, true),
        ("person", false, true),
        ("copy", false, false),
    ] {
        let file = &forms.iter().find(|(known, _)| *known == name).unwrap().1;
        let picture = drawn(name, file);
        assert_eq!(picture.len(), plain.len());
        let changed: Vec<&[u8]> = picture[15..]
            .chunks_exact(3)
            .zip(plain[15..].chunks_exact(3))
            .filter(|(now, before)| now != before)
            .map(|(now, _)| now)
            .collect();
        let reds = changed
            .iter()
            .filter(|p| p[0] > 180 && p[1] < 110 && p[2] < 110)
            .count();
        let blues = changed.iter().filter(|p| p[2] > 120 && p[0] < 110).count();
        assert!(changed.len() > 50, "{name}: nothing was drawn");
        assert_eq!(reds > 50, red, "{name}: {reds} red");
        assert_eq!(blues > 20, blue, "{name}: {blues} blue");
    }
}

#[test]
fn pictures_of_all_forms_are_kept_where_that_is_asked_for() {
    let Some(kept) = std::env::var_os("ANTIN_STAMP_PICTURES").map(PathBuf::from) else {
        // Nobody asked: the previews are drawn and looked at for their size all the same.
        for (name, file) in forms() {
            let picture = preview_png(&file, 1, 40, &Limits::default()).unwrap();
            assert!(picture.len() > 5_000, "{name}");
        }
        return;
    };
    let pixels = program("pdftoppm").unwrap();
    for (name, file) in forms() {
        let path = kept.join(format!("{name}.pdf"));
        std::fs::write(&path, &file).unwrap();
        let page = if name == "page" { "2" } else { "1" };
        let out = kept.join(name);
        run(
            &pixels,
            &[
                "-r",
                "90",
                "-png",
                "-f",
                page,
                "-singlefile",
                path.to_str().unwrap(),
                out.to_str().unwrap(),
            ],
        );
        std::fs::remove_file(&path).unwrap();
    }
    let agency = forms()
        .into_iter()
        .find(|(name, _)| *name == "agency")
        .unwrap()
        .1;
    let preview = preview_png(&agency, 1, 90, &Limits::default()).unwrap();
    std::fs::write(kept.join("preview.png"), preview).unwrap();
}
