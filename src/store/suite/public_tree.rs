//! What every engine must do with the files of the public log.

use super::{Case, bytes};
use crate::store::{Cause, Stores, cause};

pub(super) const CASES: &[Case] = &[
    ("the same file may be published again", same),
    ("other bytes under a path are refused", diverged),
    ("files are listed in order", list),
    ("the checkpoint is replaced", checkpoint),
];

fn same(stores: &Stores) {
    for _ in 0..2 {
        stores
            .tree
            .put_immutable("tile/0/000", &bytes(1, 8192))
            .unwrap();
        let files = [("tile/entries/000".to_owned(), bytes(2, 40_000))];
        stores.tree.publish(&files, b"note 1").unwrap();
    }
    let read = |path| stores.tree.read(path).unwrap();
    assert_eq!(read("tile/0/000"), Some(bytes(1, 8192)));
    assert_eq!(read("tile/entries/000"), Some(bytes(2, 40_000)));
    assert_eq!(read("tile/0/00"), None);
}

fn diverged(stores: &Stores) {
    stores.tree.put_immutable("tile/0/000", b"one").unwrap();
    let fault = stores.tree.put_immutable("tile/0/000", b"two").unwrap_err();
    let diverged = Cause::Diverged {
        path: "tile/0/000".to_owned(),
    };
    assert_eq!(cause(&fault), Some(&diverged));
    assert!(diverged.is_fatal());
    let files = [("tile/0/000".to_owned(), b"two".to_vec())];
    assert!(stores.tree.publish(&files, b"note").is_err());
    // The checkpoint is not moved by a publication that failed.
    assert_eq!(stores.tree.checkpoint().unwrap(), None);
    assert_eq!(
        stores.tree.read("tile/0/000").unwrap(),
        Some(b"one".to_vec())
    );
}

fn list(stores: &Stores) {
    let paths = [
        "tile/0/000",
        "tile/0/000.p/1",
        "tile/0/000.p/2",
        "tile/0/001",
        "tile/1/000",
    ];
    for path in paths.iter().rev() {
        // The longest one has several rows in some engines.
        stores.tree.put_immutable(path, &bytes(1, 30_000)).unwrap();
    }
    assert_eq!(stores.tree.list("tile/", None, 9).unwrap(), paths);
    assert_eq!(stores.tree.list("tile/", None, 2).unwrap(), paths[..2]);
    assert_eq!(
        stores.tree.list("tile/", Some(paths[1]), 2).unwrap(),
        paths[2..4]
    );
    assert_eq!(
        stores.tree.list("tile/0/", Some(paths[3]), 9).unwrap(),
        [""; 0]
    );
    assert_eq!(stores.tree.list("x", None, 9).unwrap(), [""; 0]);
}

fn checkpoint(stores: &Stores) {
    assert_eq!(stores.tree.checkpoint().unwrap(), None);
    for note in [b"note 1".as_slice(), b"note 22", b"n3"] {
        stores.tree.put_checkpoint(note).unwrap();
        assert_eq!(stores.tree.checkpoint().unwrap(), Some(note.to_vec()));
    }
}
