//! Cryptographic verification (EN 319 102-1 5.2.7).

use super::indication::SubIndication;
use super::reasons::Findings;
use crate::pki::cert::Certificate;
use crate::pki::cms::SignerInfo;
use crate::pki::crypto::VerifyFailure;

const CLAUSE: &str = "EN 319 102-1 5.2.7";

/// Compares the digest and verifies the signature value. `content_digest` is over the covered bytes; empty where it can't be made.
pub(super) fn verify(
    signer: &SignerInfo,
    certificate: &Certificate,
    content_digest: &[u8],
    findings: &mut Findings,
) {
    if content_digest.is_empty() {
        findings.doubt(
            SubIndication::CryptoConstraintsFailure,
            "ALGORITHM_NOT_SUPPORTED",
            CLAUSE,
            format!("digest algorithm {} is not supported", signer.digest_oid),
        );
        return;
    }
    if signer.signed_attributes.is_some() && !signer.message_digest_matches(content_digest) {
        findings.fail(
            SubIndication::HashFailure,
            "MESSAGE_DIGEST_MISMATCH",
            CLAUSE,
            "the file was changed: its digest is not the one that was signed",
        );
        return;
    }
    match signer.verify_signature(certificate.public_key(), content_digest) {
        Ok(()) => {}
        Err(VerifyFailure::UnsupportedAlgorithm { oid }) => findings.doubt(
            SubIndication::CryptoConstraintsFailure,
            "ALGORITHM_NOT_SUPPORTED",
            CLAUSE,
            format!("signature algorithm {oid} is not supported"),
        ),
        Err(failure) => findings.fail(
            SubIndication::SigCryptoFailure,
            "SIGNATURE_VALUE_WRONG",
            CLAUSE,
            format!("the signature value does not verify with the signer's key ({failure:?})"),
        ),
    }
}
