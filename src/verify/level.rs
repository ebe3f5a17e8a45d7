//! The baseline level that a signature reaches (EN 319 142-1 6.3).

use super::reasons::Findings;
use crate::pdf::SignatureField;
use crate::pki::cert::Certificate;
use crate::pki::cms::{CertificateBinding, SignerInfo};
use crate::pki::oid;

/// The baseline level of EN 319 142-1 6.3. A level is a statement about form, but "B-T" is read as "its time is proven": so it is
/// said only where a time-stamp of either kind holds, and a time-stamp that can't be validated leaves B-B.
pub(super) fn level(
    field: &SignatureField,
    signer: &SignerInfo,
    certificate: Option<&Certificate>,
    proven: Option<i64>,
    findings: &mut Findings,
) -> Option<String> {
    let mut is_baseline =
        certificate.is_some_and(|c| signer.binding(c) == CertificateBinding::Bound);
    // 6.3: "signing-time … shall not be present": the generator broke the profile, the signature itself is no worse for it.
    let attributes = signer.signed_attributes.as_ref();
    if attributes.is_some_and(|a| {
        a.attributes
            .iter()
            .any(|a| a.kind == *oid::ATTR_SIGNING_TIME)
    }) {
        is_baseline = false;
        findings.warn(
            "SIGNING_TIME_ATTRIBUTE_PRESENT",
            "EN 319 142-1 6.3",
            "the CMS carries a signing-time, which a baseline signature has in the entry M only",
        );
    }
    // 6.3: the entry M "shall be present".
    if field.m.is_none() {
        is_baseline = false;
        findings.warn(
            "CLAIMED_TIME_ABSENT",
            "EN 319 142-1 6.3",
            "the signature dictionary has no entry M",
        );
    }
    is_baseline.then(|| if proven.is_some() { "B-T" } else { "B-B" }.to_owned())
}
