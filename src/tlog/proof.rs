//! A proof that stands alone (C2SP tlog-proof): index, path and the checkpoint it leads to, in a file.
//!
//! # Invariants
//! * `parse` and `Display` are inverse byte for byte.
//! * `extra` is opaque here and not authenticated by the proof: the leaf made from it is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{CheckpointProblem, SignedCheckpoint};
use super::key::VerifierKey;
use super::merkle::{ProofProblem, verify_inclusion};
use super::note::{Note, NoteProblem};
use super::tile::decimal;
use crate::record::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// An opening of a leaf with long values, in base64, and a checkpoint with many cosignatures.
const PROOF_MAX_BYTES: usize = 2 * 1024 * 1024;
/// RFC 6962 2.1.1: at most one hash a level, and sizes have 64 bits.
const PATH_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    pub extra: Option<Vec<u8>>,
    pub index: u64,
    /// From the leaf upward.
    pub path: Vec<Digest>,
    pub checkpoint: Note,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlogProofProblem {
    TooLarge,
    Header,
    Extra,
    Index,
    Path,
    Note(NoteProblem),
    Checkpoint(CheckpointProblem),
    Inclusion(ProofProblem),
}

impl fmt::Display for TlogProofProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlogProofProblem::TooLarge => f.write_str("the proof file is too large"),
            TlogProofProblem::Header => write!(f, "the file does not begin with {HEADER}"),
            TlogProofProblem::Extra => f.write_str("the extra line of the proof is malformed"),
            TlogProofProblem::Index => f.write_str("the index line of the proof is malformed"),
            TlogProofProblem::Path => f.write_str("the hashes of the proof are malformed"),
            TlogProofProblem::Note(e) => e.fmt(f),
            TlogProofProblem::Checkpoint(e) => e.fmt(f),
            TlogProofProblem::Inclusion(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for TlogProofProblem {}

impl TlogProof {
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofProblem> {
        if bytes.len() > PROOF_MAX_BYTES {
            return Err(TlogProofProblem::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofProblem::Header)?;
        let (header, rest) = text.split_once('\n').ok_or(TlogProofProblem::Header)?;
        if header != HEADER {
            return Err(TlogProofProblem::Header);
        }
        let (head, note) = rest.split_once("\n\n").ok_or(TlogProofProblem::Path)?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(encoded) => {
                let extra = STANDARD
                    .decode(encoded)
                    .map_err(|_| TlogProofProblem::Extra)?;
                lines.next();
                Some(extra)
            }
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or(TlogProofProblem::Index)?;
        let mut path = Vec::new();
        for line in lines {
            if path.len() >= PATH_MAX {
                return Err(TlogProofProblem::Path);
            }
            path.push(Digest::from_base64(line).map_err(|_| TlogProofProblem::Path)?);
        }
        let checkpoint = Note::parse(note.as_bytes()).map_err(TlogProofProblem::Note)?;
        Ok(TlogProof {
            extra,
            index,
            path,
            checkpoint,
        })
    }

    /// That the leaf stands at `index` of the tree that the log signed.
    pub fn verify(
        &self,
        leaf: &Digest,
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<SignedCheckpoint, TlogProofProblem> {
        let signed = SignedCheckpoint::of_note(self.checkpoint.clone(), log, witnesses)
            .map_err(TlogProofProblem::Checkpoint)?;
        verify_inclusion(self.index, signed.size(), leaf, &self.path, &signed.root())
            .map_err(TlogProofProblem::Inclusion)?;
        Ok(signed)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
