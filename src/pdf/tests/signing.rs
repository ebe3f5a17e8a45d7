//! Whether the increment is right: on every sample, once, twice and as a time-stamp.

use super::craft::{file, find, objects, request, samples, signed, signed_as, with};
use crate::pdf::{
    Changes, ContentsTooSmall, Limits, SignatureKind, SubFilter, append_signature, changes_after,
    inspect, signatures,
};

/// Every signature of the file is well-formed; gives their number.
#[track_caller]
fn check(name: &str, bytes: &[u8], ours: usize) {
    let found = signatures(bytes, &Limits::default()).unwrap();
    let fields: Vec<_> = found
        .fields
        .iter()
        .filter(|field| field.name.starts_with("Antin-"))
        .collect();
    assert_eq!(fields.len(), ours, "{name}");
    for field in fields {
        assert_eq!(field.problems, [], "{name}: {}", field.name);
        let end = field.signed_end().unwrap();
        let changes = changes_after(bytes, end, &Limits::default());
        assert!(
            !matches!(changes, Changes::Forbidden(_)),
            "{name}: {changes:?}"
        );
        assert_eq!(
            matches!(changes, Changes::None),
            end == bytes.len() as u64,
            "{name}"
        );
        // A document time-stamp makes no claims of its own.
        let claims = field.kind == SignatureKind::Signature;
        let claimed = |text: &'static str| claims.then_some(text);
        assert_eq!(field.m.as_deref(), claimed("D:20261124090000+07'00'"));
        assert_eq!(field.signer_name.as_deref(), claimed("Ủy ban nhân dân"));
        assert_eq!(field.location.as_deref(), claimed("(Hà Nội)"));
        assert!(field.contents.starts_with(b"\x30\x05abcde\0\0") && field.contents.len() == 64);
    }
    assert!(found.unexplained.is_none(), "{name}");
}

#[test]
fn every_sample_that_is_taken_can_be_signed_three_times() {
    for (name, bytes) in samples() {
        if inspect(&bytes, &Limits::default()).is_err() {
            continue;
        }
        let once = signed(&bytes);
        assert!(once.starts_with(&bytes), "{name}");
        check(&name, &once, 1);
        let twice = signed(&once);
        check(&name, &twice, 2);
        check(&name, &signed_as(&twice, SubFilter::Rfc3161), 3);
    }
}

#[test]
fn the_signed_pieces_are_the_file_without_its_contents() {
    let base = file(&objects());
    let doc = inspect(&base, &Limits::default()).unwrap();
    let increment = append_signature(&doc, &request(SubFilter::CadesDetached)).unwrap();
    let (before, after) = increment.signed_ranges();
    let digest_input = [&base, before, after].concat();
    let [a, b, c, d] = increment
        .byte_range
        .map(|number| usize::try_from(number).unwrap());
    let hole = increment.contents.clone();
    assert_eq!(hole.len(), 128);
    let whole = [base.as_slice(), &increment.fill(&[0xAB; 64]).unwrap()].concat();
    assert_eq!((a, c + d), (0, whole.len()));
    assert_eq!(whole[b], b'<');
    assert_eq!(whole[c - 1], b'>');
    assert_eq!(&whole[b + 1..c - 1], "ab".repeat(64).as_bytes());
    assert_eq!(digest_input, [&whole[..b], &whole[c..]].concat());
    let found = signatures(&whole, &Limits::default()).unwrap();
    let parts = found.fields[0].signed_parts(&whole).unwrap();
    assert_eq!(digest_input, parts.concat());
}

#[test]
fn a_signature_that_does_not_fit_says_what_it_needs() {
    let base = file(&objects());
    let doc = inspect(&base, &Limits::default()).unwrap();
    let increment = append_signature(&doc, &request(SubFilter::CadesDetached)).unwrap();
    let found = increment.fill(&[1; 65]).unwrap_err();
    assert_eq!(
        found,
        ContentsTooSmall {
            need_bytes: 65,
            have_bytes: 64
        }
    );
}

