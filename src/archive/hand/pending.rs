//! A signature between its two requests: what is kept, and what its office may look at.

use serde::{Deserialize, Serialize};

use super::algorithm::HandAlgorithm;
use super::{HandRefusal, signer::Signing};
use crate::archive::gate::{HandSigning, Pass};
use crate::archive::open::Archive;
use crate::archive::work::{COMPLETE_WITHIN_S, WorkId, load};
use crate::pki::cert::Certificate;
use crate::record::{Digest, Fault, OfficeCode, ResultRecord, UtcTime};
use crate::store::Drawer;

/// What comes after the person's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The file is archived with the person's signature.
    #[default]
    Nothing,
    /// The office's seal is put beside it: both signatures in one result.
    Seal,
}

/// The row. Certificates and signature are DER in base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub office: OfficeCode,
    /// Canonical JSON, as text.
    pub record: String,
    pub upload_sha256: Digest,
    pub upload_bytes: u64,
    pub pages: u64,
    /// Who signs, as the office named the holder of the certificate.
    pub signer: String,
    pub certificates: Vec<String>,
    pub algorithm: HandAlgorithm,
    /// The claimed signing time, which the signature covers.
    pub at: UtcTime,
    /// Room for the time-stamp token, which the signature covers.
    pub token_bytes: u64,
    pub to_be_signed_sha256: Digest,
    pub then: Then,
    pub begun_at: UtcTime,
    pub expires_at: UtcTime,
    pub state: State,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    /// A good signature came in time; no other one is taken.
    Signed {
        signature_sha256: Digest,
        until: UtcTime,
    },
    Done {
        signature_sha256: Digest,
        index: u64,
        at: UtcTime,
    },
}

/// What an office may see of a signature in hand.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: WorkId,
    pub record: ResultRecord,
    pub upload_sha256: Digest,
    pub upload_bytes: u64,
    pub pages: u64,
    pub signer: String,
    pub certificate_sha256: Digest,
    pub algorithm: HandAlgorithm,
    pub then: Then,
    pub expires_at: UtcTime,
    pub state: PendingState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    Waiting,
    Expired,
    Signed,
    Done,
}

/// The name of the file that waits.
pub fn file_name(id: &WorkId) -> String {
    format!("s-{id}")
}

impl Row {
    pub fn state_at(&self, now: UtcTime) -> PendingState {
        match &self.state {
            State::Waiting if now > self.expires_at => PendingState::Expired,
            State::Signed { until, .. } if now > *until => PendingState::Expired,
            State::Waiting => PendingState::Waiting,
            State::Signed { .. } => PendingState::Signed,
            State::Done { .. } => PendingState::Done,
        }
    }

    /// Whether the row has done its service.
    pub fn is_over(&self, now: UtcTime, keep_s: i64) -> bool {
        let at = match &self.state {
            State::Done { at, .. } => *at,
            State::Waiting | State::Signed { .. } => {
                return self.state_at(now) == PendingState::Expired;
            }
        };
        now.unix_s().saturating_sub(at.unix_s()) > keep_s
    }

    pub fn signed(signature_sha256: Digest, now: UtcTime) -> State {
        State::Signed {
            signature_sha256,
            until: now.checked_add_s(COMPLETE_WITHIN_S).unwrap_or(now),
        }
    }

    pub fn signing(&self) -> Result<Signing, Fault> {
        Signing::from_base64(&self.certificates)
    }

    pub fn record(&self) -> Result<ResultRecord, Fault> {
        ResultRecord::from_json(self.record.as_bytes())
            .map_err(|_| Fault::plain("the record of a signature in hand is not valid any more"))
    }

    pub fn view(&self, id: WorkId, now: UtcTime) -> Result<Pending, Fault> {
        Ok(Pending {
            id,
            record: self.record()?,
            upload_sha256: self.upload_sha256,
            upload_bytes: self.upload_bytes,
            pages: self.pages,
            signer: self.signer.clone(),
            certificate_sha256: sha256_of(&self.signing()?.certificate),
            algorithm: self.algorithm,
            then: self.then,
            expires_at: self.expires_at,
            state: self.state_at(now),
        })
    }
}

pub fn sha256_of(certificate: &Certificate) -> Digest {
    Digest::new(certificate.sha256())
}

impl Archive {
    /// # Errors
    /// Not there, or not for this office: no difference is shown.
    pub fn pending(&self, pass: &Pass<HandSigning>, id: &WorkId) -> Result<Pending, HandRefusal> {
        Ok(self.pending_row(pass, id)?.view(*id, self.now())?)
    }

    /// Gives up a signature that nobody has made yet.
    ///
    /// # Errors
    /// Not there, or made already.
    pub fn give_up(&self, pass: &Pass<HandSigning>, id: &WorkId) -> Result<(), HandRefusal> {
        let _held = self.hold_pending(id)?;
        let row = self.pending_row(pass, id)?;
        match row.state {
            State::Waiting => {}
            State::Signed { .. } | State::Done { .. } => {
                return Err(HandRefusal::FinishedOtherwise);
            }
        }
        let desk = self.stores.desk.as_ref();
        desk.remove(Drawer::Signatures, id.key())?;
        desk.sync()?;
        desk.remove_file(&file_name(id))?;
        Ok(())
    }

    pub(super) fn pending_row(
        &self,
        pass: &Pass<HandSigning>,
        id: &WorkId,
    ) -> Result<Row, HandRefusal> {
        let row: Option<Row> = load(self.stores.desk.as_ref(), Drawer::Signatures, id.key())?;
        row.filter(|row| pass.office() == Some(&row.office))
            .ok_or(HandRefusal::NotFound(*id))
    }
}
