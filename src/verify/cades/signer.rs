//! One signer of a message: the validation process for signatures with time and with long-term data (EN 319 102-1 5.3, 5.5).

use super::archive;
use super::ground::Ground;
use super::level::{self, Reached};
use super::message::Content;
use crate::pki::cms::{Finding, Layout, SignedData, SignerInfo, SignerLayout};
use crate::pki::oid;
use crate::record::UtcTime;
use crate::trust::Path;
use crate::verify::entry::signer_of;
use crate::verify::format::{self, Form};
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::judge::Evidence;
use crate::verify::needs::MAX_TOKENS;
use crate::verify::reasons::Findings;
use crate::verify::report::{Algorithms, ChangesAfter, Coverage, RevocationCheck, SignatureReport};
use crate::verify::signature::say_bad_timestamps;
use crate::verify::{acceptance, cryptography, identification};

pub(super) struct Subject<'a> {
    pub signed: &'a SignedData,
    pub layout: &'a Layout<'a>,
    pub signer: &'a SignerInfo,
    pub lies: &'a SignerLayout<'a>,
    pub content: &'a Content<'a>,
    pub name: String,
    pub format: &'static str,
    pub packaging: &'static str,
    pub existed_s: Option<i64>,
}

pub(super) fn judge(
    subject: &Subject<'_>,
    mut findings: Findings,
    evidence: &Evidence<'_>,
    control: UtcTime,
) -> SignatureReport {
    let signer = subject.signer;
    let mut report = blank(subject);
    say_form(subject, &mut findings);
    let carried = identification::certificates(subject.signed, evidence.memory);
    let mut ground = Ground::new(evidence, control.unix_s());
    ground.take(subject.signed);
    let certificate = identification::signing_certificate(
        signer,
        &carried,
        &ground.bag(),
        Form::Cades,
        &mut findings,
    );
    report.algorithms = acceptance::algorithms_of(signer, certificate.as_ref());
    report.signer = certificate.as_ref().map(signer_of);
    // 5.3.4: a format failure ends the matter.
    let is_formed = findings.indication != Indication::TotalFailed;
    let digest = match signer.digest_algorithm {
        // Not known here: the building block says so.
        None => Some(Vec::new()),
        Some(algorithm) => subject.content.digest(algorithm),
    };
    if let (true, Some(certificate), Some(digest)) = (is_formed, &certificate, &digest) {
        cryptography::verify(signer, certificate, digest, &mut findings);
    }

    if let Some(existed_s) = subject.existed_s {
        ground.prove_message(subject.signed, existed_s);
    }
    let (archived, holding) = archive::judge(
        signer,
        subject.layout,
        subject.lies,
        subject.content,
        subject.existed_s,
        &mut ground,
        &mut findings,
    );
    let mut proven = holding
        .iter()
        .map(|h| h.time_s)
        .chain(subject.existed_s)
        .min();
    let mut stamps = Vec::new();
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
        if let Ok(parsed) = crate::pki::tsp::Token::parse(token) {
            ground.take(&parsed.signed);
        }
        let existed_s = archive::earliest(subject.existed_s, &holding, token);
        let judged = ground.timestamp(token, &|d| d.hash(&signer.signature), existed_s);
        if let Some(time) = judged.proves_s {
            if archive::is_out_of_order(time, existed_s) {
                findings.doubt(
                    SubIndication::TimestampOrderFailure,
                    "TIMESTAMP_ORDER",
                    "EN 319 102-1 5.5.4",
                    "an archive time-stamp is older than the signature time-stamp that it covers",
                );
            }
            proven = Some(proven.map_or(time, |p| p.min(time)));
        }
        stamps.push(judged);
    }
    report
        .timestamps
        .extend(stamps.iter().chain(&archived).map(|j| j.report.clone()));
    say_bad_timestamps(&report.timestamps, &mut findings);
    let at_s = proven.unwrap_or(control.unix_s());
    report.best_signature_time = UtcTime::from_unix_s(at_s).map(|t| t.to_rfc3339());
    let mut path = None;
    if let Some(certificate) = &certificate {
        path = ground.signer(signer, certificate, proven, &mut findings, &mut report);
    }
    if ground.is_cut_off() {
        findings.doubt(
            SubIndication::SigConstraintsFailure,
            "EVIDENCE_PASSED_OVER",
            "EN 319 102-1 5.1.4.2",
            "the signature carries more certificates and status evidence than are looked at",
        );
    }
    let good_stamps: Vec<(&Path, i64)> = stamps
        .iter()
        .filter_map(|j| Some((j.path.as_ref()?, j.proves_s?)))
        .collect();
    let reached = Reached {
        timestamped: !good_stamps.is_empty(),
        evidence_inside: path.is_some_and(|path| ground.holds(&path, at_s))
            && good_stamps
                .iter()
                .all(|(path, time_s)| ground.holds(path, *time_s)),
        archived: !holding.is_empty() || subject.existed_s.is_some(),
    };
    report.level = level::level(
        signer,
        certificate.as_ref(),
        &carried,
        reached,
        &mut findings,
    );
    report.indication = findings.indication;
    report.sub_indication = findings.sub_indication;
    report.reasons = findings.reasons;
    report
}

