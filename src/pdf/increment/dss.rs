//! One more revision that adds evidence to the document security store.
//!
//! ISO 32000-2 12.8.4.3; ETSI EN 319 142-1 5.4.2 and 5.6 (the extension's entry); ISO 32000-1 7.12.
//!
//! # Invariants
//! * What is there stays there: arrays get new references behind the old ones, the entries of single signatures (VRI) are not
//!   touched. An array that is an object of its own is written anew inside the store: other places may name it.
//! * The same bytes are never stored twice.
//!
//! # What is not here
//! * VRI entries: optional, and of use to no reader that looks through the whole store (EN 319 142-1 5.4.2.3 permits leaving
//!   them out).

use super::edits::{Edits, listed};
use super::widget::no_catalog;
use super::writer::{Numbers, Writer};
use crate::pdf::document::{Document, Followed, Indirect};
use crate::pdf::dss::{self, Dss, KEYS};
use crate::pdf::inspect::Inspected;
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::{Refusal, page};
use flate2::{Compression, write::ZlibEncoder};
use std::collections::HashSet;
use std::io::Write;

/// A stream without its number.
type Streams = Vec<(ObjId, Vec<u8>)>;

/// The tail that adds what of `evidence` the file lacks; none where it has everything.
///
/// # Errors
/// The store that is there cannot be added to without ambiguity, or the budgets are used up.
pub fn append_dss(doc: &Inspected<'_>, evidence: &Dss) -> Result<Option<Vec<u8>>, Refusal> {
    let file = &doc.doc;
    let known = dss::read(file)?.unwrap_or_default();
    let [certificates, ocsps, crls] = [
        missing(&known.certificates, &evidence.certificates),
        missing(&known.ocsps, &evidence.ocsps),
        missing(&known.crls, &evidence.crls),
    ];
    if certificates.is_empty() && ocsps.is_empty() && crls.is_empty() {
        return Ok(None);
    }
    let catalog = file.catalog()?;
    let mut numbers = Numbers::behind(doc);
    let mut streams = Streams::new();
    let mut added: Vec<(&str, Vec<ObjId>)> = Vec::new();
    // In the order of KEYS.
    for ((key, _), entries) in KEYS.into_iter().zip([certificates, ocsps, crls]) {
        let mut references = Vec::new();
        for entry in entries {
            let id = numbers.take()?;
            streams.push((id, stream(entry)));
            references.push(id);
        }
        if !references.is_empty() {
            added.push((key, references));
        }
    }
    let mut edits = Edits::default();
    let store = into_store(file, &catalog, &added, &mut edits, &mut numbers)?;
    extension(file, &catalog, &mut edits)?;
    let room: usize = streams.iter().map(|(_, text)| text.len() + 64).sum();
    let mut out = Writer::behind(doc, room + 4_096)?;
    out.objects(&edits.written()?);
    if let Some((id, text)) = store {
        out.object(id, &text);
    }
    out.objects(&streams);
    Ok(Some(out.finish()))
}

/// Entries that are not known, each once.
fn missing<'e>(known: &[Vec<u8>], offered: &'e [Vec<u8>]) -> Vec<&'e [u8]> {
    let mut seen: HashSet<&[u8]> = known.iter().map(Vec::as_slice).collect();
    let fresh = offered.iter().filter(|entry| !entry.is_empty());
    let mut out: Vec<&'e [u8]> = Vec::new();
    for entry in fresh {
        if seen.insert(entry) {
            out.push(entry);
        }
    }
    out
}

/// Certificates shrink little, lists of serial numbers by half.
fn stream(entry: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(entry).and_then(|()| encoder.finish());
    let filter = b"/Filter /FlateDecode ";
    let (filter, data): (&[u8], &[u8]) = match &packed {
        Ok(packed) if packed.len() + filter.len() < entry.len() => (filter, packed),
        _ => (b"", entry),
    };
    let length = format!("/Length {} >>\nstream\n", data.len());
    [b"<< ", filter, length.as_bytes(), data, b"\nendstream"].concat()
}

