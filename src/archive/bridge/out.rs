//! The file goes out: a session is opened, and the signing program fetches the file once.

use super::session::{Row, State, file_name, new_token, session_key};
use super::{BridgeRefusal, Opened, Opening};
use crate::archive::accept::{InProgress, Refusal};
use crate::archive::gate::{Bridging, Pass};
use crate::archive::hand::HandRefusal;
use crate::archive::open::Archive;
use crate::archive::work::{WorkId, save};
use crate::pdf;
use crate::record::{Fault, sha256};
use crate::store::Drawer;

impl Archive {
    /// # Errors
    /// Why it was not opened; nothing was kept.
    pub fn open_session(
        &self,
        pass: &Pass<Bridging>,
        opening: Opening,
    ) -> Result<Opened, BridgeRefusal> {
        self.still_logging()?;
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a bridging pass without an office"))?;
        if !self.seals.contains_key(&office) {
            return Err(Refusal::OfficeUnknown(office).into());
        }
        let now = self.now();
        let problems = opening.record.check_at(now.date_in_vietnam());
        if !problems.is_empty() {
            return Err(Refusal::Record(problems).into());
        }
        self.judge_earlier(&opening.upload, now)?;
        pdf::inspect(opening.upload.bytes(), &self.limits()).map_err(Refusal::Pdf)?;
        self.room_for(opening.upload.bytes().len())?;
        let id = WorkId::draw()?;
        let (file_token, file_token_sha256) = new_token(&id)?;
        let (upload_token, upload_token_sha256) = new_token(&id)?;
        let expires_s = i64::from(self.desk.bridge_expires_s);
        let row = Row {
            office,
            record: String::from_utf8(opening.record.to_json())
                .map_err(|e| Fault::new("encoding the record", e))?,
            upload_sha256: opening.upload.sha256(),
            method: opening.method,
            certificate_sha256: opening.certificate_sha256,
            then: opening.then,
            file_token_sha256,
            upload_token_sha256,
            fetched_at: None,
            opened_at: now,
            expires_at: now.checked_add_s(expires_s).unwrap_or(now),
            state: State::Open,
        };
        let desk = self.stores.desk.as_ref();
        desk.put_file(&file_name(&id), opening.upload.bytes())?;
        save(desk, Drawer::Bridges, id.key(), &row)?;
        desk.sync()?;
        tracing::info!(session = %id, office = %row.office, file = %row.upload_sha256, "a file is out to be signed");
        Ok(Opened {
            id,
            file_token,
            upload_token,
            record: opening.record,
            method: opening.method,
            expires_at: row.expires_at,
        })
    }

    /// The file, once. The use is durable before a byte goes out.
    ///
    /// # Errors
    /// No such address, used or too late.
    pub fn fetch_out(&self, token: &str) -> Result<Vec<u8>, BridgeRefusal> {
        let (id, _) = self.session_by_token(token, |row| &row.file_token_sha256)?;
        let _held = self.hold_session(&id)?;
        let (id, mut row) = self.session_by_token(token, |row| &row.file_token_sha256)?;
        self.usable(&row)?;
        if row.fetched_at.is_some() {
            tracing::warn!(session = %id, "the one-time address of a file was asked for again");
            return Err(BridgeRefusal::TokenUsed);
        }
        let bytes = self.file_out(&id, &row)?;
        row.fetched_at = Some(self.now());
        let desk = self.stores.desk.as_ref();
        save(desk, Drawer::Bridges, id.key(), &row)?;
        desk.sync()?;
        tracing::info!(session = %id, "the file was fetched");
        Ok(bytes)
    }

    /// The file, without using its address up: for a program that asks how long it is.
    ///
    /// # Errors
    /// As `fetch_out`.
    pub fn look_out(&self, token: &str) -> Result<Vec<u8>, BridgeRefusal> {
        let (id, row) = self.session_by_token(token, |row| &row.file_token_sha256)?;
        self.usable(&row)?;
        if row.fetched_at.is_some() {
            return Err(BridgeRefusal::TokenUsed);
        }
        self.file_out(&id, &row)
    }

    pub(super) fn usable(&self, row: &Row) -> Result<(), BridgeRefusal> {
        match row.state {
            State::Open if self.now() > row.expires_at => Err(HandRefusal::Expired.into()),
            State::Open => Ok(()),
            State::Done { .. } | State::Refused { .. } => Err(BridgeRefusal::TokenUsed),
        }
    }

    /// The bytes that went out, hashed again.
    pub(super) fn file_out(&self, id: &WorkId, row: &Row) -> Result<Vec<u8>, BridgeRefusal> {
        let bytes = self
            .stores
            .desk
            .file(&file_name(id))?
            .ok_or_else(|| Fault::plain(format!("the file of the session {id} is missing")))?;
        if sha256(&bytes) != row.upload_sha256 {
            return Err(Fault::plain(format!("the file of the session {id} was changed")).into());
        }
        Ok(bytes)
    }

    pub(super) fn hold_session(&self, id: &WorkId) -> Result<InProgress<'_>, BridgeRefusal> {
        Ok(InProgress::begin(self, session_key(id))?)
    }
}
