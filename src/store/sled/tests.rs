//! What only an engine on disk has: reopening, locks, layouts, damage, the rows themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::record::{Digest, Fault, sha256};
use crate::store::sled::chunk::{Cut, Gather};
use crate::store::sled::combiner::Combiner;
use crate::store::sled::database::Database;
use crate::store::sled::row;
use crate::store::sled::values::Values;
use crate::store::suite::{admission, bytes, check_blob, put, state};
use crate::store::tests::Scratch;
use crate::store::{Admitted, Cause, KeptReceipt, Row, Stores, cause, create, open};

#[track_caller]
fn check_cause(result: Result<Stores, Fault>, wanted: impl Fn(&Cause) -> bool) {
    match result {
        Ok(_) => panic!("it opened"),
        Err(fault) => assert!(
            cause(&fault).is_some_and(wanted),
            "other cause: {}",
            fault.chain()
        ),
    }
}

/// 40 documents of 100,000 bytes (2 chunks), 10 entries in a tree of 8, two files, a checkpoint.
fn fill(stores: &Stores) {
    for seed in 0..40 {
        put(stores, seed, 100_000);
    }
    let batch: Vec<_> = (0..10).map(admission).collect();
    stores.ledger.admit(&batch).unwrap();
    let lease = stores.ledger.acquire().unwrap();
    let receipts: Vec<_> = (0..8)
        .map(|index| KeptReceipt { index, bytes: bytes(index, 600) })
        .collect();
    stores.ledger.advance(&lease, None, &state(8), &receipts).unwrap();
    let files = [
        ("tile/0/000".to_owned(), bytes(1, 8192)),
        ("tile/entries/000".to_owned(), bytes(2, 34_000)),
    ];
    stores.tree.publish(&files, b"note of 8").unwrap();
}

#[track_caller]
fn check_filled(stores: &Stores) {
    for seed in 0..40 {
        check_blob(stores, seed, 100_000);
    }
    assert_eq!(stores.blobs.scan(None, 100).unwrap().len(), 40);
    assert_eq!(stores.ledger.admitted(), 10);
    assert_eq!(stores.ledger.tree().unwrap(), Some(state(8)));
    assert_eq!(stores.ledger.pending(9).unwrap().len(), 2);
    assert_eq!(stores.ledger.receipt(7).unwrap(), Some(bytes(7, 600)));
    assert_eq!(stores.tree.read("tile/entries/000").unwrap(), Some(bytes(2, 34_000)));
    assert_eq!(stores.tree.checkpoint().unwrap(), Some(b"note of 8".to_vec()));
    for index in 0..10 {
        let Some(Row::Whole(row)) = stores.ledger.entry(index).unwrap() else {
            panic!("entry {index}")
        };
        assert_eq!(row.admission, admission(index));
    }
}

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
    check_cause(open(&scratch.settings()), |cause| matches!(cause, Cause::Locked { .. }));
    check_cause(create(&scratch.settings()), |cause| matches!(cause, Cause::Locked { .. }));
    stores.close().unwrap();
    check_cause(create(&scratch.settings()), |cause| matches!(cause, Cause::Present { .. }));
    open(&scratch.settings()).unwrap();
}

#[test]
fn a_folder_without_an_archive_is_refused() {
    let scratch = Scratch::new("absent");
    check_cause(open(&scratch.settings()), |cause| matches!(cause, Cause::Absent { .. }));
    assert!(!scratch.0.exists());
}

