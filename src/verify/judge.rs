//! The verdict on a file, put together from the building blocks: basic signatures (EN 319 102-1 5.3), signatures with time and
//! long-term material (5.5), signatures with archival data (5.6.3).

use super::case::Case;
use super::document_timestamp::{self, Stamps};
use super::entry::Entry;
use super::hashes::{Covered, FileHashes};
use super::indication::SubIndication;
use super::reasons::Findings;
use super::report::{FileFacts, Report, SignatureReport};
use super::signature;
use crate::pdf::{self, Limits, Refusal};
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, RevocationEvidence};

/// Everything a verdict may rest on besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub anchors: &'a Anchors,
    /// Certificates that may complete chains.
    pub extra: &'a [Certificate],
    pub revocation: &'a RevocationEvidence,
    pub memory: &'a Memory,
}

/// A file whose signatures are found, before any is judged.
pub(super) struct Opened<'a> {
    pub bytes: &'a [u8],
    pub limits: Limits,
    pub hashes: FileHashes<'a>,
}

/// The verdict on `bytes` at the control time.
#[must_use]
pub fn judge(bytes: &[u8], evidence: &Evidence<'_>, control: UtcTime) -> Report {
    let limits = Limits::default();
    let found = match pdf::signatures(bytes, &limits) {
        Ok(found) => found,
        Err(refusal) => return unreadable(bytes, &refusal, control),
    };
    // The newest are judged where not all can be: the last one says whether the file stands as it was left.
    let passed_over = found
        .fields
        .len()
        .saturating_sub(judged_at_most(bytes.len()));
    let mut entries: Vec<Entry<'_>> = found
        .fields
        .iter()
        .skip(passed_over)
        .map(Entry::new)
        .collect();
    let covered: Vec<Covered> = entries.iter().filter_map(|e| e.covered).collect();
    let opened = Opened {
        bytes,
        limits,
        hashes: FileHashes::new(bytes, &covered),
    };
    let mut case = Case::new(evidence, control.unix_s());
    document_timestamp::gather(&opened, &entries, &mut case);

    let mut reports: Vec<Option<SignatureReport>> = (0..entries.len()).map(|_| None).collect();
    let mut stamps = Stamps::default();
    // 5.6.3.4: document time-stamps first, from the newest back, since each proves the existence of what it covers.
    for (slot, entry) in reports.iter_mut().zip(&mut entries).rev() {
        if entry.is_document_timestamp() {
            *slot = Some(document_timestamp::judge(
                entry,
                &opened,
                &mut case,
                &mut stamps,
            ));
        }
    }
    for (slot, entry) in reports.iter_mut().zip(&mut entries) {
        if slot.is_none() {
            *slot = Some(signature::judge(entry, &opened, &mut case, &stamps).report);
        }
    }
    let signatures: Vec<SignatureReport> = reports.into_iter().flatten().collect();

    let mut whole = Findings::default();
    if passed_over > 0 {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNATURES_PASSED_OVER",
            "EN 319 102-1 5.2.2",
            format!("the file carries too many signatures for its size; the oldest {passed_over} were not judged"),
        );
    }
    if case.material.is_cut_off {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "EVIDENCE_PASSED_OVER",
            "EN 319 142-1 5.4",
            "the file brings more certificates and status answers than are looked at",
        );
    }
    for stray in &found.strays {
        whole.fail(
            SubIndication::FormatFailure,
            "SIGNATURE_NOT_REACHABLE",
            "ISO 32000-2 12.7.5.5",
            format!(
                "a signature dictionary at byte {} belongs to no field of the document",
                stray.offset
            ),
        );
    }
    if signatures.is_empty() && found.strays.is_empty() {
        whole.doubt(
            SubIndication::NoSignatureFound,
            "NO_SIGNATURE_FOUND",
            "EN 319 102-1 5.2.2",
            "the file carries no signature",
        );
    }
    let worst = signatures.iter().max_by_key(|s| s.indication);
    let (indication, sub_indication) = match worst {
        Some(worst) if worst.indication >= whole.indication => {
            (worst.indication, worst.sub_indication)
        }
        _ => (whole.indication, whole.sub_indication),
    };
    Report {
        file: FileFacts {
            sha256: opened.hashes.file.to_string(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        indication,
        sub_indication,
        signatures,
        reasons: whole.reasons,
        validated_at: control.to_rfc3339(),
    }
}

/// Judging one signature compares revisions over the whole file: about 12 ms per MB at worst (1,000,000 objects in 50 MB:
/// 0.58 s). 1,500 MB of such work bound a verdict to some 20 s for the most hostile file; 30 signatures in 50 MB and any
/// number that real files carry (hundreds in 5 MB) stay below.
const WORK_MAX_BYTES: usize = 1_500_000_000;

pub(super) fn judged_at_most(file_bytes: usize) -> usize {
    WORK_MAX_BYTES / file_bytes.max(1)
}

fn unreadable(bytes: &[u8], refusal: &Refusal, control: UtcTime) -> Report {
    let mut findings = Findings::default();
    let detail = format!("the file can't be read as a PDF: {refusal}");
    match refusal {
        // Inside an encrypted file nothing can be seen, so nothing is said of its signatures.
        Refusal::Encrypted | Refusal::TooLarge { .. } => {
            findings.doubt(
                SubIndication::SignedDataNotFound,
                &refusal.code().to_uppercase().replace('-', "_"),
                "EN 319 102-1 5.2.2",
                detail,
            );
        }
        _ => findings.fail(
            SubIndication::FormatFailure,
            &refusal.code().to_uppercase().replace('-', "_"),
            "EN 319 102-1 5.2.2",
            detail,
        ),
    }
    Report {
        file: FileFacts {
            sha256: crate::record::sha256(bytes).to_string(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        indication: findings.indication,
        sub_indication: findings.sub_indication,
        signatures: Vec::new(),
        reasons: findings.reasons,
        validated_at: control.to_rfc3339(),
    }
}
