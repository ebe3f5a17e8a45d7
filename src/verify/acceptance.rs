//! Signature acceptance (EN 319 102-1 5.2.8): algorithms as they stood at a time.

use super::indication::SubIndication;
use super::reasons::Findings;
use super::report::Algorithms;
use crate::pki::cert::Certificate;
use crate::pki::cms::SignerInfo;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::digest::DigestAlgorithm;
use crate::trust::{AlgorithmWeakness, Path, check_digest, check_key};

const CLAUSE: &str = "EN 319 102-1 5.2.8";

pub(super) fn algorithms_of(signer: &SignerInfo, certificate: Option<&Certificate>) -> Algorithms {
    Algorithms {
        digest: signer.digest_algorithm.map(|d| d.name().to_owned()),
        signature: signer.signature_algorithm().ok().map(|a| a.name()),
        key_bits: certificate.map(|c| c.key_facts().bits),
    }
}

/// How old a signature is known to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// It existed then: the time at which its algorithms are held against the lists.
    pub at_s: i64,
    /// It was made no earlier than this.
    pub made_after_s: i64,
}

/// An algorithm that could no longer be relied on, where it was used, and the earliest that it can have been used there.
struct Weak {
    weakness: AlgorithmWeakness,
    place: &'static str,
    made_after_s: i64,
}

/// Digest and key of the signature itself, and of every certificate of its path but the anchor.
pub(super) fn judge(
    signer: &SignerInfo,
    certificate: &Certificate,
    path: Option<&Path>,
    age: Age,
    findings: &mut Findings,
) {
    let Age { at_s, made_after_s } = age;
    let mut weak: Vec<Weak> = Vec::new();
    let mut note = |found: Result<(), AlgorithmWeakness>, place, made_after_s| {
        if let Err(weakness) = found {
            weak.push(Weak {
                weakness,
                place,
                made_after_s,
            });
        }
    };
    let used = [
        signer.digest_algorithm,
        signer.signature_algorithm().ok().and_then(|a| a.digest()),
    ];
    for digest in used.into_iter().flatten() {
        note(check_digest(digest, at_s), "the signature", made_after_s);
    }
    let key = check_key(certificate.key_facts(), at_s);
    note(key, "the signer's key", made_after_s);
    if let Some(mask) = say_uncommon(signer, findings) {
        note(
            check_digest(mask, at_s),
            "the mask of the signature",
            made_after_s,
        );
    }
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
        // A certificate is signed when it is issued.
        let issued_s = certificate.not_before();
        if let Some(digest) = digest {
            note(
                check_digest(digest, at_s),
                "a certificate of its chain",
                issued_s,
            );
        }
        note(
            check_key(certificate.key_facts(), at_s),
            "a key of its chain",
            issued_s,
        );
    }
    weak.dedup_by(|a, b| a.weakness == b.weakness && a.place == b.place);
    for found in weak {
        let algorithm = &found.weakness.algorithm;
        let place = found.place;
        findings.doubt(
            unproven_or_failed(&found.weakness, found.made_after_s),
            "ALGORITHM_WEAK",
            CLAUSE,
            format!("{algorithm} in {place} could no longer be relied on at that time"),
        );
    }
}

/// Table 6: CRYPTO_CONSTRAINTS_FAILURE where it is known to have been used after its end (or never had a beginning), else it is
/// only not proven to have been used before.
pub(super) fn unproven_or_failed(weakness: &AlgorithmWeakness, made_after_s: i64) -> SubIndication {
    if made_after_s < weakness.since_s {
        SubIndication::CryptoConstraintsFailureNoPoe
    } else {
        SubIndication::CryptoConstraintsFailure
    }
}

/// What is sound but not as the lists of algorithms have it; the digest of a mask that is another than the message's.
fn say_uncommon(signer: &SignerInfo, findings: &mut Findings) -> Option<DigestAlgorithm> {
    match signer.signature_algorithm() {
        // RFC 8017 8.1 recommends the same hash in the mask as for the message.
        Ok(SignatureAlgorithm::RsaPss { digest, mgf1, .. }) if digest != mgf1 => {
            findings.warn(
                "ALGORITHM_UNCOMMON",
                CLAUSE,
                format!(
                    "RSASSA-PSS with {} and a mask of {}",
                    digest.name(),
                    mgf1.name()
                ),
            );
            Some(mgf1)
        }
        Ok(SignatureAlgorithm::Ed25519) => {
            findings.warn(
                "ALGORITHM_UNCOMMON",
                CLAUSE,
                "Ed25519 is neither in TS 119 312 nor in the national list of standards",
            );
            None
        }
        _ => None,
    }
}
