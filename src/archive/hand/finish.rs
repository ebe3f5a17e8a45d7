//! `finish`: the person's signature goes into the very file that was shown, and the file becomes a result.
//!
//! Order of effects, and what a crash after each leaves:
//! 1. checks, the signature verified: nothing.
//! 2. the row says which signature was taken, durably: it can be given again, no other one can.
//! 3. time-stamp, seal, our own judgement, the file: an orphan blob at most.
//! 4. logged: the same signature given again finds it by its key.
//! 5. the row says so and the waiting file goes: the file may be left, and goes with the row.

use std::sync::atomic::Ordering;

use super::algorithm::cms_form;
use super::begin::{pending_content, pending_key};
use super::pending::{PendingState, Row, State, file_name, sha256_of};
use super::signer::Signing;
use super::{Finishing, HandRefusal, Then};
use crate::archive::accept::{Accepted, Author, FinishedFile, Made, Refusal};
use crate::archive::crash;
use crate::archive::gate::{HandSigning, Pass};
use crate::archive::open::Archive;
use crate::archive::signing::TOKEN_SPARE_BYTES;
use crate::archive::signing::Wish;
use crate::archive::work::{WorkId, save};
use crate::pki::cert::Certificate;
use crate::pki::tsp::Token;
use crate::record::{Digest, Fault, ResultRecord, issuer_of_spki, sha256};
use crate::sign::{Sealed, Signature, ToBeSigned, Upload};
use crate::store::Drawer;

/// Authorities that take turns: each gets a chance to fit.
const FITTING_TRIES: u32 = 3;

impl Archive {
    /// # Errors
    /// Why it was not finished. What was begun can be finished later, unless the refusal says that it is over.
    pub fn finish(
        &self,
        pass: &Pass<HandSigning>,
        id: &WorkId,
        finishing: Finishing,
    ) -> Result<Accepted, HandRefusal> {
        self.still_logging()?;
        let _held = self.hold_pending(id)?;
        let row = self.pending_row(pass, id)?;
        let signing = row.signing()?;
        if let Some(other) = &finishing.certificate
            && sha256_of(other) != sha256_of(&signing.certificate)
        {
            return Err(HandRefusal::CertificateDiffers);
        }
        let algorithm = row.algorithm.algorithm();
        let signature =
            cms_form(finishing.signature, finishing.form, algorithm).ok_or_else(|| {
                HandRefusal::SignatureWrong("it is not two numbers of equal length".into())
            })?;
        let signature_sha256 = sha256(&signature);
        if let Some(answer) = self.finished_before(id, &row, &signature_sha256)? {
            return Ok(answer);
        }
        if row.state_at(self.now()) == PendingState::Expired {
            return Err(HandRefusal::Expired);
        }
        let upload = self.waiting_file(id, &row)?;
        let before = self.judge_earlier(&upload, self.now())?;
        self.may_sign_by_hand(&row.office, &signing, self.now())?;
        let prepared = self.prepare_by_hand(&row, &signing, upload)?;
        if sha256(prepared.to_sign()) != row.to_be_signed_sha256 {
            return Err(HandRefusal::ShownOtherwise);
        }
        signing
            .certificate
            .public_key()
            .verify(algorithm, prepared.to_sign(), &signature)
            .map_err(|why| HandRefusal::SignatureWrong(why.to_string()))?;
        self.take_signature(id, &row, signature_sha256)?;
        crash::point("hand.taken");
        let (sealed, token) = self.stamp_by_hand(&row, &signing, prepared, &signature)?;
        self.judge_own(&sealed, before)?;
        let made = ByHand {
            sealed,
            token,
            certificate: &signing.certificate,
            record: row.record()?,
            before,
        };
        let accepted = self.log_by_hand(id, &row, made, signature_sha256)?;
        self.put_done(id, row, signature_sha256, accepted.receipt.log_index);
        Ok(accepted)
    }

    fn finished_before(
        &self,
        id: &WorkId,
        row: &Row,
        signature_sha256: &Digest,
    ) -> Result<Option<Accepted>, HandRefusal> {
        match &row.state {
            State::Waiting => {}
            State::Signed {
                signature_sha256: taken,
                ..
            }
            | State::Done {
                signature_sha256: taken,
                ..
            } if taken != signature_sha256 => return Err(HandRefusal::FinishedOtherwise),
            State::Signed { .. } | State::Done { .. } => {}
        }
        match self.replay(&pending_key(id), &pending_content(id, signature_sha256)) {
            Err(Refusal::KeyReused) => Err(HandRefusal::FinishedOtherwise),
            other => Ok(other?),
        }
    }

