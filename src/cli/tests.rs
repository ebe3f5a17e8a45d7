//! The command line as it is read, what `init` writes, and what is tried before anything is opened.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::{Arguments, Verb, clock, init, sweep, trial};
use crate::config;
use crate::province::{Cast, Declaration, Province};

fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("antin-cli-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

/// The exit code of `antin init`.
fn run_init(dir: &Path, origin: &str, base_url: &str) -> u8 {
    let dir = dir.to_str().unwrap();
    let all = [
        "antin",
        "init",
        "--dir",
        dir,
        "--origin",
        origin,
        "--base-url",
        base_url,
    ];
    let Verb::Init(init) = Arguments::try_parse_from(all).unwrap().verb else {
        panic!("another verb");
    };
    init.run()
}

#[track_caller]
fn check_verify(arguments: &[&str], roots: &[&str]) {
    let all = ["antin", "verify"].iter().chain(arguments);
    let Verb::Verify(verify) = Arguments::try_parse_from(all).unwrap().verb else {
        panic!("another verb");
    };
    let roots: Vec<&Path> = roots.iter().map(Path::new).collect();
    assert_eq!(
        verify.asked(),
        Ok((Path::new("a.pdf"), roots)),
        "{arguments:?}"
    );
}

#[test]
fn the_file_to_verify_stands_before_or_behind_its_roots() {
    check_verify(&["a.pdf"], &[]);
    check_verify(&["--trust", "r.pem", "a.pdf"], &["r.pem"]);
    check_verify(&["a.pdf", "--trust", "r.pem"], &["r.pem"]);
    check_verify(
        &["--trust", "r.pem", "a.pdf", "--trust", "s.pem"],
        &["r.pem", "s.pem"],
    );
}

#[test]
fn what_init_writes_reads_back_whatever_the_names_hold() {
    let origin = r#"x.example/"log"\"#;
    let text = init::configuration("https://x.example:8443", origin);
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["base_url"].as_str(), Some("https://x.example:8443"));
    assert_eq!(table["log"]["origin"].as_str(), Some(origin));
}

#[track_caller]
fn check_reachable(listen: &str, reached: &str) {
    assert_eq!(
        sweep::reachable(listen.parse().unwrap()).to_string(),
        reached
    );
}

#[test]
fn a_listener_on_every_address_is_reached_on_loopback() {
    check_reachable("0.0.0.0:8080", "127.0.0.1:8080");
    check_reachable("[::]:8080", "[::1]:8080");
    check_reachable("10.0.0.5:80", "10.0.0.5:80");
}

#[test]
fn an_init_that_was_stopped_goes_on_with_its_key() {
    let dir = folder("init");
    let (origin, site) = ("x.example/log", "https://x.example/");
    for (origin, site) in [
        (origin, "https://x.example/a"),
        (origin, "x.example"),
        ("https://x.example/log", site),
        ("demo.example/log", site),
    ] {
        assert_eq!(run_init(&dir, origin, site), 3, "{origin} {site}");
        assert!(!dir.exists(), "something was made");
    }
    assert_eq!(run_init(&dir, origin, site), 0);
    let key = std::fs::read(dir.join("keys/log.key")).unwrap();
    let config = std::fs::read_to_string(dir.join("antin.toml")).unwrap();
    assert!(
        config.contains("base_url = \"https://x.example\"\n"),
        "{config}"
    );
    assert_eq!(run_init(&dir, origin, site), 3, "antin.toml is there");

    // Stopped before antin.toml; before the archive; the key is another log's.
    std::fs::remove_file(dir.join("antin.toml")).unwrap();
    assert_eq!(run_init(&dir, origin, site), 0);
    assert_eq!(
        std::fs::read_to_string(dir.join("antin.toml")).unwrap(),
        config
    );
    std::fs::remove_file(dir.join("antin.toml")).unwrap();
    std::fs::remove_dir_all(dir.join("archive")).unwrap();
    std::fs::write(dir.join("keys/log.new"), "half").unwrap();
    assert_eq!(run_init(&dir, "y.example/log", site), 3);
    assert!(!dir.join("antin.toml").exists());
    assert_eq!(run_init(&dir, origin, site), 0);
    assert_eq!(std::fs::read(dir.join("keys/log.key")).unwrap(), key);
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_serve_would_refuse_is_found_before_anything_is_opened() {
    let dir = folder("trial");
    assert_eq!(run_init(&dir, "x.example/log", "https://x.example"), 0);
    let declaration = Declaration::embedded().unwrap();
    let province = Province::make(
        &declaration,
        "http://127.0.0.1:8080",
        clock::now(),
        Cast::Demo,
    )
    .unwrap();
    province.save(&dir.join("pki")).unwrap();
    let offices = province.offices();
    let (first, second) = (offices[0].entity.name(), offices[1].entity.name());
    let text = std::fs::read_to_string(dir.join("antin.toml"))
        .unwrap()
        .replace("keys/H49.key", &format!("pki/keys/{first}.key.pem"))
        .replace("keys/H49.pem", &format!("pki/chains/{first}.pem"))
        .replace("trust/root.pem", "pki/root.pem");
    let check = |from: &str, to: &str, keys: &[&str]| {
        let text = text.replace(from, to);
        let found = trial::mistakes(&config::parse(&text, &dir).unwrap());
        let found_keys: Vec<&str> = found.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(found_keys, keys, "{to}: {found:?}");
        assert!(found.iter().all(|m| !m.remedy.is_empty()));
    };
    check("[server]", "[server]", &["trust.roots", "office H49"]);
    // A demo may.
    check("[server]", "profile = \"demo\"\n[server]", &[]);
    let demo = "profile = \"demo\"\n[server]";
    check(
        "dir = \"archive\"",
        "dir = \"elsewhere\"",
        &["archive.dir", "trust.roots", "office H49"],
    );
    check(
        "x.example/log",
        "y.example/log",
        &["log.key_file", "trust.roots", "office H49"],
    );
    check(
        "\"pki/root.pem\"",
        "\"antin.toml\"",
        &["trust.roots", "office H49"],
    );
    // Another office's key, even for a demo.
    let text = text.replace("[server]", demo).replace(
        &format!("pki/keys/{first}.key.pem"),
        &format!("pki/keys/{second}.key.pem"),
    );
    let found = trial::mistakes(&config::parse(&text, &dir).unwrap());
    assert_eq!(found.len(), 1);
    assert!(found[0].wrong.contains("does not belong"), "{found:?}");
    std::fs::remove_dir_all(dir).unwrap();
}
