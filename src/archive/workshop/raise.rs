//! A signed PDF, ours or another's, brought to a higher level; B-LTA renewed by another document time-stamp.
//! EN 319 142-1 5.4.3, 5.5 and 6.3.

use super::room::{ROOM_TRIES, more_room};
use super::{Made, WorkRefusal, Workshop, none_failed, reached, reasons, signatures};
use crate::pdf;
use crate::record::{Fault, SignatureLevel};
use crate::sign::{Upload, add_evidence, prepare_document_timestamp};
use crate::trust::RevocationEvidence;
use crate::verify::{Indication, Report, judge};

impl Workshop<'_> {
    /// Brings every signature of `upload` to `level`; at B-LTA one that is there is renewed.
    ///
    /// # Errors
    /// Why not; nothing was made then.
    pub fn extend(&self, upload: Upload, level: SignatureLevel) -> Result<Made, WorkRefusal> {
        pdf::inspect(upload.bytes(), &self.limits)?;
        let nothing = RevocationEvidence::default();
        let before = judge(upload.bytes(), &self.evidence(&nothing), self.now());
        let count = signatures(&before).count();
        if count == 0 {
            return Err(WorkRefusal::NoSignature);
        }
        none_failed(&before)?;
        let lowest = signatures(&before).map(reached).min().flatten();
        if level < SignatureLevel::BLTA && lowest >= Some(level) {
            return Err(WorkRefusal::ReachedAlready(level));
        }
        let mut upload = upload;
        // EN 319 142-1 6.3: where a signature has no time-stamp of its own, a document time-stamp proves its time.
        if lowest < Some(SignatureLevel::BT) {
            upload = self.document_timestamp(upload)?;
        }
        if level >= SignatureLevel::BLT {
            upload = self.raise(upload, level)?;
        }
        let bytes = upload.into_bytes();
        let report = self.judged_all(&bytes, count, level)?;
        Ok(Made { bytes, report })
    }

    /// From a file whose signatures are time-stamped to B-LT, or with a document time-stamp to B-LTA.
    pub(super) fn raise(
        &self,
        upload: Upload,
        level: SignatureLevel,
    ) -> Result<Upload, WorkRefusal> {
        let dss = self
            .gatherer(&[])
            .gather(upload.bytes(), &self.limits, self.now())?;
        let upload = add_evidence(upload, &dss, &self.limits)?;
        if level < SignatureLevel::BLTA {
            return Ok(upload);
        }
        self.document_timestamp(upload)
    }

    fn document_timestamp(&self, mut upload: Upload) -> Result<Upload, WorkRefusal> {
        let mut room = self.token_room()?;
        for _ in 0..ROOM_TRIES {
            let prepared = prepare_document_timestamp(upload, &self.limits, room)?;
            let token = self.stamp(prepared.imprint())?;
            match prepared.complete(&token.token.der) {
                Ok(sealed) => return Ok(sealed.into_upload()),
                Err(no_room) => {
                    room = more_room(room, no_room.need_bytes, no_room.have_bytes);
                    upload = no_room.upload;
                }
            }
        }
        Err(Fault::plain("the time-stamp token grew with every request").into())
    }

    /// Our own verdict: every signature stands and has the level.
    fn judged_all(
        &self,
        bytes: &[u8],
        count: usize,
        level: SignatureLevel,
    ) -> Result<Report, WorkRefusal> {
        let nothing = RevocationEvidence::default();
        let report = judge(bytes, &self.evidence(&nothing), self.now());
        let is_sound = signatures(&report).count() == count
            && report.indication == Indication::TotalPassed
            && signatures(&report).all(|s| reached(s) >= Some(level));
        if is_sound {
            return Ok(report);
        }
        let levels: Vec<&str> = signatures(&report)
            .map(|s| s.level.as_deref().unwrap_or("none"))
            .collect();
        Err(WorkRefusal::NotSound {
            wanted: level,
            why: format!(
                "{}, level {}; {}",
                report.indication.as_str(),
                levels.join(", "),
                reasons(&report)
            ),
        })
    }
}
