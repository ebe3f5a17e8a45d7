//! Batches: a list, its files, one consent; every item exactly once, whatever happens in between.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::problem;
use crate::auditor::{clean, sweep};
use crate::world::authority::Authority;
use crate::world::demo::Clerk;
use crate::world::live::Live;
use crate::world::tiles::Checkpoint;
use crate::world::{
    Answer, Call, Facts, Filing, Person, Receipt, World, merkle, pdfs, shared, tools, wait,
};

struct Batch {
    id: String,
    filings: Vec<Filing>,
    shown: Value,
}

fn list(filings: &[Filing]) -> Value {
    let items: Vec<Value> = filings
        .iter()
        .map(|f| {
            json!({
                "ref": f.key,
                "record": f.record,
                "sha256": merkle::hex(&merkle::sha256(&f.pdf)),
            })
        })
        .collect();
    json!({ "items": items })
}

fn create_call(facts: &Facts, clerk: &Clerk, key: &str, list: &Value) -> Answer {
    Call::new("POST", facts.url("/api/v1/batches"))
        .bearer(&clerk.api_key)
        .header("Idempotency-Key", &format!("\"{key}\""))
        .body("application/json", list.to_string().into_bytes())
        .send()
}

#[track_caller]
fn create(facts: &Facts, clerk: &Clerk, filings: Vec<Filing>) -> Batch {
    let key = format!("batch-{}", filings[0].key);
    let shown = create_call(facts, clerk, &key, &list(&filings))
        .expect(201)
        .json();
    Batch {
        id: shown["id"].as_str().unwrap().to_owned(),
        filings,
        shown,
    }
}

fn put(facts: &Facts, clerk: &Clerk, batch: &Batch, number: usize, file: &[u8]) -> Answer {
    let path = format!("/api/v1/batches/{}/items/{number}/file", batch.id);
    Call::new("PUT", facts.url(&path))
        .bearer(&clerk.api_key)
        .body("application/pdf", file.to_vec())
        .send()
}

#[track_caller]
fn put_all(facts: &Facts, clerk: &Clerk, batch: &Batch) {
    for (number, filing) in batch.filings.iter().enumerate() {
        put(facts, clerk, batch, number, &filing.pdf).expect(204);
    }
}

fn consent_call(facts: &Facts, clerk: &Clerk, batch: &Batch, consent: &Value) -> Answer {
    let path = format!("/api/v1/batches/{}/consent", batch.id);
    Call::new("POST", facts.url(&path))
        .bearer(&clerk.api_key)
        .body("application/json", consent.to_string().into_bytes())
        .send()
}

fn consent_to(shown: &Value) -> Value {
    json!({
        "count": shown["count"],
        "list_sha256": shown["list_sha256"],
        "certificate_sha256": shown["certificate_sha256"],
    })
}

#[track_caller]
fn look(facts: &Facts, clerk: &Clerk, batch: &Batch) -> Value {
    let path = format!("/api/v1/batches/{}", batch.id);
    facts.get_as(&clerk.api_key, &path).expect(200).json()
}

#[track_caller]
fn until_ended(facts: &Facts, clerk: &Clerk, batch: &Batch) -> Value {
    wait::until("the end of the batch", 120, || {
        let now = look(facts, clerk, batch);
        let is_over = now["state"] != "running" && now["state"] != "cancelling";
        is_over.then_some(now)
    })
}

/// Every item, through all pages.
#[track_caller]
fn items(facts: &Facts, clerk: &Clerk, batch: &Batch, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/api/v1/batches/{}/items?limit={limit}", batch.id);
    loop {
        let page = facts.get_as(&clerk.api_key, &path).expect(200).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_u64() {
            Some(next) => {
                path = format!(
                    "/api/v1/batches/{}/items?limit={limit}&after={next}",
                    batch.id
                );
            }
            None => return all,
        }
    }
}

/// Every item done, each once, with its own file.
#[track_caller]
fn all_done(facts: &Facts, clerk: &Clerk, batch: &Batch, items: &[Value]) {
    assert_eq!(items.len(), batch.filings.len());
    let mut indexes = BTreeSet::new();
    for (item, filing) in items.iter().zip(&batch.filings) {
        assert_eq!(item["ref"], filing.key.as_str());
        let receipt: Receipt = serde_json::from_value(item["receipt"].clone())
            .unwrap_or_else(|e| panic!("{e}: {item:#}"));
        assert!(indexes.insert(receipt.log_index), "twice: {item:#}");
        let path = format!(
            "/api/v1/results/{}/file?version={}",
            receipt.id, receipt.log_index
        );
        let file = facts.get_as(&clerk.api_key, &path).expect(200).body;
        assert!(file.starts_with(&filing.pdf), "{item:#}");
        assert_eq!(merkle::hex(&merkle::sha256(&file)), receipt.sha256);
    }
}

