//! PDF values as they stand in the file: nothing is decoded until someone asks, and every value knows its bytes.
//!
//! ISO 32000-1 7.3. A `Value` borrows from the file or from an inflated object stream.
//!
//! # Invariants
//! * `Item::span` counts bytes in the buffer that was parsed (the file itself, unless the object came out of an object stream).
//! * Names are compared decoded (`/A#42` is `/AB`), strings too; numbers by value.

use std::fmt;
use std::ops::Range;

/// Number and generation of an indirect object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjId {
    pub number: u32,
    pub generation: u16,
}

impl fmt::Display for ObjId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.generation)
    }
}

/// One value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Item<'d> {
    pub value: Value<'d>,
    pub span: Range<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum Value<'d> {
    Null,
    Bool(bool),
    Integer(i64),
    /// The digits as written: we never compute with reals, and re-emitting must not round them.
    Real(&'d [u8]),
    /// The whole token with its delimiters, `(…)` or `<…>`.
    Text(&'d [u8]),
    Name(Name<'d>),
    Array(Vec<Item<'d>>),
    Dict(Dict<'d>),
    Reference(ObjId),
}

/// A name without its solidus, escapes still in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'d>(pub &'d [u8]);

impl<'d> Name<'d> {
    /// ISO 32000-1 7.3.5: `#` and two hexadecimal digits stand for one byte.
    pub fn decoded(self) -> impl Iterator<Item = u8> + 'd {
        let raw = self.0;
        let mut at = 0usize;
        std::iter::from_fn(move || {
            let first = *raw.get(at)?;
            at += 1;
            if first == b'#'
                && let (Some(high), Some(low)) = (
                    raw.get(at).copied().and_then(hex_digit),
                    raw.get(at + 1).copied().and_then(hex_digit),
                )
            {
                at += 2;
                return Some(high << 4 | low);
            }
            Some(first)
        })
    }

    pub fn is(self, plain: &[u8]) -> bool {
        self.0 == plain || (self.0.contains(&b'#') && self.decoded().eq(plain.iter().copied()))
    }

    /// For reports; bytes that are not UTF-8 are shown as replacement characters.
    pub fn shown(self) -> String {
        let bytes: Vec<u8> = self.decoded().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decoded().eq(other.decoded())
    }
}

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    let value = HEX.get(usize::from(byte)).copied()?;
    (value < 16).then_some(value)
}

/// A table: every signature passes thousands of digits through it.
static HEX: [u8; 256] = hex_table();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where a wrong index does not compile; at most 15"
)]
const fn hex_table() -> [u8; 256] {
    let mut table = [255u8; 256];
    let digits = *b"0123456789abcdef";
    let mut value = 0;
    while value < digits.len() {
        table[digits[value] as usize] = value as u8;
        table[digits[value].to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    table
}

/// A dictionary in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dict<'d> {
    pub entries: Vec<(Name<'d>, Item<'d>)>,
    /// The first key that stands twice; readers differ in which value they take.
    pub duplicate: Option<Name<'d>>,
}

impl<'d> Dict<'d> {
    pub fn item(&self, key: &str) -> Option<&Item<'d>> {
        self.entries
            .iter()
            .find(|(name, _)| name.is(key.as_bytes()))
            .map(|(_, item)| item)
    }

    /// ISO 32000-1 7.3.7: an entry whose value is null is the same as no entry.
    pub fn value(&self, key: &str) -> Option<&Value<'d>> {
        match self.item(key).map(|item| &item.value) {
            None | Some(Value::Null) => None,
            found => found,
        }
    }

    /// All values, nested ones too.
    pub fn count_values(&self) -> usize {
        self.entries
            .iter()
            .map(|(_, item)| item.value.count_values())
            .sum()
    }

    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.value(key) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn name_is(&self, key: &str, plain: &str) -> bool {
        matches!(self.value(key), Some(Value::Name(name)) if name.is(plain.as_bytes()))
    }
}

impl<'d> Value<'d> {
    fn count_values(&self) -> usize {
        match self {
            Value::Array(items) => {
                items
                    .iter()
                    .map(|item| item.value.count_values())
                    .sum::<usize>()
                    + 1
            }
            Value::Dict(dict) => dict.count_values() + 1,
            _ => 1,
        }
    }

    pub fn dict(&self) -> Option<&Dict<'d>> {
        match self {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub fn array(&self) -> Option<&[Item<'d>]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn reference(&self) -> Option<ObjId> {
        match self {
            Value::Reference(id) => Some(*id),
            _ => None,
        }
    }
}
