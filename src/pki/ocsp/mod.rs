//! Online certificate status (RFC 6960; nonce by RFC 8954): requests, responses, and making both.
//!
//! # Invariants
//! * A response says nothing until its signature has been checked under a key whose right to answer somebody else has judged.
//! * A certificate is matched by all of issuer name, issuer key and serial number, under the hash the response uses.

mod draft;
mod id;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use draft::{Answer, Draft, failure};
pub use id::CertId;
pub use request::Request;
pub(in crate::pki) use response::wrap;
pub use response::{
    BasicResponse, CertStatus, ResponderId, Response, ResponseStatus, SingleResponse,
};

/// Most certificates asked about or answered for in one message; a batch of a whole path has about ten.
const MAX_SINGLES: usize = 256;