#[test]
fn a_batch_is_signed_after_one_consent_and_an_error_stops_no_other_item() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let mut filings: Vec<Filing> = (0..12).map(|_| Filing::new(clerk)).collect();
    // Four that can't be signed, each for its own reason.
    filings[3].pdf = b"not a PDF at all, but long enough to be one".to_vec();
    filings[5].record["issued_on"] = "2199-01-01".into();
    filings[7].pdf = pdfs::unsignable().remove(0).1;
    filings[8].key = "=HYPERLINK(\"http://x\")".into();
    let batch = create(facts, clerk, filings);
    assert_eq!(batch.shown["state"], "draft");
    assert_eq!(batch.shown["count"], 12);
    assert_eq!(batch.shown["files"], 0);
    put_all(facts, clerk, &batch);
    assert_eq!(look(facts, clerk, &batch)["files"], 12);
    let accepted = consent_call(facts, clerk, &batch, &consent_to(&batch.shown)).expect(202);
    assert_eq!(
        accepted.needs("location"),
        format!("/api/v1/batches/{}", batch.id)
    );

    let ended = until_ended(facts, clerk, &batch);
    assert_eq!(ended["state"], "done", "{ended:#}");
    assert_eq!(ended["counts"]["done"], 9, "{ended:#}");
    assert_eq!(ended["counts"]["refused"], 3, "{ended:#}");
    let items = items(facts, clerk, &batch, 5);
    for (number, item) in items.iter().enumerate() {
        assert_eq!(item["number"], number);
        let wanted = if [3, 5, 7].contains(&number) {
            "refused"
        } else {
            "done"
        };
        assert_eq!(item["state"], wanted, "{item:#}");
    }
    assert_eq!(items[3]["problem"]["code"], "pdf_not_pdf");
    assert_eq!(items[5]["problem"]["code"], "record_invalid");
    assert_eq!(items[5]["problem"]["errors"][0]["pointer"], "/issued_on");

    let path = format!("/api/v1/batches/{}/result", batch.id);
    let lines = facts.get_as(&clerk.api_key, &format!("{path}.jsonl"));
    let lines = lines.expect(200).text();
    let parsed: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed, items);
    let table = facts.get_as(&clerk.api_key, &format!("{path}.csv"));
    let table = table.expect(200);
    assert!(table.body.starts_with(&[0xEF, 0xBB, 0xBF]), "no mark");
    let rows: Vec<String> = table.text().lines().map(str::to_owned).collect();
    assert_eq!(rows.len(), 13);
    assert!(rows[9].starts_with("\"8\",\"'=HYPERLINK(\"\"http://x\"\")\",\"done\""));
    assert!(rows[4].contains("pdf_not_pdf"), "{}", rows[4]);
    let first = items[0]["receipt"]["verify_url"].as_str().unwrap();
    assert!(rows[1].contains(first));
}

#[test]
fn consent_is_to_what_was_shown_and_to_all_of_it() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let batch = create(facts, clerk, (0..2).map(|_| Filing::new(clerk)).collect());
    let good = consent_to(&batch.shown);
    let missing = consent_call(facts, clerk, &batch, &good);
    problem(&missing, 409, "batch_files_missing");
    put(facts, clerk, &batch, 0, &batch.filings[0].pdf).expect(204);
    let other = put(facts, clerk, &batch, 1, &batch.filings[0].pdf);
    problem(&other, 422, "batch_file_mismatch");
    let nowhere = put(facts, clerk, &batch, 2, &batch.filings[0].pdf);
    problem(&nowhere, 404, "not_found");
    let states: Vec<Value> = items(facts, clerk, &batch, 10)
        .iter()
        .map(|item| item["state"].clone())
        .collect();
    assert_eq!(states, ["waiting", "without_file"]);
    put(facts, clerk, &batch, 1, &batch.filings[1].pdf).expect(204);
    put(facts, clerk, &batch, 1, &batch.filings[1].pdf).expect(204);

    for (name, value, code) in [
        ("count", json!(1), "batch_list_differs"),
        ("list_sha256", json!("0".repeat(64)), "batch_list_differs"),
        (
            "certificate_sha256",
            json!("0".repeat(64)),
            "batch_certificate_differs",
        ),
    ] {
        let mut wrong = good.clone();
        wrong[name] = value;
        problem(&consent_call(facts, clerk, &batch, &wrong), 409, code);
    }
    assert_eq!(look(facts, clerk, &batch)["state"], "draft");
    consent_call(facts, clerk, &batch, &good).expect(202);
    let ended = until_ended(facts, clerk, &batch);
    assert_eq!(ended["counts"]["done"], 2, "{ended:#}");
    all_done(facts, clerk, &batch, &items(facts, clerk, &batch, 1));
    let late = consent_call(facts, clerk, &batch, &good);
    problem(&late, 409, "batch_state");
    let late = put(facts, clerk, &batch, 0, &batch.filings[0].pdf);
    problem(&late, 409, "batch_state");
}

