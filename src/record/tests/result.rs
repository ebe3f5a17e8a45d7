//! The clerk's record: what is read, what is refused, and what of it the public sees.

use crate::record::{
    FieldProblem, Level, Office, Origin, OwnerId, PROBLEM_CODES, ResultRecord, Validity, mask_name,
};

const GOOD: &str = r#"{
  "dossier_code": "h49.22.15–261124-0001 ",
  "procedure_code": "1.004194",
  "result_kind": "KQ.G15.000031",
  "title": " Giấy khai sinh \"bản chính\" ",
  "number": "123/QĐ-UBND",
  "issued_on": "2026-11-24",
  "owner": {"name": "Nguyễn Văn An", "personal_id": "022190001234"},
  "validity": {"unlimited": true},
  "origin": "born_digital"
}"#;

fn good() -> ResultRecord {
    ResultRecord::from_json(GOOD.as_bytes()).unwrap()
}

/// The good record with `from` replaced by `to` has exactly these problems.
#[track_caller]
fn check(from: &str, to: &str, problems: &[(&str, &str)]) {
    assert!(GOOD.contains(from), "{from}");
    check_whole(GOOD.replacen(from, to, 1).as_bytes(), problems);
}

#[track_caller]
fn check_whole(json: &[u8], problems: &[(&str, &str)]) {
    let found = ResultRecord::from_json(json).err().unwrap_or_default();
    let found: Vec<_> = found.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
    assert_eq!(found, problems);
    assert!(found.iter().all(|(_, code)| PROBLEM_CODES.contains(code)));
}

#[test]
fn a_good_record_is_read_and_normalised() {
    let record = good();
    assert_eq!(record.dossier_code.as_str(), "H49.22.15-261124-0001");
    assert_eq!(record.title, "Giấy khai sinh \"bản chính\"");
    assert_eq!(record.validity, Validity::Unlimited);
    assert_eq!(record.origin, Origin::BornDigital);
    assert!(matches!(record.owner.id, OwnerId::Personal(_)));
}

#[test]
fn its_bytes_are_canonical_and_read_back() {
    let expected = concat!(
        r#"{"dossier_code":"H49.22.15-261124-0001","issued_on":"2026-11-24","number":"123/QĐ-UBND","#,
        r#""origin":"born_digital","owner":{"name":"Nguyễn Văn An","personal_id":"022190001234"},"#,
        r#""procedure_code":"1.004194","result_kind":"KQ.G15.000031","#,
        r#""title":"Giấy khai sinh \"bản chính\"","validity":{"unlimited":true}}"#
    );
    let json = good().to_json();
    assert_eq!(String::from_utf8(json.clone()).unwrap(), expected);
    assert_eq!(ResultRecord::from_json(&json), Ok(good()));
    // Any other JSON library reads the same from it.
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value["owner"]["name"], "Nguyễn Văn An");

    let firm = GOOD
        .replace(
            r#""personal_id": "022190001234""#,
            r#""tax_code": "0100109106-001""#,
        )
        .replace(r#"{"unlimited": true}"#, r#"{"until": "2031-11-24"}"#)
        .replace("born_digital", "digitized_copy");
    let firm = ResultRecord::from_json(firm.as_bytes()).unwrap();
    assert_eq!(ResultRecord::from_json(&firm.to_json()), Ok(firm.clone()));
    assert!(firm.validity.covers("2031-11-24".parse().unwrap()));
    assert!(!firm.validity.covers("2031-11-25".parse().unwrap()));
}

#[test]
fn two_ways_to_write_a_letter_are_one_record() {
    let apart = GOOD.replace("Nguyễn", "Nguye\u{302}\u{303}n");
    assert_ne!(apart, GOOD);
    assert_eq!(ResultRecord::from_json(apart.as_bytes()), Ok(good()));
}

#[test]
fn each_field_has_its_problem() {
    check(
        "h49.22.15–261124",
        "h49.22.15–260231",
        &[("/dossier_code", "dossier_code_date")],
    );
    check(
        "h49.22.15–261124",
        "x",
        &[("/dossier_code", "dossier_code_pattern")],
    );
    check(
        "\"1.004194\"",
        "1.004194",
        &[("/procedure_code", "text_expected")],
    );
    check(
        "1.004194",
        "4194",
        &[("/procedure_code", "procedure_code_pattern")],
    );
    check(
        "KQ.G15.000031",
        "31",
        &[("/result_kind", "result_kind_pattern")],
    );
    check(
        "Giấy khai sinh",
        &"ấ".repeat(501),
        &[("/title", "text_too_long")],
    );
    check(
        "Giấy khai",
        "Giấy\\nkhai",
        &[("/title", "text_forbidden_character")],
    );
    check(
        "Giấy khai",
        "Giấy\u{202e}khai",
        &[("/title", "text_forbidden_character")],
    );
    check(
        "123/QĐ-UBND",
        "QĐ",
        &[("/number", "document_number_pattern")],
    );
    check(
        "2026-11-24",
        "2026-11-31",
        &[("/issued_on", "date_invalid")],
    );
    check("Nguyễn Văn An", "  ", &[("/owner/name", "text_empty")]);
    check(
        "022190001234",
        "1",
        &[("/owner/personal_id", "personal_id_pattern")],
    );
    check("personal_id", "tax_code", &[]);
    check(
        "personal_id\": \"022190001234",
        "tax_code\": \"0100109107",
        &[("/owner/tax_code", "tax_code_check_digit")],
    );
    check(
        "\"personal_id\"",
        "\"tax_code\": \"0100109106\", \"personal_id\"",
        &[("/owner", "owner_id_both")],
    );
    check(
        ", \"personal_id\": \"022190001234\"",
        "",
        &[("/owner", "owner_id_missing")],
    );
    check(
        "{\"name\": \"Nguyễn Văn An\", \"personal_id\": \"022190001234\"}",
        "null",
        &[("/owner", "object_expected")],
    );
    check(
        "{\"unlimited\": true}",
        "{}",
        &[("/validity", "validity_missing")],
    );
    check(
        "{\"unlimited\": true}",
        "[]",
        &[("/validity", "object_expected")],
    );
    check("true", "false", &[("/validity/unlimited", "true_expected")]);
    check(
        "true",
        "true, \"until\": \"2030-01-01\"",
        &[("/validity", "validity_both")],
    );
    check(
        "\"unlimited\": true",
        "\"until\": \"2026-11-23\"",
        &[("/validity/until", "validity_before_issue")],
    );
    check("born_digital", "born", &[("/origin", "origin_unknown")]);
}

