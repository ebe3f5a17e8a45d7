//! Opening again: after a clean end, after a kill, by a second process, with another layout.

use std::fs;

use super::{check_cause, check_filled, fill};
use crate::record::sha256;
use crate::store::sled::database::Database;
use crate::store::sled::row;
use crate::store::sled::values::Values;
use crate::store::suite::{admission, bytes, check_blob, put};
use crate::store::tests::Scratch;
use crate::store::{Admitted, Cause, Stores, cause, create, open};

#[test]
fn what_was_acknowledged_is_there_after_a_clean_end_and_after_none() {
    let scratch = Scratch::new("reopen");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    check_filled(&stores);
    stores.close().unwrap();
    drop(stores);

    let stores = open(&scratch.settings()).unwrap();
    check_filled(&stores);
    // No close: as after a kill, apart from what the kernel still had.
    drop(stores);

    let stores = open(&scratch.settings()).unwrap();
    check_filled(&stores);
    // New documents go on behind the old ones.
    put(&stores, 99, 100_000);
    check_filled_but_count(&stores, 41);
    assert_eq!(
        stores.ledger.admit(&[admission(3), admission(99)]).unwrap(),
        [Admitted::Replayed { index: 3 }, Admitted::New { index: 10 }]
    );
}

#[track_caller]
fn check_filled_but_count(stores: &Stores, count: usize) {
    for seed in 0..40 {
        check_blob(stores, seed, 100_000);
    }
    check_blob(stores, 99, 100_000);
    assert_eq!(stores.blobs.scan(None, 100).unwrap().len(), count);
}

#[test]
fn the_epoch_rises_with_every_opening() {
    let scratch = Scratch::new("epoch");
    let first = create(&scratch.settings()).unwrap();
    let lease = first.ledger.acquire().unwrap();
    first.close().unwrap();
    drop(first);
    let second = open(&scratch.settings()).unwrap();
    assert!(second.ledger.acquire().unwrap().epoch > lease.epoch);
    let fault = second.ledger.renew(&lease).unwrap_err();
    assert!(matches!(cause(&fault), Some(Cause::Fenced { .. })));
}

#[test]
fn an_archive_is_opened_once_at_a_time() {
    let scratch = Scratch::new("locked");
    let stores = create(&scratch.settings()).unwrap();
    check_cause(open(&scratch.settings()), |cause| {
        matches!(cause, Cause::Locked { .. })
    });
    check_cause(create(&scratch.settings()), |cause| {
        matches!(cause, Cause::Locked { .. })
    });
    stores.close().unwrap();
    check_cause(create(&scratch.settings()), |cause| {
        matches!(cause, Cause::Present { .. })
    });
    open(&scratch.settings()).unwrap();
}

#[test]
fn a_folder_without_an_archive_is_refused() {
    let scratch = Scratch::new("absent");
    check_cause(open(&scratch.settings()), |cause| {
        matches!(cause, Cause::Absent { .. })
    });
    assert!(!scratch.0.exists());
}

#[test]
fn an_unknown_layout_is_refused() {
    let scratch = Scratch::new("layout");
    create(&scratch.settings()).unwrap().close().unwrap();
    let format = scratch.0.join("format");
    for text in [
        "antin archive, layout 2\nvolume_slots 24\n",
        "",
        "antin archive, layout 1\nvolume_slots 0\n",
    ] {
        fs::write(&format, text).unwrap();
        check_cause(open(&scratch.settings()), |cause| {
            matches!(cause, Cause::Layout { .. })
        });
    }
}

#[test]
fn a_document_larger_than_a_volume_is_refused() {
    let scratch = Scratch::new("large");
    let stores = create(&scratch.settings()).unwrap();
    let blob = bytes(1, 24 * 58_000 + 1);
    let fault = stores.blobs.put(&sha256(&blob), &[&blob]).unwrap_err();
    assert!(matches!(cause(&fault), Some(Cause::TooLarge { .. })));
    put(&stores, 2, 24 * 58_000);
    check_blob(&stores, 2, 24 * 58_000);
}

