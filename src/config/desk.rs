//! `[desk]`: how long work in hand is kept; `[[signatory]]`: whose certificates sign for which office.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;

use super::{Mistake, OfficeKeys};
use crate::record::{Digest, OfficeCode, UtcTime};

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignatory {
    office: String,
    person: String,
    post: String,
    from: String,
    until: String,
    certificate_sha256: String,
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

/// A person whose certificate signs for an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    pub office: OfficeCode,
    pub person: String,
    pub post: String,
    pub from: UtcTime,
    pub until: UtcTime,
    pub certificate_sha256: Digest,
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

pub(super) fn signatories(
    raw: &[RawSignatory],
    offices: &[OfficeKeys],
    mistakes: &mut Vec<Mistake>,
) -> Vec<Signatory> {
    raw.iter()
        .filter_map(|one| {
            signatory(one, offices)
                .map_err(|found| mistakes.extend(found))
                .ok()
        })
        .collect()
}

fn signatory(raw: &RawSignatory, offices: &[OfficeKeys]) -> Result<Signatory, Vec<Mistake>> {
    let key = format!("signatory {}", raw.person);
    let mut found = Vec::new();
    let office = OfficeCode::from_str(&raw.office)
        .ok()
        .filter(|code| offices.iter().any(|o| o.office.code == *code));
    if office.is_none() {
        found.push(mistake(
            &key,
            "its office is not among the [[office]] entries",
            "name the code of a configured office",
        ));
    }
    if raw.person.trim().is_empty() || raw.post.trim().is_empty() {
        found.push(mistake(
            &key,
            "person or post is empty",
            "write both as they stand under a signature",
        ));
    }
    let certificate_sha256 = Digest::from_str(&raw.certificate_sha256).ok();
    if certificate_sha256.is_none() {
        found.push(mistake(
            &key,
            "certificate_sha256 is not 64 lower-case hexadecimal digits",
            "print it with: openssl x509 -in FILE -outform DER | sha256sum",
        ));
    }
    let from = UtcTime::parse_rfc3339(&raw.from).ok();
    let until = UtcTime::parse_rfc3339(&raw.until).ok();
    if from.is_none() || until.is_none() || from > until {
        found.push(mistake(
            &key,
            "from and until are not two times, the earlier one first",
            "write them like \"2026-07-01T00:00:00+07:00\"",
        ));
    }
    match (office, certificate_sha256, from, until) {
        (Some(office), Some(certificate_sha256), Some(from), Some(until)) if found.is_empty() => {
            Ok(Signatory {
                office,
                person: raw.person.clone(),
                post: raw.post.clone(),
                from,
                until,
                certificate_sha256,
            })
        }
        _ => Err(found),
    }
}