/// EN 319 122-1 5.1, RFC 5652 5.3, 11: what the attributes must be like.
fn say_form(subject: &Subject<'_>, findings: &mut Findings) {
    let signer = subject.signer;
    for finding in subject.signed.findings.iter().chain(&signer.findings) {
        // RFC 5652 allows BER, and so does EN 319 122-1 4.7.1 for what is not signed.
        if *finding != Finding::NotDer {
            format::say(*finding, findings);
        }
    }
    match &signer.signed_attributes {
        // The value of a signature over attributes is also one over a document that consists of them.
        None => findings.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNED_ATTRIBUTES_ABSENT",
            "EN 319 122-1 5.1",
            "the signature has no signed attributes, so what it was made over is ambiguous",
        ),
        Some(_) if !signer.content_type_matches(&subject.signed.content_type) => findings.fail(
            SubIndication::FormatFailure,
            "CONTENT_TYPE_MISMATCH",
            "RFC 5652 11.1",
            "the signed content-type attribute is absent or another than the content's",
        ),
        Some(_) => {}
    }
    let has = |kind: &[u8]| signer.unsigned_attributes.iter().any(|a| a.kind == *kind);
    if has(oid::ATTR_COUNTERSIGNATURE) {
        findings.warn(
            "COUNTERSIGNATURE_NOT_JUDGED",
            "EN 319 122-1 5.2.7",
            "the signature carries a counter-signature, of which nothing is said here",
        );
    }
    if has(oid::ATTR_ARCHIVE_TIME_STAMP)
        || has(oid::ATTR_ARCHIVE_TIME_STAMP_V2)
        || has(oid::ATTR_LONG_TERM_VALIDATION)
    {
        findings.warn(
            "ARCHIVE_TIMESTAMP_OF_OLDER_FORM",
            "EN 319 122-1 A.2",
            "the signature carries an archive time-stamp of an older form, which proves nothing here",
        );
    }
}

fn blank(subject: &Subject<'_>) -> SignatureReport {
    let signing_time = subject
        .signer
        .signed_attributes
        .as_ref()
        .and_then(|a| a.signing_time);
    SignatureReport {
        field: subject.name.clone(),
        indication: Indication::TotalFailed,
        sub_indication: None,
        level: None,
        format: subject.format.to_owned(),
        sub_filter: subject.packaging.to_owned(),
        signer: None,
        claimed_at: signing_time
            .and_then(UtcTime::from_unix_s)
            .map(|t| t.to_rfc3339()),
        best_signature_time: None,
        timestamps: Vec::new(),
        coverage: Coverage::WholeFile,
        // A changed content has another digest: there is no "after".
        changes_after: ChangesAfter::None,
        changes: Vec::new(),
        algorithms: Algorithms::default(),
        revocation: RevocationCheck::NotChecked,
        evidence: Vec::new(),
        reasons: Vec::new(),
    }
}
