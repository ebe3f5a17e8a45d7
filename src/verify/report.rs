//! The verdict on one file, as a value: what `antin verify --json` and `POST /api/v1/verify` answer.
//!
//! # Invariants
//! * A report is never an `Err`: whatever the bytes are, there is a verdict.
//! * The overall indication is the worst of the signatures; without any it is INDETERMINATE / NO_SIGNATURE_FOUND.
//! * Every deviation from TOTAL-PASSED carries at least one reason.
//!
//! # What is not here
//! Whether the result is still in force, and whether it is in the log: other questions, other answers.

use serde::Serialize;

use super::indication::{Indication, SubIndication};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub file: FileFacts,
    pub indication: Indication,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    pub signatures: Vec<SignatureReport>,
    /// About the file as a whole, e.g. why it could not be read as a PDF.
    pub reasons: Vec<Reason>,
    /// The control time the file was judged at, RFC 3339 UTC.
    pub validated_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFacts {
    /// Lower-case hexadecimal SHA-256 of the whole file.
    pub sha256: String,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    pub field: String,
    pub indication: Indication,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    /// The baseline level of EN 319 142-1 that was found: `B-B`, `B-T`, `B-LT` or `B-LTA`; absent for what is not PAdES baseline.
    pub level: Option<String>,
    /// `PAdES`, `PKCS7`, `RFC3161` (a document time-stamp) or `UNKNOWN`.
    pub format: String,
    /// The SubFilter as written.
    pub sub_filter: String,
    pub signer: Option<Signer>,
    /// What the signer claims (CMS signing-time or /M), RFC 3339 where it parses.
    pub claimed_at: Option<String>,
    /// Best signature time: earliest proof of existence, else the control time. RFC 3339 UTC.
    pub best_signature_time: Option<String>,
    pub timestamps: Vec<TimestampReport>,
    pub coverage: Coverage,
    pub changes_after: ChangesAfter,
    /// One line per change after this signature, in words.
    pub changes: Vec<ChangeLine>,
    pub algorithms: Algorithms,
    pub revocation: RevocationCheck,
    /// The status evidence that the verdict on the signer's chain rests on, signer first; absent where there was none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceUse>,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    pub common_name: Option<String>,
    pub organization: Option<String>,
    /// Certificate serial number, upper-case hexadecimal.
    pub serial: String,
    pub issuer: String,
    pub not_before: String,
    pub not_after: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub certificate_sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimestampReport {
    pub time: String,
    pub indication: Indication,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    pub authority: Option<String>,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    WholeFile,
    Revision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangesAfter {
    None,
    Permitted,
    Forbidden,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    pub kind: String,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Algorithms {
    pub digest: Option<String>,
    pub signature: Option<String>,
    pub key_bits: Option<u32>,
}

/// What was learnt of the revocation status of the signing certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationCheck {
    Good,
    Revoked,
    /// No usable status could be had: a warning, said in words (national circular, annex II).
    NotChecked,
}

/// One piece of status evidence that was relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceUse {
    pub kind: EvidenceKind,
    pub source: EvidenceSource,
    /// The subject of the certificate that it speaks of.
    pub subject: String,
    /// thisUpdate, RFC 3339 UTC.
    pub issued_at: String,
    /// Since when it is proven to exist, where a time-stamp covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    Ocsp,
    Crl,
}

/// Where a piece of evidence came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceSource {
    /// By whoever asked for the verdict, such as an answer fetched now.
    Given,
    /// The document security store of the file (EN 319 142-1 5.4).
    Dss,
    /// A message inside the file: a signature's or a time-stamp's own sets and attributes.
    Cms,
}

/// One finding: a stable code, the clause it follows and the object it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable, upper-case: `BYTE_RANGE_NOT_WHOLE`, `MESSAGE_DIGEST_MISMATCH` …
    pub code: String,
    /// `fail`, `warn` or `info`.
    pub weight: Weight,
    /// One English sentence for the expert; pages translate by `code`.
    pub detail: String,
    /// The clause that asks for the check, e.g. `EN 319 102-1 5.2.7`.
    pub clause: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    Fail,
    Warn,
    Info,
}
