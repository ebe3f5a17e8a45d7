//! Whether a mark or a page more leaves what was there as it was, and is refused once a file is signed.

use super::craft::{compressed, file, find, objects, samples, signed, with};
use super::places::shown;
use crate::pdf::{
    Appearance, AppearanceObjects, Inspected, Limits, PdfA, Refusal, append_page,
    append_page_content, inspect,
};

const RECT: [f64; 4] = [10.0, 20.0, 60.0, 40.0];

fn marked(
    file: &[u8],
    add: impl Fn(&Inspected<'_>) -> Result<Vec<u8>, Refusal>,
) -> Result<Vec<u8>, &'static str> {
    let doc = inspect(file, &Limits::default()).unwrap();
    let tail = add(&doc).map_err(|refusal| refusal.code())?;
    let bytes = [file, &tail].concat();
    inspect(&bytes, &Limits::default()).unwrap();
    Ok(bytes)
}

fn on_page(file: &[u8]) -> Result<Vec<u8>, &'static str> {
    marked(file, |doc| append_page_content(doc, &shown(0, RECT)))
}

/// What was appended, each run of blanks as one.
fn tail_of(base: &[u8], bytes: &[u8]) -> String {
    let tail = String::from_utf8_lossy(&bytes[base.len()..]);
    let words: Vec<&str> = tail.split([' ']).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The page as it is written again, and the new content stream.
#[track_caller]
fn check(page: &str, more: &[(u32, &str)], expected: &str) {
    let mut all = with(3, page);
    all.extend(
        more.iter()
            .map(|(number, text)| (*number, (*text).to_owned())),
    );
    let base = file(&all);
    let bytes = on_page(&base).unwrap();
    let tail = tail_of(&base, &bytes);
    assert!(
        tail.contains(&format!("3 0 obj\n{expected}\nendobj")),
        "{tail}"
    );
    // Twice: the second mark has a name of its own.
    let twice = on_page(&bytes).unwrap();
    let again = tail_of(&bytes, &twice);
    let names = ["/Antin2 Do", "/Antin3 Do"];
    assert!(names.iter().any(|name| again.contains(name)), "{again}");
}

#[test]
fn the_old_content_stands_between_q_and_q() {
    let base = file(&objects());
    let bytes = on_page(&base).unwrap();
    let tail = tail_of(&base, &bytes);
    for text in [
        "/Contents [61 0 R 4 0 R 62 0 R]",
        "61 0 obj\n<< /Length 2 >>\nstream\nq\n\nendstream",
        "stream\nQ\n/Artifact BMC\nq\n0.5 0 0 1 10 20 cm\n/Antin1 Do\nQ\nEMC\nendstream",
        "/Resources << /Font << /F1 5 0 R >> /XObject << /Antin1 63 0 R >> >>",
    ] {
        assert!(tail.contains(text), "{text} in {tail}");
    }
    assert!(!tail.contains("\n4 0 obj"));
}

#[test]
fn contents_and_resources_may_be_written_in_every_way() {
    let page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]";
    let alone = "/Resources << /XObject << /Antin1 63 0 R >> >>";
    check(
        &format!("<< {page} >>"),
        &[],
        &format!("<< {page} {alone} /Contents [62 0 R] >>"),
    );
    check(
        &format!("<< {page} /Contents null /Resources null >>"),
        &[],
        &format!("<< {page} /Contents [62 0 R] /Resources << /XObject << /Antin1 63 0 R >> >> >>"),
    );
    check(
        &format!("<< {page} /Contents [4 0 R 4 0 R] /Resources 20 0 R >>"),
        &[
            (20, "<< /XObject 21 0 R /Font << >> >>"),
            (21, "<< /Im 4 0 R >>"),
        ],
        &format!(
            "<< {page} /Contents [61 0 R 4 0 R 4 0 R 62 0 R] /Resources << /XObject << /Im 4 0 R /Antin1 63 0 R >> /Font << >> >> >>"
        ),
    );
    check(
        &format!("<< {page} /Contents 20 0 R /Resources << /XObject << /Antin1 4 0 R >> >> >>"),
        &[(20, "[4 0 R]")],
        &format!(
            "<< {page} /Contents [61 0 R 4 0 R 62 0 R] /Resources << /XObject << /Antin1 4 0 R /Antin2 63 0 R >> >> >>"
        ),
    );
    check(
        &format!("<< {page} /Contents [] /Resources << /XObject 50 0 R >> >>"),
        &[],
        &format!("<< {page} /Contents [62 0 R] /Resources << /XObject << /Antin1 63 0 R >> >> >>"),
    );
}

