//! The file comes back: checked, sealed where that was asked for, archived and logged like any result.
//!
//! Order of effects: checks (nothing), seal and file (an orphan blob at most), the log (the same bytes posted again find it), the
//! row and the file that was out.

use super::BridgeRefusal;
use super::returned::{CameBack, NewSignature, compare};
use super::session::{Row, State, file_name, session_key};
use crate::archive::accept::{Accepted, Author, FinishedFile, Made, Refusal, Stamp};
use crate::archive::hand::{HandRefusal, Then};
use crate::archive::open::Archive;
use crate::archive::signing::Wish;
use crate::archive::work::{WorkId, digest_of, save};
use crate::record::{Digest, issuer_of_spki, sha256};
use crate::sign::Upload;
use crate::store::Drawer;

impl Archive {
    /// # Errors
    /// Why it was not taken. Where the file itself is at fault the session is over: a new one is needed.
    pub fn receive(&self, token: &str, came_back: Vec<u8>) -> Result<Accepted, BridgeRefusal> {
        self.still_logging()?;
        let (id, _) = self.session_by_token(token, |row| &row.upload_token_sha256)?;
        let _held = self.hold_session(&id)?;
        let (id, row) = self.session_by_token(token, |row| &row.upload_token_sha256)?;
        self.usable(&row)?;
        let content = returned_content(&id, &came_back);
        match self.replay(&session_key(&id), &content) {
            Ok(Some(answer)) => {
                self.close_session(&id, row, done(&answer, self));
                return Ok(answer);
            }
            Ok(None) => {}
            Err(Refusal::KeyReused) => return Err(BridgeRefusal::TokenUsed),
            Err(refusal) => return Err(refusal.into()),
        }
        let outcome = self.take_returned(&id, &row, came_back, content);
        match &outcome {
            Ok(accepted) => {
                tracing::info!(session = %id, index = accepted.receipt.log_index, "the file came back signed");
                self.close_session(&id, row, done(accepted, self));
            }
            Err(BridgeRefusal::CameBack(why)) => {
                tracing::warn!(session = %id, code = why.code(), "what came back was refused");
                let refused = State::Refused {
                    why: why.told(),
                    at: self.now(),
                };
                self.close_session(&id, row, refused);
            }
            // Nothing is wrong with the file: the address stays good until it expires.
            Err(_) => {}
        }
        outcome
    }

    fn take_returned(
        &self,
        id: &WorkId,
        row: &Row,
        came_back: Vec<u8>,
        content: Digest,
    ) -> Result<Accepted, BridgeRefusal> {
        let went_out = self.file_out(id, row)?;
        let new =
            compare(&went_out, &came_back, &self.limits()).map_err(BridgeRefusal::CameBack)?;
        let signer = Digest::new(new.signing.certificate.sha256());
        let other = || {
            BridgeRefusal::CameBack(CameBack::OtherCertificate {
                found: signer.to_string(),
            })
        };
        if row
            .certificate_sha256
            .is_some_and(|wanted| wanted != signer)
        {
            return Err(other());
        }
        let now = self.now();
        match self.may_sign_by_hand(&row.office, &new.signing, now) {
            Err(HandRefusal::Signer(why)) => {
                tracing::warn!(session = %id, %why, "the signer of a returned file may not sign");
                return Err(other());
            }
            checked => checked?,
        };
        let report = self.verdict(&came_back, now);
        new.judged(&report).map_err(BridgeRefusal::CameBack)?;
        self.archive_returned(id, row, &new, &report, came_back, content)
    }

    fn archive_returned(
        &self,
        id: &WorkId,
        row: &Row,
        new: &NewSignature,
        report: &crate::verify::Report,
        came_back: Vec<u8>,
        content: Digest,
    ) -> Result<Accepted, BridgeRefusal> {
        let now = self.now();
        let record = row.record()?;
        let seal = self
            .seals
            .get(&row.office)
            .ok_or_else(|| Refusal::OfficeUnknown(row.office.clone()))?;
        let upload_sha256 = row.upload_sha256;
        let key = session_key(id);
        if row.then == Then::Seal {
            self.may_sign(seal, now)?;
            let (sealed, token) = self.seal_file(
                seal,
                Upload::from(came_back),
                Wish::plain(self.settings.level),
                now,
            )?;
            self.judge_own(&sealed, new.earlier.saturating_add(1))?;
            self.keep(sealed.sha256(), sealed.bytes())?;
            return Ok(self.log_result(Made {
                author: Author::of(seal),
                record: &record,
                file: FinishedFile::of(&sealed, token.as_ref(), &self.memory, now),
                wanted: self.settings.level,
                public_id: None,
                upload_sha256,
                key,
                content,
            })?);
        }
        let token = new.good_token(report);
        let file_sha256 = sha256(&came_back);
        self.keep(file_sha256, &came_back)?;
        Ok(self.log_result(Made {
            author: Author {
                office: seal.office(),
                certificate_sha256: Digest::new(new.signing.certificate.sha256()),
                issuer: issuer_of_spki(new.signing.certificate.spki()),
            },
            record: &record,
            file: FinishedFile {
                sha256: file_sha256,
                bytes: came_back.len(),
                stamp: token.map(|token| Stamp::of(token, &self.memory)),
                // Without a time-stamp of its own the log's time is the first that anybody vouches for.
                signed_at: token.map_or(now.unix_s(), |token| token.info.gen_time_s),
                level: new.level(report),
            },
            wanted: self.settings.level,
            public_id: None,
            upload_sha256,
            key,
            content,
        })?)
    }

    /// What came of it stands whatever becomes of the row: a failure here is for the log only.
    fn close_session(&self, id: &WorkId, mut row: Row, state: State) {
        row.state = state;
        let desk = self.stores.desk.as_ref();
        let closed = save(desk, Drawer::Bridges, id.key(), &row)
            .and_then(|()| desk.sync())
            .and_then(|()| desk.remove_file(&file_name(id)));
        if let Err(fault) = closed {
            tracing::error!(session = %id, fault = %fault.chain(), "the row of a session could not be closed");
        }
    }
}

fn done(accepted: &Accepted, archive: &Archive) -> State {
    State::Done {
        index: accepted.receipt.log_index,
        at: archive.now(),
    }
}

fn returned_content(id: &WorkId, came_back: &[u8]) -> Digest {
    digest_of(
        "antin/request/bridge",
        &[id.key(), sha256(came_back).as_bytes()],
    )
}
