//! UTCTime and GeneralizedTime (X.690 11.7, 11.8; RFC 5280 4.1.2.5) to and from Unix seconds.
//!
//! # Invariants
//! * Only the DER forms are read: seconds present, `Z` at the end. Fractions are accepted where the caller says so (RFC 3161 2.4.2).

use super::{Tlv, tag, write};

const DAY_S: i64 = 86_400;

/// UTCTime or GeneralizedTime without fractions, as RFC 5280 4.1.2.5 wants them.
pub fn unix_seconds(tlv: Tlv<'_>) -> Option<i64> {
    match tlv.tag {
        tag::UTC_TIME => utc_time(tlv.content),
        tag::GENERALIZED_TIME => match generalized_time(tlv.content)? {
            (seconds, 0) => Some(seconds),
            _ => None,
        },
        _ => None,
    }
}

/// `YYMMDDhhmmssZ`; RFC 5280 4.1.2.5.1: years 50 to 99 are 19xx, 00 to 49 are 20xx.
pub fn utc_time(content: &[u8]) -> Option<i64> {
    let (year, rest) = digits(content, 2)?;
    let year = if year >= 50 { 1900 + year } else { 2000 + year };
    match after_year(year, rest)? {
        (seconds, b"Z") => Some(seconds),
        _ => None,
    }
}

/// `YYYYMMDDhhmmss[.f…]Z` as seconds and nanoseconds; digits beyond the ninth are cut off.
pub fn generalized_time(content: &[u8]) -> Option<(i64, u32)> {
    let (year, rest) = digits(content, 4)?;
    let (seconds, rest) = after_year(year, rest)?;
    match rest.split_first()? {
        (b'Z', []) => Some((seconds, 0)),
        (b'.', fraction) => {
            let (b'Z', fraction) = fraction.split_last()? else {
                return None;
            };
            if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let nanos = fraction
                .iter()
                .chain(std::iter::repeat(&b'0'))
                .take(9)
                .fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
            Some((seconds, nanos))
        }
        _ => None,
    }
}

/// RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on (and before 1950).
pub fn encode(unix_s: i64) -> Vec<u8> {
    let (year, ..) = civil(unix_s);
    if (1950..2050).contains(&year) {
        let text = text(unix_s);
        write::element(tag::UTC_TIME, text.as_bytes().get(2..).unwrap_or_default())
    } else {
        encode_generalized(unix_s)
    }
}

/// GeneralizedTime without fractions.
pub fn encode_generalized(unix_s: i64) -> Vec<u8> {
    write::element(tag::GENERALIZED_TIME, text(unix_s).as_bytes())
}

/// GeneralizedTime with the fraction DER wants: no trailing zeros, none at all where it is zero (X.690 11.7.3).
pub fn encode_generalized_nanos(unix_s: i64, nanos: u32) -> Vec<u8> {
    if nanos == 0 {
        return encode_generalized(unix_s);
    }
    let whole = text(unix_s);
    let fraction = format!("{:09}", nanos.min(999_999_999));
    let with_fraction = format!(
        "{}.{}Z",
        whole.trim_end_matches('Z'),
        fraction.trim_end_matches('0')
    );
    write::element(tag::GENERALIZED_TIME, with_fraction.as_bytes())
}

fn text(unix_s: i64) -> String {
    let (year, month, day, second_of_day) = civil(unix_s);
    // Four digits hold the years 0 to 9999: what lies outside is written as the nearer end.
    let (year, month, day, second_of_day) = match year {
        ..0 => (0, 1, 1, 0),
        10_000.. => (9999, 12, 31, DAY_S - 1),
        _ => (year, month, day, second_of_day),
    };
    format!(
        "{year:04}{month:02}{day:02}{:02}{:02}{:02}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

fn after_year(year: i64, rest: &[u8]) -> Option<(i64, &[u8])> {
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some((days * DAY_S + hour * 3600 + minute * 60 + second, rest))
}

fn digits(bytes: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = bytes.split_at_checked(count)?;
    let value = head.iter().try_fold(0_i64, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })?;
    Some((value, rest))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from 1 March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = (month + 9) % 12;
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // 719,468 days lie between 0000-03-01 and 1970-01-01; an era of 400 years has 146,097.
    era * 146_097 + day_of_era - 719_468
}

/// Year, month, day and second of the day.
fn civil(unix_s: i64) -> (i64, i64, i64, i64) {
    let days = unix_s.div_euclid(DAY_S) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, unix_s.rem_euclid(DAY_S))
}
