//! What may differ between a signed revision and the file: signature fields, their widgets, the pages that show them.
//!
//! ISO 32000-1 12.7.2, 12.7.4.5, 12.5.2; ISO 32000-2 12.8.2.2 (DocMDP).
//!
//! # Invariants
//! * A field is accepted only as a whole: new object, type Sig, signed, no actions.
//! * Lists only grow at their end, and only by what was accepted.

use super::compare::{differing_keys, same};
use super::rules::{Case, OldField};
use super::{ChangeKind, naming};
use crate::pdf::document::Indirect;
use crate::pdf::form::Form;
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::page::{self, Walk};
use crate::pdf::refusal::Refusal;
use crate::pdf::text;

/// Entries of a signature field and its widget that show or mark a signature and do nothing else (tables 164, 188, 220, 232).
const WIDGET_KEYS: [&str; 22] = [
    "Type", "Subtype", "FT", "T", "TU", "TM", "V", "Rect", "F", "Ff", "P", "AP", "AS", "Lock",
    "SV", "MK", "DA", "Border", "BS", "NM", "M", "Kids",
];

impl<'x> Case<'x> {
    /// ISO 32000-1 table 218.
    pub(super) fn form(
        &mut self,
        old_catalog: &Indirect<'x>,
        new_catalog: &Indirect<'x>,
    ) -> Result<(), Refusal> {
        let old = Form::of(self.old, old_catalog)?;
        let new = Form::of(self.new, new_catalog)?;
        let none = Dict::default();
        let before = old.dict().unwrap_or(&none);
        let Some(after) = new.dict() else {
            if old.dict().is_some() {
                self.findings
                    .add(ChangeKind::FormField, None, "the form was removed");
            }
            return Ok(());
        };
        let mut sound = true;
        for key in differing_keys(before, after) {
            let permitted = match key.as_str() {
                "Fields" => true,
                // Bits 1 and 2: signatures exist, append only.
                "SigFlags" => flags(before).is_some_and(|old| {
                    flags(after).is_some_and(|new| (old | 3) == (new | 3) && new & old == old)
                }),
                // Defaults of a form that had no fields show nothing.
                "DA" | "DR" => old.dict().is_none(),
                _ => false,
            };
            if !permitted {
                sound = false;
                self.findings
                    .add(ChangeKind::FormField, None, format!("form: /{key}"));
            }
        }
        self.field_list(before.item("Fields"), after.item("Fields"))?;
        let role = |catalog: &Indirect<'x>| {
            catalog
                .dict()
                .and_then(|dict| dict.item("AcroForm"))
                .cloned()
        };
        if sound {
            self.accept(role(old_catalog).as_ref(), role(new_catalog).as_ref());
        }
        Ok(())
    }

    fn field_list(
        &mut self,
        old: Option<&Item<'x>>,
        new: Option<&Item<'x>>,
    ) -> Result<(), Refusal> {
        let both = self.both(old, new)?;
        let (before, after) = both.arrays();
        let Some(appended) = appended(before, after) else {
            self.findings.add(
                ChangeKind::FormField,
                None,
                "the list of form fields did not only grow",
            );
            return Ok(());
        };
        for item in appended {
            self.new_field(item)?;
        }
        self.accept(old, new);
        Ok(())
    }

    /// A field that the signed revision does not have.
    fn new_field(&mut self, item: &Item<'x>) -> Result<(), Refusal> {
        let id = item
            .value
            .reference()
            .filter(|id| self.changed.added.contains(&id.number));
        let object = id.map(|id| self.new.load(id)).transpose()?.flatten();
        let field = object
            .as_ref()
            .and_then(Indirect::dict)
            .filter(|dict| dict.name_is("FT", "Sig"));
        let (Some(id), Some(field)) = (id, field) else {
            self.findings.add(
                ChangeKind::FormField,
                id,
                "a form field was added that is no signature",
            );
            return Ok(());
        };
        if !self.plain(field, &WIDGET_KEYS, id) {
            return Ok(());
        }
        let Some(is_token) = self.signed(field)? else {
            self.findings.add(
                ChangeKind::FormField,
                Some(id),
                "a signature field was added without a signature",
            );
            return Ok(());
        };
        let mut visible = false;
        if field.name_is("Subtype", "Widget") {
            visible = is_visible(field);
            self.widgets.insert(id.number);
        }
        let kids = self.both(None, field.item("Kids"))?;
        for kid in kids.arrays().1 {
            match self.new_widget(kid, id)? {
                Some(shows) => visible |= shows,
                None => {
                    self.findings.add(
                        ChangeKind::FormField,
                        Some(id),
                        "a signature field was added with odd kids",
                    );
                    return Ok(());
                }
            }
        }
        let name = match field.value("T") {
            Some(Value::Text(token)) => text::shown(token),
            _ => String::new(),
        };
        self.signature_added(id, &name, is_token, visible);
        Ok(())
    }

    /// A widget that is a child of a new field. Says whether it shows anything.
    fn new_widget(&mut self, item: &Item<'x>, parent: ObjId) -> Result<Option<bool>, Refusal> {
        let Some(id) = item
            .value
            .reference()
            .filter(|id| self.changed.added.contains(&id.number))
        else {
            return Ok(None);
        };
        let object = self.new.load(id)?;
        let Some(widget) = object.as_ref().and_then(Indirect::dict) else {
            return Ok(None);
        };
        let is_child = widget.value("Parent").and_then(Value::reference) == Some(parent);
        let own = ["FT", "T", "V", "Kids"].iter().any(|key| widget.has(key));
        let mut keys = WIDGET_KEYS.to_vec();
        keys.push("Parent");
        if !is_child
            || own
            || !widget.name_is("Subtype", "Widget")
            || !self.plain(widget, &keys, id)
        {
            return Ok(None);
        }
        self.widgets.insert(id.number);
        Ok(Some(is_visible(widget)))
    }

    /// Only known keys, none of them twice.
    fn plain(&mut self, dict: &Dict<'x>, keys: &[&str], id: ObjId) -> bool {
        let odd = dict
            .entries
            .iter()
            .find(|(key, _)| !keys.iter().any(|known| key.is(known.as_bytes())));
        let Some(key) = odd.map(|(key, _)| *key).or(dict.duplicate) else {
            return true;
        };
        let is_action = key.is(b"A") || key.is(b"AA");
        let kind = if is_action {
            ChangeKind::Script
        } else {
            ChangeKind::FormField
        };
        let detail = format!("a signature field with /{}", key.shown());
        self.findings.add(kind, Some(id), detail);
        false
    }

    /// Whether the field's own value is a new signature dictionary, and then whether it is a time-stamp.
    fn signed(&self, field: &Dict<'x>) -> Result<Option<bool>, Refusal> {
        let id = field.value("V").and_then(Value::reference);
        let Some(id) = id.filter(|id| self.changed.added.contains(&id.number)) else {
            return Ok(None);
        };
        let object = self.new.load(id)?;
        let dict = object
            .as_ref()
            .and_then(Indirect::dict)
            .filter(|dict| dict.duplicate.is_none());
        Ok(dict
            .filter(|dict| dict.has("ByteRange") && dict.has("Contents"))
            .map(|dict| dict.name_is("Type", "DocTimeStamp")))
    }

    fn signature_added(&mut self, id: ObjId, name: &str, is_token: bool, visible: bool) {
        let (kind, detail) = match (is_token, visible) {
            (_, true) => (
                ChangeKind::VisibleSignatureAdded,
                "a signature that shows on a page",
            ),
            (true, false) => (ChangeKind::TimestampAdded, "a document time-stamp"),
            (false, false) => (ChangeKind::SignatureAdded, "an invisible signature"),
        };
        self.findings.add(kind, Some(id), detail);
        // ISO 32000-2 table 257: even P=1 lets document time-stamps and security stores in.
        let locked = self
            .restrictions
            .iter()
            .any(|signature| signature.forbid_every_change() || signature.lock_field(name));
        if locked && (visible || !is_token) {
            self.findings.add(
                ChangeKind::Locked,
                Some(id),
                "the signed revision allows no further signature",
            );
        }
    }

    /// An object of the signed revision that was written again.
    pub(super) fn overridden(&mut self, number: u32) -> Result<(), Refusal> {
        let (Some(old), new) = self.pair(number)? else {
            return Ok(());
        };
        let Some(new) = new.filter(|new| new.id == old.id) else {
            let kind = naming::of(&old, None, self.fields.contains_key(&number));
            self.findings
                .add(kind, Some(old.id), format!("object {number} was replaced"));
            return Ok(());
        };
        if same(&old.item.value, &new.item.value) && old.data == new.data {
            self.findings.add(
                ChangeKind::Rewritten,
                Some(old.id),
                "written again with the same value",
            );
            return Ok(());
        }
        let explained = match (old.data.or(new.data), &old.item.value, &new.item.value) {
            (None, Value::Dict(before), Value::Dict(after)) if after.duplicate.is_none() => {
                if before.name_is("Type", "Page") && !self.fields.contains_key(&number) {
                    return self.page(&new, before, after);
                }
                match self.fields.get(&number).cloned() {
                    Some(OldField::EmptySignature { name, parent }) => {
                        self.filled(old.id, &name, parent, before, after)?
                    }
                    _ => false,
                }
            }
            (None, Value::Array(before), Value::Array(after)) => {
                self.annotation_list(old.id, before, after)?
            }
            _ => false,
        };
        if !explained {
            let kind = naming::of(&old, Some(&new), self.fields.contains_key(&number));
            self.findings
                .add(kind, Some(old.id), format!("object {number} was changed"));
        }
        Ok(())
    }

    /// A page may only get more annotations, and those are widgets of accepted signatures.
    fn page(
        &mut self,
        page: &Indirect<'x>,
        before: &Dict<'x>,
        after: &Dict<'x>,
    ) -> Result<(), Refusal> {
        for key in differing_keys(before, after) {
            if key != "Annots" {
                self.findings.add(
                    naming::of_page_key(&key),
                    Some(page.id),
                    format!("page: /{key}"),
                );
            }
        }
        let (old, new) = (before.item("Annots"), after.item("Annots"));
        let both = self.both(old, new)?;
        let (was, is) = both.arrays();
        if self.only_widgets(was, is) {
            self.accept(old, new);
        } else {
            self.findings.add(
                ChangeKind::Annotation,
                Some(page.id),
                "annotations of a page",
            );
        }
        Ok(())
    }

    fn only_widgets(&self, before: &[Item<'x>], after: &[Item<'x>]) -> bool {
        appended(before, after).is_some_and(|appended| {
            appended.iter().all(|item| {
                item.value
                    .reference()
                    .is_some_and(|id| self.widgets.contains(&id.number))
            })
        })
    }

    /// An array that is an object of its own and the annotations of a page.
    fn annotation_list(
        &mut self,
        id: ObjId,
        before: &[Item<'x>],
        after: &[Item<'x>],
    ) -> Result<bool, Refusal> {
        if !self.only_widgets(before, after) {
            return Ok(false);
        }
        let mut of_page = false;
        page::each(self.old, &mut |leaf| {
            let annots = leaf.page.dict().and_then(|dict| dict.value("Annots"));
            of_page |= annots.and_then(Value::reference) == Some(id);
            if of_page { Walk::Stop } else { Walk::On }
        })?;
        if of_page {
            self.single.insert(id.number);
        }
        Ok(of_page)
    }

    /// An empty signature field of the signed revision got its signature.
    fn filled(
        &mut self,
        id: ObjId,
        name: &str,
        parent: Option<ObjId>,
        before: &Dict<'x>,
        after: &Dict<'x>,
    ) -> Result<bool, Refusal> {
        let keys = differing_keys(before, after);
        if !keys
            .iter()
            .all(|key| matches!(key.as_str(), "V" | "AP" | "M" | "P"))
        {
            return Ok(false);
        }
        // Where the page is named it stays.
        if before.has("P") && keys.iter().any(|key| key == "P") {
            return Ok(false);
        }
        if !keys.iter().any(|key| key == "V") {
            return self.widget_of_filled(id, name, parent, after);
        }
        let Some(is_token) = self.signed(after)? else {
            return Ok(false);
        };
        self.signature_added(id, name, is_token, is_visible(after));
        Ok(true)
    }

    /// The field and its widget are two objects (12.7.3.1): the widget may show what its field was given.
    fn widget_of_filled(
        &mut self,
        id: ObjId,
        name: &str,
        parent: Option<ObjId>,
        widget: &Dict<'x>,
    ) -> Result<bool, Refusal> {
        let Some(parent) = parent.filter(|parent| {
            self.changed.overridden.contains(&parent.number)
                && matches!(
                    self.fields.get(&parent.number),
                    Some(OldField::EmptySignature { .. })
                )
        }) else {
            return Ok(false);
        };
        // Only the widget itself: a field below a field would have a name or a type of its own.
        let own = ["T", "FT", "Kids"].iter().any(|key| widget.has(key));
        let object = self.new.load(parent)?;
        let field = object.as_ref().and_then(Indirect::dict);
        let is_token = field.map(|field| self.signed(field)).transpose()?.flatten();
        let (false, true, Some(is_token)) = (own, widget.name_is("Subtype", "Widget"), is_token)
        else {
            return Ok(false);
        };
        if is_visible(widget) {
            self.signature_added(id, name, is_token, true);
        }
        Ok(true)
    }
}

/// What stands behind the unchanged old items; none where the list did not only grow.
fn appended<'i, 'x>(before: &[Item<'x>], after: &'i [Item<'x>]) -> Option<&'i [Item<'x>]> {
    let (kept, appended) = after.split_at_checked(before.len())?;
    before
        .iter()
        .zip(kept)
        .all(|(old, new)| same(&old.value, &new.value))
        .then_some(appended)
}

fn flags(form: &Dict<'_>) -> Option<i64> {
    match form.value("SigFlags") {
        None => Some(0),
        Some(Value::Integer(flags)) => Some(*flags),
        Some(_) => None,
    }
}

/// ISO 32000-1 12.7.4.5: no area or hidden means invisible. What cannot be told counts as visible.
fn is_visible(widget: &Dict<'_>) -> bool {
    // Table 165: bits 2 (Hidden) and 6 (NoView).
    let hidden = widget
        .integer("F")
        .is_some_and(|flags| flags & 0b10_0010 != 0);
    let corners = widget.value("Rect").and_then(Value::array);
    let flat = match corners {
        Some([left, bottom, right, top]) => {
            same(&left.value, &right.value) || same(&bottom.value, &top.value)
        }
        _ => false,
    };
    widget.has("AP") && !hidden && !flat
}
