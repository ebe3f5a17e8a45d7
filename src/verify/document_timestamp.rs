//! Document time-stamps (ISO 32000-2 12.8.5, EN 319 142-1 5.4.3): judged from the newest back, each adds proofs of existence of all
//! that it covers (EN 319 102-1 5.6.2.3.4, 5.6.3.4).

use std::collections::BTreeSet;

use super::case::Case;
use super::entry::{Entry, blank, changes, close, signer_of};
use super::format;
use super::indication::SubIndication;
use super::judge::Opened;
use super::report::SignatureReport;
use super::timestamp::{self, SKEW_S};
use crate::pdf;
use crate::pki::cms::{Finding, SignedData};
use crate::pki::tsp::Token;
use crate::trust::Path;

/// A document time-stamp that holds.
pub(super) struct Stamp {
    /// The position up to which it covers the file.
    pub end: usize,
    pub time_s: i64,
    /// Since when it is known to exist itself, where a later one covers it.
    pub existed_s: Option<i64>,
    pub path: Option<Path>,
}

/// Those that hold, the newest first, and what the file's store has to do with them.
#[derive(Default)]
pub(super) struct Stamps {
    pub holding: Vec<Stamp>,
}

/// Takes up what the file brings: the stores of the revisions that document time-stamps cover and the newest, and the messages.
pub(super) fn gather(opened: &Opened<'_>, entries: &[Entry<'_>], case: &mut Case<'_>) {
    let bytes = opened.bytes;
    let memory = case.evidence.memory;
    let stamped = || entries.iter().filter(|e| e.is_document_timestamp());
    let newest = pdf::dss(bytes, &opened.limits).unwrap_or_else(|_| {
        // A store that is there and can't be read may hold a revocation.
        case.material.is_cut_off = true;
        None
    });
    if let Some(store) = &newest {
        // What a time-stamp covers of a store is what the revision that it covers holds. Each revision once, and only under
        // fields that are well formed; all stores together within the bound for one.
        let ends: BTreeSet<usize> = stamped()
            .filter(|entry| entry.findings.passed())
            .filter_map(|entry| Some(entry.covered?.end))
            .collect();
        let mut left_bytes = opened.limits.max_evidence_bytes;
        for end in ends {
            if left_bytes == 0 {
                case.material.is_cut_off = true;
                break;
            }
            let revision = bytes.get(..end).unwrap_or_default();
            if let Ok(Some(store)) = pdf::dss(revision, &opened.limits) {
                left_bytes = left_bytes.saturating_sub(store.bytes());
                case.material
                    .add_store(&store, end.saturating_sub(1), memory);
            }
        }
        case.material.add_store(store, bytes.len(), memory);
    }
    // Where there is neither, nothing can be proven of messages; what they carry is taken up where each is judged.
    if newest.is_some() || stamped().next().is_some() {
        gather_messages(entries, case);
    }
}

/// Takes up what the messages of all signatures and time-stamps carry.
pub(super) fn gather_messages(entries: &[Entry<'_>], case: &mut Case<'_>) {
    for entry in entries {
        let Some(covered) = entry.covered else {
            continue;
        };
        if let Ok(signed) = SignedData::parse_padded(&entry.field.contents) {
            take_message(&signed, covered.end, case);
        }
    }
}

fn take_message(signed: &SignedData, end: usize, case: &mut Case<'_>) {
    let memory = case.evidence.memory;
    case.material.add_message(signed, end, memory);
    for signer in &signed.signers {
        for token in signer
            .timestamp_tokens()
            .into_iter()
            .take(super::needs::MAX_TOKENS)
        {
            if let Ok(token) = Token::parse(token) {
                case.material.add_message(&token.signed, end, memory);
            }
        }
    }
}

/// The verdict on one; where it holds, its proofs are added.
pub(super) fn judge(
    entry: &mut Entry<'_>,
    opened: &Opened<'_>,
    case: &mut Case<'_>,
    stamps: &mut Stamps,
) -> SignatureReport {
    let mut report = blank(entry, opened.bytes);
    let Some(covered) = entry.covered else {
        return close(report, entry);
    };
    let token = entry.token();
    // Contents is in no byte range: what follows the token there would be nobody's.
    let padding = entry.field.contents.get(token.len()..).unwrap_or_default();
    if padding.iter().any(|byte| *byte != 0) {
        format::say(Finding::TrailingOctets, &mut entry.findings);
    }
    // As for signatures: what is not well formed is not hashed.
    if entry.findings.passed() {
        let existed_s = case.proofs.over(covered.end).min();
        let digest_of = |d| opened.hashes.of(covered, d);
        let judged = timestamp::judge(token, &digest_of, case, existed_s);
        entry.findings.take(&judged.report);
        report.signer = judged.authority.as_ref().map(signer_of);
        report.best_signature_time = Some(judged.report.time.clone());
        report.revocation = judged.revocation;
        if let Some(time_s) = judged.proves_s {
            // 5.5.4: what a later time-stamp covers existed before it.
            if existed_s.is_some_and(|later| time_s > later.saturating_add(SKEW_S)) {
                entry.findings.doubt(
                    SubIndication::TimestampOrderFailure,
                    "TIMESTAMP_ORDER",
                    "EN 319 102-1 5.5.4",
                    "a document time-stamp is older than the one that it covers",
                );
            } else if entry.findings.passed() {
                case.prove(covered.end, time_s);
                stamps.holding.push(Stamp {
                    end: covered.end,
                    time_s,
                    existed_s,
                    path: judged.path,
                });
            }
        }
        report.timestamps.push(judged.report);
    }
    changes(entry, covered, opened.bytes, &opened.limits, &mut report);
    close(report, entry)
}
