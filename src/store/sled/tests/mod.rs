//! What only an engine on disk has: reopening, locks, layouts, damage, the rows themselves.

mod damage;
mod desk;
mod parts;
mod reopen;

use crate::record::Fault;
use crate::store::suite::{admission, bytes, check_blob, put, state};
use crate::store::{Cause, KeptReceipt, Row, Stores, cause};

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
        .map(|index| KeptReceipt {
            index,
            bytes: bytes(index, 600),
        })
        .collect();
    stores
        .ledger
        .advance(&lease, None, &state(8), &receipts)
        .unwrap();
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
    assert_eq!(
        stores.tree.read("tile/entries/000").unwrap(),
        Some(bytes(2, 34_000))
    );
    assert_eq!(
        stores.tree.checkpoint().unwrap(),
        Some(b"note of 8".to_vec())
    );
    for index in 0..10 {
        let Some(Row::Whole(row)) = stores.ledger.entry(index).unwrap() else {
            panic!("entry {index}")
        };
        assert_eq!(row.admission, admission(index));
    }
}
