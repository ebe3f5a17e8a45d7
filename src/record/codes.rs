//! The codes that a result carries, each with its pattern (Circular 03/2025/TT-VPCP for dossiers, the
//! national database of procedures, Decree 30/2020/ND-CP for document numbers).
//!
//! # Invariants
//! * The text inside is normalised (`normalise.rs`) and fits the pattern written at its parser.
//! * Numbers that name a person or a firm do not show in `Debug`.
//!
//! # What is not here
//! Whether a code exists: that is a question to a register, not to its form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json;
use super::normalise;
use super::office::{OfficeCode, agency, old_form};
use super::pattern::{Cursor, fits};
use super::time::Date;

/// Why a code was refused, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeProblem {
    pub code: &'static str,
}

impl CodeProblem {
    pub(super) const fn new(code: &'static str) -> Self {
        CodeProblem { code }
    }
}

impl fmt::Display for CodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl std::error::Error for CodeProblem {}

/// The traits that every code has beside its parser.
macro_rules! text_of {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                json::from_text(deserializer)
            }
        }
    };
}

/// Code of a dossier: office, day of receipt, running number of that day. The number starts again
/// every day, so only the whole code names a dossier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DossierCode {
    text: String,
    office: OfficeCode,
    day: Date,
}

text_of!(DossierCode);

impl DossierCode {
    pub fn office(&self) -> &OfficeCode {
        &self.office
    }

    pub fn day(&self) -> Date {
        self.day
    }
}

impl FromStr for DossierCode {
    type Err = CodeProblem;

    /// `^(office)-(\d{6})-(\d{4,7})$`, the six digits being a real day `yymmdd` of this century.
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given).to_ascii_uppercase();
        let (office, yymmdd) = fits(&text, |c| {
            let office = OfficeCode::take(c)?;
            c.exactly("-")?;
            let day = c.digits(6, 6)?;
            c.exactly("-")?;
            c.digits(4, 7)?;
            Some((office, day))
        })
        .ok_or(CodeProblem::new("dossier_code_pattern"))?;
        let day = day_of(yymmdd).ok_or(CodeProblem::new("dossier_code_date"))?;
        Ok(DossierCode { text, office, day })
    }
}

fn day_of(yymmdd: &str) -> Option<Date> {
    let number = |at: usize| yymmdd.get(at..at.checked_add(2)?)?.parse::<u8>().ok();
    Date::from_ymd(2000 + i32::from(number(0)?), number(2)?, number(4)?)
}

/// Code of an administrative procedure in the national database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcedureCode {
    text: String,
}

text_of!(ProcedureCode);

impl FromStr for ProcedureCode {
    type Err = CodeProblem;

    /// `^[1-9]\.\d{6}(?:\.\d{2}|\.(?:\d{3}\.\d{2}\.\d{2}\.)?[A-K]\d{2})?$`
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given).to_ascii_uppercase();
        fits(&text, |c| {
            c.one(|c| matches!(c, '1'..='9'))?;
            c.exactly(".")?;
            c.digits(6, 6)?;
            if c.is_at_end() {
                return Some(());
            }
            c.exactly(".")?;
            c.maybe(old_form)
                .or_else(|| c.maybe(agency))
                .or_else(|| c.digits(2, 2).map(|_| ()))
        })
        .ok_or(CodeProblem::new("procedure_code_pattern"))?;
        Ok(ProcedureCode { text })
    }
}

/// Code of a kind of result, such as `KQ.G15.000031` (birth certificate).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultKind {
    text: String,
}

text_of!(ResultKind);

impl FromStr for ResultKind {
    type Err = CodeProblem;

    /// `^KQ\.[A-K]\d{2}\.\d{6}$`
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given).to_ascii_uppercase();
        fits(&text, |c| {
            c.exactly("KQ.")?;
            agency(c)?;
            c.exactly(".")?;
            c.digits(6, 6)
        })
        .ok_or(CodeProblem::new("result_kind_pattern"))?;
        Ok(ResultKind { text })
    }
}

