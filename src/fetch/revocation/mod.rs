//! Revocation evidence for one certificate: OCSP first, CRL where no usable OCSP answer came.
//!
//! # Contents
//! * `ocsp.rs`, `lists.rs`: asking and keeping; `cause.rs`: what was tried in vain, and why.
//!
//! # Invariants
//! * An answer that says nothing usable (stale, unknown, signed by somebody else) never hides what the next source says.
//! * A source is asked anew after five minutes at most, a large list without validators after an hour: a revocation must be seen soon.
//!   Where the source is down, what is kept serves until its own nextUpdate.
//! * Many requests about the same certificate or list at the same time make one request to its source.
//!
//! # What is not here
//! What the evidence means: `trust::status_of`.

mod cause;
mod flights;
mod lists;
mod ocsp;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

pub use cause::{StatusCause, StatusFailure};

use super::wire::Budget;
use super::{Fetcher, Trouble};
use crate::pki::cert::Certificate;
use crate::pki::crl::Crl;
use crate::pki::ocsp::BasicResponse;
use crate::record::{Digest, UtcTime};
use crate::trust::{Memory, RevocationEvidence, status_of};
use flights::Flights;
use lists::Lists;

/// A revocation must be seen soon: no answer is relied upon for longer without asking again.
const KEEP_S: i64 = 300;
/// Failures are remembered shortly, so that a dead responder does not hold up every verdict.
const FAILURE_KEEP_S: i64 = 30;
/// Certificates name one or two addresses; a stranger's could name thousands.
const ADDRESSES_MAX: usize = 2;
/// One entry per certificate and issuer; an answer is about 3 KB.
const MAX_ENTRIES: usize = 1_024;
/// All different lists that the kept facts hold.
const KEPT_LIST_BYTES: usize = 64 * 1024 * 1024;

const SPENT: StatusCause = StatusCause::Wire(Trouble::BudgetSpent);

/// What was had of one certificate's status, and what was tried in vain.
#[derive(Debug, Clone, Default)]
pub struct RevocationFacts {
    /// Authentic answers, the first of them usable now unless it is past its time.
    pub ocsp: Vec<BasicResponse>,
    pub crls: Vec<Crl>,
    pub failures: Vec<StatusFailure>,
    /// The newest thisUpdate of what is usable now.
    pub as_of: Option<UtcTime>,
}

/// Fetches and keeps revocation evidence.
#[derive(Default)]
pub struct RevocationSource {
    kept: Mutex<HashMap<Digest, (i64, RevocationFacts)>>,
    lists: Lists,
    flights: Flights,
}

impl std::fmt::Debug for RevocationSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationSource").finish_non_exhaustive()
    }
}

/// One question: whose status, by whose word, as of when.
#[derive(Clone, Copy)]
struct Question<'a> {
    fetcher: &'a Fetcher,
    memory: &'a Memory,
    subject: &'a Certificate,
    issuer: &'a Certificate,
    now: UtcTime,
    /// Evidence older than this is taken only where there is no newer.
    not_before: Option<UtcTime>,
    budget: Budget,
}

impl Question<'_> {
    /// thisUpdate of what was asked for, where it is usable at `at_s`.
    fn usable_at(&self, evidence: &RevocationEvidence, at_s: i64) -> bool {
        status_of(self.subject, self.issuer, evidence, self.memory, at_s).is_some()
    }

    fn is_new_enough(&self, this_update: i64) -> bool {
        self.not_before.is_none_or(|t| this_update >= t.unix_s())
    }
}

impl RevocationFacts {
    fn saw(&mut self, this_update: i64) {
        let seen = UtcTime::from_unix_s(this_update);
        self.as_of = self.as_of.max(seen);
    }

    fn failed(&mut self, url: &str, cause: StatusCause) {
        self.failures.push(StatusFailure {
            url: url.to_owned(),
            cause,
        });
    }
}

impl RevocationSource {
    /// Evidence on `subject`, from memory while it is fresh.
    pub fn facts(
        &self,
        fetcher: &Fetcher,
        memory: &Memory,
        subject: &Certificate,
        issuer: &Certificate,
        now: UtcTime,
    ) -> RevocationFacts {
        let budget = fetcher.budget_for_file();
        self.facts_within(fetcher, memory, subject, issuer, now, budget)
    }

