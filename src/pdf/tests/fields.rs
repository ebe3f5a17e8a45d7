//! Signatures that are malformed on purpose: each is called malformed by its name.

use super::craft::{Update, compressed, file, find_last, objects, replaced, sample, signed, with};
use crate::pdf::SignatureProblem::{self, *};
use crate::pdf::{Limits, signatures};

/// All problems of all signatures, in order.
#[track_caller]
fn check(bytes: &[u8], expected: &[SignatureProblem]) {
    let found = signatures(bytes, &Limits::default()).unwrap();
    assert!(!found.fields.is_empty());
    let problems: Vec<_> = found
        .fields
        .into_iter()
        .flat_map(|field| field.problems)
        .collect();
    assert_eq!(problems, expected);
}

fn base() -> Vec<u8> {
    signed(&file(&objects()))
}

/// The file with another ByteRange in the place of the right one.
fn ranged(bytes: &[u8], change: impl Fn([u64; 4]) -> String) -> Vec<u8> {
    let found = signatures(bytes, &Limits::default()).unwrap();
    let range = found.fields[0].byte_range.unwrap();
    let at = find_last(bytes, b"/ByteRange [") + 12;
    let width = bytes[at..].iter().position(|byte| *byte == b']').unwrap();
    let text = format!("{:<width$}", change(range));
    assert_eq!(text.len(), width);
    let mut out = bytes.to_vec();
    out[at..at + width].copy_from_slice(text.as_bytes());
    out
}

#[test]
fn a_good_signature_has_no_problem() {
    check(&base(), &[]);
}

#[test]
fn a_byte_range_that_skips_the_start() {
    check(
        &ranged(&base(), |[_, b, c, d]| format!("1 {} {c} {d}", b - 1)),
        &[ByteRangeNotFromStart],
    );
}

#[test]
fn a_gap_wider_or_narrower_than_contents() {
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {} {c} {d}", b - 1)),
        &[GapIsNotContents],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {} {c} {d}", b + 1)),
        &[GapIsNotContents],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| {
            format!("{a} {b} {} {}", c + 1, d - 1)
        }),
        &[GapIsNotContents],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| {
            format!("{a} {b} {} {}", c - 1, d + 1)
        }),
        &[GapIsNotContents],
    );
}

#[test]
fn signed_bytes_that_end_inside_the_revision() {
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} {}", d - 2)),
        &[NotAtRevisionEnd],
    );
    check(
        &ranged(&base(), |[a, b, c, _]| format!("{a} {b} {c} 0")),
        &[NotAtRevisionEnd],
    );
}

#[test]
fn the_end_of_line_behind_the_end_may_be_left_out() {
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} {}", d - 1)),
        &[],
    );
}

#[test]
fn signed_bytes_that_end_with_another_revision() {
    let bytes = Update::of(70, "null").on(&base());
    let length = bytes.len() as u64;
    check(
        &ranged(&bytes, |[a, b, c, _]| format!("{a} {b} {c} {}", length - c)),
        &[OtherRevision],
    );
}

#[test]
fn a_byte_range_outside_the_file() {
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} {}", d + 1)),
        &[ByteRangeOutsideFile],
    );
    check(
        &ranged(&base(), |_| format!("0 1 {} 1", u64::MAX / 2)),
        &[ByteRangeOutsideFile],
    );
}

#[test]
fn a_byte_range_that_is_not_four_numbers() {
    check(
        &ranged(&base(), |[a, b, c, _]| format!("{a} {b} {c}")),
        &[ByteRangeOdd],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} {d} 0 1")),
        &[ByteRangeOdd],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} -{d}")),
        &[ByteRangeOdd],
    );
    check(
        &ranged(&base(), |[a, b, c, d]| format!("{a} {b} {c} {d}.0")),
        &[ByteRangeOdd],
    );
}

#[test]
fn a_signature_without_its_entries() {
    check(
        &replaced(&base(), "/ByteRange", "/ByteRamge"),
        &[NoByteRange],
    );
    check(
        &replaced(&base(), "/Contents <", "/Comtents <"),
        &[NoContents, GapIsNotContents],
    );
    check(
        &replaced(&base(), "/Filter /Adobe", "/Fimter /Adobe"),
        &[NoFilter],
    );
    check(
        &replaced(&base(), "/SubFilter", "/SubFimter"),
        &[NoSubFilter],
    );
}

