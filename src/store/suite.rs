//! The conformance suite: what every engine must do, whatever it stands on.
//!
//! Each function takes an empty archive. `tests.rs` runs all of them for every engine.
//!
//! # What is not here
//! Reopening, damage and locks (engines that keep something test those beside themselves); a kill at each
//! point (a test of the whole process).

use std::collections::BTreeSet;
use std::thread;

use crate::record::{Digest, sha256};
use crate::store::{
    Admission, Admitted, Cause, KeptReceipt, Lease, Put, Row, Stores, TreeState, cause,
};

/// Every case with its name.
pub(super) const CASES: &[(&str, fn(&Stores))] = &[
    ("a blob is read back as it was put", blob_round_trip),
    ("a blob put twice is stored once", blob_twice),
    ("blobs of every size come back whole", blob_sizes),
    ("a range is cut out of a blob", blob_ranges),
    ("a scan goes on where it stopped", blob_scan),
    ("many threads put and sync", blob_threads),
    ("the same file may be published again", tree_same),
    ("other bytes under a path are refused", tree_diverged),
    ("files are listed in order", tree_list),
    ("the checkpoint is replaced", tree_checkpoint),
    (
        "writers in many threads get contiguous indices",
        ledger_contiguous,
    ),
    ("the same key and content are replayed", ledger_replay),
    ("the same key with other content conflicts", ledger_conflict),
    ("entries are found by every look-up", ledger_look_ups),
    ("the head advances from the state it has", ledger_advance),
    ("a lease of another opening is refused", ledger_fenced),
    (
        "what is admitted and not in the tree is pending",
        ledger_pending,
    ),
    ("reports are kept and replaced", ledger_reports),
    ("a closed archive says so", closed),
];

pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[track_caller]
pub(super) fn put(stores: &Stores, seed: u64, length: usize) -> Digest {
    let blob = bytes(seed, length);
    let id = sha256(&blob);
    stores.blobs.put_durable(&id, &[&blob]).unwrap();
    id
}

#[track_caller]
pub(super) fn check_blob(stores: &Stores, seed: u64, length: usize) {
    let blob = bytes(seed, length);
    let id = sha256(&blob);
    assert_eq!(stores.blobs.bytes(&id).unwrap(), Some(length as u64));
    let read = stores.blobs.read(&id).unwrap().unwrap();
    assert!(
        read == blob,
        "blob {seed} of {length} bytes came back changed"
    );
}

pub(super) fn admission(seed: u64) -> Admission {
    let short = |salt: u64| -> [u8; 16] { bytes(seed ^ salt, 16).try_into().unwrap() };
    Admission {
        idempotency: Some(sha256(&bytes(seed, 20))),
        content: sha256(&bytes(seed, 21)),
        id: short(1 << 32),
        public_id: short(1 << 33),
        blob: sha256(&bytes(seed, 22)),
        leaf: bytes(seed, 128),
        entry: bytes(seed, 3000),
    }
}

pub(super) fn state(size: u64) -> TreeState {
    TreeState {
        size,
        root: sha256(&size.to_be_bytes()),
        frontier: bytes(size, 320),
        note: bytes(size, 200),
    }
}

