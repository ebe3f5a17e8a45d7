//! The sequencer: one thread that gives waiting results their place in the log, many with one flush.
//!
//! Order of effects for a batch, and what a crash after each leaves:
//! 0. sync: the batch's documents durable. Left: orphan blobs, listed by the sweep.
//! 1. admit: index and facts, durable with step 3 at the latest. Left: admitted entries outside the tree, or none; the next start
//!    integrates them.
//! 2. grow and sign: nothing durable yet.
//! 3. advance: the ledger's head moves by compare-and-swap; it and all before it are durable. Left: tiles behind the head; the
//!    next start re-derives and publishes the same bytes.
//! 4. show: files, then checkpoint, visible to readers. Left: as after 3.
//! 5. answer. Files are made durable when the queue is empty, or after `UNSETTLED_MAX` batches.
//!
//! # Invariants
//! * Only this thread (or start-up, before it runs) advances the tree.
//! * After a fault nothing more is sequenced: the process has to restart and recover.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::crash;
use super::entry::Entry;
use super::levels::Levels;
use crate::record::{Digest, Fault, Leaf, LeafKind, UtcTime, bucket_of};
use crate::store::{Admission, Admitted, KeptReceipt, Lease, Row, Sequenced, Stores, TreeState};
use crate::tlog::{Checkpoint, KeyName, RightEdge, SeedSigner};

/// One publication bucket an hour: public times are that coarse.
const BUCKET_S: u64 = 3_600;
/// A bundle holds 256 entries; larger batches would only hold up their first.
const BATCH_MAX: usize = 256;

/// A result that waits for its place: everything but the leaf's time, which the sequencer decides.
pub(super) struct Waiting {
    pub admission: Admission,
    pub leaf: LeafDraft,
    pub afterwards: Afterwards,
    pub answer: SyncSender<Result<Place, Fault>>,
}

/// What is to be done with a result once it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    Nothing,
    /// It is to reach a higher level.
    Raise,
}

/// A leaf without its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafDraft {
    kind: LeafKind,
    target: Option<u64>,
    issuer: Digest,
    commit: Digest,
}

impl LeafDraft {
    pub const fn of_result(issuer: Digest, commit: Digest) -> Self {
        Self {
            kind: LeafKind::Result,
            target: None,
            issuer,
            commit,
        }
    }

    /// Evidence was added to the version at `target`.
    pub const fn of_renewal(target: u64, issuer: Digest, commit: Digest) -> Self {
        Self {
            kind: LeafKind::Renewed,
            target: Some(target),
            issuer,
            commit,
        }
    }

    fn at(&self, bucket_s: u64) -> Leaf {
        let leaf = Leaf::new(self.kind, bucket_s, self.issuer, self.commit);
        self.target.map_or(leaf, |target| leaf.with_target(target))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Logged { index: u64 },
    Replayed { index: u64 },
    Conflict,
}

/// The tree's head as everyone may read it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub state: TreeState,
}

pub(super) struct LogKey {
    pub origin: KeyName,
    pub signer: SeedSigner,
}

/// What the thread works on.
pub(super) struct Desk {
    pub stores: Stores,
    pub lease: Lease,
    pub key: LogKey,
    pub base_url: String,
    pub clock: fn() -> UtcTime,
    pub head: Arc<Mutex<Head>>,
    pub edge: RightEdge,
    pub last_bucket_s: u64,
    /// Results that are being accepted now, those in the queue included.
    pub on_the_way: Arc<AtomicUsize>,
    pub halted: Arc<AtomicBool>,
    pub levels: Arc<Levels>,
    /// Batches whose published files may not be durable yet.
    pub unsettled: u32,
}

#[derive(Clone)]
pub(super) struct Sequencer {
    queue: Sender<Waiting>,
}

