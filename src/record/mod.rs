//! What the archive keeps, as values: nothing here reads, writes, waits or draws a random number.
//!
//! # Invariants
//! * A value that exists is well formed: every constructor checks, every text parser is strict, and
//!   what can be typed by hand is normalised before it is checked.
//! * Secrets and personal identifiers do not show in `Debug`.
//!
//! # What is not here
//! Bytes of documents, signatures and the log itself; this layer names no other.

pub mod codes;
pub mod commit;
pub mod digest;
pub mod fault;
pub mod field;
pub mod ids;
pub mod json;
pub mod leaf;
pub mod normalise;
pub mod office;
pub mod opening;
pub mod pattern;
pub mod receipt;
pub mod result;
pub mod time;

pub use codes::{
    CodeProblem, DocumentNumber, DossierCode, PersonalId, ProcedureCode, ResultKind, TaxCode,
};
pub use commit::{DossierSecret, Field, Fields, LeafKey, media_type_value};
pub use digest::{Digest, DigestText, Sha256Stream, leaf_hash, node_hash, sha256};
pub use fault::Fault;
pub use field::{FieldProblem, PROBLEM_CODES};
pub use ids::{IdText, IdempotencyKey, PublicId, ResultId};
pub use leaf::{LEAF_BYTES, Leaf, LeafKind, LeafProblem, bucket_of, issuer_of_spki};
pub use office::{Level, Office, OfficeCode};
pub use opening::{OpenedField, Opening, OpeningProblem, PartialOpening};
pub use receipt::{Receipt, SignatureLevel};
pub use result::{Origin, Owner, OwnerId, ResultRecord, Validity, mask_name};
pub use time::{Date, TimeText, UtcTime};

#[cfg(test)]
mod tests;
