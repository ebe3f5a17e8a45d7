//! Levels: what is asked for is reached in the background, each step a version of its own, and none is lost.

use std::path::Path;

use serde_json::Value;

use crate::world::authority::Authority;
use crate::world::demo::Clerk;
use crate::world::live::Live;
use crate::world::process::antin;
use crate::world::temp::TempDir;
use crate::world::{Call, Facts, Filing, Form, Receipt, World, shared, tools, wait};

fn asking(filing: &Filing, base_url: &str, clerk: &Clerk, level: &str) -> Call<'static> {
    Call::new("POST", format!("{base_url}/api/v1/results?level={level}"))
        .bearer(&clerk.api_key)
        .header("Idempotency-Key", &filing.quoted_key())
        .body(&Form::content_type(), filing.body())
}

fn shown(base_url: &str, clerk: &Clerk, id: &str) -> Value {
    Call::get(format!("{base_url}/api/v1/results/{id}"))
        .bearer(&clerk.api_key)
        .send()
        .expect(200)
        .json()
}

fn file(base_url: &str, clerk: &Clerk, id: &str, query: &str) -> Vec<u8> {
    Call::get(format!("{base_url}/api/v1/results/{id}/file{query}"))
        .bearer(&clerk.api_key)
        .send()
        .expect(200)
        .body
}

/// The verdict of `antin verify --offline`: what is not in the file is not there.
fn verdict(file: &[u8], trust: &Path) -> Value {
    let dir = TempDir::new("levels");
    let path = dir.join("file.pdf");
    std::fs::write(&path, file).unwrap();
    let done = antin(&[
        "verify",
        path.to_str().unwrap(),
        "--trust",
        trust.to_str().unwrap(),
        "--offline",
        "--json",
    ]);
    serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}: {done:?}"))
}

#[track_caller]
fn reached(facts: &Facts, clerk: &Clerk, level: &str) -> (Receipt, Value) {
    let filing = Filing::new(clerk);
    let answer = asking(&filing, &facts.base_url, clerk, level)
        .header("Prefer", "wait=60")
        .send()
        .expect(201);
    let receipt = Receipt::of(&answer);
    assert_eq!(receipt.level, level);
    let kept = file(&facts.base_url, clerk, &receipt.id, "");
    (receipt, verdict(&kept, &facts.trust))
}

#[test]
fn every_level_is_reached_while_the_client_waits() {
    let facts = shared();
    for level in ["B-B", "B-T", "B-LT", "B-LTA"] {
        for clerk in &facts.clerks {
            let (_, report) = reached(facts, clerk, level);
            assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
            assert_eq!(report["signatures"][0]["level"], level, "{report:#}");
            assert_ne!(report["signatures"][0]["changes_after"], "forbidden");
        }
    }
}

#[test]
fn who_holds_an_earlier_version_is_told_of_the_longer_lived_one() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let (receipt, _) = reached(facts, clerk, "B-LTA");
    let body = shown(&facts.base_url, clerk, &receipt.id);
    let versions = body["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2, "{body:#}");
    assert_eq!(versions[0]["level"], "B-T");
    assert_eq!(versions[1]["sha256"], receipt.sha256.as_str());
    assert_eq!(body["level_wanted"], Value::Null);

    let query = format!("?version={}", versions[0]["log_index"]);
    let first = file(&facts.base_url, clerk, &receipt.id, &query);
    let newest = file(&facts.base_url, clerk, &receipt.id, "");
    assert!(
        newest.starts_with(&first),
        "a version holds the one before it"
    );

    let check = |bytes: &[u8]| {
        Call::new("POST", facts.url("/api/v1/verify"))
            .body("application/pdf", bytes.to_vec())
            .send()
            .expect(200)
            .json()
    };
    let of_first = check(&first);
    assert_eq!(of_first["indication"], "TOTAL-PASSED", "{of_first:#}");
    assert_eq!(of_first["archived"]["longer_lived"], "B-LTA");
    assert_eq!(check(&newest)["archived"]["longer_lived"], Value::Null);
    let unknown = format!("/api/v1/results/{}/file?version=0", receipt.id);
    Call::get(facts.url(&unknown))
        .bearer(&clerk.api_key)
        .send()
        .expect(404);
}

#[test]
fn an_unknown_level_is_refused_in_both_languages() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    for (language, word) in [("vi", "mức chữ ký"), ("en", "level")] {
        let answer = asking(&Filing::new(clerk), &facts.base_url, clerk, "B-X")
            .header("Accept-Language", language)
            .send()
            .expect(400);
        let problem = answer.json();
        assert_eq!(problem["code"], "level_unknown");
        assert!(
            problem["detail"].as_str().unwrap().contains(word),
            "{problem:#}"
        );
    }
}

#[test]
fn a_kill_loses_no_level_that_was_asked_for() {
    let mut world = World::demo();
    let clerk = world.facts.quick_clerk().clone();
    let receipts: Vec<Receipt> = (0..12)
        .map(|_| {
            let filing = Filing::new(&clerk);
            let call = asking(&filing, &world.facts.base_url, &clerk, "B-LTA");
            Receipt::of(&call.send().expect(201))
        })
        .collect();
    world.kill();
    world.start(&[]);
    for receipt in &receipts {
        wait::until("the level after a kill", 60, || {
            let body = shown(&world.facts.base_url, &clerk, &receipt.id);
            (body["level"] == "B-LTA").then_some(())
        });
        let body = shown(&world.facts.base_url, &clerk, &receipt.id);
        assert_eq!(body["versions"].as_array().unwrap().len(), 2, "{body:#}");
    }
    assert_eq!(world.stop().code(), Some(0));
    let home = world.home();
    let swept = antin(&["sweep", "--dir", home.to_str().unwrap(), "--json"]);
    assert_eq!(swept.code, Some(0), "{swept:?}");
}

#[test]
fn without_a_time_stamp_a_result_is_taken_and_stamped_later() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve(&authority, 0);
    authority.set_down(true);
    let receipt = Filing::new(&live.clerk).accepted(&live.base_url, &live.clerk);
    assert_eq!(receipt.level, "B-B");
    let path = &receipt.public_id;
    let page = |lang: &str| {
        Call::get(format!("{}/v/{path}?lang={lang}", live.base_url))
            .send()
            .expect(200)
            .text()
    };
    assert!(page("vi").contains("dấu thời gian sẽ được bổ sung"));
    assert!(page("en").contains("its time-stamp is still to come"));
    authority.set_down(false);
    wait::until("the pending time-stamp", 60, || {
        let body = shown(&live.base_url, &live.clerk, &receipt.id);
        (body["level"] == "B-T").then_some(())
    });
    assert!(!page("en").contains("its time-stamp is still to come"));
    let newest = file(&live.base_url, &live.clerk, &receipt.id, "");
    let report = verdict(&newest, &authority.root_pem());
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    assert_eq!(report["signatures"][0]["level"], "B-T", "{report:#}");
}
