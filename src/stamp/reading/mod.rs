//! What stands on a page: letters with their places, pictures, annotations.
//!
//! Content is interpreted by `hayro-interpret`; ISO 32000-1 9.4 (text), 8.9 (images), 12.5 (annotations).
//!
//! | file | holds |
//! |---|---|
//! | `open` | the file in the interpreter's hands; no panic of it comes out |
//! | `work` | how much a page would cost, before anything is interpreted |
//! | `letters` | the interpreter's device that collects boxes |
//! | `find` | where words stand |
//! | `marks` | annotations and signature fields |
//! | `scan` | dark places of a scanned page |
//! | `draw` | a page in pixels |
//!
//! # Invariants
//! * Nothing is interpreted, inflated or rendered that `work` has not counted.

mod draw;
mod find;
mod letters;
mod marks;
mod open;
mod scan;
mod work;

pub(crate) use find::find;
pub(crate) use letters::{Ink, Letters};
pub(crate) use marks::{Mark, MarkKind};
pub(crate) use open::Reader;
