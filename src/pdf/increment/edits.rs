//! Objects written again with something inserted: every other byte is copied as it stands.
//!
//! # Invariants
//! * Numbers, strings and names keep their spelling; nothing is parsed and printed.

use crate::pdf::Refusal;
use crate::pdf::document::{Document, Followed, Indirect};
use crate::pdf::object::{Item, ObjId, Value};
use std::ops::Range;

/// The objects to be written again, with their changes.
#[derive(Debug, Default)]
pub(crate) struct Edits<'d> {
    objects: Vec<Edit<'d>>,
}

#[derive(Debug)]
struct Edit<'d> {
    id: ObjId,
    source: &'d [u8],
    span: Range<usize>,
    /// Replaced range of `source` and what stands there instead.
    patches: Vec<(Range<usize>, Vec<u8>)>,
}

impl<'d> Edits<'d> {
    /// Gives `key` of the dictionary `dict`, which lies in `holder`, another value.
    pub fn set(
        &mut self,
        holder: &Indirect<'d>,
        dict: &Item<'d>,
        key: &str,
        value: &[u8],
    ) -> Result<(), Refusal> {
        let Value::Dict(entries) = &dict.value else {
            return Err(Refusal::damaged("a dictionary is needed"));
        };
        match entries.item(key) {
            Some(old) => self.patch(holder, old.span.clone(), [b" ", value].concat()),
            None => {
                let end = dict.span.end.saturating_sub(2);
                self.patch(
                    holder,
                    end..end,
                    [format!(" /{key} ").as_bytes(), value, b" "].concat(),
                )
            }
        }
    }

    /// Appends references to the array `list` (the value of `key` in `dict`), wherever that array is written.
    pub fn append_references(
        &mut self,
        doc: &'d Document<'_>,
        holder: &Indirect<'d>,
        dict: &Item<'d>,
        list: Option<&Item<'d>>,
        key: &str,
        references: &[ObjId],
    ) -> Result<(), Refusal> {
        let odd = || Refusal::damaged("a list of fields or annotations is not an array");
        let text = listed(references);
        let alone = format!("[{text}]").into_bytes();
        let Some(list) = list else {
            return self.set(holder, dict, key, &alone);
        };
        match doc.follow(list)? {
            Followed::Nothing => self.set(holder, dict, key, &alone),
            Followed::Direct(item) => match item.value {
                Value::Null => self.set(holder, dict, key, &alone),
                Value::Array(_) => self.append(holder, &item.span, &text),
                _ => Err(odd()),
            },
            Followed::Indirect(object) => match (&object.item.value, object.data) {
                (Value::Null, None) => self.set(holder, dict, key, &alone),
                (Value::Array(_), None) => {
                    let span = object.item.span.clone();
                    self.append(&object, &span, &text)
                }
                _ => Err(odd()),
            },
        }
    }

    fn append(
        &mut self,
        holder: &Indirect<'d>,
        array: &Range<usize>,
        text: &str,
    ) -> Result<(), Refusal> {
        let end = array.end.saturating_sub(1);
        self.patch(holder, end..end, format!(" {text}").into_bytes())
    }

    fn patch(
        &mut self,
        holder: &Indirect<'d>,
        range: Range<usize>,
        text: Vec<u8>,
    ) -> Result<(), Refusal> {
        if holder.data.is_some() {
            return Err(Refusal::damaged(
                "a stream where a dictionary or an array is needed",
            ));
        }
        let found = self.objects.iter().position(|edit| edit.id == holder.id);
        let at = found.unwrap_or(self.objects.len());
        if found.is_none() {
            self.objects.push(Edit {
                id: holder.id,
                source: holder.source,
                span: holder.item.span.clone(),
                patches: Vec::new(),
            });
        }
        let Some(edit) = self.objects.get_mut(at) else {
            return Ok(());
        };
        // One array for the fields of the form and the annotations of the page: appending once would do, twice is wrong.
        let same_place = |old: &(Range<usize>, Vec<u8>)| old.0 == range && old.1 == text;
        if edit.patches.iter().any(same_place) {
            return Err(Refusal::damaged("one array serves as two lists"));
        }
        edit.patches.push((range, text));
        Ok(())
    }

    /// Number and new text of each object, in the order of numbers.
    pub fn written(self) -> Result<Vec<(ObjId, Vec<u8>)>, Refusal> {
        let mut objects: Vec<(ObjId, Vec<u8>)> = self
            .objects
            .into_iter()
            .map(|edit| Ok((edit.id, edit.text()?)))
            .collect::<Result<_, Refusal>>()?;
        objects.sort_by_key(|(id, _)| *id);
        Ok(objects)
    }
}

/// `7 0 R 8 0 R`
pub(super) fn listed(references: &[ObjId]) -> String {
    let each: Vec<String> = references.iter().map(|id| format!("{id} R")).collect();
    each.join(" ")
}

impl Edit<'_> {
    fn text(mut self) -> Result<Vec<u8>, Refusal> {
        // Stable: insertions at one place keep their order.
        self.patches.sort_by_key(|(range, _)| range.start);
        let odd = || Refusal::damaged("one value serves two purposes");
        let mut out = Vec::with_capacity(self.span.len() + 128);
        let mut at = self.span.start;
        for (range, text) in &self.patches {
            out.extend_from_slice(self.source.get(at..range.start).ok_or_else(odd)?);
            out.extend_from_slice(text);
            at = range.end;
        }
        out.extend_from_slice(self.source.get(at..self.span.end).ok_or_else(odd)?);
        Ok(out)
    }
}