#[test]
fn rows_that_a_crash_left_above_the_counter_are_removed() {
    let scratch = Scratch::new("leftovers");
    let stores = create(&scratch.settings()).unwrap();
    stores.ledger.admit(&[admission(0)]).unwrap();
    stores.close().unwrap();
    drop(stores);
    {
        // A batch of two whose last row, the counter, was never written.
        let database = Database::open(&scratch.0.join("ledger"), 1 << 20).unwrap();
        let values = Values::open(&database, crate::store::sled::row::KINDS, "ledger").unwrap();
        for index in 1..3u64 {
            let lost = admission(50 + index);
            values
                .put(&row::entry_key(index), &row::encode_admission(&lost))
                .unwrap();
            values
                .put(&row::id_key(&lost.id), &index.to_be_bytes())
                .unwrap();
            let key = row::idempotency_key(&lost.idempotency.unwrap());
            values
                .put(&key, &row::encode_seen(index, &lost.content))
                .unwrap();
        }
        database.flush().unwrap();
    }
    let stores = open(&scratch.settings()).unwrap();
    assert_eq!(stores.ledger.admitted(), 1);
    assert_eq!(stores.ledger.by_id(&admission(51).id).unwrap(), None);
    // Another entry takes the index; the stale look-ups do not count for it, and the retry is new.
    let admitted = stores.ledger.admit(&[admission(7), admission(51)]).unwrap();
    assert_eq!(
        admitted,
        [Admitted::New { index: 1 }, Admitted::New { index: 2 }]
    );
    assert_eq!(stores.ledger.by_id(&admission(52).id).unwrap(), None);
    assert_eq!(stores.ledger.by_id(&admission(51).id).unwrap(), Some(2));
}

#[test]
fn documents_whose_index_rows_a_crash_took_are_found_by_their_chunks() {
    let scratch = Scratch::new("unmarked");
    let after_crash = Scratch::new("unmarked-copy");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    // What the files hold now is what a crash leaves: rows that wait in sled's buffer are not in them.
    copy_folder(&scratch.0, &after_crash.0);
    let index = after_crash
        .0
        .join(crate::store::sled::DOCUMENTS)
        .join("index");
    assert_eq!(rows_of_places(&index), 0);

    let reopened = open(&after_crash.settings()).unwrap();
    check_filled(&reopened);
    assert_eq!(reopened.blobs.scan(None, 100).unwrap().len(), 40);
    reopened.close().unwrap();
    drop(reopened);
    assert_eq!(rows_of_places(&index), 40);
}

#[test]
fn volumes_that_a_crash_left_unsealed_are_sealed_by_the_next_opening() {
    let scratch = Scratch::new("unsealed");
    let after_crash = Scratch::new("unsealed-copy");
    let stores = create(&scratch.settings()).unwrap();
    fill(&stores);
    copy_folder(&scratch.0, &after_crash.0);
    let documents = after_crash.0.join(crate::store::sled::DOCUMENTS);
    let is_sealed = |number: u32| {
        let volume = documents.join(format!("{number:06}"));
        Database::open(&volume, 1 << 20)
            .unwrap()
            .was_sealed()
            .unwrap()
    };
    assert!(!is_sealed(3), "it was full a moment ago");

    let reopened = open(&after_crash.settings()).unwrap();
    check_filled(&reopened);
    reopened.close().unwrap();
    drop(reopened);
    for number in 1..=3 {
        assert!(is_sealed(number), "volume {number}");
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_folder(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

fn rows_of_places(index: &std::path::Path) -> usize {
    let database = Database::open(index, 1 << 20).unwrap();
    let values = Values::open(&database, b"dpw", "document index").unwrap();
    values.keys(b"p", None, 100).unwrap().len()
}
