//! The files of the public log (C2SP tlog-tiles): tiles, entry bundles, checkpoint.

use crate::record::Fault;

/// Public and static files; everything here may be read by anyone and copied anywhere.
///
/// * **Durability.** `publish` and `put_immutable` are durable on return. `publish` makes the files visible before
///   the checkpoint that promises them, and no crash leaves a checkpoint without its files. (A checkpoint may be seen a moment
///   before it is durable: the ledger's head, durable before, brings it back.)
/// * **Concurrency.** Many readers, one writer (the holder of the ledger's lease).
/// * **Retry.** Everything can be repeated: the same bytes again are fine.
/// * **Trust.** None: readers check tiles against the signed checkpoint. But other bytes under a path that has
///   bytes mean two histories; the answer is a fatal `Diverged` and the node halts.
/// * **Crash.** Inside `publish`: some or all of the files, and the old checkpoint. A file is whole or absent.
/// * **Damage.** A file that can't be read gives `Err` (cause `Damaged`) naming its path; files stored beside it may
///   share its fate, others stay readable. Writing the right bytes again mends it where the engine can still write
///   there; otherwise that too is `Damaged`, and the tree is published anew from the ledger into an empty store.
pub trait PublicTree: Send + Sync {
    /// Stores one file that never changes.
    fn put_immutable(&self, path: &str, bytes: &[u8]) -> Result<(), Fault>;

    /// Replaces the checkpoint, durably. Its files have to be stored before; `publish` does both in order.
    fn put_checkpoint(&self, note: &[u8]) -> Result<(), Fault>;

    /// Stores the files, then replaces the checkpoint; all durable on return.
    fn publish(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault>;

    /// As `publish`, but visible only; durable with `settle`. A crash leaves a prefix: an older checkpoint with its files, which
    /// the next start brings up to the ledger's head.
    fn show(&self, files: &[(String, Vec<u8>)], note: &[u8]) -> Result<(), Fault>;

    /// Waits until everything shown is durable.
    fn settle(&self) -> Result<(), Fault>;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Fault>;

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Fault>;

    /// The paths of up to `limit` immutable files that begin with `prefix`, in byte order, behind `after`.
    /// `Err` where the listing itself can't be read; the paths that must exist follow from the tree's size.
    fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, Fault>;
}
