//! One changed byte, wherever it is: named, or harmless; never wrong bytes.

use std::fs;
use std::path::{Path, PathBuf};

use super::{check_filled, fill};
use crate::record::{Fault, sha256};
use crate::store::suite::{admission, bytes, check_blob, put};
use crate::store::tests::Scratch;
use crate::store::{Cause, Row, cause, create, open};

/// Files of sled's logs below `dir`.
fn logs(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(logs(&path));
        } else if path.file_name().is_some_and(|name| name == "db") {
            found.push(path);
        }
    }
    found
}

/// Changes one bit of the last place where `needle` stands; the number of files that had it.
pub(super) fn flip(dir: &Path, needle: &[u8]) -> usize {
    let mut hits = 0;
    for log in logs(dir) {
        let mut content = fs::read(&log).unwrap();
        let at = content
            .windows(needle.len())
            .rposition(|window| window == needle);
        if let Some(at) = at {
            content[at + needle.len() / 2] ^= 0x20;
            fs::write(&log, content).unwrap();
            hits += 1;
        }
    }
    hits
}

fn is_damaged<T>(result: Result<T, Fault>) -> bool {
    result.is_err_and(|fault| matches!(cause(&fault), Some(Cause::Damaged { .. })))
}

#[test]
fn a_changed_byte_in_a_sealed_archive_costs_one_document() {
    // First, middle and last document; both chunks.
    for (seed, at) in [(0u64, 30_000), (17, 70_000), (39, 99_000), (39, 10)] {
        let scratch = Scratch::new(&format!("flip-{seed}-{at}"));
        let stores = create(&scratch.settings()).unwrap();
        fill(&stores);
        stores.close().unwrap();
        drop(stores);
        let document = bytes(seed, 100_000);
        assert_eq!(flip(&scratch.0, &document[at..at + 32]), 1);

        let stores = open(&scratch.settings()).unwrap();
        let id = sha256(&document);
        let mut buffer = Vec::new();
        assert!(
            is_damaged(stores.blobs.read_into(&id, &mut buffer)),
            "document {seed} at {at}"
        );
        assert!(buffer.is_empty());
        for other in (0..40).filter(|other| *other != seed) {
            check_blob(&stores, other, 100_000);
        }
        assert_eq!(stores.blobs.scan(None, 100).unwrap().len(), 40);
        // The archive goes on.
        put(&stores, 77, 100_000);
        check_blob(&stores, 77, 100_000);
    }
}

#[test]
fn a_changed_byte_after_a_kill_never_gives_wrong_bytes_and_is_named() {
    let scratch = Scratch::new("flip-unsealed");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    drop(stores);
    let document = bytes(38, 100_000);
    assert_eq!(flip(&scratch.0, &document[50..82]), 1);
    // sled drops the rest of the segment: neighbours may be lost too, the archive opens and says which.
    let stores = open(&scratch.settings()).unwrap();
    let mut lost = Vec::new();
    for seed in 0..40 {
        match stores.blobs.read(&sha256(&bytes(seed, 100_000))) {
            Ok(read) => assert_eq!(read, Some(bytes(seed, 100_000))),
            Err(_) => lost.push(seed),
        }
    }
    assert!(lost.contains(&38), "lost: {lost:?}");
    assert!(lost.len() <= 11, "lost: {lost:?}");
}

#[test]
fn a_changed_byte_in_a_file_of_the_log_is_named() {
    let scratch = Scratch::new("flip-tile");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    stores.close().unwrap();
    drop(stores);
    assert_eq!(
        flip(&scratch.0.join("tree"), &bytes(1, 8192)[4000..4032]),
        1
    );
    let stores = open(&scratch.settings()).unwrap();
    assert!(is_damaged(stores.tree.read("tile/0/000")));
    // Mended, or refused with the same cause: never taken for another history.
    if let Err(fault) = stores.tree.put_immutable("tile/0/000", &bytes(1, 8192)) {
        assert!(matches!(cause(&fault), Some(Cause::Damaged { .. })));
    }
    check_blob(&stores, 5, 100_000);
}

