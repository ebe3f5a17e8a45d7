//! The citizen: the page behind a code, the check of a file, and the same by API; nobody is asked who they are.

use serde_json::Value;

use crate::world::filing::{OWNER, OWNER_ID, OWNER_MASKED};
use crate::world::{Answer, Call, Facts, Filing, Form, pdfs, shared};

fn sample_file(facts: &Facts) -> Vec<u8> {
    std::fs::read(&facts.sample.file)
        .unwrap_or_else(|e| panic!("{}: {e}", facts.sample.file.display()))
}

/// How often each mark of a fact stands on a page.
fn facts_on(page: &str) -> Vec<&str> {
    page.split("<li class=\"fact is-")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn the_page_of_a_result_gives_four_facts_and_a_masked_name() {
    let facts = shared();
    let clerk = facts.clerk("commune");
    let filing = Filing::new(clerk);
    let receipt = filing.accepted(&facts.base_url, clerk);
    let path = format!("/v/{}", receipt.public_id);
    for (query, lang) in [("", "vi"), ("?lang=en", "en"), ("?lang=vi", "vi")] {
        let answer = facts.get(&format!("{path}{query}")).expect(200);
        let page = answer.text();
        assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{query}");
        assert_eq!(facts_on(&page), ["passed"; 4], "{query}: {page}");
        assert!(page.contains("class=\"answer is-valid\""), "{page}");
        assert!(page.contains("class=\"answer is-in_force\""), "{page}");
        assert!(page.contains(OWNER_MASKED), "no masked name: {page}");
        assert!(page.contains(filing.record["number"].as_str().unwrap()));
        for secret in [
            OWNER,
            OWNER_ID,
            "Tuyết",
            filing.record["dossier_code"].as_str().unwrap(),
        ] {
            assert!(!page.contains(secret), "the page tells {secret}");
        }
        assert!(!page.contains("/file\""), "no download on a public page");
        assert!(answer.needs("cache-control").contains("no-store"));
    }
    // Whatever the browser prefers, Vietnamese comes first; English is a switch.
    let wished = Call::get(facts.url(&path))
        .header("Accept-Language", "en")
        .send()
        .text();
    assert!(
        wished.contains("<html lang=\"vi\">") && wished.contains("?lang=en"),
        "{wished}"
    );
}

#[test]
fn a_result_beyond_its_time_is_sound_but_no_longer_in_force() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let mut filing = Filing::new(clerk);
    filing.record["issued_on"] = "2024-01-10".into();
    filing.record["validity"] = serde_json::json!({ "until": "2025-01-10" });
    let receipt = filing.accepted(&facts.base_url, clerk);
    let page = facts
        .get(&format!("/v/{}", receipt.public_id))
        .expect(200)
        .text();
    assert!(page.contains("class=\"answer is-valid\""), "{page}");
    assert!(page.contains("class=\"answer is-expired\""), "{page}");
    assert_eq!(
        facts_on(&page).iter().filter(|f| **f == "passed").count(),
        3,
        "{page}"
    );
}

#[test]
fn the_address_of_the_sample_is_a_page_with_a_verdict() {
    let facts = shared();
    let page = Call::get(&facts.sample.verify_url)
        .send()
        .expect(200)
        .text();
    assert_eq!(facts_on(&page), ["passed"; 4], "{page}");
    let home = facts.get("/").expect(200).text();
    assert!(home.contains("action=\"/v\""), "{home}");
}

#[test]
fn a_code_typed_by_hand_leads_to_its_page() {
    let facts = shared();
    let id = facts
        .sample
        .verify_url
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let typed = format!("{}-{}", id[..8].to_uppercase(), &id[8..]);
    let answer = facts.get(&format!("/v?ma={typed}")).expect(303);
    assert!(
        answer.needs("location").contains(&format!("/v/{id}")),
        "{}",
        answer.shown()
    );
    let empty = facts.get("/v?ma=");
    assert!(
        empty.status < 500 && empty.text().contains("<h1"),
        "{}",
        empty.shown()
    );
}

#[test]
fn an_unknown_code_and_one_that_cannot_be_look_the_same() {
    let facts = shared();
    let unknown = facts.get("/v/aaaaaaaaaaaaaaaaaaaaaaaaaa").expect(404);
    for other in ["/v/xyz", "/v/%3Cscript%3E", "/v/01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let answer = facts.get(other).expect(404);
        assert_eq!(answer.text(), unknown.text(), "{other}");
    }
    assert!(unknown.needs("content-type").starts_with("text/html"));
    assert!(facts.get("/khong-co").expect(404).text().contains("<h1"));
}

fn upload(facts: &Facts, name: &str, bytes: &[u8]) -> Answer {
    let form = Form::new()
        .file("file", name, "application/pdf", bytes)
        .finish();
    Call::new("POST", facts.url("/kiem-tra"))
        .body(&Form::content_type(), form)
        .send()
}

