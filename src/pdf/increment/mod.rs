//! One more revision with one more signature field, appended: no earlier byte is touched.
//!
//! ISO 32000-1 7.5.6; ETSI EN 319 142-1 5.3 (ByteRange over the whole file but Contents) and 6.3 (entries of the dictionary).
//!
//! # Invariants
//! * `original || tail` is the file; the ByteRange covers all of it except the Contents token with its delimiters.
//! * The original is never copied: only its length is used.

mod edits;
mod section;

use super::document::Document;
use super::object::ObjId;
use super::text;
use super::{Inspected, Refusal};
use section::Placed;
use std::collections::BTreeSet;
use std::ops::Range;

pub(crate) use edits::Edits;

/// ISO 32000-2 table 260; ETSI EN 319 142-1 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubFilter {
    /// `ETSI.CAdES.detached`: a PAdES signature.
    CadesDetached,
    /// `ETSI.RFC3161`: a document time-stamp.
    Rfc3161,
}

/// What the new signature dictionary is to say.
#[derive(Debug, Clone)]
pub struct FieldRequest {
    pub sub_filter: SubFilter,
    /// Text of `/M`: `D:20261124090000+07'00'`. Demanded for `CadesDetached` (EN 319 142-1 6.3), left out for time-stamps.
    pub m: Option<String>,
    pub name: Option<String>,
    pub reason: Option<String>,
    pub location: Option<String>,
    /// Room for the DER, in bytes.
    pub contents_bytes: usize,
}

/// The bytes to append, with a hole for the signature.
#[derive(Debug, Clone)]
pub struct Increment {
    pub tail: Vec<u8>,
    /// The hexadecimal digits of Contents within `tail`, without `<` and `>`.
    pub contents: Range<usize>,
    /// As written in the file.
    pub byte_range: [u64; 4],
    /// Name of the new field.
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

/// What `inspect` worked out: all that does not depend on the request.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Number of the signature dictionary; its field and the appearance follow.
    next: u32,
    page: ObjId,
    /// Objects written again, ready.
    rewritten: Vec<(ObjId, Vec<u8>)>,
    taken_names: BTreeSet<String>,
    trailer: section::Trailer,
}

impl Plan {
    pub fn new(
        doc: &Document<'_>,
        next: u32,
        page: ObjId,
        edits: Edits<'_>,
        taken_names: BTreeSet<String>,
    ) -> Result<Plan, Refusal> {
        Ok(Plan {
            next,
            page,
            rewritten: edits.written()?,
            taken_names,
            trailer: section::Trailer::of(doc)?,
        })
    }

    /// ISO 32000-1 12.7.3.2: unique among its siblings, no period.
    fn free_name(&self, stem: &str) -> String {
        let taken = |name: &String| {
            self.taken_names
                .iter()
                .any(|other| other.split('.').next() == Some(name))
        };
        (1u32..)
            .map(|number| format!("{NAME_PREFIX}{stem}-{number}"))
            .find(|name| !taken(name))
            .unwrap_or_else(|| format!("{NAME_PREFIX}{stem}"))
    }
}

/// Our fields are told apart by it.
pub(crate) const NAME_PREFIX: &str = "Antin-";

/// A signature with certificates, time-stamp and revocation data stays far below; more would only be a hole.
const MAX_CONTENTS_BYTES: usize = 1 << 20;
/// `0` and three numbers of ten digits each with a blank before it: files stay under 4 GiB (the xref's offsets have ten digits).
const BYTE_RANGE_WIDTH: usize = 1 + 3 * 11;

