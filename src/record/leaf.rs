//! The log leaf `KQL1`: 128 bytes of the same shape for every kind of event, with nothing in them that
//! names a person, a dossier or a document.
//!
//! ```text
//!   0  4  "KQL1"        8  8  bucket_s         56 32  commit
//!   4  1  kind         16  8  target, or all ones   88 32  aux
//!   5  1  flags        24 32  issuer          120  8  aux_size
//!   6  2  suite
//! ```
//!
//! # Invariants
//! * One value has one encoding and `decode` accepts no other: unknown kinds, flags and suites, a flag
//!   that contradicts the target, and filled fields that the kind does not use are refused.
//!
//! # What is not here
//! Rules over several leaves (buckets never fall, a target is earlier and of a fitting kind).

use std::fmt;

use super::digest::{Digest, sha256};
use super::time::UtcTime;

pub const LEAF_BYTES: usize = 128;

const MAGIC: [u8; 4] = *b"KQL1";
/// SHA-256 and HMAC-SHA-256.
const SUITE: u16 = 1;
const FLAG_TARGET: u8 = 1;
/// No leaf has this index, so it can stand for "none".
const NO_TARGET: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeafKind {
    Result,
    /// A signed step of the procedure.
    Step,
    Replaced,
    Revoked,
    /// An archival package was sealed.
    Archived,
    /// Evidence was renewed.
    Renewed,
    /// The retention period ended.
    Destroyed,
    /// The dossier key was destroyed.
    Shredded,
    /// A sweep's report.
    Sweep,
    /// A key of an issuer or of the log appeared or ended.
    Key,
    /// The checkpoint of a subordinate log.
    SubLog,
    LogClosed,
}

impl LeafKind {
    pub const ALL: [LeafKind; 12] = [
        LeafKind::Result,
        LeafKind::Step,
        LeafKind::Replaced,
        LeafKind::Revoked,
        LeafKind::Archived,
        LeafKind::Renewed,
        LeafKind::Destroyed,
        LeafKind::Shredded,
        LeafKind::Sweep,
        LeafKind::Key,
        LeafKind::SubLog,
        LeafKind::LogClosed,
    ];

    pub const fn number(self) -> u8 {
        match self {
            LeafKind::Result => 1,
            LeafKind::Step => 2,
            LeafKind::Replaced => 3,
            LeafKind::Revoked => 4,
            LeafKind::Archived => 5,
            LeafKind::Renewed => 6,
            LeafKind::Destroyed => 7,
            LeafKind::Shredded => 8,
            LeafKind::Sweep => 9,
            LeafKind::Key => 10,
            LeafKind::SubLog => 11,
            LeafKind::LogClosed => 12,
        }
    }

    /// The event is about an earlier leaf and means nothing without it.
    pub const fn needs_target(self) -> bool {
        matches!(
            self,
            LeafKind::Replaced | LeafKind::Revoked | LeafKind::Destroyed | LeafKind::Shredded
        )
    }

    /// Root of an evidence record, of a sweep's results or of a subordinate log.
    pub const fn uses_aux(self) -> bool {
        matches!(self, LeafKind::Renewed | LeafKind::Sweep | LeafKind::SubLog)
    }

    /// Size of the tree swept, or of the subordinate log.
    pub const fn uses_aux_size(self) -> bool {
        matches!(self, LeafKind::Sweep | LeafKind::SubLog)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub kind: LeafKind,
    /// Unix seconds of the beginning of the publication period.
    pub bucket_s: u64,
    /// Index of an earlier leaf of the same log.
    pub target: Option<u64>,
    /// `issuer_of_spki` of the agency's seal certificate.
    pub issuer: Digest,
    /// Root of the field commitments, or the hash of a public report.
    pub commit: Digest,
    pub aux: Digest,
    pub aux_size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafProblem {
    Length,
    Magic,
    Kind,
    Flags,
    Suite,
    Bucket,
    Target,
    Aux,
}

impl fmt::Display for LeafProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeafProblem::Length => "a leaf is 128 bytes",
            LeafProblem::Magic => "the leaf does not begin with KQL1",
            LeafProblem::Kind => "unknown kind of leaf",
            LeafProblem::Flags => "unknown flag in the leaf",
            LeafProblem::Suite => "unknown algorithm suite in the leaf",
            LeafProblem::Bucket => "the time of the leaf is out of range",
            LeafProblem::Target => "target and its flag do not fit the kind of leaf",
            LeafProblem::Aux => "a field that this kind of leaf does not use is not zero",
        })
    }
}

