//! Making signatures: `prepare` before the key is asked, `complete` after, `extend` to raise the level later. All pure. PAdES here;
//! CAdES and ASiC-E in [`cades`] and [`asic`].
//!
//! The way of a file: `Upload` (hashed while read) -> `Inspected` (pdf) -> `ToBeSigned` -> `Signature` (keys) -> `Signed` -> `Sealed`.
//! ETSI EN 319 142-1 V1.2.1 (PAdES baseline), EN 319 122-1 V1.3.1 (CAdES attributes).
//!
//! # Invariants
//! * Each stage takes the former by value; none can be skipped.
//! * Only bytes are appended; the upload stays as it came.
//!
//! # What is not here
//! Keys, the authority's answer, time: they arrive as arguments.

pub mod asic;
pub mod cades;
mod complete;
mod extend;
mod prepare;

pub use complete::{NoRoom, Sealed, Signed};
pub use extend::{ToBeStamped, add_evidence, prepare_document_timestamp};
pub use prepare::{Signature, Signer, ToBeSigned, Upload, prepare, prepare_placed};
