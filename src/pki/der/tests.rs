//! The encoding's corner cases.

use super::write::{self, Criticality};
use super::{MAX_DEPTH, Reader, is_der, normalise, only, same_integer, tag, time};

#[track_caller]
fn check_refused(bytes: &[u8]) {
    assert!(Reader::new(bytes).any("element").is_err(), "{bytes:02x?}");
}

#[track_caller]
fn check_normal(ber: &[u8], der: &[u8]) {
    let (normal, length) = normalise(ber).unwrap();
    assert_eq!(normal.as_ref(), der);
    assert_eq!(length, ber.len());
    assert!(is_der(der));
    assert_eq!(is_der(ber), ber == der);
}

#[test]
fn lengths_that_are_not_der_are_refused() {
    check_refused(&[]);
    check_refused(&[0x04]);
    check_refused(&[0x04, 0x01]);
    check_refused(&[0x04, 0x81, 0x01, 0x00]);
    check_refused(&[0x04, 0x82, 0x00, 0x80]);
    check_refused(&[0x30, 0x80, 0x00, 0x00]);
    check_refused(&[0x04, 0x85, 1, 0, 0, 0, 0]);
    check_refused(&[0x04, 0xff, 0xff]);
    check_refused(&[0x1f, 0x81, 0x01, 0x00]);
}

#[test]
fn lengths_are_written_in_the_fewest_octets() {
    for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
        let content = vec![7; length];
        let encoded = write::octet_string(&content);
        assert_eq!(
            only(&encoded, tag::OCTET_STRING, "string").unwrap().content,
            content
        );
        assert!(is_der(&encoded));
    }
}

#[test]
fn integers_are_minimal_and_unsigned_ones_positive() {
    assert_eq!(write::small_integer(0), [2, 1, 0]);
    assert_eq!(write::small_integer(127), [2, 1, 127]);
    assert_eq!(write::small_integer(128), [2, 2, 0, 128]);
    assert_eq!(write::unsigned_integer(&[0, 0, 1]), [2, 1, 1]);
    for content in [&[][..], &[0, 1], &[0xff, 0x80]] {
        assert!(
            Reader::new(&write::element(tag::INTEGER, content))
                .integer("n")
                .is_err()
        );
    }
    for value in [0, 1, 127, 128, 256, u32::MAX] {
        let encoded = write::small_integer(value);
        assert_eq!(Reader::new(&encoded).small_integer("n").unwrap(), value);
    }
    assert!(Reader::new(&[2, 1, 0x80]).small_integer("n").is_err());
    assert!(
        Reader::new(&[2, 5, 1, 0, 0, 0, 0])
            .small_integer("n")
            .is_err()
    );
}

#[test]
fn serial_numbers_are_compared_by_value() {
    assert!(same_integer(&[0, 0, 0x80], &[0, 0x80]));
    assert!(same_integer(&[0], &[0, 0]));
    assert!(!same_integer(&[0x80], &[0, 0x80]));
    assert!(!same_integer(&[1], &[1, 0]));
}

#[test]
fn named_bits_end_with_the_last_bit_set() {
    assert_eq!(write::named_bits(0x8000), [3, 2, 7, 0x80]);
    assert_eq!(write::named_bits(0xc000), [3, 2, 6, 0xc0]);
    assert_eq!(write::named_bits(0x0600), [3, 2, 1, 0x06]);
    assert_eq!(write::named_bits(0x0080), [3, 3, 7, 0, 0x80]);
    assert_eq!(write::named_bits(0), [3, 1, 0]);
}

#[test]
fn members_of_a_set_are_sorted_by_their_octets() {
    let set = write::set_of(&[
        write::small_integer(300),
        write::small_integer(2),
        write::null(),
    ]);
    assert_eq!(set, [0x31, 9, 2, 1, 2, 2, 2, 1, 44, 5, 0]);
}

#[test]
fn extensions_leave_out_the_default_criticality() {
    let plain = write::extension(&[0x55], Criticality::NonCritical, &[5, 0]);
    assert_eq!(plain, [0x30, 7, 6, 1, 0x55, 4, 2, 5, 0]);
    let critical = write::extension(&[0x55], Criticality::Critical, &[5, 0]);
    assert_eq!(critical, [0x30, 10, 6, 1, 0x55, 1, 1, 0xff, 4, 2, 5, 0]);
}

