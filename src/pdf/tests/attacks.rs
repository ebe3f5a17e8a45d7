//! Changes after signing: each is forbidden by its name, and honest ones are permitted by theirs.

use super::craft::{
    Update, file, find, find_last, last_xref, objects, sample, signed, signed_as, with,
};
use crate::pdf::ChangeKind::{self, *};
use crate::pdf::{Changes, Limits, SubFilter, changes_after};

/// The kinds of all changes after the first `base.len()` bytes, each once, in their own order.
#[track_caller]
fn kinds(base: &[u8], bytes: &[u8]) -> (bool, Vec<ChangeKind>) {
    assert!(bytes.starts_with(base));
    let (forbidden, changes) = match changes_after(bytes, base.len() as u64, &Limits::default()) {
        Changes::None => (false, Vec::new()),
        Changes::Permitted(changes) => (false, changes),
        Changes::Forbidden(changes) => (true, changes),
    };
    let mut kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    kinds.sort();
    kinds.dedup();
    (forbidden, kinds)
}

#[track_caller]
fn forbidden(base: &[u8], bytes: &[u8], expected: ChangeKind) {
    let (forbidden, kinds) = kinds(base, bytes);
    assert!(forbidden && kinds.contains(&expected), "{kinds:?}");
}

#[track_caller]
fn permitted(base: &[u8], bytes: &[u8], expected: &[ChangeKind]) {
    let (forbidden, kinds) = kinds(base, bytes);
    assert!(!forbidden, "{kinds:?}");
    assert_eq!(kinds, expected);
}

/// Objects of the signed file: 1 to 9 as crafted, 8 and 9 written again; 61 signature, 62 field, 63 appearance.
fn base() -> Vec<u8> {
    signed(&file(&objects()))
}

#[track_caller]
fn change(update: &Update, expected: ChangeKind) {
    let base = base();
    forbidden(&base, &update.on(&base), expected);
}

const PAGE: &str =
    "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>";
const STREAM: &str = "<< /Length 10 >>\nstream\n0123456789\nendstream";

#[test]
fn nothing_after_the_signed_revision_is_no_change() {
    permitted(&base(), &base(), &[]);
    let bytes = base();
    let without_line_end = &bytes[..bytes.len() - 1];
    permitted(without_line_end, &bytes, &[]);
}

#[test]
fn blanks_and_other_bytes_behind_the_end() {
    for rest in ["\n", " ", "\n\n", "x", "%%EOF\n", "% obj", "\0"] {
        let base = base();
        forbidden(&base, &[&base, rest.as_bytes()].concat(), UnexplainedBytes);
    }
}

