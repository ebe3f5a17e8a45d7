//! The files the pages refer to, part of the binary: nothing is fetched, nothing is read from disk.

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

impl Asset {
    /// RFC 9110 8.8.3: a strong entity tag, from the bytes themselves.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"sha256-{}\"", crate::record::sha256(self.bytes))
    }
}

/// The asset under `/assets/{name}`.
#[must_use]
pub fn asset(name: &str) -> Option<Asset> {
    let (content_type, bytes): (&'static str, &'static [u8]) = match name {
        "antin.css" => (
            "text/css; charset=utf-8",
            include_bytes!("../../../web/assets/antin.css"),
        ),
        "check.js" => (
            "text/javascript; charset=utf-8",
            include_bytes!("../../../web/assets/check.js"),
        ),
        "favicon.svg" => (
            "image/svg+xml",
            include_bytes!("../../../web/assets/favicon.svg"),
        ),
        "logo.svg" => (
            "image/svg+xml",
            include_bytes!("../../../web/assets/logo.svg"),
        ),
        _ => return None,
    };
    Some(Asset {
        content_type,
        bytes,
    })
}
