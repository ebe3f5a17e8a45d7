//! Objects by number, read where the cross-references say they are and nowhere else.
//!
//! ISO 32000-1 7.5. Opening costs the cross-reference sections; an object costs its own bytes, when it is asked for.
//! The prefix of a file that ends behind a `%%EOF` is a document too: this is how earlier revisions are read.
//!
//! # Invariants
//! * An object is taken only if `n g obj` with its own number and generation stands at the announced offset.
//! * Offsets count from the first byte of the file, where `%PDF-` stands: with anything before it readers differ.

use super::Limits;
use super::frame::{self, Framed};
use super::object::{Dict, Item, ObjId, Value};
use super::parse::Parser;
use super::refusal::Refusal;
use super::xref::{self, Ending, Entry, Section};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Object streams hold about 100 objects each: enough for the highest object number of Annex C.
const MAX_CONTAINERS: usize = 100_000;

/// One file (or one revision of it), opened.
#[derive(Debug)]
pub struct Document<'a> {
    pub(crate) file: &'a [u8],
    pub(crate) limits: Limits,
    /// Newest first, never empty.
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) ending: Ending,
    /// Made at the first compressed object: object streams by number, each inflated once.
    containers: OnceLock<Vec<Slot>>,
    inflated_bytes: AtomicU64,
    parsed_bytes: AtomicU64,
}

/// The number of an object stream, and the stream once it was needed.
type Slot = (u32, OnceLock<Result<Container, Refusal>>);

/// An inflated object stream: ISO 32000-1 7.5.7.
#[derive(Debug)]
pub(crate) struct Container {
    pub bytes: Vec<u8>,
    /// Number and place in `bytes` of each object, in the order of the stream.
    pub members: Vec<(u32, u32)>,
}

/// An object with its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Indirect<'d> {
    pub id: ObjId,
    pub item: Item<'d>,
    /// Stored bytes of a stream.
    pub data: Option<&'d [u8]>,
    pub place: Place,
    /// The buffer that `item.span` counts in.
    pub source: &'d [u8],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// From `n g obj` to `endobj`.
    File(Range<usize>),
    Container(u32),
}

impl<'d> Indirect<'d> {
    /// A dictionary that is not a stream.
    pub fn dict(&self) -> Option<&Dict<'d>> {
        match self.data {
            None => self.item.value.dict(),
            Some(_) => None,
        }
    }
}