#[test]
fn the_content_of_a_page() {
    change(&Update::of(4, STREAM), PageContent);
    change(
        &Update::of(3, &format!("<< {PAGE} /Contents 70 0 R /Annots 9 0 R >>")).and(70, STREAM),
        PageContent,
    );
    change(
        &Update::of(
            3,
            &format!("<< {PAGE} /Contents 4 0 R /Annots 9 0 R /Rotate 90 >>"),
        ),
        PageContent,
    );
    change(
        &Update::of(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"),
        PageContent,
    );
}

#[test]
fn the_page_tree() {
    change(
        &Update::of(2, "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"),
        PageTree,
    );
    let catalog = "<< /Type /Catalog /Pages 70 0 R /AcroForm 8 0 R >>";
    change(
        &Update::of(1, catalog).and(70, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        PageTree,
    );
}

#[test]
fn annotations() {
    let note = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 99 99] /Contents (void) >>";
    change(
        &Update::of(9, "[7 0 R 62 0 R 70 0 R]").and(70, note),
        Structure,
    );
    change(
        &Update::of(
            3,
            &format!("<< {PAGE} /Contents 4 0 R /Annots [7 0 R 62 0 R 70 0 R] >>"),
        )
        .and(70, note),
        Annotation,
    );
    change(
        &Update::of(3, &format!("<< {PAGE} /Contents 4 0 R /Annots [62 0 R] >>")),
        Annotation,
    );
}

#[test]
fn form_fields() {
    let field = |rest: &str| {
        format!("<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) {rest} /P 3 0 R >>")
    };
    change(
        &Update::of(7, &field("/V (18) /Rect [72 600 200 620]")),
        FormFill,
    );
    change(
        &Update::of(7, &field("/V (17) /Rect [0 0 200 620]")),
        FormField,
    );
    change(
        &Update::of(7, &field("/V (17) /Rect [72 600 200 620] /AA << >>")),
        Script,
    );
    change(
        &Update::of(8, "<< /Fields [62 0 R] /SigFlags 3 >>"),
        FormField,
    );
    change(
        &Update::of(8, "<< /Fields [7 0 R 62 0 R] /SigFlags 0 >>"),
        FormField,
    );
    change(
        &Update::of(
            8,
            "<< /Fields [7 0 R 62 0 R] /SigFlags 3 /NeedAppearances true >>",
        ),
        FormField,
    );
    change(
        &Update::of(8, "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>").and(70, &field("")),
        FormField,
    );
}

#[test]
fn signature_fields_that_are_not_signed_or_do_more() {
    let form = "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>";
    let value = "<< /Type /Sig /ByteRange [0 0 0 0] /Contents <00> >>";
    let field = |rest: &str| {
        format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (new) /Rect [0 0 0 0] {rest} >>")
    };
    change(&Update::of(8, form).and(70, &field("")), FormField);
    change(&Update::of(8, form).and(70, &field("/V 61 0 R")), FormField);
    change(&Update::of(8, form).and(70, &field("/V 4 0 R")), FormField);
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /AA << >>"))
            .and(71, value),
        Script,
    );
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /Parent 7 0 R"))
            .and(71, value),
        FormField,
    );
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /T (twice)"))
            .and(71, value),
        FormField,
    );
}

#[test]
fn the_catalog() {
    let catalog = |rest: &str| format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R {rest} >>");
    change(
        &Update::of(1, &catalog("/OpenAction << /S /JavaScript /JS (x) >>")),
        Script,
    );
    change(
        &Update::of(1, &catalog("/OCProperties << >>")),
        OptionalContent,
    );
    change(&Update::of(1, &catalog("/Perms << >>")), SignatureAltered);
    change(&Update::of(1, &catalog("/Lang (vi)")), Structure);
    change(&Update::of(1, &catalog("/Version /9.9")), Structure);
    change(&Update::of(1, &catalog("/AcroForm 8 0 R")), Unreadable);
    change(
        &Update::of(1, "<< /Type /Catalog /Pages 2 0 R >>"),
        FormField,
    );
}

#[test]
fn the_signature_itself() {
    change(
        &Update::of(61, "<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>"),
        SignatureAltered,
    );
    change(
        &Update::of(
            62,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /V 61 0 R /Rect [0 0 0 0] >>",
        ),
        FormField,
    );
    change(&Update::of(63, STREAM), PageContent);
}

#[test]
fn deleted_objects() {
    change(
        &Update {
            freed: vec![4],
            ..Update::default()
        },
        Freed,
    );
}

#[test]
fn document_information() {
    change(
        &Update::of(6, "<< /Title (another) /Producer (craft) >>"),
        Structure,
    );
    let base = base();
    let saved = "<< /Title (deci\\163ion) /Producer (other) /ModDate (D:2027) >>";
    permitted(&base, &Update::of(6, saved).on(&base), &[DocumentInfo]);
}

