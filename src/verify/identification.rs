//! Identification of the signing certificate (EN 319 102-1 5.2.3).

use super::format::Form;
use super::indication::SubIndication;
use super::reasons::Findings;
use crate::pki::cert::Certificate;
use crate::pki::cms::{CertificateBinding, SignedData, SignerInfo};
use crate::pki::digest::DigestAlgorithm;
use crate::trust::Memory;

const CLAUSE: &str = "EN 319 102-1 5.2.3";

/// Every certificate the CMS carries that can be read; unreadable ones are no one's signer.
pub(super) fn certificates(signed: &SignedData, memory: &Memory) -> Vec<Certificate> {
    signed
        .certificates
        .iter()
        .filter_map(|der| memory.certificate(der).ok())
        .collect()
}

pub(super) fn signing_certificate(
    signer: &SignerInfo,
    carried: &[Certificate],
    extra: &[Certificate],
    form: Form,
    findings: &mut Findings,
) -> Option<Certificate> {
    let Some(certificate) = signer
        .find_certificate(carried)
        .or_else(|| signer.find_certificate(extra))
        .cloned()
    else {
        findings.doubt(
            SubIndication::NoSigningCertificateFound,
            "SIGNING_CERTIFICATE_ABSENT",
            CLAUSE,
            "the certificate that the signature names is not in it",
        );
        return None;
    };
    // RFC 5035 4: the certificate's hash is signed, so that no other certificate for the same key can be put in its place.
    match signer.binding(&certificate) {
        CertificateBinding::Bound => {}
        CertificateBinding::Mismatch => findings.doubt(
            SubIndication::NoSigningCertificateFound,
            "SIGNING_CERTIFICATE_SWAPPED",
            CLAUSE,
            "the signed certificate hash names another certificate",
        ),
        CertificateBinding::UnsupportedDigest => findings.doubt(
            SubIndication::CryptoConstraintsFailure,
            "SIGNING_CERTIFICATE_DIGEST_UNKNOWN",
            CLAUSE,
            "the signed certificate hash is of a kind that is not known here",
        ),
        CertificateBinding::Absent if form == Form::Pades => findings.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNING_CERTIFICATE_ATTRIBUTE_ABSENT",
            "EN 319 142-1 6.3",
            "the signing-certificate attribute that PAdES demands is absent",
        ),
        CertificateBinding::Absent if form == Form::Cades => findings.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNING_CERTIFICATE_ATTRIBUTE_ABSENT",
            "EN 319 122-1 6.3",
            "the signing-certificate attribute that CAdES demands is absent",
        ),
        CertificateBinding::Absent => findings.warn(
            "SIGNING_CERTIFICATE_ATTRIBUTE_ABSENT",
            CLAUSE,
            "the signing certificate is not among the signed attributes",
        ),
    }
    // The certificate's hash under SHA-1 is no proof against a second certificate made to collide with it (TS 119 312).
    let ess = signer.signed_attributes.iter().flat_map(|a| a.ess.first());
    if ess
        .into_iter()
        .any(|id| id.digest == Some(DigestAlgorithm::Sha1))
    {
        findings.warn(
            "SIGNING_CERTIFICATE_DIGEST_WEAK",
            "EN 319 102-1 5.2.8",
            "the signed certificate hash is of SHA-1",
        );
    }
    Some(certificate)
}
