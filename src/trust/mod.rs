//! Trust: which chains lead from a certificate to an anchor, and whether such a chain holds at a given time.
//!
//! # Invariants
//! * Pure: time, anchors and certificates arrive as arguments; `Memory` only remembers answers of pure functions.
//! * Path building is bounded (`Budget`) whatever certificates a stranger sends.
//!
//! # What is not here
//! Revocation status fetching (`fetch`), verdicts (`verify`).

mod algorithms;
mod chain;
mod memory;
mod path;
mod revocation;
#[cfg(test)]
pub(crate) mod tests;

pub use algorithms::{AlgorithmWeakness, check_digest, check_key, digest_end, key_end};
pub use memory::Memory;
pub use path::{Anchors, Budget, Path, PathFailure, Purpose, build};
pub use revocation::{Origin, RevocationEvidence, Statement, Status, statements, status_of, worst};
