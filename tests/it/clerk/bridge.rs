//! The bridge to signing programs: the file goes out, and only the same file with one good signature comes back in.

use antin::pdf;
use antin::pki::cert::list_from_pem;
use antin::pki::crypto::SignatureAlgorithm;
use antin::record::UtcTime;
use antin::sign::{Signature, Signer, Upload, prepare};
use serde_json::{Value, json};

use super::problem;
use crate::world::demo::Clerk;
use crate::world::tiles::Checkpoint;
use crate::world::{
    Answer, Call, Facts, Filing, Form, Person, Receipt, World, merkle, pdfs, shared,
};

/// What the signing program does with a file: one more signature, nothing else.
fn signed_by(person: &Person, file: &[u8]) -> Vec<u8> {
    let certificates = list_from_pem(person.pem.as_bytes()).unwrap();
    let algorithm = SignatureAlgorithm::natural_for(certificates[0].key_facts()).unwrap();
    let signer = Signer {
        certificate: &certificates[0],
        chain: &certificates[1..],
        algorithm,
        name: "VGCA",
        token_bytes_max: 0,
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = UtcTime::from_unix_s(i64::try_from(now.as_secs()).unwrap()).unwrap();
    let limits = pdf::Limits::default();
    let prepared = prepare(
        Upload::from(file.to_vec()),
        |bytes| pdf::inspect(bytes, &limits),
        &signer,
        at,
    )
    .unwrap();
    let signature = person.sign(prepared.to_sign());
    let sealed = prepared.signed(Signature(signature)).complete(None);
    sealed.unwrap().into_bytes()
}

struct Out {
    id: String,
    shown: Value,
    file_url: String,
    upload_url: String,
}

#[track_caller]
fn open(facts: &Facts, clerk: &Clerk, filing: &Filing, options: &Value) -> Out {
    let form = Form::new()
        .text(
            "record",
            "application/json",
            &serde_json::to_vec(&filing.record).unwrap(),
        )
        .text(
            "options",
            "application/json",
            options.to_string().as_bytes(),
        )
        .file("file", &filing.file_name, "application/pdf", &filing.pdf);
    let shown = Call::new("POST", facts.url("/api/v1/bridge/sessions"))
        .bearer(&clerk.api_key)
        .body(&Form::content_type(), form.finish())
        .send()
        .expect(201)
        .json();
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    Out {
        id: text("id"),
        file_url: text("file_url"),
        upload_url: text("upload_url"),
        shown,
    }
}

/// As the program posts it: one part with a file name, called as the program likes.
fn post_back(out: &Out, file: &[u8]) -> Answer {
    let form = Form::new().file("uploadfile", "van-ban.signed.pdf", "application/pdf", file);
    Call::new("POST", out.upload_url.clone())
        .body(&Form::content_type(), form.finish())
        .send()
        .expect(200)
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    let said = answer.json();
    assert_eq!(said["Status"], false, "{said:#}");
    assert_eq!(said["Code"], code, "{said:#}");
    assert!(said["Message"].as_str().unwrap().len() > 20, "{said:#}");
    assert_eq!(said["FileName"], "");
}

#[track_caller]
fn session(facts: &Facts, clerk: &Clerk, out: &Out) -> Value {
    let path = format!("/api/v1/bridge/sessions/{}", out.id);
    facts.get_as(&clerk.api_key, &path).expect(200).json()
}

#[test]
fn a_file_goes_out_comes_back_signed_and_is_archived() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let filing = Filing::new(clerk);
    let options = json!({ "method": "issued", "certificate_sha256": person.certificate_sha256() });
    let out = open(facts, clerk, &filing, &options);
    let params = &out.shown["params"];
    assert_eq!(out.shown["function"], "vgca_sign_issued");
    assert_eq!(params["FileName"], out.file_url.as_str());
    assert_eq!(params["FileUploadHandler"], out.upload_url.as_str());
    assert_eq!(params["DocNumber"], filing.record["number"]);
    assert_eq!(params["MetaData"][0]["Value"], out.id.as_str());
    assert_eq!(session(facts, clerk, &out)["state"], "open");

    let head = Call::new("HEAD", out.file_url.clone()).send().expect(200);
    assert_eq!(head.needs("content-length"), filing.pdf.len().to_string());
    let file = Call::get(out.file_url.clone()).send().expect(200).body;
    assert_eq!(file, filing.pdf);
    assert_eq!(session(facts, clerk, &out)["state"], "fetched");

    let signed = signed_by(&person, &file);
    let said = post_back(&out, &signed).json();
    assert_eq!(said["Status"], true, "{said:#}");
    let done = session(facts, clerk, &out);
    assert_eq!(done["state"], "done");
    let receipt: Receipt = serde_json::from_value(done["receipt"].clone()).unwrap();
    assert_eq!(said["FileServer"], receipt.verify_url.as_str());
    assert_eq!(receipt.sha256, merkle::hex(&merkle::sha256(&signed)));
    assert_eq!(receipt.level, "B-B", "it carried no time-stamp");
    let path = format!(
        "/api/v1/results/{}/file?version={}",
        receipt.id, receipt.log_index
    );
    assert_eq!(facts.get_as(&clerk.api_key, &path).expect(200).body, signed);
}