    /// As `facts`, within time that is shared: for the certificates of one file, one after the other.
    pub fn facts_within(
        &self,
        fetcher: &Fetcher,
        memory: &Memory,
        subject: &Certificate,
        issuer: &Certificate,
        now: UtcTime,
        budget: Budget,
    ) -> RevocationFacts {
        self.answer(Question {
            fetcher,
            memory,
            subject,
            issuer,
            now,
            not_before: None,
            budget,
        })
    }

    /// Evidence whose thisUpdate is not before `not_before`, where a source gives such; else the newest there is (`as_of` tells).
    pub fn fresh_facts(
        &self,
        fetcher: &Fetcher,
        memory: &Memory,
        subject: &Certificate,
        issuer: &Certificate,
        not_before: UtcTime,
        now: UtcTime,
    ) -> RevocationFacts {
        self.answer(Question {
            fetcher,
            memory,
            subject,
            issuer,
            now,
            not_before: Some(not_before),
            budget: fetcher.budget_for_file(),
        })
    }

    fn answer(&self, mut question: Question<'_>) -> RevocationFacts {
        let key = key_of(question.subject, question.issuer);
        if let Some(facts) = self.recall(&key, &question) {
            return facts;
        }
        let flight = self.flights.of(&key.to_string());
        let _one_at_a_time = flight.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have asked the same while this one waited.
        if let Some(facts) = self.recall(&key, &question) {
            return facts;
        }
        let own_ms = question.fetcher.settings.budget_ms;
        let was_short = question.budget.left().as_millis() < u128::from(own_ms);
        question.budget = question.budget.within_ms(own_ms);
        let facts = self.ask(&question);
        // Whoever used up the time that was shared must not make others believe that this source is dead.
        if was_short && facts.failures.iter().any(|f| f.cause == SPENT) {
            return facts;
        }
        let keep_s = if facts.as_of.is_some() {
            KEEP_S
        } else {
            FAILURE_KEEP_S
        };
        let until = question.now.unix_s().saturating_add(keep_s);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer past its time may hold the last handle of a large list.
        kept.retain(|_, (until, _)| *until > question.now.unix_s());
        let bytes = list_bytes(kept.values().map(|(_, facts)| facts).chain([&facts]));
        if kept.len() >= MAX_ENTRIES || bytes > KEPT_LIST_BYTES {
            kept.clear();
        }
        kept.insert(key, (until, facts.clone()));
        facts
    }

    fn recall(&self, key: &Digest, question: &Question<'_>) -> Option<RevocationFacts> {
        let now_s = question.now.unix_s();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, facts) = kept.get(key)?;
        // A clock that was set back must not keep an answer for hours.
        let is_current = *until > now_s && *until <= now_s.saturating_add(KEEP_S);
        let is_new_enough = match question.not_before {
            None => true,
            Some(_) => facts
                .as_of
                .is_some_and(|as_of| question.is_new_enough(as_of.unix_s())),
        };
        (is_current && is_new_enough).then(|| facts.clone())
    }

    fn ask(&self, question: &Question<'_>) -> RevocationFacts {
        let mut facts = RevocationFacts::default();
        for url in addresses(question.subject.ocsp_urls()) {
            match ocsp::answer(question, url, &mut facts) {
                Some(this_update) if question.is_new_enough(this_update) => return facts,
                _ => {}
            }
        }
        for url in addresses(question.subject.crl_urls()) {
            match self.lists.list(question, url, &self.flights, &mut facts) {
                Some(this_update) if question.is_new_enough(this_update) => return facts,
                _ => {}
            }
        }
        facts
    }
}

/// Lists are shared between certificates: each is counted once.
fn list_bytes<'a>(all: impl Iterator<Item = &'a RevocationFacts>) -> usize {
    let buffers: HashMap<*const u8, usize> = all
        .flat_map(|facts| &facts.crls)
        .map(|crl| (crl.der().as_ptr(), crl.der().len()))
        .collect();
    buffers.values().sum()
}

/// The addresses that can be asked: certificates name LDAP directories too.
fn addresses(named: &[String]) -> impl Iterator<Item = &str> {
    named
        .iter()
        .map(String::as_str)
        .filter(|url| super::host_and_port(url).is_some())
        .take(ADDRESSES_MAX)
}

/// Under another certificate of the same issuer's key the answer may be another one.
fn key_of(subject: &Certificate, issuer: &Certificate) -> Digest {
    let mut stream = crate::record::Sha256Stream::new();
    stream.update(&subject.sha256());
    stream.update(&issuer.sha256());
    stream.finish()
}
