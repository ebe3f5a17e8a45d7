//! The cross-reference section of an increment, of the same kind as the one before it.
//!
//! ISO 32000-1 7.5.4, 7.5.6, 7.5.8.

use super::writer::Writer;
use crate::pdf::Refusal;
use crate::pdf::document::Document;
use crate::pdf::object::ObjId;

/// Where an object was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub id: ObjId,
    pub offset: usize,
}

/// What goes on from the trailer before.
#[derive(Debug, Clone)]
pub(super) struct Trailer {
    /// Everything but what describes one section only; as written (7.5.6: the new trailer has all entries of the former).
    kept: Vec<u8>,
    previous: usize,
    is_stream: bool,
}

/// Entries that belong to one section or to the stream that holds it (tables 15 and 17, and 5 for streams).
const OWN: [&str; 10] = [
    "Prev",
    "Size",
    "XRefStm",
    "Type",
    "W",
    "Index",
    "Length",
    "Filter",
    "DecodeParms",
    "DL",
];

impl Trailer {
    pub fn of(doc: &Document<'_>) -> Result<Trailer, Refusal> {
        let newest = doc
            .sections
            .first()
            .ok_or_else(|| Refusal::damaged("no cross-references"))?;
        let mut kept = Vec::new();
        for (key, item) in &newest.trailer.entries {
            if OWN.iter().any(|own| key.is(own.as_bytes())) {
                continue;
            }
            kept.extend_from_slice(b" /");
            kept.extend_from_slice(key.0);
            kept.push(b' ');
            kept.extend_from_slice(doc.file.get(item.span.clone()).unwrap_or_default());
        }
        Ok(Trailer {
            kept,
            previous: doc.ending.xref_offset,
            is_stream: newest.is_stream(),
        })
    }
}

/// Writes the section, `startxref` and `%%EOF`. `size` is one more than the highest number used so far.
pub(super) fn write(out: &mut Writer, trailer: &Trailer, size: u32) {
    let start = out.here();
    if trailer.is_stream {
        stream(out, trailer, size, start);
    } else {
        table(out, trailer, size);
    }
    out.tail
        .extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
}

/// Runs of consecutive numbers.
fn runs(placed: &mut [Placed]) -> Vec<&[Placed]> {
    placed.sort_by_key(|placed| placed.id.number);
    placed
        .chunk_by(|a, b| a.id.number.checked_add(1) == Some(b.id.number))
        .collect()
}

/// 7.5.4: entries of 20 bytes, the end-of-line included.
fn table(out: &mut Writer, trailer: &Trailer, size: u32) {
    let mut text = b"xref\n".to_vec();
    for run in runs(&mut out.placed) {
        let first = run.first().map_or(0, |placed| placed.id.number);
        text.extend_from_slice(format!("{first} {}\n", run.len()).as_bytes());
        for placed in run {
            let entry = format!("{:010} {:05} n \n", placed.offset, placed.id.generation);
            text.extend_from_slice(entry.as_bytes());
        }
    }
    text.extend_from_slice(b"trailer\n<<");
    text.extend_from_slice(&trailer.kept);
    text.extend_from_slice(format!(" /Size {size} /Prev {} >>\n", trailer.previous).as_bytes());
    out.tail.extend_from_slice(&text);
}

/// 7.5.8: type 1 entries only, offsets of four bytes (a file is under 4 GiB), uncompressed; the stream lists itself.
fn stream(out: &mut Writer, trailer: &Trailer, size: u32, start: usize) {
    let own = ObjId {
        number: size,
        generation: 0,
    };
    out.placed.push(Placed {
        id: own,
        offset: start,
    });
    let mut index = String::new();
    let mut rows = Vec::new();
    for run in runs(&mut out.placed) {
        let first = run.first().map_or(0, |placed| placed.id.number);
        index.push_str(&format!(" {first} {}", run.len()));
        for placed in run {
            rows.push(1);
            rows.extend_from_slice(
                &u32::try_from(placed.offset)
                    .unwrap_or(u32::MAX)
                    .to_be_bytes(),
            );
            rows.extend_from_slice(&placed.id.generation.to_be_bytes());
        }
    }
    let mut text = format!(
        "{own} obj\n<< /Type /XRef /W [1 4 2] /Index [{} ] /Size {} /Prev {} /Length {}",
        index,
        size.saturating_add(1),
        trailer.previous,
        rows.len()
    )
    .into_bytes();
    text.extend_from_slice(&trailer.kept);
    text.extend_from_slice(b" >>\nstream\n");
    text.extend_from_slice(&rows);
    text.extend_from_slice(b"\nendstream\nendobj\n");
    out.tail.extend_from_slice(&text);
}