#[test]
fn the_seal_follows_where_it_was_asked_for() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let filing = Filing::new(clerk);
    let out = open(facts, clerk, &filing, &json!({ "then_seal": true }));
    let said = post_back(&out, &signed_by(&person, &filing.pdf)).json();
    assert_eq!(said["Status"], true, "{said:#}");
    let done = session(facts, clerk, &out);
    assert_eq!(done["receipt"]["level"], "B-T");
    let id = done["receipt"]["id"].as_str().unwrap();
    let path = format!("/api/v1/results/{id}/file");
    let file = facts.get_as(&clerk.api_key, &path).expect(200).body;
    let report = Call::new("POST", facts.url("/api/v1/verify"))
        .body("application/pdf", file)
        .send()
        .expect(200)
        .json();
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    assert_eq!(report["signatures"].as_array().unwrap().len(), 2);
}

#[test]
fn one_time_addresses_are_good_once_and_for_one_thing() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let filing = Filing::new(clerk);
    let out = open(facts, clerk, &filing, &json!({}));
    Call::get(out.file_url.clone()).send().expect(200);
    for _ in 0..2 {
        let again = Call::get(out.file_url.clone()).send();
        problem(&again, 410, "token_used");
    }
    let token = |url: &str| {
        let last = url.rsplit('/').next().unwrap();
        last.trim_end_matches(".pdf").to_owned()
    };
    // Each token opens one door only.
    let (file_token, upload_token) = (token(&out.file_url), token(&out.upload_url));
    assert_eq!(file_token.len(), 96);
    assert_ne!(file_token, upload_token);
    let crossed = Call::get(facts.url(&format!("/bridge/files/{upload_token}"))).send();
    problem(&crossed, 404, "not_found");
    let mut guessed = upload_token.clone();
    let last = if guessed.ends_with('0') { "1" } else { "0" };
    guessed.replace_range(95.., last);
    let signed = signed_by(&person, &filing.pdf);
    for wrong in [file_token, guessed, "00".into(), "x".repeat(96)] {
        let other = Out {
            id: out.id.clone(),
            shown: Value::Null,
            file_url: String::new(),
            upload_url: facts.url(&format!("/bridge/upload/{wrong}")),
        };
        refused(&post_back(&other, &signed), "not_found");
    }
    let size = Checkpoint::fetch(facts).size;
    assert_eq!(post_back(&out, &signed).json()["Status"], true);
    refused(&post_back(&out, &signed), "token_used");
    assert!(Checkpoint::fetch(facts).size > size);
}

/// A session of its own for each: what is refused ends it.
#[track_caller]
fn check_refused(code: &str, options: &Value, change: impl Fn(&Filing) -> Vec<u8>) {
    let facts = shared();
    let clerk = facts.clerk("district");
    let filing = Filing::new(clerk);
    let out = open(facts, clerk, &filing, options);
    let came_back = change(&filing);
    refused(&post_back(&out, &came_back), code);
    let state = session(facts, clerk, &out);
    assert_eq!(state["state"], "refused");
    assert_eq!(state["problem"]["code"], code, "{state:#}");
    assert_eq!(state["receipt"], Value::Null);
    // Nothing of it is archived, and the address is used up.
    let report = Call::new("POST", facts.url("/kiem-tra"))
        .body("application/pdf", came_back.clone())
        .send();
    assert!(!report.text().contains("/v/"), "it was archived");
    refused(&post_back(&out, &came_back), "token_used");
}

