//! What is refused, and that every refusal says in words what is wrong and what to do.

use serde_json::{Value, json};

use crate::world::{Answer, Call, Filing, Form, World, http, pdfs, shared};

/// RFC 9457 with the parts that are our own: a stable code and a remedy.
#[track_caller]
pub fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.shown());
    assert!(
        answer
            .needs("content-type")
            .starts_with("application/problem+json")
    );
    let body = answer.json();
    assert_eq!(body["status"], status, "{body:#}");
    assert_eq!(body["code"], code, "{body:#}");
    for part in ["type", "title", "detail", "remedy", "instance"] {
        assert!(
            body[part].as_str().is_some_and(|t| t.len() > 1),
            "no {part}: {body:#}"
        );
    }
    body
}

#[test]
fn who_does_not_say_who_they_are_is_told_to() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    let url = facts.url("/api/v1/results");
    let without = Call::new("POST", &url).header("Idempotency-Key", &filing.quoted_key());
    let answer = without.body(&Form::content_type(), filing.body()).send();
    problem(&answer, 401, "unauthorized");
    assert!(
        answer.needs("www-authenticate").starts_with("Bearer"),
        "{}",
        answer.shown()
    );

    let mut stranger = clerk.clone();
    stranger.api_key = format!("{}x", clerk.api_key);
    problem(
        &filing.send(&facts.base_url, &stranger),
        401,
        "unauthorized",
    );
    problem(
        &facts.get_as("", "/api/v1/results/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        401,
        "unauthorized",
    );
}

#[test]
fn an_auditor_files_nothing() {
    let facts = shared();
    let mut auditor = facts.quick_clerk().clone();
    let filing = Filing::new(&auditor);
    auditor.api_key.clone_from(&facts.auditor.api_key);
    problem(&filing.send(&facts.base_url, &auditor), 403, "forbidden");
}

#[test]
fn a_request_without_an_idempotency_key_is_refused() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let call = || Call::new("POST", facts.url("/api/v1/results")).bearer(&clerk.api_key);
    let body = Filing::new(clerk).body();
    let missing = call().body(&Form::content_type(), body.clone()).send();
    problem(&missing, 400, "idempotency_key_missing");
    let odd = call()
        .header("Idempotency-Key", "\"\"")
        .body(&Form::content_type(), body)
        .send();
    problem(&odd, 400, "idempotency_key_invalid");
}

#[test]
fn a_form_without_its_parts_is_refused() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    let record = serde_json::to_vec(&filing.record).unwrap();
    let send = |content_type: &str, body: Vec<u8>| {
        Call::new("POST", facts.url("/api/v1/results"))
            .bearer(&clerk.api_key)
            .header("Idempotency-Key", &Filing::new(clerk).quoted_key())
            .body(content_type, body)
            .send()
    };
    let form = Form::content_type();
    let no_file = Form::new()
        .text("record", "application/json", &record)
        .finish();
    problem(&send(&form, no_file), 400, "file_missing");
    let no_record = Form::new()
        .file("file", "a.pdf", "application/pdf", &filing.pdf)
        .finish();
    problem(&send(&form, no_record), 400, "record_missing");
    problem(
        &send(&form, b"not a form at all".to_vec()),
        400,
        "multipart_invalid",
    );
    let no_form = send("application/json", record);
    assert!(matches!(no_form.status, 400 | 415), "{}", no_form.shown());
}

/// Posts the usual record with one change and expects one problem at this place.
#[track_caller]
fn field(pointer: &str, code: &str, change: impl Fn(&mut Value)) {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let mut filing = Filing::new(clerk);
    change(&mut filing.record);

    let vietnamese = filing.send(&facts.base_url, clerk);
    let body = problem(&vietnamese, 422, "record_invalid");
    let said = entry(&body, pointer, code);

    let english = filing
        .call(&facts.base_url, clerk)
        .header("Accept-Language", "en-GB,en;q=0.9");
    let english = problem(&english.send(), 422, "record_invalid");
    assert_ne!(
        said,
        entry(&english, pointer, code),
        "one sentence in both languages"
    );
    assert_ne!(body["title"], english["title"]);
    assert_ne!(body["remedy"], english["remedy"]);
    assert!(
        is_vietnamese(&body) && !is_vietnamese(&english),
        "{body:#}\n{english:#}"
    );
}

#[track_caller]
fn entry(body: &Value, pointer: &str, code: &str) -> String {
    let errors = body["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no errors: {body:#}"));
    let found = errors
        .iter()
        .find(|e| e["pointer"] == pointer && e["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code} at {pointer}: {body:#}"));
    found["detail"].as_str().unwrap().to_owned()
}

