//! Making CAdES baseline signatures over any file, detached or enveloping, and raising them to higher levels (ETSI EN 319 122-1 V1.3.1).
//!
//! The way of a signature: content -> [`ToBeSigned`] -> `Signature` (keys) -> [`Signed`] -> [`Message`] (B-B, B-T). The way of an existing
//! one, ours or another's: [`Existing`] -> a time-stamp over the signature value (B-T) -> validation data (B-LT) -> [`ToBeStamped`] -> an
//! archive time-stamp (B-LTA), and again for its renewal.
//!
//! # Invariants
//! * Each stage takes the former by value. What was signed or stamped keeps its octets.
//! * A content that is not the signed one is refused before anything is stamped over it.
//!
//! # What is not here
//! Keys, the authority's answer, revocation information, time: they arrive as arguments.

mod extend;
mod prepare;

pub use extend::{Existing, Refusal, ToBeStamped, ValidationData, open};
pub use prepare::{Message, Packaging, Request, Signed, ToBeSigned, prepare};
