//! What every handler needs of a request: language, request id, host, bearer key.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::pages::{Frame, Site};
use super::problem::Problem;
use crate::i18n::Lang;

pub(super) struct Context {
    pub lang: Lang,
    pub request_id: String,
    path: String,
    host: String,
    site: Site,
}

impl Context {
    pub fn of(request: &HttpRequest, site: Site) -> Self {
        let query = query_value(request.query_string(), "lang");
        let accepted = header_text(request, header::ACCEPT_LANGUAGE.as_str());
        Self {
            lang: Lang::choose(query.as_deref(), accepted),
            request_id: request_id(),
            path: request.path().to_owned(),
            host: header_text(request, header::HOST.as_str())
                .unwrap_or_default()
                .to_owned(),
            site,
        }
    }

    /// For pages: Vietnamese first, English by the switch only (many phones here announce English).
    pub fn of_page(request: &HttpRequest, site: Site) -> Self {
        let query = query_value(request.query_string(), "lang");
        Self {
            lang: Lang::choose(query.as_deref(), None),
            ..Self::of(request, site)
        }
    }

    pub fn frame(&self) -> Frame {
        Frame::new(self.lang, self.path.clone(), self.host.clone(), self.site)
    }
}

fn request_id() -> String {
    let mut bytes = [0u8; 8];
    // An id without randomness is still an id; it names a request in the log and protects nothing.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(super) fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// RFC 6750 2.1: the key of `Authorization: Bearer KEY`; the scheme is case-insensitive (RFC 9110 11.1).
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let text = header_text(request, header::AUTHORIZATION.as_str())?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// One value of the query, percent-decoded.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(query).ok()?;
    pairs
        .into_inner()
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The length a client announced, for refusing early.
pub(super) fn announced_bytes(request: &HttpRequest) -> Option<u64> {
    header_text(request, header::CONTENT_LENGTH.as_str())?
        .parse()
        .ok()
}

/// RFC 9530 2: the SHA-256 that the client says its content has.
pub(super) fn content_digest(
    request: &HttpRequest,
) -> Result<Option<crate::record::Digest>, Problem> {
    let Some(text) = header_text(request, "content-digest") else {
        return Ok(None);
    };
    for member in text.split(',') {
        if let Some(value) = member
            .trim()
            .strip_prefix("sha-256=:")
            .and_then(|v| v.strip_suffix(':'))
        {
            return crate::record::Digest::from_base64(value)
                .map(Some)
                .map_err(|_| Problem::new(400, "content_digest_mismatch"));
        }
    }
    Ok(None)
}
