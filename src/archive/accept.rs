//! `accept`: a clerk's PDF becomes a signed, archived, publicly logged result.
//!
//! Order of effects, and what a crash after each leaves:
//! 1. inspect, judge earlier signatures, prepare: nothing.
//! 2. sign, time-stamp, complete, judge our own work: nothing durable.
//! 3. put the file: an orphan blob, listed by the sweep.
//! 4. sequence (see there): the result is kept; a retry with the same idempotency key gets its receipt.

use std::str::FromStr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::binding::NotUsable;
use super::crash;
use super::entry::{self, Core, Entry};
use super::gate::{Filing, Pass};
use super::open::{Archive, random};
use super::seal::Seal;
use super::sequence::{Afterwards, LeafDraft, Place};
use super::signing::Wish;
use super::stamping::{Look, StampAsked};
use crate::fetch::TimestampFailure;
use crate::pdf;
use crate::pki::cert::Certificate;
use crate::pki::tsp::Token;
use crate::record::{
    Digest, DossierSecret, Fault, FieldProblem, IdempotencyKey, Office, OfficeCode, PublicId,
    Receipt, ResultId, ResultRecord, Sha256Stream, SignatureLevel, UtcTime, sha256,
};
use crate::sign::{Sealed, Upload};
use crate::stamp::StampRefusal;
use crate::store::{Admission, Row};
use crate::trust::Memory;

/// What a clerk sends, decoded.
#[derive(Debug)]
pub struct Submission {
    pub record: ResultRecord,
    pub upload: Upload,
    pub idempotency: IdempotencyKey,
    /// The level asked for; None: the one that is configured.
    pub level: Option<SignatureLevel>,
    /// A visible signature, where one is asked for.
    pub stamp: Option<StampAsked>,
}

#[derive(Debug)]
pub struct Accepted {
    pub receipt: Receipt,
    /// The answer bytes as first given.
    pub receipt_json: Vec<u8>,
    pub replayed: bool,
}

/// Why a result was not taken; nothing was kept, and no key was touched unless it says so.
#[derive(Debug)]
pub enum Refusal {
    Record(Vec<FieldProblem>),
    Pdf(pdf::Refusal),
    /// The visible signature can't be put there.
    Stamp(StampRefusal),
    /// The file carries a signature that does not hold.
    EarlierSignature {
        field: String,
        why: String,
    },
    OfficeUnknown(OfficeCode),
    /// The seal's certificate may not be used now.
    CertificateNotUsable(NotUsable),
    KeyReused,
    InProgress,
    Timestamp(TimestampFailure),
    /// The authority answered, but its token does not hold here.
    TimestampNotTrusted(String),
    Key(Fault),
    /// The store could not take it, or nothing can be logged any more: a restart recovers.
    Stopped(Fault),
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What is to become a result, whoever asked for it.
#[derive(Debug)]
pub(super) struct Task {
    pub office: OfficeCode,
    pub record: ResultRecord,
    pub upload: Upload,
    pub key: Digest,
    pub content: Digest,
    pub wanted: SignatureLevel,
    pub stamp: Option<StampAsked>,
}

/// Who made a result: the last signature's certificate, and the office it stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author<'a> {
    pub office: &'a Office,
    pub certificate_sha256: Digest,
    /// The log leaf's issuer.
    pub issuer: Digest,
}

impl<'a> Author<'a> {
    pub fn of(seal: &'a Seal) -> Self {
        Self {
            office: seal.office(),
            certificate_sha256: Digest::new(seal.certificate().sha256()),
            issuer: seal.issuer(),
        }
    }
}

/// What is kept of a time-stamp.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    pub sha256: Digest,
    pub authority: Option<String>,
}

impl Stamp {
    pub fn of(token: &Token, memory: &Memory) -> Self {
        Self {
            sha256: sha256(&token.der),
            authority: authority_name(token, memory),
        }
    }
}

/// A signed file, and what is known of its signing.
#[derive(Debug)]
pub(super) struct FinishedFile {
    pub sha256: Digest,
    pub bytes: usize,
    pub stamp: Option<Stamp>,
    /// Unix seconds.
    pub signed_at: i64,
    pub level: SignatureLevel,
}

impl FinishedFile {
    /// Without a time-stamp the time is our own: `now`.
    pub fn of(sealed: &Sealed, token: Option<&Token>, memory: &Memory, now: UtcTime) -> Self {
        Self {
            sha256: sealed.sha256(),
            bytes: sealed.bytes().len(),
            stamp: token.map(|token| Stamp::of(token, memory)),
            signed_at: token.map_or(now.unix_s(), |token| token.info.gen_time_s),
            level: sealed.level(),
        }
    }
}

/// A finished file that is stored, and what is to be logged of it.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub author: Author<'a>,
    pub record: &'a ResultRecord,
    pub file: FinishedFile,
    /// What it is to become.
    pub wanted: SignatureLevel,
    /// Where it had to be known before the file was signed.
    pub public_id: Option<PublicId>,
    pub upload_sha256: Digest,
    pub key: Digest,
    pub content: Digest,
}