fn blob_round_trip(stores: &Stores) {
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

fn blob_twice(stores: &Stores) {
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

fn blob_sizes(stores: &Stores) {
    let sizes = [0, 1, 57_999, 58_000, 58_001, 116_000, 200_000, 1_000_000];
    for (seed, length) in (100..).zip(sizes) {
        put(stores, seed, length);
    }
    for (seed, length) in (100..).zip(sizes) {
        check_blob(stores, seed, length);
    }
}

fn blob_ranges(stores: &Stores) {
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

fn blob_scan(stores: &Stores) {
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

fn blob_threads(stores: &Stores) {
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

fn tree_same(stores: &Stores) {
    for _ in 0..2 {
        stores
            .tree
            .put_immutable("tile/0/000", &bytes(1, 8192))
            .unwrap();
        let files = [("tile/entries/000".to_owned(), bytes(2, 40_000))];
        stores.tree.publish(&files, b"note 1").unwrap();
    }
    let read = |path| stores.tree.read(path).unwrap();
    assert_eq!(read("tile/0/000"), Some(bytes(1, 8192)));
    assert_eq!(read("tile/entries/000"), Some(bytes(2, 40_000)));
    assert_eq!(read("tile/0/00"), None);
}

fn tree_diverged(stores: &Stores) {
    stores.tree.put_immutable("tile/0/000", b"one").unwrap();
    let fault = stores.tree.put_immutable("tile/0/000", b"two").unwrap_err();
    let diverged = Cause::Diverged {
        path: "tile/0/000".to_owned(),
    };
    assert_eq!(cause(&fault), Some(&diverged));
    assert!(diverged.is_fatal());
    let files = [("tile/0/000".to_owned(), b"two".to_vec())];
    assert!(stores.tree.publish(&files, b"note").is_err());
    // The checkpoint is not moved by a publication that failed.
    assert_eq!(stores.tree.checkpoint().unwrap(), None);
    assert_eq!(
        stores.tree.read("tile/0/000").unwrap(),
        Some(b"one".to_vec())
    );
}

fn tree_list(stores: &Stores) {
    let paths = [
        "tile/0/000",
        "tile/0/000.p/1",
        "tile/0/000.p/2",
        "tile/0/001",
        "tile/1/000",
    ];
    for path in paths.iter().rev() {
        // The longest one has several rows in some engines.
        stores.tree.put_immutable(path, &bytes(1, 30_000)).unwrap();
    }
    assert_eq!(stores.tree.list("tile/", None, 9).unwrap(), paths);
    assert_eq!(stores.tree.list("tile/", None, 2).unwrap(), paths[..2]);
    assert_eq!(
        stores.tree.list("tile/", Some(paths[1]), 2).unwrap(),
        paths[2..4]
    );
    assert_eq!(
        stores.tree.list("tile/0/", Some(paths[3]), 9).unwrap(),
        [""; 0]
    );
    assert_eq!(stores.tree.list("x", None, 9).unwrap(), [""; 0]);
}

fn tree_checkpoint(stores: &Stores) {
    assert_eq!(stores.tree.checkpoint().unwrap(), None);
    for note in [b"note 1".as_slice(), b"note 22", b"n3"] {
        stores.tree.put_checkpoint(note).unwrap();
        assert_eq!(stores.tree.checkpoint().unwrap(), Some(note.to_vec()));
    }
}

fn ledger_contiguous(stores: &Stores) {
    let indices: Vec<u64> = thread::scope(|scope| {
        let writers: Vec<_> = (0..6u64)
            .map(|writer| {
                scope.spawn(move || {
                    let mut indices = Vec::new();
                    for round in 0..5 {
                        let seed = 1000 + writer * 100 + round * 10;
                        let batch: Vec<_> = (seed..seed + 3).map(admission).collect();
                        let admitted = stores.ledger.admit(&batch).unwrap();
                        assert!(admitted.iter().all(|it| matches!(it, Admitted::New { .. })));
                        indices.extend(admitted.iter().map(Admitted::index));
                    }
                    indices
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    });
    let distinct: BTreeSet<u64> = indices.iter().copied().collect();
    assert_eq!(indices.len(), 90);
    assert!(distinct.into_iter().eq(0..90));
    assert_eq!(stores.ledger.admitted(), 90);
}

fn ledger_replay(stores: &Stores) {
    let first = stores.ledger.admit(&[admission(1), admission(2)]).unwrap();
    assert_eq!(
        first,
        [Admitted::New { index: 0 }, Admitted::New { index: 1 }]
    );
    // Across batches and inside one; what the archive made new for the retry does not matter.
    let retry = Admission {
        id: [9; 16],
        leaf: b"other".to_vec(),
        ..admission(2)
    };
    let second = stores
        .ledger
        .admit(&[retry, admission(3), admission(3)])
        .unwrap();
    assert_eq!(
        second,
        [
            Admitted::Replayed { index: 1 },
            Admitted::New { index: 2 },
            Admitted::Replayed { index: 2 }
        ]
    );
    let keyless = Admission {
        idempotency: None,
        ..admission(4)
    };
    let third = stores.ledger.admit(&[keyless.clone(), keyless]).unwrap();
    assert_eq!(
        third,
        [Admitted::New { index: 3 }, Admitted::New { index: 4 }]
    );
    assert_eq!(stores.ledger.by_id(&[9; 16]).unwrap(), None);
}

fn ledger_conflict(stores: &Stores) {
    let other = Admission {
        content: sha256(b"other"),
        ..admission(1)
    };
    let answers = stores.ledger.admit(&[admission(1), other.clone()]).unwrap();
    assert_eq!(
        answers,
        [Admitted::New { index: 0 }, Admitted::Conflict { index: 0 }]
    );
    assert_eq!(
        stores.ledger.admit(&[other]).unwrap(),
        [Admitted::Conflict { index: 0 }]
    );
    assert_eq!(stores.ledger.admitted(), 1);
}

fn ledger_look_ups(stores: &Stores) {
    let mut again = admission(2);
    again.blob = admission(1).blob;
    let large = Admission {
        entry: bytes(5, 100_000),
        leaf: bytes(6, 65_535),
        ..admission(3)
    };
    let batch = [admission(1), again, large.clone()];
    stores.ledger.admit(&batch).unwrap();
    for (index, admission) in (0..).zip(&batch) {
        assert_eq!(stores.ledger.by_id(&admission.id).unwrap(), Some(index));
        assert_eq!(
            stores.ledger.by_public_id(&admission.public_id).unwrap(),
            Some(index)
        );
        let Some(Row::Whole(row)) = stores.ledger.entry(index).unwrap() else {
            panic!("entry {index} is not whole")
        };
        assert_eq!((row.index, &row.admission), (index, admission));
    }
    assert_eq!(stores.ledger.by_blob(&batch[0].blob).unwrap(), [0, 1]);
    assert_eq!(stores.ledger.by_blob(&large.blob).unwrap(), [2]);
    assert_eq!(stores.ledger.by_blob(&sha256(b"none")).unwrap(), [0; 0]);
    assert_eq!(stores.ledger.by_id(&[1; 16]).unwrap(), None);
    assert_eq!(stores.ledger.entry(3).unwrap(), None);
    let rows = stores.ledger.entries(1, 9).unwrap();
    assert_eq!(rows.iter().map(Row::index).collect::<Vec<_>>(), [1, 2]);
}

fn ledger_advance(stores: &Stores) {
    let ledger = &stores.ledger;
    let lease = ledger.acquire().unwrap();
    let receipt = |index| KeptReceipt {
        index,
        bytes: bytes(index, 700),
    };
    ledger
        .admit(&[admission(1), admission(2), admission(3)])
        .unwrap();
    assert_eq!(ledger.tree().unwrap(), None);
    assert_eq!(ledger.receipt(0).unwrap(), None);
    ledger.advance(&lease, None, &state(0), &[]).unwrap();
    ledger
        .advance(
            &lease,
            Some(&state(0)),
            &state(2),
            &[receipt(0), receipt(1)],
        )
        .unwrap();
    assert_eq!(ledger.tree().unwrap(), Some(state(2)));
    assert_eq!(ledger.receipt(1).unwrap(), Some(bytes(1, 700)));
    assert_eq!(ledger.receipt(2).unwrap(), None);
    // Repeated, from a state that is gone, from none.
    for from in [Some(state(0)), None] {
        let fault = ledger
            .advance(&lease, from.as_ref(), &state(3), &[])
            .unwrap_err();
        assert_eq!(cause(&fault), Some(&Cause::Moved { size: 2 }));
    }
    // Same size, other root.
    let forged = TreeState {
        root: sha256(b"forged"),
        ..state(2)
    };
    assert!(
        ledger
            .advance(&lease, Some(&forged), &state(3), &[])
            .is_err()
    );
    // Backwards, and beyond what is admitted.
    assert!(
        ledger
            .advance(&lease, Some(&state(2)), &state(1), &[])
            .is_err()
    );
    assert!(
        ledger
            .advance(&lease, Some(&state(2)), &state(4), &[])
            .is_err()
    );
    assert_eq!(ledger.tree().unwrap(), Some(state(2)));
    ledger
        .advance(&lease, Some(&state(2)), &state(3), &[receipt(2)])
        .unwrap();
    assert_eq!(ledger.receipt(2).unwrap(), Some(bytes(2, 700)));
}

fn ledger_fenced(stores: &Stores) {
    let lease = stores.ledger.acquire().unwrap();
    stores.ledger.renew(&lease).unwrap();
    let stale = Lease {
        epoch: lease.epoch.wrapping_sub(1),
    };
    assert!(stores.ledger.renew(&stale).is_err());
    let fault = stores
        .ledger
        .advance(&stale, None, &state(0), &[])
        .unwrap_err();
    assert_eq!(cause(&fault), Some(&Cause::Fenced { epoch: lease.epoch }));
    assert_eq!(stores.ledger.tree().unwrap(), None);
}

fn ledger_pending(stores: &Stores) {
    let lease = stores.ledger.acquire().unwrap();
    let batch: Vec<_> = (1..=5).map(admission).collect();
    stores.ledger.admit(&batch).unwrap();
    let pending = || -> Vec<u64> {
        stores
            .ledger
            .pending(100)
            .unwrap()
            .iter()
            .map(Row::index)
            .collect()
    };
    assert_eq!(pending(), [0, 1, 2, 3, 4]);
    stores.ledger.advance(&lease, None, &state(3), &[]).unwrap();
    assert_eq!(pending(), [3, 4]);
    stores
        .ledger
        .advance(&lease, Some(&state(3)), &state(5), &[])
        .unwrap();
    assert_eq!(pending(), [0; 0]);
}

fn ledger_reports(stores: &Stores) {
    assert_eq!(stores.ledger.report("a").unwrap(), None);
    stores.ledger.put_report("a", &bytes(1, 50_000)).unwrap();
    stores.ledger.put_report("ab", b"other").unwrap();
    assert_eq!(stores.ledger.report("a").unwrap(), Some(bytes(1, 50_000)));
    stores.ledger.put_report("a", b"short").unwrap();
    assert_eq!(stores.ledger.report("a").unwrap(), Some(b"short".to_vec()));
    assert_eq!(stores.ledger.report("ab").unwrap(), Some(b"other".to_vec()));
    stores.ledger.test_write().unwrap();
    stores.ledger.test_write().unwrap();
}

fn closed(stores: &Stores) {
    put(stores, 1, 1000);
    stores.close().unwrap();
    stores.close().unwrap();
    let closed = Some(&Cause::Closed);
    let blob = bytes(2, 10);
    assert_eq!(
        cause(&stores.blobs.put(&sha256(&blob), &[&blob]).unwrap_err()),
        closed
    );
    assert_eq!(
        cause(&stores.ledger.admit(&[admission(1)]).unwrap_err()),
        closed
    );
    assert_eq!(
        cause(&stores.tree.put_checkpoint(b"note").unwrap_err()),
        closed
    );
}
