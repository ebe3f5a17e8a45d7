//! A PDF, signed by a seal or a person's key that this program holds, at any level.

use super::room::{ROOM_TRIES, more_room};
use super::{Made, WorkRefusal, Workshop, none_failed, reached, reasons, signatures};
use crate::archive::seal::Seal;
use crate::pdf::{self, Place};
use crate::record::{Fault, SignatureLevel};
use crate::sign::{NoRoom, Sealed, Signature, Upload, prepare_placed};
use crate::trust::RevocationEvidence;
use crate::verify::{Indication, Report, judge};

impl Workshop<'_> {
    /// Signs `upload` and brings it to `level`.
    ///
    /// # Errors
    /// Why not; nothing was made then.
    pub fn sign(
        &self,
        seal: &Seal,
        upload: Upload,
        place: &Place,
        level: SignatureLevel,
    ) -> Result<Made, WorkRefusal> {
        self.may_sign(seal)?;
        let earlier = self.judge_earlier(&upload)?;
        let sealed = self.seal_file(seal, upload, place, level)?;
        let bytes = if level >= SignatureLevel::BLT {
            self.raise(sealed.into_upload(), level)?.into_bytes()
        } else {
            sealed.into_bytes()
        };
        let report = self.judged(&bytes, earlier + 1, level)?;
        Ok(Made { bytes, report })
    }

    fn judge_earlier(&self, upload: &Upload) -> Result<usize, WorkRefusal> {
        let earlier = pdf::inspect(upload.bytes(), &self.limits)?
            .signatures()
            .len();
        if earlier == 0 {
            return Ok(0);
        }
        let nothing = RevocationEvidence::default();
        let report = judge(upload.bytes(), &self.evidence(&nothing), self.now());
        none_failed(&report)?;
        Ok(signatures(&report).count())
    }

    fn seal_file(
        &self,
        seal: &Seal,
        mut upload: Upload,
        place: &Place,
        level: SignatureLevel,
    ) -> Result<Sealed, WorkRefusal> {
        let is_stamped = level >= SignatureLevel::BT;
        let mut room = if is_stamped { self.token_room()? } else { 0 };
        for _ in 0..ROOM_TRIES {
            match self.seal_with_room(seal, upload, place, is_stamped.then_some(room))? {
                Ok(sealed) => return Ok(sealed),
                Err(no_room) => {
                    room = more_room(room, no_room.need_bytes, no_room.have_bytes);
                    upload = no_room.upload;
                }
            }
        }
        Err(Fault::plain("the time-stamp token grew with every request").into())
    }

    /// `token_bytes`: the room for a time-stamp; without it there is none.
    fn seal_with_room(
        &self,
        seal: &Seal,
        upload: Upload,
        place: &Place,
        token_bytes: Option<usize>,
    ) -> Result<Result<Sealed, Box<NoRoom>>, WorkRefusal> {
        let mut signer = seal.signer(token_bytes.unwrap_or(0));
        // A key that is bound to a person signs in that person's name.
        let binding = seal.binding(self.now()).ok();
        let person = binding.as_ref().and_then(|b| b.person.as_ref());
        if let Some(person) = person {
            signer.name = &person.name;
        }
        let prepared = prepare_placed(
            upload,
            |bytes| pdf::inspect(bytes, &self.limits),
            &signer,
            place.clone(),
            self.now(),
        )?;
        let signature = seal
            .key()
            .sign(prepared.to_sign())
            .map_err(WorkRefusal::Key)?;
        let signed = prepared.signed(Signature(signature));
        let token = match token_bytes {
            None => None,
            Some(_) => Some(self.stamp(signed.timestamp_imprint())?),
        };
        Ok(signed.complete(token.as_ref().map(|t| t.token.der.as_slice())))
    }

    /// Our own verdict: every signature stands, `count` of them, and the newest has the level.
    pub(super) fn judged(
        &self,
        bytes: &[u8],
        count: usize,
        level: SignatureLevel,
    ) -> Result<Report, WorkRefusal> {
        let nothing = RevocationEvidence::default();
        let report = judge(bytes, &self.evidence(&nothing), self.now());
        let newest = signatures(&report).next_back();
        if let Some(own) = newest
            && own.indication == Indication::TotalPassed
            && own
                .timestamps
                .iter()
                .any(|t| t.indication != Indication::TotalPassed)
        {
            let why: Vec<String> = own
                .timestamps
                .iter()
                .flat_map(|t| &t.reasons)
                .map(|r| r.detail.clone())
                .collect();
            return Err(WorkRefusal::TimestampNotTrusted(why.join("; ")));
        }
        let is_sound = signatures(&report).count() == count
            && newest.is_some_and(|s| {
                s.indication == Indication::TotalPassed && reached(s) >= Some(level)
            })
            && report
                .signatures
                .iter()
                .all(|s| s.indication != Indication::TotalFailed);
        if is_sound {
            return Ok(report);
        }
        let found = newest.and_then(reached).map_or("none", |l| l.as_str());
        Err(WorkRefusal::NotSound {
            wanted: level,
            why: format!(
                "{}, level {found}; {}",
                report.indication.as_str(),
                reasons(&report)
            ),
        })
    }
}