#[test]
fn another_catalog_or_identifier() {
    let base = base();
    let bytes = Update::of(70, "<< /Type /Catalog /Pages 2 0 R >>").on(&base);
    let at = base.len() + find(&bytes[base.len()..], b"/Root 1 0 R");
    let mut moved = bytes.clone();
    moved.splice(at..at + 11, b"/Root 70 0 R".iter().copied());
    forbidden(&base, &moved, Structure);
    let with_id = signed(
        &Update {
            objects: objects(),
            first: true,
            trailer: "/ID [<00> <01>]".to_owned(),
            ..Update::default()
        }
        .on(b"%PDF-1.7\n"),
    );
    let other = Update {
        trailer: "/ID [<02> <01>]".to_owned(),
        ..Update::of(70, "null")
    };
    forbidden(&with_id, &other.on(&with_id), Structure);
    let same = Update {
        trailer: "/ID [(\\000) <03>]".to_owned(),
        ..Update::of(70, "null")
    };
    permitted(&with_id, &same.on(&with_id), &[]);
}

#[test]
fn objects_that_the_cross_references_do_not_list() {
    change(
        &Update {
            unlisted: vec![(4, STREAM.to_owned())],
            ..Update::of(70, "null")
        },
        XrefMismatch,
    );
    change(
        &Update {
            unlisted: vec![(70, STREAM.to_owned())],
            ..Update::default()
        },
        XrefMismatch,
    );
}

#[test]
fn objects_without_a_section_or_a_section_without_an_ending() {
    let base = base();
    forbidden(
        &base,
        &[base.as_slice(), b"4 0 obj\nnull\nendobj\n"].concat(),
        UnexplainedBytes,
    );
    let bytes = Update {
        no_ending: true,
        ..Update::of(4, STREAM)
    }
    .on(&base);
    let (is_forbidden, kinds) = kinds(&base, &bytes);
    assert!(is_forbidden, "{kinds:?}");
}

#[test]
fn a_chain_that_leaves_the_signed_revision_out() {
    let all = objects();
    change(
        &Update {
            objects: all,
            first: true,
            ..Update::default()
        },
        XrefMismatch,
    );
    let base = base();
    let older = last_xref(&file(&objects()));
    let bytes = Update {
        no_prev: true,
        trailer: format!("/Prev {older}"),
        ..Update::of(70, "null")
    }
    .on(&base);
    forbidden(&base, &bytes, XrefMismatch);
}

#[test]
fn an_older_version_of_an_object_brought_back() {
    let base = base();
    let older = find(&base, b"9 0 obj");
    change(
        &Update {
            elsewhere: vec![(9, older)],
            ..Update::default()
        },
        XrefMismatch,
    );
    let current = find_last(&base, b"9 0 obj");
    permitted(
        &base,
        &Update {
            elsewhere: vec![(9, current)],
            ..Update::default()
        }
        .on(&base),
        &[],
    );
}

#[test]
fn an_object_that_the_signed_revision_names_but_lacks() {
    let page = format!("<< {PAGE} /Contents [4 0 R 40 0 R] /Annots 9 0 R >>");
    let base = signed(&file(&with(3, &page)));
    forbidden(&base, &Update::of(40, STREAM).on(&base), HiddenObject);
    let free = signed(
        &Update {
            freed: vec![40],
            ..Update::default()
        }
        .on(&file(&with(3, &page))),
    );
    forbidden(&free, &Update::of(40, STREAM).on(&free), HiddenObject);
    permitted(&base, &Update::of(41, STREAM).on(&base), &[]);
}

#[test]
fn an_object_hidden_in_a_stream_a_string_or_a_comment() {
    let hidden = "<< /Length 15 >>\nstream\n4 0 obj null   \nendstream";
    change(&Update::of(70, hidden), HiddenObject);
    change(&Update::of(70, "(4 0 obj)"), HiddenObject);
    change(&Update::of(70, "[ %4 0 obj\n]"), HiddenObject);
}

