//! Times and dates: UTC seconds inside, RFC 3339 in data, Vietnamese time on paper and page.
//!
//! # Invariants
//! * `UtcTime` lies in the years 1 to 9999, the range of RFC 3339 (5.6 `date-fullyear`).
//! * Nothing here asks the clock: "now" is always an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date as CivilDate, Month, OffsetDateTime};

use super::json;

/// 0001-01-01T00:00:00Z.
const FIRST_UNIX_S: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST_UNIX_S: i64 = 253_402_300_799;
/// Vietnam keeps UTC+7 all year round: 7 * 3600.
const VIETNAM_OFFSET_S: i64 = 25_200;
const DAY_S: i64 = 86_400;

/// A moment, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(i64);

/// The text is not a time or date of the expected form, or no such day exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeText;

impl UtcTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = UtcTime(0);

    pub fn from_unix_s(unix_s: i64) -> Option<Self> {
        (FIRST_UNIX_S..=LAST_UNIX_S)
            .contains(&unix_s)
            .then_some(UtcTime(unix_s))
    }

    pub const fn unix_s(self) -> i64 {
        self.0
    }

    pub fn checked_add_s(self, seconds: i64) -> Option<Self> {
        self.0.checked_add(seconds).and_then(UtcTime::from_unix_s)
    }

    /// RFC 3339 5.6 `date-time`, any offset; a fraction of a second is cut off.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeText> {
        let (date, rest) = text.split_at_checked(10).ok_or(TimeText)?;
        let date: Date = date.parse()?;
        // RFC 3339 5.6: "T" and "Z" may be lower case.
        let rest = rest.strip_prefix(['T', 't']).ok_or(TimeText)?;
        let (clock, rest) = rest.split_at_checked(8).ok_or(TimeText)?;
        let second_of_day = clock_s(clock)?;
        let offset_s = offset_s(cut_fraction(rest)?)?;
        let local = date
            .unix_day()
            .checked_mul(DAY_S)
            .and_then(|s| s.checked_add(second_of_day))
            .ok_or(TimeText)?;
        UtcTime::from_unix_s(local - offset_s).ok_or(TimeText)
    }

    /// `2026-11-24T02:15:02Z`.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }

    /// `24.11.2026 09:15:02 +07:00`, the form that signing tools in Vietnam print.
    pub fn to_vietnamese(self) -> String {
        let t = self.in_vietnam();
        format!(
            "{:02}.{:02}.{:04} {:02}:{:02}:{:02} +07:00",
            t.day(),
            u8::from(t.month()),
            t.year(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// ISO 32000-2 7.9.4: `D:20261124091502+07'00'`.
    pub fn to_pdf_date(self) -> String {
        let t = self.in_vietnam();
        format!(
            "D:{:04}{:02}{:02}{:02}{:02}{:02}+07'00'",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// The calendar day in Vietnam.
    pub fn date_in_vietnam(self) -> Date {
        Date(self.in_vietnam().date())
    }

    /// The last seven hours of the year 9999 stay in it: no such time is ever shown.
    fn in_vietnam(self) -> OffsetDateTime {
        civil((self.0 + VIETNAM_OFFSET_S).min(LAST_UNIX_S))
    }
}

/// `unix_s` is in range by the invariant of `UtcTime`, so the fallback is never taken.
fn civil(unix_s: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_s).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// RFC 3339 5.6 `partial-time` without fraction, in seconds of the day.
fn clock_s(text: &str) -> Result<i64, TimeText> {
    let mut parts = text.split(':').map(two_digits);
    let (Some(hour), Some(minute), Some(second), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TimeText);
    };
    let (hour, minute, second) = (hour?, minute?, second?);
    // RFC 3339 5.7 allows second 60 for a leap second; Unix time has no place for it, so it is the
    // last second of that minute.
    if hour > 23 || minute > 59 || second > 60 {
        return Err(TimeText);
    }
    Ok(hour * 3600 + minute * 60 + second.min(59))
}

/// RFC 3339 5.6 `time-secfrac`: "." and at least one digit.
fn cut_fraction(text: &str) -> Result<&str, TimeText> {
    let Some(rest) = text.strip_prefix('.') else {
        return Ok(text);
    };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() == rest.len() {
        return Err(TimeText);
    }
    Ok(after)
}

/// RFC 3339 5.6 `time-offset`.
fn offset_s(text: &str) -> Result<i64, TimeText> {
    if text == "Z" || text == "z" {
        return Ok(0);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(TimeText),
    };
    let (hour, minute) = digits.split_once(':').ok_or(TimeText)?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    if hour > 23 || minute > 59 {
        return Err(TimeText);
    }
    Ok(sign * (hour * 3600 + minute * 60))
}

fn two_digits(text: &str) -> Result<i64, TimeText> {
    if text.len() != 2 {
        return Err(TimeText);
    }
    digits(text)
}

fn digits(text: &str) -> Result<i64, TimeText> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TimeText);
    }
    text.parse().map_err(|_| TimeText)
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = civil(self.0);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl FromStr for UtcTime {
    type Err = TimeText;

    fn from_str(text: &str) -> Result<Self, TimeText> {
        UtcTime::parse_rfc3339(text)
    }
}

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(CivilDate);

impl Date {
    /// `None` where there is no such day, or outside the years 1 to 9999.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = Month::try_from(month).ok()?;
        if !(1..=9999).contains(&year) {
            return None;
        }
        CivilDate::from_calendar_date(year, month, day)
            .ok()
            .map(Date)
    }

    pub fn year(self) -> i32 {
        self.0.year()
    }

    pub fn month(self) -> u8 {
        u8::from(self.0.month())
    }

    pub fn day(self) -> u8 {
        self.0.day()
    }

    /// `24/11/2026`.
    pub fn to_vietnamese(self) -> String {
        format!("{:02}/{:02}/{:04}", self.day(), self.month(), self.year())
    }

    /// Midnight at the beginning of the day in Vietnam.
    pub fn start_in_vietnam(self) -> UtcTime {
        UtcTime((self.unix_day() * DAY_S - VIETNAM_OFFSET_S).max(FIRST_UNIX_S))
    }

    /// The last second of the day in Vietnam: a validity "until" a day includes that day.
    pub fn last_second_in_vietnam(self) -> UtcTime {
        UtcTime((self.unix_day() * DAY_S - VIETNAM_OFFSET_S + DAY_S - 1).max(FIRST_UNIX_S))
    }

    /// Days since 1970-01-01.
    fn unix_day(self) -> i64 {
        self.0.midnight().assume_utc().unix_timestamp() / DAY_S
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

impl FromStr for Date {
    type Err = TimeText;

    /// RFC 3339 5.6 `full-date`: exactly `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, TimeText> {
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TimeText);
        };
        if year.len() != 4 {
            return Err(TimeText);
        }
        let year = i32::try_from(digits(year)?).map_err(|_| TimeText)?;
        let month = u8::try_from(two_digits(month)?).map_err(|_| TimeText)?;
        let day = u8::try_from(two_digits(day)?).map_err(|_| TimeText)?;
        Date::from_ymd(year, month, day).ok_or(TimeText)
    }
}

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time of RFC 3339, or no such day")
    }
}

impl std::error::Error for TimeText {}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::to_text(self, serializer)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::from_text(deserializer)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::to_text(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::from_text(deserializer)
    }
}
