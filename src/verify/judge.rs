//! The verdict: basic signatures and signatures with time (EN 319 102-1 5.3 and 5.5), put together from the building blocks.

use super::claimed::parse_pdf_date;
use super::format::{self, Form};
use super::hashes::{Covered, FileHashes};
use super::indication::{Indication, SubIndication};
use super::level::level;
use super::needs::MAX_TOKENS;
use super::reasons::Findings;
use super::report::{
    Algorithms, ChangeLine, ChangesAfter, Coverage, FileFacts, Report, RevocationCheck,
    SignatureReport, Signer, TimestampReport,
};
use super::x509::{self, Moment};
use super::{acceptance, cryptography, identification, timestamp};
use crate::pdf::{self, Changes, Limits, Refusal, SignatureField};
use crate::pki::cert::Certificate;
use crate::pki::cms::Finding;
use crate::pki::der;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, Purpose, RevocationEvidence};

/// Everything a verdict may rest on besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub anchors: &'a Anchors,
    /// Certificates that may complete chains.
    pub extra: &'a [Certificate],
    pub revocation: &'a RevocationEvidence,
    pub memory: &'a Memory,
}

/// One signature field with what must be known before any of it is judged.
struct Entry<'a> {
    field: &'a SignatureField,
    findings: Findings,
    form: Option<Form>,
    covered: Option<Covered>,
}

