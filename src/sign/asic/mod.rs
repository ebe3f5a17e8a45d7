//! Making ASiC-E containers with CAdES over many files, and raising them (ETSI EN 319 162-1 V1.1.1 4.4, A.4, A.7).
//!
//! The way: files -> manifest -> [`ToBeSigned`] -> `Signature` (keys) -> [`Signed`] -> [`Package`]; an existing container -> [`Existing`] ->
//! time-stamp, validation data -> [`ToBeStamped`] -> archive manifest with its token (LTA), and again for its renewal.
//!
//! # Invariants
//! * A signature is over the manifest; the manifest has the SHA-256 of every data file.
//! * No file of a container changes when it is raised but the signature that gains attributes. Once an archive manifest holds its digest, no
//!   signature changes at all: validation data then goes into the newest token, which nothing covers yet (A.7).
//!
//! # What is not here
//! Containers with XAdES; evidence records.

mod extend;
mod prepare;

pub use extend::{Existing, ToBeStamped, open};
pub use prepare::{DataFile, Package, Request, Signed, ToBeSigned, prepare};

use std::fmt;

use super::cades;
use crate::asic;

/// The digest of references.
const SHA256_METHOD: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// A.4: media types of what manifests refer to.
const MIME_CADES: &str = "application/pkcs7-signature";
const MIME_TOKEN: &str = "application/vnd.etsi.timestamp-token";
const MIME_XML: &str = "text/xml";

/// Why no container comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing to sign.
    NoFiles,
    /// A data file whose name belongs to the container itself (`mimetype`, `META-INF/…`).
    ReservedName(String),
    Unwritable(asic::Unwritable),
    Unreadable(asic::Refusal),
    /// Not an ASiC-E container with CAdES.
    NotAsicE,
    /// Other than one CAdES signature.
    Signatures(usize),
    /// A manifest that can't be read, is absent, or has another digest than the file it names.
    Manifest(String),
    Cades(cades::Refusal),
    /// A token that can't be read, or stamps something else.
    Token,
}

impl Refusal {
    /// Stable, for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoFiles => "asic-no-files",
            Self::ReservedName(_) => "asic-reserved-name",
            Self::Unwritable(_) => "asic-unwritable",
            Self::Unreadable(refusal) => refusal.code(),
            Self::NotAsicE => "asic-not-asic-e",
            Self::Signatures(_) => "asic-signatures",
            Self::Manifest(_) => "asic-manifest",
            Self::Cades(refusal) => refusal.code(),
            Self::Token => "asic-token",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFiles => f.write_str("no file was given; give at least one"),
            Self::ReservedName(name) => write!(
                f,
                "the name {name:?} belongs to the container itself; give the file another"
            ),
            Self::Unwritable(why) => why.fmt(f),
            Self::Unreadable(why) => write!(f, "the container can't be read: {why}"),
            Self::NotAsicE => f.write_str("this is no ASiC-E container with CAdES"),
            Self::Signatures(count) => write!(
                f,
                "the container has {count} signatures; only one with exactly one can be extended"
            ),
            Self::Manifest(why) => write!(f, "a manifest does not hold: {why}"),
            Self::Cades(why) => why.fmt(f),
            Self::Token => f.write_str("the time-stamp token stamps something else"),
        }
    }
}

impl std::error::Error for Refusal {}

fn reference(name: &str, mime_type: Option<&str>, bytes: &[u8], is_root: Root) -> asic::Reference {
    asic::Reference {
        name: name.to_owned(),
        mime_type: mime_type.map(str::to_owned),
        is_root: is_root == Root::Yes,
        digest_method: SHA256_METHOD.to_owned(),
        digest: crate::pki::digest::sha256(bytes).to_vec(),
    }
}

/// The attribute Rootfile of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Yes,
    No,
}
