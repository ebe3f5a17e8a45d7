//! All digests a file needs, in one pass over what they share.
//!
//! Every byte range starts at 0, so the SHA-256 of the file and of each range have a common beginning: the state is forked
//! where a range leaves off. A file with one signature is hashed once, not twice; one with many is still hashed about once per
//! algorithm, since what follows the gap of a well-formed signature lies within its own revision.

use std::cell::RefCell;
use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::pki::digest::{DigestAlgorithm, Hasher};
use crate::record::Digest;

/// The two pieces a signature covers, as positions in the file: `[0, gap_start)` and `[gap_end, end)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Covered {
    pub gap_start: usize,
    pub gap_end: usize,
    pub end: usize,
}

pub(super) struct FileHashes<'a> {
    bytes: &'a [u8],
    /// Where ranges leave off, ascending.
    cuts: Vec<usize>,
    /// For each cut the state after the bytes before it.
    forks: Vec<(usize, Sha256)>,
    /// The same under other algorithms, made when first asked for.
    others: RefCell<HashMap<DigestAlgorithm, Vec<(usize, Hasher)>>>,
    pub file: Digest,
}

impl<'a> FileHashes<'a> {
    pub fn new(bytes: &'a [u8], covered: &[Covered]) -> Self {
        let mut cuts: Vec<usize> = covered.iter().map(|c| c.gap_start).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut state = Sha256::new();
        let mut forks = Vec::with_capacity(cuts.len());
        let mut at = 0;
        for &cut in &cuts {
            let Some(piece) = bytes.get(at..cut) else {
                continue;
            };
            state.update(piece);
            at = cut;
            forks.push((cut, state.clone()));
        }
        state.update(bytes.get(at..).unwrap_or_default());
        Self {
            bytes,
            cuts,
            forks,
            others: RefCell::default(),
            file: Digest::new(state.finalize().into()),
        }
    }

    /// The digest over what a signature covers; empty, and so equal to none, for what was not told to `new`.
    pub fn of(&self, covered: Covered, algorithm: DigestAlgorithm) -> Vec<u8> {
        let after = self
            .bytes
            .get(covered.gap_end..covered.end)
            .unwrap_or_default();
        let of_covered = |cut: usize| cut == covered.gap_start;
        if algorithm == DigestAlgorithm::Sha256 {
            let fork = self.forks.iter().find(|(cut, _)| of_covered(*cut));
            return fork.map_or_else(Vec::new, |(_, state)| {
                state.clone().chain_update(after).finalize().to_vec()
            });
        }
        let mut others = self.others.borrow_mut();
        let forks = others
            .entry(algorithm)
            .or_insert_with(|| self.forks_of(algorithm));
        let fork = forks.iter().find(|(cut, _)| of_covered(*cut));
        fork.map_or_else(Vec::new, |(_, state)| {
            let mut state = state.clone();
            state.update(after);
            state.finish()
        })
    }

    fn forks_of(&self, algorithm: DigestAlgorithm) -> Vec<(usize, Hasher)> {
        let mut state = algorithm.hasher();
        let mut at = 0;
        let mut forks = Vec::with_capacity(self.cuts.len());
        for &cut in &self.cuts {
            let Some(piece) = self.bytes.get(at..cut) else {
                continue;
            };
            state.update(piece);
            at = cut;
            forks.push((cut, state.clone()));
        }
        forks
    }
}
