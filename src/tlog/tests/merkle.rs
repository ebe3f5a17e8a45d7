//! Roots and proofs.

use ct_merkle::mem_backed_tree::MemoryBackedTree;

use super::{Leaves, Stored, digest, leaves, root_by_definition};
use crate::record::Digest;
use crate::tlog::{
    Frontier, NodeReader as _, ProofProblem, ProveError, empty_root, prove_consistency,
    prove_inclusion, root_of, verify_consistency, verify_inclusion,
};

const H0: &str = "c67f9ffe68e0761021341dd516428f42fbdea633731cbdada03bea6b84c652f7";
const H1: &str = "49b717e4d6ecdd82f6f6648cf8f86fdf4a912600a4557398e1733186fa952c1d";
const H2: &str = "f366df4718ef75064317794ff5300e0963e96dd93fe24203118055fa5a00be13";
const H3: &str = "5e0c4e1130dfa84d27437ba073eb817e1896643d42ea100a0940f8752d496783";
const H6: &str = "d750ca922fabc5422eec469d4370779b61d5488186cb871eeea299d8113d20bc";
const N01: &str = "46c78708413a23175f51faf1c22604bccb44482d553b45943b189130ea8221c8";
const N23: &str = "c59e9a6d9575777ba3bdbd3e3086516196cf87ec9760861362aba5cd0f78df1d";
const N45: &str = "a4f2a847cce0dce0519b1d6b83e4ca15166193dbb0c8f864e736665edbde1994";
const N03: &str = "8df3870b33fae650e81938994f98eb4551b143b86c95d3dae4e6444e00715016";
const N46: &str = "3cf05ff16d26c024828e93b3a14c5656e5abcbc5e6f0bce2cf8a169720599674";
const ROOT3: &str = "c64c5b9326951a2db82d5462565696286659d1c7a4a26a92703568f63462f7ba";
const ROOT6: &str = "b65368cd1f024732c21e9db86bcde27d7de95dc2c40d728dd979ffcf943556e3";
const ROOT7: &str = "73a590fb266b81557040b146b9d479e2a1b5849b125167642f5b64866f1d5c7d";

fn seven() -> Leaves {
    Leaves(leaves(7))
}

#[track_caller]
fn check(proof: Result<Vec<Digest>, ProveError<String>>, expected: &[&str]) {
    let found: Vec<_> = proof.unwrap().iter().map(Digest::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_tree_of_seven_leaves_is_that_of_the_example() {
    assert_eq!(seven().0[0], digest(H0));
    for (size, root) in [(3, ROOT3), (4, N03), (6, ROOT6), (7, ROOT7)] {
        assert_eq!(root_of(size, &mut seven()).unwrap(), digest(root));
    }
    assert_eq!(root_of(0, &mut seven()).unwrap(), empty_root());
    assert_eq!(
        empty_root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    check(prove_inclusion(3, 7, &mut seven()), &[H2, N01, N46]);
    check(prove_inclusion(6, 7, &mut seven()), &[N45, N03]);
    check(prove_inclusion(0, 7, &mut seven()), &[H1, N23, N46]);
    check(prove_inclusion(0, 1, &mut seven()), &[]);
    check(prove_consistency(3, 7, &mut seven()), &[H2, H3, N01, N46]);
    check(prove_consistency(4, 7, &mut seven()), &[N46]);
    check(prove_consistency(6, 7, &mut seven()), &[N45, H6, N03]);
    check(prove_consistency(7, 7, &mut seven()), &[]);
}

#[test]
fn the_frontier_at_seven_is_that_of_the_example() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), empty_root());
    for leaf in leaves(7) {
        frontier.push(leaf);
    }
    assert_eq!(frontier.nodes(), [digest(N03), digest(N45), digest(H6)]);
    assert_eq!(frontier.root(), digest(ROOT7));
    assert_eq!(
        Frontier::from_parts(7, frontier.nodes().to_vec()),
        Some(frontier.clone())
    );
    assert_eq!(Frontier::from_parts(8, frontier.nodes().to_vec()), None);
}

#[test]
fn the_frontier_gives_the_root_of_every_size() {
    let all = leaves(300);
    let mut frontier = Frontier::new();
    for size in 1..=300 {
        frontier.push(all[size - 1]);
        assert_eq!(
            frontier.root(),
            root_by_definition(&all[..size]),
            "size {size}"
        );
    }
}

/// Every place in small trees, a walk through the large ones.
fn stride(size: u64) -> usize {
    if size < 24 { 1 } else { 23 }
}

/// Sizes whose proofs are changed hash by hash: the small ones and those around full tiles.
fn is_mangled(size: u64) -> bool {
    size < 24 || size % 64 < 2
}

