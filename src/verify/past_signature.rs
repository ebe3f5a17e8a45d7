//! Past signature validation (EN 319 102-1 5.6.2.4): what can't be said to hold now is shown to have held when it is proven to have
//! existed.
//!
//! # Invariants
//! * It only helps where the present answer is "not proven": never against a failure.

use super::acceptance;
use super::case::Case;
use super::indication::{Indication, SubIndication};
use super::past_certificate::{self, Failure};
use super::reasons::Findings;
use super::time_sliding::Lack;
use super::x509::{Moment, explain, time};
use crate::pki::cert::Certificate;
use crate::pki::cms::SignerInfo;
use crate::trust::{Path, Purpose};

const CLAUSE: &str = "EN 319 102-1 5.6.2.4";

/// Something signed, and since when it is known to exist.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub signer: &'a SignerInfo,
    pub certificate: &'a Certificate,
    pub bag: &'a [Certificate],
    pub purpose: Purpose,
    /// When the key was used, as far as is known: the time of a token itself, the best signature time of a signature.
    pub used_s: i64,
    /// The earliest proof of existence of the signature value.
    pub existed_s: i64,
}

/// Whether a proof of existence can change the answer (5.6.2.4 step 2).
pub(super) fn may_help(findings: &Findings) -> bool {
    findings.indication == Indication::Indeterminate
        && matches!(
            findings.sub_indication,
            Some(
                SubIndication::RevokedNoPoe
                    | SubIndication::RevokedCaNoPoe
                    | SubIndication::OutOfBoundsNoPoe
                    | SubIndication::OutOfBoundsNotRevoked
                    | SubIndication::CryptoConstraintsFailureNoPoe
                    | SubIndication::RevocationOutOfBoundsNoPoe
                    | SubIndication::NoCertificateChainFoundNoPoe
                    | SubIndication::TryLater
                    | SubIndication::NoPoe
            )
        )
}

/// The chain under which the signature held in the past; what stands against it is added to `findings`.
pub(super) fn judge(
    subject: &Subject<'_>,
    case: &Case<'_>,
    findings: &mut Findings,
) -> Option<Path> {
    let past = match past_certificate::judge(
        subject.certificate,
        subject.bag,
        case,
        subject.used_s,
        subject.purpose,
    ) {
        Ok(past) => past,
        Err(Failure::Path(failure)) => {
            let moment = Moment {
                at_s: subject.used_s,
                proven: true,
            };
            explain(failure, moment, findings);
            return None;
        }
        Err(Failure::Lack(lack)) => {
            doubt(&lack, findings);
            return None;
        }
    };
    // Step 2: a proof of existence at or before the moment up to which the chain is known to have been good.
    if subject.existed_s > past.good_until_s {
        doubt(
            &Lack {
                sub: SubIndication::NoPoe,
                detail: format!(
                    "it is proven to have existed at {}, but its chain is known to have been good only until {}",
                    time(subject.existed_s),
                    time(past.good_until_s)
                ),
            },
            findings,
        );
    }
    // Step 2, OUT_OF_BOUNDS_NO_POE: the proof must lie within the validity of the signing certificate.
    if subject.existed_s > subject.certificate.not_after() {
        doubt(
            &Lack {
                sub: SubIndication::OutOfBoundsNoPoe,
                detail: format!(
                    "it is proven to have existed at {}, after its certificate had ended at {}",
                    time(subject.existed_s),
                    time(subject.certificate.not_after())
                ),
            },
            findings,
        );
    }
    acceptance::judge(
        subject.signer,
        subject.certificate,
        Some(&past.path),
        acceptance::Age {
            at_s: subject.existed_s,
            made_after_s: subject.used_s.min(subject.existed_s),
        },
        findings,
    );
    Some(past.path)
}

fn doubt(lack: &Lack, findings: &mut Findings) {
    findings.doubt(lack.sub, "PAST_NOT_PROVEN", CLAUSE, lack.detail.clone());
}
