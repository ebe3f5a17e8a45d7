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

const TOO_MANY: StampRefusal = StampRefusal::TooMuchWork {
    what: "operators of a page",
};

const TOO_DEEP: StampRefusal = StampRefusal::TooMuchWork {
    what: "forms inside forms",
};

/// Soft masks of a page; the renderer keeps one byte a pixel for each.
const MAX_SOFT_MASKS: usize = 64;
/// A painting that runs over the whole canvas (pattern, shading) costs as much as an operator for so many pixels.
const PIXELS_PER_OPERATION: u64 = 500;
/// Inflated bytes that take as long as one operator.
const BYTES_PER_OPERATION: u64 = 64;
/// A tile whose steps are at least half its sides is laid over itself at most three times three times.
const TILE_COPIES: u64 = 9;

/// What will be done with the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Letters are collected; pictures stay packed.
    Reading,
    /// All of it is drawn on a canvas of so many pixels.
    Drawing { pixels: u64 },
}

/// The cost of the page in operators; refuses one that would cost more than its reader is worth.
pub(super) fn check(page: &Page<'_>, purpose: Purpose) -> Result<u64, StampRefusal> {
    let inflated = streams(page, purpose)?;
    let mut counter = Counter {
        known: HashMap::new(),
        canvas: match purpose {
            Purpose::Reading => 0,
            Purpose::Drawing { pixels } => pixels / PIXELS_PER_OPERATION,
        },
    };
    let mut total = counter.run(page.typed_operations(), page.resources(), 0)?;
    if purpose != Purpose::Reading
        && let Some(annotations) = page.raw().get::<Array<'_>>("Annots".as_bytes())
    {
        for annotation in annotations.iter::<Dict<'_>>().take(MAX_OBJECTS) {
            let appearance = annotation
                .get::<Dict<'_>>("AP".as_bytes())
                .and_then(|appearance| appearance.get::<Object<'_>>("N".as_bytes()));
            let states: Vec<Stream<'_>> = match appearance {
                Some(Object::Stream(form)) => vec![form],
                // One of several states is drawn: the dearest is counted.
                Some(Object::Dict(states)) => states
                    .entries()
                    .take(MAX_OBJECTS)
                    .filter_map(|(state, _)| states.get::<Stream<'_>>(&state))
                    .collect(),
                _ => Vec::new(),
            };
            let mut dearest = 0;
            for form in states {
                dearest = dearest.max(counter.stream(&form, page.resources(), 0)?);
            }
            total = total.saturating_add(dearest);
        }
    }
    if total > MAX_OPERATIONS {
        return Err(TOO_MANY);
    }
    Ok(total.saturating_add(inflated / BYTES_PER_OPERATION))
}

/// Inflates all streams that can be reached from the page, one after the other, and keeps none; gives their bytes.
fn streams(page: &Page<'_>, purpose: Purpose) -> Result<u64, StampRefusal> {
    let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
    let mut waiting: Vec<Object<'_>> = Vec::new();
    let mut found = Found::default();
    let mut objects = 0usize;
    push_page(page, &mut waiting);
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
                found.soft_masks += usize::from(dict.get::<Dict<'_>>("SMask".as_bytes()).is_some());
                push_entries(&dict, &mut waiting);
            }
            Object::Array(array) => {
                // Arrays have no number of their own: the count of objects bounds them.
                waiting.extend(array.iter::<Object<'_>>().take(MAX_OBJECTS));
            }
            Object::Stream(stream) if seen.insert(stream.obj_id()) => {
                push_entries(stream.dict(), &mut waiting);
                found.stream(&stream, purpose)?;
            }
            _ => {}
        }
        found.check(purpose)?;
    }
    Ok(found.inflated)
}

#[derive(Default)]
struct Found {
    inflated: u64,
    pixels: u64,
    soft_masks: usize,
}

impl Found {
    fn stream(&mut self, stream: &Stream<'_>, purpose: Purpose) -> Result<(), StampRefusal> {
        if is_picture(stream.dict()) {
            if purpose == Purpose::Reading {
                return Ok(());
            }
            self.pixels = self.pixels.saturating_add(pixels_of(stream));
        }
        if purpose != Purpose::Reading {
            tile(stream.dict())?;
        }
        let left = MAX_INFLATED_BYTES.saturating_sub(self.inflated);
        self.inflated = self.inflated.saturating_add(measured(stream, left)?);
        Ok(())
    }

    fn check(&self, purpose: Purpose) -> Result<(), StampRefusal> {
        let refused = |what| Err(StampRefusal::TooMuchWork { what });
        if self.inflated > MAX_INFLATED_BYTES {
            return refused("inflated bytes of a page");
        }
        if self.pixels > MAX_PIXELS {
            return refused("pixels of a page's pictures");
        }
        if purpose != Purpose::Reading && self.soft_masks > MAX_SOFT_MASKS {
            return refused("soft masks of a page");
        }
        Ok(())
    }
}

