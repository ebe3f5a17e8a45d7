//! Opening an archive: stores, log, seals and trust put together, and refused where they do not fit.
//!
//! # Invariants
//! * Only `create_log` makes a log; `Archive::open` never does. It refuses a missing head, a head that the key did not sign, and
//!   a ledger that is behind what was already published (that would fork the log).

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use super::batch::Batches;
use super::binding::Bindings;
use super::gate::{Client, Gate};
use super::levels::{self, Levels};
use super::seal::{Seal, SealSettings};
use super::sequence::{Desk, Head, Sequencer};
use super::start;
use super::work::DeskSettings;
use crate::fetch::{Fetcher, RevocationSource};
use crate::pki::cert::Certificate;
use crate::record::{Digest, Fault, OfficeCode, SignatureLevel, UtcTime};
use crate::store::{Stores, TreeState};
use crate::tlog::{Checkpoint, NoteSigner, VerifierKey, empty_root};
use crate::trust::{Anchors, Memory};

/// Room for the first token, whose size nobody knows yet: with its authority's own certificate it takes 1.5 to 3 KB. One with a
/// longer chain (4 to 7 KB) makes the first file be signed twice.
pub(super) const TOKEN_BYTES_FIRST: usize = 3 * 1_024;

/// What an archive needs to know besides its stores.
#[derive(Debug, Clone)]
pub struct Settings {
    pub base_url: String,
    pub log_origin: String,
    pub log_key_file: PathBuf,
    pub trust_roots: Vec<PathBuf>,
    pub max_file_bytes: u64,
    /// Of results for which none was asked.
    pub level: SignatureLevel,
}

pub struct Opening {
    pub settings: Settings,
    pub stores: Stores,
    pub seals: Vec<SealSettings>,
    pub clients: Vec<Client>,
    pub bindings: Bindings,
    pub desk: DeskSettings,
    pub fetch: crate::fetch::Settings,
    pub clock: fn() -> UtcTime,
}

/// Why an archive is not opened, for the operator.
#[derive(Debug)]
pub enum OpenRefusal {
    /// `antin init` was never run for this folder.
    NoLog,
    /// The checkpoint was not signed by this key, or names another log.
    OtherKey {
        detail: String,
    },
    /// More was published than the ledger holds: an old copy of the archive. Going on would fork the log.
    LedgerBehind {
        published: u64,
        ledger: u64,
    },
    /// The clock is behind the log's last bucket.
    ClockBehind {
        bucket: u64,
    },
    Fault(Fault),
}

impl From<Fault> for OpenRefusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl std::fmt::Display for OpenRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoLog => f.write_str(
                "there is no log in this archive; run `antin init` first (serve never makes one)",
            ),
            Self::OtherKey { detail } => write!(
                f,
                "the archive's checkpoint does not belong to this log key: {detail}; give the key and origin that this log was made with"
            ),
            Self::LedgerBehind { published, ledger } => write!(
                f,
                "the archive was rolled back: {published} entries are published, but the ledger holds {ledger}; restore the newest copy (going on would fork the log)"
            ),
            Self::ClockBehind { bucket } => write!(
                f,
                "this machine's clock is behind the log's last entry (Unix time {bucket}); set the clock"
            ),
            Self::Fault(fault) => write!(f, "{}", fault.chain()),
        }
    }
}