impl<'a> Document<'a> {
    /// Reads header, end and cross-references.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, Refusal> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > limits.max_file_bytes {
            return Err(Refusal::TooLarge {
                bytes: size,
                limit_bytes: limits.max_file_bytes,
            });
        }
        header(bytes)?;
        let ending = xref::last_ending(bytes)?;
        let sections = xref::chain(bytes, ending.xref_offset, limits)?;
        Ok(Document {
            file: bytes,
            limits: limits.clone(),
            sections,
            ending,
            containers: OnceLock::new(),
            inflated_bytes: AtomicU64::new(0),
            parsed_bytes: AtomicU64::new(0),
        })
    }

    /// The digits of the header: `1.7`.
    #[must_use]
    pub fn header_version(&self) -> String {
        let version = self.file.get(5..8).unwrap_or_default();
        String::from_utf8_lossy(version).into_owned()
    }

    /// The trailer of the newest section.
    pub(crate) fn trailer(&self) -> Result<&Dict<'a>, Refusal> {
        self.sections
            .first()
            .map(|section| &section.trailer)
            .ok_or_else(|| Refusal::damaged("no cross-references"))
    }

    /// ISO 32000-1 7.7.2.
    pub(crate) fn catalog(&self) -> Result<Indirect<'_>, Refusal> {
        let root = self
            .trailer()?
            .value("Root")
            .and_then(Value::reference)
            .ok_or_else(|| Refusal::damaged("the trailer names no catalog"))?;
        let catalog = self.expected(root)?;
        if !catalog
            .dict()
            .is_some_and(|dict| dict.name_is("Type", "Catalog"))
        {
            return Err(Refusal::damaged(
                "the catalog is not a dictionary of type Catalog",
            ));
        }
        Ok(catalog)
    }

    /// What the newest section that lists the number says; never listed is free (7.3.10).
    pub(crate) fn entry(&self, number: u32) -> Result<Entry, Refusal> {
        self.sections
            .iter()
            .find_map(|section| section.entry(self.file, number))
            .unwrap_or(Ok(Entry::Free))
    }

    /// The object, or none where the reference stands for null (free, unknown, other generation).
    pub(crate) fn load(&self, id: ObjId) -> Result<Option<Indirect<'_>>, Refusal> {
        match self.entry(id.number)? {
            Entry::At { offset, generation } if generation == id.generation => {
                self.at(offset, id).map(Some)
            }
            Entry::In { container, index } if id.generation == 0 => {
                self.member(container, index, id).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// An object that must be there and that we rely on: no key of it stands twice.
    pub(crate) fn expected(&self, id: ObjId) -> Result<Indirect<'_>, Refusal> {
        let object = self
            .load(id)?
            .ok_or_else(|| Refusal::damaged("an object that is needed is missing"))?;
        if let Some(dict) = object.item.value.dict() {
            self.unambiguous(dict, &object)?;
        }
        Ok(object)
    }

    pub(crate) fn unambiguous(
        &self,
        dict: &Dict<'_>,
        object: &Indirect<'_>,
    ) -> Result<(), Refusal> {
        match dict.duplicate {
            None => Ok(()),
            Some(key) => Err(Refusal::DuplicateKey {
                key: key.shown(),
                offset: match &object.place {
                    Place::File(range) => u64::try_from(range.start).ok(),
                    Place::Container(_) => None,
                },
            }),
        }
    }

    /// The value itself, or the object it refers to; a reference to a reference is refused (7.3.10 knows none).
    pub(crate) fn follow<'d, 'x>(
        &'d self,
        item: &'x Item<'d>,
    ) -> Result<Followed<'x, 'd>, Refusal> {
        let Value::Reference(id) = item.value else {
            return Ok(Followed::Direct(item));
        };
        match self.load(id)? {
            None => Ok(Followed::Nothing),
            Some(object) if object.item.value.reference().is_some() => {
                Err(Refusal::damaged("an object is nothing but a reference"))
            }
            Some(object) => Ok(Followed::Indirect(object)),
        }
    }

    fn at(&self, offset: usize, id: ObjId) -> Result<Indirect<'_>, Refusal> {
        let framed = frame::read(self.file, offset, &self.limits, &mut |id| self.length(id))?;
        if framed.id != id {
            return Err(Refusal::broken(
                "another object where the cross-references announce one",
                offset,
            ));
        }
        self.framed(framed, offset)
    }

    fn framed<'d>(&'d self, framed: Framed<'d>, offset: usize) -> Result<Indirect<'d>, Refusal> {
        let skipped = framed.data.as_ref().map_or(0, Range::len);
        self.charge(framed.end.saturating_sub(offset).saturating_sub(skipped))?;
        Ok(Indirect {
            id: framed.id,
            item: framed.item,
            data: framed.data.and_then(|data| self.file.get(data)),
            place: Place::File(offset..framed.end),
            source: self.file,
        })
    }

    /// A `/Length` that is a reference.
    pub(crate) fn length(&self, id: ObjId) -> Result<usize, Refusal> {
        if let Entry::In { container, index } = self.entry(id.number)? {
            let object = self.member(container, index, id)?;
            return whole(&object.item.value);
        }
        self.plain_length(id)
    }

    /// The length of an object stream: 7.5.7 keeps it outside object streams, so this never inflates anything.
    fn plain_length(&self, id: ObjId) -> Result<usize, Refusal> {
        let missing = || Refusal::damaged("the length of a stream is missing");
        let Entry::At { offset, generation } = self.entry(id.number)? else {
            return Err(missing());
        };
        let mut parser = Parser::new(self.file, offset, &self.limits);
        if parser.header() != Some(id) || generation != id.generation {
            return Err(missing());
        }
        let length = whole(&parser.item()?.value)?;
        parser.lexer.skip_space();
        if !parser.lexer.keyword("endobj") {
            return Err(missing());
        }
        Ok(length)
    }

    fn member(&self, number: u32, index: u32, id: ObjId) -> Result<Indirect<'_>, Refusal> {
        let container = self.container(number)?;
        let (found, at) = usize::try_from(index)
            .ok()
            .and_then(|index| container.members.get(index).copied())
            .ok_or_else(|| Refusal::damaged("an object stream is shorter than announced"))?;
        if found != id.number {
            return Err(Refusal::damaged(
                "another object in an object stream than announced",
            ));
        }
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let mut parser = Parser::new(&container.bytes, at, &self.limits);
        let item = parser.item()?;
        self.charge(parser.lexer.at.saturating_sub(at))?;
        Ok(Indirect {
            id,
            item,
            data: None,
            place: Place::Container(number),
            source: &container.bytes,
        })
    }

    /// The object stream with this number, inflated once.
    pub(crate) fn container(&self, number: u32) -> Result<&Container, Refusal> {
        let containers = self.containers.get_or_init(|| self.container_numbers());
        let slot = containers
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()
            .and_then(|index| containers.get(index))
            .ok_or_else(|| Refusal::damaged("an object stream is missing"))?;
        slot.1
            .get_or_init(|| self.inflate(number))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn container_numbers(&self) -> Vec<Slot> {
        let mut numbers = BTreeSet::new();
        for section in self.sections.iter().filter(|section| section.is_stream()) {
            for number in section
                .subsections
                .iter()
                .flat_map(|subsection| subsection.numbers())
            {
                if let Some(Ok(Entry::In { container, .. })) = section.entry(self.file, number) {
                    numbers.insert(container);
                }
                // No such streams at all is the safe answer: nothing in them can be read.
                if numbers.len() > MAX_CONTAINERS {
                    return Vec::new();
                }
            }
        }
        numbers
            .into_iter()
            .map(|number| (number, OnceLock::new()))
            .collect()
    }

    fn inflate(&self, number: u32) -> Result<Container, Refusal> {
        let odd = || Refusal::damaged("a malformed object stream");
        let Entry::At { offset, generation } = self.entry(number)? else {
            return Err(odd());
        };
        let framed = frame::read(self.file, offset, &self.limits, &mut |id| {
            self.plain_length(id)
        })?;
        if framed.id != (ObjId { number, generation }) {
            return Err(Refusal::broken(
                "another object where the cross-references announce one",
                offset,
            ));
        }
        let object = self.framed(framed, offset)?;
        let (Value::Dict(dict), Some(data)) = (&object.item.value, object.data) else {
            return Err(odd());
        };
        self.unambiguous(dict, &object)?;
        if !dict.name_is("Type", "ObjStm") {
            return Err(odd());
        }
        let used = self.inflated_bytes.load(Ordering::Relaxed);
        let budget = self.limits.max_inflated_bytes.saturating_sub(used);
        let bytes = frame::decoded(dict, data, budget, &self.limits)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.inflated_bytes.fetch_add(size, Ordering::Relaxed);
        let count = dict.value("N").map_or_else(|| Err(odd()), whole)?;
        let first = dict.value("First").map_or_else(|| Err(odd()), whole)?;
        let members = members(&bytes, count, first).ok_or_else(odd)?;
        Ok(Container { bytes, members })
    }

    /// Counts the bytes that the parser ran over against the budget.
    fn charge(&self, bytes: usize) -> Result<(), Refusal> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let before = self.parsed_bytes.fetch_add(bytes, Ordering::Relaxed);
        let size = u64::try_from(self.file.len()).unwrap_or(u64::MAX);
        let most = size
            .saturating_add(self.inflated_bytes.load(Ordering::Relaxed))
            .saturating_mul(self.limits.max_parse_factor);
        if before.saturating_add(bytes) > most {
            return Err(Refusal::OverBudget {
                what: "objects that overlap",
            });
        }
        Ok(())
    }
}

