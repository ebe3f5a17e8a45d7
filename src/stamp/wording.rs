//! The lines that each form prints, in Vietnamese as the decree words them.
//!
//! Decree 30/2020/ND-CP, appendix I, section II (form of copy, agency, time; number and symbol, time) and article 14.
//!
//! # Invariants
//! * Lines are in Unicode form C, without control characters, and of bounded length.

use super::facts::Facts;
use super::refusal::StampRefusal;
use super::request::{Form, TimeStyle};
use crate::record::UtcTime;
use unicode_normalization::UnicodeNormalization;

/// The longest names of agencies stay under 150 letters.
const MAX_LETTERS: usize = 300;

pub(crate) fn lines(
    form: Form,
    style: TimeStyle,
    facts: &Facts<'_>,
) -> Result<Vec<String>, StampRefusal> {
    let signed_at = format!("Thời gian ký: {}", time_text(facts.signed_at, style));
    let agency = || clean("agency", facts.agency);
    let mut lines = match form {
        Form::Person => return Ok(Vec::new()),
        Form::Agency => vec![agency()?],
        Form::Copy(kind) => vec![kind.words().to_owned(), agency()?],
        Form::Annex => {
            let symbol = clean("symbol", required("symbol", facts.symbol)?)?;
            vec![format!("Số: {symbol}")]
        }
        Form::Info => info(facts)?,
    };
    lines.push(signed_at);
    Ok(lines)
}

fn info(facts: &Facts<'_>) -> Result<Vec<String>, StampRefusal> {
    let mut lines = Vec::new();
    if let Some(signer) = facts.signer {
        lines.push(format!("Người ký: {}", clean("signer", signer)?));
    }
    if let Some(email) = facts.email {
        lines.push(format!("Email: {}", clean("email", email)?));
    }
    lines.push(format!("Cơ quan: {}", clean("agency", facts.agency)?));
    Ok(lines)
}

pub(crate) fn required<'a>(
    what: &'static str,
    fact: Option<&'a str>,
) -> Result<&'a str, StampRefusal> {
    fact.filter(|text| !text.trim().is_empty())
        .ok_or(StampRefusal::FactMissing { what })
}

/// The shown time is Vietnam's, with its offset.
fn time_text(at: UtcTime, style: TimeStyle) -> String {
    let shown = at.to_vietnamese();
    match style {
        TimeStyle::Vn => shown,
        TimeStyle::Iso => iso(&shown).unwrap_or(shown),
    }
}

/// `24.11.2026 09:15:02 +07:00` as `2026-11-24T09:15:02+07:00` (ISO 8601-1 5.4.2.1, extended format).
fn iso(shown: &str) -> Option<String> {
    let mut parts = shown.split(' ');
    let (date, clock, offset) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.split('.');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    Some(format!("{year}-{month}-{day}T{clock}{offset}"))
}

/// One line in form C; blanks of every kind become one space.
pub(crate) fn clean(what: &'static str, text: &str) -> Result<String, StampRefusal> {
    let text: String = text.nfc().take(MAX_LETTERS + 1).collect();
    if text.chars().count() > MAX_LETTERS {
        return Err(StampRefusal::FactTooLong { what });
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return Err(StampRefusal::FactMissing { what });
    }
    Ok(words.join(" "))
}
