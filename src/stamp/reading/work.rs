//! How much a page would cost, counted before anything is interpreted.
//!
//! An interpreter runs forms inside forms without looking back, and inflates whatever it is given: a page of a few
//! kilobytes can be made to cost hours or gigabytes. So operators are counted with all repetitions first, and streams
//! are inflated by the piece, to be measured and thrown away.
//!
//! # Invariants
//! * Overestimates only: a stream that holds patterns, masks or drawn glyphs pays for them at each of its operators.

use super::super::refusal::StampRefusal;
use flate2::read::DeflateDecoder;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::collections::{HashMap, HashSet};
use std::io::Read as _;

/// A dense page of tables has 50,000 operators; the interpreter runs about a million a second.
const MAX_OPERATIONS: u64 = 4_000_000;
/// All streams that a page reaches, inflated: an A4 scan of 600 dpi in colour is 104 MB.
const MAX_INFLATED_BYTES: u64 = 160 << 20;
/// Other filters than Flate are not measured but bounded by their worst case (LZW: 1,366 to 1).
const MAX_LZW_BYTES: u64 = 96 << 10;
/// Objects that a page may reach: fonts, pictures and colour spaces of a page are some hundreds.
const MAX_OBJECTS: usize = 20_000;
/// The interpreter itself stops at 50.
const MAX_DEPTH: usize = 30;
/// All pictures of a page: an A0 drawing of 300 dpi has 139 million.
const MAX_PIXELS: u64 = 150_000_000;

const TOO_DEEP: StampRefusal = StampRefusal::TooMuchWork {
    what: "forms inside forms",
};

/// Whether pictures will be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pictures {
    Skipped,
    Decoded,
}

/// Refuses a page that would cost more than its reader is worth.
pub(super) fn check(page: &Page<'_>, pictures: Pictures) -> Result<(), StampRefusal> {
    streams(page, pictures)?;
    let mut counter = Counter::default();
    let mut total = counter.run(page.typed_operations(), page.resources(), 0)?;
    if pictures == Pictures::Decoded
        && let Some(annotations) = page.raw().get::<Array<'_>>("Annots".as_bytes())
    {
        for annotation in annotations.iter::<Dict<'_>>().take(MAX_OBJECTS) {
            let appearance = annotation
                .get::<Dict<'_>>("AP".as_bytes())
                .and_then(|appearance| appearance.get::<Stream<'_>>("N".as_bytes()));
            if let Some(form) = appearance {
                total = total.saturating_add(counter.stream(&form, page.resources(), 0)?);
            }
        }
    }
    if total > MAX_OPERATIONS {
        return Err(StampRefusal::TooMuchWork {
            what: "operators of a page",
        });
    }
    Ok(())
}

/// Inflates all streams that can be reached from the page, one after the other, and keeps none.
fn streams(page: &Page<'_>, pictures: Pictures) -> Result<(), StampRefusal> {
    let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
    let mut waiting: Vec<Object<'_>> = Vec::new();
    let mut inflated = 0u64;
    let mut pixels = 0u64;
    let mut objects = 0usize;
    push_entries(page.raw(), &mut waiting);
    // Resources may come from the page tree above.
    let above = page.resources();
    for dict in [
        &above.ext_g_states,
        &above.fonts,
        &above.color_spaces,
        &above.x_objects,
        &above.patterns,
        &above.shadings,
    ] {
        push_entries(dict, &mut waiting);
    }
    while let Some(object) = waiting.pop() {
        objects += 1;
        if objects > MAX_OBJECTS || waiting.len() > MAX_OBJECTS {
            return Err(StampRefusal::TooMuchWork {
                what: "objects of a page",
            });
        }
        match object {
            Object::Dict(dict) if dict.obj_id().is_none_or(|id| seen.insert(id)) => {
                push_entries(&dict, &mut waiting);
            }
            Object::Array(array) => {
                // Arrays have no number of their own: the count of objects bounds them.
                waiting.extend(array.iter::<Object<'_>>().take(MAX_OBJECTS));
            }
            Object::Stream(stream) => {
                if !seen.insert(stream.obj_id()) {
                    continue;
                }
                push_entries(stream.dict(), &mut waiting);
                let is_picture = is_picture(stream.dict());
                if is_picture && pictures == Pictures::Skipped {
                    continue;
                }
                if is_picture {
                    pixels = pixels.saturating_add(pixels_of(&stream));
                }
                inflated = inflated.saturating_add(measured(
                    &stream,
                    MAX_INFLATED_BYTES - inflated.min(MAX_INFLATED_BYTES),
                )?);
            }
            _ => {}
        }
        if inflated > MAX_INFLATED_BYTES {
            return Err(StampRefusal::TooMuchWork {
                what: "inflated bytes of a page",
            });
        }
        if pixels > MAX_PIXELS {
            return Err(StampRefusal::TooMuchWork {
                what: "pixels of a page's pictures",
            });
        }
    }
    Ok(())
}

/// What leads away from the page: other pages, the tree above, the logical structure, actions.
const AWAY: [&str; 11] = [
    "Parent",
    "P",
    "Dest",
    "A",
    "AA",
    "B",
    "Popup",
    "IRT",
    "V",
    "Pg",
    "StructParent",
];

fn push_entries<'a>(dict: &Dict<'a>, waiting: &mut Vec<Object<'a>>) {
    for (key, _) in dict.entries().take(MAX_OBJECTS) {
        if AWAY.contains(&key.as_str()) {
            continue;
        }
        if let Some(object) = dict.get::<Object<'_>>(&key)
            && matches!(
                object,
                Object::Dict(_) | Object::Array(_) | Object::Stream(_)
            )
        {
            waiting.push(object);
        }
    }
}

