//! A file that is out at a signing program: what is kept of it, and its one-time tokens.

use serde::{Deserialize, Serialize};

use super::BridgeRefusal;
use crate::archive::gate::{Bridging, Pass};
use crate::archive::hand::{HandRefusal, Then};
use crate::archive::open::{Archive, random};
use crate::archive::told::Told;
use crate::archive::work::{WorkId, digest_of, load};
use crate::record::{Digest, Fault, OfficeCode, Receipt, ResultRecord, UtcTime, sha256};
use crate::store::Drawer;

/// What the program is asked to do, by its own function names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The authorised person signs.
    Approved,
    /// The clerk applies the agency's signature to an outgoing document.
    Issued,
    /// An incoming document.
    Income,
    /// A copy: SAO Y, SAO LỤC, TRÍCH SAO.
    Copy,
    /// An annex in a file of its own.
    Appendix,
}

impl Method {
    /// The function of the program's script.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::Approved => "vgca_sign_approved",
            Self::Issued => "vgca_sign_issued",
            Self::Income => "vgca_sign_income",
            Self::Copy => "vgca_sign_copy",
            Self::Appendix => "vgca_sign_appendix",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub office: OfficeCode,
    /// Canonical JSON, as text.
    pub record: String,
    pub upload_sha256: Digest,
    pub method: Method,
    pub certificate_sha256: Option<Digest>,
    pub then: Then,
    pub file_token_sha256: Digest,
    pub upload_token_sha256: Digest,
    /// The file went out: its token is used up.
    pub fetched_at: Option<UtcTime>,
    pub opened_at: UtcTime,
    pub expires_at: UtcTime,
    pub state: State,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    Done { index: u64, at: UtcTime },
    Refused { why: Told, at: UtcTime },
}

/// What the office may see.
#[derive(Debug)]
pub struct Session {
    pub id: WorkId,
    pub method: Method,
    pub upload_sha256: Digest,
    pub expires_at: UtcTime,
    pub state: SessionState,
}

#[derive(Debug)]
pub enum SessionState {
    /// The file was not fetched yet.
    Open,
    /// The file is out and has not come back.
    Fetched,
    Expired,
    Done(Box<Receipt>),
    Refused(Told),
}

/// The name of the file that is out.
pub fn file_name(id: &WorkId) -> String {
    format!("v-{id}")
}

/// The session's name and 256 bits that only its holder knows: 96 hexadecimal digits.
pub fn new_token(id: &WorkId) -> Result<(String, Digest), Fault> {
    let secret: [u8; 32] = random()?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = sha256(secret.as_bytes());
    Ok((format!("{id}{secret}"), kept))
}

const SECRET_CHARS: usize = 64;

/// Session and the SHA-256 of the secret.
pub fn read_token(token: &str) -> Option<(WorkId, Digest)> {
    let (id, secret) = token.split_at_checked(token.len().checked_sub(SECRET_CHARS)?)?;
    Some((id.parse().ok()?, sha256(secret.as_bytes())))
}

/// In constant time: how long it takes says nothing of where they differ.
pub fn is_same(one: &Digest, other: &Digest) -> bool {
    openssl::memcmp::eq(one.as_bytes(), other.as_bytes())
}

/// Under which the ledger knows the result of a session.
pub fn session_key(id: &WorkId) -> Digest {
    digest_of("antin/idempotency/bridge", &[id.key()])
}

impl Row {
    pub fn record(&self) -> Result<ResultRecord, Fault> {
        ResultRecord::from_json(self.record.as_bytes())
            .map_err(|_| Fault::plain("the record of a file that is out is not valid any more"))
    }

    pub fn is_over(&self, now: UtcTime, keep_s: i64) -> bool {
        let at = match &self.state {
            State::Open => return now > self.expires_at,
            State::Done { at, .. } | State::Refused { at, .. } => *at,
        };
        now.unix_s().saturating_sub(at.unix_s()) > keep_s
    }
}

impl Archive {
    /// # Errors
    /// Not there, or not for this office: no difference is shown.
    pub fn session(&self, pass: &Pass<Bridging>, id: &WorkId) -> Result<Session, BridgeRefusal> {
        let row: Option<Row> = load(self.stores.desk.as_ref(), Drawer::Bridges, id.key())?;
        let row = row
            .filter(|row| pass.office() == Some(&row.office))
            .ok_or(HandRefusal::NotFound(*id))?;
        let state = match &row.state {
            State::Done { index, .. } => self.session_done(*index)?,
            State::Refused { why, .. } => SessionState::Refused(why.clone()),
            // Killed between the log and the row: the ledger knows.
            State::Open => match self.stores.ledger.by_idempotency(&session_key(id))? {
                Some((index, _)) if index < self.tree_size() => self.session_done(index)?,
                _ if self.now() > row.expires_at => SessionState::Expired,
                _ if row.fetched_at.is_some() => SessionState::Fetched,
                _ => SessionState::Open,
            },
        };
        Ok(Session {
            id: *id,
            method: row.method,
            upload_sha256: row.upload_sha256,
            expires_at: row.expires_at,
            state,
        })
    }

    fn session_done(&self, index: u64) -> Result<SessionState, BridgeRefusal> {
        Ok(SessionState::Done(Box::new(
            self.answer(index, true)?.receipt,
        )))
    }

    /// The row that a token opens, by the secret that `kept` picks; a wrong secret and an unknown session look the same.
    pub(super) fn session_by_token(
        &self,
        token: &str,
        kept: impl FnOnce(&Row) -> &Digest,
    ) -> Result<(WorkId, Row), BridgeRefusal> {
        let unknown = || BridgeRefusal::Hand(HandRefusal::NotFound(WorkId::nobody()));
        let (id, secret) = read_token(token).ok_or_else(unknown)?;
        let row: Option<Row> = load(self.stores.desk.as_ref(), Drawer::Bridges, id.key())?;
        let row = row.ok_or_else(unknown)?;
        if !is_same(kept(&row), &secret) {
            tracing::warn!(session = %id, "a wrong one-time token for a file that is out");
            return Err(unknown());
        }
        Ok((id, row))
    }
}
