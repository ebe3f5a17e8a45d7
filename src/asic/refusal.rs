//! Why a file is not taken for a container.

use std::fmt;

use super::NameFault;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No end of a central directory where it must be: not a ZIP file, or bytes follow it.
    NoDirectory,
    /// More than the limits allow; which one.
    OverLimit(&'static str),
    /// A form of ZIP that no container needs: several volumes, ZIP64, encryption, other compressions.
    NotSupported(&'static str),
    /// Bytes that belong to no file: before the first, between two, or before the directory.
    StrayBytes {
        at: usize,
    },
    /// A header is cut off or has no signature of its own.
    Truncated,
    /// The header beside the file and the one in the directory say different things.
    HeadersDisagree {
        name: String,
        what: &'static str,
    },
    Name {
        name: String,
        fault: NameFault,
    },
    /// Two files under one name, or under names that some file systems take for one.
    DoubledName {
        name: String,
    },
    /// The packed bytes do not give what was announced (length, checksum).
    BadData {
        name: String,
    },
    /// `mimetype` is not the first file, is packed, or has extra fields (EN 319 162-1 A.1).
    Mimetype(&'static str),
}

impl Refusal {
    /// Stable, for clients and reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoDirectory => "container-no-directory",
            Self::OverLimit(_) => "container-over-limit",
            Self::NotSupported(_) => "container-not-supported",
            Self::StrayBytes { .. } => "container-stray-bytes",
            Self::Truncated => "container-truncated",
            Self::HeadersDisagree { .. } => "container-headers-disagree",
            Self::Name { .. } => "container-name",
            Self::DoubledName { .. } => "container-doubled-name",
            Self::BadData { .. } => "container-bad-data",
            Self::Mimetype(_) => "container-mimetype",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory => f.write_str("it does not end as a ZIP file ends"),
            Self::OverLimit(what) => write!(f, "it holds too much: {what}"),
            Self::NotSupported(what) => write!(f, "it uses what containers do without: {what}"),
            Self::StrayBytes { at } => write!(f, "bytes at {at} belong to no file in it"),
            Self::Truncated => f.write_str("a header in it is cut off"),
            Self::HeadersDisagree { name, what } => {
                write!(f, "the two headers of {name:?} disagree about its {what}")
            }
            Self::Name { name, fault } => write!(f, "the name {name:?} can't be taken: {fault}"),
            Self::DoubledName { name } => write!(f, "two files share the name {name:?}"),
            Self::BadData { name } => write!(f, "{name:?} does not unpack to what was announced"),
            Self::Mimetype(what) => write!(f, "its mimetype is not as it must be: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