/// Lays out the whole increment; only the signature itself is missing.
pub fn append_signature(doc: &Inspected<'_>, request: &FieldRequest) -> Result<Increment, Refusal> {
    let bytes = request.contents_bytes;
    if bytes == 0 || bytes > MAX_CONTENTS_BYTES {
        return Err(Refusal::ContentsSize { bytes });
    }
    let plan = &doc.plan;
    let mut out = Writer {
        base: doc.bytes().len(),
        tail: Vec::with_capacity(bytes * 2 + 4_096),
        placed: Vec::new(),
    };
    if !doc.bytes().ends_with(b"\n") {
        out.tail.push(b'\n');
    }
    let [value, field, appearance] = [0, 1, 2].map(|step| ObjId {
        number: plan.next.saturating_add(step),
        generation: 0,
    });
    let field_name = plan.free_name(match request.sub_filter {
        SubFilter::CadesDetached => "Seal",
        SubFilter::Rfc3161 => "Time",
    });
    for (id, text) in &plan.rewritten {
        out.object(*id, text);
    }
    out.begin(value);
    let (byte_range_at, contents) = signature_dictionary(&mut out.tail, request);
    out.end();
    let widget = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T ({field_name}) /V {value} R /Rect [0 0 0 0] /F 132 /P {} R /AP << /N {appearance} R >> >>",
        plan.page
    );
    out.object(field, widget.as_bytes());
    // PDF/A-1 (ISO 19005-1 6.9) wants an appearance for every field, an empty one for what is not seen.
    out.object(
        appearance,
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 0 0] /Resources << >> /Length 0 >>\nstream\n\nendstream",
    );
    section::write(&mut out, &plan.trailer, appearance.number.saturating_add(1));
    let total = out.base.saturating_add(out.tail.len());
    let gap_start = out.base.saturating_add(contents.start).saturating_sub(1);
    let gap_end = out.base.saturating_add(contents.end).saturating_add(1);
    let byte_range = [0, gap_start, gap_end, total.saturating_sub(gap_end)]
        .map(|number| u64::try_from(number).unwrap_or(u64::MAX));
    let mut tail = out.tail;
    write_byte_range(&mut tail, byte_range_at, byte_range);
    Ok(Increment {
        tail,
        contents,
        byte_range,
        field_name,
    })
}

/// ISO 32000-1 table 252. Gives the place of the ByteRange numbers and of the Contents digits.
fn signature_dictionary(tail: &mut Vec<u8>, request: &FieldRequest) -> (usize, Range<usize>) {
    tail.extend_from_slice(match request.sub_filter {
        SubFilter::CadesDetached => {
            b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached" as &[u8]
        }
        SubFilter::Rfc3161 => {
            b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
        }
    });
    for (key, value) in [
        ("M", &request.m),
        ("Name", &request.name),
        ("Reason", &request.reason),
        ("Location", &request.location),
    ] {
        if let Some(value) = value {
            tail.extend_from_slice(format!(" /{key} ").as_bytes());
            text::write(tail, value);
        }
    }
    tail.extend_from_slice(b" /ByteRange [");
    let byte_range_at = tail.len();
    tail.resize(byte_range_at + BYTE_RANGE_WIDTH, b' ');
    tail.extend_from_slice(b"] /Contents <");
    let start = tail.len();
    tail.resize(start + request.contents_bytes * 2, b'0');
    let contents = start..tail.len();
    tail.extend_from_slice(b"> >>");
    (byte_range_at, contents)
}

fn write_byte_range(tail: &mut [u8], at: usize, numbers: [u64; 4]) {
    let text = numbers.map(|number| number.to_string()).join(" ");
    for (place, byte) in tail
        .iter_mut()
        .skip(at)
        .take(BYTE_RANGE_WIDTH)
        .zip(text.bytes())
    {
        *place = byte;
    }
}

/// The growing tail with the places of its objects.
struct Writer {
    base: usize,
    tail: Vec<u8>,
    placed: Vec<Placed>,
}

impl Writer {
    fn here(&self) -> usize {
        self.base.saturating_add(self.tail.len())
    }

    fn begin(&mut self, id: ObjId) {
        self.placed.push(Placed {
            id,
            offset: self.here(),
        });
        self.tail
            .extend_from_slice(format!("{id} obj\n").as_bytes());
    }

    fn end(&mut self) {
        self.tail.extend_from_slice(b"\nendobj\n");
    }

    fn object(&mut self, id: ObjId, text: &[u8]) {
        self.begin(id);
        self.tail.extend_from_slice(text);
        self.end();
    }
}
