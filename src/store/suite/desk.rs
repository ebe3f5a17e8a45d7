//! What every engine must do with work in hand.

use super::{Case, bytes};
use crate::store::{DeskRow, Drawer, Stores};

pub(super) const CASES: &[Case] = &[
    ("a row of work in hand is kept, replaced and removed", rows),
    (
        "rows of one kind are listed in order, from behind a key",
        listing,
    ),
    (
        "files of work in hand are kept whole, replaced and removed",
        files,
    ),
    ("a file of work in hand has a harmless name", names),
];

fn row(key: &[u8], value: &[u8]) -> DeskRow {
    DeskRow {
        key: key.to_vec(),
        value: Ok(value.to_vec()),
    }
}

fn rows(stores: &Stores) {
    let desk = &stores.desk;
    assert_eq!(desk.row(Drawer::Batches, b"a").unwrap(), None);
    let large = bytes(1, 40_000);
    desk.put(Drawer::Batches, b"a", &large).unwrap();
    desk.put(Drawer::Items, b"a", b"another drawer").unwrap();
    desk.sync().unwrap();
    assert_eq!(
        desk.row(Drawer::Batches, b"a").unwrap(),
        Some(row(b"a", &large))
    );
    // Shorter than before: nothing of the longer value may be left.
    desk.put(Drawer::Batches, b"a", b"short").unwrap();
    assert_eq!(
        desk.row(Drawer::Batches, b"a").unwrap(),
        Some(row(b"a", b"short"))
    );
    desk.remove(Drawer::Batches, b"a").unwrap();
    desk.remove(Drawer::Batches, b"a").unwrap();
    assert_eq!(desk.row(Drawer::Batches, b"a").unwrap(), None);
    assert_eq!(
        desk.row(Drawer::Items, b"a").unwrap(),
        Some(row(b"a", b"another drawer"))
    );
}

fn listing(stores: &Stores) {
    let desk = &stores.desk;
    let all: Vec<(Vec<u8>, Vec<u8>)> = [b"a0".as_slice(), b"b1", b"b2", b"b3", b"c0"]
        .iter()
        .map(|key| (key.to_vec(), [b"value of ", *key].concat()))
        .collect();
    desk.put_all(Drawer::Items, &all).unwrap();
    let keys = |prefix: &[u8], after: Option<&[u8]>, limit| -> Vec<Vec<u8>> {
        let found = desk.rows(Drawer::Items, prefix, after, limit).unwrap();
        for row in &found {
            assert_eq!(row.value, Ok([b"value of ", row.key.as_slice()].concat()));
        }
        found.into_iter().map(|row| row.key).collect()
    };
    assert_eq!(keys(b"b", None, 9), [b"b1", b"b2", b"b3"]);
    assert_eq!(keys(b"b", Some(b"b1"), 1), [b"b2"]);
    assert_eq!(keys(b"b", Some(b"b3"), 9), [b""; 0]);
    assert_eq!(keys(b"", None, 9).len(), 5);
    assert_eq!(desk.rows(Drawer::Outcomes, b"", None, 9).unwrap(), []);
}

fn files(stores: &Stores) {
    let desk = &stores.desk;
    assert_eq!(desk.file("s-1").unwrap(), None);
    assert_eq!(desk.file_bytes().unwrap(), 0);
    let large = bytes(3, 300_000);
    desk.put_file("s-1", &large).unwrap();
    desk.put_file("b-1-2", b"second").unwrap();
    desk.put_file("b-1-1", b"first").unwrap();
    assert_eq!(desk.file("s-1").unwrap(), Some(large));
    let listed: Vec<(String, u64)> = desk
        .files("b-1-")
        .unwrap()
        .into_iter()
        .map(|file| (file.name, file.bytes))
        .collect();
    assert_eq!(listed, [("b-1-1".to_owned(), 5), ("b-1-2".to_owned(), 6)]);
    assert_eq!(desk.file_bytes().unwrap(), 300_011);
    desk.put_file("s-1", b"shorter").unwrap();
    assert_eq!(desk.file("s-1").unwrap(), Some(b"shorter".to_vec()));
    assert_eq!(desk.file_bytes().unwrap(), 18);
    desk.remove_file("s-1").unwrap();
    desk.remove_file("s-1").unwrap();
    assert_eq!(desk.file("s-1").unwrap(), None);
    assert_eq!(desk.files("").unwrap().len(), 2);
    // Nothing in hand is a document of the archive.
    assert_eq!(stores.blobs.scan(None, 9).unwrap(), []);
}

fn names(stores: &Stores) {
    for name in ["", "../a", "a/b", "A", "a.b", &"a".repeat(81)] {
        assert!(
            stores.desk.put_file(name, b"x").is_err(),
            "{name:?} was taken"
        );
        assert_eq!(stores.desk.file(name).unwrap_or(None), None);
    }
    stores.desk.put_file(&"a".repeat(80), b"x").unwrap();
}
