//! What each form shows, letter by letter.

use super::craft::a4;
use super::*;
use crate::stamp::face::Face;
use unicode_normalization::UnicodeNormalization;

#[track_caller]
fn check(spec: &str, lines: &[&str]) {
    let signed = stamped(DECISION, spec);
    assert_eq!(lines_shown(&signed, 0), lines, "{spec}");
}

#[test]
fn a_copy_shows_form_agency_and_time() {
    check(
        "copy:sao-y",
        &["SAO Y", AGENCY, "Thời gian ký: 24.11.2026 09:15:02 +07:00"],
    );
    check(
        "copy:sao-luc,iso@top-right",
        &["SAO LỤC", AGENCY, "Thời gian ký: 2026-11-24T09:15:02+07:00"],
    );
    check(
        "copy:trich-sao",
        &[
            "TRÍCH SAO",
            AGENCY,
            "Thời gian ký: 24.11.2026 09:15:02 +07:00",
        ],
    );
}

#[test]
fn an_annex_shows_number_symbol_and_time() {
    check(
        "annex",
        &[
            "Số: 1234/QĐ-UBND",
            "Thời gian ký: 24.11.2026 09:15:02 +07:00",
        ],
    );
}

#[test]
fn plain_lines_say_who_and_when() {
    check(
        "info@text:Nguyễn Thị Phượng",
        &[
            "Người ký: Nguyễn Thị Phượng",
            "Email: vanthu@honggai.vn",
            "Cơ quan: Ủy ban nhân dân phường Hồng Gai",
            "Thời gian ký: 24.11.2026 09:15:02 +07:00",
        ],
    );
}

#[test]
fn a_code_inside_adds_the_look_up_code() {
    let signed = stamped(DECISION, "annex,qr@text:Nguyễn Thị Phượng");
    let lines = lines_shown(&signed, 0).join(" ");
    assert!(
        lines.ends_with("Mã tra cứu: 7Q4K-X2M9-TNA8-WB3C-DEFG-HJ5K-6P"),
        "{lines}"
    );
}

#[test]
fn the_seal_comes_with_agency_and_time() {
    let signed = stamped(DECISION, "person@text:Nguyễn Thị Phượng");
    let sealed = stamped(&signed, "agency");
    assert_eq!(
        lines_shown(&sealed, 0),
        [AGENCY, "Thời gian ký: 24.11.2026 09:15:02 +07:00"]
    );
}

#[test]
fn copies_and_annexes_carry_no_picture() {
    for spec in ["copy:sao-y", "copy:sao-luc", "copy:trich-sao", "annex"] {
        let appearance = laid_out(DECISION, spec).unwrap();
        let pictures = added(DECISION, appearance)
            .iter()
            .filter(|body| holds(body, "/Subtype /Image"))
            .count();
        assert_eq!(pictures, 0, "{spec}");
    }
}

#[test]
fn names_in_form_d_are_printed_in_form_c() {
    let name: String = SIGNER.nfd().collect();
    let request: Request = "info@rect:30,235,100,30".parse().unwrap();
    let facts = Facts {
        signer: Some(&name),
        ..facts()
    };
    let appearance = lay_out(&inspected(DECISION), stationery(), &request, &facts).unwrap();
    let lines = lines_shown(&with(DECISION, appearance), 0);
    assert_eq!(lines[0], "Người ký: Nguyễn Thị Phượng");
}

#[test]
fn a_name_outside_of_the_ready_letters_is_drawn_too() {
    let request: Request = "info@rect:30,235,100,30".parse().unwrap();
    let facts = Facts {
        signer: Some("Søren Ærøskøbing"),
        ..facts()
    };
    let appearance = lay_out(&inspected(DECISION), stationery(), &request, &facts).unwrap();
    let lines = lines_shown(&with(DECISION, appearance), 0);
    assert_eq!(lines[0], "Người ký: Søren Ærøskøbing");
}

#[test]
fn a_letter_that_the_font_lacks_is_named() {
    let request: Request = "info".parse().unwrap();
    let facts = Facts {
        signer: Some("Nguyễn 阮"),
        ..facts()
    };
    let refusal = lay_out(&inspected(DECISION), stationery(), &request, &facts).unwrap_err();
    assert_eq!(refusal, StampRefusal::NoGlyph { letter: '阮' });
}

#[test]
fn the_font_has_every_vietnamese_letter() {
    let face = Face::regular().unwrap();
    let mut count = 0;
    for base in ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"] {
        // Level, grave, hook above, tilde, acute, dot below.
        for tone in ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"] {
            let small: String = format!("{base}{tone}").nfc().collect();
            for letter in [small.clone(), small.to_uppercase()] {
                let letter: Vec<char> = letter.chars().collect();
                assert_eq!(letter.len(), 1, "one character each: {letter:?}");
                face.glyph(letter[0]).unwrap();
                count += 1;
            }
        }
    }
    for letter in "bcdđghklmnpqrstvxBCDĐGHKLMNPQRSTVX0123456789.,:;/+-_@()".chars() {
        face.glyph(letter).unwrap();
    }
    assert_eq!(count, 144);
}

#[test]
fn what_a_form_shows_must_be_given() {
    let file = a4("");
    let bare = Facts {
        symbol: None,
        verify_url: None,
        ..facts()
    };
    for (spec, what) in [("annex", "symbol"), ("info,qr", "verify_url")] {
        let request: Request = spec.parse().unwrap();
        let refusal = lay_out(&inspected(&file), stationery(), &request, &bare).unwrap_err();
        assert_eq!(refusal, StampRefusal::FactMissing { what });
    }
    let plain = Stationery::plain().unwrap();
    for spec in ["person@rect:10,10,60,40", "agency@rect:10,10,90,40"] {
        let request: Request = spec.parse().unwrap();
        let refusal = lay_out(&inspected(&file), &plain, &request, &facts()).unwrap_err();
        assert_eq!(refusal.code(), "stamp_picture_missing", "{spec}");
    }
}
