//! Power cuts: the program is killed in the middle of its work, and what it had answered must be there afterwards.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::auditor::{clean, sweep};
use crate::world::tiles::{self, Checkpoint};
use crate::world::{Facts, Filing, Receipt, World, merkle, tools, wait};

/// Every answered filing is there, whole, once, and a repeated request gets the same answer.
#[track_caller]
fn held(facts: &Facts, answered: &[(Filing, String)]) {
    let clerk = facts.quick_clerk();
    let checkpoint = Checkpoint::fetch(facts);
    let mut indexes = BTreeSet::new();
    for (filing, body) in answered {
        let receipt: Receipt = serde_json::from_str(body).unwrap();
        let path = format!(
            "/api/v1/results/{}/file?version={}",
            receipt.id, receipt.log_index
        );
        let file = facts.get_as(&clerk.api_key, &path).expect(200).body;
        assert_eq!(
            merkle::hex(&merkle::sha256(&file)),
            receipt.sha256,
            "{receipt:?}"
        );
        assert!(file.starts_with(&filing.pdf), "{receipt:?}");
        assert!(
            receipt.log_index < checkpoint.size,
            "{receipt:?} beyond {}",
            checkpoint.size
        );
        assert!(
            indexes.insert(receipt.log_index),
            "two answers with one leaf: {receipt:?}"
        );

        let again = filing.send(&facts.base_url, clerk).expect(201);
        assert_eq!(again.text(), *body, "another answer to the same request");
        assert_eq!(again.needs("idempotency-replayed"), "true");
    }
    let after = Checkpoint::fetch(facts);
    assert_eq!(
        after.size, checkpoint.size,
        "a repeated request made a leaf"
    );
    tiles::audit(facts, &after);
}

#[test]
fn what_was_answered_before_a_kill_in_a_burst_is_there_afterwards() {
    let mut world = World::demo();
    let before = Checkpoint::fetch(&world.facts).size;
    let all = Mutex::new(Vec::new());
    let mut sent = 0;
    for round in 0..3u64 {
        let limit = Duration::from_millis(400 + 350 * round);
        sent += burst(&mut world, limit, &all);
        world.start(&[]);
        held(&world.facts, &all.lock().unwrap());
    }
    let answered = all.into_inner().unwrap();
    assert!(
        answered.len() >= 8,
        "only {} answers in three bursts",
        answered.len()
    );

    // Leaves: at least one for each answer, at most one for each request that was ever sent.
    let size = Checkpoint::fetch(&world.facts).size - before;
    assert!(
        size >= answered.len() as u64 && size <= sent as u64,
        "{size} leaves, {sent} requests"
    );
    clean(&sweep(&world.facts));
}

#[test]
fn a_stop_in_a_burst_keeps_what_it_answered_and_ends_cleanly() {
    let mut world = World::demo();
    let facts = world.facts.clone();
    let answered = Mutex::new(Vec::new());
    let status = std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let filing = Filing::sized(facts.quick_clerk(), 3_000);
                    let answer = filing.call(&facts.base_url, facts.quick_clerk()).try_send();
                    // A listener that is closed takes no request; one that was taken is answered.
                    let Ok(answer) = answer else { return };
                    match answer.status {
                        201 => answered.lock().unwrap().push((filing, answer.text())),
                        503 => return,
                        _ => panic!("{}", answer.shown()),
                    }
                }
            });
        }
        wait::until("some answers before the stop", 60, || {
            (answered.lock().unwrap().len() >= 12).then_some(())
        });
        world.stop()
    });
    assert!(status.success(), "{status}");
    world.start(&[]);
    held(&world.facts, &answered.into_inner().unwrap());
    clean(&sweep(&world.facts));
}

/// Eight clerks file until the server dies; gives how many requests were sent.
fn burst(world: &mut World, limit: Duration, answered: &Mutex<Vec<(Filing, String)>>) -> usize {
    let facts = world.facts.clone();
    let sent = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let filing = Filing::sized(facts.quick_clerk(), 3_000);
                    sent.fetch_add(1, Ordering::SeqCst);
                    match filing.call(&facts.base_url, facts.quick_clerk()).try_send() {
                        Ok(answer) if answer.status == 201 => {
                            answered.lock().unwrap().push((filing, answer.text()));
                        }
                        Ok(answer) => panic!("{}", answer.shown()),
                        Err(_) => return,
                    }
                }
            });
        }
        // The kill falls into the middle of the work: after some answers, at no special moment.
        let start = Instant::now();
        let had = answered.lock().unwrap().len();
        wait::until("some answers before the kill", 60, || {
            let now = answered.lock().unwrap().len();
            (now >= had + 4 && start.elapsed() >= limit).then_some(())
        });
        world.kill();
    });
    sent.into_inner()
}

const POINTS: [&str; 7] = [
    "accept.signed",
    "accept.stored",
    "sequence.admitted",
    "sequence.advanced",
    "sequence.tiles",
    "sequence.published",
    "sequence.receipts",
];

#[test]
fn a_crash_at_each_named_point_loses_nothing_and_doubles_nothing() {
    // The points exist in debug builds of the program only.
    if !cfg!(debug_assertions) {
        return tools::skip("crash points are not in release builds");
    }
    let mut world = World::demo();
    let mut answered: Vec<(Filing, String)> = Vec::new();
    let before = Checkpoint::fetch(&world.facts).size;
    for point in POINTS {
        // The third time it is reached: two results are answered first.
        world.stop();
        world.start(&[("ANTIN_CRASH_AT", &format!("{point}:3"))]);
        let broken = file_until_death(&mut world, point, &mut answered);
        world.start(&[]);
        let clerk = world.facts.quick_clerk();
        let answer = broken.send(&world.facts.base_url, clerk).expect(201);
        answered.push((broken, answer.text()));
        held(&world.facts, &answered);
        let size = Checkpoint::fetch(&world.facts).size - before;
        assert_eq!(size, answered.len() as u64, "{point}: leaves and answers");
        let swept = sweep(&world.facts);
        assert_eq!(
            swept["findings"],
            serde_json::json!([]),
            "{point}: {swept:#}"
        );
    }
}

/// Files one after the other until the program dies at its point; gives the filing that got no answer.
#[track_caller]
fn file_until_death(
    world: &mut World,
    point: &str,
    answered: &mut Vec<(Filing, String)>,
) -> Filing {
    for _ in 0..10 {
        let clerk = world.facts.quick_clerk().clone();
        let filing = Filing::new(&clerk);
        match filing.call(&world.facts.base_url, &clerk).try_send() {
            Ok(answer) => {
                let answer = answer.expect(201);
                answered.push((filing, answer.text()));
            }
            Err(_) => {
                let status = world.server().wait_for_exit(10);
                assert!(!status.success(), "{point}: {status}");
                return filing;
            }
        }
    }
    panic!("ten results filed and {point} was never reached");
}