/// Vietnamese cannot be written without these letters for long.
fn is_vietnamese(body: &Value) -> bool {
    let text = format!("{} {}", body["title"], body["remedy"]);
    text.chars()
        .any(|c| "ảạấầậắăâđêếềệễôốộơớợưứửữịọụủỉ".contains(c))
}

#[test]
fn each_field_of_the_record_is_held_to_its_rule() {
    field("/dossier_code", "dossier_code_pattern", |r| {
        r["dossier_code"] = "H49-1-1".into()
    });
    field("/dossier_code", "dossier_code_date", |r| {
        r["dossier_code"] = "H49-260231-0001".into()
    });
    field("/procedure_code", "procedure_code_pattern", |r| {
        r["procedure_code"] = "1.0".into()
    });
    field("/result_kind", "result_kind_pattern", |r| {
        r["result_kind"] = "KQ.1".into()
    });
    field("/number", "document_number_pattern", |r| {
        r["number"] = "QĐ-UBND".into()
    });
    field("/issued_on", "date_invalid", |r| {
        r["issued_on"] = "2026-02-30".into()
    });
    field("/issued_on", "issued_on_in_future", |r| {
        r["issued_on"] = "2999-01-01".into()
    });
    field("/title", "text_empty", |r| r["title"] = "  ".into());
    field("/title", "text_too_long", |r| {
        r["title"] = "a".repeat(501).into()
    });
    field("/title", "text_expected", |r| r["title"] = 5.into());
    field("/owner/personal_id", "personal_id_pattern", |r| {
        r["owner"]["personal_id"] = "12".into()
    });
    field("/owner", "owner_id_missing", |r| {
        r["owner"] = json!({ "name": "Trần Văn B" })
    });
    field("/owner/tax_code", "tax_code_check_digit", |r| {
        r["owner"] = json!({ "name": "Công ty B", "tax_code": "0100686208" });
    });
    field("/validity", "validity_both", |r| {
        r["validity"]["until"] = "2030-01-01".into()
    });
    field("/validity/until", "validity_before_issue", |r| {
        r["validity"] = json!({ "until": "2020-01-01" });
    });
    field("/origin", "origin_unknown", |r| {
        r["origin"] = "photocopy".into()
    });
    field("/origin", "missing_field", |r| {
        drop(r.as_object_mut().unwrap().remove("origin"))
    });
    field("/colour", "unknown_field", |r| r["colour"] = "red".into());
}

#[test]
fn all_wrong_fields_are_told_at_once_and_name_nobody() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let mut filing = Filing::new(clerk);
    filing.record["procedure_code"] = "?".into();
    filing.record["number"] = "?".into();
    filing.record["owner"]["personal_id"] = "02219000123".into();
    let answer = filing.send(&facts.base_url, clerk);
    let body = problem(&answer, 422, "record_invalid");
    assert_eq!(body["errors"].as_array().unwrap().len(), 3, "{body:#}");
    assert!(!answer.text().contains("02219000123"), "{body:#}");
}

#[test]
fn what_cannot_be_signed_is_refused_before_a_key_is_touched() {
    let world = World::demo();
    let facts = &world.facts;
    let clerk = facts.quick_clerk();
    let before = signings(facts);
    for (code, pdf) in pdfs::unsignable() {
        let mut filing = Filing::new(clerk);
        filing.pdf = pdf;
        let vietnamese = problem(&filing.send(&facts.base_url, clerk), 422, code);
        let english = filing
            .call(&facts.base_url, clerk)
            .header("Accept-Language", "en")
            .send();
        let english = problem(&english, 422, code);
        assert_ne!(vietnamese["detail"], english["detail"], "{code}");
        assert_ne!(vietnamese["remedy"], english["remedy"], "{code}");
    }
    assert_eq!(
        signings(facts),
        before,
        "a key was used for a file that was refused"
    );
    Filing::new(clerk).accepted(&facts.base_url, clerk);
    assert_ne!(
        signings(facts),
        before,
        "the counter of signatures does not count"
    );
}

/// The lines of `/metrics` that count what keys did.
fn signings(facts: &crate::world::Facts) -> Vec<String> {
    let metrics = Call::get(facts.admin("/metrics")).send().expect(200).text();
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("antin_signatures_total"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_file_beyond_the_limit_is_refused_with_the_limit_in_words() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let mut filing = Filing::new(clerk);
    // 50 MiB is the default limit.
    filing.pdf = pdfs::page("large", 0);
    filing.pdf.resize(51 * 1024 * 1024, b'\n');
    let body = filing.body();
    let mut request = format!(
        "POST /api/v1/results HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: \"{}\"\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        clerk.api_key,
        filing.key,
        Form::content_type(),
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    let answer = http::raw(&facts.base_url, request);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("_too_large\""), "{answer}");
}
