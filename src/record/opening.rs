//! Openings of a leaf's commitment: all of it for the owner and the auditor, or chosen fields for
//! somebody else. These are the `extra` bytes of a proof file, as confidential as the document.
//!
//! ```text
//! full: "kql1/opening/full\n" K[32] then 16 values
//! part: "kql1/opening/part\n" then per field: number[1] k_i[32] siblings[4*32] value
//! value: u16 length, bytes
//! ```
//!
//! # Invariants
//! * One opening has one encoding; `decode` takes no other.
//! * An opened field proves itself: its key, value and siblings lead to the root or they do not.

use std::fmt;

use super::commit::{
    Field, Fields, LeafKey, commit, field_commitment, field_leaf, field_leaves, hidden, parents,
};
use super::digest::{Digest, node_hash};

/// 2^4 fields.
const TREE_HEIGHT: usize = 4;
/// The longest real value is a list of a few certificate hashes; the length field has 16 bits.
const VALUE_MAX_BYTES: usize = 65_535;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningProblem {
    /// The bytes are not an opening of this form.
    Form,
    /// Two of the opened fields lead to different roots.
    Disagree,
    /// Nothing is opened.
    Empty,
    ValueTooLong,
}

impl fmt::Display for OpeningProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OpeningProblem::Form => "not an opening of a leaf",
            OpeningProblem::Disagree => "the opened fields do not belong to one leaf",
            OpeningProblem::Empty => "the opening shows no field",
            OpeningProblem::ValueTooLong => "a field value is longer than 65,535 bytes",
        })
    }
}

impl std::error::Error for OpeningProblem {}

/// Everything that a leaf commits to: for the owner's own copy and for an auditor.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    key: LeafKey,
    fields: Fields,
}

const FULL_HEAD: &[u8] = b"kql1/opening/full\n";
const PART_HEAD: &[u8] = b"kql1/opening/part\n";

impl Opening {
    pub fn new(key: LeafKey, fields: Fields) -> Result<Self, OpeningProblem> {
        if fields.0.iter().any(|value| value.len() > VALUE_MAX_BYTES) {
            return Err(OpeningProblem::ValueTooLong);
        }
        Ok(Opening { key, fields })
    }

    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The `commit` of the leaf.
    pub fn commit(&self) -> Digest {
        commit(&self.key, &self.fields)
    }

    /// Opens the named fields and nothing else.
    pub fn show(&self, fields: &[Field]) -> PartialOpening {
        let mut shown: Vec<Field> = fields.to_vec();
        shown.sort_unstable();
        shown.dedup();
        let leaves = field_leaves(&self.key, &self.fields);
        let shown = shown
            .into_iter()
            .map(|field| OpenedField {
                field,
                key: self.key.field_key(field),
                value: self.fields.value(field).to_vec(),
                siblings: siblings(&leaves, field),
            })
            .collect();
        PartialOpening { shown }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = FULL_HEAD.to_vec();
        out.extend_from_slice(&self.key.0);
        for value in &self.fields.0 {
            put_value(&mut out, value);
        }
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, OpeningProblem> {
        let mut rest = bytes.strip_prefix(FULL_HEAD).ok_or(OpeningProblem::Form)?;
        let key = LeafKey(take(&mut rest)?);
        let mut fields = Fields::new();
        for place in &mut fields.0 {
            *place = take_value(&mut rest)?;
        }
        at_end(rest)?;
        Ok(Opening { key, fields })
    }
}

fn siblings(leaves: &[Digest], field: Field) -> [Digest; TREE_HEIGHT] {
    let mut level = leaves.to_vec();
    let mut place = usize::from(field.number());
    let mut path = [Digest::new([0; 32]); TREE_HEIGHT];
    for sibling in &mut path {
        if let Some(hash) = level.get(place ^ 1) {
            *sibling = *hash;
        }
        level = parents(&level);
        place >>= 1;
    }
    path
}

/// One field with what it takes to check it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedField {
    pub field: Field,
    pub key: [u8; 32],
    pub value: Vec<u8>,
    /// From the leaf upward.
    pub siblings: [Digest; TREE_HEIGHT],
}

impl OpenedField {
    fn root(&self) -> Digest {
        let start = field_leaf(
            self.field,
            &field_commitment(self.field, &self.key, &self.value),
        );
        let number = self.field.number();
        let path = self.siblings.iter().enumerate();
        path.fold(start, |below, (height, sibling)| {
            if number >> height & 1 == 0 {
                node_hash(&below, sibling)
            } else {
                node_hash(sibling, &below)
            }
        })
    }
}

/// Some fields of a leaf: for an employer, or for the public page.
#[derive(Clone, PartialEq, Eq)]
pub struct PartialOpening {
    shown: Vec<OpenedField>,
}

impl PartialOpening {
    pub fn shown(&self) -> &[OpenedField] {
        &self.shown
    }

    pub fn value(&self, field: Field) -> Option<&[u8]> {
        let opened = self.shown.iter().find(|opened| opened.field == field)?;
        Some(&opened.value)
    }

    /// The `commit` that these fields belong to; to be compared with a leaf's.
    pub fn commit(&self) -> Result<Digest, OpeningProblem> {
        let mut roots = self.shown.iter().map(OpenedField::root);
        let first = roots.next().ok_or(OpeningProblem::Empty)?;
        if roots.any(|root| root != first) {
            return Err(OpeningProblem::Disagree);
        }
        Ok(first)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = PART_HEAD.to_vec();
        for opened in &self.shown {
            out.push(opened.field.number());
            out.extend_from_slice(&opened.key);
            for sibling in &opened.siblings {
                out.extend_from_slice(sibling.as_bytes());
            }
            put_value(&mut out, &opened.value);
        }
        out
    }

    /// Fields stand in the order of their numbers, each at most once.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpeningProblem> {
        let mut rest = bytes.strip_prefix(PART_HEAD).ok_or(OpeningProblem::Form)?;
        let mut shown: Vec<OpenedField> = Vec::new();
        while !rest.is_empty() {
            let [number] = take(&mut rest)?;
            let field = Field::from_number(number).ok_or(OpeningProblem::Form)?;
            if shown.last().is_some_and(|last| last.field >= field) {
                return Err(OpeningProblem::Form);
            }
            let key = take(&mut rest)?;
            let mut siblings = [Digest::new([0; 32]); TREE_HEIGHT];
            for sibling in &mut siblings {
                *sibling = Digest::new(take(&mut rest)?);
            }
            let value = take_value(&mut rest)?;
            shown.push(OpenedField {
                field,
                key,
                value,
                siblings,
            });
        }
        Ok(PartialOpening { shown })
    }
}

/// A 16-bit length, then the value; `Opening::new` holds that every value fits.
fn put_value(out: &mut Vec<u8>, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value.get(..usize::from(length)).unwrap_or(value));
}

fn take_value(rest: &mut &[u8]) -> Result<Vec<u8>, OpeningProblem> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (value, tail) = rest.split_at_checked(length).ok_or(OpeningProblem::Form)?;
    *rest = tail;
    Ok(value.to_vec())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], OpeningProblem> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(OpeningProblem::Form)?;
    *rest = tail;
    Ok(*head)
}

fn at_end(rest: &[u8]) -> Result<(), OpeningProblem> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(OpeningProblem::Form)
    }
}

hidden!(Opening, OpenedField, PartialOpening);
