//! The declaration: sound as it stands, and refused when it is not.

use super::super::declaration::ProfileName;
use super::super::span::Span;
use super::super::{Cast, DEMO_POLICY, Declaration, TSA_POLICY};
use crate::record::Level;

const TEXT: &str = include_str!("../../../certs/pki.toml");

/// The declaration with one piece of text exchanged is refused, and the refusal says why.
#[track_caller]
fn check_refused(from: &str, to: &str, why: &str) {
    assert!(TEXT.contains(from), "the declaration has no {from:?}");
    let fault = Declaration::parse(&TEXT.replacen(from, to, 1))
        .map(|_| ())
        .unwrap_err();
    let chain = fault.chain().to_string();
    assert!(chain.contains(why), "{chain}");
}

#[track_caller]
fn check_span(text: &str, seconds: Option<i64>) {
    assert_eq!(Span::parse(text).map(Span::seconds), seconds, "{text:?}");
}

/// X.667 7: 2.25 and the UUID as one number, base 128.
#[track_caller]
fn check_uuid_arc(body: &[u8], uuid: &str) {
    let number = u128::from_str_radix(&uuid.replace('-', ""), 16).unwrap();
    assert_eq!(body[0], 2 * 40 + 25);
    let decoded = body[1..].iter().fold(0_u128, |value, octet| {
        (value << 7) | u128::from(octet & 0x7f)
    });
    assert_eq!(decoded, number);
}

#[test]
fn the_embedded_declaration_is_sound_and_has_one_office_for_each_level() {
    let declaration = Declaration::embedded().unwrap();
    let members = declaration.members(Cast::Demo).unwrap();
    let levels: Vec<Level> = members
        .iter()
        .filter_map(|m| m.office.as_ref().map(|o| o.level))
        .collect();
    assert_eq!(levels, [Level::Province, Level::District, Level::Commune]);
}

#[test]
fn a_cast_of_named_entities_brings_the_trust_services_and_the_issuers_along() {
    let declaration = Declaration::embedded().unwrap();
    let members = declaration.members(Cast::Only(&["seal-stranger"])).unwrap();
    let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "root",
            "issuing",
            "ocsp-root",
            "ocsp",
            "tsa",
            "stranger-root",
            "seal-stranger"
        ]
    );
    assert!(declaration.members(Cast::Only(&["seal-nobody"])).is_err());
}

#[test]
fn the_demo_makes_no_test_entity() {
    let declaration = Declaration::embedded().unwrap();
    let demo = declaration.members(Cast::Demo).unwrap();
    let everyone = declaration.members(Cast::Everyone).unwrap();
    assert!(demo.len() < everyone.len());
    assert!(
        demo.iter()
            .all(|m| m.revoked.is_none() && m.profile != ProfileName::MisusedCa)
    );
}

#[test]
fn contradictions_are_refused() {
    check_refused(
        "name = \"issuing\"",
        "name = \"root\"",
        "two entities are called",
    );
    check_refused("name = \"tsa\"", "name = \"../tsa\"", "is not of a-z");
    check_refused(
        "issuer = \"root\"",
        "issuer = \"issuing\"",
        "does not issue itself",
    );
    check_refused(
        "issuer = \"issuing\"",
        "issuer = \"tsa\"",
        "is no authority declared before it",
    );
    check_refused(
        "until = \"+20y\"",
        "until = \"-2d\"",
        "ends before it begins",
    );
    check_refused(
        "profile = \"time-stamping\"",
        "profile = \"seal\"",
        "exactly one time-stamping unit",
    );
    check_refused("country = \"VN\"", "country = \"VNM\"", "two letters");
    check_refused(
        "common_name = \"Antin",
        "common_name = \"\" # ",
        "characters",
    );
    check_refused("country = \"VN\"", "county = \"VN\"", "unknown field");
    check_refused("key = \"rsa-3072\"", "key = \"rsa-1024\"", "rsa-1024");
    check_refused("code = \"H49\"", "code = \"Z49\"", "declaration");
    check_refused("from = \"-1d\"", "from = \"1d\"", "a sign, a number");
    check_refused("reason = \"keyCompromise\"", "reason = \"whim\"", "whim");
}

#[test]
fn spans_have_a_sign_a_number_and_a_unit() {
    check_span("-1d", Some(-86_400));
    check_span("+2h", Some(7_200));
    check_span("+20y", Some(20 * 365 * 86_400));
    check_span("+100y", Some(100 * 365 * 86_400));
    check_span("+0h", Some(0));
    for wrong in [
        "",
        "+",
        "1d",
        "+d",
        "+1",
        "+1w",
        "+-1d",
        "+1.5d",
        "+101y",
        "+99999999999999999999y",
        "+1đ",
        "é1d",
    ] {
        check_span(wrong, None);
    }
}

#[test]
fn the_marks_are_the_uuids_that_the_comments_name() {
    check_uuid_arc(DEMO_POLICY, "e75fccb4-b38f-4c4c-b1be-6a425c9f5a03");
    check_uuid_arc(TSA_POLICY, "b222e7df-3c54-4f37-b13a-1a9c8db62bff");
}
