//! What may differ between a signed revision and the file: trailer, catalog, document information.
//!
//! The comparison goes from the roots down and follows roles, not types: an object that was written again is accepted only by the
//! rule of the place that names it. What no rule accepts is forbidden.
//!
//! # Invariants
//! * Accepting an override is possible only for the very number that had the role in the signed revision.

use super::compare::{differing_keys, same};
use super::structure::Changed;
use super::{ChangeKind, Findings, census, naming};
use crate::pdf::certification::Restrictions;
use crate::pdf::document::{Document, Indirect};
use crate::pdf::form::{self, Form};
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One for each developer (ISO 32000-1 7.12); compared pairwise.
const MAX_EXTENSIONS: usize = 200;

/// One comparison under way.
pub(super) struct Case<'x> {
    pub old: &'x Document<'x>,
    pub new: &'x Document<'x>,
    pub changed: Changed,
    pub findings: &'x mut Findings,
    /// Overrides that a rule explained.
    pub accepted: BTreeSet<u32>,
    /// Those among them that must have one purpose only.
    pub single: BTreeSet<u32>,
    /// New widgets of new signature fields.
    pub widgets: BTreeSet<u32>,
    /// Fields of the signed revision: signature field without a value, or any other.
    pub fields: BTreeMap<u32, OldField>,
    /// What the signatures of the signed revision forbid.
    pub restrictions: Vec<Restrictions>,
}

#[derive(Debug, Clone)]
pub(super) enum OldField {
    EmptySignature {
        name: Rc<str>,
        parent: Option<ObjId>,
    },
    Other,
}

impl<'x> Case<'x> {
    pub fn new(
        old: &'x Document<'x>,
        new: &'x Document<'x>,
        changed: Changed,
        findings: &'x mut Findings,
    ) -> Self {
        Case {
            old,
            new,
            changed,
            findings,
            accepted: BTreeSet::new(),
            single: BTreeSet::new(),
            widgets: BTreeSet::new(),
            fields: BTreeMap::new(),
            restrictions: Vec::new(),
        }
    }

    pub fn examine(mut self) -> Result<(), Refusal> {
        let old_catalog = self.old.catalog()?;
        let new_catalog = self.new.catalog()?;
        self.trailer()?;
        self.learn_fields(&old_catalog)?;
        self.form(&old_catalog, &new_catalog)?;
        self.catalog(&old_catalog, &new_catalog)?;
        let numbers: Vec<u32> = self.changed.overridden.iter().copied().collect();
        for number in numbers {
            if !self.accepted.contains(&number) {
                self.overridden(number)?;
            }
        }
        self.references()
    }

    /// The fields of the signed revision, and what its signatures forbid.
    fn learn_fields(&mut self, catalog: &Indirect<'x>) -> Result<(), Refusal> {
        let old = self.old;
        let form = Form::of(old, catalog)?;
        let Some(form) = form.dict() else {
            return Ok(());
        };
        let (fields, restrictions) = (&mut self.fields, &mut self.restrictions);
        form::each(old, form, &mut |field| {
            {
                let kind = if field.is_signature && field.value.is_none() {
                    OldField::EmptySignature {
                        name: field.name,
                        parent: field.parent,
                    }
                } else {
                    OldField::Other
                };
                fields.insert(field.id.number, kind);
            }
            if let Some(value) = field.value.as_deref().filter(|_| field.is_signature)
                && let Some(signature) = old.follow(value)?.dict()
            {
                restrictions.push(Restrictions::of(old, &field.dict, signature)?);
            }
            Ok(())
        })
    }

    /// ISO 32000-1 table 15. Only Root, Info, ID and Encrypt have a meaning for the document as a whole.
    fn trailer(&mut self) -> Result<(), Refusal> {
        let (old, new) = (self.old.trailer()?, self.new.trailer()?);
        let reference = |dict: &Dict<'_>, key| dict.value(key).and_then(Value::reference);
        if reference(old, "Root") != reference(new, "Root") {
            self.findings.add(
                ChangeKind::Structure,
                None,
                "the trailer names another catalog",
            );
        }
        if !same_first_id(old, new) {
            self.findings.add(
                ChangeKind::Structure,
                None,
                "the permanent identifier of the file changed",
            );
        }
        self.info(old.item("Info"), new.item("Info"))
    }

