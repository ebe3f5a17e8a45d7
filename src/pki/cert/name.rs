//! Distinguished names (X.501; RFC 5280 4.1.2.4, 7.1; RFC 4514 for display).
//!
//! # Invariants
//! * `raw()` is what came in and goes into hashes and CMS; comparison goes by `canonical()`, where the kind of string, letter case and
//!   the number of blanks make no difference.
//!
//! # What is not here
//! Unicode normalisation (RFC 4518): two names that differ only in composed and decomposed letters do not match. Issuers copy their name's
//! octets into what they sign, so this does not occur in practice.

use std::fmt;
use std::fmt::Write as _;

use super::super::Malformed;
use super::super::der::{Reader, tag};
use super::super::oid::{self, ObjectId};

const WHAT: &str = "Name";

/// One type and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAttribute {
    pub kind: ObjectId,
    /// The text, where the value is a string of a known kind and well formed.
    pub text: Option<String>,
    /// The value's encoding.
    pub raw: Box<[u8]>,
}

#[derive(Clone)]
pub struct Name {
    raw: Box<[u8]>,
    /// Relative distinguished names in encoded order.
    rdns: Vec<Vec<NameAttribute>>,
    canonical: Box<[u8]>,
}

impl Name {
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der);
        let name = Self::read(&mut reader)?;
        reader.finish(WHAT)?;
        Ok(name)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let whole = reader.read(tag::SEQUENCE, WHAT)?;
        let mut sequence = whole.reader();
        let mut rdns = Vec::new();
        while !sequence.is_empty() {
            let mut set = sequence.read(tag::SET, WHAT)?.reader();
            let mut attributes = Vec::with_capacity(1);
            while !set.is_empty() {
                attributes.push(read_attribute(&mut set)?);
            }
            rdns.push(attributes);
        }
        let canonical = canonical(&rdns).into();
        Ok(Self {
            raw: whole.raw.into(),
            rdns,
            canonical,
        })
    }

    /// The encoding, tag and length included.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn rdns(&self) -> &[Vec<NameAttribute>] {
        &self.rdns
    }

    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// RFC 5280 7.1.
    pub fn matches(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }

    /// Equal for names that match; a key for look-up tables.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Texts of all attributes of one kind, in encoded order.
    pub fn values<'a>(&'a self, kind: &'a [u8]) -> impl Iterator<Item = &'a str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |attribute| attribute.kind == *kind)
            .filter_map(|attribute| attribute.text.as_deref())
    }

    /// The last, most specific, common name.
    pub fn common_name(&self) -> Option<&str> {
        self.values(oid::AT_COMMON_NAME).last()
    }

    pub fn organization(&self) -> Option<&str> {
        self.values(oid::AT_ORGANIZATION).last()
    }

    /// All UID values: where Vietnamese certificates carry tax code and identity number.
    pub fn user_ids(&self) -> impl Iterator<Item = &str> {
        self.values(oid::AT_USER_ID)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// RFC 4514 2: the last relative name first.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (index, attribute) in rdn.iter().enumerate() {
                if index > 0 {
                    f.write_str("+")?;
                }
                match (short_name(attribute.kind.body()), &attribute.text) {
                    (Some(short), Some(text)) => write!(f, "{short}={}", escape(text))?,
                    (None, Some(text)) => write!(f, "{}={}", attribute.kind, escape(text))?,
                    (_, None) => {
                        // RFC 4514 2.4: what is no string is shown as its encoding.
                        write!(f, "{}=#", attribute.kind)?;
                        for byte in &attribute.raw {
                            write!(f, "{byte:02x}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The short names of RFC 4514 3, and the ones in common use for the rest.
fn short_name(kind: &[u8]) -> Option<&'static str> {
    const NAMES: &[(&[u8], &str)] = &[
        (oid::AT_COMMON_NAME, "CN"),
        (oid::AT_ORGANIZATION, "O"),
        (oid::AT_ORGANIZATIONAL_UNIT, "OU"),
        (oid::AT_COUNTRY, "C"),
        (oid::AT_LOCALITY, "L"),
        (oid::AT_STATE, "ST"),
        (oid::AT_STREET, "STREET"),
        (oid::AT_DOMAIN_COMPONENT, "DC"),
        (oid::AT_USER_ID, "UID"),
        (oid::AT_SERIAL_NUMBER, "serialNumber"),
        (oid::AT_ORGANIZATION_IDENTIFIER, "organizationIdentifier"),
        (oid::AT_TITLE, "title"),
        (oid::AT_SURNAME, "SN"),
        (oid::AT_GIVEN_NAME, "givenName"),
        (oid::AT_EMAIL_ADDRESS, "emailAddress"),
    ];
    NAMES
        .iter()
        .find(|(body, _)| *body == kind)
        .map(|(_, short)| *short)
}

/// RFC 4514 2.4; control characters too are written as octets, so that a name cannot break a line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        let at_edge =
            (character == ' ' && (index == 0 || index == last)) || (character == '#' && index == 0);
        if at_edge || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            out.push('\\');
            out.push(character);
        } else if character.is_control() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "\\{byte:02x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

fn read_attribute(set: &mut Reader<'_>) -> Result<NameAttribute, Malformed> {
    const ATTRIBUTE: &str = "AttributeTypeAndValue";
    let mut fields = set.sequence(ATTRIBUTE)?;
    let kind = ObjectId::from_body(fields.oid(ATTRIBUTE)?)?;
    let value = fields.any(ATTRIBUTE)?;
    fields.finish(ATTRIBUTE)?;
    Ok(NameAttribute {
        kind,
        text: decode_string(value.tag, value.content),
        raw: value.raw.into(),
    })
}

/// The text of an ASN.1 string (X.680 41), where its octets are well formed.
pub(crate) fn decode_string(string_tag: u8, content: &[u8]) -> Option<String> {
    match string_tag {
        tag::UTF8_STRING => String::from_utf8(content.to_vec()).ok(),
        tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING | tag::VISIBLE_STRING => {
            // Issuers put UTF-8 into these too; plain ASCII is a part of it.
            String::from_utf8(content.to_vec()).ok()
        }
        // T.61 as everybody uses it: Latin-1.
        tag::TELETEX_STRING => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING => {
            let (units, []) = content.as_chunks::<2>() else {
                return None;
            };
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<String, _>>()
                .ok()
        }
        tag::UNIVERSAL_STRING => {
            let (points, []) = content.as_chunks::<4>() else {
                return None;
            };
            points
                .iter()
                .map(|point| char::from_u32(u32::from_be_bytes(*point)))
                .collect()
        }
        _ => None,
    }
}

/// Per relative name its attributes in sorted order, each as identifier and folded text, with lengths before the parts so that no two
/// different names run together to the same octets.
fn canonical(rdns: &[Vec<NameAttribute>]) -> Vec<u8> {
    let mut out = Vec::new();
    for rdn in rdns {
        let mut parts: Vec<Vec<u8>> = rdn.iter().map(canonical_attribute).collect();
        parts.sort_unstable();
        push_length(&mut out, parts.len());
        for part in parts {
            push_length(&mut out, part.len());
            out.extend_from_slice(&part);
        }
    }
    out
}

fn canonical_attribute(attribute: &NameAttribute) -> Vec<u8> {
    let mut part = Vec::new();
    push_length(&mut part, attribute.kind.body().len());
    part.extend_from_slice(attribute.kind.body());
    match &attribute.text {
        None => part.extend_from_slice(&attribute.raw),
        Some(text) => {
            // A mark that no encoding begins with: tag 0 is reserved.
            part.push(0);
            for (index, word) in text.split_whitespace().enumerate() {
                if index > 0 {
                    part.push(b' ');
                }
                part.extend_from_slice(word.to_lowercase().as_bytes());
            }
        }
    }
    part
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&length.to_be_bytes());
}
