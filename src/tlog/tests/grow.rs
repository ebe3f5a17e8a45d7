//! Growing a log in batches, and reading it back.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::{Stored, root_by_definition};
use crate::record::Digest;
use crate::tlog::{
    GrowProblem, Growth, Levels, LoadProblem, LogPath, NodeReader, RightEdge, TileProblem, Tiles,
    bundles_of, leaf_hash, prove_consistency, prove_inclusion, root_of, tiles_of, verify_inclusion,
};

/// Published files, as a folder would hold them.
#[derive(Clone, Default)]
struct Folder(BTreeMap<LogPath, Vec<u8>>);

impl Folder {
    fn publish(&mut self, growth: &Growth) {
        for (path, bytes) in growth.files() {
            let before = self.0.insert(path, bytes.to_vec());
            assert!(
                before.is_none_or(|b| b == bytes),
                "{path} was written with other bytes"
            );
        }
    }

    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&path).cloned())
    }

    fn nodes(&self, size: u64) -> impl NodeReader<Error = TileProblem<Infallible>> {
        Tiles::new(size, |path| self.read(path))
    }

    fn load(&self, size: u64, root: &Digest) -> Result<RightEdge, LoadProblem<Infallible>> {
        RightEdge::load(size, root, |path: LogPath| self.read(path))
    }
}

fn entry(n: u64) -> Vec<u8> {
    // Lengths from 0 up, so that bundles are not uniform.
    format!("{n}/")
        .repeat(usize::try_from(n % 9).unwrap())
        .into_bytes()
}

fn entries(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(entry).collect()
}

/// Grows to each of the sizes in turn and publishes; the edge after each step.
fn grow_to(sizes: &[u64]) -> (Folder, Vec<RightEdge>) {
    let mut folder = Folder::default();
    let mut edges = vec![RightEdge::empty()];
    for size in sizes {
        let edge = edges.last().unwrap();
        let growth = edge.grow(&entries(edge.size(), *size)).unwrap();
        assert_eq!(growth.size(), *size);
        assert_eq!(growth.root(), growth.edge.root());
        folder.publish(&growth);
        edges.push(growth.edge);
    }
    (folder, edges)
}

fn all_leaves(size: u64) -> Vec<Digest> {
    (0..size).map(|n| leaf_hash(&entry(n))).collect()
}

#[test]
fn batches_of_any_length_lead_to_one_tree() {
    let sizes = [1, 2, 2, 255, 256, 257, 511, 600, 1024, 1025, 2000];
    let (folder, edges) = grow_to(&sizes);
    let (at_once, last) = grow_to(&[2000]);
    assert_eq!(edges.last(), last.last());
    let leaves = all_leaves(2000);
    for edge in &edges {
        let size = usize::try_from(edge.size()).unwrap();
        assert_eq!(
            edge.root(),
            root_by_definition(&leaves[..size]),
            "size {size}"
        );
        // Everything that a checkpoint of this size implies is there, though later ones followed.
        for path in tiles_of(edge.size()) {
            let bytes = folder.0.get(&path.into()).unwrap();
            assert_eq!(bytes.len(), path.bytes(), "{path}");
        }
        assert!(bundles_of(edge.size()).all(|path| folder.0.contains_key(&path.into())));
    }
    for (path, bytes) in &at_once.0 {
        assert_eq!(folder.0.get(path), Some(bytes), "{path}");
    }
}

#[test]
fn a_tree_of_three_levels_grows_and_proves() {
    let (folder, edges) = grow_to(&[65_535, 65_537, 66_000]);
    let leaves = all_leaves(66_000);
    let (size, root) = (66_000, edges.last().unwrap().root());
    let mut nodes = folder.nodes(size);
    assert_eq!(root_of(size, &mut nodes).unwrap(), root);
    let mut whole = Stored::of(&leaves);
    assert_eq!(root, root_of(size, &mut whole).unwrap());
    for index in [0, 255, 256, 4_711, 65_535, 65_536, 65_999] {
        let path = prove_inclusion(index, size, &mut nodes).unwrap();
        assert_eq!(path, prove_inclusion(index, size, &mut whole).unwrap());
        let leaf = leaves[usize::try_from(index).unwrap()];
        assert_eq!(verify_inclusion(index, size, &leaf, &path, &root), Ok(()));
    }
    for old in [1, 256, 65_535, 65_536, 65_537] {
        let path = prove_consistency(old, size, &mut nodes).unwrap();
        assert_eq!(path, prove_consistency(old, size, &mut whole).unwrap());
    }
    // Two tiles of level 1: the full one and the one entry after it.
    assert_eq!(tiles_of(size).filter(|t| t.level() > 0).count(), 3);
}

