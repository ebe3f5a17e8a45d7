//! Path building (RFC 4158) with back-tracking: every way from a certificate over a bag to an anchor, until one holds.
//!
//! # Invariants
//! * At most `Budget` candidates, signature checks and extensions, so hostile bags cost bounded work. What is counted does not
//!   depend on what is remembered: the same input gives the same answer.
//! * A path that is returned holds: names, signatures, constraints (by `chain`), validity of every certificate but the anchor
//!   at the given time (of the subject also where it is the anchor), and the key usage that the purpose demands.

use super::Memory;
use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::oid;

/// The certificates an operator decided to trust.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    certificates: Vec<Certificate>,
}

impl Anchors {
    #[must_use]
    pub const fn new(certificates: Vec<Certificate>) -> Self {
        Self { certificates }
    }

    fn contains(&self, certificate: &Certificate) -> bool {
        self.certificates
            .iter()
            .any(|a| a.sha256() == certificate.sha256())
    }

    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// What the certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Signature,
    TimeStamp,
    OcspSigner,
}

/// Limits for one search. Real bags hold under ten certificates and two or three paths.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Certificates between subject and anchor, both included. RFC 5280 sets none; 8 is what real hierarchies stay under.
    pub max_depth: usize,
    /// Complete candidate chains handed to the chain check (each up to `max_depth` signature checks).
    pub max_candidates: usize,
    /// Signatures of certificates checked while extending. A check costs up to 3 ms (P-521): 64 stay under 0.2 s.
    pub max_signature_checks: usize,
    /// Partial chains looked at; each compares one name with every name of the bag.
    pub max_steps: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            max_depth: 8,
            max_candidates: 16,
            max_signature_checks: 64,
            max_steps: 512,
        }
    }
}

/// A chain that holds: subject first, anchor last.
#[derive(Debug, Clone)]
pub struct Path {
    pub certificates: Vec<Certificate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathFailure {
    /// No sequence of certificates leads to an anchor.
    NoPath,
    /// The subject itself may not be used for this.
    Purpose {
        detail: String,
    },
    /// The subject is outside its validity period at the time.
    SubjectExpired {
        not_after: i64,
    },
    SubjectNotYetValid {
        not_before: i64,
    },
    /// A chain to an anchor exists, but it does not hold.
    Broken {
        detail: String,
    },
    /// A chain exists, but a CA certificate in it was outside its validity period.
    CaOutOfPeriod {
        subject: String,
    },
    /// The search was cut off.
    Budget,
}

/// Finds a path for `subject` that holds at `at_s` (Unix seconds).
///
/// # Errors
/// Why there is none; of several candidates, the failure of the one that came furthest.
pub fn build(
    subject: &Certificate,
    bag: &[Certificate],
    anchors: &Anchors,
    memory: &Memory,
    at_s: i64,
    purpose: Purpose,
    budget: Budget,
) -> Result<Path, PathFailure> {
    usable_for(subject, purpose)?;
    let mut search = Search {
        bag,
        anchors,
        memory,
        at_s,
        budget,
        candidates: 0,
        signature_checks: 0,
        steps: 0,
        furthest: PathFailure::NoPath,
    };
    let mut chain = vec![subject.clone()];
    let found = search.extend(&mut chain);
    let Some(path) = found else {
        return Err(search.furthest);
    };
    // Judged after the search, so that "expired" is said of a certificate whose chain is otherwise good. RFC 5280 4.1.2.5: both
    // bounds are inclusive. A subject that is trusted directly is still a signer's certificate with an end.
    if at_s < subject.not_before() {
        return Err(PathFailure::SubjectNotYetValid {
            not_before: subject.not_before(),
        });
    }
    if at_s > subject.not_after() {
        return Err(PathFailure::SubjectExpired {
            not_after: subject.not_after(),
        });
    }
    Ok(path)
}

struct Search<'a> {
    bag: &'a [Certificate],
    anchors: &'a Anchors,
    memory: &'a Memory,
    at_s: i64,
    budget: Budget,
    candidates: usize,
    signature_checks: usize,
    steps: usize,
    furthest: PathFailure,
}

