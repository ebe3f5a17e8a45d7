//! What is taken, what is refused, and the reason that is given.

use super::craft::{Update, file, objects, replaced, sample, samples, signed, with};
use crate::pdf::{Limits, Refusal, inspect, signatures};

#[track_caller]
fn check(bytes: &[u8], code: &str) {
    check_within(bytes, code, &Limits::default());
}

#[track_caller]
fn check_within(bytes: &[u8], code: &str, limits: &Limits) {
    let found = match inspect(bytes, limits) {
        Ok(_) => "taken",
        Err(refusal) => refusal.code(),
    };
    assert_eq!(found, code);
}

#[test]
fn every_sample_is_taken_but_three_with_their_reasons() {
    for (name, bytes) in samples() {
        let expected = match name.as_str() {
            // Offsets of this one count from the header, which is not the first byte.
            "pdf20-PDF-2.0-with-offset-start.pdf" => "pdf-broken",
            // Went through a conversion to UTF-8: every offset and stream is wrong.
            "pdf20-pdf20-utf8-test.pdf" => "pdf-broken",
            "pypdf-libreoffice-writer-password.pdf" => "pdf-encrypted",
            _ => "taken",
        };
        let found =
            inspect(&bytes, &Limits::default()).map_or_else(|refusal| refusal.code(), |_| "taken");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_small_file_is_taken() {
    let bytes = file(&objects());
    let doc = inspect(&bytes, &Limits::default()).unwrap();
    assert_eq!(doc.pages(), 1);
    assert!(doc.signatures().is_empty());
}

#[test]
fn something_else_is_no_pdf() {
    check(b"", "pdf-not-pdf");
    check(b"PK\x03\x04 a zip file", "pdf-not-pdf");
}

#[test]
fn a_large_file_is_refused_by_its_size() {
    let limits = Limits {
        max_file_bytes: 100,
        ..Limits::default()
    };
    check_within(&file(&objects()), "pdf-too-large", &limits);
}

#[test]
fn bytes_before_the_header_are_refused() {
    let bytes = [b"\n".as_slice(), &file(&objects())].concat();
    check(&bytes, "pdf-broken");
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let bytes = [file(&objects()).as_slice(), b"more"].concat();
    check(&bytes, "pdf-broken");
}

#[test]
fn blanks_behind_the_end_are_taken() {
    let bytes = [file(&objects()).as_slice(), b"\n\0 \n"].concat();
    check(&bytes, "taken");
}

#[test]
fn a_truncated_file_is_refused() {
    let bytes = file(&objects());
    check(&bytes[..bytes.len() / 2], "pdf-broken");
}

#[test]
fn an_encryption_dictionary_is_refused() {
    let bytes = Update {
        trailer: "/Encrypt 50 0 R".to_owned(),
        ..Update::default()
    }
    .on(&file(&objects()));
    check(&bytes, "pdf-encrypted");
}

#[test]
fn an_encryption_dictionary_of_an_older_trailer_is_refused_too() {
    let mut first = Update {
        objects: objects(),
        first: true,
        ..Update::default()
    };
    first.trailer = "/Encrypt 50 0 R".to_owned();
    check(
        &Update::of(50, "null").on(&first.on(b"%PDF-1.7\n")),
        "pdf-encrypted",
    );
}

#[test]
fn hybrid_cross_references_are_refused() {
    let bytes = Update {
        trailer: "/XRefStm 9".to_owned(),
        ..Update::default()
    }
    .on(&file(&objects()));
    check(&bytes, "pdf-hybrid-xref");
}

#[test]
fn an_xfa_form_is_refused() {
    check(&file(&with(8, "<< /Fields [7 0 R] /XFA [] >>")), "pdf-xfa");
}

#[test]
fn a_page_written_into_its_parent_is_refused() {
    check(
        &file(&with(
            2,
            "<< /Type /Pages /Kids [<< /Type /Page >>] /Count 1 >>",
        )),
        "pdf-direct-page",
    );
}

#[test]
fn a_page_tree_in_a_circle_is_refused() {
    check(
        &file(&with(2, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>")),
        "pdf-over-budget",
    );
}

#[test]
fn a_key_twice_in_the_catalog_is_refused() {
    let catalog = "<< /Type /Catalog /Pages 2 0 R /Pag#65s 2 0 R >>";
    let found = inspect(&file(&with(1, catalog)), &Limits::default()).unwrap_err();
    assert!(matches!(found, Refusal::DuplicateKey { key, .. } if key == "Pages"));
}

#[test]
fn a_chain_of_cross_references_in_a_circle_is_refused() {
    let base = file(&objects());
    let bytes = Update {
        trailer: format!("/Prev {}", base.len()),
        no_prev: true,
        ..Update::default()
    }
    .on(&base);
    check(&bytes, "pdf-broken");
}

#[test]
fn a_number_listed_twice_in_one_section_is_refused() {
    let bytes = Update::of(5, "null").and(5, "null").on(&file(&objects()));
    check(&bytes, "pdf-broken");
}

#[test]
fn an_object_elsewhere_than_announced_is_refused() {
    let bytes = file(&objects());
    check(
        &replaced(&bytes, "1 0 obj\n<< /Type /Cat", "1 0 obj \n<</Type /Cat"),
        "taken",
    );
    check(
        &replaced(&bytes, "1 0 obj\n<< /Type /Cat", " 1 0 obj\n<</Type /Cat"),
        "pdf-broken",
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    check(&file(&with(9, &deep)), "pdf-over-budget");
}

#[test]
fn table_entries_of_nineteen_bytes_are_read_when_all_are() {
    check(&sample("pypdf-grayscale-image.pdf"), "taken");
}

#[test]
fn signatures_of_a_file_without_any_are_none() {
    let found = signatures(&file(&objects()), &Limits::default()).unwrap();
    assert!(found.fields.is_empty() && found.strays.is_empty() && found.unexplained.is_none());
    assert_eq!(found.revision_ends.len(), 1);
}

#[test]
fn unexplained_bytes_behind_a_signed_file_are_reported() {
    let base = signed(&file(&objects()));
    let found = signatures(&[base.as_slice(), b"suffix"].concat(), &Limits::default()).unwrap();
    let length = u64::try_from(base.len()).unwrap();
    assert_eq!(found.unexplained, Some(length..length + 6));
}
