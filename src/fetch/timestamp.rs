//! Asking RFC 3161 authorities for a token, one after the other until one answers well.
//!
//! # Invariants
//! * What is returned answers our request: imprint, nonce and policy match, and its time is near our clock.
//!
//! # What is not here
//! Whether the authority is trusted: the finished file goes through `verify::judge` before it is kept.

use super::Fetcher;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::{Imprint, Request, Response, Token};
use crate::record::{Fault, UtcTime};

/// A token with two certificates takes 4 to 7 KB; 64 KB leaves room for long chains.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug)]
pub struct TimestampToken {
    pub token: Token,
    pub authority_url: String,
}

/// Every authority was asked in vain: what each said.
#[derive(Debug)]
pub struct TimestampFailure {
    pub tried: Vec<(String, Fault)>,
}

impl std::fmt::Display for TimestampFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (url, fault) in &self.tried {
            write!(f, "[{url}: {}] ", fault.chain())?;
        }
        Ok(())
    }
}

impl std::error::Error for TimestampFailure {}

impl Fetcher {
    /// Gets a token over `imprint` (a SHA-256) from the first of `urls` that gives a good one.
    ///
    /// # Errors
    /// None of them did.
    pub fn timestamp(
        &self,
        urls: &[String],
        imprint: [u8; 32],
        nonce: [u8; 16],
        now: impl Fn() -> UtcTime,
        max_drift_s: i64,
    ) -> Result<TimestampToken, TimestampFailure> {
        // EN 319 122-1 5.3 needs the authority's certificate inside the token: `new` asks for it.
        let imprint = Imprint {
            digest: DigestAlgorithm::Sha256,
            hash: imprint.to_vec(),
        };
        let request = Request::new(imprint, Some(&nonce));
        let body = request.to_der();
        let mut tried = Vec::new();
        for url in urls {
            match self.ask(url, &request, &body, &now, max_drift_s) {
                Ok(token) => return Ok(token),
                Err(fault) => tried.push((url.clone(), fault)),
            }
        }
        Err(TimestampFailure { tried })
    }

    fn ask(
        &self,
        url: &str,
        request: &Request,
        body: &[u8],
        now: &impl Fn() -> UtcTime,
        max_drift_s: i64,
    ) -> Result<TimestampToken, Fault> {
        let answer = self.post(
            &self.authorities,
            url,
            "application/timestamp-query",
            body,
            ANSWER_MAX_BYTES,
        )?;
        let response = Response::parse(&answer)
            .map_err(|e| Fault::new("reading the time-stamp response", e))?;
        let Some(der) = response.token else {
            return Err(Fault::plain(format!(
                "the authority refused: {:?} {:?} {}",
                response.status,
                response.failure,
                response.texts.join("; ")
            )));
        };
        let token =
            Token::parse(&der).map_err(|e| Fault::new("reading the time-stamp token", e))?;
        // RFC 3161 2.4.2: the requester checks imprint, nonce and policy.
        token
            .answers(request)
            .map_err(|e| Fault::new("comparing the token with what was asked", e))?;
        let drift = token.info.gen_time_s - now().unix_s();
        if drift.abs() > max_drift_s {
            return Err(Fault::plain(format!(
                "the token's time is {drift} s away from this machine's clock"
            )));
        }
        Ok(TimestampToken {
            token,
            authority_url: url.to_owned(),
        })
    }
}