#[test]
fn resources_of_an_ancestor_become_the_pages_own() {
    let mut all = with(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>");
    all[1].1 = "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 99 99] /Resources << /Font << /F1 5 0 R >> >> >>".to_owned();
    let base = compressed(
        &file(&all),
        &[(2, all[1].1.as_str()), (3, all[2].1.as_str())],
        &[],
        |index| index,
    );
    let bytes = on_page(&base).unwrap();
    let own = b"/Resources << /Font << /F1 5 0 R >>  /XObject << /Antin1 ";
    assert!(find(&bytes[base.len()..], own) > 0);
}

#[test]
fn odd_contents_and_resources_are_refused() {
    let page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]";
    for (entries, code) in [
        ("/Contents (x)", "pdf-broken"),
        ("/Contents [(x)]", "pdf-broken"),
        ("/Contents 5 0 R", "pdf-broken"),
        ("/Resources [1]", "pdf-broken"),
        ("/Resources 4 0 R", "pdf-broken"),
        ("/Resources << /XObject 3 >>", "pdf-broken"),
        ("/Resources << /A 1 /A 2 >>", "pdf-duplicate-key"),
        (
            "/Resources << /XObject << /A 1 /A 2 >> >>",
            "pdf-duplicate-key",
        ),
    ] {
        let base = file(&with(3, &format!("<< {page} {entries} >>")));
        assert_eq!(on_page(&base).unwrap_err(), code, "{entries}");
    }
}

#[test]
fn the_form_is_fitted_as_an_annotation_would_be() {
    let with_form = |entries: &str| {
        let form =
            format!("<< /Subtype /Form {entries} /Length 1 >>\nstream\nq\nendstream").into_bytes();
        let mark = Appearance {
            page: 0,
            rect: RECT,
            objects: AppearanceObjects::new(move |_| vec![form.clone()]),
        };
        let base = file(&objects());
        marked(&base, |doc| append_page_content(doc, &mark))
    };
    for (entries, matrix) in [
        ("/BBox [0 0 50 20]", "1 0 0 1 10 20 cm"),
        ("/BBox [100 20 0 0]", "0.5 0 0 1 10 20 cm"),
        // Turned by a quarter: 20 wide and 50 high as the page sees it.
        (
            "/BBox [0 0 50 20] /Matrix [0 1 -1 0 0 0]",
            "2.5 0 0 0.4 60 20 cm",
        ),
    ] {
        let bytes = with_form(entries).unwrap();
        assert!(find(&bytes, matrix.as_bytes()) > 0, "{entries}");
    }
    for entries in [
        "",
        "/BBox [0 0 0 20]",
        "/BBox [0 0 1]",
        "/BBox [0 0 9 9] /Matrix [1 0]",
        "/BBox [0 0 9 9] /Matrix [0 0 0 0 0 0]",
    ] {
        assert_eq!(
            with_form(entries).unwrap_err(),
            "pdf-appearance",
            "{entries}"
        );
    }
}