/// The outcome of following an item.
#[derive(Debug)]
pub(crate) enum Followed<'x, 'd> {
    Direct(&'x Item<'d>),
    Indirect(Indirect<'d>),
    /// A reference to nothing, which is null.
    Nothing,
}

impl<'d> Followed<'_, 'd> {
    /// None for streams and for nothing.
    pub fn value(&self) -> Option<&Value<'d>> {
        match self {
            Followed::Direct(item) => Some(&item.value),
            Followed::Indirect(object) if object.data.is_none() => Some(&object.item.value),
            Followed::Indirect(_) | Followed::Nothing => None,
        }
    }

    pub fn dict(&self) -> Option<&Dict<'d>> {
        self.value()?.dict()
    }

    pub fn array(&self) -> Option<&[Item<'d>]> {
        self.value()?.array()
    }
}

fn whole(value: &Value<'_>) -> Result<usize, Refusal> {
    match value {
        Value::Integer(number) => usize::try_from(*number).ok(),
        _ => None,
    }
    .ok_or_else(|| Refusal::damaged("a count or length that is not a whole number"))
}

/// 7.5.7: N pairs of number and offset, the offsets counted from First.
fn members(bytes: &[u8], count: usize, first: usize) -> Option<Vec<(u32, u32)>> {
    // Each pair takes at least four bytes ("1 0 "), so a count beyond that is a lie.
    if count > bytes.len() / 3 || first > bytes.len() {
        return None;
    }
    let mut lexer = super::lexer::Lexer::new(bytes.get(..first)?, 0);
    let mut members = Vec::with_capacity(count);
    for _ in 0..count {
        lexer.skip_space();
        let number = u32::try_from(lexer.digits()?).ok()?;
        lexer.skip_space();
        let offset = usize::try_from(lexer.digits()?).ok()?;
        let at = u32::try_from(first.checked_add(offset)?).ok()?;
        members.push((number, at));
    }
    Some(members)
}

/// ISO 32000-2 7.5.2: `%PDF-` and the version, at the first byte.
fn header(bytes: &[u8]) -> Result<(), Refusal> {
    const MARK: &[u8] = b"%PDF-";
    if let Some(version) = bytes.strip_prefix(MARK) {
        return match version {
            [b'1' | b'2', b'.', b'0'..=b'9', ..] => Ok(()),
            _ => Err(Refusal::broken("an unknown PDF version", MARK.len())),
        };
    }
    let window = bytes.get(..1_024.min(bytes.len())).unwrap_or_default();
    match window.windows(MARK.len()).position(|bytes| bytes == MARK) {
        None => Err(Refusal::NotPdf),
        Some(at) => Err(Refusal::broken(
            "bytes before the PDF header: readers differ in where they count offsets from",
            at,
        )),
    }
}
