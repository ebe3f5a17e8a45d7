//! One signature: basic validation (EN 319 102-1 5.3), with time and long-term material (5.5), in the past (5.6.3).

use super::acceptance::{self, Age};
use super::case::Case;
use super::document_timestamp::{Stamp, Stamps};
use super::entry::{Entry, blank, changes, close, signer_of};
use super::format::{self, Form};
use super::indication::{Indication, SubIndication};
use super::judge::Opened;
use super::level;
use super::needs::MAX_TOKENS;
use super::past_signature::{self, Subject};
use super::reasons::Findings;
use super::report::{EvidenceUse, RevocationCheck, SignatureReport, TimestampReport, Weight};
use super::timestamp::{self, SKEW_S};
use super::x509::{self, Moment};
use super::{carried, cryptography, identification, revocation};
use crate::pki::cert::Certificate;
use crate::pki::cms::{SignedData, SignerInfo};
use crate::record::UtcTime;
use crate::trust::{Path, Purpose};

/// The verdict, and what long-term evidence must be about.
pub(super) struct Judged {
    pub report: SignatureReport,
    pub signed: Option<Signed>,
}

/// A signature whose signer is known, with the time-stamps of its own that hold.
pub(super) struct Signed {
    pub certificate: Certificate,
    pub bag: Vec<Certificate>,
    /// The signer's chain at the best signature time.
    pub path: Option<Path>,
    /// The best signature time, where it is proven.
    pub proven_s: Option<i64>,
    /// The position up to which the signature covers the file.
    pub end: usize,
    pub tokens: Vec<Stamp>,
}

pub(super) fn judge(
    entry: &mut Entry<'_>,
    opened: &Opened<'_>,
    case: &mut Case<'_>,
    stamps: &Stamps,
) -> Judged {
    let mut report = blank(entry, opened.bytes);
    let nothing = |report, entry: &Entry<'_>| Judged {
        report: close(report, entry),
        signed: None,
    };
    let (Some(form), Some(covered)) = (entry.form, entry.covered) else {
        return nothing(report, entry);
    };
    let findings = &mut entry.findings;
    let Some(signed) = format::cms(&entry.field.contents, findings) else {
        return nothing(report, entry);
    };
    let Some(signer) = signed.signers.first() else {
        return nothing(report, entry);
    };
    claimed(&mut report, signer);
    // In a file without store and time-stamps nothing was gathered before.
    if carried::of(&signed).has_status() {
        let memory = case.evidence.memory;
        case.material.add_message(&signed, covered.end, memory);
    }
    let evidence = case.evidence;
    let mut bag = identification::certificates(&signed, evidence.memory);
    let extra = [evidence.extra, &case.material.certificates].concat();
    let certificate = identification::signing_certificate(signer, &bag, &extra, form, findings);
    report.algorithms = acceptance::algorithms_of(signer, certificate.as_ref());
    report.signer = certificate.as_ref().map(signer_of);
    // 5.3.4: a format failure ends the matter. It also bounds the work: ranges that lie across each other are not hashed.
    let is_formed = findings.indication != Indication::TotalFailed;
    if let Some(certificate) = certificate.as_ref().filter(|_| is_formed) {
        let digest = signer
            .digest_algorithm
            .map(|d| opened.hashes.of(covered, d))
            .unwrap_or_default();
        cryptography::verify(signer, certificate, &digest, findings);
    }

    // 5.5.4: signature time-stamps, then document time-stamps that cover this signature, its own Contents included.
    bag.extend(extra);
    let covering = case.proofs.over(covered.end).min();
    let tokens = own_tokens(&signed, covered.end, case, covering, &mut report, findings);
    bag.extend(tokens.bag);
    let own = tokens.holding.iter().map(|t| t.time_s).min();
    let proven_s = own.into_iter().chain(covering).min();
    say_bad_timestamps(&report.timestamps, findings);
    let moment = Moment {
        at_s: proven_s.unwrap_or(case.control_s),
        proven: proven_s.is_some(),
    };
    report.best_signature_time = UtcTime::from_unix_s(moment.at_s).map(|t| t.to_rfc3339());
    let mut known = None;
    if let Some(certificate) = certificate {
        let path = chain(
            signer,
            &certificate,
            &bag,
            case,
            moment,
            &mut report,
            findings,
        );
        known = Some(Signed {
            certificate,
            bag,
            path,
            proven_s,
            end: covered.end,
            tokens: tokens.holding,
        });
    }
    if form == Form::Pades {
        report.level = level::level(entry.field, signer, known.as_ref(), case, stamps, findings);
    }
    changes(entry, covered, opened.bytes, &opened.limits, &mut report);
    Judged {
        report: close(report, entry),
        signed: known,
    }
}

