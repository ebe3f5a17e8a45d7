//! May we call: an OAuth 2.0 access token by client credentials (RFC 6749 4.4, CSC API 8.4), kept until shortly before it expires.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::messages::AccessToken;
use super::settings::OAuthClient;
use super::unusable;
use crate::record::Fault;

/// CSC API 8.4.4: a token without a time holds an hour.
const DEFAULT_S: u64 = 3_600;
/// Taken off a token's life: the request that carries it has to arrive. At most a tenth of it, for short ones.
const MARGIN_S: u64 = 30;

pub(super) struct Access {
    client: OAuthClient,
    url: String,
    token: Mutex<Option<(String, Instant)>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Access {
    pub fn new(client: &OAuthClient, url: String) -> Self {
        Self {
            client: client.clone(),
            url,
            token: Mutex::new(None),
        }
    }

    /// The token, from the last time where it still holds. One at a time asks for a new one; the others wait for it.
    pub fn token(
        &self,
        ask: impl FnOnce(&str, &str) -> Result<AccessToken, Fault>,
    ) -> Result<String, Fault> {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = &*kept
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        *kept = None;
        let secret = self.client.secret.read()?;
        let form = form(&[
            ("grant_type", "client_credentials"),
            ("scope", "service"),
            ("client_id", &self.client.id),
            ("client_secret", &secret),
        ]);
        let answer = ask(&self.url, &form)?;
        // RFC 6749 7.1: a token of a type that is not known must not be used; RFC 6750 names this one, without case.
        if !answer.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unusable("an access token that is no bearer token"));
        }
        let is_header_text = |b: u8| b.is_ascii_graphic();
        if answer.access_token.is_empty() || !answer.access_token.bytes().all(is_header_text) {
            return Err(unusable(
                "an access token of other characters than RFC 6750 allows",
            ));
        }
        let life_s = answer.expires_in.unwrap_or(DEFAULT_S);
        let until = Instant::now() + Duration::from_secs(usable_s(life_s));
        *kept = Some((answer.access_token.clone(), until));
        Ok(answer.access_token)
    }

    /// The service does not take this token any more.
    pub fn forget(&self, token: &str) {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take_if(|(known, _)| known == token);
    }
}

/// Less a margin, and never more than a day: a wrong figure must not make the sum overflow.
pub(super) fn usable_s(life_s: u64) -> u64 {
    let life_s = life_s.min(86_400);
    life_s - MARGIN_S.min(life_s / 10)
}

/// application/x-www-form-urlencoded (RFC 6749 appendix B).
fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                    text.push(char::from(byte));
                }
                b' ' => text.push('+'),
                other => text.push_str(&format!("%{other:02X}")),
            }
        }
    }
    text
}