#[test]
fn ber_becomes_der_and_der_stays_as_it_is() {
    check_normal(&[0x30, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]);
    check_normal(&[0x30, 0x80, 2, 1, 5, 0, 0], &[0x30, 3, 2, 1, 5]);
    check_normal(&[0x30, 0x81, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]);
    // An OCTET STRING in segments, one of them in segments again.
    check_normal(
        &[0x24, 0x80, 4, 1, 1, 0x24, 6, 4, 1, 2, 4, 1, 3, 0, 0],
        &[4, 3, 1, 2, 3],
    );
    // A BIT STRING in segments: the last says how many bits are unused.
    check_normal(
        &[0x23, 8, 3, 2, 0, 0xff, 3, 2, 4, 0xf0],
        &[3, 3, 4, 0xff, 0xf0],
    );
    // The order of a set is left alone.
    check_normal(
        &[0x31, 0x80, 2, 1, 9, 2, 1, 5, 0, 0],
        &[0x31, 6, 2, 1, 9, 2, 1, 5],
    );
}

#[test]
fn what_follows_the_first_element_is_not_looked_at() {
    let (normal, length) = normalise(&[0x30, 0x80, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!((normal.as_ref(), length), (&[0x30, 0][..], 4));
}

#[test]
fn ber_that_makes_no_sense_is_refused() {
    for bytes in [
        &[0x30, 0x80][..],
        &[0x30, 0x80, 2, 1, 5],
        &[0x04, 0x80, 0, 0],
        &[0x30, 2, 2, 1],
        &[0x30, 3, 0x30, 2, 2],
        &[0x23, 8, 3, 2, 4, 0xf0, 3, 2, 0, 0xff],
        &[0x24, 3, 2, 1, 5],
        &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        &[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
    ] {
        assert!(normalise(bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn nesting_without_end_is_refused_and_does_not_exhaust_the_stack() {
    let mut indefinite = [0x30, 0x80].repeat(500_000);
    assert!(normalise(&indefinite).is_err());
    indefinite.extend([0, 0].repeat(500_000));
    assert!(normalise(&indefinite).is_err());
    let mut definite = vec![5, 0];
    for _ in 0..MAX_DEPTH {
        definite = write::sequence(&[definite]);
    }
    assert!(normalise(&definite).is_ok());
    assert!(normalise(&write::sequence(&[definite])).is_err());
}

#[track_caller]
fn check_time(unix_s: i64, text: &str) {
    let encoded = time::encode(unix_s);
    assert_eq!(std::str::from_utf8(&encoded[2..]).unwrap(), text);
    assert_eq!(Reader::new(&encoded).time("time").unwrap(), unix_s);
}

#[test]
fn times_are_written_as_the_profile_wants_them() {
    check_time(0, "700101000000Z");
    check_time(1_795_500_000, "261124060000Z");
    check_time(951_782_400, "000229000000Z");
    check_time(2_524_607_999, "491231235959Z");
    check_time(2_524_608_000, "20500101000000Z");
    check_time(-631_152_000, "500101000000Z");
    check_time(-631_152_001, "19491231235959Z");
    check_time(253_402_300_799, "99991231235959Z");
}

#[test]
fn every_day_of_four_centuries_reads_back() {
    for day in -170_000..130_000_i64 {
        let unix_s = day * 86_400 + 4_711;
        let encoded = time::encode_generalized(unix_s);
        assert_eq!(time::generalized_time(&encoded[2..]), Some((unix_s, 0)));
    }
}

#[test]
fn fractions_are_read_and_written_without_trailing_zeros() {
    let encoded = time::encode_generalized_nanos(0, 120_000_000);
    assert_eq!(&encoded[2..], b"19700101000000.12Z");
    assert_eq!(
        time::generalized_time(&encoded[2..]),
        Some((0, 120_000_000))
    );
    assert_eq!(
        time::generalized_time(b"19700101000000.1234567899Z"),
        Some((0, 123_456_789))
    );
    assert_eq!(
        time::encode_generalized_nanos(0, 0),
        time::encode_generalized(0)
    );
}

#[test]
fn times_that_are_none_are_refused() {
    for text in [
        "",
        "Z",
        "20260230000000Z",
        "20261301000000Z",
        "20260101240000Z",
        "20260101006000Z",
        "20260101000060Z",
        "20260101000000",
        "20260101000000.Z",
        "20260101000000+0700",
        "2026010100000Z",
        "20260101000000ZZ",
        "20260101000000.1a",
        "-0260101000000Z",
    ] {
        assert_eq!(time::generalized_time(text.as_bytes()), None, "{text}");
    }
    for text in ["2601010000Z", "260101000000+0700", "260229000000Z"] {
        assert_eq!(time::utc_time(text.as_bytes()), None, "{text}");
    }
}
