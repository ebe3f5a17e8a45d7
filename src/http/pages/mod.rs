//! The public pages as values: a view struct for each page, its words chosen, rendered by a template under `web/templates`.
//!
//! # Invariants
//! * A page is readable without a script; no template carries an inline script, an inline style or an outside address.
//! * An owner's full name cannot reach a page: `MaskedName` has one constructor, and it masks.
//! * The page for an unknown look-up code is one value: it does not know the code, so it cannot tell "unknown" from "hidden".
//!
//! # What is not here
//! Handlers, status codes and headers; the verdict itself (`verify`), which these pages only put into words.

mod assets;
mod check;
mod details;
mod errors;
mod facts;
mod frame;
mod home;
mod record;
mod standing;

#[cfg(test)]
mod contrast;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use assets::{Asset, asset};
pub use check::{Archived, ArchivedMatch, CheckPage, FileVerdictPage};
pub use errors::{ErrorPage, Missing, NotFoundPage};
pub use frame::{CONTENT_SECURITY_POLICY, Frame, Site};
pub use home::{HomePage, HomeProblem};
pub use record::{Checked, MaskedName, RecordPage, ResultLines};
pub use standing::{Force, LogFact, LogState, StoredBytes};