    /// The document information: only when and by what it was saved may change.
    fn info(&mut self, old: Option<&Item<'x>>, new: Option<&Item<'x>>) -> Result<(), Refusal> {
        let both = self.both(old, new)?;
        let before = both.dict_before();
        let Some(new) = new else {
            if !before.entries.is_empty() {
                self.findings.add(
                    ChangeKind::Structure,
                    None,
                    "the document information was removed",
                );
            }
            return Ok(());
        };
        let Some(after) = both.dict_after() else {
            // A reference to nothing is no information: there must have been none before.
            if !before.entries.is_empty() || both.has_value_after() {
                self.findings.add(
                    ChangeKind::Structure,
                    None,
                    "the document information is not a dictionary",
                );
            }
            return Ok(());
        };
        let keys = differing_keys(before, after);
        if keys.is_empty() {
            return Ok(());
        }
        let other = keys
            .iter()
            .find(|key| !matches!(key.as_str(), "ModDate" | "Producer"));
        match other {
            None => {
                self.findings.add(
                    ChangeKind::DocumentInfo,
                    new.value.reference(),
                    "date of change or producer",
                );
                self.accept(old, Some(new));
            }
            Some(_) => self.findings.add(
                ChangeKind::Structure,
                new.value.reference(),
                format!("document information: {}", keys.join(" ")),
            ),
        }
        Ok(())
    }

    /// ISO 32000-1 table 28.
    fn catalog(&mut self, old: &Indirect<'x>, new: &Indirect<'x>) -> Result<(), Refusal> {
        let (Some(before), Some(after)) = (old.dict(), new.dict()) else {
            return Ok(());
        };
        self.new.unambiguous(after, new)?;
        let mut sound = true;
        for key in differing_keys(before, after) {
            match key.as_str() {
                // Compared by what they lead to.
                "AcroForm" | "DSS" | "Metadata" | "Extensions" => {}
                "Version" if version_grows(before, after) => {
                    self.findings
                        .add(ChangeKind::Extensions, Some(new.id), "a higher PDF version");
                }
                other => {
                    sound = false;
                    self.findings.add(
                        naming::of_catalog_key(other),
                        Some(new.id),
                        format!("catalog: /{other}"),
                    );
                }
            }
        }
        sound &= self.extensions(before.item("Extensions"), after.item("Extensions"))?;
        self.security_store(before.item("DSS"), after.item("DSS"))?;
        self.metadata(before.item("Metadata"), after.item("Metadata"))?;
        if sound {
            self.accepted.insert(old.id.number);
        }
        Ok(())
    }

    /// ISO 32000-1 7.12: developers' extensions are declared, they show nothing. None may go.
    fn extensions(
        &mut self,
        old: Option<&Item<'x>>,
        new: Option<&Item<'x>>,
    ) -> Result<bool, Refusal> {
        let both = self.both(old, new)?;
        let before = both.dict_before();
        let stated =
            |item: Option<&Item<'x>>| item.is_some_and(|item| !matches!(item.value, Value::Null));
        if !stated(old) && !stated(new) {
            return Ok(true);
        }
        let rewritten = self.accept(old, new);
        let unchanged =
            matches!((old, new), (Some(old), Some(new)) if same(&old.value, &new.value));
        if unchanged && !rewritten {
            return Ok(true);
        }
        let after = both.dict_after();
        let kept = after.is_some_and(|after| {
            before.entries.len() <= MAX_EXTENSIONS
                && after.entries.len() <= MAX_EXTENSIONS
                && before
                    .entries
                    .iter()
                    .all(|(key, _)| after.entries.iter().any(|(other, _)| other == key))
        });
        let kind = if kept {
            ChangeKind::Extensions
        } else {
            ChangeKind::Structure
        };
        self.findings.add(kind, None, "extensions of the catalog");
        Ok(kind.is_permitted())
    }

