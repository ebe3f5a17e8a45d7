//! Where revisions end: ISO 32000-1 7.5.6.
//!
//! A section of the chain is followed by its own `startxref` and `%%EOF`. The first section of a linearized file
//! is followed by `startxref 0` (Annex F.3.4), which names no section: no revision ends there.
//!
//! # Invariants
//! * Every revision given here can be opened as a document of its own: its `startxref` names a section of the chain.

use super::document::Document;
use super::lexer::{Lexer, is_space};
use super::xref::{self, Entry};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Index of its newest section in `Document::sections`.
    pub section: usize,
    /// Behind `%%EOF`.
    pub mark_end: usize,
    /// Behind the end-of-line after it.
    pub end: usize,
}

/// Writers put at most a comment between a section and its `startxref`.
const ENDING_REACH_BYTES: usize = 1_024;

/// All revisions, oldest first.
pub(crate) fn all(doc: &Document<'_>) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = doc
        .sections
        .iter()
        .filter_map(|section| {
            let window = section.end.saturating_add(ENDING_REACH_BYTES);
            let near = doc.file.get(..window).unwrap_or(doc.file);
            let mut lexer = Lexer::new(near, section.end);
            lexer.skip_space();
            let ending = xref::ending_at(&mut lexer)?;
            of_ending(doc, &ending)
        })
        .chain(of_ending(doc, &doc.ending))
        .collect();
    revisions.sort_by_key(|revision| revision.mark_end);
    revisions.dedup();
    revisions
}

fn of_ending(doc: &Document<'_>, ending: &xref::Ending) -> Option<Revision> {
    let section = doc
        .sections
        .iter()
        .position(|section| section.offset == ending.xref_offset)?;
    let mut lexer = Lexer::new(doc.file, ending.end);
    lexer.skip_line_end();
    Some(Revision {
        section,
        mark_end: ending.end,
        end: lexer.at,
    })
}

impl Revision {
    /// Whether signed bytes that end at `end` end with this revision: only white space may follow its `%%EOF`.
    pub fn ends_at(&self, file: &[u8], end: usize) -> bool {
        file.get(self.mark_end..end)
            .is_some_and(|rest| rest.iter().all(|byte| is_space(*byte)))
    }

    /// Where this revision finds an object.
    pub fn entry(&self, doc: &Document<'_>, number: u32) -> Option<Entry> {
        doc.sections
            .get(self.section..)?
            .iter()
            .find_map(|section| section.entry(doc.file, number))?
            .ok()
    }
}