impl Sequencer {
    /// Starts the thread. It ends when the last `Sequencer` is dropped.
    pub fn start(desk: Desk) -> Result<(Self, std::thread::JoinHandle<()>), Fault> {
        let (queue, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("sequencer".into())
            .spawn(move || run(desk, &waiting))
            .map_err(|e| Fault::new("starting the sequencer", e))?;
        Ok((Self { queue }, thread))
    }

    /// Hands a result over and waits until it is logged.
    pub fn place(
        &self,
        admission: Admission,
        leaf: LeafDraft,
        afterwards: Afterwards,
    ) -> Result<Place, Fault> {
        let (answer, reply) = sync_channel(1);
        let waiting = Waiting {
            admission,
            leaf,
            afterwards,
            answer,
        };
        let gone = || Fault::plain("the sequencer has stopped after a fault; restart the service");
        self.queue.send(waiting).map_err(|_| gone())?;
        reply.recv().map_err(|_| gone())?
    }
}

/// How long the first of a batch waits at the most for others that are being signed at this moment. Two flushes take about
/// as long; measured with 16 clients, batches grow from 2 to 8 and each result costs a quarter less.
const COMPANY_MS: u64 = 20;

/// How many batches a start may have to publish again: 64 batches of 256 are derived in milliseconds.
const UNSETTLED_MAX: u32 = 64;

/// After this long without a result, what was shown is made durable.
const IDLE_MS: u64 = 100;

/// However the thread ends, even in a panic: from then on nothing is accepted.
struct Halt(Arc<AtomicBool>);

impl Drop for Halt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn run(mut desk: Desk, waiting: &Receiver<Waiting>) {
    let _halt = Halt(Arc::clone(&desk.halted));
    loop {
        if desk.unsettled >= UNSETTLED_MAX && !desk.settle() {
            return;
        }
        let first = match waiting.recv_timeout(Duration::from_millis(IDLE_MS)) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) if desk.settle() => continue,
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => {
                desk.settle();
                return;
            }
        };
        let mut batch = vec![first];
        let until = Instant::now() + Duration::from_millis(COMPANY_MS);
        // One or two clients never wait. Of many, half go together while the other half keeps the cores busy.
        while batch.len() < BATCH_MAX && batch.len() * 2 < desk.on_the_way.load(Ordering::SeqCst) {
            let left = until.saturating_duration_since(Instant::now());
            match waiting.recv_timeout(left) {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        while batch.len() < BATCH_MAX
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        shuffle(&mut batch);
        let answers: Vec<SyncSender<_>> = batch.iter().map(|w| w.answer.clone()).collect();
        match desk.sequence(batch) {
            Ok(places) => {
                for (answer, place) in answers.iter().zip(places) {
                    // A client that went away finds its result by its idempotency key.
                    let _ = answer.send(Ok(place));
                }
            }
            Err(fault) => {
                tracing::error!(fault = %fault.chain(), "sequencing stopped; a restart recovers");
                for answer in answers {
                    let _ = answer.send(Err(Fault::plain(fault.chain().to_string())));
                }
                return;
            }
        }
    }
}

/// The order inside a batch says nothing: an observer of the log must not learn who came first. Drawn keys, then sorted;
/// without randomness the order of arrival stays, which hides less but loses nothing.
fn shuffle(batch: &mut [Waiting]) {
    batch.sort_by_cached_key(|_| super::open::random::<8>().unwrap_or_default());
}

impl Desk {
    fn sequence(&mut self, mut batch: Vec<Waiting>) -> Result<Vec<Place>, Fault> {
        let bucket = bucket_of((self.clock)(), BUCKET_S).max(self.last_bucket_s);
        let mut admissions = Vec::with_capacity(batch.len());
        for waiting in &mut batch {
            let leaf = waiting
                .leaf
                .at(bucket)
                .encode()
                .map_err(|e| Fault::plain(format!("encoding a log leaf: {e:?}")))?;
            waiting.admission.leaf = leaf.to_vec();
            admissions.push(waiting.admission.clone());
        }
        // Bytes before promises: one flush for the documents of the whole batch.
        self.stores.blobs.sync()?;
        crash::point("sequence.stored");
        let admitted = self.stores.ledger.admit_ahead(&admissions)?;
        crash::point("sequence.admitted");
        let mut new: Vec<(u64, &Admission)> = Vec::new();
        let mut places = Vec::with_capacity(admitted.len());
        for ((outcome, admission), waiting) in admitted.iter().zip(&admissions).zip(&batch) {
            places.push(match *outcome {
                Admitted::New { index } => {
                    new.push((index, admission));
                    // Before it is in the tree: whoever sees it there knows that it was handed over.
                    if waiting.afterwards == Afterwards::Raise {
                        self.levels.hand_over(index);
                    }
                    Place::Logged { index }
                }
                Admitted::Replayed { index } => Place::Replayed { index },
                Admitted::Conflict { .. } => Place::Conflict,
            });
        }
        new.sort_by_key(|(index, _)| *index);
        if new.is_empty() {
            // Replays alone: what they repeat must be durable before it is said again.
            self.stores.ledger.settle()?;
        } else {
            self.integrate(&new)?;
            self.last_bucket_s = bucket;
        }
        Ok(places)
    }

