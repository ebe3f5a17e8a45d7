//! Names that the archive and its clients give: result id, public id, idempotency key.
//!
//! # Invariants
//! * Randomness and time are arguments; the same bytes have one text, and only that text is read back.
//! * A public id says nothing about the result: it is 128 random bits and unrelated to every code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json;

/// The text is not such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdText;

impl fmt::Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier of this form")
    }
}

impl std::error::Error for IdText {}

/// ULID specification: Crockford's base 32 without I, L, O and U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// RFC 4648 6, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// 128 bits at 5 a character: 25.6, so 26.
const ID_CHARS: u32 = 26;

/// Character `n` from the left of a number that is `ID_CHARS` characters long.
fn text_of(number: u128, spare_low_bits: u32, alphabet: &[u8; 32]) -> String {
    // The top character of a ULID holds 3 bits, the last of base 32 holds 3 and two zero bits.
    (0..ID_CHARS)
        .map(|n| {
            let bits_below = 5 * (ID_CHARS - 1 - n);
            let value = if bits_below >= spare_low_bits {
                number >> (bits_below - spare_low_bits)
            } else {
                number << (spare_low_bits - bits_below)
            };
            let five = usize::try_from(value & 31).unwrap_or(0);
            alphabet.get(five).copied().map_or('0', char::from)
        })
        .collect()
}

/// The inverse of `text_of`; `None` for anything that it would not have written.
fn number_of(text: &str, spare_low_bits: u32, alphabet: &[u8; 32]) -> Option<u128> {
    if u32::try_from(text.len()).ok()? != ID_CHARS {
        return None;
    }
    let mut number = 0u128;
    for (place, byte) in text.bytes().enumerate() {
        let five = u128::try_from(alphabet.iter().position(|a| *a == byte)?).ok()?;
        let is_last = place == 25;
        number = if is_last && spare_low_bits > 0 {
            number.checked_mul(1 << (5 - spare_low_bits))? | (five >> spare_low_bits)
        } else {
            number.checked_mul(32)? | five
        };
    }
    (text_of(number, spare_low_bits, alphabet) == text).then_some(number)
}

/// A ULID: 48 bits of milliseconds since 1970, 80 random bits. Sorts by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultId(u128);

impl ResultId {
    /// `None` after the year 10889, when 48 bits of milliseconds are used up.
    pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Option<Self> {
        if unix_ms >> 48 != 0 {
            return None;
        }
        let random = random.iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
        Some(ResultId(u128::from(unix_ms) << 80 | random))
    }

    pub fn created_unix_ms(self) -> u64 {
        u64::try_from(self.0 >> 80).unwrap_or(u64::MAX)
    }

    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        ResultId(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(self.0, 0, CROCKFORD))
    }
}

impl fmt::Debug for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultId({self})")
    }
}

impl FromStr for ResultId {
    type Err = IdText;

    fn from_str(text: &str) -> Result<Self, IdText> {
        number_of(text, 0, CROCKFORD).map(ResultId).ok_or(IdText)
    }
}

/// 128 random bits that open the public page of one result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicId([u8; 16]);

impl PublicId {
    pub const fn new(random: [u8; 16]) -> Self {
        PublicId(random)
    }

    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Read from paper and typed: blanks and hyphens between groups, capitals, and the digits that
    /// base 32 does not have and that look like a letter it does have.
    pub fn from_typed(typed: &str) -> Option<Self> {
        // 26 characters and a separator after each is the longest honest form.
        if typed.len() > 64 {
            return None;
        }
        let text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c.to_ascii_lowercase() {
                '0' => 'o',
                '1' => 'l',
                '8' => 'b',
                other => other,
            })
            .collect();
        text.parse().ok()
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 4648 6: 128 bits are followed by two zero bits in the 26th character.
        f.write_str(&text_of(u128::from_be_bytes(self.0), 2, BASE32))
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicId(…)")
    }
}

impl FromStr for PublicId {
    type Err = IdText;

    fn from_str(text: &str) -> Result<Self, IdText> {
        let number = number_of(text, 2, BASE32).ok_or(IdText)?;
        Ok(PublicId(number.to_be_bytes()))
    }
}

/// What a client calls one posting, so that a repeated request is known for what it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A UUID has 36; 255 leaves room for every scheme and bounds the index key.
    pub const MAX_CHARS: usize = 255;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdText;

    /// The header is a string of RFC 8941 3.3.3 (`"…"`); the bare form that many clients send means
    /// the same key.
    fn from_str(header: &str) -> Result<Self, IdText> {
        let header = header.trim_matches([' ', '\t']);
        let key = match header.strip_prefix('"') {
            Some(rest) => quoted(rest).ok_or(IdText)?,
            None if header.chars().all(is_bare) => header.to_owned(),
            None => return Err(IdText),
        };
        if key.is_empty() || key.len() > Self::MAX_CHARS {
            return Err(IdText);
        }
        Ok(IdempotencyKey(key))
    }
}

/// Visible ASCII without what RFC 8941 uses to separate and to quote.
fn is_bare(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',' | ';')
}

/// RFC 8941 4.2.5: printable ASCII; a backslash only before a quote or another backslash.
fn quoted(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c @ ' '..='~' => key.push(c),
            _ => return None,
        }
    }
    chars.next().is_none().then_some(key)
}

macro_rules! json_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                json::to_text(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                json::from_text(deserializer)
            }
        }
    };
}

json_text!(ResultId);
json_text!(PublicId);
