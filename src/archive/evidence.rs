//! Gathering what a file needs to stand for decades: issuers' certificates, OCSP answers, revocation lists.
//! EN 319 142-1 5.4.3 and 6.3 (B-LT): everything that validation would have to fetch is in the file.
//!
//! # Invariants
//! * A round asks only for what the file with everything found so far still lacks; a round that finds nothing new is the last.
//! * Of one certificate's status one piece is kept, the newest that says something; a list that serves several is kept once.
//! * What cannot be had is named, with what was tried.
//!
//! # What is not here
//! Judging the evidence, and putting it into the file for good: `verify` and `sign`.

use std::collections::BTreeMap;

use crate::fetch::{Fetcher, RevocationFacts, RevocationSource};
use crate::pdf::{self, Dss, Limits};
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, RevocationEvidence, status_of};
use crate::verify::{LongTermNeed, long_term_needs};

/// One round finds issuers (up to four steps at once), the next their status, the next that of a responder whose certificate is
/// not exempt (RFC 6960 4.2.2.2.1) and its issuers; twice that.
const ROUNDS_MAX: u32 = 6;
/// As many as a file with 32 signatures by different authorities asks for; a stranger's file could ask for thousands.
const NEEDS_MAX: usize = 256;

/// An answer needs the certificate of its responder, and at most those between it and the certificate's issuer.
const RESPONDERS_MAX: usize = 4;

/// Everything that gathering asks.
#[derive(Debug, Clone, Copy)]
pub struct Gatherer<'a> {
    pub fetcher: &'a Fetcher,
    pub source: &'a RevocationSource,
    pub memory: &'a Memory,
    pub anchors: &'a Anchors,
    /// Certificates that are known besides those in the file.
    pub extra: &'a [Certificate],
}

/// A piece of evidence that cannot be had, so that B-LT is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The certificate it is about, as its subject.
    pub subject: String,
    pub what: MissingKind,
    /// What was tried, in words; empty where the certificate names no address.
    pub tried: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKind {
    /// No certificate of its issuer, so no chain to a root that is trusted.
    Issuer,
    /// No OCSP answer and no list that says whether it was revoked.
    Status,
    /// There is one, but from before the time at which the certificate was used.
    NewerStatus {
        as_of: Option<UtcTime>,
        wanted: UtcTime,
    },
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.what {
            MissingKind::Issuer => write!(f, "the issuer's certificate of {}", self.subject)?,
            MissingKind::Status => write!(f, "the revocation status of {}", self.subject)?,
            MissingKind::NewerStatus { as_of, wanted } => {
                write!(
                    f,
                    "a revocation status of {} from after {wanted}",
                    self.subject
                )?;
                return match as_of {
                    Some(time) => write!(f, " (the newest there is: {time})"),
                    None => Ok(()),
                };
            }
        }
        if self.tried.is_empty() {
            return f.write_str(" (it names no address to ask)");
        }
        write!(f, " ({})", self.tried.join("; "))
    }
}

/// Why the evidence is not complete.
#[derive(Debug)]
pub enum Incomplete {
    /// The file can't be read, or can't take evidence up.
    File(pdf::Refusal),
    Missing(Vec<Missing>),
}

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(refusal) => refusal.fmt(f),
            Self::Missing(list) => {
                let words: Vec<String> = list.iter().map(ToString::to_string).collect();
                f.write_str(&words.join("; "))
            }
        }
    }
}

impl From<pdf::Refusal> for Incomplete {
    fn from(refusal: pdf::Refusal) -> Self {
        Self::File(refusal)
    }
}

