//! Waiting for something that another process does: ask again until a deadline, never a fixed pause.

use std::time::{Duration, Instant};

/// Between two looks: short against everything waited for, long enough to leave the cores to the server.
const PAUSE: Duration = Duration::from_millis(20);

#[track_caller]
pub fn until<T>(what: &str, limit_s: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(limit_s),
            "not within {limit_s} s: {what}"
        );
        std::thread::sleep(PAUSE);
    }
}