fn is_picture(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Subtype".as_bytes())
        .is_some_and(|kind| kind.as_str() == "Image")
}

/// The larger of what the dictionary says and what a JPEG or JPEG 2000 header says.
fn pixels_of(stream: &Stream<'_>) -> u64 {
    let side = |key: &str| {
        stream
            .dict()
            .get::<u32>(key.as_bytes())
            .map_or(0, u64::from)
    };
    let said = side("Width").saturating_mul(side("Height"));
    let filters = stream.filters();
    let inner = if filters.contains(&Filter::DctDecode) {
        jpeg_pixels(&stream.raw_data())
    } else if filters.contains(&Filter::JpxDecode) {
        jpeg2000_pixels(&stream.raw_data())
    } else {
        0
    };
    said.max(inner)
}

/// ITU-T T.81 B.2.2: SOF0 to SOF15 (but DHT, JPG, DAC), then length, precision, lines, samples per line.
fn jpeg_pixels(data: &[u8]) -> u64 {
    let frames = data.windows(9).filter_map(|window| match *window {
        [0xFF, marker @ 0xC0..=0xCF, _, _, _, y1, y0, x1, x0]
            if !matches!(marker, 0xC4 | 0xC8 | 0xCC) =>
        {
            Some(u64::from(u16::from_be_bytes([y1, y0])) * u64::from(u16::from_be_bytes([x1, x0])))
        }
        _ => None,
    });
    // Entropy-coded data cannot hold FF Cx (a zero is stuffed), so a chance hit lies in an embedded thumbnail at most.
    frames.max().unwrap_or(0)
}

/// ISO/IEC 15444-1 A.5.1: SIZ, then length, capabilities, width and height of the reference grid.
fn jpeg2000_pixels(data: &[u8]) -> u64 {
    let sizes = data.windows(14).filter_map(|window| match *window {
        [0xFF, 0x51, _, _, _, _, x3, x2, x1, x0, y3, y2, y1, y0] => Some(
            u64::from(u32::from_be_bytes([x3, x2, x1, x0]))
                .saturating_mul(u64::from(u32::from_be_bytes([y3, y2, y1, y0]))),
        ),
        _ => None,
    });
    sizes.take(1).max().unwrap_or(0)
}

/// Bytes that the stream unpacks to, at most a little over `left`.
fn measured(stream: &Stream<'_>, left: u64) -> Result<u64, StampRefusal> {
    let raw = stream.raw_data();
    let raw_bytes = u64::try_from(raw.len()).unwrap_or(u64::MAX);
    let mut factor = 1u64;
    let mut packed_before = false;
    let mut flate_first = false;
    for (filter, place) in stream.filters().iter().zip(0usize..) {
        match filter {
            Filter::FlateDecode if place == 0 => flate_first = true,
            Filter::AsciiHexDecode | Filter::Ascii85Decode => {}
            // Decoded by their own pixel count, which is bounded.
            Filter::DctDecode
            | Filter::JpxDecode
            | Filter::CcittFaxDecode
            | Filter::Jbig2Decode => {}
            Filter::RunLengthDecode => factor = factor.saturating_mul(64),
            // Deflate packs 1,032 to 1 at best, LZW 1,366 to 1: behind another filter they are bounded, not measured.
            _ => {
                packed_before |= factor > 1 || flate_first;
                if raw_bytes > MAX_LZW_BYTES || packed_before {
                    return Err(StampRefusal::TooMuchWork {
                        what: "a stream packed more than once",
                    });
                }
                factor = factor.saturating_mul(1_366);
            }
        }
    }
    if !flate_first {
        return Ok(raw_bytes.saturating_mul(factor.min(1_366)));
    }
    // RFC 1950: two bytes of header; a reader that forgives wrong checksums inflates all the same.
    let mut reader = DeflateDecoder::new(raw.get(2..).unwrap_or_default());
    let mut buffer = [0u8; 16 << 10];
    let mut total = 0u64;
    while total <= left {
        match reader.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => total = total.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)),
        }
    }
    Ok(total.saturating_mul(factor))
}

