//! The head of a log (C2SP tlog-checkpoint): a note that says origin, size and root.
//!
//! # Invariants
//! * What is written has no extension lines: cosigners do not all cover them. What is read may have some.
//! * A tree of size 0 has the root of the empty tree.
//! * `SignedCheckpoint` exists only after the log's own signature was found right.

use std::fmt;

use super::key::{KeyKind, KeyName, NoteSigner, VerifierKey};
use super::merkle::empty_root;
use super::note::{Note, NoteProblem};
use super::tile::decimal;
use crate::record::{Digest, Fault};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: KeyName,
    pub size: u64,
    pub root: Digest,
    /// Not empty only where another's checkpoint was read.
    pub extensions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointProblem {
    Note(NoteProblem),
    /// The text is not origin, size, root.
    Form,
    /// A tree of size 0 with another root than the empty one.
    EmptyRoot,
    /// The checkpoint is of another log.
    Origin(KeyName),
    /// There are signatures of witnesses but none of the log.
    NotByLog,
    /// The key given for the log is a witness key, or the other way round.
    KeyKind(KeyName),
}

impl fmt::Display for CheckpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointProblem::Note(e) => e.fmt(f),
            CheckpointProblem::Form => f.write_str("the note is not a checkpoint"),
            CheckpointProblem::EmptyRoot => f.write_str("an empty tree with the root of another"),
            CheckpointProblem::Origin(name) => {
                write!(f, "the checkpoint is of another log, {name}")
            }
            CheckpointProblem::NotByLog => f.write_str("the log itself did not sign"),
            CheckpointProblem::KeyKind(name) => write!(f, "the key of {name} is of the wrong type"),
        }
    }
}

impl std::error::Error for CheckpointProblem {}

impl Checkpoint {
    pub fn new(origin: KeyName, size: u64, root: Digest) -> Self {
        Checkpoint {
            origin,
            size,
            root,
            extensions: Vec::new(),
        }
    }

    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            self.root.to_base64()
        );
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    pub fn parse_text(text: &str) -> Result<Self, CheckpointProblem> {
        let form = CheckpointProblem::Form;
        let mut lines = text.strip_suffix('\n').ok_or(form.clone())?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(form);
        };
        let origin = origin.parse().map_err(|_| form.clone())?;
        // tlog-checkpoint: ASCII decimal without leading zeros.
        let size = decimal(size).ok_or(form.clone())?;
        let root = Digest::from_base64(root).map_err(|_| form.clone())?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(form);
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointProblem::EmptyRoot);
        }
        Ok(Checkpoint {
            origin,
            size,
            root,
            extensions,
        })
    }

    /// tlog-checkpoint: the log signs under its origin.
    pub fn sign(&self, signer: &dyn NoteSigner) -> Result<Note, Fault> {
        if *signer.key().name() != self.origin {
            return Err(Fault::new(
                "signing a checkpoint",
                "the key has another name than the log",
            ));
        }
        Note::signed(self.to_text(), signer)
    }
}

/// A checkpoint that the log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
    cosigned: Vec<(KeyName, u64)>,
}

impl SignedCheckpoint {
    pub fn open(
        bytes: &[u8],
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<Self, CheckpointProblem> {
        let note = Note::parse(bytes).map_err(CheckpointProblem::Note)?;
        SignedCheckpoint::of_note(note, log, witnesses)
    }

    pub fn of_note(
        note: Note,
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<Self, CheckpointProblem> {
        if log.kind() != KeyKind::Ed25519 {
            return Err(CheckpointProblem::KeyKind(log.name().clone()));
        }
        if let Some(key) = witnesses
            .iter()
            .find(|key| key.kind() != KeyKind::CosignatureV1)
        {
            return Err(CheckpointProblem::KeyKind(key.name().clone()));
        }
        let mut keys = vec![log.clone()];
        keys.extend_from_slice(witnesses);
        let verified = note.verify(&keys).map_err(CheckpointProblem::Note)?;
        if !verified.iter().any(|v| v.key == 0) {
            return Err(CheckpointProblem::NotByLog);
        }
        let checkpoint = Checkpoint::parse_text(note.text())?;
        if checkpoint.origin != *log.name() {
            return Err(CheckpointProblem::Origin(checkpoint.origin));
        }
        let cosigned = verified
            .iter()
            .filter_map(|v| Some((keys.get(v.key)?.name().clone(), v.time_s?)))
            .collect();
        Ok(SignedCheckpoint {
            checkpoint,
            note,
            cosigned,
        })
    }

    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Known witnesses that cosigned, with the time they gave, in Unix seconds.
    pub fn cosigned(&self) -> &[(KeyName, u64)] {
        &self.cosigned
    }
}
