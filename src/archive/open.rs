//! Opening an archive: stores, log, seals and trust put together, and refused where they do not fit.
//!
//! # Invariants
//! * Only `create_log` makes a log; `Archive::open` never does. It refuses a missing head, a head that the key did not sign, and
//!   a ledger that is behind what was already published (that would fork the log).

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use super::gate::{Client, Gate};
use super::log::{edge_of, published};
use super::seal::{Seal, SealFiles};
use super::sequence::{Desk, Head, LogKey, Sequencer};
use crate::fetch::{Fetcher, RevocationSource};
use crate::pki::cert;
use crate::record::{Digest, Fault, Leaf, OfficeCode, UtcTime};
use crate::store::{Row, Stores, TreeState};
use crate::tlog::{
    Checkpoint, KeyName, NoteSigner, RightEdge, SeedSigner, VerifierKey, empty_root,
};
use crate::trust::{Anchors, Memory};

/// What an archive needs to know besides its stores.
#[derive(Debug, Clone)]
pub struct Settings {
    pub base_url: String,
    pub log_origin: String,
    pub log_key_file: PathBuf,
    pub timestamp_urls: Vec<String>,
    pub max_drift_s: i64,
    pub trust_roots: Vec<PathBuf>,
    pub max_file_bytes: u64,
}

