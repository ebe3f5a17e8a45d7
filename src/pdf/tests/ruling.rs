//! What `changes_after` must say of an update, in one line per case.

use super::craft::{Update, file, objects, signed};
use crate::pdf::{ChangeKind, Changes, Limits, changes_after};

/// The kinds of all changes after the first `base.len()` bytes, each once, in their own order.
#[track_caller]
pub(super) fn kinds(base: &[u8], bytes: &[u8]) -> (bool, Vec<ChangeKind>) {
    assert!(bytes.starts_with(base));
    let (forbidden, changes) = match changes_after(bytes, base.len() as u64, &Limits::default()) {
        Changes::None => (false, Vec::new()),
        Changes::Permitted(changes) => (false, changes),
        Changes::Forbidden(changes) => (true, changes),
    };
    let mut kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    kinds.sort();
    kinds.dedup();
    (forbidden, kinds)
}

#[track_caller]
pub(super) fn forbidden(base: &[u8], bytes: &[u8], expected: ChangeKind) {
    let (forbidden, kinds) = kinds(base, bytes);
    assert!(forbidden && kinds.contains(&expected), "{kinds:?}");
}

#[track_caller]
pub(super) fn permitted(base: &[u8], bytes: &[u8], expected: &[ChangeKind]) {
    let (forbidden, kinds) = kinds(base, bytes);
    assert!(!forbidden, "{kinds:?}");
    assert_eq!(kinds, expected);
}

/// Objects of the signed file: 1 to 9 as crafted, 8 and 9 written again; 61 signature, 62 field, 63 appearance.
pub(super) fn base() -> Vec<u8> {
    signed(&file(&objects()))
}

#[track_caller]
pub(super) fn change(update: &Update, expected: ChangeKind) {
    let base = base();
    forbidden(&base, &update.on(&base), expected);
}

pub(super) const PAGE: &str =
    "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>";
pub(super) const STREAM: &str = "<< /Length 10 >>\nstream\n0123456789\nendstream";
