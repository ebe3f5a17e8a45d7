//! The parts by themselves: values, group commit, cuts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::record::{Digest, Fault};
use crate::store::sled::chunk::{Cut, Gather};
use crate::store::sled::combiner::Combiner;
use crate::store::sled::database::Database;
use crate::store::sled::values::Values;
use crate::store::suite::bytes;
use crate::store::tests::Scratch;

#[test]
fn values_of_every_length_and_neighbouring_keys_keep_apart() {
    let scratch = Scratch::new("values");
    let database = Database::open(&scratch.0, 1 << 20).unwrap();
    let values = Values::open(&database, b"ab\x07", "test").unwrap();
    let keys: [&[u8]; 5] = [b"a", b"a\0", b"a\0\0\0\0\0", b"ab", b"b"];
    for length in [0, 1, 13_991, 13_992, 13_993, 27_992, 27_993, 100_000] {
        for (seed, key) in (0..).zip(keys) {
            values.put(key, &bytes(seed, length)).unwrap();
        }
        for (seed, key) in (0..).zip(keys) {
            assert_eq!(
                values.read(key).unwrap(),
                Some(bytes(seed, length)),
                "{length}"
            );
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
    const WAITERS: u32 = 16;
    let combiner = Combiner::default();
    let (arrived, flushes) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..WAITERS {
            scope.spawn(|| {
                let ticket = combiner.wrote().unwrap();
                arrived.fetch_add(1, Ordering::SeqCst);
                let flush = || {
                    flushes.fetch_add(1, Ordering::SeqCst);
                    // The first flush lasts until everybody has written.
                    while arrived.load(Ordering::SeqCst) < WAITERS {
                        thread::yield_now();
                    }
                    Ok(())
                };
                combiner.wait(ticket, flush).unwrap();
            });
        }
    });
    // One for whoever was there when it began, one for all others.
    assert!((1..=2).contains(&flushes.into_inner()));
}

#[test]
fn after_a_failed_flush_nothing_is_accepted() {
    let combiner = Combiner::default();
    let ticket = combiner.wrote().unwrap();
    assert!(
        combiner
            .wait(ticket, || Err(Fault::plain("no disk")))
            .is_err()
    );
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
