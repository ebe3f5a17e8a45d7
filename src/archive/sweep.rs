//! `sweep`: everything the archive holds is read again, hashed again, derived again and judged again.
//!
//! # Invariants
//! * No finding stops the sweep; every one names its leaf (or file) and kind.
//! * Nothing is taken from what was remembered: bytes, rows and tiles come from the store.
//!
//! # What is not here
//! Repair; throttling; sampling.

mod entries;
mod tree;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::gate::{Pass, Sweeping};
use super::open::Archive;
use crate::record::{Fault, ResultId, UtcTime};
use crate::store::Stores;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The row of an admitted entry can't be read.
    EntryDamaged,
    /// The stored facts, record or opening are not those that the leaf committed to.
    RecordMismatch,
    /// The log leaf can't be read or is not a leaf.
    LeafDamaged,
    DocumentMissing,
    /// The stored file can't be read.
    DocumentDamaged,
    /// The stored file has another digest than was logged.
    DocumentMismatch,
    /// The stored file's signature does not pass.
    SignatureInvalid,
    ReceiptMismatch,
    /// The archive could not be opened whole; what is said is why.
    OpeningRefused,
    /// A look-up does not lead to the entry.
    IndexMismatch,
    /// A published tile or bundle is not what the entries derive.
    TileMismatch,
    TileMissing,
    /// The root derived from the entries is not the one signed.
    RootMismatch,
    CheckpointInvalid,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The log index it speaks of; absent for what belongs to no single leaf.
    pub leaf: Option<u64>,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SweepState {
    Running,
    Done,
    Failed,
}

/// What `antin sweep --json` and the API answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepReport {
    pub id: String,
    pub state: SweepState,
    /// Entries looked at.
    pub objects: u64,
    /// Document bytes read.
    pub bytes: u64,
    pub findings: Vec<Finding>,
    /// Entries the log had when the sweep began.
    pub tree_size: u64,
    /// Stored files that no entry names: left by a crash before admission, no harm.
    pub orphans: u64,
    pub started_at: String,
    pub finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl SweepReport {
    /// The store itself is damaged so that nothing behind it can be looked at: a finding, too.
    #[must_use]
    pub fn of_damaged_store(why: String, now: UtcTime) -> Self {
        Self {
            id: "none".to_owned(),
            state: SweepState::Failed,
            objects: 0,
            bytes: 0,
            findings: vec![Finding {
                kind: FindingKind::OpeningRefused,
                leaf: None,
                detail: why.clone(),
            }],
            tree_size: 0,
            orphans: 0,
            started_at: now.to_rfc3339(),
            finished_at: Some(now.to_rfc3339()),
            failure: Some(why),
        }
    }
}

/// Counters that a progress bar reads while the sweep runs.
#[derive(Debug, Default)]
pub struct Progress {
    pub total: AtomicU64,
    pub objects: AtomicU64,
    pub bytes: AtomicU64,
}

/// Sweeps of this process, by id; finished ones also stand in the ledger.
#[derive(Debug, Default)]
pub(super) struct Sweeps {
    running: Mutex<HashMap<String, (SweepReport, Arc<Progress>)>>,
}

/// Whose eyes a sweep looks through.
#[derive(Debug, Clone, Copy)]
enum View {
    /// A process that opened the archive to sweep it remembers nothing that it did not just read.
    AsOpened,
    /// A server's caches would hide a byte that changed on the disk: it looks past them.
    OnDisk,
}

/// One pass: what is known of the archive, and the stores as they are on disk now.
pub(super) struct Sweeper<'a> {
    archive: &'a Archive,
    stores: &'a Stores,
}

impl Sweeps {
    fn end(&self, id: &str) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

struct Running<'a> {
    archive: &'a Archive,
    id: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.archive.sweeps.end(&self.id);
    }
}

impl Archive {
    /// Runs a sweep to its end.
    ///
    /// # Errors
    /// The archive could not be read at all, or the report not be kept.
    pub fn sweep(&self, _pass: &Pass<Sweeping>, progress: &Progress) -> Result<SweepReport, Fault> {
        let report = self.new_report()?;
        let report = self.run_sweep(report, progress, View::AsOpened);
        self.keep_report(&report)?;
        Ok(report)
    }

