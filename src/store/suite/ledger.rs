//! What every engine must do with order, identity and the head of the tree.

use std::collections::BTreeSet;
use std::thread;

use super::{Case, admission, bytes, state};
use crate::record::sha256;
use crate::store::{Admission, Admitted, Cause, KeptReceipt, Lease, Row, Stores, TreeState, cause};

pub(super) const CASES: &[Case] = &[
    ("what is admitted and not in the tree is pending", pending),
    ("writers in many threads get contiguous indices", contiguous),
    ("the same key and content are replayed", replay),
    ("the same key with other content conflicts", conflict),
    ("entries are found by every look-up", look_ups),
    ("later versions are found by the first", versions),
    ("the head advances from the state it has", advance),
    ("a lease of another opening is refused", fenced),
    ("reports are kept and replaced", reports),
];

fn contiguous(stores: &Stores) {
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

fn replay(stores: &Stores) {
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

fn conflict(stores: &Stores) {
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

fn look_ups(stores: &Stores) {
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

fn versions(stores: &Stores) {
    let later = Admission {
        version_of: Some(1),
        id: admission(2).id,
        public_id: admission(2).public_id,
        ..admission(7)
    };
    let latest = Admission {
        blob: sha256(b"longer still"),
        idempotency: None,
        ..later.clone()
    };
    let ledger = &stores.ledger;
    ledger
        .admit(&[admission(1), admission(2), later.clone(), latest])
        .unwrap();
    // The identifiers lead to the first version, the first version to the others.
    assert_eq!(ledger.by_id(&later.id).unwrap(), Some(1));
    assert_eq!(ledger.by_public_id(&later.public_id).unwrap(), Some(1));
    assert_eq!(ledger.versions(1).unwrap(), [2, 3]);
    assert_eq!(ledger.versions(0).unwrap(), [0; 0]);
    assert_eq!(ledger.by_blob(&later.blob).unwrap(), [2]);
    let Some(Row::Whole(row)) = ledger.entry(2).unwrap() else {
        panic!("entry 2 is not whole")
    };
    assert_eq!(row.admission, later);
}

fn advance(stores: &Stores) {
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

fn fenced(stores: &Stores) {
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

fn reports(stores: &Stores) {
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

fn pending(stores: &Stores) {
    let lease = stores.ledger.acquire().unwrap();
    let batch: Vec<_> = (1..=5).map(admission).collect();
    stores.ledger.admit(&batch).unwrap();
    let pending = || -> Vec<u64> {
        let rows = stores.ledger.pending(100).unwrap();
        rows.iter().map(Row::index).collect()
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
