//! A reader of the published log (C2SP tlog-tiles, tlog-checkpoint, tlog-proof), sharing no code with the program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::{Id, PKey};
use openssl::sign::Verifier;

use super::demo::Facts;
use super::merkle::{self, Hash, leaf_hash};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: u64,
    pub root: Hash,
    pub note: String,
}

impl Checkpoint {
    /// Reads a note and holds its signature against the log's key.
    #[track_caller]
    pub fn open(note: &str, vkey: &str) -> Checkpoint {
        let mut parts = vkey.splitn(3, '+');
        let (name, id, key) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let key = STANDARD.decode(key).unwrap();
        assert_eq!(key.first(), Some(&1), "Ed25519 is type 1: {vkey}");
        let named = merkle::sha256(&[name.as_bytes(), b"\n", &key].concat());
        assert_eq!(merkle::hex(&named[..4]), id, "the id of {vkey}");

        let (text, signatures) = note
            .rsplit_once("\n\n")
            .unwrap_or_else(|| panic!("no note: {note}"));
        let text = format!("{text}\n");
        let line = signatures
            .lines()
            .find_map(|line| line.strip_prefix(&format!("\u{2014} {name} ")))
            .unwrap_or_else(|| panic!("not signed by {name}: {note}"));
        let blob = STANDARD.decode(line).unwrap();
        assert_eq!(blob[..4], named[..4], "the key id in the signature line");
        let public = PKey::public_key_from_raw_bytes(&key[1..], Id::ED25519).unwrap();
        let mut verifier = Verifier::new_without_digest(&public).unwrap();
        assert!(
            verifier
                .verify_oneshot(&blob[4..], text.as_bytes())
                .unwrap(),
            "signature of {note}"
        );

        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines.len(),
            3,
            "origin, size, root and no extension: {note}"
        );
        assert_eq!(lines[0], name, "the origin is the key's name");
        let root = STANDARD.decode(lines[2]).unwrap().try_into().unwrap();
        Checkpoint {
            size: lines[1].parse().unwrap(),
            root,
            note: note.to_owned(),
        }
    }

    #[track_caller]
    pub fn fetch(facts: &Facts) -> Checkpoint {
        Checkpoint::open(
            &facts.get("/log/checkpoint").expect(200).text(),
            &facts.log_vkey,
        )
    }
}

/// C2SP tlog-tiles: groups of three digits, all but the last with an `x`.
pub fn number(n: u64) -> String {
    let mut path = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Path of tile `n` of `level` ("entries" or a digit) in a tree of this many hashes on that level.
pub fn path(level: &str, n: u64, count: u64) -> String {
    let width = (count - n * 256).min(256);
    let partial = if width == 256 {
        String::new()
    } else {
        format!(".p/{width}")
    };
    format!("/log/tile/{level}/{}{partial}", number(n))
}

/// Every entry of the tree of this size, from its bundles.
#[track_caller]
pub fn entries(facts: &Facts, size: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for n in 0..size.div_ceil(256) {
        let bundle = facts.get(&path("entries", n, size)).expect(200).body;
        let mut rest = bundle.as_slice();
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            all.push(tail[..length].to_vec());
            rest = &tail[length..];
        }
        assert!(rest.is_empty(), "a bundle ends in the middle of an entry");
    }
    assert_eq!(all.len() as u64, size, "entries in the bundles");
    all
}

/// Every hash of one level, from its tiles.
#[track_caller]
pub fn level(facts: &Facts, level: u32, size: u64) -> Vec<Hash> {
    let count = size / 256u64.pow(level);
    let mut all = Vec::new();
    for n in 0..count.div_ceil(256) {
        let tile = facts
            .get(&path(&level.to_string(), n, count))
            .expect(200)
            .body;
        assert_eq!(tile.len() % 32, 0);
        all.extend(tile.chunks_exact(32).map(|h| Hash::try_from(h).unwrap()));
    }
    assert_eq!(all.len() as u64, count, "hashes on level {level}");
    all
}

/// Re-derives the whole tree: entries, tiles of each level, root. Gives the leaf hashes.
#[track_caller]
pub fn audit(facts: &Facts, checkpoint: &Checkpoint) -> Vec<Hash> {
    let leaves: Vec<Hash> = entries(facts, checkpoint.size)
        .iter()
        .map(|e| leaf_hash(e))
        .collect();
    assert_eq!(
        level(facts, 0, checkpoint.size),
        leaves,
        "level 0 holds the hashes of the entries"
    );
    for high in 1..4u32 {
        let width = 256usize.pow(high);
        let full: Vec<Hash> = leaves.chunks_exact(width).map(merkle::root).collect();
        assert_eq!(level(facts, high, checkpoint.size), full, "level {high}");
    }
    assert_eq!(
        merkle::root(&leaves),
        checkpoint.root,
        "the root of the checkpoint"
    );
    leaves
}

/// A `.tlog-proof`.
#[derive(Debug)]
pub struct Proof {
    pub extra: Option<Vec<u8>>,
    pub index: u64,
    pub path: Vec<Hash>,
    pub checkpoint: Checkpoint,
}

impl Proof {
    #[track_caller]
    pub fn read(text: &str, vkey: &str) -> Proof {
        let (head, note) = text
            .split_once("\n\n")
            .unwrap_or_else(|| panic!("no empty line: {text}"));
        let mut lines = head.lines().peekable();
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"), "{text}");
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| STANDARD.decode(&line["extra ".len()..]).unwrap());
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .unwrap();
        let path = lines
            .map(|line| STANDARD.decode(line).unwrap().try_into().unwrap())
            .collect();
        Proof {
            extra,
            index: index.parse().unwrap(),
            path,
            checkpoint: Checkpoint::open(note, vkey),
        }
    }

    /// The leaf at the proof's index leads to the signed root.
    #[track_caller]
    pub fn check(&self, entry: &[u8]) {
        let index = usize::try_from(self.index).unwrap();
        let size = usize::try_from(self.checkpoint.size).unwrap();
        let root = merkle::root_by_path(index, size, &leaf_hash(entry), &self.path);
        assert_eq!(
            root,
            Some(self.checkpoint.root),
            "inclusion of leaf {index}"
        );
    }
}