#[test]
fn a_type_that_does_not_fit() {
    check(
        &replaced(&base(), "/Type /Sig ", "/Type /Sog "),
        &[WrongType],
    );
    check(
        &replaced(&base(), "/ETSI.CAdES.detached", "/ETSI.RFC3161       "),
        &[WrongType],
    );
}

#[test]
fn contents_that_are_empty_or_no_hexadecimal_string() {
    check(
        &replaced(&base(), "3005616263646500", "0000000000000000"),
        &[ContentsEmpty],
    );
    check(
        &replaced(&base(), "/Contents <30056", "/Contents < 0056"),
        &[ContentsNotHex],
    );
}

#[test]
fn a_key_twice() {
    let bytes = replaced(&base(), "/Location", "/Contents");
    check(&bytes, &[DuplicateKey, GapIsNotContents]);
}

#[test]
fn two_fields_that_name_one_dictionary() {
    let field = "<< /FT /Sig /T (again) /V 61 0 R >>";
    let bytes = Update::of(70, field)
        .and(8, "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>")
        .on(&base());
    check(&bytes, &[SharedDictionary]);
}

#[test]
fn a_copy_of_a_signature_dictionary_covers_the_same_bytes() {
    let bytes = base();
    let start = find_last(&bytes, b"61 0 obj\n") + 9;
    let end = start
        + bytes[start..]
            .windows(7)
            .position(|word| word == b"\nendobj")
            .unwrap();
    let copy = String::from_utf8(bytes[start..end].to_vec()).unwrap();
    let bytes = Update::of(70, "<< /FT /Sig /T (again) /V 71 0 R >>")
        .and(71, &copy)
        .and(8, "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>")
        .on(&bytes);
    check(&bytes, &[GapIsNotContents, OtherRevision, SharedByteRange]);
}

#[test]
fn a_value_that_is_no_dictionary() {
    for value in ["(text)", "5 0 R", "99 0 R", "<< /Type /Sig >>"] {
        let field = format!("<< /FT /Sig /T (odd) /V {value} >>");
        let bytes = file(&with(7, &field));
        let expected: &[SignatureProblem] = match value {
            "5 0 R" => &[NoFilter, NoSubFilter, WrongType, NoContents, NoByteRange],
            _ => &[NotADictionary],
        };
        check(&bytes, expected);
    }
}

#[test]
fn a_value_inherited_from_a_parent_is_found() {
    let mut all = with(7, "<< /T (parent) /V 5 0 R /Kids [10 0 R] >>");
    all.push((10, "<< /FT /Sig /T (kid) /Parent 7 0 R >>".to_owned()));
    let found = signatures(&file(&all), &Limits::default()).unwrap();
    assert_eq!(found.fields[0].name, "parent.kid");
}

#[test]
fn a_signature_that_was_taken_out_of_the_form_is_a_stray() {
    let bytes = Update::of(8, "<< /Fields [7 0 R] >>").on(&base());
    let found = signatures(&bytes, &Limits::default()).unwrap();
    assert!(found.fields.is_empty());
    assert_eq!(found.strays.len(), 1);
    assert_eq!(found.strays[0].object.unwrap().number, 61);
}

#[test]
fn a_sample_signed_by_another_program_is_well_formed() {
    check(
        &sample("verapdf-veraPDF-test-suite-6-1-12-t02-pass-a.pdf"),
        &[],
    );
}

#[test]
fn a_signature_dictionary_in_an_object_stream() {
    let value = "<< /Type /Sig /Filter /X /SubFilter /Y /Contents <30> /ByteRange [0 0 0 0] >>";
    let objects = [
        (70, "<< /FT /Sig /T (packed) /V 71 0 R >>"),
        (8, "<< /Fields [7 0 R 70 0 R] /SigFlags 3 >>"),
    ];
    let bytes = compressed(&file(&self::objects()), &[(71, value)], &objects, |index| {
        index
    });
    check(&bytes, &[InObjectStream]);
}
