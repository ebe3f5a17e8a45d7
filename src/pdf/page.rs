//! Pages: ISO 32000-1 7.7.3.

use super::document::{Document, Indirect};
use super::object::{Dict, Item, ObjId, Value};
use super::refusal::Refusal;
use std::collections::HashSet;

/// Follows first children only: other pages are not read.
pub(crate) fn first<'d>(
    doc: &'d Document<'_>,
    catalog: &Dict<'d>,
) -> Result<(Indirect<'d>, u64), Refusal> {
    let root = catalog
        .value("Pages")
        .and_then(Value::reference)
        .ok_or_else(|| Refusal::damaged("the catalog names no page tree"))?;
    let mut node = doc.expected(root)?;
    let count = node
        .dict()
        .and_then(|dict| dict.integer("Count"))
        .and_then(|count| u64::try_from(count).ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| Refusal::damaged("the page tree counts no pages"))?;
    for _ in 0..doc.limits.max_page_depth {
        let dict = node
            .dict()
            .ok_or_else(|| Refusal::damaged("a page is not a dictionary"))?;
        if !is_node(dict)? {
            return Ok((node, count));
        }
        let kids = dict
            .item("Kids")
            .ok_or_else(|| Refusal::damaged("a node of the page tree has no kids"))?;
        let kids = doc.follow(kids)?;
        let first = kids
            .array()
            .and_then(|kids| kids.first())
            .ok_or_else(|| Refusal::damaged("the page tree begins with an empty node"))?;
        let id = first.value.reference().ok_or(Refusal::DirectPage)?;
        node = doc.expected(id)?;
    }
    Err(Refusal::OverBudget {
        what: "depth of the page tree",
    })
}

/// Whether this is an inner node; Type and Kids must agree (tables 29 and 30).
fn is_node(dict: &Dict<'_>) -> Result<bool, Refusal> {
    if dict.name_is("Type", "Pages") && dict.has("Kids") {
        Ok(true)
    } else if dict.name_is("Type", "Page") && !dict.has("Kids") {
        Ok(false)
    } else {
        Err(Refusal::damaged(
            "an object of the page tree is neither a page nor a node",
        ))
    }
}

/// Every page in order, until `visit` says stop.
pub(crate) fn each<'d>(
    doc: &'d Document<'_>,
    visit: &mut dyn FnMut(&Indirect<'d>) -> Walk,
) -> Result<(), Refusal> {
    let catalog = doc.catalog()?;
    let root = catalog
        .dict()
        .and_then(|dict| dict.value("Pages"))
        .and_then(Value::reference)
        .ok_or_else(|| Refusal::damaged("the catalog names no page tree"))?;
    let mut seen: HashSet<ObjId> = HashSet::new();
    let mut waiting: Vec<(ObjId, usize)> = vec![(root, 0)];
    while let Some((id, depth)) = waiting.pop() {
        if depth > doc.limits.max_page_depth {
            return Err(Refusal::OverBudget {
                what: "depth of the page tree",
            });
        }
        if !seen.insert(id) {
            return Err(Refusal::damaged("the page tree runs in a circle"));
        }
        if seen.len() > doc.limits.max_pages {
            return Err(Refusal::OverBudget { what: "pages" });
        }
        let node = doc.expected(id)?;
        let dict = node
            .dict()
            .ok_or_else(|| Refusal::damaged("a page is not a dictionary"))?;
        if !is_node(dict)? {
            if visit(&node) == Walk::Stop {
                return Ok(());
            }
            continue;
        }
        let none = Item {
            value: Value::Null,
            span: 0..0,
        };
        let kids = doc.follow(dict.item("Kids").unwrap_or(&none))?;
        let kids = kids
            .array()
            .ok_or_else(|| Refusal::damaged("a node of the page tree has no kids"))?;
        for kid in kids.iter().rev() {
            waiting.push((kid.value.reference().ok_or(Refusal::DirectPage)?, depth + 1));
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    On,
    Stop,
}
