//! One step of the log: entries in, files out (tlog-tiles). The caller makes the files durable, signs the
//! new root and publishes; until then the old edge is still the log's state.
//!
//! # Invariants
//! * `grow` changes nothing: it returns the next edge, so a failed step leaves the old one.
//! * An edge read back from published files is believed only if it leads to the signed root, and its
//!   entries only if they lead to its leaf hashes.

use std::fmt;

use super::levels::{LEVELS, Levels, TileFile};
use super::merkle::{empty_root, leaf_hash};
use super::reader::{TileProblem, TileReader, Tiles};
use super::tile::{
    BundlePath, ENTRY_MAX_BYTES, LogPath, TILE_WIDTH, hashes_at, put_entry, width_at,
};
use crate::record::Digest;

/// All that an appender has to know of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightEdge {
    levels: Levels,
    /// The entries of the bundle that is not full yet, as published.
    bundle: Vec<u8>,
    root: Digest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowProblem {
    /// Position in the batch.
    EntryTooLong(usize),
    TreeTooLarge,
}

impl fmt::Display for GrowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrowProblem::EntryTooLong(n) => {
                write!(
                    f,
                    "entry {n} of the batch is longer than {ENTRY_MAX_BYTES} bytes"
                )
            }
            GrowProblem::TreeTooLarge => f.write_str("the tree cannot grow further"),
        }
    }
}

impl std::error::Error for GrowProblem {}

#[derive(Debug)]
pub enum LoadProblem<E> {
    Tiles(TileProblem<E>),
    /// The tiles at the right edge lead to another root than the signed one.
    RootDiffers,
    /// The entries in the last bundle lead to other leaf hashes than the tile has.
    EntriesDiffer,
}

impl<E: fmt::Display> fmt::Display for LoadProblem<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadProblem::Tiles(e) => e.fmt(f),
            LoadProblem::RootDiffers => f.write_str("the tiles lead to another root"),
            LoadProblem::EntriesDiffer => f.write_str("the last bundle differs from its tile"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for LoadProblem<E> {}

/// What one batch adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    pub old_size: u64,
    /// The log's state after this step.
    pub edge: RightEdge,
    /// Leaf hashes of the batch; the first has index `old_size`.
    pub leaves: Vec<Digest>,
    pub tiles: Vec<TileFile>,
    pub bundles: Vec<(BundlePath, Vec<u8>)>,
}

impl Growth {
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    pub fn root(&self) -> Digest {
        self.edge.root
    }

    /// Every file of this step; each replaces nothing but a shorter partial file of the same tile.
    pub fn files(&self) -> impl Iterator<Item = (LogPath, &[u8])> {
        let bundles = self
            .bundles
            .iter()
            .map(|(p, b)| (LogPath::from(*p), b.as_slice()));
        let tiles = self
            .tiles
            .iter()
            .map(|(p, b)| (LogPath::from(*p), b.as_slice()));
        bundles.chain(tiles)
    }
}

impl RightEdge {
    pub fn empty() -> Self {
        RightEdge {
            levels: Levels::new(),
            bundle: Vec::new(),
            root: empty_root(),
        }
    }

    pub fn size(&self) -> u64 {
        self.levels.size()
    }

    pub fn root(&self) -> Digest {
        self.root
    }

    /// Reads the edge of a tree whose size and root were signed.
    pub fn load<R: TileReader>(
        size: u64,
        root: &Digest,
        reader: R,
    ) -> Result<Self, LoadProblem<R::Error>> {
        let mut tiles = Tiles::new(size, reader);
        let mut partial: [Vec<Digest>; LEVELS] = Default::default();
        for (level, hashes) in (0u8..).zip(&mut partial) {
            let index = hashes_at(size, level) / u64::from(TILE_WIDTH);
            if width_at(size, level, index) > 0 {
                *hashes = tiles
                    .tile(level, index)
                    .map_err(LoadProblem::Tiles)?
                    .to_vec();
            }
        }
        let levels = Levels::from_parts(size, partial).ok_or(LoadProblem::RootDiffers)?;
        let found = levels.frontier().ok_or(LoadProblem::RootDiffers)?.root();
        if found != *root {
            return Err(LoadProblem::RootDiffers);
        }
        let mut bundle = Vec::new();
        let leaves = levels.level(0);
        if !leaves.is_empty() {
            let index = size / u64::from(TILE_WIDTH);
            let entries = tiles.bundle(index).map_err(LoadProblem::Tiles)?;
            if !entries
                .iter()
                .map(|entry| leaf_hash(entry))
                .eq(leaves.iter().copied())
            {
                return Err(LoadProblem::EntriesDiffer);
            }
            for entry in &entries {
                put_entry(&mut bundle, entry).ok_or(LoadProblem::EntriesDiffer)?;
            }
        }
        Ok(RightEdge {
            levels,
            bundle,
            root: found,
        })
    }

    pub fn grow<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Growth, GrowProblem> {
        let old_size = self.size();
        let mut levels = self.levels.clone();
        let mut bundle = self.bundle.clone();
        let mut leaves = Vec::with_capacity(entries.len());
        let mut tiles = Vec::new();
        let mut bundles = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let entry = entry.as_ref();
            put_entry(&mut bundle, entry).ok_or(GrowProblem::EntryTooLong(place))?;
            let leaf = leaf_hash(entry);
            leaves.push(leaf);
            levels.push(leaf, &mut tiles);
            if levels.level(0).is_empty() {
                let index = (levels.size() / u64::from(TILE_WIDTH)).saturating_sub(1);
                let full = BundlePath::new(index, TILE_WIDTH);
                bundles.extend(full.map(|path| (path, std::mem::take(&mut bundle))));
            }
        }
        tiles.extend(levels.partial_tiles(old_size));
        let width = u16::try_from(levels.level(0).len()).unwrap_or(TILE_WIDTH);
        if width > 0 && levels.size() > old_size {
            let path = BundlePath::new(levels.size() / u64::from(TILE_WIDTH), width);
            bundles.extend(path.map(|path| (path, bundle.clone())));
        }
        let root = levels.frontier().ok_or(GrowProblem::TreeTooLarge)?.root();
        Ok(Growth {
            old_size,
            edge: RightEdge {
                levels,
                bundle,
                root,
            },
            leaves,
            tiles,
            bundles,
        })
    }
}