/// Holds an idempotency key while its request is worked on.
pub(super) struct InProgress<'a> {
    archive: &'a Archive,
    key: Digest,
}

impl<'a> InProgress<'a> {
    pub fn begin(archive: &'a Archive, key: Digest) -> Result<Self, Refusal> {
        let mut set = archive
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !set.insert(key) {
            return Err(Refusal::InProgress);
        }
        archive.on_the_way.fetch_add(1, Ordering::SeqCst);
        Ok(Self { archive, key })
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.archive.on_the_way.fetch_sub(1, Ordering::SeqCst);
        let mut set = self
            .archive
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        set.remove(&self.key);
    }
}

impl Archive {
    /// Signs, keeps and logs one result.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn accept(&self, pass: &Pass<Filing>, submission: Submission) -> Result<Accepted, Refusal> {
        let Submission {
            record,
            upload,
            idempotency,
            level,
            stamp,
        } = submission;
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a filing pass without an office"))?;
        let content = fingerprint(&record, &upload, level, stamp.as_ref());
        self.take(Task {
            office,
            record,
            upload,
            key: idempotency_digest(pass, &idempotency),
            content,
            wanted: level.unwrap_or(self.settings.level),
            stamp,
        })
    }

    /// `accept` behind the pass: also for what was consented to before (batches).
    pub(super) fn take(&self, task: Task) -> Result<Accepted, Refusal> {
        self.still_logging()?;
        let Task {
            office,
            record,
            upload,
            key,
            content,
            wanted,
            stamp,
        } = task;
        let seal = self
            .seals
            .get(&office)
            .ok_or(Refusal::OfficeUnknown(office))?;
        let _held = InProgress::begin(self, key)?;
        if let Some(answer) = self.replay(&key, &content)? {
            return Ok(answer);
        }
        let now = self.now();
        let problems = record.check_at(now.date_in_vietnam());
        if !problems.is_empty() {
            return Err(Refusal::Record(problems));
        }
        self.may_sign(seal, now)?;
        let upload_sha256 = upload.sha256();
        let before = self.judge_earlier(&upload, now)?;
        let public_id = PublicId::new(random()?);
        let look = stamp.as_ref().map(|asked| Look {
            asked,
            record: &record,
            public_id: &public_id,
        });
        let (sealed, token) = self.seal_file(seal, upload, Wish { wanted, look }, now)?;
        crash::point("accept.signed");
        self.judge_own(&sealed, before)?;
        self.keep(sealed.sha256(), sealed.bytes())?;
        self.log_result(Made {
            author: Author::of(seal),
            record: &record,
            file: FinishedFile::of(&sealed, token.as_ref(), &self.memory, now),
            wanted,
            upload_sha256,
            public_id: Some(public_id),
            key,
            content,
        })
    }

    pub(super) fn still_logging(&self) -> Result<(), Refusal> {
        if self.halted.load(Ordering::SeqCst) {
            return Err(Refusal::Stopped(Fault::plain(
                "the sequencer has stopped after a fault",
            )));
        }
        Ok(())
    }

    /// The file of a result, written; durable with its place in the log.
    pub(super) fn keep(&self, sha256: Digest, bytes: &[u8]) -> Result<(), Refusal> {
        self.stores
            .blobs
            .put(&sha256, &[bytes])
            .map_err(Refusal::Stopped)?;
        crash::point("accept.stored");
        Ok(())
    }

    pub(super) fn replay(
        &self,
        key: &Digest,
        content: &Digest,
    ) -> Result<Option<Accepted>, Refusal> {
        let Some((index, known)) = self.stores.ledger.by_idempotency(key)? else {
            return Ok(None);
        };
        if known != *content {
            return Err(Refusal::KeyReused);
        }
        // Admitted, but its batch is not logged yet (or never was, after a fault: a restart logs it): no receipt, no promise.
        if index >= self.tree_size() {
            return Err(Refusal::InProgress);
        }
        Ok(Some(self.answer(index, true)?))
    }

    /// The answer for a logged result, from its stored receipt.
    pub(super) fn answer(&self, index: u64, replayed: bool) -> Result<Accepted, Fault> {
        // Kept in the step that logged it: a logged result without its receipt is damage.
        let receipt_json = self
            .stores
            .ledger
            .receipt(index)?
            .ok_or_else(|| Fault::plain(format!("the receipt of entry {index} is missing")))?;
        let receipt = serde_json::from_slice(&receipt_json)
            .map_err(|e| Fault::new(format!("reading receipt {index}"), e))?;
        Ok(Accepted {
            receipt,
            receipt_json,
            replayed,
        })
    }

    pub(super) fn entry_at(&self, index: u64) -> Result<Entry, Fault> {
        match self.stores.ledger.entry(index)? {
            Some(Row::Whole(s)) => Entry::decode(&s.admission.entry)
                .map_err(|why| Fault::plain(format!("entry {index}: {why}"))),
            Some(Row::Damaged { why, .. }) => {
                Err(Fault::plain(format!("entry {index} is damaged: {why}")))
            }
            None => Err(Fault::plain(format!("entry {index} is missing"))),
        }
    }

    pub(super) fn log_result(&self, made: Made<'_>) -> Result<Accepted, Refusal> {
        let now_ms = u64::try_from(self.now().unix_s())
            .unwrap_or(0)
            .saturating_mul(1_000);
        let id = ResultId::from_parts(now_ms, random()?)
            .ok_or_else(|| Fault::plain("the clock is out of range"))?;
        let public_id = match made.public_id {
            Some(public_id) => public_id,
            None => PublicId::new(random()?),
        };
        let core = Core {
            version: 1,
            id,
            public_id,
            office: made.author.office.code.clone(),
            office_name: made.author.office.name.clone(),
            office_level: made.author.office.level,
            record: String::from_utf8(made.record.to_json())
                .map_err(|e| Fault::new("encoding the record", e))?,
            file_sha256: made.file.sha256,
            file_bytes: u64::try_from(made.file.bytes).unwrap_or(u64::MAX),
            upload_sha256: made.upload_sha256,
            signed_at: UtcTime::from_unix_s(made.file.signed_at)
                .ok_or_else(|| Fault::plain("the time-stamp's time is out of range"))?,
            level: made.file.level,
            certificate_sha256: made.author.certificate_sha256,
            wanted: (made.wanted > made.file.level).then_some(made.wanted),
            previous: None,
            authority: made.file.stamp.as_ref().and_then(|s| s.authority.clone()),
        };
        let core_json =
            serde_json::to_vec(&core).map_err(|e| Fault::new("encoding the result's facts", e))?;
        let opening = entry::open(
            &core,
            &core_json,
            made.record,
            entry::Event::Signed,
            made.file.stamp.as_ref().map(|s| s.sha256),
            &DossierSecret::new(random()?),
        )?;
        let admission = Admission {
            idempotency: Some(made.key),
            content: made.content,
            id: id.to_bytes(),
            public_id: *public_id.as_bytes(),
            version_of: None,
            blob: made.file.sha256,
            leaf: Vec::new(),
            entry: entry::encode(&core_json, &opening)?,
        };
        match self
            .sequencer()?
            .place(
                admission,
                LeafDraft::of_result(made.author.issuer, opening.commit()),
                match core.wanted {
                    Some(_) => Afterwards::Raise,
                    None => Afterwards::Nothing,
                },
            )
            .map_err(Refusal::Stopped)?
        {
            Place::Logged { index } => Ok(self.answer(index, false)?),
            Place::Replayed { index } => Ok(self.answer(index, true)?),
            Place::Conflict => Err(Refusal::KeyReused),
        }
    }
}

