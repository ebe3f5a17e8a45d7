//! Why there is no token: every authority that was asked, and what was wrong with what it said.

use std::fmt;

use super::super::Trouble;
use crate::pki::tsp::{FailureInfo, Status, TokenMismatch};

/// Every authority was asked in vain: what each said, in the order of asking.
#[derive(Debug)]
pub struct TimestampFailure {
    pub tried: Vec<Attempt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub authority_url: String,
    pub cause: TimestampCause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimestampCause {
    /// It failed lately and is not asked for a while.
    PassedOver {
        retry_in_s: u64,
    },
    Wire(Trouble),
    /// The answer is not a TimeStampResp, or its token none.
    Garbage(String),
    /// RFC 3161 2.4.2: a status that is not granted.
    Refused {
        status: Status,
        failure: Option<FailureInfo>,
        texts: Vec<String>,
    },
    WrongImprint,
    WrongNonce,
    /// Not the policy asked for, or none of those accepted from this authority.
    PolicyNotAccepted {
        policy: String,
    },
    /// RFC 3161 2.4.1: the certificate was asked for and is not inside.
    NoCertificate,
    /// RFC 3161 2.3: the extended key usage is time-stamping alone, and critical.
    WrongPurpose(&'static str),
    /// The certificate is not valid at the time that the token states.
    CertificateNotValid,
    /// The token does not hold against its own certificate.
    NotSound(TokenMismatch),
    TimeOff {
        drift_s: i64,
    },
    /// On our side: no randomness, no readable credentials.
    OwnFault(String),
}

impl TimestampCause {
    /// A word for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PassedOver { .. } => "passed_over",
            Self::Wire(trouble) => trouble.code(),
            Self::Garbage(_) => "garbage",
            Self::Refused { .. } => "refused",
            Self::WrongImprint => "wrong_imprint",
            Self::WrongNonce => "wrong_nonce",
            Self::PolicyNotAccepted { .. } => "policy_not_accepted",
            Self::NoCertificate => "no_certificate",
            Self::WrongPurpose(_) => "wrong_purpose",
            Self::CertificateNotValid => "certificate_not_valid",
            Self::NotSound(_) => "not_sound",
            Self::TimeOff { .. } => "time_off",
            Self::OwnFault(_) => "own_fault",
        }
    }

    /// Whether the same authority may do better in a moment.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Wire(trouble) => trouble.may_pass(),
            // RFC 3161 2.4.2: its clock or its machine has a fault now.
            Self::Refused { failure, .. } => matches!(
                failure,
                Some(FailureInfo::TimeNotAvailable | FailureInfo::SystemFailure)
            ),
            _ => false,
        }
    }

    /// Whether it says something of the authority, and not of us or of the time that was left.
    pub(super) const fn is_the_authoritys(&self) -> bool {
        !matches!(
            self,
            Self::PassedOver { .. } | Self::OwnFault(_) | Self::Wire(Trouble::BudgetSpent)
        )
    }
}

impl From<Trouble> for TimestampCause {
    fn from(trouble: Trouble) -> Self {
        Self::Wire(trouble)
    }
}

impl From<TokenMismatch> for TimestampCause {
    fn from(mismatch: TokenMismatch) -> Self {
        match mismatch {
            TokenMismatch::Imprint => Self::WrongImprint,
            TokenMismatch::Nonce => Self::WrongNonce,
            other => Self::NotSound(other),
        }
    }
}

impl fmt::Display for TimestampCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassedOver { retry_in_s } => write!(
                f,
                "it failed lately and is passed over for another {retry_in_s} s"
            ),
            Self::Wire(trouble) => trouble.fmt(f),
            Self::Garbage(why) => write!(f, "the answer is no time-stamp response: {why}"),
            Self::Refused {
                status,
                failure,
                texts,
            } => {
                write!(f, "the authority refused: {status:?}")?;
                if let Some(failure) = failure {
                    write!(f, ", {failure:?}")?;
                }
                if !texts.is_empty() {
                    write!(f, ", {}", texts.join("; "))?;
                }
                Ok(())
            }
            Self::WrongImprint => TokenMismatch::Imprint.fmt(f),
            Self::WrongNonce => TokenMismatch::Nonce.fmt(f),
            Self::PolicyNotAccepted { policy } => {
                write!(
                    f,
                    "the token stands under policy {policy}, which is not accepted"
                )
            }
            Self::NoCertificate => {
                f.write_str("the certificate that made the token is not inside it")
            }
            Self::WrongPurpose(why) => write!(f, "its certificate may not stamp: {why}"),
            Self::CertificateNotValid => {
                f.write_str("its certificate is not valid at the token's time")
            }
            Self::NotSound(mismatch) => mismatch.fmt(f),
            Self::TimeOff { drift_s } => write!(
                f,
                "the token's time is {drift_s} s away from this machine's clock"
            ),
            Self::OwnFault(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for TimestampFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tried.is_empty() {
            return f.write_str("no time-stamping authority is configured");
        }
        for (n, attempt) in self.tried.iter().enumerate() {
            let gap = if n == 0 { "" } else { " " };
            let (url, cause) = (&attempt.authority_url, &attempt.cause);
            write!(f, "{gap}[{url}: {}: {cause}]", cause.code())?;
        }
        Ok(())
    }
}

impl std::error::Error for TimestampFailure {}