#[test]
fn a_new_last_page_is_counted_and_shows_the_form() {
    let base = file(&objects());
    let bytes = marked(&base, |doc| {
        append_page(doc, [595.0, 842.5], &shown(9, RECT))
    })
    .unwrap();
    let doc = inspect(&bytes, &Limits::default()).unwrap();
    assert_eq!(doc.pages(), 2);
    assert_eq!(doc.page_box(1).unwrap().media, [0.0, 0.0, 595.0, 842.5]);
    let tail = tail_of(&base, &bytes);
    assert!(tail.contains("2 0 obj\n<< /Type /Pages /Kids [3 0 R 61 0 R] /Count 2 >>"));
    for size in [[2.0, 9.0], [9.0, 14_401.0], [f64::NAN, 9.0]] {
        let refused = marked(&base, |doc| append_page(doc, size, &shown(0, RECT)));
        assert_eq!(refused.unwrap_err(), "pdf-appearance");
    }
}

#[test]
fn a_signed_file_takes_no_mark() {
    let base = signed(&file(&objects()));
    assert_eq!(on_page(&base).unwrap_err(), "pdf-carries-signatures");
    let refused = marked(&base, |doc| append_page(doc, [99.0, 99.0], &shown(0, RECT)));
    assert_eq!(refused.unwrap_err(), "pdf-carries-signatures");
}

#[test]
fn every_sample_takes_a_mark_a_page_and_a_signature() {
    for (name, bytes) in samples() {
        let Ok(doc) = inspect(&bytes, &Limits::default()) else {
            continue;
        };
        if !doc.signatures().is_empty() {
            continue;
        }
        let last = u32::try_from(doc.pages() - 1).unwrap();
        let crop = doc.page_box(last).unwrap().crop;
        let rect = [crop[0], crop[1], crop[0] + 0.5, crop[1] + 0.5];
        let mark = shown(last, rect);
        let once = marked(&bytes, |doc| append_page_content(doc, &mark));
        let once = once.unwrap_or_else(|code| panic!("{name}: {code} {rect:?}"));
        let twice = marked(&once, |doc| append_page(doc, [99.0, 99.0], &shown(0, RECT))).unwrap();
        let theirs = hayro_syntax::Pdf::new(twice.clone()).unwrap();
        assert_eq!(
            theirs.pages().len(),
            usize::try_from(last).unwrap() + 2,
            "{name}"
        );
        signed(&twice);
    }
}

#[track_caller]
fn claim(packet: &str, expected: Option<(u8, Option<char>)>) {
    let mut all = with(1, "<< /Type /Catalog /Pages 2 0 R /Metadata 20 0 R >>");
    let text = format!(
        "<< /Type /Metadata /Subtype /XML /Length {} >>\nstream\n{packet}\nendstream",
        packet.len()
    );
    all.push((20, text));
    let base = file(&all);
    let found = inspect(&base, &Limits::default()).unwrap().pdf_a();
    let expected = expected.map(|(part, conformance)| PdfA { part, conformance });
    assert_eq!(found, expected, "{packet}");
}

#[test]
fn the_claim_to_be_an_archival_file_is_read() {
    let ns = "xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"";
    claim(
        &format!(
            "<rdf:Description {ns}><pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
        ),
        Some((1, Some('B'))),
    );
    claim(
        &format!("<rdf:Description pdfaid:conformance='u' pdfaid:part = '2' {ns}/>"),
        Some((2, Some('U'))),
    );
    claim(
        "<x xmlns:a = 'http://www.aiim.org/pdfa/ns/id/' a:part=\"4\">",
        Some((4, None)),
    );
    for none in [
        "",
        "<pdfaid:part>1</pdfaid:part>",
        &format!("<x {ns}>"),
        &format!("<x {ns} pdfaid:part=\"5\">"),
        &format!("<x {ns} pdfaid:part=\"é"),
        &format!("<x {ns} pdfaid:part=é"),
    ] {
        claim(none, None);
    }
}

#[test]
fn a_tagged_file_is_known_as_one() {
    let tagged = "<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 20 0 R >>";
    for (catalog, expected) in [(tagged, true), ("<< /Type /Catalog /Pages 2 0 R >>", false)] {
        let bytes = file(&with(1, catalog));
        let doc = inspect(&bytes, &Limits::default()).unwrap();
        assert_eq!(doc.is_tagged(), expected);
    }
}
