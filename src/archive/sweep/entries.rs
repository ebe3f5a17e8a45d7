//! The sweep's first half: every entry with its record, receipt, look-ups and document, on all cores.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Finding, FindingKind, Progress, Sweeper};
use crate::archive::entry::Entry;
use crate::record::{Digest, Fault, Leaf, leaf_hash};
use crate::store::{Row, Sequenced};
use crate::trust::RevocationEvidence;
use crate::verify::{Evidence, Indication, judge};

/// Rows fetched at once by a worker: 64 documents of 200 KB are 13 MB of reading between two visits to the ledger.
const STRIDE: u64 = 64;

pub(super) struct Swept {
    pub findings: Vec<Finding>,
    /// Leaf bytes in order; `None` where the row is damaged.
    pub leaves: Vec<Option<Vec<u8>>>,
    pub documents: HashSet<Digest>,
}

/// What one worker found.
#[derive(Default)]
struct Part {
    findings: Vec<Finding>,
    leaves: Vec<(u64, Option<Vec<u8>>)>,
    documents: Vec<Digest>,
}

impl Sweeper<'_> {
    pub(super) fn sweep_entries(&self, size: u64, progress: &Progress) -> Result<Swept, Fault> {
        let next = AtomicU64::new(0);
        let failure: Mutex<Option<Fault>> = Mutex::new(None);
        // Four for each core: while some wait for the disk, others hash.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = cores.saturating_mul(4);
        let parts: Vec<Part> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    scope.spawn(|| {
                        let mut part = Part::default();
                        let mut buffer = Vec::new();
                        loop {
                            let from = next.fetch_add(STRIDE, Ordering::Relaxed);
                            if from >= size
                                || failure
                                    .lock()
                                    .unwrap_or_else(PoisonError::into_inner)
                                    .is_some()
                            {
                                return part;
                            }
                            let count = usize::try_from(STRIDE.min(size - from)).unwrap_or(1);
                            match self.stores.ledger.entries(from, count) {
                                Ok(rows) => self.sweep_rows(
                                    from,
                                    count,
                                    rows,
                                    &mut part,
                                    &mut buffer,
                                    progress,
                                ),
                                Err(fault) => {
                                    *failure.lock().unwrap_or_else(PoisonError::into_inner) =
                                        Some(fault);
                                    return part;
                                }
                            }
                        }
                    })
                })
                .collect();
            threads.into_iter().filter_map(|t| t.join().ok()).collect()
        });
        if let Some(fault) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(fault);
        }
        if parts.len() != workers {
            return Err(Fault::plain("a sweep worker ended in a panic"));
        }
        let mut swept = Swept {
            findings: Vec::new(),
            leaves: vec![None; usize::try_from(size).map_err(|e| Fault::new("sizing a sweep", e))?],
            documents: HashSet::new(),
        };
        for part in parts {
            swept.findings.extend(part.findings);
            swept.documents.extend(part.documents);
            for (index, leaf) in part.leaves {
                if let Some(slot) = usize::try_from(index)
                    .ok()
                    .and_then(|i| swept.leaves.get_mut(i))
                {
                    *slot = leaf;
                }
            }
        }
        Ok(swept)
    }

    fn sweep_rows(
        &self,
        from: u64,
        count: usize,
        rows: Vec<Row>,
        part: &mut Part,
        buffer: &mut Vec<u8>,
        progress: &Progress,
    ) {
        let have: HashSet<u64> = rows.iter().map(Row::index).collect();
        let until = from.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        for index in (from..until).filter(|i| !have.contains(i)) {
            part.finding(
                FindingKind::EntryDamaged,
                index,
                "the entry is missing from the ledger",
            );
        }
        for row in rows {
            match row {
                Row::Whole(sequenced) => self.sweep_entry(&sequenced, part, buffer, progress),
                Row::Damaged { index, why } => part.finding(FindingKind::EntryDamaged, index, why),
            }
            progress.objects.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn sweep_entry(
        &self,
        sequenced: &Sequenced,
        part: &mut Part,
        buffer: &mut Vec<u8>,
        progress: &Progress,
    ) {
        let index = sequenced.index;
        let admission = &sequenced.admission;
        part.leaves.push((index, Some(admission.leaf.clone())));
        part.documents.push(admission.blob);
        let leaf = match Leaf::decode(&admission.leaf) {
            Ok(leaf) => Some(leaf),
            Err(problem) => {
                part.finding(FindingKind::LeafDamaged, index, format!("{problem:?}"));
                None
            }
        };
        match Entry::decode(&admission.entry) {
            Err(why) => part.finding(FindingKind::RecordMismatch, index, why),
            Ok(entry) => {
                if leaf.is_some_and(|l| l.commit != entry.opening.commit()) {
                    part.finding(
                        FindingKind::RecordMismatch,
                        index,
                        "the opening does not lead to the leaf's commitment",
                    );
                }
                let ids_agree = entry.core.id.to_bytes() == admission.id
                    && *entry.core.public_id.as_bytes() == admission.public_id
                    && entry.core.file_sha256 == admission.blob;
                if !ids_agree {
                    part.finding(
                        FindingKind::RecordMismatch,
                        index,
                        "the ledger's identifiers are not those of the stored facts",
                    );
                }
                self.sweep_receipt(&entry, index, part);
            }
        }
        self.sweep_index(sequenced, part);
        self.sweep_document(index, &admission.blob, part, buffer, progress);
    }

    fn sweep_receipt(&self, entry: &Entry, index: u64, part: &mut Part) {
        match self.stores.ledger.receipt(index) {
            Ok(Some(bytes)) => {
                // The address in a receipt is that of its day; everything else must be what the entry says.
                let same =
                    serde_json::from_slice::<crate::record::Receipt>(&bytes).is_ok_and(|kept| {
                        let mut expected = entry.receipt(&self.archive.settings.base_url, index);
                        expected.verify_url.clone_from(&kept.verify_url);
                        kept == expected
                            && kept
                                .verify_url
                                .ends_with(&format!("/v/{}", entry.core.public_id))
                    });
                if !same {
                    part.finding(
                        FindingKind::ReceiptMismatch,
                        index,
                        "the stored receipt does not say what the entry says",
                    );
                }
            }
            Ok(None) => part.finding(
                FindingKind::ReceiptMismatch,
                index,
                "the receipt is missing",
            ),
            Err(fault) => part.finding(
                FindingKind::ReceiptMismatch,
                index,
                fault.chain().to_string(),
            ),
        }
    }

    fn sweep_index(&self, sequenced: &Sequenced, part: &mut Part) {
        let ledger = &self.stores.ledger;
        let admission = &sequenced.admission;
        let first = admission.version_of.unwrap_or(sequenced.index);
        let leads = ledger.by_id(&admission.id).is_ok_and(|i| i == Some(first))
            && ledger
                .by_public_id(&admission.public_id)
                .is_ok_and(|i| i == Some(first))
            && admission.version_of.is_none_or(|first| {
                let listed = ledger.versions(first);
                listed.is_ok_and(|list| list.contains(&sequenced.index))
            })
            && ledger
                .by_blob(&admission.blob)
                .is_ok_and(|list| list.contains(&sequenced.index));
        if !leads {
            part.finding(
                FindingKind::IndexMismatch,
                sequenced.index,
                "a look-up by identifier or digest does not lead here",
            );
        }
    }

    fn sweep_document(
        &self,
        index: u64,
        id: &Digest,
        part: &mut Part,
        buffer: &mut Vec<u8>,
        progress: &Progress,
    ) {
        match self.stores.blobs.read_into(id, buffer) {
            Ok(true) => {}
            Ok(false) => {
                return part.finding(
                    FindingKind::DocumentMissing,
                    index,
                    format!("no bytes are stored under {id}"),
                );
            }
            Err(fault) => {
                return part.finding(
                    FindingKind::DocumentDamaged,
                    index,
                    fault.chain().to_string(),
                );
            }
        }
        progress
            .bytes
            .fetch_add(u64::try_from(buffer.len()).unwrap_or(0), Ordering::Relaxed);
        static NONE: RevocationEvidence = RevocationEvidence {
            ocsp: Vec::new(),
            crls: Vec::new(),
        };
        let evidence = Evidence {
            anchors: &self.archive.anchors,
            extra: &[],
            revocation: &NONE,
            memory: &self.archive.memory,
        };
        let report = judge(buffer, &evidence, self.archive.now());
        if report.file.sha256 != id.to_string() {
            return part.finding(
                FindingKind::DocumentMismatch,
                index,
                format!(
                    "the stored bytes have the digest {}, not {id}",
                    report.file.sha256
                ),
            );
        }
        // Earlier signatures by others may be beyond our judgement; the office's own, the last, must pass, and so must the
        // document time-stamps behind it.
        let signatures = &report.signatures;
        let own = signatures.iter().rposition(|s| s.format != "RFC3161");
        let ours = own.and_then(|at| signatures.get(at..)).unwrap_or_default();
        let bad = ours
            .iter()
            .find(|s| s.indication != Indication::TotalPassed);
        if ours.is_empty() || bad.is_some() {
            let why = bad
                .and_then(|s| s.sub_indication)
                .map_or("no signature", |s| s.as_str());
            part.finding(FindingKind::SignatureInvalid, index, why);
        }
    }

    pub(super) fn count_orphans(&self, documents: &HashSet<Digest>) -> Result<u64, Fault> {
        let mut orphans = 0;
        let mut after = None;
        loop {
            let page = self.stores.blobs.scan(after, 1_024)?;
            let Some(last) = page.last() else {
                return Ok(orphans);
            };
            after = Some(last.cursor);
            for blob in page.iter().filter(|b| !documents.contains(&b.id)) {
                // Results that came in after the sweep began are no orphans.
                if self.archive.stores.ledger.by_blob(&blob.id)?.is_empty() {
                    orphans += 1;
                }
            }
        }
    }
}

impl Part {
    fn finding(&mut self, kind: FindingKind, leaf: u64, detail: impl Into<String>) {
        self.findings.push(Finding {
            kind,
            leaf: Some(leaf),
            detail: detail.into(),
        });
    }
}

/// The leaf hashes in order, for the second half; damaged ones are taken as unknown.
pub(super) fn hashes(leaves: &[Option<Vec<u8>>]) -> Vec<Option<Digest>> {
    leaves.iter().map(|l| l.as_deref().map(leaf_hash)).collect()
}
