//! Cross-reference sections as written: ISO 32000-1 7.5.4 (tables), 7.5.8 (streams), 7.5.6 (chains of updates).
//!
//! Nothing is unfolded into a map: a section keeps its subsections, and an entry is read when it is asked for.
//!
//! # Invariants
//! * Sections stand newest first; the first one that lists a number decides (7.5.6).
//! * A chain never visits an offset twice, and no section overlaps itself.

mod stream;
mod table;

use super::Limits;
use super::lexer::Lexer;
use super::object::{Dict, Item, ObjId, Value};
use super::refusal::Refusal;
use std::ops::Range;

/// Where an object is, according to one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Free,
    At { offset: usize, generation: u16 },
    In { container: u32, index: u32 },
}

/// Numbers `first` to `first + count - 1`; the entry of `first` begins at `at` of the section's data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subsection {
    pub first: u32,
    pub count: u32,
    at: usize,
    /// Bytes of one entry.
    width: usize,
}

impl Subsection {
    pub fn numbers(self) -> Range<u32> {
        self.first..self.first.saturating_add(self.count)
    }
}

#[derive(Debug)]
enum Data {
    Table,
    Stream { rows: Vec<u8>, widths: [usize; 3] },
}

#[derive(Debug)]
pub(crate) struct Section<'a> {
    /// What `startxref` or `/Prev` says.
    pub offset: usize,
    /// Behind the trailer dictionary, or behind `endobj` of the stream.
    pub end: usize,
    pub trailer: Dict<'a>,
    /// The stream's own number.
    pub stream: Option<ObjId>,
    /// By first number, without overlaps.
    pub subsections: Vec<Subsection>,
    data: Data,
}

impl Section<'_> {
    pub fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// None: the section does not list this number.
    pub fn entry(&self, file: &[u8], number: u32) -> Option<Result<Entry, Refusal>> {
        let after = self
            .subsections
            .partition_point(|subsection| subsection.first <= number);
        let subsection = self.subsections.get(after.checked_sub(1)?)?;
        let index = number
            .checked_sub(subsection.first)
            .filter(|index| *index < subsection.count)?;
        let at = usize::try_from(index)
            .ok()?
            .saturating_mul(subsection.width)
            .saturating_add(subsection.at);
        Some(match &self.data {
            Data::Table => table::entry(file, at),
            Data::Stream { rows, widths } => stream::entry(rows, widths, at),
        })
    }

    /// One more than the highest number listed.
    pub fn end_number(&self) -> u32 {
        self.subsections
            .last()
            .map_or(0, |subsection| subsection.numbers().end)
    }

    /// ISO 32000-1 table 15.
    fn previous(&self) -> Result<Option<usize>, Refusal> {
        match self.trailer.value("Prev") {
            None => Ok(None),
            Some(Value::Integer(offset)) => usize::try_from(*offset)
                .map(Some)
                .map_err(|_| Refusal::broken("a negative /Prev", self.offset)),
            Some(_) => Err(Refusal::broken("/Prev is not a number", self.offset)),
        }
    }
}

/// The last `startxref` of a file.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    /// The number it gives.
    pub xref_offset: usize,
    /// Behind `%%EOF`.
    pub end: usize,
}

/// ISO 32000-1 7.5.5: `startxref`, the offset, `%%EOF`, each on its line.
pub(crate) fn ending_at(lexer: &mut Lexer<'_>) -> Option<Ending> {
    if !lexer.keyword("startxref") {
        return None;
    }
    lexer.skip_blank();
    let xref_offset = usize::try_from(lexer.digits()?).ok()?;
    lexer.skip_blank();
    if !lexer.rest().starts_with(b"%%EOF") {
        return None;
    }
    Some(Ending {
        xref_offset,
        end: lexer.at + 5,
    })
}

/// Acrobat's rule (ISO 32000-1 Annex H, 3.4.4 note 18): the end lies within the last 1,024 bytes.
const ENDING_WINDOW_BYTES: usize = 1_024;

pub(crate) fn last_ending(file: &[u8]) -> Result<Ending, Refusal> {
    let start = file.len().saturating_sub(ENDING_WINDOW_BYTES);
    let window = file.get(start..).unwrap_or_default();
    let word = b"startxref";
    let at = window
        .windows(word.len())
        .rposition(|bytes| bytes == word)
        .ok_or_else(|| Refusal::broken("no startxref at the end of the file", start))?;
    ending_at(&mut Lexer::new(file, start + at)).ok_or_else(|| {
        Refusal::broken(
            "startxref is not followed by an offset and %%EOF",
            start + at,
        )
    })
}

