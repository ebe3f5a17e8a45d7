//! One signature field on its way to a verdict: what is known before anything is judged, and the report that comes out.

use super::claimed::parse_pdf_date;
use super::format::{self, Form};
use super::hashes::Covered;
use super::indication::{Indication, SubIndication};
use super::reasons::Findings;
use super::report::{
    Algorithms, ChangeLine, ChangesAfter, Coverage, RevocationCheck, SignatureReport, Signer,
};
use crate::pdf::{self, Changes, Limits, SignatureField};
use crate::pki::cert::Certificate;
use crate::pki::der;
use crate::record::UtcTime;

pub(super) struct Entry<'a> {
    pub field: &'a SignatureField,
    pub findings: Findings,
    pub form: Option<Form>,
    pub covered: Option<Covered>,
}

impl<'a> Entry<'a> {
    pub fn new(field: &'a SignatureField) -> Self {
        let mut findings = Findings::default();
        let form = format::form(field, &mut findings);
        let covered = format::coverage(field, &mut findings);
        Self {
            field,
            findings,
            form,
            covered,
        }
    }

    pub fn is_document_timestamp(&self) -> bool {
        self.form == Some(Form::DocumentTimestamp)
    }

    /// Contents is padded with zeros (ISO 32000-2 12.8.3.3); the token of a document time-stamp is its first element.
    pub fn token(&self) -> &'a [u8] {
        let contents = &self.field.contents;
        let taken = der::normalise(contents).map_or(0, |(_, taken)| taken);
        contents.get(..taken).unwrap_or_default()
    }
}

pub(super) fn changes(
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

pub(super) fn blank(entry: &Entry<'_>, bytes: &[u8]) -> SignatureReport {
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
        evidence: Vec::new(),
        reasons: Vec::new(),
    }
}

pub(super) fn close(mut report: SignatureReport, entry: &Entry<'_>) -> SignatureReport {
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
