//! The time a signer claims: /M of the dictionary (ISO 32000-2 7.9.4) or the CMS signing-time (RFC 5652 11.3).

use crate::record::UtcTime;

/// `D:YYYYMMDDHHmmSSOHH'mm'`, with everything after the year optional, to Unix time.
pub(super) fn parse_pdf_date(text: &str) -> Option<UtcTime> {
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits: Vec<i64> = text
        .bytes()
        .take_while(u8::is_ascii_digit)
        .map(|b| i64::from(b - b'0'))
        .collect();
    let number = |from: usize, len: usize| -> Option<i64> {
        let slice = digits.get(from..from + len)?;
        Some(slice.iter().fold(0, |n, d| n * 10 + d))
    };
    let year = number(0, 4)?;
    // ISO 32000-2 7.9.4: absent parts have their lowest value.
    let month = number(4, 2).unwrap_or(1);
    let day = number(6, 2).unwrap_or(1);
    let (hour, minute, second) = (
        number(8, 2).unwrap_or(0),
        number(10, 2).unwrap_or(0),
        number(12, 2).unwrap_or(0),
    );
    let offset = offset(text.get(digits.len()..).unwrap_or_default());
    UtcTime::parse_rfc3339(&format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"
    ))
    .ok()
}

fn offset(text: &str) -> String {
    let sign = match text.chars().next() {
        Some(sign @ ('+' | '-')) => sign,
        _ => return "Z".into(),
    };
    let parts: Vec<&str> = text.get(1..).unwrap_or_default().split('\'').collect();
    let two = |i: usize| {
        parts
            .get(i)
            .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
            .copied()
            .unwrap_or("00")
    };
    format!("{sign}{}:{}", two(0), two(1))
}

#[cfg(test)]
mod tests {
    use super::parse_pdf_date;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            parse_pdf_date(text).map(|t| t.to_rfc3339()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn pdf_dates_are_read_with_and_without_their_optional_parts() {
        check("D:20261124091502+07'00'", Some("2026-11-24T02:15:02Z"));
        check("D:20261124091502+07'00", Some("2026-11-24T02:15:02Z"));
        check("D:20261124091502Z", Some("2026-11-24T09:15:02Z"));
        check("D:2026", Some("2026-01-01T00:00:00Z"));
        check("20261124091502-05'30'", Some("2026-11-24T14:45:02Z"));
        check("D:20261324", None);
        check("yesterday", None);
    }
}
