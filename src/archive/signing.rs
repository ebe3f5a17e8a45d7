//! The part of `accept` that makes the signature: may the key be used, do earlier signatures hold, sign, stamp, judge our own work.
//!
//! # Invariants
//! * The key is used last of all checks that can refuse; what it made is judged before anything is kept.
//!
//! # What is not here
//! Keeping and logging: `accept`.

use std::sync::atomic::Ordering;

use super::accept::Refusal;
use super::binding::NotUsable;
use super::open::Archive;
use super::seal::Seal;
use super::stamping::Look;
use crate::fetch::TimestampFailure;
use crate::pdf::{self, Limits, Place};
use crate::pki::cert::Certificate;
use crate::pki::tsp::Token;
use crate::record::{Digest, Fault, SignatureLevel, UtcTime};
use crate::sign::{NoRoom, Sealed, Signature, Signed, Upload, prepare_placed};
use crate::trust::{RevocationEvidence, Status, status_of};
use crate::verify::{Evidence, Indication, judge};

/// Tokens of one authority differ by a few bytes (serial number, fraction of the second, signature encoding).
pub(super) const TOKEN_SPARE_BYTES: usize = 64;
/// Two authorities that take turns need two tries; a third is generous.
const ROOM_TRIES: u32 = 3;

/// What a signature is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub wanted: SignatureLevel,
    /// None: not seen on any page.
    pub look: Option<Look<'a>>,
}

impl Wish<'_> {
    pub const fn plain(wanted: SignatureLevel) -> Self {
        Self { wanted, look: None }
    }
}

/// What came of asking for a time-stamp.
enum Stamping {
    Done(Box<(Sealed, Token)>),
    NobodyAnswers {
        upload: Upload,
        failure: TimestampFailure,
    },
}

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
            Some(Status::Revoked { .. }) => Err(Refusal::CertificateNotUsable(NotUsable::Revoked)),
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

    /// Signs and, for B-T and above, stamps. Where no authority answers, the result is taken without a time-stamp: the log is then
    /// the witness of its time, and the stamp is got later (`levels`).
    pub(super) fn seal_file(
        &self,
        seal: &Seal,
        upload: Upload,
        wish: Wish<'_>,
        now: UtcTime,
    ) -> Result<(Sealed, Option<Token>), Refusal> {
        let place = self.place(seal, &upload, wish.look, now)?;
        if wish.wanted == SignatureLevel::BB {
            return Ok((self.seal_unstamped(seal, upload, place, now)?, None));
        }
        match self.seal_stamped(seal, upload, &place, now)? {
            Stamping::Done(done) => Ok((done.0, Some(done.1))),
            Stamping::NobodyAnswers { upload, failure } => {
                tracing::warn!(office = %seal.office().code, %failure, "no time-stamping authority answers; the result waits for its time-stamp");
                metrics::counter!("antin_stamps_pending_total").increment(1);
                Ok((self.seal_unstamped(seal, upload, place, now)?, None))
            }
        }
    }

    /// Room for the token is made from the size of the last one; where that is too little (another authority answered), all is
    /// done again with what it takes, never cut short.
    fn seal_stamped(
        &self,
        seal: &Seal,
        mut upload: Upload,
        place: &Place,
        now: UtcTime,
    ) -> Result<Stamping, Refusal> {
        let mut room = self.token_bytes.load(Ordering::Relaxed);
        for _ in 0..ROOM_TRIES {
            let signed = self.sign_with_room(seal, upload, place.clone(), now, room)?;
            let token = match self.time_stamp(signed.timestamp_imprint()) {
                Ok(token) => token,
                Err(failure) => {
                    let upload = signed.into_upload();
                    return Ok(Stamping::NobodyAnswers { upload, failure });
                }
            };
            match signed.complete(Some(&token.der)) {
                Ok(sealed) => {
                    let next = token.der.len().saturating_add(TOKEN_SPARE_BYTES);
                    self.token_bytes.store(next, Ordering::Relaxed);
                    return Ok(Stamping::Done(Box::new((sealed, token))));
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

    fn seal_unstamped(
        &self,
        seal: &Seal,
        upload: Upload,
        place: Place,
        now: UtcTime,
    ) -> Result<Sealed, Refusal> {
        let signed = self.sign_with_room(seal, upload, place, now, 0)?;
        signed.complete(None).map_err(|no_room| {
            let NoRoom {
                need_bytes,
                have_bytes,
                ..
            } = *no_room;
            Fault::plain(format!(
                "a signature takes {need_bytes} bytes where {have_bytes} were kept"
            ))
            .into()
        })
    }

    fn sign_with_room(
        &self,
        seal: &Seal,
        upload: Upload,
        place: Place,
        now: UtcTime,
        token_bytes: usize,
    ) -> Result<Signed, Refusal> {
        let limits = self.limits();
        let signer = seal.signer(token_bytes);
        let prepared = prepare_placed(
            upload,
            |bytes| pdf::inspect(bytes, &limits),
            &signer,
            place,
            now,
        )
        .map_err(Refusal::Pdf)?;
        let signature = seal.key().sign(prepared.to_sign()).map_err(Refusal::Key)?;
        metrics::counter!("antin_signatures_total", "office" => seal.office().code.to_string())
            .increment(1);
        Ok(prepared.signed(Signature(signature)))
    }

    pub(super) fn time_stamp(&self, imprint: [u8; 32]) -> Result<Token, TimestampFailure> {
        Ok(self.fetcher.timestamp(imprint, self.clock)?.token)
    }

    /// The same validator that citizens use must pass our signature, and what was there before must stand as it stood.
    pub(super) fn judge_own(&self, sealed: &Sealed, earlier: usize) -> Result<(), Refusal> {
        let report = judge(sealed.bytes(), &self.evidence_without_status(), self.now());
        let own = report.signatures.last();
        let unstamped = sealed.level() == SignatureLevel::BB;
        let sound = own.is_some_and(|s| {
            s.indication == Indication::TotalPassed
                && (unstamped
                    || s.timestamps
                        .iter()
                        .any(|t| t.indication == Indication::TotalPassed))
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
