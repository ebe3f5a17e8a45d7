//! What can be wrong with a key, as values: the source of the fault that a key gives, so that callers and tests can tell them apart.
//!
//! # Invariants
//! * Each says in words what is wrong and what to do; none holds a secret.

use std::fmt;
use std::path::PathBuf;

use crate::pki::crypto::VerifyFailure;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFailure {
    /// Others can read the file.
    OpenToOthers { file: PathBuf, mode: u32 },
    /// The password does not open the key.
    PasswordWrong,
    /// An encrypted key, and no password was named.
    PasswordNeeded,
    /// The file is protected with algorithms that the library here does not have.
    LegacyUnavailable,
    /// There is no certificate for the key where it was looked for.
    CertificateMissing,
    /// The certificate was issued for another key.
    CertificateOfAnotherKey,
    /// The signature that came back is not one over what was sent.
    SignatureDoesNotVerify(VerifyFailure),
    /// The token refused the PIN. It is not tried a second time.
    PinWrong,
    /// The token takes no PIN any more.
    PinLocked,
    /// One more wrong PIN would lock the token: none is tried.
    PinFinalTry,
    /// No token of this name is plugged in.
    TokenAbsent,
    /// The token has gone, and did not come back for the second try.
    TokenGone,
    /// The token has no such private key, or more than one.
    KeysFound(usize),
    /// The token can't do what the algorithm needs.
    MechanismMissing(&'static str),
    /// All sessions were in use for too long.
    Busy,
    /// The remote service refused.
    Remote(RemoteRefusal),
    /// What the remote service sent is not what its interface says.
    RemoteAnswer(&'static str),
    /// The remote service wants something that a program can't give.
    RemoteNeeds(&'static str),
    /// Nobody approved the signature in time.
    NotApproved { waited_s: u64 },
    /// The address is not https.
    PlainHttp,
}

/// An error answer of a Cloud Signature Consortium service, in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRefusal {
    pub method: &'static str,
    pub status: u16,
    /// `invalid_request`, `invalid_hash`, …; empty where the answer was no error object.
    pub error: String,
    pub description: String,
}

impl fmt::Display for KeyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers { file, mode } => write!(
                f,
                "{} can be read by others (mode {mode:03o}); run: chmod 600 on it",
                file.display()
            ),
            Self::PasswordWrong => f.write_str("the password does not open the key; correct its file"),
            Self::PasswordNeeded => f.write_str(
                "the key is encrypted and no password is named; give password_file or password_credential",
            ),
            Self::LegacyUnavailable => f.write_str(
                "the file is protected with RC2 or another algorithm that this OpenSSL lacks; write it anew with `openssl pkcs12 -export`, or install OpenSSL's legacy provider",
            ),
            Self::CertificateMissing => f.write_str(
                "there is no certificate for this key; name a certificate_file with the key's certificate first, then its issuers",
            ),
            Self::CertificateOfAnotherKey => f.write_str(
                "the key does not belong to the certificate; put the certificate first that was issued for this key",
            ),
            Self::SignatureDoesNotVerify(why) => write!(
                f,
                "the signature does not verify under the certificate ({why}); it was not used. Key and certificate may not belong together, or the signer is broken"
            ),
            Self::PinWrong => f.write_str(
                "the token refused the PIN; it was tried once and will not be tried again until the PIN file changes",
            ),
            Self::PinLocked => f.write_str("the token is locked after wrong PINs; unlock it with its maker's tool"),
            Self::PinFinalTry => f.write_str(
                "one more wrong PIN would lock the token, so none was tried; log in once with its maker's tool, which resets the count",
            ),
            Self::TokenAbsent => f.write_str("no such token is plugged in; check its label or serial, and the module"),
            Self::TokenGone => f.write_str("the token has gone; plug it in again"),
            Self::KeysFound(0) => f.write_str("the token has no such private key; check its label or id"),
            Self::KeysFound(count) => write!(
                f,
                "the token has {count} private keys of this name; name the one by its id"
            ),
            Self::MechanismMissing(name) => write!(
                f,
                "the token does not offer {name}; choose another signature or digest for this key"
            ),
            Self::Busy => f.write_str("all sessions of the token were in use for too long; raise `sessions`, or send less at once"),
            Self::Remote(refusal) => refusal.fmt(f),
            Self::RemoteAnswer(what) => write!(f, "the signing service's answer can't be used: {what}"),
            Self::RemoteNeeds(what) => write!(f, "the signing service asks for what this program can't give: {what}"),
            Self::NotApproved { waited_s } => write!(
                f,
                "nobody approved the signature within {waited_s} s; approve it in the signing service's app, then try again"
            ),
            Self::PlainHttp => f.write_str(
                "the address is not https: a signing service is asked over TLS, or at a loopback or private address that is listed under plain_http",
            ),
        }
    }
}

impl std::error::Error for KeyFailure {}

impl fmt::Display for RemoteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the signing service refused {} (status {}, {}): {}; {}",
            self.method,
            self.status,
            if self.error.is_empty() {
                "no error code"
            } else {
                &self.error
            },
            if self.description.is_empty() {
                "no description"
            } else {
                &self.description
            },
            self.remedy()
        )
    }
}

impl RemoteRefusal {
    /// CSC API 10.1 and RFC 6749 5.2 name the codes.
    fn remedy(&self) -> &'static str {
        match (self.status, self.error.as_str()) {
            (_, "invalid_client" | "unauthorized_client") => {
                "check client_id and its secret with the service"
            }
            (401, _) | (_, "invalid_token" | "expired_token") => {
                "the access was taken back or has run out; check the client's registration with the service"
            }
            (_, "invalid_scope" | "access_denied" | "unsupported_grant_type") => {
                "the service does not allow this client to sign with this credential"
            }
            (
                _,
                "invalid_pin"
                | "invalid_otp"
                | "invalid_authentication_data"
                | "authentication_error",
            ) => "the PIN was sent once and will not be sent again until its file changes",
            (_, "invalid_hash") => "the authorization does not cover this hash; nothing was signed",
            (429 | 500..=599, _) | (_, "server_error" | "temporarily_unavailable") => {
                "the service is busy or out of order; try again later"
            }
            (404, _) => "check that the address ends in /csc/v2",
            _ => "ask the service what is wrong with the request",
        }
    }

    /// Worth a second try after a pause: nothing was decided.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504) || self.error == "temporarily_unavailable"
    }

    pub(super) fn is_about_the_token(&self) -> bool {
        // RFC 6750 3.1: a 401 without an error object asks for a token.
        (self.status == 401 && self.error.is_empty()) || self.says_the_token_ended()
    }

    pub(super) fn says_the_token_ended(&self) -> bool {
        matches!(self.error.as_str(), "invalid_token" | "expired_token")
    }

    /// Whether a request that carried a PIN may have been counted as a wrong one: anything that was refused, unless it is plainly
    /// about something else.
    pub(super) fn may_be_about_the_pin(&self) -> bool {
        self.is_about_the_pin()
            || ((400..500).contains(&self.status)
                && self.status != 429
                && !self.says_the_token_ended())
    }

    pub(super) fn is_about_the_pin(&self) -> bool {
        matches!(
            self.error.as_str(),
            "invalid_pin" | "invalid_authentication_data" | "authentication_error"
        )
    }

    /// CSC API 11.11: all of these are `invalid_request`, told apart by the description only.
    pub(super) fn is_about_the_sad(&self) -> bool {
        self.status == 400
            && self.description.to_ascii_lowercase().contains("sad")
            && !self
                .description
                .to_ascii_lowercase()
                .contains("hash is not authorized")
    }
}