/// The archive, open. Share it with `Arc`.
pub struct Archive {
    pub(super) settings: Settings,
    pub(super) stores: Stores,
    pub(super) seals: HashMap<OfficeCode, Seal>,
    pub(super) gate: Gate,
    /// Whose certificates sign for which office.
    pub(super) bindings: Bindings,
    pub(super) desk: DeskSettings,
    pub(super) batches: Batches,
    pub(super) anchors: Anchors,
    pub(super) memory: Memory,
    pub(super) fetcher: Fetcher,
    pub(super) revocation: RevocationSource,
    pub(super) clock: fn() -> UtcTime,
    pub(super) head: Arc<Mutex<Head>>,
    pub(super) log_key: VerifierKey,
    pub(super) in_progress: Mutex<HashSet<Digest>>,
    pub(super) on_the_way: Arc<AtomicUsize>,
    /// The sequencer has ended: no key is used any more, since nothing could be logged.
    pub(super) halted: Arc<AtomicBool>,
    /// Room for the next time-stamp token, learnt from the last ones.
    pub(super) token_bytes: AtomicUsize,
    pub(super) sweeps: super::sweep::Sweeps,
    /// Set where the archive was opened for looking only: why it could not be opened whole.
    pub(super) refused: Option<String>,
    sequencer: Mutex<Option<Sequencer>>,
    pub(super) thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    pub(super) levels: Arc<Levels>,
    worker: Mutex<Option<std::thread::JoinHandle<()>>>,
    recovered: u64,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Begins a log in fresh stores: the empty tree, signed. The only place that does.
///
/// # Errors
/// The stores hold a log already, or can't be written.
pub fn create_log(settings: &Settings, stores: &Stores) -> Result<VerifierKey, Fault> {
    let key = start::log_key(settings)?;
    if stores.ledger.tree()?.is_some() {
        return Err(Fault::plain("this archive holds a log already"));
    }
    let lease = stores.ledger.acquire()?;
    let note = Checkpoint::new(key.origin.clone(), 0, empty_root()).sign(&key.signer)?;
    let state = TreeState {
        size: 0,
        root: empty_root(),
        frontier: Vec::new(),
        note: note.to_string().into_bytes(),
    };
    stores.ledger.advance(&lease, None, &state, &[])?;
    stores.tree.publish(&[], &state.note)?;
    Ok(key.signer.key().clone())
}

impl Archive {
    /// # Errors
    /// What does not fit, in the operator's words.
    pub fn open(opening: Opening) -> Result<Arc<Self>, OpenRefusal> {
        let key = start::log_key(&opening.settings)?;
        let stores = opening.stores.clone();
        let state = stores.ledger.tree()?.ok_or(OpenRefusal::NoLog)?;
        let lease = stores.ledger.acquire()?;
        let edge = start::agree(&stores, &state, key.signer.key())?;
        let last_bucket_s = start::last_bucket(&stores, stores.ledger.admitted())?;
        let now_s = u64::try_from((opening.clock)().unix_s()).unwrap_or(0);
        if last_bucket_s > now_s {
            return Err(OpenRefusal::ClockBehind {
                bucket: last_bucket_s,
            });
        }
        let mut archive = Self::assemble(opening, key.signer.key().clone(), state)?;
        let mut desk = Desk {
            stores,
            lease,
            key,
            base_url: archive.settings.base_url.clone(),
            clock: archive.clock,
            head: Arc::clone(&archive.head),
            edge,
            last_bucket_s,
            on_the_way: Arc::clone(&archive.on_the_way),
            halted: Arc::clone(&archive.halted),
            levels: Arc::clone(&archive.levels),
            unsettled: 0,
        };
        archive.recovered = desk.recover()?;
        let (sequencer, thread) = Sequencer::start(desk)?;
        archive.sequencer = Mutex::new(Some(sequencer));
        archive.thread = Mutex::new(Some(thread));
        let archive = Arc::new(archive);
        let worker = levels::start(&archive)?;
        archive
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(worker);
        Ok(archive)
    }