#[test]
fn what_comes_back_changed_is_refused_and_nothing_is_kept() {
    let facts = shared();
    let person = Person::of_demo(facts, "signatory-district");
    let none = json!({});
    check_refused("returned_other_document", &none, |f| {
        // Saved anew: another file with the same page.
        signed_by(&person, &pdfs::page("Another decision", f.pdf.len()))
    });
    check_refused("returned_other_document", &none, |f| f.pdf.clone());
    check_refused("returned_other_document", &none, |f| {
        let mut signed = signed_by(&person, &f.pdf);
        let at = pdfs::find(&signed, b"Decision").unwrap();
        signed[at] = b'd';
        signed
    });
    check_refused("returned_signature_count", &none, |f| {
        signed_by(&person, &signed_by(&person, &f.pdf))
    });
    check_refused("returned_changed", &none, |f| {
        signed_by(&person, &with_other_page(&f.pdf))
    });
    check_refused("returned_not_whole", &none, |f| {
        [signed_by(&person, &f.pdf), b"% more\n".to_vec()].concat()
    });
    check_refused("returned_signature_wrong", &none, |f| {
        let mut signed = signed_by(&person, &f.pdf);
        // A digit of the claimed time, which the signature covers.
        let at = pdfs::find(&signed, b"/M (D:20").unwrap() + 9;
        signed[at] = if signed[at] == b'0' { b'1' } else { b'0' };
        signed
    });
}

#[test]
fn what_an_unexpected_certificate_signed_is_refused() {
    let facts = shared();
    let person = Person::of_demo(facts, "signatory-district");
    let stranger = Person::of_demo(facts, "seal-commune");
    let other_office = Person::of_demo(facts, "signatory-province");
    let none = json!({});
    check_refused("returned_other_certificate", &none, |f| {
        signed_by(&stranger, &f.pdf)
    });
    check_refused("returned_other_certificate", &none, |f| {
        signed_by(&other_office, &f.pdf)
    });
    let wanted = json!({ "certificate_sha256": "0".repeat(64) });
    check_refused("returned_other_certificate", &wanted, |f| {
        signed_by(&person, &f.pdf)
    });
}

/// One more revision that draws something else (ISO 32000-1 7.5.6).
fn with_other_page(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    let previous = text
        .rsplit("startxref\n")
        .next()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let content = "BT /F1 14 Tf 72 760 Td (Something else) Tj ET\n";
    let mut out = file.to_vec();
    let at = out.len();
    out.extend_from_slice(
        format!(
            "4 0 obj\n<< /Length {} >>\nstream\n{content}endstream\nendobj\n",
            content.len()
        )
        .as_bytes(),
    );
    let table = out.len();
    out.extend_from_slice(
        format!(
            "xref\n4 1\n{at:010} 00000 n \ntrailer\n<< /Size 6 /Root 1 0 R /Prev {previous} >>\nstartxref\n{table}\n%%EOF\n"
        )
        .as_bytes(),
    );
    out
}

#[test]
fn another_office_sees_nothing_of_a_session_and_a_restart_changes_nothing() {
    let mut world = World::demo();
    let clerk = world.facts.clerk("district").clone();
    let person = Person::of_demo(&world.facts, "signatory-district");
    let filing = Filing::new(&clerk);
    let out = open(&world.facts, &clerk, &filing, &json!({}));
    let path = format!("/api/v1/bridge/sessions/{}", out.id);
    let other = world.facts.clerk("commune").clone();
    let hidden = world.facts.get_as(&other.api_key, &path);
    problem(&hidden, 404, "not_found");
    Call::get(out.file_url.clone()).send().expect(200);
    world.kill();
    world.start(&[]);
    let facts = world.facts.clone();
    let again = Call::get(out.file_url.clone()).send();
    problem(&again, 410, "token_used");
    let said = post_back(&out, &signed_by(&person, &filing.pdf)).json();
    assert_eq!(said["Status"], true, "{said:#}");
    assert_eq!(session(&facts, &clerk, &out)["state"], "done");
    crate::auditor::clean(&crate::auditor::sweep(&facts));
}