/// ISO 32000-1 8.7.3: a tile that is laid over itself a thousand times, or on a plane squeezed to a line, is no pattern
/// that anybody sees.
fn tile(dict: &Dict<'_>) -> Result<(), StampRefusal> {
    if dict.get::<u32>("PatternType".as_bytes()) != Some(1) {
        return Ok(());
    }
    let number = |key: &str| dict.get::<f64>(key.as_bytes()).unwrap_or(0.0).abs();
    let [x0, y0, x1, y1] = dict.get::<[f64; 4]>("BBox".as_bytes()).unwrap_or([0.0; 4]);
    let [a, b, c, d, _, _] = dict
        .get::<[f64; 6]>("Matrix".as_bytes())
        .unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let area = (a * d - b * c).abs();
    let sides = a.hypot(b) * c.hypot(d);
    let orderly = number("XStep") * 2.0 >= (x1 - x0).abs()
        && number("YStep") * 2.0 >= (y1 - y0).abs()
        && number("XStep") > 0.0
        && number("YStep") > 0.0
        && area * 4.0 >= sides
        && sides > 1e-6
        && sides.is_finite();
    if orderly {
        Ok(())
    } else {
        Err(StampRefusal::TooMuchWork {
            what: "a tiling pattern",
        })
    }
}

/// What the interpreter takes from a page and its annotations; other entries lead to other pages and to the structure.
fn push_page<'a>(page: &Page<'a>, waiting: &mut Vec<Object<'a>>) {
    for key in ["Contents", "Resources", "Group"] {
        waiting.extend(page.raw().get::<Object<'_>>(key.as_bytes()));
    }
    let annotations = page.raw().get::<Array<'_>>("Annots".as_bytes());
    for annotation in annotations
        .iter()
        .flat_map(|annotations| annotations.iter::<Dict<'_>>().take(MAX_OBJECTS))
    {
        waiting.extend(annotation.get::<Object<'_>>("AP".as_bytes()));
    }
}

fn push_entries<'a>(dict: &Dict<'a>, waiting: &mut Vec<Object<'a>>) {
    for (key, _) in dict.entries().take(MAX_OBJECTS) {
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

struct Counter {
    /// Cost of each stream once known; None while it is being counted.
    known: HashMap<ObjectIdentifier, Option<u64>>,
    /// Cost of a painting that runs over the whole canvas.
    canvas: u64,
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
        let mut by_pattern = false;
        while let Some(operation) = operations.next() {
            let mut cost = each;
            let is_text = matches!(
                operation,
                TypedInstruction::ShowText(_)
                    | TypedInstruction::ShowTexts(_)
                    | TypedInstruction::NextLineAndShowText(_)
                    | TypedInstruction::ShowTextWithParameters(_)
            );
            match operation {
                // Once a pattern was chosen, what follows may be painted with it.
                TypedInstruction::NonStrokeColorNamed(_)
                | TypedInstruction::StrokeColorNamed(_) => {
                    by_pattern = by_pattern || !resources.patterns.is_empty();
                }
                TypedInstruction::Shading(_) => cost = cost.saturating_add(self.canvas),
                TypedInstruction::FillPathNonZero(_)
                | TypedInstruction::FillPathNonZeroCompatibility(_)
                | TypedInstruction::FillPathEvenOdd(_)
                | TypedInstruction::FillAndStrokeNonZero(_)
                | TypedInstruction::FillAndStrokeEvenOdd(_)
                | TypedInstruction::CloseFillAndStrokeNonZero(_)
                | TypedInstruction::CloseFillAndStrokeEvenOdd(_)
                | TypedInstruction::StrokePath(_)
                | TypedInstruction::CloseAndStrokePath(_)
                    if by_pattern =>
                {
                    cost = cost.saturating_add(self.canvas);
                }
                TypedInstruction::XObject(x) => {
                    if let Some(stream) = resources.get_x_object(x.0) {
                        let inner = if !is_picture(stream.dict()) {
                            self.stream(&stream, resources, depth + 1)?
                        } else if self.canvas > 0 {
                            // Decoded again each time.
                            pixels_of(&stream) / PIXELS_PER_OPERATION
                        } else {
                            0
                        };
                        cost = cost.saturating_add(inner);
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
            if by_pattern && is_text {
                cost = cost.saturating_add(self.canvas);
            }
            total = total.saturating_add(cost);
            if total > MAX_OPERATIONS {
                return Err(TOO_MANY);
            }
        }
        Ok(total)
    }

    /// The dearest pattern, soft mask or drawn glyph that an operator of this stream may use.
    fn dearest(&mut self, resources: &Resources<'_>, depth: usize) -> Result<u64, StampRefusal> {
        let mut dearest = 0;
        for (name, _) in resources.patterns.entries().take(MAX_OBJECTS) {
            if let Some(pattern) = resources.patterns.get::<Stream<'_>>(&name) {
                let once = self.stream(&pattern, resources, depth + 1)?;
                dearest = dearest.max(once.saturating_mul(TILE_COPIES));
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
