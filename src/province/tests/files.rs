//! The province on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::{clock, make};
use crate::province::{Cast, Province, Reason};

/// A directory of its own for each test, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("antin-province-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[track_caller]
fn check_load_refused(dir: &Dir, why: &str) {
    let fault = Province::load(&dir.0).map(|_| ()).unwrap_err();
    let chain = fault.chain().to_string();
    assert!(chain.contains(why), "{chain}");
}

#[test]
fn what_is_saved_is_read_back_whole_and_keys_are_closed_to_others() {
    let dir = Dir::new("round-trip");
    let made = make(Cast::Only(&["seal-district", "seal-revoked"]));
    made.save(&dir.0).unwrap();
    assert_eq!(mode(&dir.0), 0o700);
    assert_eq!(mode(&dir.0.join("keys")), 0o700);
    assert_eq!(mode(&dir.0.join("keys/root.key.pem")), 0o600);
    assert!(
        made.save(&dir.0).is_err(),
        "a second province must not replace the first"
    );

    let read = Province::load(&dir.0).unwrap();
    assert_eq!(read.base_url(), made.base_url());
    assert_eq!(read.made_at(), made.made_at());
    let facts = |p: &Province| -> Vec<_> {
        let one = |e: &crate::province::Entity| {
            let chain: Vec<_> = e.chain().iter().map(|c| c.der().to_vec()).collect();
            (
                e.name().to_owned(),
                e.key_pem().unwrap(),
                chain,
                e.office().cloned(),
                p.revocation(e.name()),
            )
        };
        p.entities().map(one).collect()
    };
    assert!(facts(&read) == facts(&made));
    assert_eq!(
        read.revocation("seal-revoked").unwrap().reason,
        Reason::KeyCompromise
    );
}

#[test]
fn a_revocation_outlives_the_program() {
    let dir = Dir::new("revocation");
    make(Cast::Only(&["seal-district"])).save(&dir.0).unwrap();
    let first = Province::load(&dir.0).unwrap();
    let stands = first
        .revoke("seal-district", Reason::CessationOfOperation, clock())
        .unwrap();
    let later = clock().checked_add_s(60).unwrap();
    let again = first
        .revoke("seal-district", Reason::KeyCompromise, later)
        .unwrap();
    assert_eq!(again, stands, "the first revocation stands");
    assert_eq!(
        Province::load(&dir.0).unwrap().revocation("seal-district"),
        Some(stands)
    );
}

#[test]
fn a_damaged_directory_is_refused() {
    let dir = Dir::new("damage");
    make(Cast::Only(&["seal-district", "seal-expired"]))
        .save(&dir.0)
        .unwrap();
    let key = dir.0.join("keys/seal-district.key.pem");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    check_load_refused(&dir, "open to others");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Province::load(&dir.0).unwrap();

    let own = fs::read(&key).unwrap();
    fs::write(
        &key,
        fs::read(dir.0.join("keys/seal-expired.key.pem")).unwrap(),
    )
    .unwrap();
    check_load_refused(&dir, "does not match its certificate");
    fs::write(&key, own).unwrap();

    let index = fs::read_to_string(dir.0.join("province.json")).unwrap();
    fs::write(
        dir.0.join("province.json"),
        index.replacen("\"format\": 1", "\"format\": 2", 1),
    )
    .unwrap();
    check_load_refused(&dir, "format is 2");
    fs::write(
        dir.0.join("province.json"),
        index.replacen("seal-district", "../seal-district", 1),
    )
    .unwrap();
    check_load_refused(&dir, "that is no name");
    fs::remove_file(dir.0.join("province.json")).unwrap();
    check_load_refused(&dir, "province.json");
}