    /// The file that was shown, hashed again.
    fn waiting_file(&self, id: &WorkId, row: &Row) -> Result<Upload, HandRefusal> {
        let bytes =
            self.stores.desk.file(&file_name(id))?.ok_or_else(|| {
                Fault::plain(format!("the file of the signature {id} is missing"))
            })?;
        let upload = Upload::from(bytes);
        if upload.sha256() != row.upload_sha256 {
            tracing::error!(%id, "the file of a signature in hand is not the one that was shown");
            return Err(HandRefusal::ShownOtherwise);
        }
        Ok(upload)
    }

    fn take_signature(
        &self,
        id: &WorkId,
        row: &Row,
        signature_sha256: Digest,
    ) -> Result<(), HandRefusal> {
        if !matches!(row.state, State::Waiting) {
            return Ok(());
        }
        let mut taken = row.clone();
        taken.state = Row::signed(signature_sha256, self.now());
        let desk = self.stores.desk.as_ref();
        save(desk, Drawer::Signatures, id.key(), &taken)?;
        desk.sync()?;
        metrics::counter!("antin_hand_signatures_total", "office" => row.office.to_string())
            .increment(1);
        Ok(())
    }

    /// Where no authority answers the signature stands without a time-stamp of its own, as a seal does: one follows later.
    fn stamp_by_hand(
        &self,
        row: &Row,
        signing: &Signing,
        mut prepared: ToBeSigned,
        signature: &[u8],
    ) -> Result<(Sealed, Option<Token>), HandRefusal> {
        for _ in 0..FITTING_TRIES {
            let signed = prepared.signed(Signature(signature.to_vec()));
            let token = match self.time_stamp(signed.timestamp_imprint()) {
                Ok(token) => token,
                Err(failure) => {
                    tracing::warn!(office = %row.office, %failure, "no time-stamping authority answers; a signature by hand waits for its time-stamp");
                    metrics::counter!("antin_stamps_pending_total").increment(1);
                    let sealed = signed.complete(None).map_err(|_| HandRefusal::NoRoom)?;
                    return Ok((sealed, None));
                }
            };
            match signed.complete(Some(&token.der)) {
                Ok(sealed) => return Ok((sealed, Some(token))),
                Err(no_room) => {
                    // What is begun next gets enough room.
                    let room = token.der.len().saturating_add(TOKEN_SPARE_BYTES);
                    self.token_bytes.fetch_max(room, Ordering::Relaxed);
                    prepared = self.prepare_by_hand(row, signing, no_room.upload)?;
                }
            }
        }
        Err(HandRefusal::NoRoom)
    }

    /// The office's seal where it was asked for, then the log.
    fn log_by_hand(
        &self,
        id: &WorkId,
        row: &Row,
        made: ByHand<'_>,
        signature_sha256: Digest,
    ) -> Result<Accepted, HandRefusal> {
        let seal = self
            .seals
            .get(&row.office)
            .ok_or_else(|| Refusal::OfficeUnknown(row.office.clone()))?;
        let (author, sealed, token) = match row.then {
            Then::Nothing => (
                Author {
                    office: seal.office(),
                    certificate_sha256: sha256_of(made.certificate),
                    issuer: issuer_of_spki(made.certificate.spki()),
                },
                made.sealed,
                made.token,
            ),
            Then::Seal => {
                let now = self.now();
                self.may_sign(seal, now)?;
                let upload = Upload::from(made.sealed.into_bytes());
                let (sealed, token) =
                    self.seal_file(seal, upload, Wish::plain(self.settings.level), now)?;
                self.judge_own(&sealed, made.before.saturating_add(1))?;
                (Author::of(seal), sealed, token)
            }
        };
        self.keep(sealed.sha256(), sealed.bytes())?;
        let logged = self.log_result(Made {
            author,
            record: &made.record,
            file: FinishedFile::of(&sealed, token.as_ref(), &self.memory, self.now()),
            wanted: self.settings.level,
            public_id: None,
            upload_sha256: row.upload_sha256,
            key: pending_key(id),
            content: pending_content(id, &signature_sha256),
        })?;
        crash::point("hand.logged");
        Ok(logged)
    }

    /// The result stands whatever becomes of the row: a failure here is for the log only.
    fn put_done(&self, id: &WorkId, mut row: Row, signature_sha256: Digest, index: u64) {
        row.state = State::Done {
            signature_sha256,
            index,
            at: self.now(),
        };
        let desk = self.stores.desk.as_ref();
        let done = save(desk, Drawer::Signatures, id.key(), &row)
            .and_then(|()| desk.sync())
            .and_then(|()| desk.remove_file(&file_name(id)));
        if let Err(fault) = done {
            tracing::error!(%id, fault = %fault.chain(), "the row of a finished signature could not be closed");
        }
    }
}

/// A file with the person's signature, judged.
struct ByHand<'a> {
    sealed: Sealed,
    token: Option<Token>,
    certificate: &'a Certificate,
    record: ResultRecord,
    /// Signatures that were there before.
    before: usize,
}
