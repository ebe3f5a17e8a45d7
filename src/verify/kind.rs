//! What a file is, by its content: which validation it gets, or that it gets none.

use crate::asic::{MIME_ASIC_E, MIME_ASIC_S};
use crate::pki::oid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    /// A CMS SignedData: a CAdES signature, or an RFC 3161 time-stamp token.
    Cms,
    /// A container with signatures.
    Asic,
    /// XML with a signature in it: not supported.
    Xades,
    /// A JSON web signature: not supported.
    Jades,
    Unknown,
}

/// ISO 32000-2 7.5.2 wants the header at the very beginning; readers look for it in the first 1,024 bytes.
const PDF_HEADER_WITHIN: usize = 1_024;
/// A signature element may stand far inside; more than this is not looked through.
const TEXT_WITHIN: usize = 1 << 20;

#[must_use]
pub fn kind(bytes: &[u8]) -> Kind {
    let head = |length: usize| bytes.get(..length.min(bytes.len())).unwrap_or_default();
    if bytes.starts_with(b"PK\x03\x04") {
        return if is_container(bytes) {
            Kind::Asic
        } else {
            Kind::Unknown
        };
    }
    // RFC 5652 3: SEQUENCE, then the identifier of signed-data; BER may write the length in up to five octets.
    if bytes.first() == Some(&0x30) && holds(head(32), oid::ID_SIGNED_DATA) {
        return Kind::Cms;
    }
    if holds(head(PDF_HEADER_WITHIN), b"%PDF-") {
        return Kind::Pdf;
    }
    let text = head(TEXT_WITHIN);
    let text = text
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(text)
        .trim_ascii_start();
    match text.first() {
        Some(b'<') if holds(text, b"http://www.w3.org/2000/09/xmldsig#") => Kind::Xades,
        // RFC 7515 7.2: the JSON serialisations; 7.1: the compact one.
        Some(b'{') if holds(text, b"\"payload\"") && holds(text, b"\"signature") => Kind::Jades,
        Some(b'e') if is_compact_jws(text) => Kind::Jades,
        _ => Kind::Unknown,
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// EN 319 162-1 A.1: the media type stands uncompressed at a fixed place; without it the names in META-INF tell.
fn is_container(bytes: &[u8]) -> bool {
    let declared = bytes.get(30..).unwrap_or_default();
    let says = |mime: &str| {
        declared
            .strip_prefix(b"mimetype")
            .is_some_and(|rest| rest.starts_with(mime.as_bytes()))
    };
    says(MIME_ASIC_E)
        || says(MIME_ASIC_S)
        || holds(bytes, b"META-INF/") && (holds(bytes, b".p7s") || holds(bytes, b".tst"))
        || holds(bytes, b"META-INF/signatures") && holds(bytes, b".xml")
}

/// Three runs of base64url, the first of a JSON object (`{"` gives `eyJ`).
fn is_compact_jws(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let is_url_safe = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let parts: Vec<&[u8]> = text.splitn(4, |b| *b == b'.').collect();
    text.starts_with(b"eyJ") && parts.len() == 3 && parts.iter().all(|p| p.iter().all(is_url_safe))
}
