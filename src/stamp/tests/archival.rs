//! A PDF/A file stays one, a tagged file stays tagged: checks of our own, without veraPDF.
//!
//! ISO 19005-1 and 19005-2: fonts embedded with CIDSet, CIDToGIDMap and ToUnicode; no soft mask in part 1; no device
//! colour; annotations printed and not hidden, with an appearance; metadata and catalog entries untouched.

use super::*;
use crate::pdf::append_page_content;
use crate::stamp::{MarkPlace, lay_out_mark};
use flate2::read::ZlibDecoder;
use std::io::Read as _;
use std::path::PathBuf;

/// Files of the veraPDF corpus that pass, by name.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/pdfs");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "pdf"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .filter(|(_, file)| {
            pdf::inspect(file, &Limits::default()).is_ok_and(|doc| doc.pdf_a().is_some())
        })
        .collect();
    files.sort();
    files
}

fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memmem::find(body, b"stream\n")? + 7;
    let mut out = Vec::new();
    ZlibDecoder::new(&body[start..])
        .read_to_end(&mut out)
        .ok()?;
    Some(out)
}

/// What the stamp brings into the file, judged by the clauses above.
#[track_caller]
fn check(name: &str, part: u8, bodies: &[Vec<u8>]) {
    let dictionary = |body: &[u8]| {
        let end = memchr::memmem::find(body, b"stream\n").unwrap_or(body.len());
        String::from_utf8_lossy(&body[..end]).into_owned()
    };
    let mut fonts = 0;
    for body in bodies {
        let dict = dictionary(body);
        // ISO 19005-1 6.4, 6.2.4, 6.2.3.
        if part == 1 {
            assert!(!dict.contains("/SMask"), "{name}: soft mask in PDF/A-1");
        }
        // The page and the catalog are the file's own, with an entry more.
        if dict.contains("/Type /Page") || dict.contains("/Type/Page") || dict.contains("Catalog") {
            continue;
        }
        assert!(!dict.contains("/Group"), "{name}: {dict}");
        assert!(
            !dict.contains("/Interpolate") && !dict.contains("LZW"),
            "{name}"
        );
        assert!(
            !dict.contains("/DeviceRGB") && !dict.contains("/DeviceCMYK"),
            "{name}: {dict}"
        );
        if dict.contains("/DeviceGray") {
            // ISO 32000-1 table 145 wants it of a soft mask, which has no colour.
            assert!(
                part > 1 && dict.contains("/Subtype /Image"),
                "{name}: {dict}"
            );
        }
        if dict.contains("/Subtype /CIDFontType2") {
            fonts += 1;
            assert!(dict.contains("/CIDToGIDMap /Identity"), "{name}");
            assert!(dict.contains("+LiberationSerif"), "{name}: no subset tag");
        }
        if dict.contains("/FontDescriptor /FontName") {
            assert!(
                dict.contains("/FontFile2") && dict.contains("/CIDSet"),
                "{name}"
            );
        }
        if dict.contains("/Subtype /Type0") {
            assert!(
                dict.contains("/ToUnicode") && dict.contains("/Identity-H"),
                "{name}"
            );
        }
        if dict.contains("/Subtype /Widget") {
            // ISO 19005-1 6.5.3: print; not hidden, invisible, no-view.
            assert!(
                dict.contains("/F 132") && dict.contains("/AP"),
                "{name}: {dict}"
            );
        }
        if dict.contains("/Subtype /Form") && dict.contains("/Filter /FlateDecode") {
            let content = String::from_utf8(inflated(body).unwrap()).unwrap();
            for operator in content.split_ascii_whitespace() {
                assert!(
                    !["rg", "RG", "g", "k", "K", "gs", "sh", "BI"].contains(&operator),
                    "{name}: {operator}"
                );
            }
        }
    }
    assert!(fonts <= 1, "{name}: one font for one stamp");
}