#[test]
fn a_list_is_checked_whole_and_created_once() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let filings: Vec<Filing> = (0..3).map(|_| Filing::new(clerk)).collect();
    let good = list(&filings);
    let key = format!("list-{}", filings[0].key);
    let first = create_call(facts, clerk, &key, &good).expect(201);
    let again = create_call(facts, clerk, &key, &good).expect(201);
    assert_eq!(again.text(), first.text());
    assert_eq!(again.needs("idempotency-replayed"), "true");
    let mut other = good.clone();
    other["items"][0]["ref"] = "another".into();
    let reused = create_call(facts, clerk, &key, &other);
    problem(&reused, 422, "idempotency_key_reused");

    let mut wrong = good.clone();
    wrong["items"][1]["record"]["dossier_code"] = "x".into();
    wrong["items"][2]["record"]["owner"] = Value::Null;
    let refused = create_call(facts, clerk, "w1", &wrong);
    let body = problem(&refused, 422, "batch_list_invalid");
    let pointers: BTreeSet<String> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        pointers.contains("/items/1/record/dossier_code")
            && pointers.iter().any(|p| p.starts_with("/items/2/record")),
        "{pointers:?}"
    );
    let mut twice = good.clone();
    twice["items"][1]["ref"] = twice["items"][0]["ref"].clone();
    let refused = create_call(facts, clerk, "w2", &twice);
    let body = problem(&refused, 422, "batch_list_invalid");
    assert_eq!(body["errors"][0]["code"], "ref_twice");
    let refused = create_call(facts, clerk, "w3", &json!({ "items": [] }));
    problem(&refused, 422, "batch_empty");
    let refused = create_call(facts, clerk, "w4", &json!({ "things": [] }));
    problem(&refused, 400, "request_invalid");
}

#[test]
fn another_office_sees_nothing_of_a_batch() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let batch = create(facts, clerk, vec![Filing::new(clerk)]);
    let other = facts.clerk("province");
    let path = format!("/api/v1/batches/{}", batch.id);
    for tail in ["", "/items", "/result.jsonl", "/result.csv"] {
        let hidden = facts.get_as(&other.api_key, &format!("{path}{tail}"));
        problem(&hidden, 404, "not_found");
    }
    let stolen = put(facts, other, &batch, 0, &batch.filings[0].pdf);
    problem(&stolen, 404, "not_found");
    let stolen = consent_call(facts, other, &batch, &consent_to(&batch.shown));
    problem(&stolen, 404, "not_found");
    let stolen = Call::new("DELETE", facts.url(&path))
        .bearer(&other.api_key)
        .send();
    problem(&stolen, 404, "not_found");
    facts.get_as(&facts.auditor.api_key, &path).expect(403);
    Call::get(facts.url(&path)).send().expect(401);
}

