//! The public log, read by a stranger: everything is derived again from what is served.

use std::collections::BTreeMap;

use crate::world::process::run;
use crate::world::tiles::{self, Checkpoint};
use crate::world::{Call, Facts, Filing, World, merkle, shared, tools};

#[test]
fn the_log_is_derived_again_from_its_tiles() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    for _ in 0..5 {
        Filing::new(clerk).accepted(&facts.base_url, clerk);
    }
    let checkpoint = Checkpoint::fetch(facts);
    assert!(checkpoint.size >= 6);
    tiles::audit(facts, &checkpoint);
    let entries = tiles::entries(facts, checkpoint.size);
    let mut bucket = 0;
    for entry in &entries {
        // KQL1: 128 bytes, magic, kind, flags, suite; buckets never go back.
        assert_eq!(entry.len(), 128);
        assert!(entry.starts_with(b"KQL1"));
        let at = u64::from_be_bytes(entry[8..16].try_into().unwrap());
        assert!(at >= bucket && at % 3600 == 0, "bucket {at} after {bucket}");
        bucket = at;
    }
}

#[test]
fn the_log_is_derived_again_by_a_program_in_another_language() {
    let python = match tools::python("cryptography") {
        Ok(python) => python,
        Err(why) => return tools::skip(&why),
    };
    let facts = shared();
    let script = tools::in_project("tests/tools/rederive_log.py");
    let log = facts.url("/log/");
    let script = script.to_str().unwrap();
    let args = [script, "--url", &log, "--vkey", &facts.log_vkey, "--kql1"];
    let ended = run(&python, &args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn an_earlier_checkpoint_is_a_prefix_of_a_later_one() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    Filing::new(clerk).accepted(&facts.base_url, clerk);
    let old = Checkpoint::fetch(facts);
    let receipts: Vec<_> = (0..6)
        .map(|_| Filing::new(clerk).accepted(&facts.base_url, clerk))
        .collect();
    let new = Checkpoint::fetch(facts);
    assert!(new.size >= old.size + 6, "{} then {}", old.size, new.size);

    let leaves = tiles::audit(facts, &new);
    let before = usize::try_from(old.size).unwrap();
    assert_eq!(
        merkle::root(&leaves[..before]),
        old.root,
        "history was rewritten"
    );
    let path = merkle::consistency(before, &leaves);
    assert!(merkle::is_consistent(
        old.size, new.size, &old.root, &new.root, &path
    ));
    let mut forged = path.clone();
    forged[0][0] ^= 1;
    assert!(!merkle::is_consistent(
        old.size, new.size, &old.root, &new.root, &forged
    ));

    for receipt in receipts {
        let index = usize::try_from(receipt.log_index).unwrap();
        let path = merkle::inclusion(index, &leaves);
        let root = merkle::root_by_path(index, leaves.len(), &leaves[index], &path);
        assert_eq!(root, Some(new.root), "leaf {index}");
    }
}

#[test]
fn tiles_never_change_once_served() {
    let world = World::demo();
    let facts = &world.facts;
    let clerk = facts.quick_clerk();
    file(facts, 20);
    let early = Checkpoint::fetch(facts);
    let kept = every_file(facts, &early);

    // Over the edge of the first full tile, so that a second level begins.
    file(facts, 260 - usize::try_from(early.size).unwrap());
    let late = Checkpoint::fetch(facts);
    assert!(late.size >= 260, "{}", late.size);
    tiles::audit(facts, &late);
    assert_eq!(facts.get("/log/tile/0/000").expect(200).body.len(), 8192);
    assert_eq!(facts.get("/log/tile/1/000.p/1").expect(200).body.len(), 32);

    for (path, body) in &kept {
        let now = facts.get(path);
        // A partial tile may go once the full one is there; what is served is what it was.
        match now.status {
            200 => assert!(now.body == *body, "{path} changed"),
            _ => assert_eq!(now.status, 404, "{path}: {}", now.shown()),
        }
        let (full, _) = path.split_once(".p/").unwrap();
        assert!(
            facts.get(full).expect(200).body.starts_with(body),
            "{path} is no part of {full}"
        );
    }
    let receipt = Filing::new(clerk).accepted(&facts.base_url, clerk);
    let path = format!("/api/v1/results/{}/proof", receipt.id);
    let proof = facts.get_as(&clerk.api_key, &path).expect(200).text();
    let proof = tiles::Proof::read(&proof, &facts.log_vkey);
    let entries = tiles::entries(facts, proof.checkpoint.size);
    proof.check(&entries[usize::try_from(proof.index).unwrap()]);
}

/// Files this many results, several at a time: they share flushes.
fn file(facts: &Facts, count: usize) {
    let clerk = facts.quick_clerk();
    let left = std::sync::atomic::AtomicUsize::new(count);
    let take = || {
        use std::sync::atomic::Ordering::SeqCst;
        left.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1))
            .is_ok()
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while take() {
                    Filing::sized(clerk, 0).accepted(&facts.base_url, clerk);
                }
            });
        }
    });
}

