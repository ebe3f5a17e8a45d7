//! The public log's files through the store, for reading and proving.

use crate::record::Fault;
use crate::store::PublicTree;
use crate::tlog::{LogPath, RightEdge, TileReader, Tiles, TlogProof, prove_inclusion};
use crate::tlog::{Note, SignedCheckpoint, VerifierKey};

pub(super) struct TreeFiles<'a>(pub &'a dyn PublicTree);

impl TileReader for TreeFiles<'_> {
    type Error = Fault;

    fn read(&mut self, path: LogPath) -> Result<Option<Vec<u8>>, Fault> {
        self.0.read(&path.to_string())
    }
}

/// The published head, its signature verified.
pub(super) fn published(
    tree: &dyn PublicTree,
    key: &VerifierKey,
) -> Result<Option<SignedCheckpoint>, Fault> {
    let Some(bytes) = tree.checkpoint()? else {
        return Ok(None);
    };
    let head = SignedCheckpoint::open(&bytes, key, &[])
        .map_err(|e| Fault::new("opening the published checkpoint with the log's key", e))?;
    Ok(Some(head))
}

/// The right edge of the tree a checkpoint signs, read from published files and checked against its root.
pub(super) fn edge_of(tree: &dyn PublicTree, head: &SignedCheckpoint) -> Result<RightEdge, Fault> {
    RightEdge::load(head.size(), &head.root(), TreeFiles(tree))
        .map_err(|e| Fault::plain(format!("reading the right edge of the log: {e}")))
}

/// An offline proof of one entry under a checkpoint.
pub(super) fn prove(
    tree: &dyn PublicTree,
    size: u64,
    index: u64,
    checkpoint: Note,
    extra: Option<Vec<u8>>,
) -> Result<TlogProof, Fault> {
    let mut tiles = Tiles::new(size, TreeFiles(tree));
    let path = prove_inclusion(index, size, &mut tiles)
        .map_err(|e| Fault::plain(format!("proving entry {index}: {e}")))?;
    Ok(TlogProof {
        extra,
        index,
        path,
        checkpoint,
    })
}
