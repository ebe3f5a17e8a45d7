//! Whether another reader (`hayro-syntax`, written by others) sees the same files as we do.

use super::craft::{samples, signed};
use crate::pdf::{Limits, inspect};
use hayro_syntax::Pdf;

#[test]
fn another_reader_counts_the_same_pages_before_and_after_signing() {
    for (name, bytes) in samples() {
        let Ok(doc) = inspect(&bytes, &Limits::default()) else {
            continue;
        };
        let ours = usize::try_from(doc.pages()).unwrap();
        for bytes in [bytes.clone(), signed(&bytes)] {
            let theirs = Pdf::new(bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(theirs.pages().len(), ours, "{name}");
        }
    }
}
