//! `check`: what anybody may learn of a result by its public code, and the verdict on any file.
//!
//! Four questions, four answers, never folded into one: is the file unchanged, is it signed by the right office, is the result
//! in force, is it in the public log.

use super::log::prove;
use super::open::Archive;
use crate::pki::crl::Crl;
use crate::pki::ocsp::BasicResponse;
use crate::record::{
    Date, Digest, Fault, Office, PublicId, ResultRecord, SignatureLevel, UtcTime, Validity,
    leaf_hash,
};
use crate::store::Row;
use crate::tlog::{Note, verify_inclusion};
use crate::trust::RevocationEvidence;
use crate::verify::{Evidence, Report, judge_file, needs_file};

/// Whether the log holds the result, checked now against the published tree.
#[derive(Debug, Clone)]
pub enum LogFact {
    Included {
        index: u64,
        tree_size: u64,
        root: Digest,
        leaf_hash: Digest,
        origin: String,
    },
    Mismatch {
        index: u64,
    },
    CouldNotCheck {
        why: String,
    },
}

/// Whether the result has effect on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    Unlimited,
    Until(Date),
    Expired(Date),
}

impl InForce {
    fn of(validity: &Validity, today: Date) -> Self {
        match validity {
            Validity::Unlimited => Self::Unlimited,
            Validity::Until(date) if validity.covers(today) => Self::Until(*date),
            Validity::Until(date) => Self::Expired(*date),
        }
    }
}

/// One result as the public page shows it. The record is whole: masking is the page's duty and its types enforce it.
#[derive(Debug)]
pub struct PublicRecord {
    pub public_id: PublicId,
    pub record: ResultRecord,
    pub office: Office,
    pub signed_at: UtcTime,
    pub level: SignatureLevel,
    pub authority: Option<String>,
    pub file_sha256: Digest,
    /// `None`: the stored bytes could not be read. `Some(false)`: they are not the bytes that were logged.
    pub unchanged: Option<bool>,
    pub report: Option<Report>,
    /// SHA-256 of the certificate that the office sealed with, as logged.
    pub seal_certificate: Digest,
    pub in_force: InForce,
    /// No trusted time-stamp yet: the public log is the only witness of its time.
    pub stamp_pending: bool,
    pub log: LogFact,
}

/// What the archive knows of a file that somebody holds.
#[derive(Debug)]
pub struct Archived {
    pub public_id: PublicId,
    /// The same result exists with more evidence, at this level.
    pub longer_lived: Option<SignatureLevel>,
    /// No trusted time-stamp yet: the public log is the only witness of its time.
    pub stamp_pending: bool,
    pub in_force: InForce,
    pub log: LogFact,
}

impl Archive {
    /// Looks a public code up and checks everything anew. `None`: unknown or not public; no difference is shown.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn public_record(&self, public_id: &PublicId) -> Result<Option<PublicRecord>, Fault> {
        let Some(index) = self.stores.ledger.by_public_id(public_id.as_bytes())? else {
            return Ok(None);
        };
        if index >= self.tree_size() {
            return Ok(None);
        }
        let index = self.newest_of(index)?;
        let entry = self.entry_at(index)?;
        let now = self.now();
        let bytes = match self.stores.blobs.read(&entry.core.file_sha256) {
            Ok(bytes) => bytes,
            Err(fault) => {
                tracing::error!(index, fault = %fault.chain(), "a stored file can't be read");
                None
            }
        };
        let report = bytes.as_deref().map(|b| self.verdict(b, now));
        let unchanged = report
            .as_ref()
            .map(|r| r.file.sha256 == entry.core.file_sha256.to_string());
        Ok(Some(PublicRecord {
            public_id: *public_id,
            office: Office {
                code: entry.core.office.clone(),
                name: entry.core.office_name.clone(),
                level: entry.core.office_level,
            },
            signed_at: entry.core.signed_at,
            level: entry.core.level,
            authority: entry.core.authority.clone(),
            file_sha256: entry.core.file_sha256,
            unchanged,
            report,
            seal_certificate: entry.core.certificate_sha256,
            in_force: InForce::of(&entry.record.validity, now.date_in_vietnam()),
            stamp_pending: entry.stamp_pending(),
            log: self.log_fact(index),
            record: entry.record,
        }))
    }

    /// The verdict on any file, with revocation status fetched where its certificates say.
    #[must_use]
    pub fn verdict(&self, bytes: &[u8], now: UtcTime) -> Report {
        self.verdict_over(bytes, None, now)
    }

    /// The same; `content` is what a detached signature was made over.
    #[must_use]
    pub fn verdict_over(&self, bytes: &[u8], content: Option<&[u8]>, now: UtcTime) -> Report {
        let status = self.status_for(bytes, now);
        let evidence = Evidence {
            anchors: &self.anchors,
            extra: &[],
            revocation: &status,
            memory: &self.memory,
        };
        judge_file(bytes, content, &evidence, now)
    }

    fn status_for(&self, bytes: &[u8], now: UtcTime) -> RevocationEvidence {
        let mut ocsp: Vec<BasicResponse> = Vec::new();
        let mut crls: Vec<Crl> = Vec::new();
        let budget = self.fetcher.budget_for_file();
        // A chain of three for signer and authority is six look-ups; strangers' files get no more than 16.
        for need in needs_file(bytes, &self.anchors, &[], &self.memory)
            .into_iter()
            .take(16)
        {
            let facts = self.revocation.facts_within(
                &self.fetcher,
                &self.memory,
                &need.subject,
                &need.issuer,
                now,
                budget,
            );
            ocsp.extend(facts.ocsp);
            crls.extend(facts.crls);
        }
        RevocationEvidence { ocsp, crls }
    }

    /// Whether exactly these bytes are a result of this archive.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn archived(&self, sha256: &Digest) -> Result<Option<Archived>, Fault> {
        let Some(index) = self
            .stores
            .ledger
            .by_blob(sha256)?
            .into_iter()
            .rfind(|i| *i < self.tree_size())
        else {
            return Ok(None);
        };
        let entry = self.entry_at(index)?;
        let newest = self.newest_of(self.first_of(index)?)?;
        let longer_lived = match newest == index {
            true => None,
            false => Some(self.entry_at(newest)?.core.level),
        };
        Ok(Some(Archived {
            public_id: entry.core.public_id,
            longer_lived,
            stamp_pending: newest == index && entry.stamp_pending(),
            in_force: InForce::of(&entry.record.validity, self.now().date_in_vietnam()),
            log: self.log_fact(index),
        }))
    }

    /// Proves the entry under the published head and checks the proof as a stranger would.
    fn log_fact(&self, index: u64) -> LogFact {
        let head = self.head_state();
        let checked = || -> Result<LogFact, Fault> {
            let leaf = match self.stores.ledger.entry(index)? {
                Some(Row::Whole(s)) => leaf_hash(&s.admission.leaf),
                _ => return Ok(LogFact::Mismatch { index }),
            };
            let note =
                Note::parse(&head.note).map_err(|e| Fault::new("reading the log's head", e))?;
            let proof = prove(self.stores.tree.as_ref(), head.size, index, note, None)?;
            Ok(
                match verify_inclusion(index, head.size, &leaf, &proof.path, &head.root) {
                    Ok(()) => LogFact::Included {
                        index,
                        tree_size: head.size,
                        root: head.root,
                        leaf_hash: leaf,
                        origin: self.settings.log_origin.clone(),
                    },
                    Err(_) => LogFact::Mismatch { index },
                },
            )
        };
        checked().unwrap_or_else(|fault| LogFact::CouldNotCheck {
            why: fault.chain().to_string(),
        })
    }
}