#[test]
fn no_room_and_too_much_room_are_refused() {
    let base = file(&objects());
    let doc = inspect(&base, &Limits::default()).unwrap();
    for contents_bytes in [0, usize::MAX] {
        let mut request = request(SubFilter::CadesDetached);
        request.contents_bytes = contents_bytes;
        assert_eq!(
            append_signature(&doc, &request).unwrap_err().code(),
            "pdf-contents-size"
        );
    }
}

#[test]
fn field_names_do_not_repeat() {
    let named = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Antin-Seal-1) /Rect [0 0 1 1] >>";
    let base = file(&with(7, named));
    let once = signed(&base);
    let names = |bytes: &[u8]| {
        let found = signatures(bytes, &Limits::default()).unwrap();
        found
            .fields
            .into_iter()
            .map(|field| field.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&once), ["Antin-Seal-2"]);
    assert_eq!(names(&signed(&once)), ["Antin-Seal-2", "Antin-Seal-3"]);
}

#[test]
fn a_document_time_stamp_is_known_as_one() {
    let bytes = signed_as(&file(&objects()), SubFilter::Rfc3161);
    let found = signatures(&bytes, &Limits::default()).unwrap();
    assert_eq!(found.fields[0].kind, SignatureKind::DocTimeStamp);
    assert_eq!(found.fields[0].problems, []);
}

/// The eight places where form, fields and annotations may be written, and the ways in which they may be missing.
#[test]
fn form_fields_and_annotations_may_be_direct_indirect_or_missing() {
    let field = "7 0 R";
    for annots in [
        "",
        "/Annots 9 0 R",
        "/Annots [7 0 R]",
        "/Annots null",
        "/Annots 55 0 R",
    ] {
        for form in [
            String::new(),
            "/AcroForm 8 0 R".to_owned(),
            format!("/AcroForm << /Fields [{field}] >>"),
            "/AcroForm << /Fields 9 0 R /SigFlags 1 >>".to_owned(),
            "/AcroForm << /SigFlags 3 /DA (x) >>".to_owned(),
            "/AcroForm null".to_owned(),
        ] {
            let mut all = with(1, &format!("<< /Type /Catalog /Pages 2 0 R {form} >>"));
            let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] {annots}>>");
            all.retain(|(number, _)| *number != 3);
            all.push((3, page));
            all.sort();
            let shared = annots == "/Annots 9 0 R" && form.contains("9 0 R");
            let base = file(&all);
            match inspect(&base, &Limits::default()) {
                // One array for both: a later signature would have to be told from a change of the other list.
                Err(refusal) => assert!(shared, "{refusal} {annots} {form}"),
                Ok(_) => {
                    check(&form, &signed(&base), 1);
                    check(&form, &signed(&signed(&base)), 2);
                }
            }
        }
    }
}

#[test]
fn rewritten_objects_keep_every_byte() {
    let odd = "<< /Type/Page%comment\n/Parent 2 0 R/MediaBox[0 -.0 +9 9.000]/X(a\\\r\nb)/Y<4 1>/Z/A#42 /Annots [7  0  R] >>";
    let bytes = signed(&file(&with(3, odd)));
    let kept = odd.replace("R] >>", "R 62 0 R] >>");
    assert!(find(&bytes, kept.as_bytes()) > 0);
}

#[test]
fn a_form_that_is_also_the_document_information_gets_its_own_object() {
    let mut all = objects();
    all[0].1 = "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>".to_owned();
    let once = signed(&file(&all));
    check("shared", &signed(&once), 2);
}

#[test]
fn an_object_with_a_generation_keeps_it() {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [7 0 R] >>";
    let mut base = file(&with(3, page));
    let page = find(&base, b"3 0 obj");
    base[page + 2] = b'4';
    let entry = format!("{page:010} 00000 n");
    let at = find(&base, entry.as_bytes());
    base[at + 15] = b'4';
    let base = String::from_utf8(base)
        .unwrap()
        .replace("[3 0 R]", "[3 4 R]")
        .replace("/P 3 0 R", "/P 3 4 R");
    let bytes = signed(base.as_bytes());
    check("generation", &bytes, 1);
    assert_eq!(find(&bytes[base.len()..], b"3 4 obj"), 0);
    assert!(find(&bytes[base.len()..], b" 00004 n \n") > 0);
}
