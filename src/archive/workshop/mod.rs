//! Signing and extending a file outside the archive: in go bytes, out come bytes that our own validator has passed.
//!
//! # Contents
//! * `pades`: PDF. `raise`: any PDF to a higher level. `envelope`: CAdES and ASiC-E.
//! * `room`: how much a time-stamp token takes. `refusal`: why not.
//!
//! # Invariants
//! * The order of `accept`: everything that can refuse comes before the key; what was made is judged before it is given out.
//! * At B-LT and B-LTA the judgement rests on the file alone: nothing that was fetched helps it.
//!
//! # What is not here
//! Keeping, logging, receipts: `accept`.

mod envelope;
mod pades;
mod raise;
mod refusal;
mod room;

pub use refusal::WorkRefusal;
pub use room::Room;

use super::evidence::Gatherer;
use super::seal::Seal;
use crate::fetch::{Fetcher, RevocationSource};
use crate::pdf::Limits;
use crate::pki::cert::Certificate;
use crate::record::{SignatureLevel, UtcTime};
use crate::trust::{Anchors, Memory, RevocationEvidence, Status, status_of};
use crate::verify::{Evidence, Indication, Report, SignatureReport};

/// What signing and extending need besides the file and the key.
#[derive(Debug)]
pub struct Workshop<'a> {
    pub fetcher: &'a Fetcher,
    pub source: &'a RevocationSource,
    pub memory: &'a Memory,
    pub anchors: &'a Anchors,
    pub limits: Limits,
    pub clock: fn() -> UtcTime,
    /// Room for the next time-stamp token, learnt from the last one; `Room::default()` to begin with.
    pub room: Room,
}

/// A file that was made here.
#[derive(Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    /// Our own verdict on it.
    pub report: Report,
}

impl Workshop<'_> {
    fn now(&self) -> UtcTime {
        (self.clock)()
    }

    const fn gatherer<'b>(&'b self, extra: &'b [Certificate]) -> Gatherer<'b> {
        Gatherer {
            fetcher: self.fetcher,
            source: self.source,
            memory: self.memory,
            anchors: self.anchors,
            extra,
        }
    }

    /// Certificate validity and, where its status can be had, revocation: before the key is used.
    fn may_sign(&self, seal: &Seal) -> Result<(), WorkRefusal> {
        let now = self.now();
        seal.usable_at(now, self.anchors, self.memory)
            .map_err(|why| WorkRefusal::CertificateNotUsable(why.to_string()))?;
        let mut pool = seal.chain().iter().chain(self.anchors.certificates());
        let Some(issuer) = pool.find(|c| c.subject().matches(seal.certificate().issuer())) else {
            return Ok(());
        };
        let facts = self
            .source
            .facts(self.fetcher, self.memory, seal.certificate(), issuer, now);
        let evidence = RevocationEvidence {
            ocsp: facts.ocsp,
            crls: facts.crls,
        };
        match status_of(
            seal.certificate(),
            issuer,
            &evidence,
            self.memory,
            now.unix_s(),
        ) {
            Some(Status::Revoked { .. }) => Err(WorkRefusal::CertificateNotUsable(
                "it has been revoked or suspended".into(),
            )),
            // Where no status can be had, B-LT says so by itself; below it a warning stands in the report.
            Some(Status::Good) | None => Ok(()),
        }
    }

    fn evidence<'b>(&'b self, nothing: &'b RevocationEvidence) -> Evidence<'b> {
        Evidence {
            anchors: self.anchors,
            extra: &[],
            revocation: nothing,
            memory: self.memory,
        }
    }
}

/// The highest level that this signature's own report says, as far as it passed.
fn reached(signature: &SignatureReport) -> Option<SignatureLevel> {
    let name = signature.level.as_deref()?;
    [
        SignatureLevel::BLTA,
        SignatureLevel::BLT,
        SignatureLevel::BT,
        SignatureLevel::BB,
    ]
    .into_iter()
    .find(|level| level.as_str() == name)
}

/// Signatures proper, document time-stamps left out.
fn signatures(report: &Report) -> impl DoubleEndedIterator<Item = &SignatureReport> {
    report.signatures.iter().filter(|s| s.format != "RFC3161")
}

/// Refuses what carries a signature that does not hold: ours would give a broken file a sound look.
fn none_failed(report: &Report) -> Result<(), WorkRefusal> {
    let failed = report
        .signatures
        .iter()
        .find(|s| s.indication == Indication::TotalFailed);
    match failed {
        None => Ok(()),
        Some(failed) => Err(WorkRefusal::EarlierSignature {
            field: failed.field.clone(),
            why: failed.sub_indication.map_or("", |s| s.as_str()).to_owned(),
        }),
    }
}

/// All reasons of a report, for a person.
fn reasons(report: &Report) -> String {
    let mut lines: Vec<String> = report
        .reasons
        .iter()
        .map(|r| format!("{}: {}", r.code, r.detail))
        .collect();
    for signature in &report.signatures {
        let of_stamps = signature.timestamps.iter().flat_map(|t| &t.reasons);
        for reason in signature.reasons.iter().chain(of_stamps) {
            lines.push(format!(
                "{}: {}: {}",
                signature.field, reason.code, reason.detail
            ));
        }
    }
    lines.join("; ")
}
