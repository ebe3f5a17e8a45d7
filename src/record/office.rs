//! An office: the agency whose seal stands on a result, under its code of the national list
//! (Decision 20/2020/QD-TTg as amended by 09/2025; older data: QCVN 102:2016).
//!
//! # Invariants
//! * A code is in one of the two forms, in capitals, at most 35 characters.
//!
//! # What is not here
//! The table of aliases between old and new codes: it is dated data, not a rule of form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::codes::CodeProblem;
use super::json;
use super::normalise;
use super::pattern::{Cursor, fits};

/// Decision 20/2020/QD-TTg, article 4: at most 35 characters.
const OFFICE_CODE_MAX_CHARS: usize = 35;

/// Level of administration. District offices exist in data up to 2025-06-30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Province,
    District,
    Commune,
}

impl Level {
    pub const ALL: [Level; 3] = [Level::Province, Level::District, Level::Commune];

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Province => "province",
            Level::District => "district",
            Level::Commune => "commune",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = CodeProblem;

    fn from_str(text: &str) -> Result<Self, CodeProblem> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(CodeProblem::new("level_unknown"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfficeCode(String);

impl OfficeCode {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// QCVN 102:2016: reversed, 13 characters, such as `000.00.53.H48`.
    pub fn is_old_form(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Takes a code from the front of a longer one.
    pub(super) fn take(cursor: &mut Cursor<'_>) -> Option<OfficeCode> {
        let whole = cursor.rest();
        if cursor.maybe(new_form).is_none() {
            cursor.maybe(old_form)?;
        }
        let taken = whole.len().checked_sub(cursor.rest().len())?;
        let text = whole.get(..taken)?;
        (text.len() <= OFFICE_CODE_MAX_CHARS).then(|| OfficeCode(text.to_owned()))
    }
}

/// `[A-K]\d{2}(?:\.\d{1,4}){0,6}`
fn new_form(c: &mut Cursor<'_>) -> Option<()> {
    agency(c)?;
    for _ in 0..6 {
        if c.maybe(|c| c.exactly(".").and_then(|()| c.digits(1, 4)))
            .is_none()
        {
            break;
        }
    }
    Some(())
}

/// `\d{3}\.\d{2}\.\d{2}\.[A-K]\d{2}`
pub(super) fn old_form(c: &mut Cursor<'_>) -> Option<()> {
    c.digits(3, 3)?;
    c.exactly(".")?;
    c.digits(2, 2)?;
    c.exactly(".")?;
    c.digits(2, 2)?;
    c.exactly(".")?;
    agency(c)
}

/// `[A-K]\d{2}`: the first level of the list.
pub(super) fn agency(c: &mut Cursor<'_>) -> Option<()> {
    c.one(|c| matches!(c, 'A'..='K'))?;
    c.digits(2, 2).map(|_| ())
}

impl FromStr for OfficeCode {
    type Err = CodeProblem;

    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given).to_ascii_uppercase();
        fits(&text, OfficeCode::take).ok_or(CodeProblem::new("office_code_pattern"))
    }
}

impl fmt::Display for OfficeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for OfficeCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OfficeCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::from_text(deserializer)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    pub code: OfficeCode,
    /// As people know it, in Vietnamese.
    pub name: String,
    pub level: Level,
}
