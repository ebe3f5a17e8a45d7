//! The conformance suite: what every engine must do, whatever it stands on.
//!
//! Each case takes an empty archive. `tests.rs` runs all of them for every engine.
//!
//! # What is not here
//! Reopening, damage and locks (engines that keep something test those beside themselves); a kill at each
//! point (a test of the whole process).

mod blobs;
mod desk;
mod ledger;
mod public_tree;

use crate::record::{Digest, sha256};
use crate::store::{Admission, Cause, Drawer, Stores, TreeState, cause};

/// Its name, as a sentence, and what it does with an empty archive.
pub(super) type Case = (&'static str, fn(&Stores));

/// Every case.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    let all = [
        blobs::CASES,
        public_tree::CASES,
        ledger::CASES,
        desk::CASES,
        CLOSING,
    ];
    all.into_iter().flatten()
}

const CLOSING: &[Case] = &[("a closed archive says so", closed)];

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
        version_of: None,
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
    for refused in [
        stores.desk.put(Drawer::Items, b"a", b"b"),
        stores.desk.put_file("a", b"b"),
    ] {
        assert_eq!(cause(&refused.unwrap_err()), closed);
    }
}
