//! The one place where the machine's clock is read for the core.

use crate::record::UtcTime;

/// The time now; a clock outside the calendar reads as 1970, which every check refuses.
pub(super) fn now() -> UtcTime {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs())
        .ok()
        .and_then(UtcTime::from_unix_s)
        .unwrap_or(UtcTime::EPOCH)
}
