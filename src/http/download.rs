//! Giving out stored bytes: strong ETag, conditional and range requests (RFC 9110 13 and 14), digests (RFC 9530).
//!
//! # Invariants
//! * The bytes are never encoded or transformed.

use std::ops::Range;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::context::header_text;
use super::problem::Problem;
use crate::record::Digest;

pub(super) struct Representation {
    pub sha256: Digest,
    pub bytes: u64,
    pub content_type: &'static str,
    pub file_name: String,
}

/// What the request asks for of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    NotModified,
    Whole,
    Part(Range<u64>),
}

impl Representation {
    pub fn etag(&self) -> String {
        format!("\"sha256-{}\"", self.sha256)
    }

    pub fn wanted(&self, request: &HttpRequest) -> Result<Wanted, Problem> {
        let etag = self.etag();
        if let Some(list) = header_text(request, "if-match")
            && !lists_strongly(list, &etag)
        {
            return Err(Problem::new(412, "precondition_failed"));
        }
        if header_text(request, "if-none-match").is_some_and(|list| lists(list, &etag)) {
            return Ok(Wanted::NotModified);
        }
        // RFC 9110 14.2: Range is defined for GET only.
        if *request.method() != actix_web::http::Method::GET {
            return Ok(Wanted::Whole);
        }
        let Some(range) = header_text(request, "range") else {
            return Ok(Wanted::Whole);
        };
        // RFC 9110 13.1.5: If-Range compares strongly; anything else than our ETag means the whole.
        if header_text(request, "if-range").is_some_and(|tag| tag.trim() != etag) {
            return Ok(Wanted::Whole);
        }
        match parse_range(range, self.bytes) {
            Parsed::Ignore => Ok(Wanted::Whole),
            Parsed::Part(part) => Ok(Wanted::Part(part)),
            Parsed::Unsatisfiable => Err(Problem::new(416, "range_not_satisfiable")
                .header("content-range", format!("bytes */{}", self.bytes))),
        }
    }

    /// The response; `body` is what `wanted` asked for.
    pub fn respond(&self, wanted: &Wanted, body: Vec<u8>) -> HttpResponse {
        let status = match wanted {
            Wanted::NotModified => StatusCode::NOT_MODIFIED,
            Wanted::Whole => StatusCode::OK,
            Wanted::Part(_) => StatusCode::PARTIAL_CONTENT,
        };
        let mut response = HttpResponse::build(status);
        response
            .insert_header(("etag", self.etag()))
            .insert_header(("accept-ranges", "bytes"))
            .insert_header(("cache-control", "private, no-transform"))
            .insert_header((
                "repr-digest",
                format!("sha-256=:{}:", self.sha256.to_base64()),
            ));
        if *wanted == Wanted::NotModified {
            return response.finish();
        }
        response
            .insert_header(("content-type", self.content_type))
            .insert_header(("content-encoding", "identity"))
            .insert_header(("content-disposition", disposition(&self.file_name)))
            // RFC 9530 2: over the content of this very message.
            .insert_header((
                "content-digest",
                format!("sha-256=:{}:", crate::record::sha256(&body).to_base64()),
            ));
        if let Wanted::Part(part) = wanted {
            let last = part.end.saturating_sub(1);
            response.insert_header((
                "content-range",
                format!("bytes {}-{last}/{}", part.start, self.bytes),
            ));
        }
        response.body(body)
    }
}

/// RFC 9110 13.1.1: If-Match compares strongly.
fn lists_strongly(header: &str, etag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|t| t == "*" || t == etag)
}

/// RFC 9110 13.1.2: If-None-Match compares weakly.
fn lists(header: &str, etag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|t| t == "*" || t == etag || t.strip_prefix("W/") == Some(etag))
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Ignore,
    Part(Range<u64>),
    Unsatisfiable,
}

/// RFC 9110 14.1.2; several ranges or another unit are ignored, as 14.2 allows.
fn parse_range(header: &str, bytes: u64) -> Parsed {
    let Some(spec) = header.trim().strip_prefix("bytes=") else {
        return Parsed::Ignore;
    };
    if spec.contains(',') {
        return Parsed::Ignore;
    }
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Parsed::Ignore;
    };
    let number = |text: &str| -> Option<u64> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => return Parsed::Ignore,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(bytes),
        (Some(first), None) if last.is_empty() => first..bytes,
        (None, Some(0)) if first.is_empty() => return Parsed::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => bytes.saturating_sub(suffix)..bytes,
        _ => return Parsed::Ignore,
    };
    if range.start >= bytes {
        Parsed::Unsatisfiable
    } else {
        Parsed::Part(range)
    }
}

/// RFC 6266 with the UTF-8 name in RFC 8187 form, and an ASCII fallback.
fn disposition(name: &str) -> String {
    let fallback: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') {
                c
            } else {
                '_'
            }
        })
        .collect();
    // RFC 8187 3.2.1: attr-char stands as it is, every other octet is percent-encoded.
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'!'
            | b'#'
            | b'$'
            | b'&'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::{Parsed, disposition, parse_range};

    #[track_caller]
    fn check(header: &str, expected: Parsed) {
        assert_eq!(parse_range(header, 100), expected, "{header}");
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        check("bytes=0-9", Parsed::Part(0..10));
        check("bytes=90-", Parsed::Part(90..100));
        check("bytes=-10", Parsed::Part(90..100));
        check("bytes=-1000", Parsed::Part(0..100));
        check("bytes=0-1000", Parsed::Part(0..100));
        check("bytes=100-", Parsed::Unsatisfiable);
        check("bytes=-0", Parsed::Unsatisfiable);
        check("bytes=5-2", Parsed::Ignore);
        check("bytes=0-1,5-6", Parsed::Ignore);
        check("lines=0-1", Parsed::Ignore);
        check("bytes=x-1", Parsed::Ignore);
    }

    #[test]
    fn names_in_vietnamese_are_percent_encoded_with_a_fallback() {
        assert_eq!(
            disposition("12-QĐ.pdf"),
            "attachment; filename=\"12-Q_.pdf\"; filename*=UTF-8''12-Q%C4%90.pdf"
        );
    }
}
