//! The interactive form and its fields: ISO 32000-1 12.7.2 and 12.7.3.

use super::document::{Document, Followed, Indirect};
use super::object::{Dict, Item, ObjId, Value};
use super::refusal::Refusal;
use super::text;
use std::collections::HashSet;
use std::rc::Rc;

/// Where `/AcroForm` is written.
#[derive(Debug)]
pub(crate) enum Form<'d> {
    Absent,
    /// In the catalog itself.
    Direct(Dict<'d>),
    Indirect(Indirect<'d>),
}

impl<'d> Form<'d> {
    pub fn of(doc: &'d Document<'_>, catalog: &Indirect<'d>) -> Result<Form<'d>, Refusal> {
        let Some(item) = catalog.dict().and_then(|dict| dict.item("AcroForm")) else {
            return Ok(Form::Absent);
        };
        let odd = || Refusal::damaged("the form is not a dictionary");
        match doc.follow(item)? {
            Followed::Nothing
            | Followed::Direct(Item {
                value: Value::Null, ..
            }) => Ok(Form::Absent),
            Followed::Direct(item) => {
                let dict = item.value.dict().ok_or_else(odd)?;
                doc.unambiguous(dict, catalog)?;
                Ok(Form::Direct(dict.clone()))
            }
            Followed::Indirect(object) => {
                let dict = object.dict().ok_or_else(odd)?;
                doc.unambiguous(dict, &object)?;
                Ok(Form::Indirect(object))
            }
        }
    }

    pub fn dict(&self) -> Option<&Dict<'d>> {
        match self {
            Form::Absent => None,
            Form::Direct(dict) => Some(dict),
            Form::Indirect(object) => object.dict(),
        }
    }
}

/// A field with what it has from its ancestors (12.7.3.1: FT and V are inheritable).
#[derive(Debug)]
pub(crate) struct Field<'d> {
    pub id: ObjId,
    /// The node whose Kids named it; some writers leave out its own Parent.
    pub parent: Option<ObjId>,
    pub name: Rc<str>,
    pub dict: Dict<'d>,
    pub is_signature: bool,
    /// The value that counts for this field: its own, or an ancestor's that no ancestor of type Sig has shown yet.
    pub value: Option<Rc<Item<'d>>>,
}

struct Waiting<'d> {
    item: Item<'d>,
    parent: Option<ObjId>,
    name: Rc<str>,
    kind: Option<bool>,
    value: Option<Rc<Item<'d>>>,
    depth: usize,
}

/// Every node of the field tree, parents before children, in the order of the arrays.
pub(crate) fn each<'d>(
    doc: &'d Document<'_>,
    form: &Dict<'d>,
    visit: &mut dyn FnMut(Field<'d>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut seen: HashSet<ObjId> = HashSet::new();
    let mut count = 0usize;
    let mut waiting: Vec<Waiting<'d>> = Vec::new();
    push(doc, form.item("Fields"), &mut waiting, &|item| Waiting {
        item,
        parent: None,
        name: Rc::from(""),
        kind: None,
        value: None,
        depth: 0,
    })?;
    while let Some(node) = waiting.pop() {
        count += 1;
        if count > doc.limits.max_fields || node.depth > doc.limits.max_depth {
            return Err(Refusal::OverBudget {
                what: "form fields",
            });
        }
        let id = match node.item.value {
            Value::Reference(id) => id,
            Value::Null => continue,
            // 12.7.2 and 12.7.3.1: Fields and Kids hold references.
            _ => return Err(Refusal::damaged("a form field is not an indirect object")),
        };
        // Some writers list a field and its parent in one array; the second visit would tell nothing new, and circles end here.
        if !seen.insert(id) {
            continue;
        }
        // A reference to nothing is no field.
        let Some(object) = doc.load(id)? else {
            continue;
        };
        let dict = object.dict().cloned();
        let dict = dict.ok_or_else(|| Refusal::damaged("a form field is not a dictionary"))?;
        if let Some(key) = dict.duplicate {
            return Err(Refusal::DuplicateKey {
                key: key.shown(),
                offset: None,
            });
        }
        let own_kind = match dict.value("FT") {
            None => None,
            Some(Value::Name(name)) => Some(name.is(b"Sig")),
            Some(_) => return Err(Refusal::damaged("the type of a form field is not a name")),
        };
        let kind = own_kind.or(node.kind);
        let name = joined(&node.name, dict.value("T"))?;
        let own_value = dict
            .value("V")
            .and_then(|_| dict.item("V"))
            .cloned()
            .map(Rc::new);
        let is_signature = kind == Some(true);
        // A value inherited from a node that was no signature field becomes one here.
        let value = own_value
            .clone()
            .or(node.value.filter(|_| own_kind.is_some()));
        let passed_on = if is_signature { None } else { value.clone() };
        push(doc, dict.item("Kids"), &mut waiting, &|item| Waiting {
            item,
            parent: Some(id),
            name: name.clone(),
            kind,
            value: passed_on.clone(),
            depth: node.depth + 1,
        })?;
        visit(Field {
            id,
            parent: node.parent,
            name,
            dict,
            is_signature,
            value,
        })?;
    }
    Ok(())
}

fn push<'d>(
    doc: &'d Document<'_>,
    array: Option<&Item<'d>>,
    waiting: &mut Vec<Waiting<'d>>,
    make: &dyn Fn(Item<'d>) -> Waiting<'d>,
) -> Result<(), Refusal> {
    let Some(array) = array else { return Ok(()) };
    let followed = doc.follow(array)?;
    let items = match &followed {
        Followed::Nothing => return Ok(()),
        other => match other.value() {
            Some(Value::Null) => return Ok(()),
            Some(Value::Array(items)) => items,
            _ => return Err(Refusal::damaged("a list of form fields is not an array")),
        },
    };
    if items.len() > doc.limits.max_fields {
        return Err(Refusal::OverBudget {
            what: "form fields",
        });
    }
    waiting.extend(items.iter().rev().map(|item| make(item.clone())));
    Ok(())
}

/// Acrobat shows 255 characters at most; a tree of long names would otherwise cost its square.
const MAX_NAME_BYTES: usize = 4_096;

/// 12.7.3.2: partial names joined by periods.
fn joined(parent: &Rc<str>, partial: Option<&Value<'_>>) -> Result<Rc<str>, Refusal> {
    let Some(Value::Text(token)) = partial else {
        return Ok(Rc::clone(parent));
    };
    // A UTF-16 unit, two bytes or four digits of the token, makes at most three bytes.
    if token.len() > MAX_NAME_BYTES || parent.len() > MAX_NAME_BYTES {
        return Err(Refusal::OverBudget {
            what: "names of form fields",
        });
    }
    Ok(if parent.is_empty() {
        Rc::from(text::shown(token))
    } else {
        Rc::from(format!("{parent}.{}", text::shown(token)))
    })
}
