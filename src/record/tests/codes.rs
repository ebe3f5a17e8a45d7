//! Codes against the patterns written as regular expressions, and against real examples.

use std::str::FromStr;

use regex_lite::Regex;

use crate::record::{
    CodeProblem, DocumentNumber, DossierCode, Level, OfficeCode, PersonalId, ProcedureCode,
    ResultKind, TaxCode,
};

const OFFICE: &str = r"^(?:[A-K]\d{2}(?:\.\d{1,4}){0,6}|\d{3}\.\d{2}\.\d{2}\.[A-K]\d{2})$";
const DOSSIER: &str = r"^(?:[A-K]\d{2}(?:\.\d{1,4}){0,6}|\d{3}\.\d{2}\.\d{2}\.[A-K]\d{2})-\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{4,7}$";
const PROCEDURE: &str = r"^[1-9]\.\d{6}(?:\.\d{2}|\.(?:\d{3}\.\d{2}\.\d{2}\.)?[A-K]\d{2})?$";
const KIND: &str = r"^KQ\.[A-K]\d{2}\.\d{6}$";
const NUMBER: &str = r"^\d{1,11}[a-z]?/(?:\d{4}/)?[0-9A-ZĐĂÂÊÔƠƯ][0-9A-Za-zĐđĂÂÊÔƠƯ.&/-]{0,29}$";

/// `given` is read and comes out as `kept`.
#[track_caller]
fn check<T: FromStr<Err = CodeProblem> + ToString>(given: &str, kept: &str) {
    match given.parse::<T>() {
        Ok(code) => assert_eq!(code.to_string(), kept),
        Err(problem) => panic!("{given:?}: {problem}"),
    }
}

#[track_caller]
fn check_refused<T: FromStr<Err = CodeProblem> + ToString>(given: &str, why: &str) {
    match given.parse::<T>() {
        Ok(code) => panic!("{given:?} was read as {}", code.to_string()),
        Err(problem) => assert_eq!(problem.code, why, "{given:?}"),
    }
}

#[test]
fn real_codes_are_read() {
    for code in [
        "H49",
        "H15.50.05.13",
        "G09.01",
        "000.00.53.H48",
        "000.00.00.H49",
    ] {
        check::<OfficeCode>(code, code);
    }
    for code in [
        "000.00.53.H48-220921-0099",
        "H15.50.05.13-261008-0975",
        "H49-261124-1234567",
    ] {
        check::<DossierCode>(code, code);
    }
    for code in [
        "1.004194",
        "1.000894.01",
        "1.001612.000.00.00.H48",
        "2.000884.H55",
    ] {
        check::<ProcedureCode>(code, code);
    }
    check::<ResultKind>("KQ.G15.000031", "KQ.G15.000031");
    for number in [
        "123/QĐ-UBND",
        "686/STTTT-CNTT&BCVT",
        "12/2026/NQ-HĐND",
        "5a/GP",
    ] {
        check::<DocumentNumber>(number, number);
    }
}

#[test]
fn what_hands_and_spreadsheets_add_is_taken_away() {
    check::<DossierCode>(
        " h49.22.15\u{2013}261124\u{2013}0001\u{a0}",
        "H49.22.15-261124-0001",
    );
    check::<DossierCode>("Ｈ４９．22.15-261124-0001", "H49.22.15-261124-0001");
    check::<ResultKind>("\u{feff}kq.g15.000031", "KQ.G15.000031");
    check::<OfficeCode>("\th49\n", "H49");
    check::<PersonalId>("０22190001234", "022190001234");
    // The letter as D with a stroke, and Ơ put together from O and a horn.
    check::<DocumentNumber>("123/QĐ\u{2011}SO\u{31b}", "123/QĐ-SƠ");
    check::<DocumentNumber>("123/QĐ\u{2011}SＯ\u{31b}", "123/QĐ-SƠ");
}

#[test]
fn what_is_no_code_is_refused_with_its_word() {
    for code in [
        "",
        "L49",
        "H4",
        "H49.",
        "H49.12345",
        "H49.1.2.3.4.5.6.7",
        "H49 .1",
        "000.00.53.L48",
    ] {
        check_refused::<OfficeCode>(code, "office_code_pattern");
    }
    for code in [
        "H49-261124-001",
        "H49-261124-12345678",
        "H49.22.15",
        "H49-261124-0001-",
        "-261124-0001",
    ] {
        check_refused::<DossierCode>(code, "dossier_code_pattern");
    }
    for code in [
        "H49-260230-0001",
        "H49-261301-0001",
        "H49-260431-0001",
        "H49-250229-0001",
        "H49-000000-0001",
    ] {
        check_refused::<DossierCode>(code, "dossier_code_date");
    }
    for code in [
        "0.004194",
        "1.00419",
        "1.004194.",
        "1.004194.1",
        "1.004194.H4",
        "1.004194.01.H49",
    ] {
        check_refused::<ProcedureCode>(code, "procedure_code_pattern");
    }
    for code in ["KQ.G15.00031", "G15.000031", "KQ.L15.000031"] {
        check_refused::<ResultKind>(code, "result_kind_pattern");
    }
    for number in [
        "QĐ-UBND",
        "123",
        "123/",
        "123/qđ",
        "123 /QĐ",
        "123456789012/QĐ",
        "1/../../etc",
        "1/A\u{0}",
    ] {
        check_refused::<DocumentNumber>(number, "document_number_pattern");
    }
    for id in ["02219000123", "0221900012345", "02219000123a"] {
        check_refused::<PersonalId>(id, "personal_id_pattern");
    }
    assert!("ward".parse::<Level>().is_err());
}

