//! Why a source gave no usable status, each case under its own name.

use std::fmt;

use super::super::Trouble;
use crate::pki::ocsp::ResponseStatus;

/// One address that was asked in vain, or whose answer is not usable now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusFailure {
    pub url: String,
    pub cause: StatusCause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusCause {
    Wire(Trouble),
    /// Not an OCSP response, not a revocation list, not a certificate.
    Garbage(String),
    /// RFC 6960 4.2.1: the responder gives no answer now, or none to us.
    Responder(ResponseStatus),
    /// RFC 6960 4.1.1: the answer is about other certificates.
    OtherCertificate,
    /// RFC 6960 2.2: the responder does not know the certificate.
    Unknown,
    /// Signed by nobody whom the certificate's issuer lets speak.
    Stranger,
    /// Its nextUpdate is past, or its thisUpdate is to come.
    Stale {
        this_update: i64,
        next_update: Option<i64>,
    },
    /// RFC 6960 4.4.1: it answers another request.
    WrongNonce,
    /// None came back, and the settings require one.
    NoNonce,
    /// Authentic and of the right time, yet it says nothing of this certificate: a part of a list, a delta, an indirect list, a broken or
    /// weak one.
    NotUsable,
}

impl StatusCause {
    /// A word for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wire(trouble) => trouble.code(),
            Self::Garbage(_) => "garbage",
            Self::Responder(ResponseStatus::TryLater) => "try_later",
            Self::Responder(ResponseStatus::Unauthorized) => "unauthorized",
            Self::Responder(ResponseStatus::InternalError) => "internal_error",
            Self::Responder(ResponseStatus::MalformedRequest) => "malformed_request",
            Self::Responder(ResponseStatus::SigRequired) => "sig_required",
            Self::Responder(ResponseStatus::Successful | ResponseStatus::Other(_)) => "no_answer",
            Self::OtherCertificate => "other_certificate",
            Self::Unknown => "unknown",
            Self::Stranger => "stranger",
            Self::Stale { .. } => "stale",
            Self::WrongNonce => "wrong_nonce",
            Self::NoNonce => "no_nonce",
            Self::NotUsable => "not_usable",
        }
    }
}

impl From<Trouble> for StatusCause {
    fn from(trouble: Trouble) -> Self {
        Self::Wire(trouble)
    }
}

impl fmt::Display for StatusCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(trouble) => trouble.fmt(f),
            Self::Garbage(why) => write!(f, "the answer can't be read: {why}"),
            Self::Responder(status) => write!(f, "the responder gave no status: {status:?}"),
            Self::OtherCertificate => f.write_str("the answer is about another certificate"),
            Self::Unknown => f.write_str("the responder does not know the certificate"),
            Self::Stranger => {
                f.write_str("it is not signed by the certificate's issuer or in its name")
            }
            Self::Stale { .. } => f.write_str("it is past its time, or ahead of it"),
            Self::WrongNonce => f.write_str("it answers another request (nonce)"),
            Self::NoNonce => f.write_str("it carries no nonce, and one is required"),
            Self::NotUsable => f.write_str("it says nothing usable of this certificate"),
        }
    }
}

impl fmt::Display for StatusFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.url, self.cause.code(), self.cause)
    }
}
