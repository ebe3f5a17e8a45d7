//! The transparency log as a format: Merkle tree, tiles, notes, checkpoints, cosignatures and proofs.
//!
//! Trees follow RFC 6962 2.1, the verifying loops RFC 9162 2.1.3 and 2.1.4, everything that is published
//! the C2SP documents: tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof.
//!
//! # Invariants
//! * Pure: tiles are read through a trait, keys sign through a trait, time is an argument.
//! * Parsers are strict: what they accept is written back byte for byte.
//! * A tile that was read is believed only after it led to a known root.
//!
//! # What is not here
//! Where tiles are kept and when a checkpoint may be signed (`store`, `archive`); what a leaf means
//! (`record::leaf`). Only `ed25519.rs` names a cryptographic library.

pub mod checkpoint;
pub mod cosignature;
pub mod ed25519;
pub mod grow;
pub mod key;
pub mod levels;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod reader;
pub mod tile;

pub use checkpoint::{Checkpoint, CheckpointProblem, SignedCheckpoint};
pub use cosignature::cosign;
pub use grow::{GrowProblem, Growth, LoadProblem, RightEdge};
pub use key::{KeyKind, KeyName, KeyText, NoteSigner, SeedSigner, VerifierKey};
pub use levels::Levels;
pub use merkle::{
    Frontier, NodeReader, ProofProblem, ProveError, empty_root, leaf_hash, node_hash,
    prove_consistency, prove_inclusion, root_of, verify_consistency, verify_inclusion,
};
pub use note::{Note, NoteProblem, SignatureLine, Verified};
pub use proof::{TlogProof, TlogProofProblem};
pub use reader::{TileProblem, TileReader, Tiles};
pub use tile::{
    BundlePath, LogPath, PathText, TILE_WIDTH, TilePath, bundles_of, encode_bundle, split_bundle,
    tiles_of,
};

#[cfg(test)]
mod tests;
