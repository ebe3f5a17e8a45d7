//! Tests of the log's formats: a tree of seven leaves computed apart from this program, every tree up to
//! 300 leaves, and another implementation of RFC 6962 beside it.

use crate::record::Digest;
use crate::tlog::{NodeReader, leaf_hash, node_hash};

mod grow;
mod merkle;
mod note;
mod proof;
mod tile;

/// Leaf hashes kept whole; nodes are hashed when asked for.
struct Leaves(Vec<Digest>);

impl NodeReader for Leaves {
    type Error = String;

    fn node(&mut self, level: u8, index: u64) -> Result<Digest, String> {
        let start = usize::try_from(index << level).unwrap();
        let part = self.0.get(start..start + (1 << level)).ok_or("outside")?;
        Ok(root_by_definition(part))
    }
}

/// Every node of every level kept, for tests that ask for many.
struct Stored(Vec<Vec<Digest>>);

impl Stored {
    fn of(leaves: &[Digest]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while levels.last().is_some_and(|level| level.len() > 1) {
            let pairs = levels.last().unwrap().chunks_exact(2);
            levels.push(pairs.map(|pair| node_hash(&pair[0], &pair[1])).collect());
        }
        Stored(levels)
    }
}

impl NodeReader for Stored {
    type Error = String;

    fn node(&mut self, level: u8, index: u64) -> Result<Digest, String> {
        let level = self.0.get(usize::from(level)).ok_or("above")?;
        let node = level
            .get(usize::try_from(index).unwrap())
            .ok_or("outside")?;
        Ok(*node)
    }
}

/// RFC 6962 2.1 word by word.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => crate::record::sha256(b""),
        [one] => *one,
        many => {
            let k = many.len().next_power_of_two() / 2;
            node_hash(
                &root_by_definition(&many[..k]),
                &root_by_definition(&many[k..]),
            )
        }
    }
}

/// The leaves `d0`, `d1`, …
fn leaves(count: u64) -> Vec<Digest> {
    (0..count)
        .map(|n| leaf_hash(format!("d{n}").as_bytes()))
        .collect()
}

fn digest(hex: &str) -> Digest {
    hex.parse().unwrap()
}