impl Search<'_> {
    fn extend(&mut self, chain: &mut Vec<Certificate>) -> Option<Path> {
        self.steps += 1;
        if self.steps > self.budget.max_steps {
            self.furthest = PathFailure::Budget;
            return None;
        }
        let last = chain.last()?.clone();
        if self.anchors.contains(&last) {
            return self.candidate(chain);
        }
        if chain.len() >= self.budget.max_depth {
            return None;
        }
        // Anchors first: the shortest way out. Then the bag, issuers whose key identifier matches before others.
        let mut issuers: Vec<Certificate> = Vec::new();
        for pool in [self.anchors.certificates(), self.bag] {
            let mut fits: Vec<&Certificate> =
                pool.iter().filter(|c| may_have_issued(c, &last)).collect();
            fits.sort_by_key(|c| !key_identifiers_agree(c, &last));
            issuers.extend(fits.into_iter().cloned());
        }
        for issuer in issuers {
            // RFC 5280 6.1: a certificate must not appear more than once in a path.
            if chain.iter().any(|c| c.sha256() == issuer.sha256()) {
                continue;
            }
            // Names are anybody's to write: a certificate of that name with another key is no issuer, however deep its own chain.
            self.signature_checks += 1;
            if self.signature_checks > self.budget.max_signature_checks {
                self.furthest = PathFailure::Budget;
                return None;
            }
            if !self.memory.is_signed_by(&last, &issuer) {
                continue;
            }
            chain.push(issuer);
            let found = self.extend(chain);
            chain.pop();
            if found.is_some() || self.furthest == PathFailure::Budget {
                return found;
            }
        }
        None
    }

    fn candidate(&mut self, chain: &[Certificate]) -> Option<Path> {
        self.candidates += 1;
        if self.candidates > self.budget.max_candidates {
            self.furthest = PathFailure::Budget;
            return None;
        }
        if let Err(detail) = self.memory.chain(chain) {
            self.came(PathFailure::Broken { detail });
            return None;
        }
        // RFC 5280 6.1.3 (a)(2) for the CAs between; 6.1.1 (d): the anchor is trusted by decision, not by its period.
        let between = chain
            .get(1..chain.len().saturating_sub(1))
            .unwrap_or_default();
        if let Some(ca) = between.iter().find(|c| !c.is_within_validity(self.at_s)) {
            self.came(PathFailure::CaOutOfPeriod {
                subject: ca.subject().to_string(),
            });
            return None;
        }
        Some(Path {
            certificates: chain.to_vec(),
        })
    }

    /// Keeps the failure of the candidate that came furthest.
    fn came(&mut self, failure: PathFailure) {
        let rank = |f: &PathFailure| match f {
            PathFailure::NoPath => 0,
            PathFailure::Broken { .. } => 1,
            _ => 2,
        };
        if rank(&failure) > rank(&self.furthest) {
            self.furthest = failure;
        }
    }
}

fn may_have_issued(issuer: &Certificate, subject: &Certificate) -> bool {
    issuer.subject().matches(subject.issuer()) && !issuer.subject().is_empty()
}

fn key_identifiers_agree(issuer: &Certificate, subject: &Certificate) -> bool {
    match (issuer.subject_key_id(), subject.authority_key_id()) {
        (Some(ski), Some(aki)) => ski == aki,
        _ => false,
    }
}

fn usable_for(subject: &Certificate, purpose: Purpose) -> Result<(), PathFailure> {
    let refuse = |detail: &str| {
        Err(PathFailure::Purpose {
            detail: detail.into(),
        })
    };
    // RFC 5280 4.2: an unknown critical extension must make the certificate unusable.
    if let Some(unknown) = subject.unknown_critical().first() {
        return refuse(&format!("critical extension {unknown} is not understood"));
    }
    let usage = subject.key_usage();
    let signs = usage.is_none_or(|u| {
        u.intersects(KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT))
    });
    let extended = subject.extended_key_usage();
    let names = |wanted: &[u8]| subject.has_extended_key_usage(wanted);
    match purpose {
        // RFC 5280 4.2.1.3: a key that signs documents asserts digitalSignature or contentCommitment.
        Purpose::Signature if !signs => refuse("its key usage does not include signing"),
        Purpose::Signature if subject.is_ca() && usage.is_none() => {
            refuse("it is a CA certificate without a signing key usage")
        }
        // RFC 5280 4.2.1.12: where extended usages are named, the key serves those only. A key certified for
        // time-stamps, status answers or servers alone does not sign documents.
        Purpose::Signature if extended.is_some() && only_other_purposes(subject) => {
            refuse("its extended key usage is for another purpose than signing documents")
        }
        // RFC 3161 2.3: exactly one extended usage, time-stamping, and critical.
        Purpose::TimeStamp if !names(oid::EKU_TIME_STAMPING) => {
            refuse("it lacks the extended key usage time-stamping")
        }
        Purpose::TimeStamp if !subject.is_extended_key_usage_critical() => {
            refuse("its extended key usage is not marked critical (RFC 3161 2.3)")
        }
        Purpose::TimeStamp if extended.is_some_and(|list| list.len() != 1) => {
            refuse("time-stamping is not its only extended key usage (RFC 3161 2.3)")
        }
        Purpose::TimeStamp if !signs => refuse("its key usage does not include signing"),
        // RFC 6960 4.2.2.2: a delegated responder asserts OCSPSigning.
        Purpose::OcspSigner if !names(oid::EKU_OCSP_SIGNING) => {
            refuse("it lacks the extended key usage OCSP signing")
        }
        _ => Ok(()),
    }
}

/// id-kp-serverAuth and id-kp-codeSigning, 1.3.6.1.5.5.7.3.1 and .3 (RFC 5280 4.2.1.12).
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

/// Authorities certify signers of documents under clientAuth, emailProtection, documentSigning (RFC 9336) and purposes of their
/// own, so what is refused is what is certainly something else.
fn only_other_purposes(subject: &Certificate) -> bool {
    let others: [&[u8]; 4] = [
        oid::EKU_TIME_STAMPING,
        oid::EKU_OCSP_SIGNING,
        SERVER_AUTH,
        CODE_SIGNING,
    ];
    subject
        .extended_key_usage()
        .is_some_and(|list| !list.is_empty() && list.iter().all(|o| others.contains(&o.body())))
}
