//! The right edge of the tree in tiles: for each level the hashes that do not fill a tile yet. Pushing
//! leaf hashes gives every tile in the moment it is full.
//!
//! # Invariants
//! * Level L holds `(size / 256^L) mod 256` hashes: a full tile leaves the edge and its root goes up.
//! * Partial tiles are never hashed upward (tlog-tiles "Partial Tiles").

use super::merkle::Frontier;
use super::reader::full_root;
use super::tile::{TILE_WIDTH, TilePath, hashes_at};
use crate::record::Digest;

/// 256^8 leaves exceed a `u64`, so eight levels hold every tree.
pub(super) const LEVELS: usize = 8;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    size: u64,
    partial: [Vec<Digest>; LEVELS],
}

/// A tile's path and its bytes.
pub type TileFile = (TilePath, Vec<u8>);

impl Levels {
    pub fn new() -> Self {
        Levels::default()
    }

    /// `None` where the hashes are not as many as the size demands.
    pub(super) fn from_parts(size: u64, partial: [Vec<Digest>; LEVELS]) -> Option<Self> {
        for (level, hashes) in (0u8..).zip(&partial) {
            let wanted = hashes_at(size, level) % u64::from(TILE_WIDTH);
            if u64::try_from(hashes.len()).ok()? != wanted {
                return None;
            }
        }
        Some(Levels { size, partial })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn level(&self, level: u8) -> &[Digest] {
        self.partial
            .get(usize::from(level))
            .map_or(&[], Vec::as_slice)
    }

    /// Appends a leaf hash; every tile that it fills is added to `full`.
    pub fn push(&mut self, leaf: Digest, full: &mut Vec<TileFile>) {
        self.size = self.size.saturating_add(1);
        let mut hash = leaf;
        for (level, hashes) in (0u8..).zip(&mut self.partial) {
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let index = hashes_at(self.size, level + 1).saturating_sub(1);
            let Some(root) = full_root(hashes) else {
                return;
            };
            full.extend(
                TilePath::new(level, index, TILE_WIDTH).map(|path| (path, tile_bytes(hashes))),
            );
            hashes.clear();
            hash = root;
        }
    }

    /// The partial tiles of this size, less those that a tree of `old_size` had already.
    pub fn partial_tiles(&self, old_size: u64) -> Vec<TileFile> {
        let mut tiles = Vec::new();
        for (level, hashes) in (0u8..).zip(&self.partial) {
            let count = hashes_at(self.size, level);
            let width = u16::try_from(hashes.len()).unwrap_or(TILE_WIDTH);
            if width > 0 && count > hashes_at(old_size, level) {
                let path = TilePath::new(level, count / u64::from(TILE_WIDTH), width);
                tiles.extend(path.map(|path| (path, tile_bytes(hashes))));
            }
        }
        tiles
    }

    pub fn frontier(&self) -> Option<Frontier> {
        let mut nodes = Vec::new();
        for hashes in self.partial.iter().rev() {
            let mut rest = hashes.as_slice();
            for bit in (0..8).rev() {
                if hashes.len() >> bit & 1 == 1 {
                    let (subtree, after) = rest.split_at_checked(1 << bit)?;
                    nodes.push(full_root(subtree)?);
                    rest = after;
                }
            }
        }
        Frontier::from_parts(self.size, nodes)
    }
}

fn tile_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