#[test]
fn pdf_a_files_stay_pdf_a() {
    let files = corpus();
    assert!(files.len() > 5, "{} PDF/A files", files.len());
    let mut parts = std::collections::BTreeSet::new();
    for (name, file) in &files {
        let before = inspected(file);
        let level = before.pdf_a().unwrap();
        parts.insert(level.part);
        for spec in [
            "copy:sao-y",
            "agency,over-text@rect:10,10,120,40",
            "info,qr",
        ] {
            let appearance = match laid_out(file, spec) {
                Ok(appearance) => appearance,
                // Test pages of a few millimetres have no room for a stamp.
                Err(
                    StampRefusal::NoRoom { .. }
                    | StampRefusal::OutsidePage
                    | StampRefusal::TooSmall { .. },
                ) => continue,
                Err(refusal) => panic!("{name} {spec}: {refusal}"),
            };
            check(name, level.part, &added(file, appearance.clone()));
            let signed = with(file, appearance);
            assert!(signed.starts_with(file), "{name}: metadata untouched");
            let after = inspected(&signed);
            assert_eq!(after.pdf_a(), before.pdf_a(), "{name}");
            assert_eq!(after.is_tagged(), before.is_tagged(), "{name}");
        }
    }
    assert!(parts.contains(&1) && parts.len() > 1, "{parts:?}");
}

#[test]
fn a_tagged_file_stays_tagged() {
    let signed = stamped(DECISION, "copy:sao-y");
    assert!(inspected(DECISION).is_tagged() && inspected(&signed).is_tagged());
}

#[test]
fn pdf_a_1_gets_a_stencil_and_others_a_soft_mask() {
    let spec = "agency,over-text@rect:10,10,120,40";
    let plain = added(DECISION, laid_out(DECISION, spec).unwrap());
    assert!(plain.iter().any(|body| holds(body, "/SMask")));
    let (name, file) = corpus()
        .into_iter()
        .find(|(_, file)| inspected(file).pdf_a().is_some_and(|level| level.part == 1))
        .unwrap();
    let bodies = added(&file, laid_out(&file, spec).unwrap());
    assert!(
        bodies.iter().any(|body| holds(body, "/ImageMask true")),
        "{name}"
    );
}

#[test]
fn the_subset_lists_each_glyph_and_its_width() {
    let bodies = added(DECISION, laid_out(DECISION, "copy:sao-y").unwrap());
    let font = bodies
        .iter()
        .find(|body| holds(body, "/Length1"))
        .and_then(|body| inflated(body))
        .unwrap();
    let face = ttf_parser::Face::parse(&font, 0).unwrap();
    let map = bodies
        .iter()
        .filter_map(|body| inflated(body))
        .find(|text| holds(text, "beginbfchar"))
        .unwrap();
    let mapped = String::from_utf8(map).unwrap().matches("> <").count() - 1;
    assert!(mapped > 90 && mapped < usize::from(face.number_of_glyphs()));
    let descendant = bodies
        .iter()
        .find(|body| holds(body, "/W [0 ["))
        .map(|body| String::from_utf8(body.clone()).unwrap())
        .unwrap();
    let widths = descendant.split("/W [0 [").nth(1).unwrap();
    let widths: Vec<f64> = widths
        .split(']')
        .next()
        .unwrap()
        .split(' ')
        .map(|width| width.parse().unwrap())
        .collect();
    for (width, glyph) in widths.iter().zip(0u16..) {
        let real = f64::from(face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap()) * 1000.0
            / f64::from(face.units_per_em());
        assert!((real - width).abs() < 0.01, "glyph {glyph}");
    }
}

#[test]
fn a_mark_in_the_margin_keeps_the_file_archival_and_covers_nothing() {
    let mark = lay_out_mark(
        &inspected(DECISION),
        stationery(),
        MarkPlace::Margin,
        &facts(),
    )
    .unwrap();
    assert_eq!(mark.new_page, None);
    let mut file = DECISION.to_vec();
    file.extend(append_page_content(&inspected(DECISION), &mark.appearance).unwrap());
    let sheet = sheet(&file, 0);
    let letters = |file: &[u8]| {
        Reader::open(file)
            .unwrap()
            .letters(0, &sheet)
            .unwrap()
            .letters
    };
    let (before, after) = (letters(DECISION), letters(&file));
    let new: Vec<_> = after[before.len()..].to_vec();
    let text: String = new
        .iter()
        .filter_map(|letter| letter.text.clone())
        .collect();
    assert!(
        text.ends_with("tracuu.quangninh.gov.vn: 7Q4K-X2M9-TNA8-WB3C-DEFG-HJ5K-6P"),
        "{text}"
    );
    assert!(
        new.iter()
            .all(|new| before.iter().all(|old| !old.place.overlaps(&new.place)))
    );
}