    /// The XMP packet of the whole document.
    fn metadata(&mut self, old: Option<&Item<'x>>, new: Option<&Item<'x>>) -> Result<(), Refusal> {
        let Some(id) = new.and_then(|item| item.value.reference()) else {
            let stated = |item: Option<&Item<'x>>| {
                item.is_some_and(|item| !matches!(item.value, Value::Null))
            };
            if stated(old) || stated(new) {
                self.findings.add(
                    ChangeKind::Structure,
                    None,
                    "the metadata is no stream any more",
                );
            }
            return Ok(());
        };
        let is_new =
            self.changed.added.contains(&id.number) || self.changed.overridden.contains(&id.number);
        let moved = old.and_then(|item| item.value.reference()) != Some(id);
        if !is_new && !moved {
            return Ok(());
        }
        let object = self.new.load(id)?;
        let is_packet = object.as_ref().is_some_and(|object| {
            object.data.is_some()
                && object.item.value.dict().is_some_and(|dict| {
                    dict.duplicate.is_none()
                        && dict.name_is("Type", "Metadata")
                        && dict.name_is("Subtype", "XML")
                })
        });
        if is_packet && is_new {
            self.findings.add(
                ChangeKind::Metadata,
                Some(id),
                "the XMP metadata of the document",
            );
            self.accept(old, new);
        } else {
            self.findings.add(
                ChangeKind::Structure,
                Some(id),
                "the metadata is not a new XMP packet",
            );
        }
        Ok(())
    }

    /// Explains the override of the object that has this role in both revisions. Says whether it was written again.
    pub fn accept(&mut self, old: Option<&Item<'x>>, new: Option<&Item<'x>>) -> bool {
        let number = |item: Option<&Item<'x>>| item.and_then(|item| item.value.reference());
        match (number(old), number(new)) {
            (Some(old), Some(new))
                if old == new && self.changed.overridden.contains(&new.number) =>
            {
                self.accepted.insert(new.number);
                self.single.insert(new.number);
                true
            }
            _ => false,
        }
    }

    /// The object with this number in each revision, whatever its generation.
    pub fn pair(
        &self,
        number: u32,
    ) -> Result<(Option<Indirect<'x>>, Option<Indirect<'x>>), Refusal> {
        Ok((newest(self.old, number)?, newest(self.new, number)?))
    }

    /// The signed revision names nothing that it lacks, and what was extended has one purpose.
    fn references(&mut self) -> Result<(), Refusal> {
        let mut watched: BTreeMap<u32, usize> = self
            .changed
            .added
            .iter()
            .chain(&self.single)
            .map(|number| (*number, 0))
            .collect();
        census::count(self.old, &mut watched)?;
        for (number, count) in watched {
            let id = ObjId {
                number,
                generation: 0,
            };
            if self.changed.added.contains(&number) {
                if count > 0 {
                    self.findings.add(
                        ChangeKind::HiddenObject,
                        Some(id),
                        format!(
                            "object {number} is named in the signed revision and was added later"
                        ),
                    );
                }
            } else if count != 1 {
                self.findings.add(
                    ChangeKind::Structure,
                    Some(id),
                    format!("object {number} was extended and serves {count} purposes"),
                );
            }
        }
        Ok(())
    }
}

fn newest<'x>(doc: &'x Document<'x>, number: u32) -> Result<Option<Indirect<'x>>, Refusal> {
    use crate::pdf::xref::Entry;
    let generation = match doc.entry(number)? {
        Entry::Free => return Ok(None),
        Entry::At { generation, .. } => generation,
        Entry::In { .. } => 0,
    };
    doc.load(ObjId { number, generation })
}

/// ISO 32000-1 14.4: the first half of ID is permanent.
fn same_first_id(old: &Dict<'_>, new: &Dict<'_>) -> bool {
    match (first_id(old), first_id(new)) {
        (None, _) => true,
        (Some(old), Some(new)) => same(old, new),
        (Some(_), None) => false,
    }
}

fn first_id<'t, 'd>(trailer: &'t Dict<'d>) -> Option<&'t Value<'d>> {
    match trailer.value("ID").and_then(Value::array) {
        Some([first, ..]) => Some(&first.value),
        _ => None,
    }
}

/// ISO 32000-1 7.5.2: a later version in the catalog overrides the header.
fn version_grows(old: &Dict<'_>, new: &Dict<'_>) -> bool {
    let version = |dict: &Dict<'_>| match dict.value("Version") {
        Some(Value::Name(name)) => Some(name.shown()),
        _ => None,
    };
    let known = |version: &String| matches!(version.as_bytes(), [b'1', b'.', b'0'..=b'7'] | b"2.0");
    version(new)
        .filter(known)
        .is_some_and(|new| version(old).is_none_or(|old| old <= new))
}