impl Gatherer<'_> {
    /// What `pdf::append_dss` must add to `bytes` so that nothing has to be fetched any more. Empty where the file has it all.
    ///
    /// # Errors
    /// The file can't be read, or something can't be had: what, and what was tried.
    pub fn gather(&self, bytes: &[u8], limits: &Limits, now: UtcTime) -> Result<Dss, Incomplete> {
        let mut file = bytes.to_vec();
        self.gather_for(now, |held, extra| {
            file.truncate(bytes.len());
            let tail = pdf::append_dss(&pdf::inspect(bytes, limits)?, held)?;
            file.extend_from_slice(&tail.unwrap_or_default());
            Ok(long_term_needs(
                &file,
                self.anchors,
                extra,
                self.memory,
                now,
            ))
        })
    }

    /// As `gather`, for any kind of signed file: `lacking` says what the file still lacks once it holds what was found so far (the
    /// second argument: certificates that complete chains).
    ///
    /// # Errors
    /// As `gather`.
    pub fn gather_for(
        &self,
        now: UtcTime,
        mut lacking: impl FnMut(&Dss, &[Certificate]) -> Result<Vec<LongTermNeed>, Incomplete>,
    ) -> Result<Dss, Incomplete> {
        let mut finds = Finds::default();
        let mut known = self.extra.to_vec();
        for _ in 0..ROUNDS_MAX {
            let held = finds.dss();
            let needs = lacking(&held, &known)?;
            finds.missing.clear();
            for need in needs.into_iter().take(NEEDS_MAX) {
                self.answer(need, &mut finds, &mut known, now);
            }
            if finds.dss() == held {
                return finds.conclude();
            }
        }
        finds.conclude()
    }

    fn answer(
        &self,
        need: LongTermNeed,
        finds: &mut Finds,
        known: &mut Vec<Certificate>,
        now: UtcTime,
    ) {
        match need {
            LongTermNeed::Certificate { certificate } => finds.take_certificates(vec![certificate]),
            LongTermNeed::Issuer { subject } => {
                let found = self.fetcher.issuer_certificates(&subject, now);
                finds.missing.push(Missing {
                    subject: subject.subject().to_string(),
                    what: MissingKind::Issuer,
                    tried: found.failures.iter().map(ToString::to_string).collect(),
                });
                known.extend(found.certificates.iter().cloned());
                finds.take_certificates(found.certificates);
            }
            LongTermNeed::Status {
                subject,
                issuer,
                fresh_after,
            } => {
                let facts = self.source.fresh_facts(
                    self.fetcher,
                    self.memory,
                    &subject,
                    &issuer,
                    fresh_after,
                    now,
                );
                let tried = facts.failures.iter().map(ToString::to_string).collect();
                let as_of = facts.as_of;
                let kept = self.telling(facts, &subject, &issuer, now);
                finds.missing.push(Missing {
                    subject: subject.subject().to_string(),
                    what: match kept {
                        Piece::Nothing => MissingKind::Status,
                        Piece::Ocsp { .. } | Piece::Crl(_) => MissingKind::NewerStatus {
                            as_of,
                            wanted: fresh_after,
                        },
                    },
                    tried,
                });
                finds.status.insert(subject.sha256(), kept);
            }
        }
    }

    /// The one piece that tells the status by itself; a useless answer that came before it is not put into the file.
    fn telling(
        &self,
        facts: RevocationFacts,
        subject: &Certificate,
        issuer: &Certificate,
        now: UtcTime,
    ) -> Piece {
        let tells = |evidence: &RevocationEvidence| {
            status_of(subject, issuer, evidence, self.memory, now.unix_s()).is_some()
        };
        for answer in facts.ocsp.into_iter().rev() {
            let evidence = RevocationEvidence {
                ocsp: vec![answer],
                crls: Vec::new(),
            };
            if tells(&evidence) {
                let whole = evidence.ocsp.first().map(|basic| Piece::Ocsp {
                    response: basic.to_response(),
                    responders: basic.parsed_certificates(),
                });
                return whole.unwrap_or(Piece::Nothing);
            }
        }
        for list in facts.crls.into_iter().rev() {
            let der = list.der().to_vec();
            let evidence = RevocationEvidence {
                ocsp: Vec::new(),
                crls: vec![list],
            };
            if tells(&evidence) {
                return Piece::Crl(der);
            }
        }
        Piece::Nothing
    }
}

#[derive(Debug)]
enum Piece {
    Nothing,
    Ocsp {
        response: Vec<u8>,
        responders: Vec<Certificate>,
    },
    Crl(Vec<u8>),
}

#[derive(Debug, Default)]
struct Finds {
    /// DER by SHA-256, so that nothing stands twice.
    certificates: BTreeMap<[u8; 32], Vec<u8>>,
    /// By the certificate's SHA-256: a fresher piece takes the place of a former one.
    status: BTreeMap<[u8; 32], Piece>,
    /// What the last round asked for.
    missing: Vec<Missing>,
}

impl Finds {
    fn take_certificates(&mut self, list: Vec<Certificate>) {
        for certificate in list {
            self.certificates
                .entry(certificate.sha256())
                .or_insert_with(|| certificate.der().to_vec());
        }
    }

    fn dss(&self) -> Dss {
        let mut certificates = self.certificates.clone();
        for piece in self.status.values() {
            if let Piece::Ocsp { responders, .. } = piece {
                // A responder's certificate stands in its answer too, but validators take its existence as proven only where it
                // is listed: without it they can't use the answer once it has grown old (EN 319 102-1 5.6.2.2).
                for responder in responders.iter().take(RESPONDERS_MAX) {
                    certificates
                        .entry(responder.sha256())
                        .or_insert_with(|| responder.der().to_vec());
                }
            }
        }
        let mut dss = Dss {
            certificates: certificates.into_values().collect(),
            ..Dss::default()
        };
        for piece in self.status.values() {
            let (list, der) = match piece {
                Piece::Nothing => continue,
                Piece::Ocsp { response, .. } => (&mut dss.ocsps, response),
                Piece::Crl(der) => (&mut dss.crls, der),
            };
            if !list.contains(der) {
                list.push(der.clone());
            }
        }
        dss
    }

    fn conclude(self) -> Result<Dss, Incomplete> {
        if self.missing.is_empty() {
            Ok(self.dss())
        } else {
            Err(Incomplete::Missing(self.missing))
        }
    }
}