#[test]
fn an_object_stream_that_takes_the_place_of_another() {
    let base = signed(&sample("decision-200k-xref-streams.pdf"));
    let text = String::from_utf8_lossy(&base);
    let at = text
        .find("/Type /ObjStm")
        .or_else(|| text.find("/Type/ObjStm"))
        .unwrap();
    let head = text[..at].rfind(" 0 obj").unwrap();
    let start = text[..head].rfind(|c: char| !c.is_ascii_digit()).unwrap() + 1;
    let number: u32 = text[start..head].parse().unwrap();
    let stream = "<< /Type /ObjStm /N 1 /First 4 /Length 9 >>\nstream\n1 0 null \nendstream";
    let mut update = Update::of(number, stream);
    update.size = Some(500);
    // The crafted trailer names objects of another file; only the kind matters here.
    forbidden(&base, &update.on(&base), ObjectStream);
}

#[test]
fn an_object_stream_with_members_that_are_not_listed() {
    let stream = "<< /Type /ObjStm /N 1 /First 4 /Length 9 >>\nstream\n4 0 null \nendstream";
    let base = base();
    let (is_forbidden, kinds) = kinds(&base, &Update::of(70, stream).on(&base));
    assert!(is_forbidden, "{kinds:?}");
}

#[test]
fn a_number_beyond_the_size() {
    change(
        &Update {
            size: Some(70),
            ..Update::of(70, "null")
        },
        XrefMismatch,
    );
}

#[test]
fn hybrid_or_encrypted_updates() {
    change(
        &Update {
            trailer: "/XRefStm 9".to_owned(),
            ..Update::of(70, "null")
        },
        Unreadable,
    );
    change(
        &Update {
            trailer: "/Encrypt 70 0 R".to_owned(),
            ..Update::of(70, "null")
        },
        Unreadable,
    );
}

#[test]
fn another_generation_of_an_object() {
    let base = base();
    let bytes = Update::of(4, STREAM).on(&base);
    let tail = String::from_utf8(bytes[base.len()..].to_vec()).unwrap();
    let tail = tail
        .replace("4 0 obj", "4 1 obj")
        .replace(" 00000 n", " 00001 n");
    forbidden(
        &base,
        &[base.as_slice(), tail.as_bytes()].concat(),
        PageContent,
    );
}

#[test]
fn a_security_store_that_grows() {
    let catalog = |rest: &str| format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R {rest} >>");
    let base = base();
    let store = Update::of(
        1,
        &catalog("/DSS 70 0 R /Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >> >>"),
    )
    .and(
        70,
        "<< /Certs 71 0 R /VRI << /AB << /Cert [72 0 R] >> >> >>",
    )
    .and(71, "[72 0 R]")
    .and(72, STREAM)
    .on(&base);
    permitted(&base, &store, &[SecurityStore, Extensions]);
    let more = Update::of(71, "[72 0 R 73 0 R]").and(73, STREAM).on(&store);
    permitted(&store, &more, &[SecurityStore]);
    permitted(&base, &more, &[SecurityStore, Extensions]);
    forbidden(&store, &Update::of(71, "[]").on(&store), Structure);
    forbidden(
        &store,
        &Update::of(72, "<< /Length 1 >>\nstream\nx\nendstream").on(&store),
        PageContent,
    );
    forbidden(&store, &Update::of(1, &catalog("")).on(&store), Structure);
    forbidden(
        &store,
        &Update::of(70, "<< /Certs 71 0 R /Odd 3 >>").on(&store),
        Structure,
    );
}

#[test]
fn a_list_of_certificates_that_is_also_the_content_of_a_page() {
    let mut all = with(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /DSS << /Certs 10 0 R >> >>",
    );
    all.retain(|(number, _)| *number != 3);
    all.push((3, format!("<< {PAGE} /Contents 10 0 R /Annots 9 0 R >>")));
    all.push((10, "[4 0 R]".to_owned()));
    all.sort();
    let base = signed(&file(&all));
    forbidden(
        &base,
        &Update::of(10, "[4 0 R 70 0 R]").and(70, STREAM).on(&base),
        Structure,
    );
}

