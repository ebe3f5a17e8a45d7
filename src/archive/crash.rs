//! Named points at which a debug build can be made to die, for the tests that kill the program in the middle of its work.
//!
//! `ANTIN_CRASH_AT=sequence.admitted` dies at the first passage, `…:3` at the third. Release builds hold nothing of it.

#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("ANTIN_CRASH_AT").ok()?;
        match text.rsplit_once(':') {
            Some((point, n)) => Some((point.to_owned(), n.parse().ok()?)),
            None => Some((text, 1)),
        }
    });
    if let Some((point, n)) = wanted
        && point == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *n
    {
        // As sudden as a kill: no destructor runs, nothing is flushed.
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(super) const fn point(_name: &str) {}
