//! What every engine must do with blobs.

use std::collections::BTreeSet;
use std::thread;

use super::{Case, bytes, check_blob, put};
use crate::record::{Digest, sha256};
use crate::store::{Put, Stores};

pub(super) const CASES: &[Case] = &[
    ("a blob is read back as it was put", round_trip),
    ("a blob put twice is stored once", twice),
    ("blobs of every size come back whole", sizes),
    ("a range is cut out of a blob", ranges),
    ("a scan goes on where it stopped", scan),
    ("many threads put and sync", threads),
];

fn round_trip(stores: &Stores) {
    let absent = sha256(b"never put");
    assert_eq!(stores.blobs.bytes(&absent).unwrap(), None);
    assert_eq!(stores.blobs.read(&absent).unwrap(), None);
    assert_eq!(stores.blobs.read_range(&absent, 0..9).unwrap(), None);
    let mut buffer = vec![1, 2, 3];
    assert!(!stores.blobs.read_into(&absent, &mut buffer).unwrap());
    assert!(buffer.is_empty());

    let blob = bytes(7, 200_000);
    let (head, tail) = blob.split_at(70_001);
    let id = sha256(&blob);
    assert_eq!(
        stores.blobs.put(&id, &[head, &[], tail]).unwrap(),
        Put::Stored
    );
    // Visible before it is durable.
    check_blob(stores, 7, 200_000);
    stores.blobs.sync().unwrap();
    check_blob(stores, 7, 200_000);
}

fn twice(stores: &Stores) {
    let blob = bytes(8, 1000);
    let id = sha256(&blob);
    assert_eq!(stores.blobs.put(&id, &[&blob]).unwrap(), Put::Stored);
    assert_eq!(
        stores.blobs.put_durable(&id, &[&blob]).unwrap(),
        Put::AlreadyThere
    );
    assert_eq!(stores.blobs.put(&id, &[&blob]).unwrap(), Put::AlreadyThere);
    assert_eq!(stores.blobs.scan(None, 10).unwrap().len(), 1);
}

fn sizes(stores: &Stores) {
    let sizes = [0, 1, 57_999, 58_000, 58_001, 116_000, 200_000, 1_000_000];
    for (seed, length) in (100..).zip(sizes) {
        put(stores, seed, length);
    }
    for (seed, length) in (100..).zip(sizes) {
        check_blob(stores, seed, length);
    }
}

fn ranges(stores: &Stores) {
    let blob = bytes(9, 150_000);
    let id = put(stores, 9, 150_000);
    for range in [
        0..1,
        0..150_000,
        49_999..50_001,
        50_000..100_000,
        99_990..150_000,
    ] {
        let read = stores
            .blobs
            .read_range(&id, range.clone())
            .unwrap()
            .unwrap();
        let cut = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        assert!(read == blob[cut], "range {range:?}");
    }
    let read = |range| stores.blobs.read_range(&id, range).unwrap().unwrap();
    assert_eq!(read(149_999..u64::MAX).len(), 1);
    assert!(read(150_000..150_001).is_empty());
    assert!(read(9..9).is_empty());
    assert!(read(u64::MAX - 1..u64::MAX).is_empty());
}

fn scan(stores: &Stores) {
    let put: Vec<Digest> = (0..25)
        .map(|seed| put(stores, 200 + seed, 60_000))
        .collect();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = stores.blobs.scan(after, 7).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        assert!(page.iter().all(|blob| blob.bytes == 60_000));
        seen.extend(page.iter().map(|blob| blob.id));
    }
    // One writer: storage order is the order of putting.
    assert_eq!(seen, put);
}

fn threads(stores: &Stores) {
    thread::scope(|scope| {
        for thread in 0..8u64 {
            scope.spawn(move || {
                for number in 0..6 {
                    // Half of them are put by two threads.
                    let seed = 300 + (thread / 2) * 100 + number * (1 + thread % 2);
                    put(stores, seed, 70_000);
                    check_blob(stores, seed, 70_000);
                }
            });
        }
    });
    let scanned = stores.blobs.scan(None, 1000).unwrap();
    let ids: BTreeSet<Digest> = scanned.iter().map(|blob| blob.id).collect();
    for thread in 0..8u64 {
        for number in 0..6 {
            let seed = 300 + (thread / 2) * 100 + number * (1 + thread % 2);
            check_blob(stores, seed, 70_000);
            assert!(ids.contains(&sha256(&bytes(seed, 70_000))));
        }
    }
}
