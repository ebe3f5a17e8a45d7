//! JSON (RFC 8259) read without losing anything, and written in one way only (RFC 8785).
//!
//! # Invariants
//! * `Node` keeps every member of an object in order, so that a name given twice is seen and not
//!   silently dropped (RFC 8259 4 leaves the meaning of duplicates open).
//! * Nesting is limited by the reader of `serde_json` (128 levels); the size by the caller.

use std::fmt;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serializer};

/// One JSON value as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    /// Kept as text: no field of ours is a number, so its value is never needed.
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The whole of `bytes` as one JSON value; the error is the parser's own sentence.
    pub fn parse(bytes: &[u8]) -> Result<Node, String> {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }

    /// A short form of the value, to be shown back to who sent it.
    pub fn shown(&self) -> String {
        match self {
            Node::Null => "null".to_owned(),
            Node::Bool(true) => "true".to_owned(),
            Node::Bool(false) => "false".to_owned(),
            Node::Number(text) | Node::Text(text) => text.clone(),
            Node::Array(_) => "[…]".to_owned(),
            Node::Object(_) => "{…}".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element()? {
            out.push(item);
        }
        Ok(Node::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut out = Vec::new();
        while let Some(member) = members.next_entry()? {
            out.push(member);
        }
        Ok(Node::Object(out))
    }
}

/// RFC 6901 3: `~` and `/` inside a name are written `~0` and `~1`.
pub fn pointer(parent: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("{parent}/{name}")
}

/// RFC 8785 3.2.2.2: a string with the fewest escapes.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes `"name":"text"` and the comma before it where one is due.
pub fn write_member(out: &mut String, name: &str, text: &str) {
    write_name(out, name);
    write_text(out, text);
}

/// Writes `"name":` and the comma before it where one is due.
pub fn write_name(out: &mut String, name: &str) {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(',');
    }
    write_text(out, name);
    out.push(':');
}

/// `Deserialize` for values whose JSON form is the text that their `FromStr` reads.
pub fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr,
    T::Err: Display,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// `Serialize` for values whose JSON form is their `Display`.
pub fn to_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