/// Trailers have ten entries, `/Index` of a cross-reference stream two numbers for each run of objects.
const MAX_TRAILER_VALUES: usize = 200_000;

/// What the sections of one chain may cost together: hostile ones overlap.
struct Budget {
    inflated_bytes: u64,
    parsed_bytes: usize,
    entries: u64,
    limits: Limits,
}

impl Budget {
    fn spend(&mut self, section: &Section<'_>) -> Result<(), Refusal> {
        let over = || Refusal::OverBudget {
            what: "cross-reference sections",
        };
        let parsed = section.end.saturating_sub(section.offset);
        let counts = section.subsections.iter();
        let entries = counts.map(|subsection| u64::from(subsection.count)).sum();
        let values = section.trailer.count_values();
        self.parsed_bytes = self.parsed_bytes.checked_sub(parsed).ok_or_else(over)?;
        self.entries = self.entries.checked_sub(entries).ok_or_else(over)?;
        self.limits.max_values = self
            .limits
            .max_values
            .checked_sub(values)
            .ok_or_else(over)?;
        Ok(())
    }
}

/// All sections that hang on the one at `offset`, newest first.
pub(crate) fn chain<'a>(
    file: &'a [u8],
    offset: usize,
    limits: &Limits,
) -> Result<Vec<Section<'a>>, Refusal> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    let mut next = Some(offset);
    let mut left = Budget {
        inflated_bytes: limits.max_inflated_bytes,
        parsed_bytes: file.len().saturating_mul(2).saturating_add(1_024),
        entries: u64::from(limits.max_object_number).saturating_mul(2),
        limits: Limits {
            max_values: limits.max_values.min(MAX_TRAILER_VALUES),
            ..limits.clone()
        },
    };
    while let Some(offset) = next {
        if sections.len() >= limits.max_sections {
            return Err(Refusal::OverBudget {
                what: "cross-reference sections",
            });
        }
        if sections.iter().any(|section| section.offset == offset) {
            return Err(Refusal::broken(
                "the chain of cross-references runs in a circle",
                offset,
            ));
        }
        let section = section(file, offset, &mut left)?;
        left.spend(&section)?;
        next = section.previous()?;
        sections.push(section);
    }
    Ok(sections)
}

fn section<'a>(file: &'a [u8], offset: usize, left: &mut Budget) -> Result<Section<'a>, Refusal> {
    let mut lexer = Lexer::new(file, offset);
    let section = if lexer.keyword("xref") {
        table::read(file, offset, &left.limits)?
    } else {
        stream::read(file, offset, left)?
    };
    if let Some(key) = section.trailer.duplicate {
        return Err(Refusal::DuplicateKey {
            key: key.shown(),
            offset: u64::try_from(offset).ok(),
        });
    }
    if section.trailer.has("XRefStm") {
        return Err(Refusal::HybridXref);
    }
    if section.trailer.has("Encrypt") {
        return Err(Refusal::Encrypted);
    }
    Ok(section)
}

/// Sorts subsections and refuses numbers that are listed twice: readers differ in which entry they take.
fn sorted(
    mut subsections: Vec<Subsection>,
    offset: usize,
    limits: &Limits,
) -> Result<Vec<Subsection>, Refusal> {
    subsections.retain(|subsection| subsection.count > 0);
    subsections.sort_by_key(|subsection| subsection.first);
    let overlap = subsections.windows(2).any(|pair| match pair {
        [a, b] => a.numbers().end > b.first,
        _ => false,
    });
    if overlap {
        return Err(Refusal::broken(
            "a cross-reference section lists a number twice",
            offset,
        ));
    }
    let end = subsections
        .last()
        .map_or(0, |last| u64::from(last.first) + u64::from(last.count));
    if end > u64::from(limits.max_object_number) + 1 {
        return Err(Refusal::OverBudget {
            what: "object numbers",
        });
    }
    Ok(subsections)
}

/// The dictionary at the parser's place, for trailers.
fn trailer_dict(item: Item<'_>, offset: usize) -> Result<Dict<'_>, Refusal> {
    match item.value {
        Value::Dict(dict) => Ok(dict),
        _ => Err(Refusal::broken("a trailer without a dictionary", offset)),
    }
}
