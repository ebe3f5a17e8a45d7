//! Damage: one byte of the stopped archive is changed, and the next sweep must name what is hurt.
//!
//! The engine is opened here directly, behind the back of the program: that is what a failing disk or an intruder does.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::process::{Ended, antin};
use crate::world::tiles::{self, Checkpoint};
use crate::world::{Filing, Receipt, World, merkle, pdfs, wait};

struct Stopped {
    world: World,
    /// Two victims: a result in the middle of the log, and the newest one.
    victims: Vec<Victim>,
}

struct Victim {
    filing: Filing,
    receipt: Receipt,
    /// Its leaf in the log.
    entry: Vec<u8>,
}

impl Stopped {
    /// An archive of a few results, stopped cleanly.
    fn new() -> Self {
        let mut world = World::demo();
        let clerk = world.facts.quick_clerk().clone();
        let mut filed = Vec::new();
        for _ in 0..3 {
            let filing = Filing::sized(&clerk, 60_000);
            let receipt = filing.accepted(&world.facts.base_url, &clerk);
            filed.push((filing, receipt));
        }
        let checkpoint = Checkpoint::fetch(&world.facts);
        let entries = tiles::entries(&world.facts, checkpoint.size);
        assert!(world.stop().success());
        let victims =
            [filed.swap_remove(1), filed.pop().unwrap()].map(|(filing, receipt)| Victim {
                entry: entries[usize::try_from(receipt.log_index).unwrap()].clone(),
                filing,
                receipt,
            });
        Stopped {
            world,
            victims: victims.into(),
        }
    }

    fn sweep(&self) -> Ended {
        antin(&[
            "sweep",
            "--dir",
            self.world.home().to_str().unwrap(),
            "--json",
        ])
    }

    /// Every value that holds `needle`, with the place where it begins.
    fn hits(&self, needle: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for folder in engines(&self.world.home()) {
            let engine = open(&folder);
            for tree in engine.tree_names() {
                for pair in &engine.open_tree(&tree).unwrap() {
                    let (key, value) = pair.unwrap();
                    if let Some(at) = pdfs::find(&value, needle) {
                        let (folder, tree) = (folder.clone(), tree.clone());
                        hits.push(Hit {
                            folder,
                            tree,
                            key,
                            at,
                        });
                    }
                }
            }
        }
        hits
    }

    /// Wherever `needle` is stored: changes one byte of it there, sweeps, and changes it back.
    #[track_caller]
    fn check(&self, what: &str, needle: &[u8], offset: usize, is_named: impl Fn(&Value) -> bool) {
        let hits = self.hits(needle);
        assert!(!hits.is_empty(), "{what}: not found in the archive");
        for hit in hits {
            hit.flip(offset);
            let ended = self.sweep();
            hit.flip(offset);
            let what = format!("{what}, changed in {hit}");
            assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
            let report = ended.json();
            let findings = report["findings"].as_array().unwrap();
            for finding in findings {
                assert!(
                    finding["kind"].is_string() && finding["detail"].is_string(),
                    "{finding:#}"
                );
                assert!(finding.get("leaf").is_some(), "{finding:#}");
            }
            assert!(findings.iter().any(&is_named), "{what}: {report:#}");
        }
        let mended = self.sweep();
        assert_eq!(mended.code, Some(0), "{what}, mended: {mended:?}");
    }
}

/// One stored value.
struct Hit {
    folder: PathBuf,
    tree: sled::IVec,
    key: sled::IVec,
    at: usize,
}

impl Hit {
    /// Changes one bit of the byte `offset` after the place that was found.
    fn flip(&self, offset: usize) {
        let engine = open(&self.folder);
        let tree = engine.open_tree(&self.tree).unwrap();
        let mut bytes = tree.get(&self.key).unwrap().unwrap().to_vec();
        bytes[self.at + offset] ^= 0x40;
        tree.insert(&self.key, bytes).unwrap();
        engine.flush().unwrap();
    }
}

impl std::fmt::Display for Hit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = self.folder.file_name().unwrap_or_default().display();
        let (tree, key) = (self.tree.escape_ascii(), self.key.escape_ascii());
        write!(f, "{folder}, tree {tree}, key {key}")
    }
}

/// The engine lets go of its lock a little after it is dropped, in another process too.
fn open(folder: &Path) -> sled::Db {
    let conf = std::fs::read(folder.join("conf")).unwrap();
    let conf = String::from_utf8_lossy(&conf);
    let size = conf
        .lines()
        .find_map(|line| line.strip_prefix("segment_size: "))
        .unwrap();
    let size = size.trim().parse().unwrap();
    wait::until("the engine's lock", 20, || {
        let config = sled::Config::new().path(folder).flush_every_ms(None);
        config.segment_size(size).open().ok()
    })
}

/// Every folder of an embedded engine below `dir`.
fn engines(dir: &Path) -> Vec<PathBuf> {
    let inner = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut found: Vec<PathBuf> = inner
        .filter(|p| p.is_dir())
        .flat_map(|p| engines(&p))
        .collect();
    if dir.join("conf").is_file() && dir.join("db").is_file() {
        found.push(dir.to_owned());
    }
    found
}

#[test]
fn one_changed_byte_in_a_document_record_or_tile_is_named_by_the_next_sweep() {
    let stopped = Stopped::new();
    assert_eq!(stopped.sweep().code, Some(0));
    for victim in &stopped.victims {
        let leaf = victim.receipt.log_index;
        let of_leaf = |finding: &Value| finding["leaf"] == leaf;

        // A line from the middle of the document, and one from its beginning.
        let pdf = &victim.filing.pdf;
        let line = pdf[30_000..].iter().position(|b| *b == b'%').unwrap() + 30_000;
        stopped.check("a document", &pdf[line..line + 40], 20, of_leaf);
        let start = &pdf[pdfs::find(pdf, b"(Decision").unwrap()..][..24];
        stopped.check("the beginning of a document", start, 4, of_leaf);

        let dossier = victim.filing.record["dossier_code"]
            .as_str()
            .unwrap()
            .as_bytes();
        stopped.check("a record", dossier, dossier.len() - 1, of_leaf);

        let of_tree = |finding: &Value| {
            finding["kind"].as_str().unwrap().contains("tile") || of_leaf(finding)
        };
        let hash = merkle::leaf_hash(&victim.entry);
        stopped.check("a tile", &hash, 7, of_tree);
        stopped.check("an entry bundle", &victim.entry[56..88], 9, of_tree);
    }
}

#[test]
fn a_byte_changed_on_the_disk_never_goes_unseen() {
    let stopped = Stopped::new();
    let needle = &stopped.victims[0].filing.pdf[30_000..30_064];
    let mut places = engines(&stopped.world.home())
        .into_iter()
        .flat_map(|folder| files(&folder));
    let found = places.find_map(|file| {
        let bytes = std::fs::read(&file).ok()?;
        let at = pdfs::find(&bytes, needle)?;
        Some((file, bytes, at))
    });
    let (file, mut bytes, at) = found.expect("the document's bytes in the archive's files");
    bytes[at + 10] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    // Either the sweep lists it, or the engine's own checksums stop it from opening: both are said, neither is a crash.
    let ended = stopped.sweep();
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(!ended.err.contains("panicked"), "{ended:?}");
    if ended.code == Some(1) {
        assert_ne!(ended.json()["findings"], serde_json::json!([]), "{ended:?}");
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let inner = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    inner
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
