//! The example parses; mistakes are found all at once.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Role, example, parse};

/// A folder with every file that the example names.
fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("antin-config-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    for file in [
        "keys/log.key",
        "keys/H49.key",
        "keys/H49.pem",
        "trust/root.pem",
    ] {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    dir
}

#[test]
fn the_example_is_a_good_configuration() {
    let dir = folder("example");
    let config = parse(example(), &dir).unwrap();
    assert_eq!(config.offices.len(), 1);
    assert_eq!(config.clients[0].role, Role::Clerk);
    assert_eq!(config.base_url, "https://ketqua.example.gov.vn");
    std::fs::remove_dir_all(dir).unwrap();
}

#[track_caller]
fn check(from: &str, to: &str, keys: &[&str]) {
    let dir = folder(&crate::record::sha256(to.as_bytes()).to_string()[..12]);
    let text = example().replacen(from, to, 1);
    assert_ne!(text, example(), "nothing was replaced");
    let found = parse(&text, &dir).unwrap_err();
    let found: Vec<&str> = found.iter().map(|m| m.key.as_str()).collect();
    assert_eq!(found, keys, "{to}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn an_unknown_key_is_a_mistake() {
    check("[server]", "[server]\nlissen = \"x\"", &["TOML"]);
}

#[test]
fn every_mistake_is_named_at_once() {
    check(
        "listen = \"127.0.0.1:8080\"",
        "listen = \"localhost\"\nworkers = 0",
        &["server.listen", "server.workers"],
    );
    check(
        "level = \"province\"",
        "level = \"planet\"",
        &["office H49", "client Bộ phận Một cửa"],
    );
    check("ketqua.example.gov.vn/log", "https://x/", &["log.origin"]);
    check(
        "role = \"clerk\"",
        "role = \"king\"",
        &["client Bộ phận Một cửa"],
    );
}

#[test]
fn a_secret_that_others_can_read_is_a_mistake() {
    let dir = folder("mode");
    let key = dir.join("keys/H49.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = parse(example(), &dir).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found[0].remedy.contains("chmod 600"));
    std::fs::remove_dir_all(dir).unwrap();
}