#[test]
fn unknown_repeated_and_missing_names_are_told_all_at_once() {
    let json =
        r#"{"dossier_code":"x","a/b":1,"number":"1/A","number":"2/A","owner":{"name":"A","x":1}}"#;
    check_whole(
        json.as_bytes(),
        &[
            ("/a~1b", "unknown_field"),
            ("/number", "duplicate_field"),
            ("/dossier_code", "dossier_code_pattern"),
            ("/procedure_code", "missing_field"),
            ("/result_kind", "missing_field"),
            ("/title", "missing_field"),
            ("/issued_on", "missing_field"),
            ("/owner/x", "unknown_field"),
            ("/owner", "owner_id_missing"),
            ("/validity", "missing_field"),
            ("/origin", "missing_field"),
        ],
    );
}

#[test]
fn what_is_no_record_at_all_is_one_problem() {
    check_whole(b"", &[("", "not_json")]);
    check_whole(b"{\"a\":1} x", &[("", "not_json")]);
    check_whole(b"\xff", &[("", "not_json")]);
    check_whole(b"[]", &[("", "object_expected")]);
    check_whole(&vec![b'['; 16_000], &[("", "not_json")]);
    check_whole(&vec![b' '; 16_385], &[("", "record_too_large")]);
}

#[test]
fn problems_do_not_repeat_what_was_said_about_the_owner() {
    let json = GOOD
        .replace("022190001234", "0221900012")
        .replace("An\"", "An\\u0007\"");
    let problems = ResultRecord::from_json(json.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|p| p.given.is_none()));
    let problems =
        ResultRecord::from_json(GOOD.replace("KQ.G15.000031", "KQ").as_bytes()).unwrap_err();
    let expected = FieldProblem {
        pointer: "/result_kind".to_owned(),
        code: "result_kind_pattern",
        given: Some("KQ".to_owned()),
    };
    assert_eq!(problems, [expected]);
}

#[test]
fn a_result_of_tomorrow_is_not_filed_today() {
    let codes = |day: &str| -> Vec<_> {
        let problems = good().check_at(day.parse().unwrap());
        problems.iter().map(|p| p.code).collect()
    };
    assert!(codes("2026-11-24").is_empty());
    assert_eq!(
        codes("2026-11-23"),
        ["issued_on_in_future", "dossier_day_in_future"]
    );
}

#[test]
fn names_are_masked_by_letters_not_by_bytes() {
    assert_eq!(mask_name("Nguyễn Văn An"), "N***** V** A*");
    assert_eq!(mask_name("  Ỷ   Lan "), "Ỷ L**");
    assert_eq!(mask_name("Nguye\u{302}\u{303}n"), "N*****");
    assert_eq!(mask_name(""), "");
    assert_eq!(format!("{:?}", good().owner), "Owner(N***** V** A*)");
    assert!(!format!("{:?}", good()).contains("khai sinh"));
}

#[test]
fn an_office_is_json_with_known_names_only() {
    let office: Office =
        serde_json::from_str(r#"{"code":"H49.22","name":"UBND phường","level":"commune"}"#)
            .unwrap();
    assert_eq!(office.level, Level::Commune);
    assert!(serde_json::from_str::<Office>(r#"{"code":"L","name":"","level":"commune"}"#).is_err());
    assert!(serde_json::from_str::<Office>(r#"{"code":"H49","name":"","level":"ward"}"#).is_err());
}

#[test]
fn no_damage_to_the_json_breaks_the_reader_or_its_canonical_form() {
    let good = GOOD.as_bytes();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut flipped = good.to_vec();
            flipped[at] ^= 1 << bit;
            let doubled = [&good[..at], &good[at / 2..]].concat();
            for json in [flipped, good[..at].to_vec(), doubled] {
                if let Ok(record) = ResultRecord::from_json(&json) {
                    assert_eq!(ResultRecord::from_json(&record.to_json()), Ok(record));
                }
            }
        }
    }
}
