//! Validation of signed files after ETSI EN 319 102-1 V1.4.1: `needs` says what evidence to get, `judge` gives the verdict.
//!
//! One file per building block of the standard:
//!
//! | file | clause |
//! |---|---|
//! | `format` | 5.2.2 format checking |
//! | `identification` | 5.2.3 the signing certificate |
//! | `revocation` | 5.2.5 freshness and 5.2.6.4 status of a chain |
//! | `x509` | 5.2.6 chains |
//! | `cryptography` | 5.2.7 |
//! | `acceptance` | 5.2.8 algorithms |
//! | `timestamp` | 5.4 one token, now or in the past |
//! | `signature` | 5.3 and 5.5: one signature, basic, with time, with long-term material |
//! | `document_timestamp` `judge` | 5.6.3: document time-stamps from the newest back, then the signatures |
//! | `poe` | 5.6.2.3 proofs of existence |
//! | `past_certificate` `time_sliding` `past_signature` | 5.6.2.1, 5.6.2.2, 5.6.2.4 |
//! | `material` `carried` `case` | what the file brings, beside what the caller gives |
//! | `level` `long_term` `long_term_needs` | EN 319 142-1 6.3: the level reached, and what it lacks |
//! | `kind` `file` | what a file is, and judged as that |
//! | `cades` | CAdES signatures, and containers with them |
//!
//! # Invariants
//! * `judge` is a pure function of (file, evidence, time): the same input gives the same report.
//! * Fail closed: what is not understood, not explained or not provably harmless does not pass.
//!
//! # What is not here
//! Evidence records, XAdES and JAdES.

mod acceptance;
mod cades;
mod carried;
mod case;
mod claimed;
mod cryptography;
mod document_timestamp;
mod entry;
mod file;
mod format;
mod hashes;
mod identification;
pub mod indication;
mod judge;
mod kind;
mod level;
mod long_term;
mod long_term_needs;
mod material;
mod needs;
mod past_certificate;
mod past_signature;
mod poe;
mod reasons;
pub mod report;
mod revocation;
mod signature;
#[cfg(test)]
mod tests;
mod time_sliding;
mod timestamp;
mod x509;

pub use cades::{
    asic_lacks, cades_lacks, judge_asic, judge_cades, judge_unsupported, needs_asic, needs_cades,
};
pub use file::{judge_file, needs_file};
pub use indication::{Indication, SubIndication};
pub use judge::{Evidence, judge};
pub use kind::{Kind, kind};
pub use long_term_needs::{LongTermNeed, long_term_needs};
pub use needs::{Need, needs};
pub use report::{
    Algorithms, ChangeLine, ChangesAfter, Coverage, EvidenceKind, EvidenceSource, EvidenceUse,
    FileFacts, Reason, Report, RevocationCheck, SignatureReport, Signer, TimestampReport, Weight,
};
