//! Work in hand on disk: what a restart keeps, and what damage costs.

use std::fs;

use super::damage::flip;
use crate::store::suite::bytes;
use crate::store::tests::Scratch;
use crate::store::{Cause, Drawer, cause, create, open};

fn key(number: u8) -> Vec<u8> {
    vec![b'k', number]
}

#[test]
fn work_in_hand_is_there_after_a_restart() {
    let scratch = Scratch::new("desk-restart");
    let stores = create(&scratch.settings()).unwrap();
    for number in 0..5u8 {
        let value = bytes(u64::from(number), 20_000);
        stores
            .desk
            .put(Drawer::Batches, &key(number), &value)
            .unwrap();
    }
    stores.desk.remove(Drawer::Batches, &key(3)).unwrap();
    stores.desk.put_file("b-1", &bytes(9, 5_000)).unwrap();
    stores.close().unwrap();
    drop(stores);
    // What a crash in the middle of `put_file` leaves.
    fs::write(scratch.0.join("desk/files/b-2.7.new"), b"half").unwrap();

    let stores = open(&scratch.settings()).unwrap();
    let rows = stores.desk.rows(Drawer::Batches, b"", None, 99).unwrap();
    let keys: Vec<Vec<u8>> = rows.iter().map(|row| row.key.clone()).collect();
    assert_eq!(keys, [key(0), key(1), key(2), key(4)]);
    assert_eq!(rows[3].value, Ok(bytes(4, 20_000)));
    assert_eq!(stores.desk.file("b-1").unwrap(), Some(bytes(9, 5_000)));
    assert_eq!(stores.desk.files("").unwrap().len(), 1);
    assert_eq!(stores.desk.file_bytes().unwrap(), 5_000);
    assert!(!scratch.0.join("desk/files/b-2.7.new").exists());
}

#[test]
fn a_damaged_row_is_named_and_the_others_are_given() {
    let scratch = Scratch::new("desk-damage");
    let stores = create(&scratch.settings()).unwrap();
    for number in 0..40u8 {
        let value = bytes(u64::from(number), 12_000);
        stores
            .desk
            .put(Drawer::Items, &key(number), &value)
            .unwrap();
    }
    stores.close().unwrap();
    drop(stores);
    assert_eq!(flip(&scratch.0, &bytes(17, 12_000)[6_000..6_032]), 1);

    let stores = open(&scratch.settings()).unwrap();
    let rows = stores.desk.rows(Drawer::Items, b"", None, 99);
    // The engine's page that holds the row may be unreadable as a whole: then the listing says so, and nothing is missed.
    match rows {
        Ok(rows) => {
            assert_eq!(rows.len(), 40, "a row was dropped silently");
            let damaged: Vec<&[u8]> = rows
                .iter()
                .filter(|row| row.value.is_err())
                .map(|row| row.key.as_slice())
                .collect();
            assert!(damaged.contains(&key(17).as_slice()), "{damaged:?}");
        }
        Err(fault) => assert!(
            matches!(cause(&fault), Some(Cause::Damaged { .. })),
            "{}",
            fault.chain()
        ),
    }
    stores.desk.remove(Drawer::Items, &key(17)).ok();
}

#[test]
fn a_desk_that_cant_be_opened_keeps_nobody_from_the_archive() {
    let scratch = Scratch::new("desk-broken");
    let stores = create(&scratch.settings()).unwrap();
    super::fill(&stores);
    stores.close().unwrap();
    drop(stores);
    fs::remove_dir_all(scratch.0.join("desk")).unwrap();
    fs::write(scratch.0.join("desk"), b"no folder").unwrap();

    let stores = open(&scratch.settings()).unwrap();
    super::check_filled(&stores);
    let fault = stores
        .desk
        .put(Drawer::Items, b"a", b"b")
        .and_then(|()| stores.desk.sync())
        .unwrap_err();
    assert!(
        matches!(cause(&fault), Some(Cause::Damaged { .. })),
        "{}",
        fault.chain()
    );
    stores.close().unwrap();
}

#[test]
fn an_archive_of_before_gets_its_desk() {
    let scratch = Scratch::new("desk-old");
    drop(create(&scratch.settings()).unwrap());
    fs::remove_dir_all(scratch.0.join("desk")).unwrap();
    let stores = open(&scratch.settings()).unwrap();
    stores.desk.put(Drawer::Items, b"a", b"b").unwrap();
    stores.desk.sync().unwrap();
}
