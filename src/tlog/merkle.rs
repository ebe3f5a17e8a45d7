//! The Merkle tree of RFC 6962 2.1: roots, proofs and the loops that check them.
//!
//! # Invariants
//! * A proof of the wrong length fails, whatever its hashes.
//! * Full subtrees never change: only their nodes are ever asked of a reader.
//!
//! # What is not here
//! Where nodes are stored (`tile.rs`), subtree proofs of mirrors.

use std::fmt;

use crate::record::Digest;
pub use crate::record::{leaf_hash, node_hash};

/// RFC 6962 2.1: the hash of an empty tree is that of an empty string.
pub fn empty_root() -> Digest {
    crate::record::sha256(b"")
}

/// What an appender needs of a tree: the roots of its full subtrees, largest first, one for each set bit
/// of the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Digest>,
}

impl Frontier {
    pub fn new() -> Self {
        Frontier::default()
    }

    /// `None` where the number of nodes is not the number of set bits of `size`.
    pub fn from_parts(size: u64, nodes: Vec<Digest>) -> Option<Self> {
        let wanted = usize::try_from(size.count_ones()).ok()?;
        (nodes.len() == wanted && size < u64::MAX).then_some(Frontier { size, nodes })
    }

    pub fn push(&mut self, leaf: Digest) {
        // Each trailing one of the size is a full subtree that the new leaf completes to a larger one.
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size = self.size.saturating_add(1);
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn nodes(&self) -> &[Digest] {
        &self.nodes
    }

    pub fn root(&self) -> Digest {
        fold_right(&self.nodes).unwrap_or_else(empty_root)
    }
}

/// The root over neighbouring full subtrees, largest first.
fn fold_right(nodes: &[Digest]) -> Option<Digest> {
    let mut from_right = nodes.iter().rev();
    let last = *from_right.next()?;
    Some(from_right.fold(last, |right, left| node_hash(left, &right)))
}

/// Gives the root of the full subtree over leaves `[index * 2^level, (index + 1) * 2^level)`.
pub trait NodeReader {
    type Error;
    fn node(&mut self, level: u8, index: u64) -> Result<Digest, Self::Error>;
}

#[derive(Debug)]
pub enum ProveError<E> {
    /// The tree has no such leaf, or no such earlier size.
    OutOfRange,
    Read(E),
}

impl<E: fmt::Display> fmt::Display for ProveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProveError::OutOfRange => f.write_str("the tree has no such leaf or earlier size"),
            ProveError::Read(e) => e.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ProveError<E> {}

pub fn root_of<R: NodeReader>(size: u64, nodes: &mut R) -> Result<Digest, R::Error> {
    range_root(0, size, nodes)
}

/// Root over leaves `[start, start + count)`; `start` is a multiple of a power of two not below `count`.
fn range_root<R: NodeReader>(start: u64, count: u64, nodes: &mut R) -> Result<Digest, R::Error> {
    let mut subtrees = Vec::new();
    let mut at = start;
    for level in (0..64u8).rev() {
        let width = 1u64 << level;
        if count & width != 0 {
            subtrees.push(nodes.node(level, at >> level)?);
            at = at.saturating_add(width);
        }
    }
    Ok(fold_right(&subtrees).unwrap_or_else(empty_root))
}

/// RFC 6962 2.1: the largest power of two smaller than `n`, for `n` of at least two.
fn split(n: u64) -> u64 {
    1 << n.saturating_sub(1).max(1).ilog2()
}

/// RFC 6962 2.1.1: sibling hashes from the leaf upward.
pub fn prove_inclusion<R: NodeReader>(
    index: u64,
    size: u64,
    nodes: &mut R,
) -> Result<Vec<Digest>, ProveError<R::Error>> {
    if index >= size {
        return Err(ProveError::OutOfRange);
    }
    let (mut start, mut count) = (0, size);
    let mut path = Vec::new();
    while count > 1 {
        let k = split(count);
        let middle = start + k;
        let (sibling, sibling_count) = if index < middle {
            (middle, count - k)
        } else {
            (start, k)
        };
        path.push(range_root(sibling, sibling_count, nodes).map_err(ProveError::Read)?);
        if index < middle {
            count = k;
        } else {
            start = middle;
            count -= k;
        }
    }
    path.reverse();
    Ok(path)
}

/// RFC 6962 2.1.2 from tree size `old` to `new`.
pub fn prove_consistency<R: NodeReader>(
    old: u64,
    new: u64,
    nodes: &mut R,
) -> Result<Vec<Digest>, ProveError<R::Error>> {
    if old == 0 || old > new {
        return Err(ProveError::OutOfRange);
    }
    let (mut start, mut count) = (0, new);
    let mut path = Vec::new();
    // The rest of the old tree ends at `old`; while it begins at 0 the verifier knows its root.
    while old - start != count {
        let k = split(count);
        let middle = start + k;
        if old <= middle {
            path.push(range_root(middle, count - k, nodes).map_err(ProveError::Read)?);
            count = k;
        } else {
            path.push(range_root(start, k, nodes).map_err(ProveError::Read)?);
            start = middle;
            count -= k;
        }
    }
    if start != 0 {
        path.push(range_root(start, count, nodes).map_err(ProveError::Read)?);
    }
    path.reverse();
    Ok(path)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofProblem {
    /// The index is not in the tree, or the sizes are in the wrong order, or the old tree is empty.
    OutOfRange,
    TooLong,
    TooShort,
    /// The hashes lead to another root.
    RootDiffers,
}

impl fmt::Display for ProofProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofProblem::OutOfRange => "the proof is about a leaf or size that the tree has not",
            ProofProblem::TooLong => "the proof has more hashes than the tree has levels",
            ProofProblem::TooShort => "the proof ends before the root",
            ProofProblem::RootDiffers => "the proof leads to another root",
        })
    }
}

impl std::error::Error for ProofProblem {}

/// RFC 9162 2.1.3.2.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Digest,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofProblem> {
    if index >= size {
        return Err(ProofProblem::OutOfRange);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(ProofProblem::TooLong);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // Levels on which the node is alone at the right edge have no sibling.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofProblem::TooShort);
    }
    same(&hash, root)
}

/// RFC 9162 2.1.4.2.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Digest,
    new_root: &Digest,
    path: &[Digest],
) -> Result<(), ProofProblem> {
    if old == 0 || new < old {
        return Err(ProofProblem::OutOfRange);
    }
    if old == new {
        if !path.is_empty() {
            return Err(ProofProblem::TooLong);
        }
        return same(old_root, new_root);
    }
    // Step 2: an old tree that is one full subtree is known to the verifier and left out of the path.
    let (first, rest) = match path.split_first() {
        None => return Err(ProofProblem::TooShort),
        Some(_) if old.is_power_of_two() => (*old_root, path),
        Some((first, rest)) => (*first, rest),
    };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofProblem::TooLong);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofProblem::TooShort);
    }
    same(&old_hash, old_root)?;
    same(&new_hash, new_root)
}

fn same(found: &Digest, expected: &Digest) -> Result<(), ProofProblem> {
    if found == expected {
        Ok(())
    } else {
        Err(ProofProblem::RootDiffers)
    }
}
