//! What is kept, what goes, and what is not believed.

use std::path::PathBuf;

use super::super::CacheSettings;
use super::super::tests::Folder;
use super::super::wire::Validators;
use super::{Cache, Kind, entry};

fn open(folder: &Folder, max_bytes: u64) -> Cache {
    Cache::open(&folder.cache(max_bytes)).unwrap()
}

fn put(cache: &Cache, key: &str, bytes: &[u8], fetched_s: i64) {
    let entry = entry(Kind::List, key, bytes, fetched_s, Validators::default());
    cache.put(entry, bytes);
}

fn held(cache: &Cache, key: &str) -> Option<Vec<u8>> {
    cache.read(&cache.entry(Kind::List, key)?)
}

fn files(folder: &Folder, of: &str) -> Vec<PathBuf> {
    let list = std::fs::read_dir(folder.0.join("cache").join(of)).unwrap();
    list.map(|file| file.unwrap().path()).collect()
}

#[test]
fn what_is_put_survives_a_restart() {
    let folder = Folder::new();
    let cache = open(&folder, 100);
    put(&cache, "a", b"one", 1);
    put(&cache, "a", b"two", 2);
    assert_eq!(held(&cache, "a"), Some(b"two".to_vec()));
    assert_eq!(files(&folder, "data").len(), 1);
    let again = open(&folder, 100);
    assert_eq!(held(&again, "a"), Some(b"two".to_vec()));
    assert_eq!(again.entry(Kind::List, "a").unwrap().fetched_s, 2);
    // Another kind under the same key is another thing.
    assert_eq!(again.entry(Kind::Ocsp, "a"), None);
}

#[test]
fn the_oldest_goes_first_and_the_bound_holds() {
    let folder = Folder::new();
    let cache = open(&folder, 10);
    put(&cache, "old", b"12345", 1);
    put(&cache, "new", b"abcde", 2);
    put(&cache, "newest", b"vwxyz", 3);
    assert_eq!(held(&cache, "old"), None);
    assert_eq!(held(&cache, "new"), Some(b"abcde".to_vec()));
    assert_eq!(files(&folder, "data").len(), 2);
    assert_eq!(files(&folder, "index").len(), 2);
    // What fits never is not taken, and throws nothing out.
    put(&cache, "huge", b"12345678901", 4);
    assert_eq!(held(&cache, "huge"), None);
    assert_eq!(held(&cache, "newest"), Some(b"vwxyz".to_vec()));
    // A smaller bound at the next start.
    let smaller = open(&folder, 5);
    assert_eq!(held(&smaller, "new"), None);
    assert_eq!(held(&smaller, "newest"), Some(b"vwxyz".to_vec()));
}

#[test]
fn the_same_bytes_under_two_keys_go_with_the_last_of_them() {
    let folder = Folder::new();
    let cache = open(&folder, 100);
    put(&cache, "a", b"same", 1);
    put(&cache, "b", b"same", 1);
    assert_eq!(files(&folder, "data").len(), 1);
    cache.forget(Kind::List, "a");
    assert_eq!(held(&cache, "b"), Some(b"same".to_vec()));
    cache.forget(Kind::List, "b");
    assert!(files(&folder, "data").is_empty() && files(&folder, "index").is_empty());
}

#[test]
fn damage_is_found_and_cleared_away() {
    for change in [
        |bytes: &mut Vec<u8>| bytes[1] ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(2),
        |bytes: &mut Vec<u8>| bytes.push(0),
        |bytes: &mut Vec<u8>| bytes.clear(),
    ] {
        let folder = Folder::new();
        let cache = open(&folder, 100);
        put(&cache, "a", b"one", 1);
        let file = files(&folder, "data").remove(0);
        let mut bytes = std::fs::read(&file).unwrap();
        change(&mut bytes);
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(held(&cache, "a"), None);
        assert_eq!(cache.entry(Kind::List, "a"), None);
        put(&cache, "a", b"one", 2);
        assert_eq!(held(&cache, "a"), Some(b"one".to_vec()));
    }
}

#[test]
fn what_is_not_its_own_is_removed_at_the_start() {
    let folder = Folder::new();
    let cache = open(&folder, 100);
    put(&cache, "a", b"one", 1);
    put(&cache, "b", b"two", 1);
    let dir = folder.0.join("cache");
    std::fs::write(dir.join("data/stray"), "x").unwrap();
    std::fs::write(dir.join("index/stray.json"), "{}").unwrap();
    // An entry under another's name, one cut in the middle of writing.
    let index = files(&folder, "index");
    let stray = dir.join("index").join(format!("{}.json", "0".repeat(64)));
    std::fs::copy(&index[0], stray).unwrap();
    std::fs::write(&index[1], "{\"version\":1,").unwrap();
    let again = open(&folder, 100);
    let left = [held(&again, "a"), held(&again, "b")];
    assert_eq!(left.iter().flatten().count(), 1);
    assert_eq!(
        (files(&folder, "data").len(), files(&folder, "index").len()),
        (1, 1)
    );
}

#[test]
fn an_entry_from_the_future_has_no_age() {
    let entry = entry(Kind::List, "a", b"one", 100, Validators::default());
    assert_eq!(entry.age_s(130), Some(30));
    assert_eq!(entry.age_s(99), None);
}

#[test]
fn a_folder_that_cant_be_made_is_a_fault() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    std::fs::write(&file, "x").unwrap();
    let settings = CacheSettings {
        dir: file,
        max_bytes: 100,
    };
    assert!(Cache::open(&settings).is_err());
}