/// Puts the references where they belong; gives the store where it is a new object.
fn into_store<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    added: &[(&str, Vec<ObjId>)],
    edits: &mut Edits<'d>,
    numbers: &mut Numbers,
) -> Result<Option<(ObjId, Vec<u8>)>, Refusal> {
    let odd = || Refusal::damaged("the security store is not a dictionary");
    let root = catalog.dict().ok_or_else(no_catalog)?;
    let item = root.item("DSS").filter(|_| root.has("DSS"));
    let followed = item.map(|item| doc.follow(item)).transpose()?;
    match &followed {
        None | Some(Followed::Nothing) => {}
        Some(Followed::Direct(item)) => {
            let store = item.value.dict().ok_or_else(odd)?;
            doc.unambiguous(store, catalog)?;
            extend(doc, catalog, item, store, added, edits)?;
            return Ok(None);
        }
        Some(Followed::Indirect(object)) => {
            if !matches!((&object.item.value, object.data), (Value::Null, None)) {
                let store = object.dict().ok_or_else(odd)?;
                doc.unambiguous(store, object)?;
                extend(doc, object, &object.item, store, added, edits)?;
                return Ok(None);
            }
        }
    }
    let id = numbers.take()?;
    let mut text = b"<< /Type /DSS".to_vec();
    for (key, references) in added {
        text.extend_from_slice(format!(" /{key} [{}]", listed(references)).as_bytes());
    }
    text.extend_from_slice(b" >>");
    edits.set(catalog, &catalog.item, "DSS", format!("{id} R").as_bytes())?;
    Ok(Some((id, text)))
}

fn extend<'d>(
    doc: &'d Document<'_>,
    holder: &Indirect<'d>,
    item: &Item<'d>,
    store: &Dict<'d>,
    added: &[(&str, Vec<ObjId>)],
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let odd = || Refusal::damaged("a list of the security store is not an array of references");
    for (key, references) in added {
        let mut all = Vec::new();
        if let Some(list) = store.item(key).filter(|_| store.has(key)) {
            let followed = doc.follow(list)?;
            match followed.value() {
                None if matches!(followed, Followed::Nothing) => {}
                Some(Value::Null) => {}
                Some(Value::Array(items)) => {
                    for item in items {
                        all.push(item.value.reference().ok_or_else(odd)?);
                    }
                }
                _ => return Err(odd()),
            }
        }
        all.extend(references);
        edits.set(holder, item, key, format!("[{}]", listed(&all)).as_bytes())?;
    }
    Ok(())
}

const BASE_VERSION: &str = "/BaseVersion /1.7 /ExtensionLevel 5";
const LEVEL: f64 = 5.0;

/// The developer's extension that the store belongs to; others stay.
fn extension<'d>(
    doc: &'d Document<'_>,
    catalog: &Indirect<'d>,
    edits: &mut Edits<'d>,
) -> Result<(), Refusal> {
    let odd = || Refusal::damaged("the extensions of the catalog are not a dictionary");
    let ours = format!("<< {BASE_VERSION} >>");
    let root = catalog.dict().ok_or_else(no_catalog)?;
    let item = root.item("Extensions").filter(|_| root.has("Extensions"));
    let followed = item.map(|item| doc.follow(item)).transpose()?;
    let (holder, item, known) = match &followed {
        None | Some(Followed::Nothing) => {
            let text = format!("<< /ESIC {ours} >>");
            return edits.set(catalog, &catalog.item, "Extensions", text.as_bytes());
        }
        Some(Followed::Direct(item)) => (catalog, *item, item.value.dict().ok_or_else(odd)?),
        Some(Followed::Indirect(object)) => (object, &object.item, object.dict().ok_or_else(odd)?),
    };
    doc.unambiguous(known, holder)?;
    let declared = known.item("ESIC").filter(|_| known.has("ESIC"));
    let declared = declared.map(|item| doc.follow(item)).transpose()?;
    let high_enough = |value: &Value<'_>| {
        value
            .dict()
            .and_then(|dict| dict.value("ExtensionLevel"))
            .and_then(page::number)
            .is_some_and(|level| level >= LEVEL)
    };
    let text = match declared.as_ref().and_then(Followed::value) {
        // ISO 32000-2 7.12.2: one developer may declare several.
        Some(Value::Array(items)) => {
            if items.iter().any(|item| high_enough(&item.value)) {
                return Ok(());
            }
            let direct = items.iter().all(|item| item.value.dict().is_some());
            let source = match &declared {
                Some(Followed::Indirect(object)) => object.source,
                _ => holder.source,
            };
            let kept = items
                .iter()
                .filter_map(|item| source.get(item.span.clone()))
                .collect::<Vec<_>>()
                .join(&b' ');
            if !direct {
                return Ok(());
            }
            [b"[", kept.as_slice(), b" ", ours.as_bytes(), b"]"].concat()
        }
        Some(value) if high_enough(value) => return Ok(()),
        _ => ours.into_bytes(),
    };
    edits.set(holder, item, "ESIC", &text)
}
