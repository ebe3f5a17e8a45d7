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

use super::crash;
use super::entry::{self, Core, Entry};
use super::gate::{Filing, Pass};
use super::open::{Archive, random};
use super::seal::Seal;
use super::sequence::Place;
use crate::fetch::{TimestampFailure, crl_of};
use crate::pdf::{self, Limits};
use crate::pki::cert::Certificate;
use crate::pki::tsp::Token;
use crate::record::{
    Digest, DossierSecret, Fault, FieldProblem, IdempotencyKey, OfficeCode, PublicId, Receipt,
    ResultId, ResultRecord, Sha256Stream, SignatureLevel, UtcTime, sha256,
};
use crate::sign::{NoRoom, Sealed, Signature, Upload, prepare};
use crate::store::{Admission, Row};
use crate::trust::{Memory, RevocationEvidence, Status, status_of};
use crate::verify::{Evidence, Indication, judge};

/// Tokens of one authority differ by a few bytes (serial number, fraction of the second, signature encoding).
const TOKEN_SPARE_BYTES: usize = 64;
/// Two authorities that take turns need two tries; a third is generous.
const ROOM_TRIES: u32 = 3;

/// What a clerk sends, decoded.
#[derive(Debug)]
pub struct Submission {
    pub record: ResultRecord,
    pub upload: Upload,
    pub idempotency: IdempotencyKey,
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
    /// The file carries a signature that does not hold.
    EarlierSignature {
        field: String,
        why: String,
    },
    OfficeUnknown(OfficeCode),
    /// The seal's certificate may not be used now.
    CertificateNotUsable(String),
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

/// Holds an idempotency key while its request is worked on.
struct InProgress<'a> {
    archive: &'a Archive,
    key: Digest,
}

impl<'a> InProgress<'a> {
    fn begin(archive: &'a Archive, key: Digest) -> Result<Self, Refusal> {
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
        if self.halted.load(Ordering::SeqCst) {
            return Err(Refusal::Stopped(Fault::plain(
                "the sequencer has stopped after a fault",
            )));
        }
        let Submission {
            record,
            upload,
            idempotency,
        } = submission;
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a filing pass without an office"))?;
        let seal = self
            .seals
            .get(&office)
            .ok_or(Refusal::OfficeUnknown(office))?;
        let key = idempotency_digest(pass, &idempotency);
        let content = fingerprint(&record, &upload);
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
        let (sealed, token) = self.seal_file(seal, upload, now)?;
        crash::point("accept.signed");
        self.judge_own(&sealed, before)?;
        self.stores
            .blobs
            .put(&sealed.sha256(), &[sealed.bytes()])
            .map_err(Refusal::Stopped)?;
        crash::point("accept.stored");
        self.log_result(seal, &record, &sealed, &token, upload_sha256, key, content)
    }

