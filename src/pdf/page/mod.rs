//! Pages: ISO 32000-1 7.7.3.

mod geometry;

pub use geometry::{PageBox, page_box};

pub(crate) use geometry::{corners, number};

use super::document::{Document, Indirect};
use super::object::{Dict, Item, ObjId, Value};
use super::refusal::Refusal;
use std::collections::HashSet;
use std::rc::Rc;

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
pub(crate) fn is_node(dict: &Dict<'_>) -> Result<bool, Refusal> {
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

/// Attributes that a page has from its ancestors where it states none (table 30).
const INHERITABLE: [&str; 4] = ["MediaBox", "CropBox", "Rotate", "Resources"];

/// A value and the buffer that its span counts in.
pub(crate) type Sourced<'d> = (Item<'d>, &'d [u8]);

#[derive(Debug, Default)]
struct Inherited<'d> {
    values: [Option<Sourced<'d>>; INHERITABLE.len()],
}

/// A page with what it has from its ancestors.
#[derive(Debug)]
pub(crate) struct Leaf<'d> {
    pub page: Indirect<'d>,
    inherited: Rc<Inherited<'d>>,
}

impl<'d> Leaf<'d> {
    /// The page's own value or the nearest ancestor's.
    pub fn attribute(&self, key: &str) -> Option<Sourced<'d>> {
        if let Some(own) = self.page.dict().filter(|dict| dict.has(key)) {
            return own.item(key).map(|item| (item.clone(), self.page.source));
        }
        let place = INHERITABLE.iter().position(|other| *other == key)?;
        self.inherited.values.get(place)?.clone()
    }
}

/// Every page in order, until `visit` says stop.
pub(crate) fn each<'d>(
    doc: &'d Document<'_>,
    visit: &mut dyn FnMut(Leaf<'d>) -> Walk,
) -> Result<(), Refusal> {
    let catalog = doc.catalog()?;
    let root = catalog
        .dict()
        .and_then(|dict| dict.value("Pages"))
        .and_then(Value::reference)
        .ok_or_else(|| Refusal::damaged("the catalog names no page tree"))?;
    let mut seen: HashSet<ObjId> = HashSet::new();
    let mut waiting: Vec<(ObjId, usize, Rc<Inherited<'d>>)> = vec![(root, 0, Rc::default())];
    while let Some((id, depth, inherited)) = waiting.pop() {
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
            let leaf = Leaf {
                page: node,
                inherited,
            };
            if visit(leaf) == Walk::Stop {
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
        let passed_on = passed_on(&node, dict, inherited);
        for kid in kids.iter().rev() {
            let id = kid.value.reference().ok_or(Refusal::DirectPage)?;
            waiting.push((id, depth + 1, Rc::clone(&passed_on)));
        }
    }
    Ok(())
}

fn passed_on<'d>(
    node: &Indirect<'d>,
    dict: &Dict<'d>,
    above: Rc<Inherited<'d>>,
) -> Rc<Inherited<'d>> {
    if !INHERITABLE.iter().any(|key| dict.has(key)) {
        return above;
    }
    let mut values = above.values.clone();
    for (place, key) in values.iter_mut().zip(INHERITABLE) {
        if let Some(item) = dict.item(key).filter(|_| dict.has(key)) {
            *place = Some((item.clone(), node.source));
        }
    }
    Rc::new(Inherited { values })
}

/// The page with this number, the first one being 0.
pub(crate) fn nth<'d>(doc: &'d Document<'_>, page: u32) -> Result<Leaf<'d>, Refusal> {
    let mut found = None;
    let mut count = 0u32;
    each(doc, &mut |leaf| {
        if count == page {
            found = Some(leaf);
            return Walk::Stop;
        }
        count = count.saturating_add(1);
        Walk::On
    })?;
    found.ok_or(Refusal::NoSuchPage {
        page,
        pages: u64::from(count),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    On,
    Stop,
}
