//! Signature acceptance (EN 319 102-1 5.2.8): algorithms as they stood at a time.

use super::indication::SubIndication;
use super::reasons::Findings;
use super::report::Algorithms;
use crate::pki::cert::Certificate;
use crate::pki::cms::SignerInfo;
use crate::pki::crypto::SignatureAlgorithm;
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
    say_uncommon(signer, at_s, &mut weak, findings);
    let below_anchor = path
        .map(|p| {
            p.certificates
                .split_last()
                .map_or(&[][..], |(_, rest)| rest)
        })
        .unwrap_or_default();
    for certificate in below_anchor {
        let digest = certificate
            .signature_algorithm()
            .ok()
            .and_then(|a| a.digest());
        if let Some(Err(weakness)) = digest.map(|d| check_digest(d, at_s)) {
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

/// What is sound but not as the lists of algorithms have it.
fn say_uncommon(
    signer: &SignerInfo,
    at_s: i64,
    weak: &mut Vec<(String, &'static str)>,
    findings: &mut Findings,
) {
    match signer.signature_algorithm() {
        // RFC 8017 8.1 recommends the same hash in the mask as for the message.
        Ok(SignatureAlgorithm::RsaPss { digest, mgf1, .. }) if digest != mgf1 => {
            if let Err(weakness) = check_digest(mgf1, at_s) {
                weak.push((weakness.algorithm, "the mask of the signature"));
            }
            findings.warn(
                "ALGORITHM_UNCOMMON",
                CLAUSE,
                format!(
                    "RSASSA-PSS with {} and a mask of {}",
                    digest.name(),
                    mgf1.name()
                ),
            );
        }
        Ok(SignatureAlgorithm::Ed25519) => findings.warn(
            "ALGORITHM_UNCOMMON",
            CLAUSE,
            "Ed25519 is neither in TS 119 312 nor in the national list of standards",
        ),
        _ => {}
    }
}
