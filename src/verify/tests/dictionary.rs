//! The signature dictionary: SubFilter, ByteRange, Contents.

use super::forge::{Info, document_stamped, file_with, message, replace};
use super::*;
use crate::pdf::{Increment, SubFilter};

/// Signed by the town's seal after `edit` changed the dictionary.
fn edited(edit: impl Fn(&mut Increment)) -> Vec<u8> {
    file_with(page(), SubFilter::CadesDetached, edit, |covered| {
        let sent = [town().seal.certificate.der(), town().ca.certificate.der()];
        message(
            oid::ID_DATA,
            None,
            &sent,
            &[Info::new(&town().seal, covered)],
        )
    })
}

#[test]
fn formats_that_are_not_supported_are_named() {
    for other in [
        "adbe.pkcs7.sha1    ",
        "adbe.x509.rsa_sha1 ",
        "ETSI.CAdES.detache ",
        "ETSI.cades.detached",
    ] {
        let file = edited(|i| replace(&mut i.tail, "ETSI.CAdES.detached", other));
        let report = check(&file, failed(SubIndication::FormatFailure));
        check_code(&report, "FORMAT_NOT_SUPPORTED");
        let signature = &report.signatures[0];
        assert_eq!(
            (signature.format.as_str(), &signature.level),
            ("UNKNOWN", &None)
        );
        assert_eq!(signature.sub_filter, other.trim_end());
    }
}

#[test]
fn a_signature_that_calls_itself_a_time_stamp_is_neither() {
    let file = edited(|i| replace(&mut i.tail, "ETSI.CAdES.detached", "ETSI.RFC3161       "));
    check(&file, failed(SubIndication::FormatFailure));
    let town = town();
    let file = file_with(
        page(),
        SubFilter::Rfc3161,
        |i| replace(&mut i.tail, "/DocTimeStamp", "/Sig         "),
        |covered| super::forge::token(&town.unit, covered, NOW),
    );
    check(&file, failed(SubIndication::FormatFailure));
}

/// The digits of ByteRange changed after signing: the hash breaks too, but the form is what must be said.
#[track_caller]
fn check_range(change: impl Fn([u64; 4]) -> [u64; 4]) {
    let file = edited(change_range(&change));
    check(&file, failed(SubIndication::FormatFailure));
    let mut later = edited(|_| ());
    rewrite(&mut later, &change);
    check(&later, failed(SubIndication::FormatFailure));
}

fn change_range(change: &impl Fn([u64; 4]) -> [u64; 4]) -> impl Fn(&mut Increment) {
    move |increment| rewrite(&mut increment.tail, change)
}

fn rewrite(bytes: &mut [u8], change: &impl Fn([u64; 4]) -> [u64; 4]) {
    let key = b"/ByteRange";
    let start = bytes.windows(key.len()).position(|w| w == key).unwrap() + key.len();
    let end = start + bytes[start..].iter().position(|b| *b == b']').unwrap();
    let text = String::from_utf8_lossy(&bytes[start..end]).replace('[', " ");
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    let changed = change(numbers.try_into().unwrap());
    let written = changed.map(|n| n.to_string()).join(" ");
    let filled = format!(" [{written:<width$}", width = end - start - 2);
    bytes[start..end].copy_from_slice(filled.as_bytes());
}

#[test]
fn a_byte_range_covers_all_but_contents_and_nothing_else() {
    check_range(|[_, b, c, d]| [1, b - 1, c, d]);
    check_range(|[a, b, c, d]| [a, b - 1, c, d]);
    check_range(|[a, b, c, d]| [a, b + 1, c, d]);
    check_range(|[a, b, c, d]| [a, b, c + 1, d - 1]);
    check_range(|[a, b, c, d]| [a, b, c - 1, d + 1]);
    // Without the line end that follows %%EOF it would still be the revision.
    check_range(|[a, b, c, d]| [a, b, c, d - 2]);
    check_range(|[a, b, c, d]| [a, b, c, d + 1]);
    check_range(|[a, b, _, d]| [a, b, b, d]);
    check_range(|[a, b, _, d]| [a, b, 0, d]);
    check_range(|[a, b, _, _]| [a, b, 0, 0]);
    check_range(|_| [0, 0, 0, 0]);
    check_range(|[a, b, c, _]| [a, b, c, 9_999_999]);
}

#[test]
fn octets_behind_the_message_are_refused() {
    let with_tail = |sub_filter, cms: &dyn Fn(&[u8]) -> Vec<u8>| {
        file_with(
            page(),
            sub_filter,
            |_| (),
            |covered| [cms(covered), vec![0, 0, 7]].concat(),
        )
    };
    let town = town();
    let signed = |covered: &[u8]| {
        let sent = [town.seal.certificate.der(), town.ca.certificate.der()];
        message(oid::ID_DATA, None, &sent, &[Info::new(&town.seal, covered)])
    };
    let stamp = |covered: &[u8]| super::forge::token(&town.unit, covered, NOW);
    for file in [
        with_tail(SubFilter::CadesDetached, &signed),
        with_tail(SubFilter::Rfc3161, &stamp),
    ] {
        check_code(
            &check(&file, failed(SubIndication::FormatFailure)),
            "trailing_octets",
        );
    }
}

#[test]
fn a_signature_taken_out_of_the_form_is_missed() {
    let file = stamped(page());
    // The reference in the form's list of fields becomes one to nothing.
    let text = String::from_utf8_lossy(&file).into_owned();
    let start = text.find("/Fields [").unwrap();
    let mut broken = file.clone();
    let digits = start + "/Fields [".len();
    broken[digits] = b'0' + (broken[digits] - b'0' + 1) % 10;
    let report = plain_report(&broken);
    assert_eq!(report.indication, Indication::TotalFailed, "{report:#?}");
}

#[test]
fn contents_of_another_file_do_not_fit() {
    let (first, second) = (sealed(page()), sealed([page(), Vec::new()].concat()));
    let longer = sealed(sealed(page()));
    assert_ne!(first, second);
    let start = |f: &[u8]| f.windows(10).rposition(|w| w == b"/Contents ").unwrap();
    let (from, to) = (start(&first), start(&longer));
    let mut mixed = longer.clone();
    mixed[to + 10..to + 2_000].copy_from_slice(&first[from + 10..from + 2_000]);
    let report = plain_report(&mixed);
    assert_eq!(report.indication, Indication::TotalFailed, "{report:#?}");
    // The earlier signature is what it was.
    assert_eq!(report.signatures[0].indication, Indication::TotalPassed);
    assert_eq!(
        report.signatures[1].sub_indication,
        Some(SubIndication::HashFailure)
    );
}

#[test]
fn a_document_time_stamp_alone_is_judged_as_one() {
    let report = check(&document_stamped(page(), &town().unit, NOW), PASSED);
    assert_eq!(report.signatures[0].format, "RFC3161");
}
