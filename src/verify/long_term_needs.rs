//! What a file must still take up so that a document time-stamp made now keeps it provable: certificates, and the status of every
//! chain (EN 319 142-1 6.3; EN 319 102-1 5.6.2.2, which will be asked of it when the certificates have ended).
//!
//! # Invariants
//! * Only what is in the file counts as had; what the caller gives completes chains and is then asked to be put in.
//! * Of a chain that leads to no anchor nothing is asked but who issued its last certificate.

use super::case::Case;
use super::document_timestamp::{self, Stamp, Stamps};
use super::entry::Entry;
use super::hashes::{Covered, FileHashes};
use super::judge::{Evidence, Opened, judged_at_most};
use super::long_term::{Scope, absent, lacking};
use super::signature::{self, Signed};
use super::x509::path_at;
use crate::pdf::{self, Limits};
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, Path, PathFailure, Purpose, RevocationEvidence};

/// Something that the file's store lacks.
#[derive(Debug, Clone)]
pub enum LongTermNeed {
    /// No chain leads from here to an anchor: the certificate of its issuer is nowhere to be had.
    Issuer { subject: Certificate },
    /// A certificate of a chain that is at hand but not in the file.
    Certificate { certificate: Certificate },
    /// The revocation status of `subject`; best is one issued after `fresh_after`, the use of the key.
    Status {
        subject: Certificate,
        issuer: Certificate,
        fresh_after: UtcTime,
    },
}

/// What is missing before a document time-stamp at `at`. Empty: the file holds all, or can't be read or has no signature.
#[must_use]
pub fn long_term_needs(
    bytes: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
    at: UtcTime,
) -> Vec<LongTermNeed> {
    let limits = Limits::default();
    let Ok(found) = pdf::signatures(bytes, &limits) else {
        return Vec::new();
    };
    let passed_over = found
        .fields
        .len()
        .saturating_sub(judged_at_most(bytes.len()));
    let fields = found.fields.iter().skip(passed_over);
    let mut entries: Vec<Entry<'_>> = fields.map(Entry::new).collect();
    let covered: Vec<Covered> = entries.iter().filter_map(|e| e.covered).collect();
    let opened = Opened {
        bytes,
        limits,
        hashes: FileHashes::new(bytes, &covered),
    };
    let revocation = RevocationEvidence::default();
    let evidence = Evidence {
        anchors,
        extra,
        revocation: &revocation,
        memory,
    };
    let mut case = Case::new(&evidence, at.unix_s());
    document_timestamp::gather(&opened, &entries, &mut case);
    document_timestamp::gather_messages(&entries, &mut case);
    let mut wanted = Wanted {
        at,
        needs: Vec::new(),
    };
    let mut stamps = Stamps::default();
    for entry in entries.iter_mut().rev() {
        if entry.is_document_timestamp() {
            document_timestamp::judge(entry, &opened, &mut case, &mut stamps);
        }
    }
    for entry in &mut entries {
        if !entry.is_document_timestamp()
            && let Some(signed) = signature::judge(entry, &opened, &mut case, &stamps).signed
        {
            wanted.signature(&signed, &case);
        }
    }
    for stamp in stamps.holding.iter().rev() {
        wanted.stamp(stamp, &case);
    }
    wanted.needs
}

struct Wanted {
    at: UtcTime,
    needs: Vec<LongTermNeed>,
}

impl Wanted {
    fn signature(&mut self, signed: &Signed, case: &Case<'_>) {
        let at_s = signed.proven_s.unwrap_or(case.control_s);
        match &signed.path {
            Some(path) => self.chain(path, case, at_s, at_s),
            None => self.issuer(signed, case, at_s),
        }
        for token in &signed.tokens {
            self.stamp(token, case);
        }
    }

    /// A time-stamp is proven by the next one over it: that is the moment its chain must be known to have been good at.
    fn stamp(&mut self, stamp: &Stamp, case: &Case<'_>) {
        if let Some(path) = &stamp.path {
            let at_s = stamp.existed_s.unwrap_or(case.control_s);
            self.chain(path, case, at_s, stamp.time_s);
        }
    }

    fn chain(&mut self, path: &Path, case: &Case<'_>, at_s: i64, used_s: i64) {
        // With the anchor: it proves nothing there, but not every reader looks for the key behind a list of its own accord.
        for certificate in absent(path, case, usize::MAX) {
            self.add(LongTermNeed::Certificate {
                certificate: certificate.clone(),
            });
        }
        let scope = Scope {
            before: usize::MAX,
            at_s,
        };
        let next_s = Some(case.control_s);
        for lacking in lacking(path, case, scope, next_s) {
            self.add(LongTermNeed::Status {
                subject: lacking.subject,
                issuer: lacking.issuer,
                fresh_after: UtcTime::from_unix_s(used_s).unwrap_or(self.at),
            });
        }
    }

    /// Where the chain breaks off, from the signer up.
    fn issuer(&mut self, signed: &Signed, case: &Case<'_>, at_s: i64) {
        let failure = path_at(
            &signed.certificate,
            &signed.bag,
            case,
            at_s,
            Purpose::Signature,
        );
        if !matches!(failure, Err(PathFailure::NoPath)) {
            return;
        }
        let memory = case.evidence.memory;
        let mut last = &signed.certificate;
        // As deep as a path may be (trust::Budget).
        for _ in 0..8 {
            let issuer = signed.bag.iter().find(|c| {
                c.sha256() != last.sha256()
                    && c.subject().matches(last.issuer())
                    && memory.is_signed_by(last, c)
            });
            match issuer {
                Some(issuer) => last = issuer,
                None => break,
            }
        }
        if !last.ca_issuer_urls().is_empty() {
            self.add(LongTermNeed::Issuer {
                subject: last.clone(),
            });
        }
    }

    /// Chains share their upper parts: each thing is asked for once.
    fn add(&mut self, need: LongTermNeed) {
        let is_known =
            self.needs.iter().any(|known| match (known, &need) {
                (LongTermNeed::Issuer { subject: a }, LongTermNeed::Issuer { subject: b })
                | (
                    LongTermNeed::Certificate { certificate: a },
                    LongTermNeed::Certificate { certificate: b },
                )
                | (
                    LongTermNeed::Status { subject: a, .. },
                    LongTermNeed::Status { subject: b, .. },
                ) => a.sha256() == b.sha256(),
                _ => false,
            });
        if !is_known {
            self.needs.push(need);
        }
    }
}
