//! `begin`: everything that the signature will cover is fixed, kept, and shown.
//!
//! Order of effects, and what a crash after each leaves:
//! 1. checks, preparation: nothing.
//! 2. the file is kept: a file without a row, removed at the next start.
//! 3. the row is kept: a signature that waits until it expires.

use std::sync::atomic::Ordering;

use super::pending::{Row, State, file_name};
use super::signer::{Signing, algorithm_for};
use super::{Beginning, Begun, HandRefusal};
use crate::archive::accept::{InProgress, Refusal};
use crate::archive::gate::{HandSigning, Pass};
use crate::archive::open::{Archive, TOKEN_BYTES_FIRST, random};
use crate::archive::signing::TOKEN_SPARE_BYTES;
use crate::archive::work::{WorkId, digest_of, save};
use crate::pdf;
use crate::record::{Digest, Fault, sha256};
use crate::sign::{Signer, ToBeSigned, Upload, prepare};
use crate::store::Drawer;

/// The signature covers the room for its time-stamp, so it can't be made larger afterwards: tokens of one authority differ by
/// less than 64 bytes, and a second authority's certificate may be some hundred bytes longer.
const HAND_SPARE_BYTES: usize = 768;

impl Archive {
    /// # Errors
    /// Why it was not begun; nothing was kept.
    pub fn begin(
        &self,
        pass: &Pass<HandSigning>,
        beginning: Beginning,
    ) -> Result<Begun, HandRefusal> {
        self.still_logging()?;
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a signing pass without an office"))?;
        if !self.seals.contains_key(&office) {
            return Err(Refusal::OfficeUnknown(office).into());
        }
        let now = self.now();
        let problems = beginning.record.check_at(now.date_in_vietnam());
        if !problems.is_empty() {
            return Err(Refusal::Record(problems).into());
        }
        let signing = self.signing_of(beginning.certificates)?;
        let binding = self.may_sign_by_hand(&office, &signing, now)?;
        let algorithm = algorithm_for(&signing.certificate, beginning.algorithm, now)?;
        self.judge_earlier(&beginning.upload, now)?;
        let pages = pdf::inspect(beginning.upload.bytes(), &self.limits())
            .map_err(Refusal::Pdf)?
            .pages();
        let bytes = beginning.upload.bytes().to_vec();
        self.room_for(bytes.len())?;
        let signer = binding.person.as_ref().map_or_else(
            || signing.certificate.subject().to_string(),
            |person| person.name.clone(),
        );
        let expires_s = i64::from(self.desk.signature_expires_s);
        let mut row = Row {
            office,
            record: String::from_utf8(beginning.record.to_json())
                .map_err(|e| Fault::new("encoding the record", e))?,
            upload_sha256: beginning.upload.sha256(),
            upload_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            pages,
            signer,
            certificates: signing.to_base64(),
            algorithm,
            at: now,
            token_bytes: u64::try_from(self.token_room()?).unwrap_or(u64::MAX),
            to_be_signed_sha256: Digest::new([0; 32]),
            then: beginning.then,
            begun_at: now,
            expires_at: now.checked_add_s(expires_s).unwrap_or(now),
            state: State::Waiting,
        };
        let prepared = self.prepare_by_hand(&row, &signing, beginning.upload)?;
        let to_be_signed = prepared.to_sign().to_vec();
        row.to_be_signed_sha256 = sha256(&to_be_signed);
        let id = WorkId::draw()?;
        let desk = self.stores.desk.as_ref();
        desk.put_file(&file_name(&id), &bytes)?;
        save(desk, Drawer::Signatures, id.key(), &row)?;
        desk.sync()?;
        tracing::info!(%id, office = %row.office, file = %row.upload_sha256, "a signature by hand was begun");
        let digest = algorithm.algorithm().cms_digest();
        Ok(Begun {
            digest_algorithm: digest.name(),
            digest: digest.hash(&to_be_signed),
            to_be_signed,
            expires_at: row.expires_at,
            pending: row.view(id, now)?,
        })
    }

    /// The same inputs give the same bytes, now and at the end.
    pub(super) fn prepare_by_hand(
        &self,
        row: &Row,
        signing: &Signing,
        upload: Upload,
    ) -> Result<ToBeSigned, HandRefusal> {
        let limits = self.limits();
        let signer = Signer {
            certificate: &signing.certificate,
            chain: &signing.chain,
            algorithm: row.algorithm.algorithm(),
            name: &row.signer,
            token_bytes_max: usize::try_from(row.token_bytes).unwrap_or(usize::MAX),
        };
        prepare(
            upload,
            |bytes| pdf::inspect(bytes, &limits),
            &signer,
            row.at,
        )
        .map_err(|refusal| Refusal::Pdf(refusal).into())
    }

    /// Where no token was seen yet, one is asked for: its size has to be known before the person signs. Where nobody answers, the
    /// usual size has to do; what does not fit later is stamped like a result whose authority is down.
    fn token_room(&self) -> Result<usize, HandRefusal> {
        if self.token_bytes.load(Ordering::Relaxed) == TOKEN_BYTES_FIRST
            && let Ok(token) = self.time_stamp(random()?)
        {
            self.token_bytes.store(
                token.der.len().saturating_add(TOKEN_SPARE_BYTES),
                Ordering::Relaxed,
            );
        }
        let learnt = self.token_bytes.load(Ordering::Relaxed);
        Ok(learnt.saturating_add(HAND_SPARE_BYTES))
    }

    /// Whether work in hand may take this much more.
    pub(in crate::archive) fn room_for(&self, bytes: usize) -> Result<(), HandRefusal> {
        let taken = self.stores.desk.file_bytes()?;
        let wanted = taken.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if wanted > self.desk.files_max_bytes {
            return Err(HandRefusal::DeskFull);
        }
        Ok(())
    }

    /// One request at a time decides about a signature in hand.
    pub(super) fn hold_pending(&self, id: &WorkId) -> Result<InProgress<'_>, HandRefusal> {
        Ok(InProgress::begin(self, pending_key(id))?)
    }
}

/// Under which the ledger knows the result of a signature in hand.
pub(super) fn pending_key(id: &WorkId) -> Digest {
    digest_of("antin/idempotency/signatures", &[id.key()])
}

/// The same signature is the same request.
pub(super) fn pending_content(id: &WorkId, signature_sha256: &Digest) -> Digest {
    digest_of(
        "antin/request/signatures",
        &[id.key(), signature_sha256.as_bytes()],
    )
}
