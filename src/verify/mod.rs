//! Validation of signed files after ETSI EN 319 102-1 V1.4.1: `needs` says what evidence to get, `judge` gives the verdict.
//!
//! One file per building block of the standard:
//! * [`format`](self): 5.2.2 format checking; `identification` 5.2.3; `x509` 5.2.6; `cryptography` 5.2.7; `acceptance` 5.2.8;
//!   `timestamp` 5.4; `judge` 5.3 and 5.5 (basic signatures and signatures with time).
//! * `kind`: what a file is; `file`: judged as that; `cades`: CAdES signatures and containers.
//!
//! # Invariants
//! * `judge` is a pure function of (file, evidence, time): the same input gives the same report.
//! * Fail closed: what is not understood, not explained or not provably harmless does not pass.
//!
//! # What is not here
//! Long-term validation (past signature validation, 5.6), evidence records, XAdES and JAdES.

mod acceptance;
mod cades;
mod claimed;
mod cryptography;
mod file;
mod format;
mod hashes;
mod identification;
pub mod indication;
mod judge;
mod kind;
mod level;
mod needs;
mod reasons;
pub mod report;
#[cfg(test)]
mod tests;
mod timestamp;
mod x509;

pub use cades::{
    Lack, asic_lacks, cades_lacks, judge_asic, judge_cades, judge_unsupported, needs_asic,
    needs_cades,
};
pub use file::{judge_file, needs_file};
pub use indication::{Indication, SubIndication};
pub use judge::{Evidence, judge};
pub use kind::{Kind, kind};
pub use needs::{Need, needs};
pub use report::{
    Algorithms, ChangeLine, ChangesAfter, Coverage, FileFacts, Reason, Report, RevocationCheck,
    SignatureReport, Signer, TimestampReport, Weight,
};