#[test]
fn every_inclusion_proof_up_to_300_leaves_holds_and_no_other_does() {
    let mut tree = Stored::of(&leaves(300));
    for size in 1..=300u64 {
        let root = root_of(size, &mut tree).unwrap();
        for index in (0..size).step_by(stride(size)) {
            let leaf = tree.node(0, index).unwrap();
            let path = prove_inclusion(index, size, &mut tree).unwrap();
            let verify =
                |i, n, l: &Digest, p: &[Digest], r: &Digest| verify_inclusion(i, n, l, p, r);
            assert_eq!(
                verify(index, size, &leaf, &path, &root),
                Ok(()),
                "{index} in {size}"
            );

            let other = root_by_definition(&[leaf, root]);
            assert!(verify(index, size, &other, &path, &root).is_err());
            assert!(verify(index, size, &leaf, &path, &other).is_err());
            assert!(verify(index + 1, size, &leaf, &path, &root).is_err());
            assert!(index == 0 || verify(index - 1, size, &leaf, &path, &root).is_err());
            if !is_mangled(size) {
                continue;
            }
            let longer = [path.as_slice(), &[other]].concat();
            assert_eq!(
                verify(index, size, &leaf, &longer, &root),
                Err(ProofProblem::TooLong)
            );
            for n in 0..path.len() {
                let shorter = [&path[..n], &path[n + 1..]].concat();
                assert!(verify(index, size, &leaf, &shorter, &root).is_err());
                let mut changed = path.clone();
                changed[n] = other;
                assert!(verify(index, size, &leaf, &changed, &root).is_err());
                let mut swapped = path.clone();
                swapped.swap(0, n);
                assert!(n == 0 || verify(index, size, &leaf, &swapped, &root).is_err());
            }
        }
        assert!(prove_inclusion(size, size, &mut tree).is_err());
    }
}

#[test]
fn every_consistency_proof_up_to_300_leaves_holds_and_no_other_does() {
    let mut tree = Stored::of(&leaves(300));
    let roots: Vec<Digest> = (0..=300).map(|n| root_of(n, &mut tree).unwrap()).collect();
    let root = |size: u64| roots[usize::try_from(size).unwrap()];
    for new in 1..=300u64 {
        for old in (1..=new).step_by(stride(new)) {
            let path = prove_consistency(old, new, &mut tree).unwrap();
            let verify = |o, n, p: &[Digest]| verify_consistency(o, n, &root(o), &root(n), p);
            assert_eq!(verify(old, new, &path), Ok(()), "{old} to {new}");

            let other = root_by_definition(&[root(old), root(new)]);
            assert!(verify_consistency(old, new, &other, &root(new), &path).is_err());
            assert!(verify_consistency(old, new, &root(old), &other, &path).is_err());
            assert!(verify(old, new, &[path.as_slice(), &[other]].concat()).is_err());
            if !is_mangled(new) {
                continue;
            }
            for n in 0..path.len() {
                assert!(verify(old, new, &[&path[..n], &path[n + 1..]].concat()).is_err());
                let mut changed = path.clone();
                changed[n] = other;
                assert!(verify(old, new, &changed).is_err());
            }
        }
        assert!(prove_consistency(0, new, &mut tree).is_err());
        assert!(prove_consistency(new + 1, new, &mut tree).is_err());
    }
    assert!(verify_consistency(0, 1, &empty_root(), &root(1), &[]).is_err());
    assert!(verify_consistency(2, 1, &root(2), &root(1), &[]).is_err());
}

#[test]
fn largest_sizes_end_without_overflow() {
    let path = vec![empty_root(); 64];
    let d = empty_root();
    for n in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
        for i in [0, n - 1, n / 2, 1 << 62] {
            assert!(verify_inclusion(i, n, &d, &path, &d).is_err());
            assert!(verify_consistency(i, n, &d, &d, &path).is_err());
        }
    }
}

#[test]
fn another_implementation_agrees() {
    let mut tree = Stored::of(&leaves(130));
    let mut oracle = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    for size in 1..=130u64 {
        oracle.push(format!("d{}", size - 1).into_bytes());
        let root: [u8; 32] = (*oracle.root().as_bytes()).into();
        assert_eq!(root_of(size, &mut tree).unwrap(), Digest::new(root));
        for index in (0..size).step_by(7) {
            let theirs = oracle.prove_inclusion(usize::try_from(index).unwrap());
            let ours = prove_inclusion(index, size, &mut tree).unwrap();
            let ours: Vec<u8> = ours.iter().flat_map(|d| *d.as_bytes()).collect();
            assert_eq!(theirs.as_bytes(), ours, "{index} in {size}");
        }
        for old in (1..=size).step_by(5) {
            let added = usize::try_from(size - old).unwrap();
            let theirs = oracle.prove_consistency(added);
            let ours = prove_consistency(old, size, &mut tree).unwrap();
            let ours: Vec<u8> = ours.iter().flat_map(|d| *d.as_bytes()).collect();
            assert_eq!(theirs.as_bytes(), ours, "{old} to {size}");
        }
    }
}