#[test]
fn cancelling_leaves_what_is_not_begun() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let draft = create(facts, clerk, vec![Filing::new(clerk)]);
    put_all(facts, clerk, &draft);
    let cancel = |batch: &Batch| {
        let path = format!("/api/v1/batches/{}", batch.id);
        Call::new("DELETE", facts.url(&path))
            .bearer(&clerk.api_key)
            .send()
    };
    let shown = cancel(&draft).expect(200).json();
    assert_eq!(shown["state"], "cancelled");
    assert_eq!(shown["counts"]["cancelled"], 1);
    let late = consent_call(facts, clerk, &draft, &consent_to(&draft.shown));
    problem(&late, 409, "batch_state");

    let filings = (0..120).map(|_| Filing::new(clerk)).collect();
    let batch = create(facts, clerk, filings);
    put_all(facts, clerk, &batch);
    consent_call(facts, clerk, &batch, &consent_to(&batch.shown)).expect(202);
    cancel(&batch).expect(200);
    let ended = until_ended(facts, clerk, &batch);
    let counts = &ended["counts"];
    let (done, cancelled) = (
        counts["done"].as_u64().unwrap(),
        counts["cancelled"].as_u64().unwrap(),
    );
    assert_eq!(done + cancelled, 120, "{ended:#}");
    assert!(cancelled > 0, "nothing was left to cancel: {ended:#}");
    assert_eq!(ended["state"], "cancelled");
    let states = items(facts, clerk, &batch, 500);
    let of = |state: &str| states.iter().filter(|i| i["state"] == state).count() as u64;
    assert_eq!((of("done"), of("cancelled")), (done, cancelled));
}

#[test]
fn a_kill_in_the_middle_leaves_every_item_done_exactly_once() {
    let mut world = World::demo();
    let clerk = world.facts.clerk("district").clone();
    let filings = (0..150).map(|_| Filing::sized(&clerk, 3_000)).collect();
    let batch = create(&world.facts, &clerk, filings);
    put_all(&world.facts, &clerk, &batch);
    let before = Checkpoint::fetch(&world.facts).size;
    consent_call(&world.facts, &clerk, &batch, &consent_to(&batch.shown)).expect(202);
    for part in [20, 90] {
        wait::until("some items of the batch", 60, || {
            let done = look(&world.facts, &clerk, &batch)["counts"]["done"].as_u64();
            (done.unwrap() >= part).then_some(())
        });
        world.kill();
        world.start(&[]);
    }
    let facts = world.facts.clone();
    let ended = until_ended(&facts, &clerk, &batch);
    assert_eq!(ended["state"], "done", "{ended:#}");
    assert_eq!(ended["counts"]["done"], 150, "{ended:#}");
    all_done(&facts, &clerk, &batch, &items(&facts, &clerk, &batch, 500));
    assert_eq!(Checkpoint::fetch(&facts).size, before + 150);
    let left = world.home().join("archive/desk/files");
    assert_eq!(
        std::fs::read_dir(left).unwrap().count(),
        0,
        "files are left"
    );
    clean(&sweep(&facts));
}

#[test]
fn a_changed_seal_certificate_stops_a_batch_until_it_is_consented_to() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let mut live = Live::serve(&authority, 0);
    let (facts, clerk) = (live.facts(), live.clerk.clone());
    let filings = (0..40).map(|_| Filing::sized(&clerk, 3_000)).collect();
    let batch = create(&facts, &clerk, filings);
    put_all(&facts, &clerk, &batch);
    consent_call(&facts, &clerk, &batch, &consent_to(&batch.shown)).expect(202);
    wait::until("the first item of the batch", 60, || {
        let done = look(&facts, &clerk, &batch)["counts"]["done"].as_u64();
        (done.unwrap() >= 1).then_some(())
    });
    // The operator renews the seal.
    let (key, certificate) = (
        live.home().join("keys/seal.key"),
        live.home().join("seal.pem"),
    );
    live.server.kill();
    std::fs::remove_file(&key).unwrap();
    authority.issue_seal("Con dấu mới", &key, &certificate);
    live.restart();
    let stopped = until_ended(&facts, &clerk, &batch);
    assert_eq!(stopped["state"], "stopped", "{stopped:#}");
    assert_eq!(stopped["problem"]["code"], "batch_certificate_changed");
    let counts = &stopped["counts"];
    let done = counts["done"].as_u64().unwrap();
    assert!((1..40).contains(&done), "{stopped:#}");
    assert_eq!(counts["waiting"], 40 - done, "{stopped:#}");
    let old = consent_call(&facts, &clerk, &batch, &consent_to(&batch.shown));
    problem(&old, 409, "batch_certificate_differs");
    let mut new = consent_to(&batch.shown);
    let seal = Person::of_files(&key, &certificate);
    new["certificate_sha256"] = seal.certificate_sha256().into();
    consent_call(&facts, &clerk, &batch, &new).expect(202);
    let ended = until_ended(&facts, &clerk, &batch);
    assert_eq!(ended["counts"]["done"], 40, "{ended:#}");
    all_done(&facts, &clerk, &batch, &items(&facts, &clerk, &batch, 500));
}
