//! Whether the cross-references of the added revisions and the bytes behind the signed one tell the same story.
//!
//! ISO 32000-1 7.5.6: an update appends objects, one section that lists them, and a trailer whose /Prev is the section before.
//!
//! # Invariants
//! * Numbers are handed on only if every added byte is explained and every listed entry leads to an object that was read there.

use super::{ChangeKind, Findings};
use crate::pdf::document::Document;
use crate::pdf::object::ObjId;
use crate::pdf::refusal::Refusal;
use crate::pdf::tail::{self, TailProblem, TailRevision};
use crate::pdf::xref::{Entry, Section};
use std::collections::{BTreeMap, BTreeSet};

/// The numbers whose objects are not those of the signed revision.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Numbers that had no object.
    pub added: BTreeSet<u32>,
    /// Numbers that had another one.
    pub overridden: BTreeSet<u32>,
}

/// An update lists what it writes: tens of objects. A million entries are an attack on us.
const MAX_ENTRIES: u64 = 100_000;

/// None where the two readings differ; then `findings` says how.
pub(super) fn examine(
    old: &Document<'_>,
    new: &Document<'_>,
    end: usize,
    findings: &mut Findings,
) -> Result<Option<Changed>, Refusal> {
    let tail = tail::read(new, end);
    for problem in &tail.problems {
        match problem {
            TailProblem::Unexplained(at) => findings.add(
                ChangeKind::UnexplainedBytes,
                None,
                format!("bytes from {at} on belong to no object and no cross-reference section"),
            ),
            TailProblem::HiddenObject(at) => findings.add(
                ChangeKind::HiddenObject,
                None,
                format!("byte {at} looks like the start of an object to a repairing reader only"),
            ),
        }
    }
    let Some(sections) = added_sections(old, new, end) else {
        findings.add(
            ChangeKind::XrefMismatch,
            None,
            "the cross-references do not go on from those of the signed revision",
        );
        return Ok(None);
    };
    let count: u64 = sections
        .iter()
        .flat_map(|section| &section.subsections)
        .map(|subsection| u64::from(subsection.count))
        .sum();
    if count > MAX_ENTRIES {
        return Err(Refusal::OverBudget {
            what: "entries of added cross-references",
        });
    }
    // Oldest first on both sides.
    let in_order = sections.iter().rev().map(|section| section.offset);
    if !in_order.eq(tail.revisions.iter().map(|revision| revision.xref_offset)) {
        findings.add(
            ChangeKind::XrefMismatch,
            None,
            "the added sections and the endings of the added revisions do not match",
        );
        return Ok(None);
    }
    let mut check = Check {
        new,
        end,
        findings,
        containers: BTreeMap::new(),
    };
    for (index, revision) in tail.revisions.iter().enumerate() {
        let position = sections.len().saturating_sub(1).saturating_sub(index);
        check.revision(position, revision)?;
    }
    if findings.is_forbidden() {
        return Ok(None);
    }
    changed(old, new, sections).map(Some)
}

/// The sections before which the chain of the signed revision stands unchanged.
fn added_sections<'d, 'a>(
    old: &Document<'_>,
    new: &'d Document<'a>,
    end: usize,
) -> Option<&'d [Section<'a>]> {
    let count = new.sections.len().checked_sub(old.sections.len())?;
    let (added, kept) = new.sections.split_at_checked(count)?;
    let same = kept
        .iter()
        .map(|section| section.offset)
        .eq(old.sections.iter().map(|section| section.offset));
    let behind = added.iter().all(|section| section.offset >= end);
    (count > 0 && same && behind).then_some(added)
}

struct Check<'c, 'a> {
    new: &'c Document<'a>,
    end: usize,
    findings: &'c mut Findings,
    /// Object streams of the tail: numbers and how often written.
    containers: BTreeMap<u32, usize>,
}