    /// Makes durable what was shown. `false`: it could not be, and nothing more may be sequenced.
    fn settle(&mut self) -> bool {
        if self.unsettled > 0 {
            if let Err(fault) = self.stores.tree.settle() {
                tracing::error!(fault = %fault.chain(), "sequencing stopped; a restart recovers");
                return false;
            }
            self.unsettled = 0;
        }
        true
    }

    /// Steps 2 to 4 for entries that are admitted and next in order.
    pub fn integrate(&mut self, new: &[(u64, &Admission)]) -> Result<(), Fault> {
        if new.first().map(|(index, _)| *index) != Some(self.edge.size()) {
            return Err(Fault::plain(
                "the ledger's next entry is not the tree's next leaf",
            ));
        }
        let leaves: Vec<&[u8]> = new.iter().map(|(_, a)| a.leaf.as_slice()).collect();
        let growth = self
            .edge
            .grow(&leaves)
            .map_err(|e| Fault::new("growing the log", e))?;
        // Hashed a second time from the ledger's own copy: a bit that flipped in memory must not be signed.
        let again = self
            .edge
            .grow(&self.read_back(new)?)
            .map_err(|e| Fault::new("growing the log again", e))?;
        if again.root() != growth.root() {
            return Err(Fault::plain(
                "two computations of the tree's root differ; nothing was signed",
            ));
        }
        let note = Checkpoint::new(self.key.origin.clone(), growth.size(), growth.root())
            .sign(&self.key.signer)?;
        let to = TreeState {
            size: growth.size(),
            root: growth.root(),
            frontier: Vec::new(),
            note: note.to_string().into_bytes(),
        };
        let receipts = self.receipts(new)?;
        let from = self
            .head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state
            .clone();
        self.stores
            .ledger
            .advance(&self.lease, Some(&from), &to, &receipts)?;
        crash::point("sequence.advanced");
        let files: Vec<(String, Vec<u8>)> = growth
            .files()
            .map(|(path, bytes)| (path.to_string(), bytes.to_vec()))
            .collect();
        crash::point("sequence.tiles");
        self.stores.tree.show(&files, &to.note)?;
        self.unsettled += 1;
        crash::point("sequence.published");
        self.edge = growth.edge;
        self.head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state = to;
        crash::point("sequence.receipts");
        Ok(())
    }

    fn read_back(&self, new: &[(u64, &Admission)]) -> Result<Vec<Vec<u8>>, Fault> {
        let from = new.first().map_or(0, |(index, _)| *index);
        let rows = self.stores.ledger.entries(from, new.len())?;
        if rows.len() != new.len() {
            return Err(Fault::plain(
                "the ledger gave back fewer entries than it admitted",
            ));
        }
        rows.into_iter()
            .map(|row| match row {
                Row::Whole(sequenced) => Ok(sequenced.admission.leaf),
                Row::Damaged { index, why } => Err(Fault::plain(format!(
                    "entry {index} can't be read back: {why}"
                ))),
            })
            .collect()
    }

    fn receipts(&self, new: &[(u64, &Admission)]) -> Result<Vec<KeptReceipt>, Fault> {
        new.iter()
            .map(|(index, admission)| {
                let entry = Entry::decode(&admission.entry).map_err(Fault::plain)?;
                Ok(KeptReceipt {
                    index: *index,
                    bytes: entry.receipt(&self.base_url, *index).to_json(),
                })
            })
            .collect()
    }

    /// Start-up: puts admitted entries that are not in the tree into it, by the same steps.
    pub fn recover(&mut self) -> Result<u64, Fault> {
        let mut recovered = 0;
        loop {
            let rows = self.stores.ledger.pending(BATCH_MAX)?;
            if rows.is_empty() {
                return Ok(recovered);
            }
            let mut whole: Vec<Sequenced> = Vec::with_capacity(rows.len());
            for row in rows {
                match row {
                    Row::Whole(sequenced) => whole.push(*sequenced),
                    Row::Damaged { index, why } => {
                        return Err(Fault::plain(format!(
                            "entry {index} was admitted but can't be read: {why}"
                        )));
                    }
                }
            }
            let new: Vec<(u64, &Admission)> =
                whole.iter().map(|s| (s.index, &s.admission)).collect();
            recovered += u64::try_from(new.len()).unwrap_or(u64::MAX);
            self.integrate(&new)?;
        }
    }
}