impl std::error::Error for LeafProblem {}

impl Leaf {
    pub fn new(kind: LeafKind, bucket_s: u64, issuer: Digest, commit: Digest) -> Self {
        Leaf {
            kind,
            bucket_s,
            target: None,
            issuer,
            commit,
            aux: Digest::new([0; 32]),
            aux_size: 0,
        }
    }

    pub fn with_target(self, index: u64) -> Self {
        Leaf {
            target: Some(index),
            ..self
        }
    }

    pub fn with_aux(self, aux: Digest, aux_size: u64) -> Self {
        Leaf {
            aux,
            aux_size,
            ..self
        }
    }

    /// Fails where `decode` would refuse the bytes.
    pub fn encode(&self) -> Result<[u8; LEAF_BYTES], LeafProblem> {
        self.check()?;
        let flags = if self.target.is_some() {
            FLAG_TARGET
        } else {
            0
        };
        let mut bytes = [0u8; LEAF_BYTES];
        let parts: [&[u8]; 10] = [
            &MAGIC,
            &[self.kind.number()],
            &[flags],
            &SUITE.to_be_bytes(),
            &self.bucket_s.to_be_bytes(),
            &self.target.unwrap_or(NO_TARGET).to_be_bytes(),
            self.issuer.as_bytes(),
            self.commit.as_bytes(),
            self.aux.as_bytes(),
            &self.aux_size.to_be_bytes(),
        ];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, LeafProblem> {
        if bytes.len() != LEAF_BYTES {
            return Err(LeafProblem::Length);
        }
        let mut rest = bytes;
        if take::<4>(&mut rest)? != MAGIC {
            return Err(LeafProblem::Magic);
        }
        let [number] = take(&mut rest)?;
        let kind = LeafKind::ALL
            .into_iter()
            .find(|kind| kind.number() == number)
            .ok_or(LeafProblem::Kind)?;
        let [flags] = take(&mut rest)?;
        if flags & !FLAG_TARGET != 0 {
            return Err(LeafProblem::Flags);
        }
        if u16::from_be_bytes(take(&mut rest)?) != SUITE {
            return Err(LeafProblem::Suite);
        }
        let bucket_s = u64::from_be_bytes(take(&mut rest)?);
        let target = match (flags, u64::from_be_bytes(take(&mut rest)?)) {
            (0, NO_TARGET) => None,
            (FLAG_TARGET, index) if index != NO_TARGET => Some(index),
            _ => return Err(LeafProblem::Target),
        };
        let leaf = Leaf {
            kind,
            bucket_s,
            target,
            issuer: Digest::new(take(&mut rest)?),
            commit: Digest::new(take(&mut rest)?),
            aux: Digest::new(take(&mut rest)?),
            aux_size: u64::from_be_bytes(take(&mut rest)?),
        };
        leaf.check()?;
        Ok(leaf)
    }

    fn check(&self) -> Result<(), LeafProblem> {
        if i64::try_from(self.bucket_s).is_err() {
            return Err(LeafProblem::Bucket);
        }
        if self.target == Some(NO_TARGET) || (self.kind.needs_target() && self.target.is_none()) {
            return Err(LeafProblem::Target);
        }
        let is_aux_zero = self.aux.as_bytes().iter().all(|b| *b == 0);
        if (!self.kind.uses_aux() && !is_aux_zero)
            || (!self.kind.uses_aux_size() && self.aux_size != 0)
        {
            return Err(LeafProblem::Aux);
        }
        Ok(())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], LeafProblem> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(LeafProblem::Length)?;
    *rest = tail;
    Ok(*head)
}

/// An agency in the log: the hash of its seal certificate's SubjectPublicKeyInfo (DER). Never that of a
/// person's certificate.
pub fn issuer_of_spki(spki_der: &[u8]) -> Digest {
    let mut input = b"kql1/issuer\n".to_vec();
    input.extend_from_slice(spki_der);
    sha256(&input)
}

/// The beginning of the publication period that holds `time`; exact times in the log would tell who was
/// at the counter. A time before 1970 falls into the first period.
pub fn bucket_of(time: UtcTime, period_s: u64) -> u64 {
    let unix_s = u64::try_from(time.unix_s()).unwrap_or(0);
    match unix_s.checked_rem(period_s) {
        Some(into) => unix_s - into,
        None => unix_s,
    }
}
