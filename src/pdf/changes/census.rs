//! Who refers to whom in the signed revision: how often each watched number is named.
//!
//! A number that the signed revision names without defining it would change what is shown as soon as it gets an object (the
//! "shadow attacks" of 2021); an array or stream that serves two purposes would change both.
//!
//! # Invariants
//! * Every object that the cross-references of the signed revision list is read; one that cannot be read is an error.

use crate::pdf::document::Document;
use crate::pdf::object::{ObjId, Value};
use crate::pdf::refusal::Refusal;
use crate::pdf::xref::Entry;
use std::collections::BTreeMap;

/// 1,000,000 objects saved 100 times: about a second.
const MAX_LOOKUPS: usize = 100_000_000;

/// Counts the references to each key of `watched` in the newest trailer and in all objects.
pub(super) fn count(doc: &Document<'_>, watched: &mut BTreeMap<u32, usize>) -> Result<(), Refusal> {
    if watched.is_empty() {
        return Ok(());
    }
    each_reference(doc, &mut |id| {
        if let Some(count) = watched.get_mut(&id.number) {
            *count = count.saturating_add(1);
        }
    })
}

/// Every reference in the newest trailer and in all objects.
pub(crate) fn each_reference(
    doc: &Document<'_>,
    visit: &mut dyn FnMut(ObjId),
) -> Result<(), Refusal> {
    for (_, item) in &doc.trailer()?.entries {
        look(&item.value, visit);
    }
    let mut numbers: Vec<u32> = doc
        .sections
        .iter()
        .flat_map(|section| &section.subsections)
        .flat_map(|subsection| subsection.numbers())
        .collect();
    // Each number is looked for in every section, newest first.
    if numbers.len().saturating_mul(doc.sections.len()) > MAX_LOOKUPS {
        return Err(Refusal::OverBudget {
            what: "references of the signed revision",
        });
    }
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let generation = match doc.entry(number)? {
            Entry::Free => continue,
            Entry::At { generation, .. } => generation,
            Entry::In { .. } => 0,
        };
        let Some(object) = doc.load(ObjId { number, generation })? else {
            continue;
        };
        // The dictionary of a cross-reference stream is a trailer: counted where it is the newest.
        if object.data.is_some()
            && object
                .item
                .value
                .dict()
                .is_some_and(|dict| dict.name_is("Type", "XRef"))
        {
            continue;
        }
        look(&object.item.value, visit);
    }
    Ok(())
}

fn look(value: &Value<'_>, visit: &mut dyn FnMut(ObjId)) {
    match value {
        Value::Reference(id) => visit(*id),
        Value::Array(items) => {
            for item in items {
                look(&item.value, visit);
            }
        }
        Value::Dict(dict) => {
            for (_, item) in &dict.entries {
                look(&item.value, visit);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Real(_)
        | Value::Text(_)
        | Value::Name(_) => {}
    }
}
