//! The part of `accept` that makes the signature: may the key be used, do earlier signatures hold, sign, stamp, judge our own work.
//!
//! # Invariants
//! * The key is used last of all checks that can refuse; what it made is judged before anything is kept.
//!
//! # What is not here
//! Keeping and logging: `accept`.

use std::sync::atomic::Ordering;

use super::accept::Refusal;
use super::open::{Archive, random};
use super::seal::Seal;
use crate::pdf::{self, Limits};
use crate::pki::cert::Certificate;
use crate::pki::tsp::Token;
use crate::record::{Digest, Fault, UtcTime};
use crate::sign::{NoRoom, Sealed, Signature, Upload, prepare};
use crate::trust::{RevocationEvidence, Status, status_of};
use crate::verify::{Evidence, Indication, judge};

/// Tokens of one authority differ by a few bytes (serial number, fraction of the second, signature encoding).
pub(super) const TOKEN_SPARE_BYTES: usize = 64;
/// Two authorities that take turns need two tries; a third is generous.
const ROOM_TRIES: u32 = 3;

impl Archive {
    /// Certificate validity and, where its status can be had, revocation: before the key is used.
    pub(super) fn may_sign(&self, seal: &Seal, now: UtcTime) -> Result<(), Refusal> {
        seal.usable_at(now, &self.anchors, &self.memory)
            .map_err(Refusal::CertificateNotUsable)?;
        self.not_revoked(seal.certificate(), seal.chain(), now)
    }

    /// Revocation of a signer's certificate, where its status can be had.
    pub(super) fn not_revoked(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: UtcTime,
    ) -> Result<(), Refusal> {
        let pool = chain.iter().chain(self.anchors.certificates());
        let Some(issuer) = pool
            .into_iter()
            .find(|c| c.subject().matches(certificate.issuer()))
        else {
            return Ok(());
        };
        let facts = self
            .revocation
            .facts(&self.fetcher, &self.memory, certificate, issuer, now);
        let evidence = RevocationEvidence {
            ocsp: facts.ocsp,
            crls: facts.crls,
        };
        match status_of(certificate, issuer, &evidence, &self.memory, now.unix_s()) {
            Some(Status::Revoked { .. }) => Err(Refusal::CertificateNotUsable(
                "it has been revoked or suspended".into(),
            )),
            Some(Status::Good) => Ok(()),
            None => {
                // The national rules ask for a warning, not a stop, where no status can be had.
                tracing::warn!(certificate = %Digest::new(certificate.sha256()), tried = ?facts.failures, "no revocation status for a signer");
                Ok(())
            }
        }
    }

