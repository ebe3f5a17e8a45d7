//! Time-stamps: the protocol and its tokens (RFC 3161, RFC 5816).
//!
//! # Contents
//! * [`Request`] and [`Response`]: asking and answering.
//! * [`TstInfo`]: what a token states; [`Token`]: the signed statement; [`TokenDraft`]: making one.
//!
//! # Invariants
//! * A token is believed about nothing until its imprint has been compared and its signature checked; both are separate calls, each of which
//!   can fail.

mod info;
mod request;
mod response;
mod token;

#[cfg(test)]
mod tests;

pub use info::{Accuracy, TstInfo};
pub use request::{Imprint, Request};
pub use response::{FailureInfo, Response, Status, granted, rejection};
pub use token::{Token, TokenDraft, TokenMismatch};

use super::Malformed;

/// Nonces and serial numbers: RFC 3161 2.4.2 asks for up to 160 bits; twice that is read.
const MAX_INTEGER_BYTES: usize = 40;

fn bounded(integer: &[u8], what: &'static str) -> Result<Vec<u8>, Malformed> {
    if integer.len() > MAX_INTEGER_BYTES {
        return Err(Malformed::new(what));
    }
    Ok(integer.to_vec())
}