impl Check<'_, '_> {
    /// One added revision: its objects against its section, both ways.
    fn revision(&mut self, position: usize, revision: &TailRevision) -> Result<(), Refusal> {
        let Some(section) = self.new.sections.get(position) else {
            return Ok(());
        };
        let written: BTreeMap<usize, ObjId> = revision
            .objects
            .iter()
            .map(|object| (object.place.start, object.id))
            .collect();
        for object in &revision.objects {
            let rewritten = self.containers.contains_key(&object.id.number);
            if object.is_container {
                *self.containers.entry(object.id.number).or_default() += 1;
            }
            if rewritten {
                self.mismatch(
                    ChangeKind::ObjectStream,
                    object.id,
                    "an object stream is written twice",
                );
            }
            let listed = section.entry(self.new.file, object.id.number).transpose()?;
            let here = Entry::At {
                offset: object.place.start,
                generation: object.id.generation,
            };
            // 7.5.8.2 does not say that a cross-reference stream must list itself.
            let is_section = object.place.start == section.offset && listed.is_none();
            if listed != Some(here)
                && !(is_section && self.before(position, object.id.number)? == Entry::Free)
            {
                self.mismatch(
                    ChangeKind::XrefMismatch,
                    object.id,
                    "written, but the cross-references do not lead there",
                );
            }
            if object.is_container {
                self.members(section, object.id)?;
            }
        }
        // 7.5.5, table 15: a number beyond Size is undefined to some readers and defined to others.
        let size = section.trailer.integer("Size");
        if size.is_none_or(|size| size < i64::from(section.end_number())) {
            let detail = "the added trailer states a size below its own numbers";
            self.findings.add(ChangeKind::XrefMismatch, None, detail);
        }
        for number in section
            .subsections
            .iter()
            .flat_map(|subsection| subsection.numbers())
        {
            let Some(entry) = section.entry(self.new.file, number).transpose()? else {
                continue;
            };
            self.entry(position, number, entry, &written)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        position: usize,
        number: u32,
        entry: Entry,
        written: &BTreeMap<usize, ObjId>,
    ) -> Result<(), Refusal> {
        let before = self.before(position, number)?;
        if entry == before {
            return Ok(());
        }
        match entry {
            Entry::Free => {
                let id = ObjId {
                    number,
                    generation: 0,
                };
                self.mismatch(ChangeKind::Freed, id, "deleted");
            }
            Entry::At { offset, generation } => {
                let id = ObjId { number, generation };
                if offset < self.end || written.get(&offset) != Some(&id) {
                    self.mismatch(
                        ChangeKind::XrefMismatch,
                        id,
                        "listed, but not written in this revision",
                    );
                }
            }
            Entry::In { container, index } => {
                let here = written.values().any(|other| other.number == container);
                let is_member = here
                    && self.containers.contains_key(&container)
                    && usize::try_from(index)
                        .ok()
                        .and_then(|index| self.new.container(container).ok()?.members.get(index))
                        .is_some_and(|(member, _)| *member == number);
                if !is_member {
                    let id = ObjId {
                        number,
                        generation: 0,
                    };
                    self.mismatch(
                        ChangeKind::ObjectStream,
                        id,
                        "not in an object stream of its own revision",
                    );
                }
            }
        }
        Ok(())
    }

    /// What an object stream holds and what the section says of it, both ways.
    fn members(&mut self, section: &Section<'_>, id: ObjId) -> Result<(), Refusal> {
        let container = self.new.container(id.number)?;
        for (index, (number, _)) in container.members.iter().enumerate() {
            let listed = section.entry(self.new.file, *number).transpose()?;
            let here = u32::try_from(index).ok().map(|index| Entry::In {
                container: id.number,
                index,
            });
            if listed != here {
                self.mismatch(
                    ChangeKind::ObjectStream,
                    ObjId {
                        number: *number,
                        generation: 0,
                    },
                    "lies in an object stream, but the cross-references do not lead there",
                );
            }
        }
        Ok(())
    }

    /// What the sections before this one say.
    fn before(&self, position: usize, number: u32) -> Result<Entry, Refusal> {
        self.new
            .sections
            .get(position.saturating_add(1)..)
            .unwrap_or_default()
            .iter()
            .find_map(|section| section.entry(self.new.file, number))
            .unwrap_or(Ok(Entry::Free))
    }

    fn mismatch(&mut self, kind: ChangeKind, id: ObjId, what: &str) {
        self.findings
            .add(kind, Some(id), format!("object {id}: {what}"));
    }
}

fn changed(
    old: &Document<'_>,
    new: &Document<'_>,
    sections: &[Section<'_>],
) -> Result<Changed, Refusal> {
    let mut changed = Changed::default();
    let numbers: BTreeSet<u32> = sections
        .iter()
        .flat_map(|section| &section.subsections)
        .flat_map(|subsection| subsection.numbers())
        // A cross-reference stream that does not list itself is an object all the same.
        .chain(
            sections
                .iter()
                .filter_map(|section| Some(section.stream?.number)),
        )
        .collect();
    for number in numbers {
        let before = old.entry(number)?;
        if before == Entry::Free {
            changed.added.insert(number);
        } else if before != new.entry(number)? {
            changed.overridden.insert(number);
        }
    }
    Ok(changed)
}
