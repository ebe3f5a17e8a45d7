//! PDF as a container of signatures: a strict reader that knows byte offsets, an incremental writer, and the comparison of revisions.
//!
//! ISO 32000-1 (and 32000-2 where it differs) clauses 7 and 12.7 to 12.8; ETSI EN 319 142-1 for the entries of a signature dictionary.
//!
//! | file | holds |
//! |---|---|
//! | `limits` `refusal` | budgets; why a file is not taken |
//! | `lexer` `object` `parse` `text` `inflate` | from bytes to values, nothing decoded before it is asked for |
//! | `xref` `document` | cross-reference sections as written, objects by number |
//! | `page` `form` `certification` `inspect` | what a signer must know: first page, fields, what earlier signatures forbid |
//! | `increment` | one more revision with one more signature field |
//! | `signature` `signatures` `revision` | signature dictionaries with the place of their bytes, revision ends |
//! | `tail` `changes` | what came after a signed revision, and whether it is provably harmless |
//!
//! # Invariants
//! * No repair: where two readers could see two documents, the file is refused or the change is forbidden.
//! * No panic and no unbounded work on any input: see `Limits`.
//!
//! # What is not here
//! * Certificates, CMS, time, trust: `signatures` hands out bytes and places, `verify` judges.

mod certification;
mod changes;
mod document;
mod dss;
mod form;
mod frame;
mod increment;
mod inflate;
mod inspect;
mod lexer;
mod limits;
mod object;
mod page;
mod parse;
mod refusal;
mod revision;
mod signature;
mod signatures;
mod tail;
#[cfg(test)]
mod tests;
mod text;
mod xmp;
mod xref;

pub use changes::{Change, ChangeKind, Changes, changes_after};
pub use document::Document;
pub use dss::{Dss, dss};
pub use increment::{
    Appearance, AppearanceObjects, ContentsTooSmall, FieldPlace, FieldRequest, FieldState,
    Increment, Place, SubFilter, append_dss, append_page, append_page_content, append_signature,
};
pub use inspect::{Inspected, inspect};
pub use limits::Limits;
pub use object::ObjId;
pub use page::{PageBox, page_box};
pub use refusal::Refusal;
pub use signature::{SignatureField, SignatureKind, SignatureProblem, Signatures, Stray};
pub use signatures::signatures;
pub use xmp::PdfA;