#[test]
fn a_chosen_file_gets_its_verdict() {
    let facts = shared();
    let asked = facts.get("/kiem-tra").expect(200).text();
    assert!(asked.contains("enctype=\"multipart/form-data\""), "{asked}");

    let signed = sample_file(facts);
    let good = upload(facts, "mẫu.pdf", &signed).expect(200).text();
    assert!(good.contains("class=\"answer is-valid\""), "{good}");
    assert!(good.contains("class=\"answer is-kept\""), "{good}");
    assert_eq!(facts_on(&good), ["passed"; 4], "{good}");

    let mut changed = signed.clone();
    let middle = pdfs::find(&changed, b"stream").unwrap() + 12;
    changed[middle] ^= 1;
    let bad = upload(facts, "changed.pdf", &changed).expect(200).text();
    assert!(bad.contains("class=\"answer is-not_valid\""), "{bad}");
    assert!(bad.contains("class=\"answer is-not_kept\""), "{bad}");

    let unsigned = upload(facts, "plain.pdf", &pdfs::page("plain", 0))
        .expect(200)
        .text();
    assert!(
        unsigned.contains("class=\"answer is-indeterminate\""),
        "{unsigned}"
    );

    // What is no PDF is a verdict too, or a page that asks again: never an error of ours.
    let no_pdf = upload(facts, "a<b>.txt", b"hello");
    assert!(
        no_pdf.status < 500 && no_pdf.text().contains("<h1"),
        "{}",
        no_pdf.shown()
    );
    assert!(
        !no_pdf.text().contains("a<b>"),
        "a file name is text, never markup"
    );
    let nothing = Call::new("POST", facts.url("/kiem-tra"));
    let nothing = nothing
        .body(&Form::content_type(), Form::new().finish())
        .send();
    assert!((400..500).contains(&nothing.status), "{}", nothing.shown());
    assert!(nothing.needs("content-type").starts_with("text/html"));
}

/// The shape that others build on: every name, its type, nothing missing.
#[track_caller]
pub fn report_shape(report: &Value) {
    assert_eq!(
        report["file"]["sha256"].as_str().map(str::len),
        Some(64),
        "{report:#}"
    );
    assert!(report["file"]["bytes"].is_u64(), "{report:#}");
    indication(&report["indication"]);
    for signature in report["signatures"]
        .as_array()
        .unwrap_or_else(|| panic!("{report:#}"))
    {
        indication(&signature["indication"]);
        assert!(
            signature["field"].is_string() && signature["format"].is_string(),
            "{signature:#}"
        );
        // Only PAdES has baseline levels.
        assert!(signature.get("level").is_some(), "{signature:#}");
        let signer = &signature["signer"];
        assert!(
            signer["serial"].is_string() && signer["issuer"].is_string(),
            "{signer:#}"
        );
        for name in ["common_name", "organization"] {
            assert!(signer.get(name).is_some(), "{name}: {signer:#}");
        }
        assert!(signature.get("claimed_at").is_some(), "{signature:#}");
        for stamp in signature["timestamps"].as_array().unwrap() {
            assert!(stamp["time"].is_string(), "{stamp:#}");
            indication(&stamp["indication"]);
        }
        one_of(&signature["coverage"], &["whole_file", "revision"]);
        one_of(
            &signature["changes_after"],
            &["none", "permitted", "forbidden"],
        );
        let algorithms = &signature["algorithms"];
        assert!(algorithms["digest"].is_string() && algorithms["signature"].is_string());
        assert!(algorithms["key_bits"].is_u64(), "{algorithms:#}");
        assert!(signature["reasons"].is_array(), "{signature:#}");
    }
}

#[track_caller]
fn indication(value: &Value) {
    one_of(value, &["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"]);
}

#[track_caller]
fn one_of(value: &Value, words: &[&str]) {
    assert!(
        value.as_str().is_some_and(|v| words.contains(&v)),
        "{value} is none of {words:?}"
    );
}

