//! A font subset as PDF objects: Type0 over CIDFontType2 with Identity-H, ToUnicode, widths and CIDSet.
//!
//! ISO 32000-1 9.7 and 9.10.3; ISO 19005-1 6.3.3 to 6.3.6 and ISO 19005-2 6.2.11 (embedded, CIDToGIDMap, CIDSet, widths).
//!
//! # Invariants
//! * Compressed once; embedding it again copies bytes.

use super::bodies::{Bodies, Body, deflated};
use super::face::{Face, POSTSCRIPT_NAME};
use super::refusal::StampRefusal;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use subsetter::GlyphRemapper;

#[derive(Debug, Clone)]
pub(crate) struct Subset {
    /// New glyph number of each letter.
    glyphs: BTreeMap<char, u16>,
    name: String,
    descriptor: String,
    widths: String,
    file: Vec<u8>,
    file_bytes: usize,
    to_unicode: Vec<u8>,
    cid_set: Vec<u8>,
}

impl Subset {
    pub fn new(face: &Face, letters: &BTreeSet<char>) -> Result<Subset, StampRefusal> {
        let mut remapper = GlyphRemapper::new();
        let mut glyphs = BTreeMap::new();
        let mut letter_of = BTreeMap::new();
        // Glyph 0 (.notdef) always stays.
        let mut widths = BTreeMap::from([(0, face.advance(ttf_parser::GlyphId(0)))]);
        for letter in letters {
            let glyph = face.glyph(*letter)?;
            let new = remapper.remap(glyph.0);
            glyphs.insert(*letter, new);
            letter_of.entry(new).or_insert(*letter);
            widths.insert(new, face.advance(glyph));
        }
        let font = subsetter::subset(face.data(), 0, &remapper).map_err(|_| StampRefusal::Font)?;
        // Marks and base letters that composite glyphs are made of come along.
        let count = ttf_parser::Face::parse(&font, 0)
            .map_err(|_| StampRefusal::Font)?
            .number_of_glyphs();
        let name = format!("{}+{POSTSCRIPT_NAME}", tag(letters));
        Ok(Subset {
            glyphs,
            descriptor: format!(
                "<< /Type /FontDescriptor /FontName /{name} {}",
                face.descriptor_entries()
            ),
            widths: width_array(&widths),
            file_bytes: font.len(),
            file: deflated(&font),
            to_unicode: deflated(to_unicode(&letter_of).as_bytes()),
            cid_set: deflated(&cid_set(count)),
            name,
        })
    }

    pub fn covers(&self, text: &str) -> bool {
        text.chars().all(|letter| self.glyphs.contains_key(&letter))
    }

    /// A hexadecimal string of two-byte codes for `Tj`.
    pub fn codes(&self, text: &str) -> Result<String, StampRefusal> {
        let mut codes = String::with_capacity(text.len() * 4 + 2);
        codes.push('<');
        for letter in text.chars() {
            let glyph = self
                .glyphs
                .get(&letter)
                .ok_or(StampRefusal::NoGlyph { letter })?;
            // Writing to a String does not fail.
            let _ = write!(codes, "{glyph:04X}");
        }
        codes.push('>');
        Ok(codes)
    }

    /// Adds the objects and gives the place of the Type0 font.
    pub fn embed(&self, bodies: &mut Bodies) -> usize {
        let file = bodies.add(
            Body::of(&format!(
                "<< /Filter /FlateDecode /Length1 {}",
                self.file_bytes
            ))
            .stream(&self.file),
        );
        let to_unicode = bodies.add(Body::of("<< /Filter /FlateDecode").stream(&self.to_unicode));
        let cid_set = bodies.add(Body::of("<< /Filter /FlateDecode").stream(&self.cid_set));
        let descriptor = bodies.add(
            Body::of(&self.descriptor)
                .text(" /FontFile2")
                .link(file)
                .text(" /CIDSet")
                .link(cid_set)
                .text(" >>"),
        );
        let descendant = bodies.add(
            Body::of(&format!(
                "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{} /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /CIDToGIDMap /Identity /DW 0 /W {} /FontDescriptor",
                self.name, self.widths
            ))
            .link(descriptor)
            .text(" >>"),
        );
        bodies.add(
            Body::of(&format!(
                "<< /Type /Font /Subtype /Type0 /BaseFont /{} /Encoding /Identity-H /DescendantFonts [",
                self.name
            ))
            .link(descendant)
            .text(" ] /ToUnicode")
            .link(to_unicode)
            .text(" >>"),
        )
    }
}

/// ISO 32000-1 9.6.4: six capitals that tell this subset from others of the font.
fn tag(letters: &BTreeSet<char>) -> String {
    let text: String = letters.iter().collect();
    Sha256::digest(text.as_bytes())
        .iter()
        .take(6)
        .map(|byte| char::from(b'A' + byte % 26))
        .collect()
}

/// ISO 32000-1 9.7.4.3: glyph numbers begin at 0 without a gap.
fn width_array(widths: &BTreeMap<u16, f64>) -> String {
    let list: Vec<String> = widths
        .values()
        .map(|width| {
            let text = format!("{width:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        })
        .collect();
    format!("[0 [{}]]", list.join(" "))
}

/// ISO 32000-1 9.10.3; Adobe Technical Note 5411: at most 100 entries between beginbfchar and endbfchar.
fn to_unicode(letter_of: &BTreeMap<u16, char>) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let entries: Vec<(&u16, &char)> = letter_of.iter().collect();
    for block in entries.chunks(100) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (glyph, letter) in block {
            let mut units = [0u16; 2];
            let units: String = letter
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("{unit:04X}"))
                .collect();
            let _ = writeln!(map, "<{glyph:04X}> <{units}>");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}

/// ISO 32000-1 table 124: one bit per glyph number, the highest bit of the first byte for 0.
fn cid_set(count: u16) -> Vec<u8> {
    let count = usize::from(count);
    let mut set = vec![0xFF; count / 8];
    if count % 8 > 0 {
        set.push(!(0xFF >> (count % 8)));
    }
    set
}
