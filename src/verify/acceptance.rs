//! Signature acceptance (EN 319 102-1 5.2.8): algorithms as they stood at a time.

use super::indication::SubIndication;
use super::reasons::Findings;
use super::report::Algorithms;
use crate::pki::cert::Certificate;
use crate::pki::cms::SignerInfo;
use crate::trust::{Path, check_digest, check_key};

const CLAUSE: &str = "EN 319 102-1 5.2.8";

pub(super) fn algorithms_of(signer: &SignerInfo, certificate: Option<&Certificate>) -> Algorithms {
    Algorithms {
        digest: signer.digest_algorithm.map(|d| d.name().to_owned()),
        signature: signer.signature_algorithm().ok().map(|a| a.name()),
        key_bits: certificate.map(|c| c.key_facts().bits),
    }
}

/// Digest and key of the signature itself, and of every certificate of its path but the anchor.
pub(super) fn judge(
    signer: &SignerInfo,
    certificate: &Certificate,
    path: Option<&Path>,
    at_s: i64,
    findings: &mut Findings,
) {
    let mut weak = Vec::new();
    let used = [
        signer.digest_algorithm,
        signer.signature_algorithm().ok().and_then(|a| a.digest()),
    ];
    for digest in used.into_iter().flatten() {
        if let Err(weakness) = check_digest(digest, at_s) {
            weak.push((weakness.algorithm, "the signature"));
        }
    }
    if let Err(weakness) = check_key(certificate.key_facts(), at_s) {
        weak.push((weakness.algorithm, "the signer's key"));
    }
    let below_anchor = path
        .map(|p| {
            p.certificates
                .split_last()
                .map_or(&[][..], |(_, rest)| rest)
        })
        .unwrap_or_default();
    for certificate in below_anchor {
        if let Ok(Some(Err(weakness))) = certificate
            .signature_algorithm()
            .map(|a| a.digest().map(|d| check_digest(d, at_s)))
        {
            weak.push((weakness.algorithm, "a certificate of its chain"));
        }
        if let Err(weakness) = check_key(certificate.key_facts(), at_s) {
            weak.push((weakness.algorithm, "a key of its chain"));
        }
    }
    weak.dedup();
    for (algorithm, place) in weak {
        findings.doubt(
            SubIndication::CryptoConstraintsFailure,
            "ALGORITHM_WEAK",
            CLAUSE,
            format!("{algorithm} in {place} could no longer be relied on at that time"),
        );
    }
}
