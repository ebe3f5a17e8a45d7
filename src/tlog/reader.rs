//! Nodes of the tree read out of published tiles.
//!
//! # Invariants
//! * Only files implied by the given tree size are asked for; a partial file that is gone is looked for
//!   in its full successor (tlog-tiles "Partial Tiles").
//! * What is read here is **not** authenticated: use it to build a proof or a root, then check that.

use std::collections::HashMap;
use std::fmt;

use super::merkle::{NodeReader, node_hash};
use super::tile::{BundlePath, LogPath, TILE_WIDTH, TilePath, split_bundle, width_at};
use crate::record::Digest;

/// The published files. `None` means that there is no such file.
pub trait TileReader {
    type Error;
    fn read(&mut self, path: LogPath) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<E, F: FnMut(LogPath) -> Result<Option<Vec<u8>>, E>> TileReader for F {
    type Error = E;

    fn read(&mut self, path: LogPath) -> Result<Option<Vec<u8>>, E> {
        self(path)
    }
}

#[derive(Debug)]
pub enum TileProblem<E> {
    Read(E),
    Missing(LogPath),
    /// The file is too short, or does not consist of whole entries.
    Damaged(LogPath),
    /// The tree of this size has no such node.
    OutOfRange,
}

impl<E: fmt::Display> fmt::Display for TileProblem<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TileProblem::Read(e) => write!(f, "reading the log: {e}"),
            TileProblem::Missing(path) => write!(f, "{path} is missing"),
            TileProblem::Damaged(path) => write!(f, "{path} is damaged"),
            TileProblem::OutOfRange => f.write_str("the tree has no such node"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for TileProblem<E> {}

/// A proof touches at most two tiles a level and eight levels; four times that keeps several proofs warm
/// at 64 * 8 KiB = 512 KiB.
const CACHED_TILES: usize = 64;

pub struct Tiles<R> {
    size: u64,
    reader: R,
    cache: HashMap<(u8, u64), Vec<Digest>>,
}

impl<R: TileReader> Tiles<R> {
    pub fn new(size: u64, reader: R) -> Self {
        Tiles {
            size,
            reader,
            cache: HashMap::new(),
        }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of one tile as far as the tree size goes.
    pub fn tile(&mut self, level: u8, index: u64) -> Result<&[Digest], TileProblem<R::Error>> {
        if !self.cache.contains_key(&(level, index)) {
            let hashes = self.read_tile(level, index)?;
            if self.cache.len() >= CACHED_TILES {
                self.cache.clear();
            }
            self.cache.insert((level, index), hashes);
        }
        let hashes = self.cache.get(&(level, index));
        hashes.map(Vec::as_slice).ok_or(TileProblem::OutOfRange)
    }

    fn read_tile(&mut self, level: u8, index: u64) -> Result<Vec<Digest>, TileProblem<R::Error>> {
        let width = width_at(self.size, level, index);
        let path = TilePath::new(level, index, width).ok_or(TileProblem::OutOfRange)?;
        let (found, bytes) = self.read_or_full(path.into())?;
        let wanted = match found {
            LogPath::Tile(found) => found.bytes(),
            _ => path.bytes(),
        };
        if bytes.len() != wanted {
            return Err(TileProblem::Damaged(found));
        }
        let hashes = bytes.chunks_exact(Digest::BYTES);
        Ok(hashes
            .take(usize::from(width))
            .filter_map(Digest::from_slice)
            .collect())
    }

    /// The entries of one bundle as far as the tree size goes.
    pub fn bundle(&mut self, index: u64) -> Result<Vec<Vec<u8>>, TileProblem<R::Error>> {
        let width = width_at(self.size, 0, index);
        let path = BundlePath::new(index, width).ok_or(TileProblem::OutOfRange)?;
        let (found, bytes) = self.read_or_full(path.into())?;
        let held = match found {
            LogPath::Entries(found) => found.width(),
            _ => width,
        };
        match split_bundle(&bytes, held) {
            Some((entries, [])) => {
                let entries = entries.into_iter().take(usize::from(width));
                Ok(entries.map(<[u8]>::to_vec).collect())
            }
            _ => Err(TileProblem::Damaged(found)),
        }
    }

    fn read_or_full(&mut self, path: LogPath) -> Result<(LogPath, Vec<u8>), TileProblem<R::Error>> {
        if let Some(bytes) = self.reader.read(path).map_err(TileProblem::Read)? {
            return Ok((path, bytes));
        }
        let full = path.full().filter(|full| *full != path);
        let full = full.ok_or(TileProblem::Missing(path))?;
        let bytes = self.reader.read(full).map_err(TileProblem::Read)?;
        bytes
            .map(|bytes| (full, bytes))
            .ok_or(TileProblem::Missing(path))
    }
}

impl<R: TileReader> NodeReader for Tiles<R> {
    type Error = TileProblem<R::Error>;

    fn node(&mut self, level: u8, index: u64) -> Result<Digest, Self::Error> {
        let inside = level % 8;
        let width = 1u64 << inside;
        let first = index.checked_mul(width).ok_or(TileProblem::OutOfRange)?;
        let offset = usize::try_from(first % u64::from(TILE_WIDTH));
        let offset = offset.map_err(|_| TileProblem::OutOfRange)?;
        let hashes = self.tile(level / 8, first / u64::from(TILE_WIDTH))?;
        let part = hashes.get(offset..offset + (1usize << inside));
        part.and_then(full_root).ok_or(TileProblem::OutOfRange)
    }
}

/// The root over a number of hashes that is a power of two.
pub(super) fn full_root(hashes: &[Digest]) -> Option<Digest> {
    match hashes {
        [] => None,
        [one] => Some(*one),
        [left, right] => Some(node_hash(left, right)),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            Some(node_hash(&full_root(left)?, &full_root(right)?))
        }
    }
}
