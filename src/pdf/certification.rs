//! What signatures forbid: DocMDP and FieldMDP (ISO 32000-1 12.8.2.2 and 12.8.2.4), the lock of a field (ISO 32000-2 table 236).

use super::document::Document;
use super::object::{Dict, Item, Value};
use super::refusal::Refusal;
use super::text;

/// What one signature forbids for everything after it.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    /// The strictest P of DocMDP transforms: 1, 2 or 3.
    pub doc_mdp: Option<u8>,
    /// P of the field's lock.
    lock_level: Option<u8>,
    fields: Vec<FieldLock>,
}

impl Restrictions {
    pub fn of<'d>(
        doc: &'d Document<'_>,
        field: &Dict<'d>,
        signature: &Dict<'d>,
    ) -> Result<Restrictions, Refusal> {
        let mut out = Restrictions::default();
        let references = signature
            .item("Reference")
            .map(|item| doc.follow(item))
            .transpose()?;
        let references = references.as_ref().and_then(|followed| followed.array());
        for reference in references.unwrap_or_default() {
            let reference = doc.follow(reference)?;
            let Some(reference) = reference.dict() else {
                continue;
            };
            let params = reference
                .item("TransformParams")
                .map(|item| doc.follow(item))
                .transpose()?;
            let params = params.as_ref().and_then(|followed| followed.dict());
            if reference.name_is("TransformMethod", "DocMDP") {
                // Table 254: 2 where it is not written.
                let level = level(params).unwrap_or(2);
                out.doc_mdp = Some(out.doc_mdp.map_or(level, |known| known.min(level)));
            } else if reference.name_is("TransformMethod", "FieldMDP") {
                out.fields.push(FieldLock::of(doc, params)?);
            }
        }
        if let Some(item) = field.item("Lock") {
            let followed = doc.follow(item)?;
            if let Some(lock) = followed.dict() {
                out.lock_level = level(Some(lock));
                out.fields.push(FieldLock::of(doc, Some(lock))?);
            }
        }
        Ok(out)
    }

    pub fn forbid_every_change(&self) -> bool {
        self.doc_mdp == Some(1) || self.lock_level == Some(1)
    }

    /// Whether the value of this field may no longer change.
    pub fn lock_field(&self, name: &str) -> bool {
        self.fields.iter().any(|lock| lock.covers(name))
    }

    /// Whether fields that do not exist yet are covered.
    pub fn lock_new_fields(&self) -> bool {
        self.fields
            .iter()
            .any(|lock| lock.action != Action::Include)
    }
}

/// A level that is not 1, 2 or 3 is read as the strictest.
fn level(params: Option<&Dict<'_>>) -> Option<u8> {
    match params?.value("P")? {
        Value::Integer(2) => Some(2),
        Value::Integer(3) => Some(3),
        _ => Some(1),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    All,
    Include,
    Exclude,
}

/// ISO 32000-1 table 256.
#[derive(Debug)]
struct FieldLock {
    action: Action,
    names: Vec<String>,
}

/// More names than a form has fields.
const MAX_NAMES: usize = 20_000;

impl FieldLock {
    fn of<'d>(doc: &'d Document<'_>, params: Option<&Dict<'d>>) -> Result<FieldLock, Refusal> {
        let action = match params.and_then(|params| params.value("Action")) {
            Some(Value::Name(name)) if name.is(b"Include") => Action::Include,
            Some(Value::Name(name)) if name.is(b"Exclude") => Action::Exclude,
            // What cannot be read locks everything.
            _ => Action::All,
        };
        let fields = params
            .and_then(|params| params.item("Fields"))
            .map(|item: &Item<'d>| doc.follow(item))
            .transpose()?;
        let fields = fields
            .as_ref()
            .and_then(|followed| followed.array())
            .unwrap_or_default();
        if fields.len() > MAX_NAMES {
            return Err(Refusal::OverBudget {
                what: "names of locked fields",
            });
        }
        let names = fields
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(token) => Some(text::shown(token)),
                _ => None,
            })
            .collect();
        Ok(FieldLock { action, names })
    }

    /// A name covers the field and its descendants.
    fn covers(&self, name: &str) -> bool {
        let listed = self.names.iter().any(|listed| {
            name.strip_prefix(listed.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        match self.action {
            Action::All => true,
            Action::Include => listed,
            Action::Exclude => !listed,
        }
    }
}
