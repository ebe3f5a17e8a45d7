//! Work in hand: its names, its rows as JSON, and how long it is kept.
//!
//! # Invariants
//! * A row that can't be read is a fault that names it; nothing of it is guessed.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::open::random;
use crate::record::{Digest, Fault, Sha256Stream};
use crate::store::{Desk, Drawer};

/// Names one piece of work in hand: 128 bits, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkId([u8; 16]);

impl WorkId {
    pub(super) fn draw() -> Result<Self, Fault> {
        random().map(Self)
    }

    /// No work has this name: for a refusal that must not tell whether a name is known.
    pub(super) const fn nobody() -> Self {
        Self([0; 16])
    }

    /// The first half of a digest.
    pub(super) fn of_digest(digest: &Digest) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        Self(bytes)
    }

    pub(super) const fn key(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn from_key(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(Self)
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkId({self})")
    }
}

impl FromStr for WorkId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WHAT: &str = "not 32 lower-case hexadecimal digits";
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(WHAT);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| WHAT)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for WorkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_str(&text).map_err(serde::de::Error::custom)
    }
}

/// How long work in hand is kept, how much of it, and how many hands work on it.
#[derive(Debug, Clone)]
pub struct DeskSettings {
    /// From the beginning of a signature to the person's answer.
    pub signature_expires_s: u32,
    /// From the opening of a session to the return of the file.
    pub bridge_expires_s: u32,
    /// From the creation of a batch to its consent.
    pub batch_expires_s: u32,
    /// How long what became of work in hand can be asked for.
    pub keep_days: u32,
    /// Room for the files of work in hand, all together.
    pub files_max_bytes: u64,
    pub batch_workers: usize,
}

impl Default for DeskSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            signature_expires_s: 15 * 60,
            bridge_expires_s: 15 * 60,
            batch_expires_s: 24 * 60 * 60,
            keep_days: 30,
            // One largest batch (5,000 items) of 2 MB files.
            files_max_bytes: 10 << 30,
            // Of four at work on a core one signs while the others wait for a time-stamp or the disk.
            batch_workers: (4 * cores).clamp(8, 64),
        }
    }
}

impl DeskSettings {
    pub(super) fn keep_s(&self) -> i64 {
        i64::from(self.keep_days).saturating_mul(86_400)
    }
}

/// A signature that was given in time may be completed for this long, however often an authority fails meanwhile.
pub(super) const COMPLETE_WITHIN_S: i64 = 86_400;

pub(super) fn load<T: DeserializeOwned>(
    desk: &dyn Desk,
    drawer: Drawer,
    key: &[u8],
) -> Result<Option<T>, Fault> {
    match desk.row(drawer, key)? {
        Some(row) => read(drawer, &row.key, &row.value).map(Some),
        None => Ok(None),
    }
}

/// What a row holds; a fault that names it where it can't be read.
pub(super) fn read<T: DeserializeOwned>(
    drawer: Drawer,
    key: &[u8],
    value: &Result<Vec<u8>, String>,
) -> Result<T, Fault> {
    let name = || {
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("the row {key} of {drawer:?} (work in hand)")
    };
    let value = value
        .as_ref()
        .map_err(|why| Fault::plain(format!("{} is damaged: {why}", name())))?;
    serde_json::from_slice(value).map_err(|e| Fault::new(format!("reading {}", name()), e))
}

/// Visible on return; durable after `sync`.
pub(super) fn save<T: Serialize>(
    desk: &dyn Desk,
    drawer: Drawer,
    key: &[u8],
    row: &T,
) -> Result<(), Fault> {
    let value =
        serde_json::to_vec(row).map_err(|e| Fault::new("encoding a row of work in hand", e))?;
    desk.put(drawer, key, &value)
}

/// A digest of several values under a name of its own; each with its length, so that no two lists meet.
pub(super) fn digest_of(name: &str, values: &[&[u8]]) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(name.as_bytes());
    stream.update(b"\n");
    for value in values {
        stream.update(&(value.len() as u64).to_be_bytes());
        stream.update(value);
    }
    stream.finish()
}