#[test]
fn an_edge_read_back_goes_on_as_if_never_stopped() {
    for stop in [0, 1, 255, 256, 257, 300, 512] {
        let (folder, edges) = grow_to(&[stop]);
        let edge = edges.last().unwrap();
        let loaded = folder.load(stop, &edge.root()).unwrap();
        assert_eq!(loaded, *edge);
        assert_eq!(
            loaded.grow(&entries(stop, 700)),
            edge.grow(&entries(stop, 700))
        );
    }
}

#[test]
fn a_partial_tile_that_is_gone_is_found_in_the_full_one() {
    let (mut folder, edges) = grow_to(&[300, 600]);
    folder
        .0
        .retain(|path, _| path.full() == Some(*path) || path.to_string().contains(".p/88"));
    let loaded = folder.load(300, &edges[1].root());
    // Level 1 held one hash at 300 and holds two at 600: no full tile replaces that one.
    assert!(matches!(
        loaded,
        Err(LoadProblem::Tiles(TileProblem::Missing(_)))
    ));
    let mut tiles = Tiles::new(300, |path: LogPath| folder.read(path));
    assert_eq!(tiles.tile(0, 1).unwrap().len(), 44);
    assert_eq!(tiles.bundle(1).unwrap(), entries(256, 300));
}

#[test]
fn damage_at_the_edge_is_found_on_load() {
    let (folder, edges) = grow_to(&[700]);
    let root = edges.last().unwrap().root();
    let edge_files: Vec<LogPath> = folder
        .0
        .keys()
        .copied()
        .filter(|p| p.to_string().contains(".p/"))
        .collect();
    assert_eq!(edge_files.len(), 3);
    for path in edge_files {
        let length = folder.0.get(&path).unwrap().len();
        for at in (0..length).step_by(61) {
            let mut damaged = folder.clone();
            damaged.0.get_mut(&path).unwrap()[at] ^= 1;
            assert!(damaged.load(700, &root).is_err(), "{path} at {at}");
        }
        for cut in [0, 1, length - 1] {
            let mut damaged = folder.clone();
            damaged.0.get_mut(&path).unwrap().truncate(cut);
            assert!(damaged.load(700, &root).is_err());
        }
    }
    assert!(matches!(
        folder.load(699, &root),
        Err(LoadProblem::Tiles(_))
    ));
    assert!(matches!(
        folder.load(700, &edges[0].root()),
        Err(LoadProblem::RootDiffers)
    ));
    assert!(folder.load(u64::MAX, &root).is_err());
}

#[test]
fn leaf_hashes_alone_give_every_tile_again() {
    let (folder, edges) = grow_to(&[100, 700, 1500]);
    let mut levels = Levels::new();
    let mut tiles = Vec::new();
    for leaf in all_leaves(1500) {
        levels.push(leaf, &mut tiles);
    }
    tiles.extend(levels.partial_tiles(0));
    let mut paths: Vec<_> = tiles.iter().map(|(path, _)| *path).collect();
    paths.sort_unstable();
    let mut implied: Vec<_> = tiles_of(1500).collect();
    implied.sort_unstable();
    assert_eq!(paths, implied);
    for (path, bytes) in tiles {
        assert_eq!(folder.0.get(&path.into()), Some(&bytes), "{path}");
    }
    assert_eq!(
        levels.frontier().unwrap().root(),
        edges.last().unwrap().root()
    );
}

#[test]
fn an_entry_that_does_not_fit_stops_the_batch_and_leaves_the_edge() {
    let edge = RightEdge::empty();
    let batch = [vec![1], vec![0; 65_536]];
    assert_eq!(edge.grow(&batch), Err(GrowProblem::EntryTooLong(1)));
    assert_eq!(edge, RightEdge::empty());
    let nothing = edge.grow::<Vec<u8>>(&[]).unwrap();
    assert_eq!(nothing.files().count(), 0);
}

#[test]
fn nodes_outside_the_tree_are_refused_not_invented() {
    let (folder, _) = grow_to(&[300]);
    let mut nodes = folder.nodes(300);
    for (level, index) in [
        (0, 300),
        (8, 1),
        (9, 0),
        (63, 1),
        (63, u64::MAX),
        (5, 9),
        (200, 0),
    ] {
        assert!(nodes.node(level, index).is_err(), "{level} {index}");
    }
    assert!(nodes.node(8, 0).is_ok());
}