#[test]
fn a_dossier_code_knows_its_office_and_day() {
    let code: DossierCode = "H49.22.15-261124-0001".parse().unwrap();
    assert_eq!(code.office().as_str(), "H49.22.15");
    assert_eq!(code.day().to_string(), "2026-11-24");
    assert!(!code.office().is_old_form());
    let code: DossierCode = "000.00.53.H48-220921-0099".parse().unwrap();
    assert!(code.office().is_old_form());
}

#[test]
fn tax_codes_are_held_to_their_check_digit() {
    // Public registrations of well-known enterprises.
    for code in ["0100109106", "0100686209", "0300588569", "0101248141"] {
        check::<TaxCode>(code, code);
    }
    check::<TaxCode>("0100109106-001", "0100109106-001");
    check::<TaxCode>("0100109106001", "0100109106-001");
    check::<TaxCode>("022190001234", "022190001234");
    check_refused::<TaxCode>("0100109107", "tax_code_check_digit");
    check_refused::<TaxCode>("0100109107-001", "tax_code_check_digit");
    check_refused::<TaxCode>("010010910", "tax_code_pattern");
    check_refused::<TaxCode>("0100109106-01", "tax_code_pattern");
    check_refused::<TaxCode>("0100109106--001", "tax_code_pattern");
    // No tenth digit exists where the weighted sum leaves no rest.
    let without = (0..=9).filter(|d| format!("000000000{d}").parse::<TaxCode>().is_ok());
    assert_eq!(without.count(), 0);
}

#[test]
fn numbers_of_people_do_not_show_in_debug() {
    let id: PersonalId = "022190001234".parse().unwrap();
    let tax: TaxCode = "0100109106".parse().unwrap();
    assert_eq!(format!("{id:?}{tax:?}"), "PersonalId(…)TaxCode(…)");
}

/// A small generator of texts near the patterns: pieces of real codes put together at random.
fn near_codes(seed: u64, count: usize) -> Vec<String> {
    const PIECES: [&str; 26] = [
        "H49", "G15", "L01", ".", "-", "/", "0", "01", "22", "000", "0001", "261124", "991231",
        "1.", "9", "004194", "KQ.", "Đ", "QĐ", "&", "a", "z", "2026", "2026/", "UBND", "H",
    ];
    let mut state = seed;
    let mut next = move |below: usize| {
        // Steele and others' SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % u64::try_from(below).unwrap()).unwrap()
    };
    let texts = (0..count).map(|_| (0..next(8)).map(|_| PIECES[next(PIECES.len())]).collect());
    texts.collect()
}

#[track_caller]
fn check_same<T: FromStr<Err = CodeProblem>>(
    pattern: &str,
    texts: &[String],
    upper: fn(&str) -> String,
) {
    let regex = Regex::new(pattern).unwrap();
    let mut matched = 0;
    for text in texts {
        let is_match = regex.is_match(&upper(text));
        let parsed = text.parse::<T>();
        let is_date = parsed.as_ref().err().map(|p| p.code) == Some("dossier_code_date");
        assert!(
            is_match == parsed.is_ok() || is_date,
            "{text:?} against {pattern}"
        );
        matched += usize::from(is_match);
    }
    assert!(matched > 10, "only {matched} texts fit {pattern}");
}

#[test]
fn parsers_agree_with_the_patterns() {
    let upper: fn(&str) -> String = |t| t.to_ascii_uppercase();
    let mut texts = near_codes(1, 60_000);
    let tails = near_codes(2, 3_000);
    check_same::<OfficeCode>(OFFICE, &texts, upper);
    check_same::<DocumentNumber>(NUMBER, &texts, str::to_owned);
    for (head, pattern) in [
        ("H49.22-261124-", DOSSIER),
        ("1.004194", PROCEDURE),
        ("KQ.G15.", KIND),
    ] {
        let near = tails.iter().map(|t| format!("{head}{t}"));
        texts = near.collect();
        match pattern {
            DOSSIER => check_same::<DossierCode>(pattern, &texts, upper),
            PROCEDURE => check_same::<ProcedureCode>(pattern, &texts, upper),
            _ => check_same::<ResultKind>(pattern, &texts, upper),
        }
    }
}