#[test]
fn metadata_is_an_xmp_packet_or_a_change_of_structure() {
    let packet = "<< /Type /Metadata /Subtype /XML /Length 1 >>\nstream\nx\nendstream";
    let mut all = with(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /Metadata 10 0 R >>",
    );
    all.push((10, packet.replace("\nx\n", "\ny\n")));
    let base = signed(&file(&all));
    permitted(&base, &Update::of(10, packet).on(&base), &[Metadata]);
    forbidden(&base, &Update::of(10, STREAM).on(&base), Structure);
    let mut shared = all.clone();
    shared.retain(|(number, _)| *number != 3);
    shared.push((3, format!("<< {PAGE} /Contents 10 0 R /Annots 9 0 R >>")));
    shared.sort();
    let base = signed(&file(&shared));
    forbidden(&base, &Update::of(10, packet).on(&base), Structure);
}

#[test]
fn an_object_written_again_as_it_was() {
    let base = base();
    let page = format!(
        "<< /Annots 9 0 R /Contents 4 0 R {} >>",
        PAGE.replace("595", "595.00")
    );
    permitted(&base, &Update::of(3, &page).on(&base), &[Rewritten]);
}

#[test]
fn further_signatures_and_time_stamps() {
    let base = base();
    permitted(&base, &signed(&base), &[SignatureAdded]);
    permitted(
        &base,
        &signed_as(&base, SubFilter::Rfc3161),
        &[TimestampAdded],
    );
    permitted(
        &base,
        &signed_as(&signed(&base), SubFilter::Rfc3161),
        &[SignatureAdded, TimestampAdded],
    );
}

#[test]
fn a_signature_that_forbids_every_change() {
    for (lock, expected) in [
        (
            "/Lock << /Type /SigFieldLock /Action /Include /Fields [] /P 1 >>",
            true,
        ),
        ("/Lock << /Type /SigFieldLock /Action /All >>", true),
        (
            "/Lock << /Type /SigFieldLock /Action /Exclude /Fields [(other)] >>",
            true,
        ),
        (
            "/Lock << /Type /SigFieldLock /Action /Include /Fields [(other)] >>",
            false,
        ),
    ] {
        let field = format!("<< /FT /Sig /T (first) /V 11 0 R {lock} >>");
        let mut all = with(8, "<< /Fields [7 0 R 10 0 R] >>");
        all.push((10, field));
        all.push((
            11,
            "<< /Type /Sig /Filter /X /SubFilter /Y /Contents <30> /ByteRange [0 0 0 0] >>"
                .to_owned(),
        ));
        let base = file(&all);
        let refused = crate::pdf::inspect(&base, &Limits::default())
            .err()
            .map(|refusal| refusal.code());
        assert_eq!(
            refused,
            expected.then_some("pdf-locked-by-certification"),
            "{lock}"
        );
        let value = "<< /Type /Sig /Filter /X /SubFilter /Y /Contents <30> /ByteRange [0 0 0 0] >>";
        let more = Update::of(8, "<< /Fields [7 0 R 10 0 R 70 0 R] /SigFlags 3 >>")
            .and(70, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (second) /Rect [0 0 0 0] /V 71 0 R >>")
            .and(71, value)
            .on(&base);
        let (is_forbidden, kinds) = kinds(&base, &more);
        assert_eq!(
            (is_forbidden, kinds.contains(&Locked)),
            (expected, expected),
            "{lock} {kinds:?}"
        );
    }
}

#[test]
fn an_end_that_is_no_revision() {
    let bytes = base();
    for end in [0, 10, bytes.len() - 5, bytes.len() + 1] {
        let found = changes_after(&bytes, end as u64, &Limits::default());
        assert!(matches!(found, Changes::Forbidden(_)), "{end}");
    }
}
