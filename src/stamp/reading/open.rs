//! The file in the interpreter's hands.
//!
//! # Invariants
//! * `pdf::inspect` has taken the file before: it is no broken or ambiguous one that two readers see differently.
//! * A panic inside of the interpreter ends as `StampRefusal::Unreadable`.

use super::super::refusal::StampRefusal;
use super::work::{self, Purpose};
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, Name};
use hayro::hayro_syntax::page::Page;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All pages that one request looks at, together: half a minute at worst.
const MAX_WORK: u64 = 12_000_000;

pub(crate) struct Reader {
    pdf: Pdf,
    spent: Cell<u64>,
}

/// The interpreter is another project's code over strangers' files: it may stop, the caller must not.
pub(super) fn guarded<T>(
    work: impl FnOnce() -> Result<T, StampRefusal>,
) -> Result<T, StampRefusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StampRefusal::Unreadable))
}

impl Reader {
    pub fn open(file: &[u8]) -> Result<Reader, StampRefusal> {
        let data = file.to_vec();
        guarded(|| {
            Pdf::new(data)
                .map(|pdf| Reader {
                    pdf,
                    spent: Cell::new(0),
                })
                .map_err(|_| StampRefusal::Unreadable)
        })
    }

    pub fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// By index from 0.
    pub(super) fn page(&self, index: u32) -> Result<&Page<'_>, StampRefusal> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.pdf.pages().get(index))
            .ok_or(StampRefusal::NoSuchPage {
                page: index.saturating_add(1),
                pages: self.pages(),
            })
    }

    /// Refuses a page that costs too much, by itself or after all those before.
    pub(super) fn afford(&self, page: &Page<'_>, purpose: Purpose) -> Result<(), StampRefusal> {
        let spent = self.spent.get().saturating_add(work::check(page, purpose)?);
        self.spent.set(spent);
        if spent > MAX_WORK {
            return Err(StampRefusal::TooMuchWork {
                what: "pages of one request",
            });
        }
        Ok(())
    }

    pub(super) fn catalog(&self) -> Option<Dict<'_>> {
        let xref = self.pdf.xref();
        xref.get::<Dict<'_>>(xref.root_id())
    }

    /// ISO 19005-1 6.2.2: an output intent with a profile says how device colours and blending are meant.
    pub fn has_output_profile(&self) -> bool {
        guarded(|| {
            let intents = self
                .catalog()
                .and_then(|catalog| catalog.get::<Array<'_>>("OutputIntents".as_bytes()));
            Ok(intents.is_some_and(|intents| {
                intents.iter::<Dict<'_>>().take(16).any(|intent| {
                    intent
                        .get::<Name<'_>>("S".as_bytes())
                        .is_some_and(|kind| kind.as_str() == "GTS_PDFA1")
                        && intent.contains_key("DestOutputProfile".as_bytes())
                })
            }))
        })
        .unwrap_or(false)
    }
}