fn authority_name(token: &Token, memory: &Memory) -> Option<String> {
    let carried = token.signed.certificates.iter();
    let certificates: Vec<Certificate> = carried
        .filter_map(|der| memory.certificate(der).ok())
        .collect();
    let authority = token.signer().find_certificate(&certificates)?;
    authority.subject().common_name().map(str::to_owned)
}

/// Scope: the client, the route and the key, never shortened.
fn idempotency_digest(pass: &Pass<Filing>, key: &IdempotencyKey) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(b"antin/idempotency/results\n");
    stream.update(pass.client().as_bytes());
    stream.update(key.as_str().as_bytes());
    stream.finish()
}

/// A level that was asked for belongs to the request; a configured one does not, so that a changed setting makes no conflict.
pub(super) fn fingerprint(
    record: &ResultRecord,
    upload: &Upload,
    level: Option<SignatureLevel>,
    stamp: Option<&StampAsked>,
) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(b"antin/request/results\n");
    stream.update(sha256(&record.to_json()).as_bytes());
    stream.update(upload.sha256().as_bytes());
    if let Some(level) = level {
        stream.update(level.as_str().as_bytes());
    }
    if let Some(stamp) = stamp {
        stream.update(b"\nstamp\n");
        stream.update(stamp.sha256.as_bytes());
    }
    stream.finish()
}

/// For the demo's sample: a key of the program's own.
impl Archive {
    /// # Errors
    /// As `accept`.
    pub fn accept_sample(
        &self,
        office: OfficeCode,
        record: ResultRecord,
        pdf: Vec<u8>,
    ) -> Result<Accepted, Refusal> {
        let idempotency =
            IdempotencyKey::from_str("demo-sample").map_err(|e| Fault::plain(format!("{e:?}")))?;
        let pass = Pass::of_the_house(office);
        self.accept(
            &pass,
            Submission {
                record,
                upload: Upload::from(pdf),
                idempotency,
                level: None,
                stamp: None,
            },
        )
    }
}
