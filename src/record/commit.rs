//! What a leaf commits to without showing it: sixteen fields of a result, each under its own key, under
//! one Merkle root (RFC 6962 2.1), so that any choice of them can be opened later.
//!
//! ```text
//! K    = HMAC-SHA256(D, "kql1/leaf" || u64 n)     D: the dossier's secret, n: the leaf's number in it
//! k_i  = HMAC-SHA256(K, "kql1/field" || u8 i)
//! c_i  = HMAC-SHA256(k_i, u8 i || value_i)        an absent field is an empty value
//! commit = Merkle root over 16 leaves "kql1/f" || u8 i || c_i
//! ```
//!
//! # Invariants
//! * Keys are 32 bytes always, so that HMAC's padding of short keys (RFC 2104 2) cannot make two keys one.
//! * Destroying D ends every opening of the dossier; leaf, tree and proofs stay valid.
//! * `Debug` of a key or of values shows nothing of them.
//!
//! # What is not here
//! Showing some fields to somebody: `opening.rs`.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::digest::{Digest, leaf_hash, node_hash};

pub const FIELD_COUNT: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Of the exact signed file.
    FileSha256,
    FileSha512,
    /// See `media_type_value`.
    MediaType,
    ProcedureCode,
    AgencyCode,
    DossierCode,
    Step,
    /// RFC 3339, UTC.
    SigningTime,
    /// SHA-256 of each signing certificate, concatenated.
    SigningCertificates,
    /// SHA-256 of the RFC 3161 token.
    TimestampToken,
    Aip,
    Retention,
    /// Commit of the dossier's leaf before this one: a private chain.
    PreviousCommit,
    FileBlake3,
    Reserved14,
    Reserved15,
}

impl Field {
    pub const ALL: [Field; FIELD_COUNT] = [
        Field::FileSha256,
        Field::FileSha512,
        Field::MediaType,
        Field::ProcedureCode,
        Field::AgencyCode,
        Field::DossierCode,
        Field::Step,
        Field::SigningTime,
        Field::SigningCertificates,
        Field::TimestampToken,
        Field::Aip,
        Field::Retention,
        Field::PreviousCommit,
        Field::FileBlake3,
        Field::Reserved14,
        Field::Reserved15,
    ];

    pub const fn number(self) -> u8 {
        match self {
            Field::FileSha256 => 0,
            Field::FileSha512 => 1,
            Field::MediaType => 2,
            Field::ProcedureCode => 3,
            Field::AgencyCode => 4,
            Field::DossierCode => 5,
            Field::Step => 6,
            Field::SigningTime => 7,
            Field::SigningCertificates => 8,
            Field::TimestampToken => 9,
            Field::Aip => 10,
            Field::Retention => 11,
            Field::PreviousCommit => 12,
            Field::FileBlake3 => 13,
            Field::Reserved14 => 14,
            Field::Reserved15 => 15,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Field::ALL
            .into_iter()
            .find(|field| field.number() == number)
    }
}

/// Field 2: length of the file and its media type in one value.
pub fn media_type_value(file_bytes: u64, media_type: &str) -> Vec<u8> {
    [&file_bytes.to_be_bytes(), media_type.as_bytes()].concat()
}

/// D: 32 random bytes, one per dossier, never used for a second one.
#[derive(Clone, PartialEq, Eq)]
pub struct DossierSecret([u8; 32]);

impl DossierSecret {
    pub const fn new(random: [u8; 32]) -> Self {
        DossierSecret(random)
    }

    /// For sealing under the archive's own keys only.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// K: opens one leaf, and no other of its dossier.
#[derive(Clone, PartialEq, Eq)]
pub struct LeafKey(pub(super) [u8; 32]);

impl LeafKey {
    /// `n` is the running number of the leaf within its dossier.
    pub fn derive(secret: &DossierSecret, n: u64) -> Self {
        LeafKey(hmac_sha256(&secret.0, &[b"kql1/leaf", &n.to_be_bytes()]))
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        LeafKey(bytes)
    }

    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn field_key(&self, field: Field) -> [u8; 32] {
        hmac_sha256(&self.0, &[b"kql1/field", &[field.number()]])
    }
}

fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // RFC 2104 2: a key shorter than the block (64 bytes for SHA-256) is filled up with zeros.
    let mut block = [0u8; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn field_commitment(field: Field, key: &[u8; 32], value: &[u8]) -> Digest {
    Digest::new(hmac_sha256(key, &[&[field.number()], value]))
}

pub(super) fn field_leaf(field: Field, commitment: &Digest) -> Digest {
    let data: [&[u8]; 3] = [b"kql1/f", &[field.number()], commitment.as_bytes()];
    leaf_hash(&data.concat())
}

/// The sixteen values; what was not set is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(pub(super) [Vec<u8>; FIELD_COUNT]);

impl Fields {
    pub fn new() -> Self {
        Fields::default()
    }

    pub fn with(mut self, field: Field, value: impl Into<Vec<u8>>) -> Self {
        if let Some(place) = self.0.get_mut(usize::from(field.number())) {
            *place = value.into();
        }
        self
    }

    pub fn value(&self, field: Field) -> &[u8] {
        self.0
            .get(usize::from(field.number()))
            .map_or(&[], Vec::as_slice)
    }
}

/// The sixteen leaves under the root.
pub(super) fn field_leaves(key: &LeafKey, fields: &Fields) -> Vec<Digest> {
    Field::ALL
        .into_iter()
        .map(|field| {
            let key = key.field_key(field);
            field_leaf(field, &field_commitment(field, &key, fields.value(field)))
        })
        .collect()
}

/// The `commit` of the leaf.
pub fn commit(key: &LeafKey, fields: &Fields) -> Digest {
    let mut level = field_leaves(key, fields);
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or(Digest::new([0; 32]))
}

pub(super) fn parents(level: &[Digest]) -> Vec<Digest> {
    let pairs = level.chunks_exact(2);
    pairs
        .filter_map(|pair| match pair {
            [left, right] => Some(node_hash(left, right)),
            _ => None,
        })
        .collect()
}

/// `Debug` that shows the name only.
macro_rules! hidden {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

hidden!(DossierSecret, LeafKey, Fields);
pub(super) use hidden;
