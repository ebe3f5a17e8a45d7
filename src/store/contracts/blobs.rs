//! Bytes that never change, found by their SHA-256.
//!
//! # What is not here
//! Checking that the bytes have their digest. The store is not trusted with that: whoever reads a blob
//! hashes it (the sweep and every delivery do). A store can withhold a blob; it can't substitute one unseen.

use std::ops::Range;

use crate::record::{Digest, Fault};

/// What `put` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Stored,
    /// The same digest is there already (perhaps not durable yet: `sync` covers it all the same).
    AlreadyThere,
}

/// A position in storage order. Opaque to callers; it keeps its meaning when the archive is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(pub u64);

/// One blob met by `scan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    pub cursor: Cursor,
    pub id: Digest,
    pub bytes: u64,
}

/// Content-addressed, immutable bytes.
///
/// * **Durability.** `put` makes bytes visible, not durable. `sync` returns when everything put before it
///   was called is durable. Threads that call `sync` at the same time share one flush (group commit): while
///   one flush runs, later callers wait for the next, which covers all of them.
/// * **Concurrency.** Any number of threads; one blob put by two of them is stored at least once.
/// * **Retry.** Every call can be repeated. Putting twice is fine.
/// * **Trust.** `id` is believed, not computed: the caller hashed the bytes while it received them. On reading the
///   caller hashes again.
/// * **Crash.** A blob whose `sync` returned is whole. One that was never synced is whole or absent, never
///   half: `bytes`, `read` and `scan` show a blob only when all of it is there. Space that a lost blob took
///   may stay used.
/// * **Damage.** A blob that can't be read gives `Err` (cause `Damaged`) for that blob only; others stay readable.
pub trait Blobs: Send + Sync {
    /// Writes the concatenation of `parts` under `id`.
    fn put(&self, id: &Digest, parts: &[&[u8]]) -> Result<Put, Fault>;

    /// Waits until everything put so far is durable.
    fn sync(&self) -> Result<(), Fault>;

    /// `put` and wait for the shared flush. The usual way: on return the bytes survive a power cut.
    fn put_durable(&self, id: &Digest, parts: &[&[u8]]) -> Result<Put, Fault> {
        let put = self.put(id, parts)?;
        self.sync()?;
        Ok(put)
    }

    /// The length, if the blob is there.
    fn bytes(&self, id: &Digest) -> Result<Option<u64>, Fault>;

    /// Replaces the content of `buffer` by the blob; `false` leaves it empty: the blob is not there.
    /// The buffer's capacity is kept, so that a sweep allocates once.
    fn read_into(&self, id: &Digest, buffer: &mut Vec<u8>) -> Result<bool, Fault>;

    /// The whole blob.
    fn read(&self, id: &Digest) -> Result<Option<Vec<u8>>, Fault> {
        let mut buffer = Vec::new();
        Ok(self.read_into(id, &mut buffer)?.then_some(buffer))
    }

    /// The bytes of `range`, cut at the end of the blob; `None` if the blob is not there.
    fn read_range(&self, id: &Digest, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault>;

    /// Up to `limit` blobs in storage order, which is the order in which reading them is fastest, starting behind
    /// `after`. Complete for everything that was durable before the scan began. An empty answer is the end.
    /// A parallel sweep takes pages from here and gives the blobs of one page to one worker.
    fn scan(&self, after: Option<Cursor>, limit: usize) -> Result<Vec<StoredBlob>, Fault>;
}