    /// Earlier signatures must hold, or ours would give a broken file a sound look. Returns how many there are.
    pub(super) fn judge_earlier(&self, upload: &Upload, now: UtcTime) -> Result<usize, Refusal> {
        let limits = self.limits();
        let earlier = pdf::inspect(upload.bytes(), &limits)
            .map_err(Refusal::Pdf)?
            .signatures()
            .len();
        if earlier == 0 {
            return Ok(0);
        }
        let report = judge(upload.bytes(), &self.evidence_without_status(), now);
        let failed = report
            .signatures
            .iter()
            .find(|s| s.indication == Indication::TotalFailed);
        if let Some(failed) = failed {
            let why = failed.sub_indication.map_or("", |s| s.as_str()).to_owned();
            return Err(Refusal::EarlierSignature {
                field: failed.field.clone(),
                why,
            });
        }
        Ok(report.signatures.len())
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_file_bytes: self.settings.max_file_bytes,
            ..Limits::default()
        }
    }

    /// Signs and stamps. Room for the token is made from the size of the last one; where that is too little (another authority
    /// answered), all is done again with what it takes, never cut short.
    pub(super) fn seal_file(
        &self,
        seal: &Seal,
        mut upload: Upload,
        now: UtcTime,
    ) -> Result<(Sealed, Token), Refusal> {
        let mut room = self.token_bytes.load(Ordering::Relaxed);
        for _ in 0..ROOM_TRIES {
            match self.seal_with_room(seal, upload, now, room)? {
                Ok((sealed, token)) => {
                    let next = token.der.len().saturating_add(TOKEN_SPARE_BYTES);
                    self.token_bytes.store(next, Ordering::Relaxed);
                    return Ok((sealed, token));
                }
                Err(no_room) => {
                    let more = no_room.need_bytes.saturating_sub(no_room.have_bytes);
                    room = room.saturating_add(more).saturating_add(TOKEN_SPARE_BYTES);
                    upload = no_room.upload;
                }
            }
        }
        Err(Fault::plain("the time-stamp token grew with every request").into())
    }

    fn seal_with_room(
        &self,
        seal: &Seal,
        upload: Upload,
        now: UtcTime,
        token_bytes: usize,
    ) -> Result<Result<(Sealed, Token), Box<NoRoom>>, Refusal> {
        let limits = self.limits();
        let signer = seal.signer(token_bytes);
        let prepared = prepare(upload, |bytes| pdf::inspect(bytes, &limits), &signer, now)
            .map_err(Refusal::Pdf)?;
        let signature = seal.key().sign(prepared.to_sign()).map_err(Refusal::Key)?;
        metrics::counter!("antin_signatures_total", "office" => seal.office().code.to_string())
            .increment(1);
        let signed = prepared.signed(Signature(signature));
        let token = self.time_stamp(signed.timestamp_imprint())?;
        Ok(signed
            .complete(Some(&token.der))
            .map(|sealed| (sealed, token)))
    }

    pub(super) fn time_stamp(&self, imprint: [u8; 32]) -> Result<Token, Refusal> {
        let stamped = self
            .fetcher
            .timestamp(
                &self.settings.timestamp_urls,
                imprint,
                random()?,
                self.clock,
                self.settings.max_drift_s,
            )
            .map_err(Refusal::Timestamp)?;
        Ok(stamped.token)
    }

    /// The same validator that citizens use must pass our signature, and what was there before must stand as it stood.
    pub(super) fn judge_own(&self, sealed: &Sealed, earlier: usize) -> Result<(), Refusal> {
        let report = judge(sealed.bytes(), &self.evidence_without_status(), self.now());
        let own = report.signatures.last();
        let sound = own.is_some_and(|s| {
            s.indication == Indication::TotalPassed
                && s.timestamps
                    .iter()
                    .any(|t| t.indication == Indication::TotalPassed)
        });
        let earlier_stand = report.signatures.len() == earlier + 1
            && report
                .signatures
                .iter()
                .all(|s| s.indication != Indication::TotalFailed);
        if let Some(own) = own
            && own.indication == Indication::TotalPassed
            && !sound
        {
            let reasons = own.timestamps.iter().flat_map(|t| &t.reasons);
            let why: Vec<&str> = reasons.map(|r| r.detail.as_str()).collect();
            return Err(Refusal::TimestampNotTrusted(why.join("; ")));
        }
        if sound && earlier_stand && report.file.sha256 == sealed.sha256().to_string() {
            return Ok(());
        }
        let reasons: Vec<String> = report
            .signatures
            .iter()
            .flat_map(|s| {
                s.reasons
                    .iter()
                    .map(move |r| format!("{}: {} {}", s.field, r.code, r.detail))
            })
            .chain(report.signatures.iter().flat_map(|s| {
                s.timestamps
                    .iter()
                    .flat_map(|t| t.reasons.iter().map(|r| r.detail.clone()))
            }))
            .collect();
        Err(Fault::plain(format!(
            "the signed file did not pass our own validation and was not kept ({:?}; {})",
            report.indication,
            reasons.join("; ")
        ))
        .into())
    }

    /// Evidence for files that are just being signed: status was asked before the key was used.
    fn evidence_without_status(&self) -> Evidence<'_> {
        static NONE: RevocationEvidence = RevocationEvidence {
            ocsp: Vec::new(),
            crls: Vec::new(),
        };
        Evidence {
            anchors: &self.anchors,
            extra: &[],
            revocation: &NONE,
            memory: &self.memory,
        }
    }
}
