//! Whether a token is the answer to the request, made by a certificate that may (RFC 3161 2.2, 2.3, 2.4.2).

use super::TimestampCause;
use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::oid::{self, ObjectId};
use crate::pki::tsp::{Request, Token};

pub(super) struct Expected<'a> {
    pub request: &'a Request,
    /// Empty: any.
    pub policies: &'a [ObjectId],
    pub now_s: i64,
    pub max_drift_s: i64,
}

impl Expected<'_> {
    pub(super) fn check(&self, token: &Token) -> Result<(), TimestampCause> {
        let info = &token.info;
        // Compared first, so that a policy that is not the one asked for is named as what it is.
        let asked = self.request.policy.as_ref();
        let is_accepted = self.policies.is_empty() || self.policies.contains(&info.policy);
        if !is_accepted || asked.is_some_and(|policy| *policy != info.policy) {
            return Err(TimestampCause::PolicyNotAccepted {
                policy: info.policy.to_string(),
            });
        }
        token.answers(self.request)?;
        let drift_s = info.gen_time_s.saturating_sub(self.now_s);
        if drift_s.unsigned_abs() > self.max_drift_s.unsigned_abs() {
            return Err(TimestampCause::TimeOff { drift_s });
        }
        let certificates = token.signed.parsed_certificates();
        let candidates = token.signer().candidates(&certificates);
        if candidates.is_empty() {
            return Err(TimestampCause::NoCertificate);
        }
        // Two certificates may share issuer and serial number in a forged token: the one that holds counts.
        let mut first_failure = None;
        for certificate in candidates {
            match token.verify_signature(certificate) {
                Ok(()) => return may_stamp(certificate, info.gen_time_s),
                Err(mismatch) => first_failure = first_failure.or(Some(mismatch)),
            }
        }
        Err(first_failure.map_or(TimestampCause::NoCertificate, Into::into))
    }
}

fn may_stamp(certificate: &Certificate, gen_time_s: i64) -> Result<(), TimestampCause> {
    // RFC 3161 2.3: exactly one extended usage, time-stamping, and critical.
    let usages = certificate.extended_key_usage().unwrap_or_default();
    if !certificate.has_extended_key_usage(oid::EKU_TIME_STAMPING) {
        return Err(TimestampCause::WrongPurpose(
            "it lacks the extended key usage time-stamping",
        ));
    }
    if usages.len() != 1 {
        return Err(TimestampCause::WrongPurpose(
            "time-stamping is not its only extended key usage",
        ));
    }
    if !certificate.is_extended_key_usage_critical() {
        return Err(TimestampCause::WrongPurpose(
            "its extended key usage is not critical",
        ));
    }
    // RFC 5280 4.2.1.3.
    let signs = certificate.key_usage().is_none_or(|usage| {
        usage.intersects(KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT))
    });
    if !signs {
        return Err(TimestampCause::WrongPurpose(
            "its key usage does not include signing",
        ));
    }
    if !certificate.is_within_validity(gen_time_s) {
        return Err(TimestampCause::CertificateNotValid);
    }
    Ok(())
}