pub struct Opening {
    pub settings: Settings,
    pub stores: Stores,
    pub seals: Vec<SealFiles>,
    pub clients: Vec<Client>,
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
    pub(super) anchors: Anchors,
    pub(super) memory: Memory,
    pub(super) fetcher: Fetcher,
    pub(super) revocation: RevocationSource,
    pub(super) clock: fn() -> UtcTime,
    pub(super) head: Arc<Mutex<Head>>,
    pub(super) log_key: VerifierKey,
    pub(super) in_progress: Mutex<HashSet<Digest>>,
    pub(super) sweeps: super::sweep::Sweeps,
    sequencer: Mutex<Option<Sequencer>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    recovered: u64,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// One readiness check and how it came out.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Health {
    pub check: String,
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn read_log_key(settings: &Settings) -> Result<LogKey, Fault> {
    use std::os::unix::fs::PermissionsExt;
    let file = &settings.log_key_file;
    let doing = || format!("reading the log key {}", file.display());
    let mode = std::fs::metadata(file)
        .map_err(|e| Fault::new(doing(), e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Fault::plain(format!(
            "{} can be read by others; run: chmod 600 on it",
            file.display()
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|e| Fault::new(doing(), e))?;
    let signer = SeedSigner::from_str(text.trim()).map_err(|e| Fault::new(doing(), e))?;
    let origin =
        KeyName::from_str(&settings.log_origin).map_err(|e| Fault::new("reading log.origin", e))?;
    if *signer.key().name() != origin {
        return Err(Fault::plain(format!(
            "{} is the key of log {}, not of {origin}",
            file.display(),
            signer.key().name()
        )));
    }
    Ok(LogKey { origin, signer })
}

/// Begins a log in fresh stores: the empty tree, signed. The only place that does.
///
/// # Errors
/// The stores hold a log already, or can't be written.
pub fn create_log(settings: &Settings, stores: &Stores) -> Result<VerifierKey, Fault> {
    let key = read_log_key(settings)?;
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
        let Opening {
            settings,
            stores,
            seals,
            clients,
            fetch,
            clock,
        } = opening;
        let key = read_log_key(&settings)?;
        let log_key = key.signer.key().clone();
        let mut anchors = Vec::new();
        for file in &settings.trust_roots {
            let pem = std::fs::read(file)
                .map_err(|e| Fault::new(format!("reading the root {}", file.display()), e))?;
            anchors.extend(
                cert::list_from_pem_or_der(&pem)
                    .map_err(|e| Fault::new(format!("reading the root {}", file.display()), e))?,
            );
        }
        let anchors = Anchors::new(anchors);
        let mut by_office = HashMap::new();
        for files in &seals {
            let seal = Seal::open(files, &anchors)?;
            by_office.insert(seal.office().code.clone(), seal);
        }
        let state = stores.ledger.tree()?.ok_or(OpenRefusal::NoLog)?;
        let lease = stores.ledger.acquire()?;
        let edge = agree(&stores, &state, &log_key)?;
        let last_bucket_s = last_bucket(&stores, state.size)?;
        let now_s = u64::try_from(clock().unix_s()).unwrap_or(0);
        if last_bucket_s > now_s {
            return Err(OpenRefusal::ClockBehind {
                bucket: last_bucket_s,
            });
        }
        let head = Arc::new(Mutex::new(Head { state }));
        let mut desk = Desk {
            stores: stores.clone(),
            lease,
            key,
            base_url: settings.base_url.clone(),
            clock,
            head: Arc::clone(&head),
            edge,
            last_bucket_s,
        };
        let recovered = desk.recover()?;
        let (sequencer, thread) = Sequencer::start(desk)?;
        Ok(Arc::new(Self {
            settings,
            stores,
            seals: by_office,
            gate: Gate::new(clients),
            anchors,
            memory: Memory::new(),
            fetcher: Fetcher::new(&fetch),
            revocation: RevocationSource::default(),
            clock,
            head,
            log_key,
            in_progress: Mutex::new(HashSet::new()),
            sweeps: super::sweep::Sweeps::default(),
            sequencer: Mutex::new(Some(sequencer)),
            thread: Mutex::new(Some(thread)),
            recovered,
        }))
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
        self.stores.blobs.sync()
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

    #[must_use]
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

    /// What `/readyz` says: a real signature with every key, a durable write, and the log's head.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let mut list = Vec::new();
        for seal in self.seals.values() {
            let signed = nonce()
                .and_then(|n| seal.test_sign(n))
                .map_err(|f| f.chain().to_string());
            let usable =
                signed.and_then(|()| seal.usable_at(self.now(), &self.anchors, &self.memory));
            list.push(health(
                format!("signing_key:{}", seal.office().code),
                usable,
            ));
        }
        let write = self
            .stores
            .ledger
            .test_write()
            .map_err(|f| f.chain().to_string());
        list.push(health("durable_write".into(), write));
        let alive = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|t| !t.is_finished());
        list.push(health(
            "sequencer".into(),
            if alive {
                Ok(())
            } else {
                Err("stopped after a fault; restart".into())
            },
        ));
        let head = published(self.stores.tree.as_ref(), &self.log_key)
            .map_err(|f| f.chain().to_string())
            .and_then(|head| match head {
                Some(head) if head.size() <= self.tree_size() => Ok(()),
                _ => Err("the published checkpoint does not fit the ledger".to_owned()),
            });
        list.push(health("log_head".into(), head));
        list
    }
}

fn health(check: String, outcome: Result<(), String>) -> Health {
    Health {
        check,
        ok: outcome.is_ok(),
        detail: outcome.err(),
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

/// Brings what is published up to the ledger's head, and gives the edge of that tree.
fn agree(stores: &Stores, state: &TreeState, key: &VerifierKey) -> Result<RightEdge, OpenRefusal> {
    let other = |detail: String| OpenRefusal::OtherKey { detail };
    let head = published(stores.tree.as_ref(), key)
        .map_err(|f| other(f.chain().to_string()))?
        .map_or_else(
            || {
                crate::tlog::SignedCheckpoint::open(&state.note, key, &[])
                    .map_err(|e| other(e.to_string()))
            },
            Ok,
        )?;
    if head.size() > state.size {
        return Err(OpenRefusal::LedgerBehind {
            published: head.size(),
            ledger: state.size,
        });
    }
    let mut edge = match edge_of(stores.tree.as_ref(), &head) {
        Ok(edge) => edge,
        // Killed between `create_log`'s two writes, or nothing published yet: the whole tree is derived again.
        Err(_) if stores.tree.checkpoint()?.is_none() => RightEdge::empty(),
        Err(fault) => return Err(fault.into()),
    };
    let mut files = Vec::new();
    while edge.size() < state.size {
        let want = usize::try_from(state.size - edge.size())
            .unwrap_or(usize::MAX)
            .min(4_096);
        let mut leaves = Vec::with_capacity(want);
        for row in stores.ledger.entries(edge.size(), want)? {
            match row {
                Row::Whole(s) => leaves.push(s.admission.leaf),
                Row::Damaged { index, why } => {
                    return Err(Fault::plain(format!("entry {index} can't be read: {why}")).into());
                }
            }
        }
        if leaves.is_empty() {
            return Err(
                Fault::plain("the ledger holds fewer entries than its tree head says").into(),
            );
        }
        let growth = edge
            .grow(&leaves)
            .map_err(|e| Fault::new("growing the log", e))?;
        files.extend(
            growth
                .files()
                .map(|(path, bytes)| (path.to_string(), bytes.to_vec())),
        );
        edge = growth.edge;
    }
    if edge.root() != state.root {
        return Err(Fault::plain(
            "the tree derived from the ledger's entries has another root than its head",
        )
        .into());
    }
    if head.size() < state.size || stores.tree.checkpoint()?.is_none() {
        stores.tree.publish(&files, &state.note)?;
    }
    Ok(edge)
}

fn last_bucket(stores: &Stores, size: u64) -> Result<u64, Fault> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(0);
    };
    match stores.ledger.entry(last)? {
        Some(Row::Whole(s)) => Leaf::decode(&s.admission.leaf)
            .map(|leaf| leaf.bucket_s)
            .map_err(|e| Fault::plain(format!("reading the last log entry: {e:?}"))),
        Some(Row::Damaged { why, .. }) => Err(Fault::plain(format!(
            "the last log entry can't be read: {why}"
        ))),
        None => Err(Fault::plain("the last log entry is missing")),
    }
}
