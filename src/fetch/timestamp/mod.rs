//! Asking RFC 3161 authorities for a token: in order of preference, with what is known of each one's health, until one answers well.
//!
//! # Contents
//! * `pool.rs`: which authority is asked when; `health.rs`: how long a failing one is passed over.
//! * `check.rs`: whether an answer is the answer to the request; `cause.rs`: every way in which it may not be.
//!
//! # Invariants
//! * What is returned answers our request: imprint, nonce and policy match, its own certificate made it and may, and its time is near
//!   our clock.
//! * Every request has a nonce of its own.
//!
//! # What is not here
//! Whether the authority is trusted: the finished file goes through `verify::judge` before it is kept.

mod cause;
mod check;
mod health;
mod pool;
#[cfg(test)]
mod tests;

pub use cause::{Attempt, TimestampCause, TimestampFailure};
pub use health::{Standing, TsaHealth};

pub(super) use pool::Pool;

use std::time::Instant;

use super::wire::{Bounds, Budget};
use super::{Authority, Fetcher};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::{Imprint, Request, Response, Token};
use crate::record::UtcTime;

/// A token with two certificates takes 4 to 7 KB; 64 KB leaves room for long chains.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;
/// RFC 3161 2.4.1: large enough not to repeat; 64 bits are usual, some authorities refuse more than 160.
const NONCE_BYTES: usize = 16;

#[derive(Debug)]
pub struct TimestampToken {
    pub token: Token,
    pub authority_url: String,
}

impl Fetcher {
    /// Gets a token over `imprint` (a SHA-256) from the first authority of the pool that gives a good one.
    ///
    /// # Errors
    /// None did: what each said.
    pub fn timestamp(
        &self,
        imprint: [u8; 32],
        now: impl Fn() -> UtcTime,
    ) -> Result<TimestampToken, TimestampFailure> {
        self.pool.token(|authority, budget| {
            let begun = Instant::now();
            let answered = self.ask(authority, imprint, &now, budget);
            let outcome = answered
                .as_ref()
                .map_or_else(TimestampCause::code, |_| "granted");
            note(authority, outcome, begun);
            answered
        })
    }

    /// How the authorities have been answering, in the order of preference; nothing is asked.
    #[must_use]
    pub fn tsa_health(&self) -> Vec<TsaHealth> {
        self.pool.health(Instant::now())
    }

    fn ask(
        &self,
        authority: &Authority,
        imprint: [u8; 32],
        now: &impl Fn() -> UtcTime,
        budget: Budget,
    ) -> Result<TimestampToken, TimestampCause> {
        let mut nonce = [0; NONCE_BYTES];
        openssl::rand::rand_bytes(&mut nonce)
            .map_err(|e| TimestampCause::OwnFault(format!("drawing a nonce: {e}")))?;
        // EN 319 122-1 5.3 needs the authority's certificate inside the token: `new` asks for it.
        let mut request = Request::new(
            Imprint {
                digest: DigestAlgorithm::Sha256,
                hash: imprint.to_vec(),
            },
            Some(&nonce),
        );
        // RFC 3161 2.4.1: with one acceptable policy it is asked for; of several, whichever the authority takes.
        if let [policy] = authority.policies.as_slice() {
            request.policy = Some(policy.clone());
        }
        let credentials = authority
            .credentials_file
            .as_deref()
            .map(super::credentials::basic)
            .transpose()
            .map_err(TimestampCause::OwnFault)?;
        let mut headers = vec![("content-type", "application/timestamp-query")];
        if let Some(value) = &credentials {
            headers.push(("authorization", value));
        }
        let bounds = Bounds {
            budget,
            timeout_ms: authority.timeout_ms.unwrap_or(self.settings.timeout_ms),
            limit_bytes: ANSWER_MAX_BYTES,
        };
        let answer = self.post(
            &self.authorities,
            &authority.url,
            &headers,
            &request.to_der(),
            bounds,
        )?;
        let response =
            Response::parse(&answer).map_err(|e| TimestampCause::Garbage(e.to_string()))?;
        let Some(der) = response.token else {
            return Err(TimestampCause::Refused {
                status: response.status,
                failure: response.failure,
                texts: response.texts,
            });
        };
        let token = Token::parse(&der).map_err(|e| TimestampCause::Garbage(e.to_string()))?;
        let expected = check::Expected {
            request: &request,
            policies: &authority.policies,
            now_s: now().unix_s(),
            max_drift_s: self.settings.timestamp.max_drift_s,
        };
        expected.check(&token)?;
        Ok(TimestampToken {
            token,
            authority_url: authority.url.clone(),
        })
    }
}

/// `tsa` is host and port: addresses may carry more than a label should.
fn note(authority: &Authority, outcome: &'static str, begun: Instant) {
    let tsa = super::host_and_port(&authority.url).unwrap_or_default();
    metrics::histogram!("antin_tsa_request_duration_seconds", "tsa" => tsa.clone())
        .record(begun.elapsed().as_secs_f64());
    metrics::counter!("antin_tsa_requests_total", "tsa" => tsa, "outcome" => outcome).increment(1);
}
