//! Format checking (EN 319 102-1 5.2.2; EN 319 142-1 5.3 and 6.3; ISO 32000-2 12.8).

use super::hashes::Covered;
use super::indication::SubIndication;
use super::reasons::Findings;
use crate::pdf::{SignatureField, SignatureKind};
use crate::pki::cms::{Finding, SignedData};
use crate::pki::oid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// ETSI.CAdES.detached
    Pades,
    /// A CMS of its own, or in a container.
    Cades,
    /// adbe.pkcs7.detached
    Pkcs7,
    /// ETSI.RFC3161
    DocumentTimestamp,
}

impl Form {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pades => "PAdES",
            Self::Cades => "CAdES",
            Self::Pkcs7 => "PKCS7",
            Self::DocumentTimestamp => "RFC3161",
        }
    }
}

/// Which of the supported forms the dictionary says it has.
pub(super) fn form(field: &SignatureField, findings: &mut Findings) -> Option<Form> {
    let form = match (field.sub_filter.as_str(), field.kind) {
        ("ETSI.CAdES.detached", SignatureKind::Signature) => Form::Pades,
        ("adbe.pkcs7.detached", SignatureKind::Signature) => Form::Pkcs7,
        ("ETSI.RFC3161", SignatureKind::DocTimeStamp) => Form::DocumentTimestamp,
        _ => {
            findings.fail(
                SubIndication::FormatFailure,
                "FORMAT_NOT_SUPPORTED",
                "EN 319 102-1 5.2.2",
                format!(
                    "SubFilter {} is not a supported signature format",
                    field.sub_filter
                ),
            );
            return None;
        }
    };
    Some(form)
}

/// The covered bytes, where the dictionary's structure is sound.
pub(super) fn coverage(field: &SignatureField, findings: &mut Findings) -> Option<Covered> {
    for problem in &field.problems {
        findings.fail(
            SubIndication::FormatFailure,
            problem.code(),
            "ISO 32000-2 12.8.1",
            problem.to_string(),
        );
    }
    let [start, before, resume, after] = field.byte_range?;
    if start != 0 {
        return None;
    }
    let gap_start = usize::try_from(before).ok()?;
    let gap_end = usize::try_from(resume).ok()?;
    let end = usize::try_from(resume.checked_add(after)?).ok()?;
    Some(Covered {
        gap_start,
        gap_end,
        end,
    })
}

/// Peculiarities of the message: those that make it ambiguous fail, the others are said.
pub(super) fn say(finding: Finding, findings: &mut Findings) {
    match finding {
        Finding::AttributeNotSingle
        | Finding::AttributeMalformed
        | Finding::DigestAlgorithmsDiffer
        | Finding::TrailingOctets => {
            findings.fail(
                SubIndication::FormatFailure,
                finding.code(),
                "RFC 5652 5.3",
                format!("the SignedData is not well formed: {finding:?}"),
            );
        }
        Finding::NotDer
        | Finding::SignedAttributesNotSorted
        | Finding::DigestAlgorithmNotListed
        | Finding::OtherCertificatesPresent
        | Finding::OtherRevocationPresent => findings.warn(
            finding.code(),
            "RFC 5652 5.1",
            format!("a peculiarity of the SignedData, taken as it stands: {finding:?}"),
        ),
    }
}

/// The CMS inside Contents: exactly one signer, detached.
pub(super) fn cms(contents: &[u8], findings: &mut Findings) -> Option<SignedData> {
    let signed = match SignedData::parse_padded(contents) {
        Ok(signed) => signed,
        Err(malformed) => {
            findings.fail(
                SubIndication::FormatFailure,
                "CMS_UNREADABLE",
                "RFC 5652 5.1",
                format!("Contents does not hold a readable SignedData: {malformed}"),
            );
            return None;
        }
    };
    // EN 319 142-1 4.1 c): only one SignerInfo.
    if signed.signers.len() != 1 {
        findings.fail(
            SubIndication::FormatFailure,
            "SIGNER_INFO_COUNT",
            "EN 319 142-1 4.1",
            format!(
                "{} SignerInfos where there must be exactly one",
                signed.signers.len()
            ),
        );
    }
    // ISO 32000-2 12.8.3.3: detached, no data encapsulated.
    if signed.content.is_some() {
        findings.fail(
            SubIndication::FormatFailure,
            "CONTENT_ENCAPSULATED",
            "ISO 32000-2 12.8.3.3",
            "the SignedData carries content of its own",
        );
    }
    // ISO 32000-2 12.8.3.3: what is signed is plain data.
    if signed.content_type != *oid::ID_DATA {
        findings.fail(
            SubIndication::FormatFailure,
            "CONTENT_TYPE_MISMATCH",
            "RFC 5652 11.1",
            "the SignedData says of itself that it signs something else than data",
        );
    }
    // RFC 5652 5.3 leaves the attributes away for plain data; but then the value of a signature over attributes is also one over
    // a document that consists of them. No baseline format allows it.
    if signed.signers.iter().any(|s| s.signed_attributes.is_none()) {
        findings.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNED_ATTRIBUTES_ABSENT",
            "EN 319 142-1 6.3",
            "the signature has no signed attributes, so what it was made over is ambiguous",
        );
    }
    // RFC 5652 11.1: the content-type attribute must match what is signed.
    if let Some(attributes) = signed
        .signers
        .first()
        .and_then(|s| s.signed_attributes.as_ref())
    {
        let data = attributes
            .content_type
            .as_ref()
            .is_some_and(|t| t.body() == oid::ID_DATA);
        if !data {
            findings.fail(
                SubIndication::FormatFailure,
                "CONTENT_TYPE_MISMATCH",
                "RFC 5652 11.1",
                "the signed content-type attribute is absent or not id-data",
            );
        }
    }
    let peculiar = signed.findings.iter().chain(
        signed
            .signers
            .first()
            .map(|s| s.findings.iter())
            .into_iter()
            .flatten(),
    );
    for finding in peculiar {
        say(*finding, findings);
    }
    Some(signed)
}