    fn replay(&self, key: &Digest, content: &Digest) -> Result<Option<Accepted>, Refusal> {
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
    fn answer(&self, index: u64, replayed: bool) -> Result<Accepted, Fault> {
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

    /// Certificate validity and, where its status can be had, revocation: before the key is used.
    fn may_sign(&self, seal: &Seal, now: UtcTime) -> Result<(), Refusal> {
        seal.usable_at(now, &self.anchors, &self.memory)
            .map_err(Refusal::CertificateNotUsable)?;
        let pool = seal.chain().iter().chain(self.anchors.certificates());
        let Some(issuer) = pool
            .into_iter()
            .find(|c| c.subject().matches(seal.certificate().issuer()))
        else {
            return Ok(());
        };
        let facts = self
            .revocation
            .facts(&self.fetcher, seal.certificate(), issuer, now);
        let mut evidence = RevocationEvidence {
            ocsp: facts.ocsp,
            crls: facts.crls,
        };
        let said = |evidence: &RevocationEvidence| {
            status_of(
                seal.certificate(),
                issuer,
                evidence,
                &self.memory,
                now.unix_s(),
            )
        };
        if said(&evidence).is_none() {
            // An answer that says nothing usable must not hide what the revocation list says.
            evidence
                .crls
                .extend(crl_of(&self.fetcher, seal.certificate()));
        }
        match status_of(
            seal.certificate(),
            issuer,
            &evidence,
            &self.memory,
            now.unix_s(),
        ) {
            Some(Status::Revoked { .. }) => Err(Refusal::CertificateNotUsable(
                "it has been revoked or suspended".into(),
            )),
            Some(Status::Good) => Ok(()),
            None => {
                // The national rules ask for a warning, not a stop, where no status can be had.
                tracing::warn!(office = %seal.office().code, tried = ?facts.failures, "no revocation status for the seal");
                Ok(())
            }
        }
    }

    /// Earlier signatures must hold, or ours would give a broken file a sound look. Returns how many there are.
    fn judge_earlier(&self, upload: &Upload, now: UtcTime) -> Result<usize, Refusal> {
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

    /// Signs and stamps. Room for the token is made from the size of the last one; where that is too little (another authority
    /// answered), all is done again with what it takes, never cut short.
    fn seal_file(
        &self,
        seal: &Seal,
        mut upload: Upload,
        now: UtcTime,
    ) -> Result<(Sealed, Token), Refusal> {
        let mut room = self.token_bytes.load(Ordering::Relaxed);
        for _ in 0..ROOM_TRIES {
            match self.seal_with_room(seal, upload, now, room)? {
                Ok((sealed, token)) => {
                    let next = token.der.len().saturating_add(TOKEN_SPARE_BYTES);
                    self.token_bytes.store(next, Ordering::Relaxed);
                    return Ok((sealed, token));
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

    fn seal_with_room(
        &self,
        seal: &Seal,
        upload: Upload,
        now: UtcTime,
        token_bytes: usize,
    ) -> Result<Result<(Sealed, Token), Box<NoRoom>>, Refusal> {
        let limits = self.limits();
        let signer = seal.signer(token_bytes);
        let prepared = prepare(upload, |bytes| pdf::inspect(bytes, &limits), &signer, now)
            .map_err(Refusal::Pdf)?;
        let signature = seal.key().sign(prepared.to_sign()).map_err(Refusal::Key)?;
        metrics::counter!("antin_signatures_total", "office" => seal.office().code.to_string())
            .increment(1);
        let signed = prepared.signed(Signature(signature));
        let token = self
            .fetcher
            .timestamp(
                &self.settings.timestamp_urls,
                signed.timestamp_imprint(),
                random()?,
                self.clock,
                self.settings.max_drift_s,
            )
            .map_err(Refusal::Timestamp)?;
        let token = token.token;
        Ok(signed
            .complete(Some(&token.der))
            .map(|sealed| (sealed, token)))
    }

    /// The same validator that citizens use must pass our signature, and what was there before must stand as it stood.
    fn judge_own(&self, sealed: &Sealed, earlier: usize) -> Result<(), Refusal> {
        let report = judge(sealed.bytes(), &self.evidence_without_status(), self.now());
        let own = report.signatures.last();
        let sound = own.is_some_and(|s| {
            s.indication == Indication::TotalPassed
                && s.timestamps
                    .iter()
                    .any(|t| t.indication == Indication::TotalPassed)
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

    #[expect(
        clippy::too_many_arguments,
        reason = "the facts of one result, each from another stage"
    )]
    fn log_result(
        &self,
        seal: &Seal,
        record: &ResultRecord,
        sealed: &Sealed,
        token: &Token,
        upload_sha256: Digest,
        key: Digest,
        content: Digest,
    ) -> Result<Accepted, Refusal> {
        let now_ms = u64::try_from(self.now().unix_s())
            .unwrap_or(0)
            .saturating_mul(1_000);
        let id = ResultId::from_parts(now_ms, random()?)
            .ok_or_else(|| Fault::plain("the clock is out of range"))?;
        let public_id = PublicId::new(random()?);
        let core = Core {
            version: 1,
            id,
            public_id,
            office: seal.office().code.clone(),
            office_name: seal.office().name.clone(),
            office_level: seal.office().level,
            record: String::from_utf8(record.to_json())
                .map_err(|e| Fault::new("encoding the record", e))?,
            file_sha256: sealed.sha256(),
            file_bytes: u64::try_from(sealed.bytes().len()).unwrap_or(u64::MAX),
            upload_sha256,
            signed_at: UtcTime::from_unix_s(token.info.gen_time_s)
                .ok_or_else(|| Fault::plain("the time-stamp's time is out of range"))?,
            level: SignatureLevel::BT,
            certificate_sha256: Digest::new(seal.certificate().sha256()),
            authority: authority_name(token, &self.memory),
        };
        let core_json =
            serde_json::to_vec(&core).map_err(|e| Fault::new("encoding the result's facts", e))?;
        let opening = entry::open(
            &core,
            &core_json,
            record,
            Some(token),
            &DossierSecret::new(random()?),
        )?;
        let admission = Admission {
            idempotency: Some(key),
            content,
            id: id.to_bytes(),
            public_id: *public_id.as_bytes(),
            blob: sealed.sha256(),
            leaf: Vec::new(),
            entry: entry::encode(&core_json, &opening)?,
        };
        match self
            .sequencer()?
            .place(admission, seal.issuer(), opening.commit())
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

fn fingerprint(record: &ResultRecord, upload: &Upload) -> Digest {
    let mut stream = Sha256Stream::new();
    stream.update(b"antin/request/results\n");
    stream.update(sha256(&record.to_json()).as_bytes());
    stream.update(upload.sha256().as_bytes());
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
            },
        )
    }
}