/// The verdict on `bytes` at the control time.
#[must_use]
pub fn judge(bytes: &[u8], evidence: &Evidence<'_>, control: UtcTime) -> Report {
    let limits = Limits::default();
    let found = match pdf::signatures(bytes, &limits) {
        Ok(found) => found,
        Err(refusal) => return unreadable(bytes, &refusal, control),
    };
    // The newest are judged where not all can be: the last one says whether the file stands as it was left.
    let passed_over = found
        .fields
        .len()
        .saturating_sub(judged_at_most(bytes.len()));
    let mut entries: Vec<Entry<'_>> = found
        .fields
        .iter()
        .skip(passed_over)
        .map(|field| {
            let mut findings = Findings::default();
            let form = format::form(field, &mut findings);
            let covered = format::coverage(field, &mut findings);
            Entry {
                field,
                findings,
                form,
                covered,
            }
        })
        .collect();
    let covered: Vec<Covered> = entries.iter().filter_map(|e| e.covered).collect();
    let hashes = FileHashes::new(bytes, &covered);

    // 5.5.4 step 2 and 5.6.2.3.4: document time-stamps first, since they prove the existence of what they cover.
    let mut proofs: Vec<(usize, i64)> = Vec::new();
    let mut reports: Vec<Option<SignatureReport>> = (0..entries.len()).map(|_| None).collect();
    for (slot, entry) in reports.iter_mut().zip(&mut entries) {
        if entry.form == Some(Form::DocumentTimestamp) {
            *slot = Some(document_timestamp(
                entry,
                bytes,
                &hashes,
                evidence,
                control,
                &limits,
                &mut proofs,
            ));
        }
    }
    for (slot, entry) in reports.iter_mut().zip(&mut entries) {
        if slot.is_none() {
            *slot = Some(signature(
                entry, bytes, &hashes, evidence, control, &limits, &proofs,
            ));
        }
    }
    let signatures: Vec<SignatureReport> = reports.into_iter().flatten().collect();

    let mut whole = Findings::default();
    if passed_over > 0 {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNATURES_PASSED_OVER",
            "EN 319 102-1 5.2.2",
            format!("the file carries too many signatures for its size; the oldest {passed_over} were not judged"),
        );
    }
    for stray in &found.strays {
        whole.fail(
            SubIndication::FormatFailure,
            "SIGNATURE_NOT_REACHABLE",
            "ISO 32000-2 12.7.5.5",
            format!(
                "a signature dictionary at byte {} belongs to no field of the document",
                stray.offset
            ),
        );
    }
    if signatures.is_empty() && found.strays.is_empty() {
        whole.doubt(
            SubIndication::NoSignatureFound,
            "NO_SIGNATURE_FOUND",
            "EN 319 102-1 5.2.2",
            "the file carries no signature",
        );
    }
    let worst = signatures.iter().max_by_key(|s| s.indication);
    let (indication, sub_indication) = match worst {
        Some(worst) if worst.indication >= whole.indication => {
            (worst.indication, worst.sub_indication)
        }
        _ => (whole.indication, whole.sub_indication),
    };
    Report {
        file: FileFacts {
            sha256: hashes.file.to_string(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        indication,
        sub_indication,
        signatures,
        reasons: whole.reasons,
        validated_at: control.to_rfc3339(),
    }
}

/// Judging one signature compares revisions over the whole file: about 12 ms per MB at worst (1,000,000 objects in 50 MB:
/// 0.58 s). 1,500 MB of such work bound a verdict to some 20 s for the most hostile file; 30 signatures in 50 MB and any
/// number that real files carry (hundreds in 5 MB) stay below.
const WORK_MAX_BYTES: usize = 1_500_000_000;

fn judged_at_most(file_bytes: usize) -> usize {
    WORK_MAX_BYTES / file_bytes.max(1)
}

fn unreadable(bytes: &[u8], refusal: &Refusal, control: UtcTime) -> Report {
    let mut findings = Findings::default();
    let detail = format!("the file can't be read as a PDF: {refusal}");
    match refusal {
        // Inside an encrypted file nothing can be seen, so nothing is said of its signatures.
        Refusal::Encrypted | Refusal::TooLarge { .. } => {
            findings.doubt(
                SubIndication::SignedDataNotFound,
                &refusal.code().to_uppercase().replace('-', "_"),
                "EN 319 102-1 5.2.2",
                detail,
            );
        }
        _ => findings.fail(
            SubIndication::FormatFailure,
            &refusal.code().to_uppercase().replace('-', "_"),
            "EN 319 102-1 5.2.2",
            detail,
        ),
    }
    Report {
        file: FileFacts {
            sha256: crate::record::sha256(bytes).to_string(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        indication: findings.indication,
        sub_indication: findings.sub_indication,
        signatures: Vec::new(),
        reasons: findings.reasons,
        validated_at: control.to_rfc3339(),
    }
}

/// Contents is padded with zeros (ISO 32000-2 12.8.3.3); the token is its first element.
fn unpadded(contents: &[u8]) -> &[u8] {
    let taken = der::normalise(contents).map_or(0, |(_, taken)| taken);
    contents.get(..taken).unwrap_or_default()
}

fn document_timestamp(
    entry: &mut Entry<'_>,
    bytes: &[u8],
    hashes: &FileHashes<'_>,
    evidence: &Evidence<'_>,
    control: UtcTime,
    limits: &Limits,
    proofs: &mut Vec<(usize, i64)>,
) -> SignatureReport {
    let mut report = blank(entry, bytes);
    if let Some(covered) = entry.covered {
        let token = unpadded(&entry.field.contents);
        // Contents is in no byte range: what follows the token there would be nobody's.
        let padding = entry.field.contents.get(token.len()..).unwrap_or_default();
        if padding.iter().any(|byte| *byte != 0) {
            format::say(Finding::TrailingOctets, &mut entry.findings);
        }
        // As for signatures: what is not well formed is not hashed.
        if entry.findings.passed() {
            let judged = timestamp::judge(
                token,
                &|d| hashes.of(covered, d),
                evidence,
                control.unix_s(),
            );
            entry
                .findings
                .reasons
                .extend(judged.report.reasons.iter().cloned());
            if judged.report.indication > entry.findings.indication {
                entry.findings.indication = judged.report.indication;
                entry.findings.sub_indication = judged.report.sub_indication;
            }
            report.signer = judged.authority.as_ref().map(signer_of);
            report.best_signature_time = Some(judged.report.time.clone());
            if let Some(time) = judged.proves_s.filter(|_| entry.findings.passed()) {
                proofs.push((covered.end, time));
            }
            report.timestamps.push(judged.report);
        }
        changes(entry, covered, bytes, limits, &mut report);
    }
    close(report, entry)
}

fn signature(
    entry: &mut Entry<'_>,
    bytes: &[u8],
    hashes: &FileHashes<'_>,
    evidence: &Evidence<'_>,
    control: UtcTime,
    limits: &Limits,
    proofs: &[(usize, i64)],
) -> SignatureReport {
    let mut report = blank(entry, bytes);
    let (Some(form), Some(covered)) = (entry.form, entry.covered) else {
        return close(report, entry);
    };
    let findings = &mut entry.findings;
    let Some(signed) = format::cms(&entry.field.contents, findings) else {
        return close(report, entry);
    };
    let Some(signer) = signed.signers.first() else {
        return close(report, entry);
    };
    let signing_time = signer
        .signed_attributes
        .as_ref()
        .and_then(|a| a.signing_time);
    // EN 319 142-1 6.3: /M is where the claim stands; the CMS attribute counts where there is none.
    if report.claimed_at.is_none() {
        report.claimed_at = signing_time
            .and_then(UtcTime::from_unix_s)
            .map(|t| t.to_rfc3339());
    }
    let carried = identification::certificates(&signed, evidence.memory);
    let certificate =
        identification::signing_certificate(signer, &carried, evidence.extra, form, findings);
    report.algorithms = acceptance::algorithms_of(signer, certificate.as_ref());
    report.signer = certificate.as_ref().map(signer_of);
    // 5.3.4: a format failure ends the matter. It also bounds the work: ranges that lie across each other are not hashed.
    let is_formed = findings.indication != Indication::TotalFailed;
    if let Some(certificate) = certificate.as_ref().filter(|_| is_formed) {
        let digest = signer
            .digest_algorithm
            .map(|d| hashes.of(covered, d))
            .unwrap_or_default();
        cryptography::verify(signer, certificate, &digest, findings);
    }

    // 5.5.4: signature time-stamps, then document time-stamps that cover this signature, its own Contents included.
    let mut bag = carried;
    bag.extend_from_slice(evidence.extra);
    let covering: Vec<i64> = proofs
        .iter()
        .filter(|(end, _)| *end > covered.end)
        .map(|(_, time)| *time)
        .collect();
    let mut proven = covering.iter().copied().min();
    let tokens = signer.timestamp_tokens();
    if tokens.len() > MAX_TOKENS {
        findings.warn(
            "TIMESTAMPS_PASSED_OVER",
            "EN 319 102-1 5.5.4",
            format!(
                "of {} time-stamps the first {MAX_TOKENS} were looked at",
                tokens.len()
            ),
        );
    }
    for token in tokens.into_iter().take(MAX_TOKENS) {
        let judged = timestamp::judge(
            token,
            &|d| d.hash(&signer.signature),
            evidence,
            control.unix_s(),
        );
        if let Some(time) = judged.proves_s {
            // 5.5.4: what a document time-stamp covers existed before it.
            if covering
                .iter()
                .any(|c| c.saturating_add(timestamp::SKEW_S) < time)
            {
                findings.doubt(
                    SubIndication::TimestampOrderFailure,
                    "TIMESTAMP_ORDER",
                    "EN 319 102-1 5.5.4",
                    "a document time-stamp is older than the signature time-stamp that it covers",
                );
            }
            proven = Some(proven.map_or(time, |p| p.min(time)));
        }
        bag.extend(judged.bag);
        report.timestamps.push(judged.report);
    }
    if form == Form::Pades {
        report.level = level(entry.field, signer, certificate.as_ref(), proven, findings);
    }
    say_bad_timestamps(&report.timestamps, findings);
    let moment = Moment {
        at_s: proven.unwrap_or(control.unix_s()),
        control_s: control.unix_s(),
        proven: proven.is_some(),
    };
    report.best_signature_time = UtcTime::from_unix_s(moment.at_s).map(|t| t.to_rfc3339());
    if let Some(certificate) = &certificate {
        let path = x509::validate(
            certificate,
            &bag,
            evidence,
            moment,
            Purpose::Signature,
            findings,
        );
        if let Some(path) = &path {
            report.revocation = x509::revocation(path, evidence, moment, findings);
        }
        acceptance::judge(signer, certificate, path.as_ref(), moment.at_s, findings);
    }
    changes(entry, covered, bytes, limits, &mut report);
    close(report, entry)
}

/// A time-stamp that does not hold proves nothing; it is said, and the signature is judged without it.
pub(super) fn say_bad_timestamps(timestamps: &[TimestampReport], findings: &mut Findings) {
    for bad in timestamps
        .iter()
        .filter(|t| t.indication != Indication::TotalPassed)
    {
        let sub = bad.sub_indication.map_or("", SubIndication::as_str);
        findings.warn(
            "TIMESTAMP_NOT_USABLE",
            "EN 319 102-1 5.5.4",
            format!("a time-stamp does not hold ({sub}) and proves no time"),
        );
    }
}

fn changes(
    entry: &mut Entry<'_>,
    covered: Covered,
    bytes: &[u8],
    limits: &Limits,
    report: &mut SignatureReport,
) {
    let end = u64::try_from(covered.end).unwrap_or(u64::MAX);
    let (state, list) = match pdf::changes_after(bytes, end, limits) {
        Changes::None => (ChangesAfter::None, Vec::new()),
        Changes::Permitted(list) => (ChangesAfter::Permitted, list),
        Changes::Forbidden(list) => (ChangesAfter::Forbidden, list),
    };
    report.changes_after = state;
    for change in list {
        if state == ChangesAfter::Forbidden && !change.kind.is_permitted() {
            // EN 319 142-1 5.5 leaves it to the validator which changes it allows; here: only what is provably harmless.
            entry.findings.fail(
                SubIndication::FormatFailure,
                "CHANGED_AFTER_SIGNING",
                "EN 319 142-1 5.5",
                format!("{}: {}", change.kind.code(), change.detail),
            );
        }
        report.changes.push(ChangeLine {
            kind: change.kind.code().to_owned(),
            detail: change.detail,
        });
    }
    if state == ChangesAfter::Forbidden && entry.findings.passed() {
        entry.findings.fail(
            SubIndication::FormatFailure,
            "CHANGED_AFTER_SIGNING",
            "EN 319 142-1 5.5",
            "the file was changed after this signature in a way that is not provably harmless",
        );
    }
}

fn blank(entry: &Entry<'_>, bytes: &[u8]) -> SignatureReport {
    let whole = entry.covered.is_some_and(|c| c.end == bytes.len());
    SignatureReport {
        field: entry.field.name.clone(),
        indication: Indication::TotalFailed,
        sub_indication: None,
        level: None,
        format: entry.form.map_or("UNKNOWN", Form::name).to_owned(),
        sub_filter: entry.field.sub_filter.clone(),
        signer: None,
        claimed_at: entry
            .field
            .m
            .as_deref()
            .and_then(parse_pdf_date)
            .map(|t| t.to_rfc3339()),
        best_signature_time: None,
        timestamps: Vec::new(),
        coverage: if whole {
            Coverage::WholeFile
        } else {
            Coverage::Revision
        },
        // Until the comparison has run: what is not shown harmless is forbidden.
        changes_after: ChangesAfter::Forbidden,
        changes: Vec::new(),
        algorithms: Algorithms::default(),
        revocation: RevocationCheck::NotChecked,
        reasons: Vec::new(),
    }
}

fn close(mut report: SignatureReport, entry: &Entry<'_>) -> SignatureReport {
    let mut findings = entry.findings.clone();
    if findings.passed() && (entry.form.is_none() || entry.covered.is_none()) {
        findings.fail(
            SubIndication::FormatFailure,
            "BYTE_RANGE_UNUSABLE",
            "ISO 32000-2 12.8.1",
            "what the signature covers can't be told",
        );
    }
    report.indication = findings.indication;
    report.sub_indication = findings.sub_indication;
    report.reasons = findings.reasons;
    report
}

pub(super) fn signer_of(certificate: &Certificate) -> Signer {
    let time = |s: i64| UtcTime::from_unix_s(s).map_or_else(|| s.to_string(), |t| t.to_rfc3339());
    Signer {
        common_name: certificate.subject().common_name().map(str::to_owned),
        organization: certificate.subject().organization().map(str::to_owned),
        serial: certificate.serial_hex(),
        issuer: certificate.issuer().to_string(),
        not_before: time(certificate.not_before()),
        not_after: time(certificate.not_after()),
        certificate_sha256: crate::record::Digest::new(certificate.sha256()).to_string(),
    }
}
