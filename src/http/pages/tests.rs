//! What holds of every page, and what each state of a record says first.

use std::collections::BTreeSet;

use super::samples::{self, CITIZEN, ID, OWNER};
use super::*;
use crate::i18n::{Lang, find, t};
use crate::verify::indication::SubIndication;

/// Every page in both languages: language, name, HTML.
fn everything() -> Vec<(Lang, String, String)> {
    Lang::ALL
        .into_iter()
        .flat_map(|lang| {
            samples::all(lang)
                .into_iter()
                .map(move |(name, html)| (lang, name, html))
        })
        .collect()
}

/// The values of one attribute, in order.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\""))
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value))
        .collect()
}

fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = html.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

#[test]
fn every_page_says_its_language_and_offers_the_other() {
    for (lang, name, html) in everything() {
        let (own, other) = (lang.as_str(), lang.other().as_str());
        assert!(html.contains(&format!("<html lang=\"{own}\">")), "{name}");
        assert!(html.contains(&format!("?lang={other}\"")), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
    }
}

#[test]
fn no_page_shows_a_missing_word_or_an_unfilled_placeholder() {
    for (_, name, html) in everything() {
        assert!(!html.contains(">?<"), "{name}");
        let body = between(&html, "<body>", "</body>");
        assert!(!body.contains('{') && !body.contains('}'), "{name}");
    }
}

#[test]
fn no_page_has_an_inline_script_style_or_handler_or_an_outside_address() {
    for (_, name, html) in everything() {
        assert!(!html.contains("<style"), "{name}");
        assert!(attributes(&html, "style").is_empty(), "{name}");
        for tag in html.split('<').filter_map(|piece| piece.split_once('>')) {
            let handler = tag
                .0
                .split(' ')
                .find(|a| a.starts_with("on") && a.contains('='));
            assert_eq!(handler, None, "{name}");
        }
        for script in html.split("<script").skip(1) {
            let (open, inside) = script.split_once('>').unwrap();
            assert!(open.contains(" src=\"/assets/"), "{name}");
            assert!(inside.starts_with("</script>"), "{name}");
        }
        for kind in ["src", "href", "action"] {
            for address in attributes(&html, kind) {
                let own = address.starts_with('#')
                    || (address.starts_with('/') && !address.starts_with("//"));
                assert!(own, "{name}: {address}");
            }
        }
    }
}

#[test]
fn every_asset_a_page_names_is_there() {
    for (_, name, html) in everything() {
        for address in attributes(&html, "href")
            .into_iter()
            .chain(attributes(&html, "src"))
        {
            if let Some(file) = address.strip_prefix("/assets/") {
                assert!(asset(file).is_some(), "{name}: {file}");
            }
        }
    }
    assert!(asset("../../Cargo.toml").is_none());
    let css = asset("antin.css").unwrap();
    assert!(css.etag().starts_with("\"sha256-") && css.content_type.starts_with("text/css"));
}

#[test]
fn every_reference_inside_a_page_leads_to_one_element() {
    for (_, name, html) in everything() {
        let ids = attributes(&html, "id");
        let unique: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice");
        for kind in ["aria-labelledby", "aria-describedby", "for"] {
            for id in attributes(&html, kind)
                .iter()
                .flat_map(|ids| ids.split(' '))
            {
                assert!(unique.contains(id), "{name}: {kind}={id}");
            }
        }
        for target in attributes(&html, "href")
            .iter()
            .filter_map(|h| h.strip_prefix('#'))
        {
            assert!(unique.contains(target), "{name}: #{target}");
        }
    }
}

#[test]
fn every_element_that_opens_closes_in_order() {
    const VOID: [&str; 6] = ["meta", "link", "img", "br", "input", "!DOCTYPE"];
    for (_, name, html) in everything() {
        let mut open: Vec<&str> = Vec::new();
        for piece in html.split('<').skip(1) {
            let (tag, _) = piece.split_once('>').unwrap();
            let word = tag.trim_end_matches('/').split([' ', '\n']).next().unwrap();
            if let Some(closed) = word.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}: <{tag}>");
            } else if !tag.ends_with('/') && !VOID.contains(&word) {
                open.push(word);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn what_a_reader_typed_is_escaped() {
    for (_, name, html) in everything() {
        assert!(!html.contains("alert(1)</script>"), "{name}");
    }
    let mut page = samples::record(Lang::Vi, samples::checked(None));
    page.lines.office_name = "<b>\"Văn phòng\" & 'x'</b>".to_owned();
    let html = page.render().unwrap();
    assert!(!html.contains("<b>") && html.contains("&#60;b&#62;"));
}

#[test]
fn a_record_page_names_neither_the_owner_nor_a_citizen_who_signed() {
    for lang in Lang::ALL {
        for (name, page) in samples::records(lang) {
            let html = page.render().unwrap();
            assert!(!html.contains(OWNER), "{name}");
            assert!(!html.contains(CITIZEN), "{name}");
            for word in OWNER.split(' ') {
                assert!(!html.contains(&format!(">{word}")), "{name}");
            }
            assert!(html.contains("N***** T** T*** D****"), "{name}");
            assert!(!html.contains("/file"), "{name}: no download");
        }
    }
}

#[test]
fn an_unknown_code_and_a_hidden_one_give_the_same_page() {
    for lang in Lang::ALL {
        let page = |path: &str| {
            let frame = samples::frame(lang, path);
            NotFoundPage {
                frame,
                kind: Missing::Record,
            }
            .render()
            .unwrap()
        };
        assert_eq!(page("/v/aaaa"), page("/v/bbbb"));
    }
}

#[track_caller]
fn check_record(state: &str, verdict: &str, facts: [&str; 4]) {
    let (_, page) = samples::records(Lang::Vi)
        .into_iter()
        .find(|(name, _)| *name == state)
        .unwrap();
    let html = page.render().unwrap();
    let heading = between(&html, "<h1 id=\"verdict\">", "</h1>");
    let word = t(Lang::Vi, &format!("verdict.{verdict}"));
    assert!(
        heading.ends_with(&format!("</span> {word}")),
        "{state}: {heading}"
    );
    let shown: Vec<&str> = html
        .split("class=\"fact is-")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    assert_eq!(shown, facts, "{state}");
}

#[test]
fn each_state_of_a_record_has_its_verdict_and_its_four_facts() {
    const P: &str = "passed";
    const F: &str = "failed";
    const N: &str = "not_checked";
    const C: &str = "could_not_check";
    check_record("valid", "valid", [P, P, P, P]);
    check_record("expired", "valid", [P, P, F, P]);
    check_record("force-unknown", "valid", [P, P, C, P]);
    check_record("failed", "not_valid", [F, N, P, P]);
    check_record("changed-after", "not_valid", [F, N, P, P]);
    check_record("indeterminate", "indeterminate", [P, C, P, P]);
    check_record("other-signature", "indeterminate", [P, P, P, P]);
    check_record("no-office-signature", "not_valid", [P, F, P, P]);
    check_record("stored-differs", "not_valid", [F, N, P, P]);
    check_record("log-mismatch", "indeterminate", [P, P, P, F]);
    check_record("log-pending", "valid", [P, P, P, N]);
    check_record("could-not-check", "indeterminate", [C, C, C, C]);
}

#[test]
fn beside_a_verdict_that_is_not_valid_the_force_is_no_assurance() {
    let (_, page) = samples::records(Lang::Vi)
        .into_iter()
        .find(|(name, _)| *name == "failed")
        .unwrap();
    let html = page.render().unwrap();
    assert!(html.contains("answer is-recorded") && !html.contains("answer is-in_force"));
}

#[test]
fn a_stray_signature_in_the_file_spoils_the_first_fact() {
    let mut report = samples::report(vec![samples::passed()]);
    report.indication = crate::verify::indication::Indication::TotalFailed;
    report.sub_indication = Some(SubIndication::FormatFailure);
    let html = samples::file(Lang::Vi, &report, Archived::NotKept);
    assert!(html.contains("fact is-failed"));
    let html = samples::record(Lang::Vi, samples::checked(Some(report)))
        .render()
        .unwrap();
    assert!(html.contains(t(Lang::Vi, "record.meaning.not_valid")));
}

#[test]
fn a_file_page_links_to_the_record_only_where_the_bytes_match() {
    let report = samples::report(vec![samples::passed()]);
    let html = samples::file(Lang::Vi, &report, Archived::NotKept);
    assert!(!html.contains("/v/"));
    let (_, html) = samples::all(Lang::En)
        .into_iter()
        .find(|(name, _)| name == "file-valid-kept")
        .unwrap();
    assert!(html.contains(&format!("/v/{ID}?lang=en")));
}

#[test]
fn sizes_are_written_in_the_readers_way() {
    use super::check::bytes_words;
    assert_eq!(bytes_words(Lang::Vi, 1_610_612), "1,5 MB");
    assert_eq!(bytes_words(Lang::En, 1_610_612), "1.5 MB");
    assert_eq!(bytes_words(Lang::En, 50 << 20), "50 MB");
    assert_eq!(bytes_words(Lang::Vi, 900), "900 byte");
    assert!(bytes_words(Lang::En, u64::MAX).ends_with(" MB"));
}

#[test]
fn every_key_a_template_or_a_page_names_has_words() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for (folder, marks) in [
        ("web/templates", ["frame.t(\"", "frame.t(\""]),
        ("src/http/pages", ["t(lang, \"", "frame.t(\""]),
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for key in marks.iter().flat_map(|mark| text.split(mark).skip(1)) {
                let key = key.split_once('"').unwrap().0;
                assert!(find(Lang::Vi, key).is_some(), "{}: {key}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 100);
}

#[test]
fn every_sub_indication_and_every_answer_has_words() {
    use SubIndication as Sub;
    for sub in [
        Sub::FormatFailure,
        Sub::HashFailure,
        Sub::SigCryptoFailure,
        Sub::Revoked,
        Sub::Expired,
        Sub::NotYetValid,
        Sub::SigConstraintsFailure,
        Sub::ChainConstraintsFailure,
        Sub::CertificateChainGeneralFailure,
        Sub::CryptoConstraintsFailure,
        Sub::PolicyProcessingError,
        Sub::SignaturePolicyNotAvailable,
        Sub::TimestampOrderFailure,
        Sub::NoSigningCertificateFound,
        Sub::NoCertificateChainFound,
        Sub::NoCertificateChainFoundNoPoe,
        Sub::RevokedNoPoe,
        Sub::RevokedCaNoPoe,
        Sub::OutOfBoundsNotRevoked,
        Sub::OutOfBoundsNoPoe,
        Sub::RevocationOutOfBoundsNoPoe,
        Sub::CryptoConstraintsFailureNoPoe,
        Sub::NoPoe,
        Sub::TryLater,
        Sub::SignedDataNotFound,
        Sub::NoSignatureFound,
    ] {
        assert!(
            find(Lang::Vi, &format!("sub.{}", sub.as_str())).is_some(),
            "{sub:?}"
        );
        let indeterminate = crate::verify::indication::Indication::Indeterminate;
        let report = samples::report(vec![samples::signature(indeterminate, Some(sub))]);
        let html = samples::record(Lang::En, samples::checked(Some(report)))
            .render()
            .unwrap();
        assert!(
            !html.contains(">?<") && !html.contains("answer is-valid"),
            "{sub:?}"
        );
    }
}