#[derive(Default)]
struct Counter {
    /// Cost of each stream once known; None while it is being counted.
    known: HashMap<ObjectIdentifier, Option<u64>>,
}

impl Counter {
    fn stream(
        &mut self,
        stream: &Stream<'_>,
        inherited: &Resources<'_>,
        depth: usize,
    ) -> Result<u64, StampRefusal> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        match self.known.get(&stream.obj_id()) {
            Some(Some(cost)) => return Ok(*cost),
            // A form that draws itself: two times would be 2^50 operators.
            Some(None) => return Err(TOO_DEEP),
            None => {}
        }
        self.known.insert(stream.obj_id(), None);
        let Ok(decoded) = stream.decoded_data() else {
            self.known.insert(stream.obj_id(), Some(1));
            return Ok(1);
        };
        let own = stream
            .dict()
            .get::<Dict<'_>>("Resources".as_bytes())
            .map(Resources::new);
        let resources = own.as_ref().unwrap_or(inherited);
        let cost = self.run(TypedIter::new(&decoded), resources, depth + 1)?;
        self.known.insert(stream.obj_id(), Some(cost));
        Ok(cost)
    }

    fn run(
        &mut self,
        mut operations: TypedIter<'_>,
        resources: &Resources<'_>,
        depth: usize,
    ) -> Result<u64, StampRefusal> {
        let each = 1 + self.dearest(resources, depth)?;
        let mut total = 0u64;
        while let Some(operation) = operations.next() {
            let mut cost = each;
            match operation {
                TypedInstruction::XObject(x) => {
                    if let Some(stream) = resources.get_x_object(x.0)
                        && !is_picture(stream.dict())
                    {
                        cost += self.stream(&stream, resources, depth + 1)?;
                    }
                }
                TypedInstruction::ShowText(t) => cost = glyphs(t.0.as_bytes().len(), each),
                TypedInstruction::ShowTexts(t) => cost = glyphs(t.0.data().len(), each),
                TypedInstruction::NextLineAndShowText(t) => {
                    cost = glyphs(t.0.as_bytes().len(), each);
                }
                TypedInstruction::ShowTextWithParameters(t) => {
                    cost = glyphs(t.2.as_bytes().len(), each);
                }
                _ => {}
            }
            total = total.saturating_add(cost);
            if total > MAX_OPERATIONS {
                return Err(StampRefusal::TooMuchWork {
                    what: "operators of a page",
                });
            }
        }
        Ok(total)
    }

    /// The dearest pattern, soft mask or drawn glyph that an operator of this stream may use.
    fn dearest(&mut self, resources: &Resources<'_>, depth: usize) -> Result<u64, StampRefusal> {
        let mut dearest = 0;
        for (name, _) in resources.patterns.entries().take(MAX_OBJECTS) {
            if let Some(pattern) = resources.patterns.get::<Stream<'_>>(&name) {
                dearest = dearest.max(self.stream(&pattern, resources, depth + 1)?);
            }
        }
        for (name, _) in resources.ext_g_states.entries().take(MAX_OBJECTS) {
            let group = resources
                .ext_g_states
                .get::<Dict<'_>>(&name)
                .and_then(|state| state.get::<Dict<'_>>("SMask".as_bytes()))
                .and_then(|mask| mask.get::<Stream<'_>>("G".as_bytes()));
            if let Some(group) = group {
                dearest = dearest.max(self.stream(&group, resources, depth + 1)?);
            }
        }
        for (name, _) in resources.fonts.entries().take(MAX_OBJECTS) {
            let drawn = resources
                .fonts
                .get::<Dict<'_>>(&name)
                .and_then(|font| font.get::<Dict<'_>>("CharProcs".as_bytes()));
            let Some(drawn) = drawn else { continue };
            for (glyph, _) in drawn.entries().take(MAX_OBJECTS) {
                if let Some(glyph) = drawn.get::<Stream<'_>>(&glyph) {
                    dearest = dearest.max(self.stream(&glyph, resources, depth + 1)?);
                }
            }
        }
        Ok(dearest)
    }
}

/// A string shows at most one glyph for each of its bytes.
fn glyphs(bytes: usize, each: u64) -> u64 {
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(1)
        .saturating_mul(each)
}