/// Tiles and bundles of a tree of at most 256 leaves.
fn every_file(facts: &Facts, checkpoint: &Checkpoint) -> BTreeMap<String, Vec<u8>> {
    ["0", "entries"]
        .into_iter()
        .map(|level| tiles::path(level, 0, checkpoint.size))
        .map(|path| (path.clone(), facts.get(&path).expect(200).body))
        .collect()
}

#[test]
fn log_files_say_what_they_are_and_how_long_they_last() {
    let facts = shared();
    let checkpoint = facts.get("/log/checkpoint").expect(200);
    assert_eq!(
        checkpoint.needs("content-type"),
        "text/plain; charset=utf-8"
    );
    let age = |cache: &str| -> u64 {
        let age = cache
            .split(',')
            .find_map(|part| part.trim().strip_prefix("max-age="));
        age.map_or(0, |age| age.parse().unwrap())
    };
    assert!(
        age(checkpoint.needs("cache-control")) <= 60,
        "a checkpoint soon grows old"
    );
    let size = Checkpoint::fetch(facts).size;
    for level in ["0", "entries"] {
        let path = tiles::path(level, 0, size);
        let tile = facts.get(&path).expect(200);
        assert_eq!(
            tile.needs("content-type"),
            "application/octet-stream",
            "{path}"
        );
        let cache = tile.needs("cache-control");
        assert!(
            cache.contains("immutable") && age(cache) >= 86_400,
            "{path}: {cache}"
        );
        let head = Call::new("HEAD", facts.url(&path)).send().expect(200);
        assert!(head.body.is_empty());
    }
}

#[test]
fn what_is_no_path_of_the_log_is_not_found() {
    let facts = shared();
    for path in [
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/x000/000",
        "tile/0/0",
        "tile/00/000",
        "tile/8/0/000",
        "tile/64/000",
        "tile/0/999",
        "tile/entries/x999/999",
        "tile/entries/../checkpoint",
        "tile/data/000",
        "",
    ] {
        let answer = facts.get(&format!("/log/{path}"));
        assert_eq!(answer.status, 404, "/log/{path}: {}", answer.shown());
    }
}

/// The worked example of RFC 6962 hashing over `d0` to `d6` with a log of a known seed: the checks used here must know it.
#[test]
fn the_checks_themselves_hold_on_a_known_tree() {
    let vkey = "log.example/ketqua+1aa2d892+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    let note = "log.example/ketqua\n7\nc6WQ+yZrgVVwQLFGudR54qG1hJsSUWdkL1tkhm8dXH0=\n\n\
         \u{2014} log.example/ketqua GqLYkutnPZP9IALoBXwEkA4vwJp3NZNGbkSl/P7tFJ76kmgbzFJJeHPPyjgclp2moE/iApr6HF+7FOG4qPNm3UYaVQ0=\n";
    let checkpoint = Checkpoint::open(note, vkey);
    let leaves: Vec<_> = (0..7)
        .map(|n| merkle::leaf_hash(format!("d{n}").as_bytes()))
        .collect();
    assert_eq!(merkle::root(&leaves), checkpoint.root);
    let old = merkle::root(&leaves[..3]);
    assert!(merkle::hex(&old).starts_with("c64c5b93"), "root of three");
    let path = merkle::consistency(3, &leaves);
    assert!(path[0] == leaves[2] && path.len() == 4);
    assert!(merkle::is_consistent(3, 7, &old, &checkpoint.root, &path));
    for (index, leaf) in leaves.iter().enumerate() {
        let path = merkle::inclusion(index, &leaves);
        assert_eq!(
            merkle::root_by_path(index, 7, leaf, &path),
            Some(checkpoint.root)
        );
        assert_ne!(
            merkle::root_by_path(index, 7, &leaves[(index + 1) % 7], &path),
            Some(checkpoint.root)
        );
    }
    assert_eq!(tiles::number(1_234_067), "x001/x234/067");
    assert_eq!(tiles::path("0", 273, 70_000), "/log/tile/0/273.p/112");
}