    /// Starts a sweep in the background. `None`: one is running already.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn start_sweep(
        self: &Arc<Self>,
        _pass: &Pass<Sweeping>,
    ) -> Result<Option<SweepReport>, Fault> {
        let report = self.new_report()?;
        let progress = Arc::new(Progress::default());
        {
            let mut running = self
                .sweeps
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if !running.is_empty() {
                return Ok(None);
            }
            running.insert(report.id.clone(), (report.clone(), Arc::clone(&progress)));
        }
        let archive = Arc::clone(self);
        let begun = report.clone();
        std::thread::Builder::new()
            .name("sweep".into())
            .spawn(move || {
                let id = begun.id.clone();
                // However this thread ends, the next sweep may begin.
                let _running = Running {
                    archive: &archive,
                    id,
                };
                let finished = archive.run_sweep(begun, &progress, View::OnDisk);
                if let Err(fault) = archive.keep_report(&finished) {
                    tracing::error!(fault = %fault.chain(), "a sweep's report could not be kept");
                }
            })
            .map_err(|e| {
                self.sweeps.end(&report.id);
                Fault::new("starting a sweep", e)
            })?;
        Ok(Some(report))
    }

    /// # Errors
    /// The ledger could not be read.
    pub fn sweep_report(
        &self,
        _pass: &Pass<Sweeping>,
        id: &str,
    ) -> Result<Option<SweepReport>, Fault> {
        if let Some((report, progress)) = self
            .sweeps
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
        {
            let mut report = report.clone();
            report.objects = progress.objects.load(Ordering::Relaxed);
            report.bytes = progress.bytes.load(Ordering::Relaxed);
            return Ok(Some(report));
        }
        let Some(bytes) = self.stores.ledger.report(&report_name(id))? else {
            return Ok(None);
        };
        let report = serde_json::from_slice(&bytes)
            .map_err(|e| Fault::new("reading a sweep's report", e))?;
        Ok(Some(report))
    }

    fn new_report(&self) -> Result<SweepReport, Fault> {
        let now = self.now();
        let now_ms = u64::try_from(now.unix_s())
            .unwrap_or(0)
            .saturating_mul(1_000);
        let id = ResultId::from_parts(now_ms, super::open::random()?)
            .ok_or_else(|| Fault::plain("the clock is out of range"))?;
        Ok(SweepReport {
            id: id.to_string(),
            state: SweepState::Running,
            objects: 0,
            bytes: 0,
            findings: Vec::new(),
            tree_size: self.tree_size(),
            orphans: 0,
            started_at: now.to_rfc3339(),
            finished_at: None,
            failure: None,
        })
    }

    fn keep_report(&self, report: &SweepReport) -> Result<(), Fault> {
        let bytes =
            serde_json::to_vec(report).map_err(|e| Fault::new("encoding a sweep's report", e))?;
        self.stores
            .ledger
            .put_report(&report_name(&report.id), &bytes)
    }

    fn look(
        &self,
        size: u64,
        progress: &Progress,
        view: View,
    ) -> Result<(Vec<Finding>, u64), Fault> {
        let refused = |why: String| Finding {
            kind: FindingKind::OpeningRefused,
            leaf: None,
            detail: why,
        };
        let mut findings: Vec<Finding> = self.refused.iter().cloned().map(refused).collect();
        let inspected = match view {
            View::AsOpened => Ok(self.stores.clone()),
            View::OnDisk => self.stores.inspect(),
        };
        let on_disk = inspected.unwrap_or_else(|fault| {
            findings.push(refused(fault.chain().to_string()));
            self.stores.clone()
        });
        let sweeper = Sweeper {
            archive: self,
            stores: &on_disk,
        };
        let swept = sweeper.sweep_entries(size, progress)?;
        findings.extend(swept.findings);
        findings.extend(sweeper.sweep_tree(size, &swept.leaves));
        let orphans = sweeper
            .count_orphans(&swept.documents)
            .unwrap_or_else(|fault| {
                findings.push(Finding {
                    kind: FindingKind::IndexMismatch,
                    leaf: None,
                    detail: format!("the stored files can't be listed: {}", fault.chain()),
                });
                0
            });
        Ok((findings, orphans))
    }

    fn run_sweep(&self, mut report: SweepReport, progress: &Progress, view: View) -> SweepReport {
        progress.total.store(report.tree_size, Ordering::Relaxed);
        let outcome = self.look(report.tree_size, progress, view);
        report.objects = progress.objects.load(Ordering::Relaxed);
        report.bytes = progress.bytes.load(Ordering::Relaxed);
        match outcome {
            Ok((mut findings, orphans)) => {
                findings
                    .sort_by(|a, b| (a.leaf, a.kind, &a.detail).cmp(&(b.leaf, b.kind, &b.detail)));
                report.findings = findings;
                report.orphans = orphans;
                report.state = SweepState::Done;
            }
            Err(fault) => {
                report.state = SweepState::Failed;
                report.failure = Some(fault.chain().to_string());
            }
        }
        report.finished_at = Some(self.now().to_rfc3339());
        report
    }
}

fn report_name(id: &str) -> String {
    format!("sweep/{id}")
}