/// Number and symbol of a document ("so, ky hieu"), such as `686/STTTT-CNTT&BCVT`. It holds `/`, `&`
/// and letters outside ASCII: never part of a path or an object key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentNumber {
    text: String,
}

text_of!(DocumentNumber);

impl FromStr for DocumentNumber {
    type Err = CodeProblem;

    /// `^\d{1,11}[a-z]?/(?:\d{4}/)?[0-9A-ZĐĂÂÊÔƠƯ][0-9A-Za-zĐđĂÂÊÔƠƯ.&/-]{0,29}$`
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given);
        fits(&text, |c| {
            c.digits(1, 11)?;
            c.maybe(|c| c.one(|c| c.is_ascii_lowercase()));
            c.exactly("/")?;
            // The year may be read as a part of the symbol too; without it the symbol is longer.
            c.maybe(|c| {
                c.digits(4, 4)?;
                c.exactly("/")?;
                symbol(c)
            })
            .or_else(|| symbol(c))
        })
        .ok_or(CodeProblem::new("document_number_pattern"))?;
        Ok(DocumentNumber { text })
    }
}

fn symbol(c: &mut Cursor<'_>) -> Option<()> {
    c.one(|c| matches!(c, '0'..='9' | 'A'..='Z') || is_vietnamese_capital(c))?;
    for _ in 0..29 {
        let next = c.one(|c| {
            c.is_ascii_alphanumeric()
                || is_vietnamese_capital(c)
                || matches!(c, 'đ' | '.' | '&' | '/' | '-')
        });
        if next.is_none() {
            break;
        }
    }
    c.is_at_end().then_some(())
}

fn is_vietnamese_capital(c: char) -> bool {
    matches!(c, 'Đ' | 'Ă' | 'Â' | 'Ê' | 'Ô' | 'Ơ' | 'Ư')
}

/// Personal identification number of a citizen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonalId {
    text: String,
}

text_of!(PersonalId);

impl FromStr for PersonalId {
    type Err = CodeProblem;

    /// `^\d{12}$`
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given);
        fits(&text, |c| c.digits(12, 12)).ok_or(CodeProblem::new("personal_id_pattern"))?;
        Ok(PersonalId { text })
    }
}

/// Tax code of a firm (10 digits, 3 more for a branch) or of a person (12 digits).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxCode {
    text: String,
}

text_of!(TaxCode);

impl FromStr for TaxCode {
    type Err = CodeProblem;

    /// `^(?:\d{10}(?:-?\d{3})?|\d{12})$`; kept with the hyphen before the branch.
    fn from_str(given: &str) -> Result<Self, CodeProblem> {
        let text = normalise::code(given);
        if fits(&text, |c| c.digits(12, 12)).is_some() {
            return Ok(TaxCode { text });
        }
        let (firm, branch) = fits(&text, |c| {
            let firm = c.digits(10, 10)?;
            if c.is_at_end() {
                return Some((firm, None));
            }
            c.maybe(|c| c.exactly("-"));
            let branch = c.digits(3, 3)?;
            Some((firm, Some(branch)))
        })
        .ok_or(CodeProblem::new("tax_code_pattern"))?;
        if !check_digit_fits(firm) {
            return Err(CodeProblem::new("tax_code_check_digit"));
        }
        let text = match branch {
            Some(branch) => format!("{firm}-{branch}"),
            None => firm.to_owned(),
        };
        Ok(TaxCode { text })
    }
}

/// The tenth digit is 10 less the weighted sum of the other nine modulo 11.
fn check_digit_fits(ten_digits: &str) -> bool {
    const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
    let mut values = ten_digits.bytes().map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = WEIGHTS
        .iter()
        .zip(values.by_ref())
        .map(|(w, v)| w * v)
        .sum();
    values.next() == Some(10 - sum % 11)
}

impl fmt::Debug for PersonalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalId(…)")
    }
}

impl fmt::Debug for TaxCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaxCode(…)")
    }
}