    /// Opens for looking only, whatever is damaged: nothing is recovered, published or sequenced. `refused` is why `open` did not.
    ///
    /// # Errors
    /// Keys, roots or seals can't be read, or there is no log.
    pub fn open_damaged(opening: Opening, refused: &OpenRefusal) -> Result<Arc<Self>, OpenRefusal> {
        let key = start::log_key(&opening.settings)?;
        let state = match opening.stores.ledger.tree() {
            Ok(Some(state)) => state,
            Ok(None) => return Err(OpenRefusal::NoLog),
            // The head's own row is damaged: everything that was admitted is looked at.
            Err(_) => TreeState {
                size: opening.stores.ledger.admitted(),
                root: empty_root(),
                frontier: Vec::new(),
                note: Vec::new(),
            },
        };
        let mut archive = Self::assemble(opening, key.signer.key().clone(), state)?;
        archive.refused = Some(refused.to_string());
        Ok(Arc::new(archive))
    }

    fn assemble(opening: Opening, log_key: VerifierKey, state: TreeState) -> Result<Self, Fault> {
        let Opening {
            settings,
            stores,
            seals,
            clients,
            bindings,
            desk,
            fetch,
            clock,
        } = opening;
        let anchors = start::anchors(&settings)?;
        let mut by_office = HashMap::new();
        for one in &seals {
            let seal = Seal::open(one, &anchors)?;
            by_office.insert(seal.office().code.clone(), seal);
        }
        Ok(Self {
            settings,
            stores,
            seals: by_office,
            gate: Gate::new(clients),
            bindings,
            desk,
            batches: Batches::default(),
            anchors,
            memory: Memory::new(),
            fetcher: Fetcher::new(&fetch),
            revocation: RevocationSource::default(),
            clock,
            head: Arc::new(Mutex::new(Head { state })),
            log_key,
            in_progress: Mutex::new(HashSet::new()),
            on_the_way: Arc::new(AtomicUsize::new(0)),
            halted: Arc::new(AtomicBool::new(false)),
            token_bytes: AtomicUsize::new(TOKEN_BYTES_FIRST),
            sweeps: super::sweep::Sweeps::default(),
            refused: None,
            sequencer: Mutex::new(None),
            thread: Mutex::new(None),
            levels: Arc::default(),
            worker: Mutex::new(None),
            recovered: 0,
        })
    }

    pub(super) fn sequencer(&self) -> Result<Sequencer, Fault> {
        let guard = self
            .sequencer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        guard
            .clone()
            .ok_or_else(|| Fault::plain("the archive is closing"))
    }

    /// Takes no more results, finishes those that wait, flushes. Called once all requests have been answered.
    ///
    /// # Errors
    /// The last flush failed.
    pub fn close(&self) -> Result<(), Fault> {
        self.batches.end();
        self.levels.end();
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if worker.is_some_and(|worker| worker.join().is_err()) {
            tracing::error!("the worker for levels ended in a panic");
        }
        self.sequencer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            && thread.join().is_err()
        {
            return Err(Fault::plain("the sequencer ended in a panic"));
        }
        self.stores.close()
    }

    pub(super) fn head_state(&self) -> TreeState {
        self.head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state
            .clone()
    }

    #[must_use]
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The certificates that chains may end at.
    #[must_use]
    pub fn roots(&self) -> &[Certificate] {
        self.anchors.certificates()
    }

    pub fn seals(&self) -> impl Iterator<Item = &Seal> {
        self.seals.values()
    }

    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    #[must_use]
    pub const fn log_key(&self) -> &VerifierKey {
        &self.log_key
    }

    /// How many admitted entries the start put into the tree.
    #[must_use]
    pub const fn recovered(&self) -> u64 {
        self.recovered
    }

    #[must_use]
    pub fn tree_size(&self) -> u64 {
        self.head_state().size
    }

    #[must_use]
    pub fn now(&self) -> UtcTime {
        (self.clock)()
    }

    /// A public file of the log.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn log_file(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        match path {
            "checkpoint" => self.stores.tree.checkpoint(),
            _ => self.stores.tree.read(path),
        }
    }
}

pub(super) fn nonce() -> Result<[u8; 16], Fault> {
    random()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    openssl::rand::rand_bytes(&mut bytes).map_err(|e| Fault::new("drawing random bytes", e))?;
    Ok(bytes)
}
