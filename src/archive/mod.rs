//! The verbs, and the only layer that does everything in order: accept, retrieve, check, sweep.
//!
//! # Contents
//! * [`open`](Archive::open): stores, keys and log put together; refuses what does not fit.
//! * `accept`: a clerk's PDF becomes a signed, archived, logged result. `sequence`: the thread that grows the log.
//! * `retrieve`: what clerks get back. `check`: what citizens are told. `sweep`: what auditors are told.
//! * `hand`: signatures by keys in people's hands. `bridge`: files out at signing programs. `batch`: thousands with one consent.
//!   `work`, `tidy`: what is in hand, and when it is given up. `told`: refusals that are kept.
//! * `gate`: who may do what, as types. `seal`: an office's key. `binding`: whose certificate is whose, and whether it may sign.
//!
//! # Invariants
//! * Bytes before promises: a result is durable before it is admitted, admitted before it is logged, logged before anybody
//!   gets a receipt. Start-up runs the same code over whatever a crash left.

mod accept;
mod batch;
mod binding;
mod bridge;
mod check;
mod crash;
mod entry;
mod evidence;
mod gate;
mod hand;
mod health;
mod levels;
mod log;
mod open;
mod raise;
mod retrieve;
mod seal;
mod sequence;
mod signing;
mod stamping;
mod start;
mod sweep;
mod tidy;
mod told;
mod versions;
mod work;
mod workshop;

pub use accept::{Accepted, Refusal, Submission};
pub use batch::{
    Batch, BatchCounts, BatchItem, BatchRefusal, BatchState, Consenting, ItemState, Listed,
    NewBatch, NewItem,
};
pub use binding::{Binding, Bindings, NotUsable, Person, usable};
pub use bridge::{
    BridgeRefusal, CameBack, Method, Opened, Opening as BridgeOpening, Session, SessionState,
};
pub use check::{Archived, InForce, LogFact, PublicRecord};
pub use entry::Entry;
pub use evidence::{Gatherer, Incomplete, Missing, MissingKind};
pub use gate::{
    Batching, Bridging, Client, Denied, Filing, Gate, HandSigning, Pass, Reading, Role, Sweeping,
};
pub use hand::{
    Beginning, Begun, Finishing, HandAlgorithm, HandRefusal, Pending, PendingState, SignatureForm,
    Then,
};
pub use health::Health;
pub use levels::Standing;
pub use open::{Archive, OpenRefusal, Opening, Settings, create_log};
pub use retrieve::{Found, StoredResult, Wanted};
pub use seal::{Seal, SealSettings};
pub use stamping::{StampAsked, StampFiles};
pub use sweep::{Finding, FindingKind, Progress, SweepReport, SweepState};
pub use told::{Told, ToldField, ToldWord};
pub use versions::Version;
pub use work::{DeskSettings, WorkId};
pub use workshop::{Made, Room, WorkRefusal, Workshop};
