//! Visible signatures as Decree 30/2020/ND-CP, appendix I, wants them, and previews of pages.
//!
//! From texts, pictures and places to a `pdf::Appearance`: the widget's own form XObject with an embedded font subset.
//! Nothing is painted on the page itself, but `mark` (QR and look-up code before the first signature).
//!
//! | file | holds |
//! |---|---|
//! | `request` `spec` `facts` | what is asked for (JSON, command line); what is true of the signature |
//! | `stationery` `face` `subset` `picture` | what an office keeps ready: font, subset, pictures |
//! | `wording` `qr` `drawing` `bodies` | lines, code, pieces, PDF objects |
//! | `geometry` `sheet` | lengths; the page as the reader sees it |
//! | `reading` `taken` | what stands on a page and where it is free |
//! | `anchor` `place` `layout` `mark` | from anchor to rectangle to appearance |
//! | `preview` | a page as PNG |
//! | `refusal` | why not |
//!
//! # Invariants
//! * Colours are device-independent, fonts embedded, soft masks only where PDF/A allows them: a PDF/A file stays one.
//! * A stamp lies inside of what the page shows, reads upright on rotated pages, and covers no text unless told to.
//! * No panic and no unbounded work on any input, inside the interpreter neither: see `reading::work`.
//!
//! # What is not here
//! * The signature field and its widget: `pdf`. Which form an office uses when: its settings.

mod anchor;
mod bodies;
mod drawing;
mod face;
mod facts;
mod geometry;
mod layout;
mod mark;
mod picture;
mod place;
mod preview;
mod qr;
mod reading;
mod refusal;
mod request;
mod sheet;
mod spec;
mod stationery;
mod subset;
mod taken;
#[cfg(test)]
mod tests;
mod wording;

pub use facts::Facts;
pub use layout::lay_out;
pub use mark::{MarkPlace, PageMark, lay_out_mark};
pub use picture::Warning;
pub use preview::preview_png;
pub use refusal::StampRefusal;
pub use request::{Anchor, CopyKind, Form, OverText, Qr, Request, TimeStyle, Which};
pub use spec::SpecProblem;
pub use stationery::{Materials, Stationery};
