//! Changes after signing by how they are written: bytes, cross-references and objects that do not tell the same story.

use super::craft::{Update, compressed, file, find, find_last, last_xref, objects, sample, signed};
use super::ruling::{PAGE, STREAM, base, change, forbidden, kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{Changes, Limits, changes_after};

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
fn an_object_written_again_as_it_was() {
    let base = base();
    let page = format!(
        "<< /Annots 9 0 R /Contents 4 0 R {} >>",
        PAGE.replace("595", "595.00")
    );
    permitted(&base, &Update::of(3, &page).on(&base), &[Rewritten]);
}

#[test]
fn an_end_that_is_no_revision() {
    let bytes = base();
    for end in [0, 10, bytes.len() - 5, bytes.len() + 1] {
        let found = changes_after(&bytes, end as u64, &Limits::default());
        assert!(matches!(found, Changes::Forbidden(_)), "{end}");
    }
}

#[test]
fn object_streams_of_an_update_are_compared_with_the_cross_references() {
    let base = base();
    let members = [
        (72, "<< /X 1 >>"),
        (6, "<< /Title (decision) /Producer (other) >>"),
    ];
    permitted(
        &base,
        &compressed(&base, &members, &[], |index| index),
        &[DocumentInfo],
    );
    forbidden(
        &base,
        &compressed(&base, &members, &[], |index| 1 - index),
        ObjectStream,
    );
    forbidden(
        &base,
        &compressed(&base, &members, &[], |_| 5),
        ObjectStream,
    );
    let content = [(4, "<< /X 1 >>")];
    forbidden(
        &base,
        &compressed(&base, &content, &[], |index| index),
        PageContent,
    );
    // The object stream of a second update under the same number.
    let once = compressed(&base, &[(72, "null")], &[], |index| index);
    let twice = compressed(&once, &[(73, "null")], &[], |index| index);
    forbidden(&base, &twice, ObjectStream);
}
