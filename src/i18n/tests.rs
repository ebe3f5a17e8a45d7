//! The two word files agree, and the functions over them hold what they promise.

use std::collections::BTreeSet;

use super::*;

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
        .collect()
}

#[test]
fn both_files_have_words_under_the_same_keys() {
    let vi: BTreeSet<_> = words(Lang::Vi).keys().collect();
    let en: BTreeSet<_> = words(Lang::En).keys().collect();
    assert!(vi.len() > 400, "the Vietnamese file was read");
    assert_eq!(vi, en);
}

#[test]
fn both_files_have_the_same_placeholders_and_no_empty_word() {
    for (key, vi) in words(Lang::Vi) {
        let en = t(Lang::En, key);
        assert_eq!(placeholders(vi), placeholders(en), "{key}");
        assert!(!vi.trim().is_empty() && !en.trim().is_empty(), "{key}");
    }
}

#[test]
fn every_word_is_in_unicode_form_c() {
    for lang in Lang::ALL {
        for (key, text) in words(lang) {
            assert!(unicode_normalization::is_nfc(text), "{key}");
        }
    }
}

#[test]
fn every_problem_has_title_detail_and_remedy() {
    let codes: BTreeSet<_> = words(Lang::Vi)
        .keys()
        .filter_map(|key| key.strip_prefix("problem."))
        .filter_map(|rest| rest.rsplit_once('.').map(|(code, _)| code))
        .collect();
    assert!(codes.contains("internal_error"));
    for code in codes {
        for part in ["title", "detail", "remedy"] {
            let key = format!("problem.{code}.{part}");
            assert!(find(Lang::Vi, &key).is_some(), "{key}");
        }
    }
}

#[test]
fn every_code_of_a_record_field_has_a_sentence() {
    for code in crate::record::PROBLEM_CODES {
        assert!(find(Lang::Vi, &format!("field.{code}")).is_some(), "{code}");
    }
}

#[track_caller]
fn check(query: Option<&str>, header: Option<&str>, expected: Lang) {
    assert_eq!(
        Lang::choose(query, header),
        expected,
        "{query:?} {header:?}"
    );
}

#[test]
fn vietnamese_is_the_answer_unless_english_is_clearly_asked_for() {
    check(None, None, Lang::Vi);
    check(None, Some(""), Lang::Vi);
    check(None, Some("fr, de;q=0.8"), Lang::Vi);
    check(None, Some("en-GB,en;q=0.9"), Lang::En);
    check(None, Some("vi,en;q=0.9"), Lang::Vi);
    check(None, Some("en;q=0.4, vi;q=0.6"), Lang::Vi);
    check(None, Some("en;q=0, fr"), Lang::Vi);
    check(None, Some("en;q=1.000"), Lang::En);
    check(None, Some("en;q=nonsense"), Lang::Vi);
    check(Some("en"), Some("vi"), Lang::En);
    check(Some("vi"), Some("en"), Lang::Vi);
    check(Some("xx"), Some("en"), Lang::En);
}

#[test]
fn a_value_that_looks_like_a_placeholder_stays_as_it_is() {
    assert_eq!(
        fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
        "{b} and 2"
    );
    assert_eq!(fill("{a} and {c", &[("a", "1")]), "1 and {c");
    assert_eq!(fill("{unknown}", &[]), "{unknown}");
}

#[test]
fn an_unknown_problem_code_speaks_as_an_internal_error() {
    assert_eq!(
        problem(Lang::En, "no-such-code", &[]),
        problem(Lang::En, "internal_error", &[])
    );
}

#[test]
fn a_code_with_hyphens_finds_the_words_of_its_twin_with_underscores() {
    assert_eq!(
        problem(Lang::Vi, "pdf-xfa", &[]),
        problem(Lang::Vi, "pdf_xfa", &[])
    );
}
