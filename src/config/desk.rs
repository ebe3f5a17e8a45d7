//! `[desk]`: how long work in hand is kept, how much of it, and by how many it is worked on.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::Mistake;

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDesk {
    signature_expires_s: Option<u32>,
    bridge_expires_s: Option<u32>,
    batch_expires_s: Option<u32>,
    keep_days: Option<u32>,
    files_max_bytes: Option<u64>,
    batch_workers: Option<u32>,
}

/// Checked; what is left out is the archive's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Desk {
    pub signature_expires_s: Option<u32>,
    pub bridge_expires_s: Option<u32>,
    pub batch_expires_s: Option<u32>,
    pub keep_days: Option<u32>,
    pub files_max_bytes: Option<u64>,
    pub batch_workers: Option<usize>,
}

fn mistake(key: &str, wrong: impl Into<String>, remedy: &str) -> Mistake {
    Mistake {
        key: key.to_owned(),
        wrong: wrong.into(),
        remedy: remedy.to_owned(),
    }
}

/// A day is the longest that anybody is waited for; a minute what reading a document takes.
const EXPIRES_S: RangeInclusive<u32> = 1..=86_400;
/// A batch may be put together over two weeks.
const BATCH_EXPIRES_S: RangeInclusive<u32> = 1..=14 * 86_400;
const KEEP_DAYS: RangeInclusive<u32> = 1..=3_650;
/// Threads wait most of the time; more than 256 of them only take memory.
const WORKERS: RangeInclusive<u32> = 1..=256;

pub(super) fn desk(raw: &RawDesk, mistakes: &mut Vec<Mistake>) -> Desk {
    for (key, value, range) in [
        (
            "desk.signature_expires_s",
            raw.signature_expires_s,
            EXPIRES_S,
        ),
        ("desk.bridge_expires_s", raw.bridge_expires_s, EXPIRES_S),
        ("desk.batch_expires_s", raw.batch_expires_s, BATCH_EXPIRES_S),
        ("desk.keep_days", raw.keep_days, KEEP_DAYS),
        ("desk.batch_workers", raw.batch_workers, WORKERS),
    ] {
        if let Some(value) = value
            && !range.contains(&value)
        {
            let remedy = format!(
                "leave the key out, or give {} to {}",
                range.start(),
                range.end()
            );
            mistakes.push(mistake(key, format!("{value} is out of range"), &remedy));
        }
    }
    Desk {
        signature_expires_s: raw.signature_expires_s,
        bridge_expires_s: raw.bridge_expires_s,
        batch_expires_s: raw.batch_expires_s,
        keep_days: raw.keep_days,
        files_max_bytes: raw.files_max_bytes,
        batch_workers: raw.batch_workers.and_then(|n| usize::try_from(n).ok()),
    }
}
