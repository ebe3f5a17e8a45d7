//! The baseline level that a signature reaches (EN 319 122-1 V1.3.1 6.3, table 1).

use crate::pki::cert::Certificate;
use crate::pki::cms::{CertificateBinding, SignerInfo};
use crate::verify::reasons::Findings;

const CLAUSE: &str = "EN 319 122-1 6.3";

/// What was found out while judging.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    /// A signature time-stamp that holds.
    pub timestamped: bool,
    /// Certificates and status of the signer's and the time-stamps' chains are inside.
    pub evidence_inside: bool,
    /// An archive time-stamp, or an archive manifest, that holds.
    pub archived: bool,
}

/// A level is said only where what it stands for holds: "B-T" is read as "its time is proven".
pub(super) fn level(
    signer: &SignerInfo,
    certificate: Option<&Certificate>,
    carried: &[Certificate],
    reached: Reached,
    findings: &mut Findings,
) -> Option<String> {
    let certificate = certificate?;
    let mut is_baseline = signer.binding(certificate) == CertificateBinding::Bound;
    // Table 1: signing-time "shall be present".
    let signing_time = signer
        .signed_attributes
        .as_ref()
        .and_then(|a| a.signing_time);
    if signing_time.is_none() {
        is_baseline = false;
        findings.warn(
            "SIGNING_TIME_ATTRIBUTE_ABSENT",
            CLAUSE,
            "the signature has no signing-time, which a baseline signature has",
        );
    }
    // Table 1, SignedData.certificates: the signing certificate "shall be present".
    if !carried.iter().any(|c| c.sha256() == certificate.sha256()) {
        is_baseline = false;
        findings.warn(
            "SIGNING_CERTIFICATE_OUTSIDE",
            CLAUSE,
            "the signing certificate is not in the message, where a baseline signature has it",
        );
    }
    let level = match reached {
        Reached {
            timestamped: false, ..
        } => "B-B",
        Reached {
            evidence_inside: false,
            ..
        } => "B-T",
        Reached {
            archived: false, ..
        } => "B-LT",
        Reached { .. } => "B-LTA",
    };
    is_baseline.then(|| level.to_owned())
}
