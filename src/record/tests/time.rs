//! Times against known moments and against each other.

use crate::record::{Date, Digest, Sha256Stream, TimeText, UtcTime, sha256};

#[track_caller]
fn check(text: &str, unix_s: i64) {
    let time: UtcTime = text.parse().unwrap();
    assert_eq!(time.unix_s(), unix_s, "{text}");
}

#[track_caller]
fn check_refused(text: &str) {
    assert_eq!(text.parse::<UtcTime>(), Err(TimeText), "{text}");
}

#[test]
fn reads_every_form_of_rfc_3339() {
    check("1970-01-01T00:00:00Z", 0);
    check("2026-11-24T01:02:03Z", 1_795_482_123);
    check("2026-11-24T09:15:02+07:00", 1_795_486_502);
    check("2026-11-24T02:15:02.999z", 1_795_486_502);
    check("2026-11-23t21:15:02-05:00", 1_795_486_502);
    check("2016-12-31T23:59:60Z", 1_483_228_799);
    check("0001-01-01T00:00:00Z", -62_135_596_800);
    check("9999-12-31T23:59:59Z", 253_402_300_799);
    check("2024-02-29T00:00:00Z", 1_709_164_800);
}

#[test]
fn refuses_what_is_no_time() {
    for text in [
        "",
        "2026-11-24",
        "2026-11-24T01:02:03",
        "2026-11-24 01:02:03Z",
        "2026-11-24T01:02Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T01:60:00Z",
        "2026-11-24T01:02:61Z",
        "2026-11-24T01:02:03.Z",
        "2026-11-24T01:02:03+7:00",
        "2026-11-24T01:02:03+0700",
        "2026-11-24T01:02:03Z ",
        "2026-13-24T01:02:03Z",
        "2025-02-29T01:02:03Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+07:00",
        "9999-12-31T23:59:59-07:00",
        "+026-11-24T01:02:03Z",
        "2026-11-24T01:02:03Ｚ",
        "２026-11-24T01:02:03Z",
    ] {
        check_refused(text);
    }
}

#[test]
fn writes_for_data_paper_and_pdf() {
    let time = UtcTime::from_unix_s(1_795_486_502).unwrap();
    assert_eq!(time.to_rfc3339(), "2026-11-24T02:15:02Z");
    assert_eq!(time.to_vietnamese(), "24.11.2026 09:15:02 +07:00");
    assert_eq!(time.to_pdf_date(), "D:20261124091502+07'00'");
    let evening = UtcTime::parse_rfc3339("2026-12-31T17:00:00Z").unwrap();
    assert_eq!(evening.date_in_vietnam().to_string(), "2027-01-01");
    assert_eq!(evening.date_in_vietnam().to_vietnamese(), "01/01/2027");
}

#[test]
fn the_ends_of_the_range_are_shown_without_harm() {
    for unix_s in [-62_135_596_800, 253_402_300_799] {
        let time = UtcTime::from_unix_s(unix_s).unwrap();
        assert_eq!(time.to_rfc3339().parse(), Ok(time));
        assert!(!time.to_vietnamese().is_empty() && !time.to_pdf_date().is_empty());
        let day = time.date_in_vietnam();
        assert!(day.start_in_vietnam() <= day.last_second_in_vietnam());
    }
    assert_eq!(UtcTime::from_unix_s(253_402_300_800), None);
    assert_eq!(UtcTime::from_unix_s(i64::MIN), None);
}

#[test]
fn a_day_in_vietnam_begins_and_ends_at_its_midnights() {
    let day: Date = "2026-11-24".parse().unwrap();
    assert_eq!(day.start_in_vietnam().to_rfc3339(), "2026-11-23T17:00:00Z");
    assert_eq!(
        day.last_second_in_vietnam().to_rfc3339(),
        "2026-11-24T16:59:59Z"
    );
    assert_eq!(day.start_in_vietnam().date_in_vietnam(), day);
    assert_eq!(day.last_second_in_vietnam().date_in_vietnam(), day);
}

#[test]
fn dates_are_read_strictly() {
    for text in [
        "2026-1-1",
        "26-01-01",
        "2026-02-30",
        "2026-11-24T",
        " 2026-11-24",
        "2026-11--4",
        "0000-01-01",
    ] {
        assert_eq!(text.parse::<Date>(), Err(TimeText), "{text}");
    }
}

#[test]
fn digests_have_one_text_and_one_base64() {
    let digest = sha256(b"abc");
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest.to_string(), hex);
    assert_eq!(hex.parse(), Ok(digest));
    assert_eq!(Digest::from_base64(&digest.to_base64()), Ok(digest));
    // Unused trailing bits set, padding missing, blank behind.
    let base64 = digest.to_base64();
    let loose = base64.replace("Fa0=", "Fa1=");
    assert_ne!(loose, base64);
    for bad in [
        loose.as_str(),
        base64.trim_end_matches('='),
        "",
        &format!("{base64} "),
    ] {
        assert!(Digest::from_base64(bad).is_err(), "{bad}");
    }
    assert!(hex[1..].parse::<Digest>().is_err());
    assert_eq!(
        serde_json::to_string(&digest).unwrap(),
        format!("\"{hex}\"")
    );

    let mut stream = Sha256Stream::new();
    stream.update(b"a");
    stream.update(b"bc");
    assert_eq!((stream.bytes(), stream.finish()), (3, digest));
}
