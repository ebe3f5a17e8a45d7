//! The baseline level that a signature reaches (EN 319 142-1 6.3).
//!
//! A level is a statement about form, but "B-T" is read as "its time is proven": so it is said only where a time-stamp of either kind
//! holds, and a time-stamp that can't be validated leaves B-B. In the same way B-LT and B-LTA are said where the evidence in the
//! file's store does what it is there for.

use super::case::Case;
use super::document_timestamp::{Stamp, Stamps};
use super::long_term::{Scope, absent, lacking};
use super::reasons::Findings;
use super::signature::Signed;
use crate::pdf::SignatureField;
use crate::pki::cms::{CertificateBinding, SignerInfo};
use crate::pki::oid;
use crate::record::SignatureLevel;
use crate::trust::Path;

pub(super) fn level(
    field: &SignatureField,
    signer: &SignerInfo,
    signed: Option<&Signed>,
    case: &Case<'_>,
    stamps: &Stamps,
    findings: &mut Findings,
) -> Option<String> {
    let mut is_baseline =
        signed.is_some_and(|s| signer.binding(&s.certificate) == CertificateBinding::Bound);
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
    let signed = signed.filter(|_| is_baseline)?;
    Some(reached(signed, case, stamps).as_str().to_owned())
}

fn reached(signed: &Signed, case: &Case<'_>, stamps: &Stamps) -> SignatureLevel {
    if signed.proven_s.is_none() {
        return SignatureLevel::BB;
    }
    if case.material.has_no_status() || !is_complete(signed, case, stamps, usize::MAX) {
        return SignatureLevel::BT;
    }
    // B-LTA: a document time-stamp over the store that makes it B-LT. The newest covers whatever another one covers.
    let newest = stamps.holding.first();
    let is_archived = newest.is_some_and(|stamp| {
        stamp.end > signed.end && is_complete(signed, case, stamps, stamp.end)
    });
    if is_archived {
        SignatureLevel::BLTA
    } else {
        SignatureLevel::BLT
    }
}

/// Whether what stands before a position holds all evidence on the signer's chain and on those of the time-stamps that prove the time.
fn is_complete(signed: &Signed, case: &Case<'_>, stamps: &Stamps, before: usize) -> bool {
    let Some(path) = &signed.path else {
        return false;
    };
    let at_s = signed.proven_s.unwrap_or(case.control_s);
    let is_held = |path: &Path, at_s| {
        lacking(path, case, Scope { before, at_s }, None).is_empty()
            // Whoever judges has the anchor.
            && absent(path, case, before)
                .iter()
                .all(|c| path.certificates.last() == Some(c))
    };
    let stamp_is_held = |stamp: &Stamp| {
        let path = stamp.path.as_ref();
        stamp.end < before && path.is_some_and(|path| is_held(path, stamp.time_s))
    };
    // Without a time-stamp of its own the oldest document time-stamp over it is what makes it B-T.
    let proving = if signed.tokens.is_empty() {
        let covering = stamps.holding.iter().filter(|s| s.end > signed.end);
        covering.min_by_key(|s| s.time_s).into_iter().collect()
    } else {
        signed.tokens.iter().collect::<Vec<_>>()
    };
    is_held(path, at_s) && !proving.is_empty() && proving.into_iter().all(stamp_is_held)
}