#[test]
fn the_report_by_api_is_the_same_raw_and_by_form() {
    let facts = shared();
    let signed = sample_file(facts);
    let url = facts.url("/api/v1/verify");
    let raw = Call::new("POST", &url)
        .body("application/pdf", signed.clone())
        .send()
        .expect(200);
    let form = Form::new()
        .file("file", "a.pdf", "application/pdf", &signed)
        .finish();
    let form = Call::new("POST", &url)
        .body(&Form::content_type(), form)
        .send()
        .expect(200);
    assert!(raw.needs("content-type").starts_with("application/json"));
    let mut reports = [raw.json(), form.json()];
    for report in &mut reports {
        report_shape(report);
        assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
        let signature = &report["signatures"][0];
        assert_eq!(signature["format"], "PAdES", "{signature:#}");
        assert_eq!(signature["level"], "B-T", "{signature:#}");
        assert_eq!(signature["coverage"], "whole_file", "{signature:#}");
        assert_eq!(signature["changes_after"], "none", "{signature:#}");
        assert_eq!(
            signature["timestamps"][0]["indication"], "TOTAL-PASSED",
            "{signature:#}"
        );
        report["validated_at"].take();
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn the_report_on_a_file_without_signatures_says_so() {
    let facts = shared();
    let call = Call::new("POST", facts.url("/api/v1/verify"));
    let answer = call
        .body("application/pdf", pdfs::page("plain", 0))
        .send()
        .expect(200);
    let report = answer.json();
    assert_eq!(report["indication"], "INDETERMINATE");
    assert_eq!(report["sub_indication"], "NO_SIGNATURE_FOUND");
    assert_eq!(report["signatures"], serde_json::json!([]));
    let empty = Call::new("POST", facts.url("/api/v1/verify")).body("application/pdf", Vec::new());
    let empty = empty.send();
    assert!(empty.status < 500, "{}", empty.shown());
    let odd = Call::new("POST", facts.url("/api/v1/verify"))
        .body("text/plain", b"x".to_vec())
        .send();
    assert_eq!(odd.status, 415, "{}", odd.shown());
}

#[test]
fn pages_answer_a_head_request() {
    let facts = shared();
    let id = facts.sample.verify_url.rsplit('/').next().unwrap();
    for path in [
        "/",
        "/kiem-tra",
        &format!("/v/{id}"),
        "/log/checkpoint",
        "/assets/antin.css",
    ] {
        let answer = Call::new("HEAD", facts.url(path)).send();
        assert_eq!(answer.status, 200, "HEAD {path}: {}", answer.shown());
        assert!(answer.body.is_empty(), "HEAD {path}");
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let facts = shared();
    let check = |method: &'static str, path: &str, right: &str| {
        let mut call = Call::new(method, facts.url(path));
        if matches!(method, "POST" | "PUT" | "PATCH") {
            call = call.body("text/plain", Vec::new());
        }
        let answer = call.send();
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.shown());
        let allow = answer.needs("allow");
        assert!(
            allow.split(',').any(|m| m.trim() == right),
            "{method} {path}: Allow: {allow}"
        );
    };
    check("DELETE", "/kiem-tra", "POST");
    check("POST", "/v/aaaaaaaaaaaaaaaaaaaaaaaaaa", "GET");
    check("GET", "/api/v1/results", "POST");
    check("GET", "/api/v1/verify", "POST");
    check("PUT", "/api/v1/results/01ARZ3NDEKTSV4RRFFQ69G5FAV", "GET");
    check("GET", "/api/v1/sweeps", "POST");
    check("POST", "/log/checkpoint", "GET");
    check("DELETE", "/", "GET");
}

#[test]
fn every_page_is_closed_against_strangers_content() {
    let facts = shared();
    let id = facts.sample.verify_url.rsplit('/').next().unwrap();
    for path in [
        "/",
        "/kiem-tra",
        &format!("/v/{id}"),
        "/v/none",
        "/khong-co",
    ] {
        let answer = facts.get(path);
        let policy = answer.needs("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval'"),
            "{policy}"
        );
        assert_eq!(answer.needs("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.needs("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.needs("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        answer.needs("permissions-policy");

        let page = answer.text();
        for forbidden in [
            " style=\"",
            "<style",
            " onclick=",
            " onload=",
            "javascript:",
        ] {
            assert!(!page.contains(forbidden), "{path}: {forbidden}");
        }
        for script in page.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(
                tag.contains(" src=\"/") && rest.starts_with("</script>"),
                "{path}: {script}"
            );
        }
        // Addresses of others in attributes: nothing is loaded from elsewhere.
        for outside in ["src=\"http", "href=\"//", "src=\"//"] {
            assert!(!page.contains(outside), "{path}: {outside}");
        }
    }
}

#[test]
fn assets_are_named_typed_and_kept() {
    let facts = shared();
    for (path, kind) in [
        ("/assets/antin.css", "text/css"),
        ("/assets/check.js", "text/javascript"),
        ("/assets/logo.svg", "image/svg+xml"),
        ("/assets/favicon.svg", "image/svg+xml"),
    ] {
        let answer = facts.get(path).expect(200);
        assert!(
            answer.needs("content-type").starts_with(kind),
            "{path}: {}",
            answer.needs("content-type")
        );
        let etag = answer.needs("etag").to_owned();
        Call::get(facts.url(path))
            .header("If-None-Match", &etag)
            .send()
            .expect(304);
    }
    facts.get("/assets/../Cargo.toml").expect(404);
    facts.get("/assets/none.css").expect(404);
}