/// EN 319 142-1 6.3: /M is where the claim stands; the CMS attribute counts where there is none.
fn claimed(report: &mut SignatureReport, signer: &SignerInfo) {
    if report.claimed_at.is_none() {
        report.claimed_at = signer
            .signed_attributes
            .as_ref()
            .and_then(|a| a.signing_time)
            .and_then(UtcTime::from_unix_s)
            .map(|t| t.to_rfc3339());
    }
}

/// The signer's chain at the best signature time, its status, its algorithms.
pub(super) fn chain(
    signer: &SignerInfo,
    certificate: &Certificate,
    bag: &[Certificate],
    case: &Case<'_>,
    moment: Moment,
    report: &mut SignatureReport,
    findings: &mut Findings,
) -> Option<Path> {
    let path = x509::validate(certificate, bag, case, moment, Purpose::Signature, findings);
    if let Some(path) = &path {
        let mut used: Vec<EvidenceUse> = Vec::new();
        let before = findings.reasons.len();
        report.revocation = revocation::judge(path, case, moment, findings, &mut used);
        report.evidence = used;
        // The national circular lets a status that can't be had be (a warning); a status that is there is held to the standard.
        let is_all_known = report.revocation == RevocationCheck::Good
            && !findings
                .reasons
                .iter()
                .skip(before)
                .any(|r| r.weight != Weight::Info);
        let has_ended = path
            .certificates
            .iter()
            .rev()
            .skip(1)
            .any(|c| c.not_after() < case.control_s);
        if moment.proven && has_ended && is_all_known {
            // 5.6.3.4: what has ended since is judged as of the past; algorithms are judged below in any case.
            let subject = Subject {
                signer,
                certificate,
                bag,
                purpose: Purpose::Signature,
                used_s: moment.at_s,
                existed_s: moment.at_s,
            };
            past_signature::judge(&subject, case, findings);
            return Some(path.clone());
        }
    }
    let age = Age {
        at_s: moment.at_s,
        // RFC 5035: the certificate's hash is signed, so that the signature is younger than the certificate.
        made_after_s: certificate.not_before(),
    };
    acceptance::judge(signer, certificate, path.as_ref(), age, findings);
    path
}

struct Tokens {
    holding: Vec<Stamp>,
    bag: Vec<Certificate>,
}

/// The signature time-stamps; those that hold prove a time.
fn own_tokens(
    signed: &SignedData,
    end: usize,
    case: &Case<'_>,
    covering: Option<i64>,
    report: &mut SignatureReport,
    findings: &mut Findings,
) -> Tokens {
    let mut tokens = Tokens {
        holding: Vec::new(),
        bag: Vec::new(),
    };
    let Some(signer) = signed.signers.first() else {
        return tokens;
    };
    let all = signer.timestamp_tokens();
    if all.len() > MAX_TOKENS {
        findings.warn(
            "TIMESTAMPS_PASSED_OVER",
            "EN 319 102-1 5.5.4",
            format!(
                "of {} time-stamps the first {MAX_TOKENS} were looked at",
                all.len()
            ),
        );
    }
    for token in all.into_iter().take(MAX_TOKENS) {
        let judged = timestamp::judge(token, &|d| d.hash(&signer.signature), case, covering);
        if let Some(time_s) = judged.proves_s {
            // 5.5.4: what a document time-stamp covers existed before it.
            if covering.is_some_and(|c| c.saturating_add(SKEW_S) < time_s) {
                findings.doubt(
                    SubIndication::TimestampOrderFailure,
                    "TIMESTAMP_ORDER",
                    "EN 319 102-1 5.5.4",
                    "a document time-stamp is older than the signature time-stamp that it covers",
                );
            }
            tokens.holding.push(Stamp {
                end,
                time_s,
                existed_s: covering,
                path: judged.path,
            });
        }
        tokens.bag.extend(judged.bag);
        report.timestamps.push(judged.report);
    }
    tokens
}

/// A time-stamp that does not hold proves nothing; it is said, and the signature is judged without it.
pub(super) fn say_bad_timestamps(timestamps: &[TimestampReport], findings: &mut Findings) {
    for bad in timestamps
        .iter()
        .filter(|t| t.indication != Indication::TotalPassed)
    {
        let sub = bad.sub_indication.map_or("", SubIndication::as_str);
        findings.warn(
            "TIMESTAMP_NOT_USABLE",
            "EN 319 102-1 5.5.4",
            format!("a time-stamp does not hold ({sub}) and proves no time"),
        );
    }
}