#[test]
fn an_unknown_layout_is_refused() {
    let scratch = Scratch::new("layout");
    create(&scratch.settings()).unwrap().close().unwrap();
    let format = scratch.0.join("format");
    for text in ["antin archive, layout 2\nvolume_slots 24\n", "", "antin archive, layout 1\nvolume_slots 0\n"] {
        fs::write(&format, text).unwrap();
        check_cause(open(&scratch.settings()), |cause| matches!(cause, Cause::Layout { .. }));
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
fn flip(dir: &Path, needle: &[u8]) -> usize {
    let mut hits = 0;
    for log in logs(dir) {
        let mut content = fs::read(&log).unwrap();
        let at = content.windows(needle.len()).rposition(|window| window == needle);
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
        assert!(is_damaged(stores.blobs.read_into(&id, &mut buffer)), "document {seed} at {at}");
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
    assert_eq!(flip(&scratch.0.join("tree"), &bytes(1, 8192)[4000..4032]), 1);
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
fn rows_that_a_crash_left_above_the_counter_are_removed() {
    let scratch = Scratch::new("leftovers");
    let stores = create(&scratch.settings()).unwrap();
    stores.ledger.admit(&[admission(0)]).unwrap();
    stores.close().unwrap();
    drop(stores);
    {
        // A batch of two whose last row, the counter, was never written.
        let database = Database::open(&scratch.0.join("ledger"), 1 << 20).unwrap();
        let values = Values::new(database.tree(b"ledger").unwrap(), "ledger");
        for index in 1..3u64 {
            let lost = admission(50 + index);
            values.put(&row::entry_key(index), &row::encode_admission(&lost)).unwrap();
            values.put(&row::id_key(&lost.id), &index.to_be_bytes()).unwrap();
            let key = row::idempotency_key(&lost.idempotency.unwrap());
            values.put(&key, &row::encode_seen(index, &lost.content)).unwrap();
        }
        database.flush().unwrap();
    }
    let stores = open(&scratch.settings()).unwrap();
    assert_eq!(stores.ledger.admitted(), 1);
    assert_eq!(stores.ledger.by_id(&admission(51).id).unwrap(), None);
    // Another entry takes the index; the stale look-ups do not count for it, and the retry is new.
    let admitted = stores.ledger.admit(&[admission(7), admission(51)]).unwrap();
    assert_eq!(admitted, [Admitted::New { index: 1 }, Admitted::New { index: 2 }]);
    assert_eq!(stores.ledger.by_id(&admission(52).id).unwrap(), None);
    assert_eq!(stores.ledger.by_id(&admission(51).id).unwrap(), Some(2));
}

#[test]
fn values_of_every_length_and_neighbouring_keys_keep_apart() {
    let scratch = Scratch::new("values");
    let database = Database::open(&scratch.0, 1 << 20).unwrap();
    let values = Values::new(database.tree(b"t").unwrap(), "test");
    let keys: [&[u8]; 5] = [b"a", b"a\0", b"a\0\0\0\0\0", b"ab", b"b"];
    for length in [0, 1, 13_991, 13_992, 13_993, 27_992, 27_993, 100_000] {
        for (seed, key) in (0..).zip(keys) {
            values.put(key, &bytes(seed, length)).unwrap();
        }
        for (seed, key) in (0..).zip(keys) {
            assert_eq!(values.read(key).unwrap(), Some(bytes(seed, length)), "{length}");
        }
    }
    values.remove(b"a").unwrap();
    assert_eq!(values.read(b"a").unwrap(), None);
    for key in &keys[1..] {
        assert!(values.read(key).unwrap().is_some(), "{key:?}");
    }
    assert!(values.put(&[7; 151], b"").is_err());
}

#[test]
fn waiters_share_a_flush() {
    let combiner = Combiner::default();
    let flushes = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let ticket = combiner.wrote().unwrap();
                combiner
                    .wait(ticket, || {
                        flushes.fetch_add(1, Ordering::SeqCst);
                        // Long enough for the others to arrive; nothing is asserted on its length.
                        thread::sleep(Duration::from_millis(20));
                        Ok(())
                    })
                    .unwrap();
            });
        }
    });
    let flushes = flushes.into_inner();
    assert!((1..16).contains(&flushes), "{flushes} flushes");
}

#[test]
fn after_a_failed_flush_nothing_is_accepted() {
    let combiner = Combiner::default();
    let ticket = combiner.wrote().unwrap();
    assert!(combiner.wait(ticket, || Err(Fault::plain("no disk"))).is_err());
    let fault = combiner.wrote().map(|_| ()).unwrap_err();
    assert!(crate::store::is_fatal(&fault));
    assert!(combiner.wait(ticket, || Ok(())).is_err());
}

#[test]
fn a_cut_covers_the_document_once() {
    for length in [0, 1, 2, 57_999, 58_000, 58_001, 115_999, 116_001, 1_000_003] {
        let cut = Cut::of(length).unwrap();
        let mut at = 0;
        for number in 0..cut.count {
            let range = cut.range(number);
            assert_eq!(range.start, at, "{length}");
            assert!(range.end - range.start <= 58_000);
            at = range.end;
        }
        assert_eq!(at, length);
    }
    let parts: [&[u8]; 4] = [b"ab", b"", b"cdef", b"g"];
    let mut gather = Gather::new(&parts);
    let mut taken = Vec::new();
    gather.take(3, &mut taken);
    gather.take(9, &mut taken);
    assert_eq!(taken, b"abcdefg");
    assert!(Digest::from_slice(&taken).is_none());
}
