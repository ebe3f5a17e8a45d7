//! What a file says of itself in its XMP packet: part and conformance level of PDF/A.
//!
//! ISO 32000-1 14.3.2; ISO 19005-1 6.7.11 (the identification schema, the same in later parts).
//!
//! # Invariants
//! * A claim and nothing more: no verdict hangs on it.
//!
//! # What is not here
//! * XML: the packet is searched for one namespace and two names.

use super::document::Document;
use super::frame;
use super::object::Value;

/// The claim to be an archival file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PdfA {
    /// 1 to 4: ISO 19005-1 to -4.
    pub part: u8,
    /// `A`, `B`, `U`, for part 4 `E`, `F` or none.
    pub conformance: Option<char>,
}

/// Real packets are a few kilobytes; padding makes some of them tens.
const MAX_PACKET_BYTES: u64 = 4 << 20;

const NAMESPACE: &str = "http://www.aiim.org/pdfa/ns/id/";

pub(crate) fn pdf_a(doc: &Document<'_>) -> Option<PdfA> {
    let catalog = doc.catalog().ok()?;
    let id = catalog.dict()?.value("Metadata")?.reference()?;
    let object = doc.load(id).ok()??;
    let (Value::Dict(dict), Some(data)) = (&object.item.value, object.data) else {
        return None;
    };
    let packet = frame::decoded(dict, data, MAX_PACKET_BYTES, &doc.limits).ok()?;
    identification(&String::from_utf8_lossy(&packet))
}

fn identification(packet: &str) -> Option<PdfA> {
    let prefix = prefix(packet)?;
    let part = property(packet, prefix, "part")?.parse().ok()?;
    if !(1..=4).contains(&part) {
        return None;
    }
    let level = property(packet, prefix, "conformance").unwrap_or_default();
    let mut letters = level.chars();
    let conformance = match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(letter.to_ascii_uppercase()),
        _ => None,
    };
    Some(PdfA { part, conformance })
}

/// `xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"`: writers may call it otherwise.
fn prefix(packet: &str) -> Option<&str> {
    packet.match_indices(NAMESPACE).find_map(|(at, _)| {
        let before = packet.get(..at)?.strip_suffix(['"', '\''])?;
        let before = before.trim_end().strip_suffix('=')?.trim_end();
        let (_, name) = before.rsplit_once("xmlns:")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!name.is_empty() && name.chars().all(plain)).then_some(name)
    })
}

/// The text of an element or the value of an attribute; RDF allows both spellings.
fn property<'p>(packet: &'p str, prefix: &str, name: &str) -> Option<&'p str> {
    let key = format!("{prefix}:{name}");
    packet.match_indices(&key).find_map(|(at, _)| {
        let rest = packet.get(at.checked_add(key.len())?..)?.trim_start();
        let value = if let Some(text) = rest.strip_prefix('>') {
            text.split_once('<')?.0
        } else {
            let quoted = rest.strip_prefix('=')?.trim_start();
            let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            quoted.get(1..)?.split_once(quote)?.0
        };
        Some(value.trim())
    })
}
