//! Tokens to values: ISO 32000-1 7.3, and the frame of an indirect object (7.3.10).
//!
//! # Invariants
//! * Depth and number of values are bounded; the parser never goes back more than one pair of numbers.

use super::Limits;
use super::lexer::Lexer;
use super::object::{Dict, Item, Name, ObjId, Value};
use super::refusal::Refusal;

/// Reads values out of one buffer.
pub(crate) struct Parser<'d> {
    pub lexer: Lexer<'d>,
    depth_left: usize,
    values_left: usize,
}

impl<'d> Parser<'d> {
    pub fn new(bytes: &'d [u8], at: usize, limits: &Limits) -> Self {
        Parser {
            lexer: Lexer::new(bytes, at),
            depth_left: limits.max_depth,
            values_left: limits.max_values,
        }
    }

    /// `n g obj` at exactly this place.
    pub fn header(&mut self) -> Option<ObjId> {
        let number = u32::try_from(self.lexer.digits()?).ok()?;
        self.lexer.skip_space();
        let generation = u16::try_from(self.lexer.digits()?).ok()?;
        self.lexer.skip_space();
        // `obj` may be followed by the value without a space: `1 0 obj<<`.
        self.lexer
            .keyword("obj")
            .then_some(ObjId { number, generation })
    }

    /// The next value, leading white space skipped.
    pub fn item(&mut self) -> Result<Item<'d>, Refusal> {
        self.lexer.skip_space();
        let start = self.lexer.at;
        self.values_left = self.values_left.checked_sub(1).ok_or(Refusal::OverBudget {
            what: "values in one object",
        })?;
        let value = match self.lexer.peek() {
            None => return Err(self.lexer.broken("the file ends inside an object")),
            Some(b'/') => Value::Name(self.name()),
            Some(b'(') => Value::Text(self.lexer.literal_string()?),
            Some(b'<') if self.lexer.rest().starts_with(b"<<") => {
                Value::Dict(self.nested(Self::dict)?)
            }
            Some(b'<') => Value::Text(self.lexer.hex_string()?),
            Some(b'[') => Value::Array(self.nested(Self::array)?),
            Some(b'0'..=b'9') => self.number_or_reference()?,
            Some(b'+' | b'-' | b'.') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Item {
            value,
            span: start..self.lexer.at,
        })
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(Refusal::OverBudget {
            what: "nesting of values",
        })?;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn name(&mut self) -> Name<'d> {
        self.lexer.at += 1;
        Name(self.lexer.regular())
    }

    fn array(&mut self) -> Result<Vec<Item<'d>>, Refusal> {
        self.lexer.at += 1;
        let mut items = Vec::new();
        loop {
            self.lexer.skip_space();
            if self.lexer.peek() == Some(b']') {
                self.lexer.at += 1;
                return Ok(items);
            }
            items.push(self.item()?);
        }
    }

    fn dict(&mut self) -> Result<Dict<'d>, Refusal> {
        self.lexer.at += 2;
        let mut entries = Vec::new();
        loop {
            self.lexer.skip_space();
            match self.lexer.peek() {
                Some(b'/') => {
                    let key = self.name();
                    entries.push((key, self.item()?));
                }
                Some(b'>') if self.lexer.rest().starts_with(b">>") => {
                    self.lexer.at += 2;
                    let duplicate = duplicate_key(&entries);
                    return Ok(Dict { entries, duplicate });
                }
                _ => {
                    return Err(self
                        .lexer
                        .broken("a dictionary holds something that is not a key"));
                }
            }
        }
    }

    /// ISO 32000-1 7.3.3.
    fn number(&mut self) -> Result<Value<'d>, Refusal> {
        let start = self.lexer.at;
        let token = self.lexer.regular();
        let digits = match token {
            [b'+' | b'-', rest @ ..] => rest,
            _ => token,
        };
        let points = digits.iter().filter(|byte| **byte == b'.').count();
        let figures = digits.iter().filter(|byte| byte.is_ascii_digit()).count();
        if figures == 0 || points > 1 || figures + points != digits.len() {
            return Err(Refusal::broken("a malformed number", start));
        }
        let whole = (points == 0)
            .then(|| std::str::from_utf8(token).ok()?.parse::<i64>().ok())
            .flatten();
        Ok(whole.map_or(Value::Real(token), Value::Integer))
    }

    fn number_or_reference(&mut self) -> Result<Value<'d>, Refusal> {
        let start = self.lexer.at;
        if let Some(id) = self.reference() {
            return Ok(Value::Reference(id));
        }
        self.lexer.at = start;
        self.number()
    }

    fn reference(&mut self) -> Option<ObjId> {
        let number = u32::try_from(self.lexer.digits()?).ok()?;
        self.lexer.skip_space();
        let generation = u16::try_from(self.lexer.digits()?).ok()?;
        self.lexer.skip_space();
        self.lexer
            .keyword("R")
            .then_some(ObjId { number, generation })
    }

    fn word(&mut self) -> Result<Value<'d>, Refusal> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.lexer.keyword(word) {
                return Ok(value);
            }
        }
        Err(self
            .lexer
            .broken("an unknown word where a value should stand"))
    }
}

/// Few keys are compared pairwise, many are sorted first: a hostile dictionary must not cost n^2.
fn duplicate_key<'d>(entries: &[(Name<'d>, Item<'d>)]) -> Option<Name<'d>> {
    if entries.len() <= 24 {
        return entries.iter().enumerate().find_map(|(index, (key, _))| {
            let earlier = entries.get(..index)?;
            earlier
                .iter()
                .any(|(other, _)| other == key)
                .then_some(*key)
        });
    }
    let mut keys: Vec<(Vec<u8>, Name<'d>)> = entries
        .iter()
        .map(|(key, _)| (key.decoded().collect(), *key))
        .collect();
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    keys.windows(2).find_map(|pair| match pair {
        [(a, key), (b, _)] if a == b => Some(*key),
        _ => None,
    })
}
