//! All digests a file needs, in one pass over what they share.
//!
//! Every byte range starts at 0, so the SHA-256 of the file and of each range have a common beginning: the state is forked
//! where a range leaves off. A file with one signature is hashed once, not twice.

use sha2::{Digest as _, Sha256};

use crate::pki::digest::DigestAlgorithm;
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
    /// (gap_start, state after the bytes before it), ascending.
    forks: Vec<(usize, Sha256)>,
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
        for cut in cuts {
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
            forks,
            file: Digest::new(state.finalize().into()),
        }
    }

    /// The digest over what a signature covers.
    pub fn of(&self, covered: Covered, algorithm: DigestAlgorithm) -> Vec<u8> {
        let before = self.bytes.get(..covered.gap_start).unwrap_or_default();
        let after = self
            .bytes
            .get(covered.gap_end..covered.end)
            .unwrap_or_default();
        if algorithm == DigestAlgorithm::Sha256
            && let Some((_, state)) = self.forks.iter().find(|(cut, _)| *cut == covered.gap_start)
        {
            let mut state = state.clone();
            state.update(after);
            return state.finalize().to_vec();
        }
        let mut hasher = algorithm.hasher();
        hasher.update(before);
        hasher.update(after);
        hasher.finish()
    }
}