#[test]
fn a_changed_byte_in_an_entry_is_named_and_the_others_are_listed() {
    let scratch = Scratch::new("flip-entry");
    let stores = create(&scratch.settings()).unwrap();
    let batch: Vec<_> = (0..60).map(admission).collect();
    stores.ledger.admit(&batch).unwrap();
    stores.close().unwrap();
    drop(stores);
    assert!(flip(&scratch.0.join("ledger"), &admission(30).entry[1000..1032]) >= 1);
    let stores = open(&scratch.settings()).unwrap();
    let rows = stores.ledger.entries(0, 100).unwrap();
    assert_eq!(rows.len(), 60);
    let damaged: Vec<u64> = rows
        .iter()
        .filter(|row| matches!(row, Row::Damaged { .. }))
        .map(Row::index)
        .collect();
    assert!(damaged.contains(&30), "damaged: {damaged:?}");
    // One page of sled holds at most 17 rows.
    assert!(damaged.len() <= 17, "damaged: {damaged:?}");
    // Look-ups have pages of their own.
    assert_eq!(stores.ledger.by_id(&admission(30).id).unwrap(), Some(30));
}

#[test]
fn any_changed_byte_of_any_file_gives_an_error_or_right_bytes() {
    let master = Scratch::new("any-master");
    let stores = create(&master.settings()).unwrap();
    fill(&stores);
    stores.close().unwrap();
    drop(stores);
    let files = all_files(&master.0);
    let mut random = 88172645463325252u64;
    for round in 0..24 {
        let scratch = Scratch::new(&format!("any-{round}"));
        copy_all(&master.0, &scratch.0);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let picked = &files[usize::try_from(random % files.len() as u64).unwrap()];
        let path = scratch.0.join(picked);
        let mut content = fs::read(&path).unwrap();
        if content.is_empty() {
            continue;
        }
        let at = usize::try_from((random >> 20) % content.len() as u64).unwrap();
        content[at] ^= 1 << (random % 8);
        fs::write(&path, content).unwrap();
        match open(&scratch.settings()) {
            Err(fault) => println!("{} at {at}: {}", picked.display(), fault.chain()),
            Ok(stores) => {
                for seed in 0..40 {
                    if let Ok(read) = stores.blobs.read(&sha256(&bytes(seed, 100_000))) {
                        assert!(read.is_none_or(|read| read == bytes(seed, 100_000)));
                    }
                }
                for row in stores.ledger.entries(0, 20).unwrap() {
                    if let Row::Whole(row) = row {
                        assert_eq!(row.admission, admission(row.index));
                    }
                }
                if let Ok(read) = stores.tree.read("tile/0/000") {
                    assert!(read.is_none_or(|read| read == bytes(1, 8192)));
                }
            }
        }
    }
}

fn all_files(dir: &Path) -> Vec<PathBuf> {
    fn walk(dir: &Path, base: &Path, found: &mut Vec<PathBuf>) {
        for item in fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(&path, base, found);
            } else {
                found.push(path.strip_prefix(base).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found);
    found.sort();
    found
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_all(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

#[test]
fn an_inspection_beside_the_running_archive_sees_the_disk() {
    let scratch = Scratch::new("inspect");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    let before = stores.inspect().unwrap();
    check_filled(&before);
    drop(before);

    // The newest document and the newest entry: surely still in memory.
    let document = bytes(39, 100_000);
    assert_eq!(flip(&scratch.0, &document[60_000..60_032]), 1);
    assert!(flip(&scratch.0.join("ledger"), &admission(9).entry[1000..1032]) >= 1);
    assert_eq!(
        flip(&scratch.0.join("tree"), &bytes(1, 8192)[4000..4032]),
        1
    );
    let inspected = stores.inspect().unwrap();
    assert!(is_damaged(inspected.blobs.read(&sha256(&document))));
    for seed in 0..39 {
        check_blob(&inspected, seed, 100_000);
    }
    let named = match inspected.ledger.entry(9) {
        Ok(Some(Row::Whole(row))) => row.admission != admission(9),
        // Damaged, or the copy lost its end: neither passes for whole.
        _ => true,
    };
    assert!(named);
    let tile = inspected.tree.read("tile/0/000");
    assert!(tile.is_err() || tile.is_ok_and(|tile| tile != Some(bytes(1, 8192))));
    drop(inspected);
    assert!(
        all_files(&scratch.0)
            .iter()
            .all(|file| !file.starts_with("inspection-1"))
    );
    // The running archive goes on.
    stores.ledger.admit(&[admission(70)]).unwrap();
    put(&stores, 71, 100_000);
    check_blob(&stores, 71, 100_000);
}
