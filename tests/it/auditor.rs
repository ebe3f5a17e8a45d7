//! The auditor: a sweep over every stored byte, by API and by command.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::clerk::problem;
use crate::world::process::antin;
use crate::world::{Call, Facts, Filing, World, shared, wait};

/// Starts a sweep and waits for its end.
#[track_caller]
pub fn sweep(facts: &Facts) -> Value {
    let call = || Call::new("POST", facts.url("/api/v1/sweeps")).bearer(&facts.auditor.api_key);
    // One sweep at a time: another test may have one under way.
    let answer = wait::until("a sweep may start", 60, || {
        let answer = call().body("application/json", Vec::new()).send();
        (answer.status != 409).then_some(answer)
    });
    let answer = answer.expect(202);
    let body = answer.json();
    let id = body["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{body:#}"))
        .to_owned();
    let location = answer.needs("location").to_owned();
    assert!(
        location.ends_with(&format!("/api/v1/sweeps/{id}")),
        "{location}"
    );
    wait::until("the end of the sweep", 60, || {
        let now = facts
            .get_as(&facts.auditor.api_key, &format!("/api/v1/sweeps/{id}"))
            .expect(200)
            .json();
        assert_eq!(now["id"], id.as_str(), "{now:#}");
        (now["state"] != "running").then_some(now)
    })
}

#[track_caller]
pub fn clean(result: &Value) {
    assert_eq!(result["findings"], serde_json::json!([]), "{result:#}");
    assert!(
        result["objects"].as_u64().is_some_and(|n| n > 0),
        "{result:#}"
    );
    assert!(
        result["bytes"].as_u64().is_some_and(|n| n > 0),
        "{result:#}"
    );
}

#[test]
fn a_sweep_by_api_runs_to_its_end_and_is_clean() {
    let facts = shared();
    let clerk = facts.clerk("commune");
    let receipt = Filing::sized(clerk, 300_000).accepted(&facts.base_url, clerk);
    let result = sweep(facts);
    assert_eq!(result["state"], "done", "{result:#}");
    clean(&result);
    assert!(
        result["objects"].as_u64().unwrap() > receipt.log_index,
        "{result:#}"
    );
    assert!(result["bytes"].as_u64().unwrap() > 300_000, "{result:#}");
}

#[test]
fn a_sweep_is_the_auditors_business() {
    let facts = shared();
    let url = facts.url("/api/v1/sweeps");
    let clerk = &facts.quick_clerk().api_key;
    let answer = Call::new("POST", &url)
        .bearer(clerk)
        .body("application/json", Vec::new())
        .send();
    problem(&answer, 403, "forbidden");
    let nobody = Call::new("POST", &url)
        .body("application/json", Vec::new())
        .send();
    problem(&nobody, 401, "unauthorized");
    let unknown = facts.get_as(
        &facts.auditor.api_key,
        "/api/v1/sweeps/01ARZ3NDEKTSV4RRFFQ69G5FAV",
    );
    problem(&unknown, 404, "not_found");
}

#[test]
fn sweeps_and_readiness_stand_while_results_come_in() {
    let world = World::demo();
    let facts = &world.facts;
    let stopping = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for level in ["district", "commune", "district", "commune"] {
            let (facts, stopping) = (&facts, &stopping);
            scope.spawn(move || {
                while !stopping.load(Ordering::SeqCst) {
                    Filing::sized(facts.clerk(level), 2_000)
                        .accepted(&facts.base_url, facts.clerk(level));
                }
            });
        }
        let watched = std::panic::catch_unwind(|| {
            for _ in 0..4 {
                let result = sweep(facts);
                clean(&result);
                // At most what the four clerks have under way: stored, and not yet admitted.
                assert!(
                    result["orphans"].as_u64().is_some_and(|n| n <= 4),
                    "{result:#}"
                );
                for _ in 0..10 {
                    let ready = Call::get(facts.admin("/readyz")).send();
                    assert_eq!(ready.status, 200, "{}", ready.shown());
                }
            }
        });
        stopping.store(true, Ordering::SeqCst);
        if let Err(failed) = watched {
            std::panic::resume_unwind(failed);
        }
    });
}

#[test]
fn the_command_sweeps_with_and_without_a_running_server() {
    let mut world = World::demo();
    let clerk = world.facts.quick_clerk().clone();
    Filing::new(&clerk).accepted(&world.facts.base_url, &clerk);
    let home = world.home();
    let home = home.to_str().unwrap();

    let running = antin(&["sweep", "--dir", home, "--json"]);
    assert_eq!(running.code, Some(0), "{running:?}");
    clean(&running.json());

    assert!(world.stop().success(), "{}", world.home().display());
    let stopped = antin(&["sweep", "--dir", home, "--json"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    clean(&stopped.json());
    assert_eq!(stopped.json()["objects"], running.json()["objects"]);

    let words = antin(&["sweep", "--dir", home]);
    assert_eq!(words.code, Some(0), "{words:?}");
    assert!(!words.said().trim().is_empty());
    let nowhere = antin(&["sweep", "--dir", "/nonexistent/antin"]);
    assert!(nowhere.code.is_some_and(|code| code > 1), "{nowhere:?}");
    assert!(nowhere.err.contains("/nonexistent/antin"), "{nowhere:?}");
}
