//! What is wrong with one field of a record, in a form that a program and a person can both use.
//!
//! # Invariants
//! * `code` is one of `PROBLEM_CODES`; sentences and remedies are found by it elsewhere.
//! * `given` never repeats what was sent about the owner: problem texts travel through logs.

use serde::Serialize;

use super::json::{Node, pointer};
use super::normalise;

/// Every code that `ResultRecord` can give.
pub const PROBLEM_CODES: &[&str] = &[
    "record_too_large",
    "not_json",
    "object_expected",
    "text_expected",
    "true_expected",
    "duplicate_field",
    "unknown_field",
    "missing_field",
    "text_empty",
    "text_too_long",
    "text_forbidden_character",
    "dossier_code_pattern",
    "dossier_code_date",
    "procedure_code_pattern",
    "result_kind_pattern",
    "document_number_pattern",
    "personal_id_pattern",
    "tax_code_pattern",
    "tax_code_check_digit",
    "owner_id_missing",
    "owner_id_both",
    "date_invalid",
    "validity_missing",
    "validity_both",
    "validity_before_issue",
    "origin_unknown",
    "issued_on_in_future",
    "dossier_day_in_future",
];

/// Enough to recognise what was typed, short enough for a log line.
const GIVEN_MAX_CHARS: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// RFC 6901 JSON pointer into the record that was sent.
    pub pointer: String,
    pub code: &'static str,
    /// What was there, cut to a hundred characters; nothing where it names a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
}

/// Reads the members of one object, noting every problem on the way.
pub(super) struct FieldReader<'a> {
    at: String,
    members: &'a [(String, Node)],
    is_personal: Personal,
    pub problems: Vec<FieldProblem>,
}

/// Whether the values of an object may be shown back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Personal {
    Yes,
    No,
}

impl<'a> FieldReader<'a> {
    /// `None` where the value is no object. Unknown names and names given twice are problems already.
    pub fn open(
        node: &'a Node,
        at: &str,
        known: &[&str],
        is_personal: Personal,
    ) -> Result<Self, FieldProblem> {
        let Node::Object(members) = node else {
            return Err(FieldProblem {
                pointer: at.to_owned(),
                code: "object_expected",
                given: (is_personal == Personal::No).then(|| cut(&node.shown())),
            });
        };
        let mut reader = FieldReader {
            at: at.to_owned(),
            members,
            is_personal,
            problems: Vec::new(),
        };
        for (place, (name, _)) in members.iter().enumerate() {
            let is_repeated = members
                .iter()
                .take(place)
                .any(|(earlier, _)| earlier == name);
            if is_repeated {
                reader.note(&cut(name), "duplicate_field", None);
            } else if !known.contains(&name.as_str()) {
                reader.note(&cut(name), "unknown_field", None);
            }
        }
        Ok(reader)
    }

    pub fn note(&mut self, name: &str, code: &'static str, given: Option<&Node>) {
        let given = given
            .filter(|_| self.is_personal == Personal::No)
            .map(|node| cut(&node.shown()));
        let pointer = pointer(&self.at, name);
        self.problems.push(FieldProblem {
            pointer,
            code,
            given,
        });
    }

    /// Notes a problem of the object itself.
    pub fn note_whole(&mut self, code: &'static str) {
        self.problems.push(FieldProblem {
            pointer: self.at.clone(),
            code,
            given: None,
        });
    }

    pub fn find(&self, name: &str) -> Option<&'a Node> {
        self.members
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, node)| node)
    }

    pub fn required(&mut self, name: &str) -> Option<&'a Node> {
        let node = self.find(name);
        if node.is_none() {
            self.note(name, "missing_field", None);
        }
        node
    }

    /// A string that `parse` accepts; what it refuses is noted under its code.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        node: &'a Node,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let Node::Text(text) = node else {
            self.note(name, "text_expected", Some(node));
            return None;
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(code) => {
                self.note(name, code, Some(node));
                None
            }
        }
    }

    pub fn required_parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let node = self.required(name)?;
        self.parsed(name, node, parse)
    }
}

/// One line of text for people: NFC, trimmed, visible, of limited length.
pub(super) fn line(given: &str, max_chars: usize) -> Result<String, &'static str> {
    let text = normalise::text(given);
    if text.is_empty() {
        return Err("text_empty");
    }
    if text.chars().any(normalise::is_forbidden) {
        return Err("text_forbidden_character");
    }
    if text.chars().count() > max_chars {
        return Err("text_too_long");
    }
    Ok(text)
}

fn cut(text: &str) -> String {
    text.chars().take(GIVEN_MAX_CHARS).collect()
}
