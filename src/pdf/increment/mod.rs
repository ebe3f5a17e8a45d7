//! One more revision, appended: no earlier byte is touched.
//!
//! ISO 32000-1 7.5.6; ETSI EN 319 142-1 5.3 (ByteRange over the whole file but Contents) and 6.3 (entries of the dictionary).
//!
//! | file | holds |
//! |---|---|
//! | `signature` `dictionary` | a signature or a document time-stamp, in whatever place |
//! | `widget` `form` | a new field, on a page or unseen |
//! | `field` `demands` | an empty field of the file gets its signature; what its author demands of that |
//! | `appearance` | what a widget or a page shows, as objects made elsewhere |
//! | `dss` | certificates and revocation data for the long term |
//! | `page_content` | a mark on a page, or a page more, before the first signature |
//! | `edits` `writer` `section` | objects written again, objects written anew, their cross-references |
//!
//! # Invariants
//! * `original || tail` is the file; the ByteRange covers all of it except the Contents token with its delimiters.
//! * The original is never copied: only its length is used.
//!
//! # What is not here
//! * A structure element for a widget in a tagged file: it would change the structure tree, which no later revision may.
//!   The field gets its alternate name (`/TU`), which is what assistive programs read out.

mod appearance;
mod demands;
mod dictionary;
mod dss;
mod edits;
mod field;
mod form;
mod page_content;
mod section;
mod signature;
mod widget;
mod writer;

use std::ops::Range;

pub use appearance::{Appearance, AppearanceObjects};
pub use dss::append_dss;
pub(super) use field::signature_field_places;
pub use field::{FieldPlace, FieldState};
pub use page_content::{append_page, append_page_content};
pub use signature::append_signature;
pub(super) use signature::plan_unseen;
pub(super) use widget::NAME_PREFIX;

/// ISO 32000-2 table 260; ETSI EN 319 142-1 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubFilter {
    /// `ETSI.CAdES.detached`: a PAdES signature.
    CadesDetached,
    /// `ETSI.RFC3161`: a document time-stamp.
    Rfc3161,
}

/// Which field carries the signature.
#[derive(Debug, Clone, Default)]
pub enum Place {
    /// A new field that no page shows; its widget hangs on the first page.
    #[default]
    Invisible,
    /// A new field with something to see.
    Visible(Appearance),
    /// A field that stands in the file, empty. It keeps its page and its rectangle, which the appearance is drawn into.
    Field {
        /// Fully qualified (ISO 32000-1 12.7.3.2).
        name: String,
        appearance: Option<Appearance>,
    },
}

/// What the new signature dictionary is to say.
#[derive(Debug, Clone)]
pub struct FieldRequest {
    pub sub_filter: SubFilter,
    /// Text of `/M`: `D:20261124090000+07'00'`. Demanded for `CadesDetached` (EN 319 142-1 6.3), never written for time-stamps.
    pub m: Option<String>,
    /// Also the alternate name of a new field.
    pub name: Option<String>,
    pub reason: Option<String>,
    pub location: Option<String>,
    /// Room for the DER, in bytes: kept exactly, nothing is rounded up.
    pub contents_bytes: usize,
    pub place: Place,
}

/// The bytes to append, with a hole for the signature.
#[derive(Debug, Clone)]
pub struct Increment {
    pub tail: Vec<u8>,
    /// The hexadecimal digits of Contents within `tail`, without `<` and `>`.
    pub contents: Range<usize>,
    /// As written in the file.
    pub byte_range: [u64; 4],
    /// Name of the field, fully qualified.
    pub field_name: String,
}

/// The signature is longer than the room kept for it; prepare anew with more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentsTooSmall {
    pub need_bytes: usize,
    pub have_bytes: usize,
}

impl std::fmt::Display for ContentsTooSmall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a signature of {} bytes, room for {}",
            self.need_bytes, self.have_bytes
        )
    }
}

impl std::error::Error for ContentsTooSmall {}

impl Increment {
    /// What is signed behind the original bytes: the digest is over original, first piece, second piece.
    #[must_use]
    pub fn signed_ranges(&self) -> (&[u8], &[u8]) {
        // The delimiters belong to the hole.
        let before = self.contents.start.saturating_sub(1);
        let after = self.contents.end.saturating_add(1);
        (
            self.tail.get(..before).unwrap_or_default(),
            self.tail.get(after..).unwrap_or_default(),
        )
    }

    /// Puts the DER into its hole; the rest stays zero.
    pub fn fill(mut self, cms: &[u8]) -> Result<Vec<u8>, ContentsTooSmall> {
        let have_bytes = self.contents.len() / 2;
        let too_small = ContentsTooSmall {
            need_bytes: cms.len(),
            have_bytes,
        };
        if cms.len() > have_bytes {
            return Err(too_small);
        }
        let hole = self.tail.get_mut(self.contents).ok_or(too_small)?;
        for (pair, byte) in hole.chunks_exact_mut(2).zip(cms) {
            pair.copy_from_slice(&hex_pair(*byte));
        }
        Ok(self.tail)
    }
}

fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |value: u8| {
        if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        }
    };
    [digit(byte >> 4), digit(byte & 15)]
}
