//! A length of time as the declaration writes it: `-1d`, `+20y`, `+12h`.
//!
//! # Invariants
//! The sign is never left out: a time relative to the clock must say on which side of it it lies.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// A year here is 365 days: nobody counts birthdays by a throw-away certificate.
const YEAR_S: i64 = 365 * DAY_S;
/// Keeps every sum with a clock of this century inside the years that X.509 can write.
const SPAN_MAX_S: i64 = 100 * YEAR_S;

/// Seconds before (negative) or after the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    seconds: i64,
}

impl Span {
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("-", rest) => (-1_i64, rest),
            ("+", rest) => (1, rest),
            _ => return None,
        };
        let unit_at = rest.len().checked_sub(1)?;
        let (number, unit) = rest.split_at_checked(unit_at)?;
        let unit_s = match unit {
            "h" => HOUR_S,
            "d" => DAY_S,
            "y" => YEAR_S,
            _ => return None,
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds = number.parse::<i64>().ok()?.checked_mul(unit_s)?;
        (seconds <= SPAN_MAX_S).then_some(Self {
            seconds: sign * seconds,
        })
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a sign, a number and h, d or y, at most a hundred years, such as \"-1d\"",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
