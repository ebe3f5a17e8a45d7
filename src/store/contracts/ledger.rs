//! Order, identity and the head of the tree.

use crate::record::{Digest, Fault};

/// What asks for an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Digest of client, route and the client's idempotency key; whole, never shortened (a shortened key lets two
    /// requests be brought to meet). `None`: an entry made by the archive itself.
    pub idempotency: Option<Digest>,
    /// Fingerprint of the request: the same key with another fingerprint is a conflict.
    pub content: Digest,
    pub id: [u8; 16],
    pub public_id: [u8; 16],
    /// The index of a result's first version, for later ones: they bear the same identifiers, which lead to the first.
    pub version_of: Option<u64>,
    /// SHA-256 of the signed file.
    pub blob: Digest,
    /// The public bytes of the log entry.
    pub leaf: Vec<u8>,
    /// Private metadata, opaque here: record, opening secret, times.
    pub entry: Vec<u8>,
}

/// What became of an admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    New {
        index: u64,
    },
    /// The same key and content were admitted before, under this index.
    Replayed {
        index: u64,
    },
    /// The key was used for other content, under this index. Nothing was stored.
    Conflict {
        index: u64,
    },
}

impl Admitted {
    pub fn index(&self) -> u64 {
        match *self {
            Admitted::New { index }
            | Admitted::Replayed { index }
            | Admitted::Conflict { index } => index,
        }
    }
}

/// An admitted entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequenced {
    pub index: u64,
    pub admission: Admission,
}

/// One place in the order: readable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    Whole(Box<Sequenced>),
    /// Index `index` was admitted but its row can't be read back.
    Damaged {
        index: u64,
        why: String,
    },
}

impl Row {
    pub fn index(&self) -> u64 {
        match self {
            Row::Whole(sequenced) => sequenced.index,
            Row::Damaged { index, .. } => *index,
        }
    }
}

/// The head of the tree as the ledger decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeState {
    pub size: u64,
    pub root: Digest,
    /// The appender's right edge, opaque here.
    pub frontier: Vec<u8>,
    /// The signed checkpoint of this size.
    pub note: Vec<u8>,
}

/// The right to advance the tree. `epoch` rises with every holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub epoch: u64,
}

/// A receipt to be kept with the step that made it true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReceipt {
    pub index: u64,
    pub bytes: Vec<u8>,
}

/// The only place where order, identity, leases and the head of the tree are decided.
///
/// * **Durability.** Every call that changes something is durable on return, but for `admit_ahead`. Callers at the same time
///   share flushes.
/// * **Concurrency.** Each call is atomic and they are strictly ordered: whoever sees an index sees all lower ones.
/// * **Retry.** `admit` with an idempotency key can be repeated for ever and gives the same index. `advance`
///   answers `Moved` when repeated after success; `tree` then shows the state that was asked for.
/// * **Trust.** Full: who rolls the ledger back can make the log fork. The look-ups (`by_…`) are only pointers and are
///   checked against the row they point at; they can be rebuilt from the rows.
/// * **Crash.** Inside `admit`: all admissions of the batch or none. Inside `advance`: state and receipts, or the old
///   state (receipts of indices at or above its size are then ignored and written again).
/// * **Damage.** A row that can't be read is a `Row::Damaged` for its index; the call goes on with the others.
pub trait Ledger: Send + Sync {
    /// Gives each admission the next index, or says under which it was admitted before. Within one batch too.
    fn admit(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault>;

    /// As `admit`, but visible only: durable with the next call that is (`advance`, `settle`). Order is kept, so a crash leaves
    /// a prefix of what was admitted. For the sequencer, which answers nobody before its `advance` returned.
    fn admit_ahead(&self, batch: &[Admission]) -> Result<Vec<Admitted>, Fault>;

    /// Waits until everything admitted is durable.
    fn settle(&self) -> Result<(), Fault>;

    /// The number of admitted entries: the next index.
    fn admitted(&self) -> u64;

    fn entry(&self, index: u64) -> Result<Option<Row>, Fault>;

    /// Up to `max` rows from index `from`, without gaps.
    fn entries(&self, from: u64, max: usize) -> Result<Vec<Row>, Fault>;

    /// Up to `max` rows that are admitted but not in the tree yet: what start-up has to integrate.
    fn pending(&self, max: usize) -> Result<Vec<Row>, Fault> {
        let size = self.tree()?.map_or(0, |tree| tree.size);
        self.entries(size, max)
    }

    /// Index and content that were admitted under this idempotency key.
    fn by_idempotency(&self, key: &Digest) -> Result<Option<(u64, Digest)>, Fault>;

    /// The first version of a result.
    fn by_id(&self, id: &[u8; 16]) -> Result<Option<u64>, Fault>;

    fn by_public_id(&self, public_id: &[u8; 16]) -> Result<Option<u64>, Fault>;

    /// The later versions of the result whose first version is `first`, rising.
    fn versions(&self, first: u64) -> Result<Vec<u64>, Fault>;

    /// Every index under which this blob was admitted, rising.
    fn by_blob(&self, blob: &Digest) -> Result<Vec<u64>, Fault>;

    /// `None` until the first `advance`.
    fn tree(&self) -> Result<Option<TreeState>, Fault>;

    /// Compare-and-swap of the head: `from` must have the size and root that the ledger holds (`None`: no head yet).
    /// `to` may not be smaller and may not exceed what is admitted. This is the commit point of a checkpoint.
    fn advance(
        &self,
        lease: &Lease,
        from: Option<&TreeState>,
        to: &TreeState,
        receipts: &[KeptReceipt],
    ) -> Result<(), Fault>;

    fn receipt(&self, index: u64) -> Result<Option<Vec<u8>>, Fault>;

    /// The lease of this opening. In an embedded engine the lock on the folder is the lease: it is always granted.
    fn acquire(&self) -> Result<Lease, Fault>;

    /// `Err` (cause `Fenced`) when somebody else holds the archive now.
    fn renew(&self, lease: &Lease) -> Result<(), Fault>;

    /// Keeps a report (of a sweep, say) under a name, replacing an older one.
    fn put_report(&self, name: &str, bytes: &[u8]) -> Result<(), Fault>;

    fn report(&self, name: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Writes a small row and makes it durable: the readiness probe.
    fn test_write(&self) -> Result<(), Fault>;
}

/// First and last index under which a blob was admitted.
pub fn look_up_by_blob(ledger: &dyn Ledger, blob: &Digest) -> Result<Option<(u64, u64)>, Fault> {
    let indices = ledger.by_blob(blob)?;
    Ok(indices.first().copied().zip(indices.last().copied()))
}
