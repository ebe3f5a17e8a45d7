//! What can go wrong on the way to an answer, each under its own name.

use std::fmt;

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The address guard refused: private, loopback or reserved, and not listed.
    AddressRefused,
    /// It answered with a redirect that is not followed; where to.
    Redirect(String),
    /// No connection: name not found, refused, no route.
    Unreachable(String),
    /// Too slow in connecting, answering, or sending the rest.
    TimedOut,
    /// The connection ended in the middle.
    CutOff,
    /// Any status but the one hoped for.
    Status(u16),
    TooLarge {
        limit_bytes: u64,
    },
    /// Nobody whom this machine trusts vouches for the server, or TLS failed otherwise.
    Tls(String),
    /// Not HTTP.
    Protocol(String),
    /// Nothing of the time for the whole was left.
    BudgetSpent,
}

impl Trouble {
    /// A word for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AddressRefused => "address_refused",
            Self::Redirect(_) => "redirect_refused",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
            Self::CutOff => "cut_off",
            Self::Status(_) => "http_status",
            Self::TooLarge { .. } => "too_large",
            Self::Tls(_) => "tls",
            Self::Protocol(_) => "protocol",
            Self::BudgetSpent => "budget_spent",
        }
    }

    /// Whether asking again shortly may help.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::CutOff => true,
            // RFC 9110 15.5.9, 15.6; RFC 6585 4.
            Self::Status(status) => matches!(*status, 408 | 429 | 500..=599),
            Self::AddressRefused
            | Self::Redirect(_)
            | Self::TooLarge { .. }
            | Self::Tls(_)
            | Self::Protocol(_)
            | Self::BudgetSpent => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressRefused => f.write_str(super::guard::REFUSED),
            Self::Redirect(to) => write!(f, "it redirects to {to}, which is not followed"),
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::TimedOut => f.write_str("no whole answer in time"),
            Self::CutOff => f.write_str("the connection ended in the middle of the answer"),
            Self::Status(status) => write!(f, "it answered with HTTP status {status}"),
            Self::TooLarge { limit_bytes } => {
                write!(f, "the answer is larger than {limit_bytes} bytes")
            }
            Self::Tls(why) => write!(f, "no trustworthy TLS connection: {why}"),
            Self::Protocol(why) => write!(f, "the answer is not sound HTTP: {why}"),
            Self::BudgetSpent => f.write_str("no time was left for it"),
        }
    }
}

impl std::error::Error for Trouble {}
