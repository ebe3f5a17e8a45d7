//! Fetching revocation lists (RFC 5280 5, RFC 2585), large ones piece by piece, and keeping them by address.
//!
//! # Invariants
//! * A list is held once, however many certificates it speaks of.
//! * Only a list that the certificate's issuer signed is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::super::Trouble;
use super::super::cache::{self, Kind};
use super::super::wire::{Bounds, Got, Validators};
use super::flights::Flights;
use super::{KEEP_S, Question, RevocationFacts, StatusCause};
use crate::pki::crl::{Crl, Intake, Refused};
use crate::trust::RevocationEvidence;

/// Large national CRLs reach tens of MB.
const LIST_MAX_BYTES: usize = 64 * 1024 * 1024;
/// All lists held in memory together.
const HELD_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Above this, asking again without validators means fetching it again: once an hour is enough.
const LARGE_BYTES: usize = 1024 * 1024;
const LARGE_KEEP_S: i64 = 3_600;

#[derive(Default)]
pub(super) struct Lists {
    held: Mutex<HashMap<String, Held>>,
}

/// A list and when its source last said that it is the newest.
#[derive(Clone)]
struct Held {
    crl: Crl,
    fetched_s: i64,
    validators: Validators,
}

impl Held {
    fn is_current(&self, now_s: i64) -> bool {
        let keep_s = match self.validators.is_empty() && self.crl.der().len() > LARGE_BYTES {
            true => LARGE_KEEP_S,
            false => KEEP_S,
        };
        let age_s = now_s.saturating_sub(self.fetched_s);
        // A negative age: the clock was set back.
        (0..keep_s).contains(&age_s) && self.crl.next_update().is_none_or(|next| now_s <= next)
    }
}

impl Lists {
    /// Adds the list at `url`, or why it is not usable. Returns thisUpdate of a usable one.
    pub(super) fn list(
        &self,
        question: &Question<'_>,
        url: &str,
        flights: &Flights,
        facts: &mut RevocationFacts,
    ) -> Option<i64> {
        let flight = flights.of(url);
        let _one_at_a_time = flight.lock().unwrap_or_else(PoisonError::into_inner);
        let now_s = question.now.unix_s();
        let held = self.recall(question, url);
        let current = held.as_ref().filter(|held| {
            held.is_current(now_s) && question.is_new_enough(held.crl.this_update())
        });
        if let Some(held) = current {
            facts.crls.push(held.crl.clone());
            // What it does not say of this certificate it would not say when fetched again.
            return match weigh(question, &held.crl) {
                Ok(usable) => {
                    note("cached");
                    facts.saw(usable);
                    Some(usable)
                }
                Err(cause) => {
                    note(cause.code());
                    facts.failed(url, cause);
                    None
                }
            };
        }
        let fetched = fetch(question, url, held.as_ref());
        let outcome = fetched.and_then(|new| {
            let weighed = weigh(question, &new.crl);
            if is_the_issuers(question, &new.crl) {
                self.keep(question, url, &new);
                // Authentic, if not of now: a verdict as of another time may use it.
                facts.crls.push(new.crl.clone());
            }
            weighed
        });
        match outcome {
            Ok(usable) => {
                note("usable");
                facts.saw(usable);
                Some(usable)
            }
            Err(cause) => {
                note(cause.code());
                // Down, not contradicting: what it gave before holds until the time that it gave itself.
                let is_silent = matches!(cause, StatusCause::Wire(_));
                facts.failed(url, cause);
                let held = held.filter(|_| is_silent)?;
                let usable = weigh(question, &held.crl).ok()?;
                facts.crls.push(held.crl);
                facts.saw(usable);
                Some(usable)
            }
        }
    }

    /// From memory, or from the disk; not a list of another issuer that stands at the same address.
    fn recall(&self, question: &Question<'_>, url: &str) -> Option<Held> {
        let held = {
            let all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(url).cloned()
        };
        let held = held.or_else(|| {
            let cache = question.fetcher.cache.as_ref()?;
            let entry = cache.entry(Kind::List, url)?;
            entry.age_s(question.now.unix_s())?;
            let crl = Crl::from_vec(cache.read(&entry)?).ok()?;
            let held = Held {
                crl,
                fetched_s: entry.fetched_s,
                validators: entry.validators,
            };
            self.hold(url, &held);
            Some(held)
        })?;
        is_the_issuers(question, &held.crl).then_some(held)
    }

    fn keep(&self, question: &Question<'_>, url: &str, new: &Held) {
        self.hold(url, new);
        let Some(cache) = &question.fetcher.cache else {
            return;
        };
        let held = cache.entry(Kind::List, url);
        match held.filter(|entry| *entry.sha256.as_bytes() == new.crl.sha256()) {
            Some(entry) => cache.still_current(&entry, new.fetched_s),
            None => {
                let der = new.crl.der();
                let entry =
                    cache::entry(Kind::List, url, der, new.fetched_s, new.validators.clone());
                cache.put(entry, der);
            }
        }
    }

    fn hold(&self, url: &str, held: &Held) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(url);
        let bytes: usize = all.values().map(|held| held.crl.der().len()).sum();
        if bytes.saturating_add(held.crl.der().len()) > HELD_MAX_BYTES {
            all.clear();
        }
        all.insert(url.to_owned(), held.clone());
    }
}

fn fetch(question: &Question<'_>, url: &str, held: Option<&Held>) -> Result<Held, StatusCause> {
    let bounds = Bounds {
        budget: question.budget,
        timeout_ms: question.fetcher.settings.list_timeout_ms,
        limit_bytes: u64::try_from(LIST_MAX_BYTES).unwrap_or(u64::MAX),
    };
    let known = held.map(|h| h.validators.clone()).unwrap_or_default();
    let mut intake = Intake::new(LIST_MAX_BYTES);
    let mut refused = None;
    let got = question
        .fetcher
        .get_into(url, &known, bounds, &mut |piece| {
            refused = intake.push(piece).err();
            refused.is_none()
        });
    if let Some(refused) = refused {
        return Err(cause_of(refused));
    }
    let fetched_s = question.now.unix_s();
    match (got?, held) {
        (Got::NotModified, Some(held)) => Ok(Held {
            fetched_s,
            ..held.clone()
        }),
        (Got::NotModified, None) => Err(Trouble::Status(304).into()),
        (Got::Body(validators), _) => Ok(Held {
            crl: intake.finish().map_err(cause_of)?,
            fetched_s,
            validators,
        }),
    }
}

fn cause_of(refused: Refused) -> StatusCause {
    match refused {
        Refused::TooLarge { limit_bytes } => StatusCause::Wire(Trouble::TooLarge {
            limit_bytes: u64::try_from(limit_bytes).unwrap_or(u64::MAX),
        }),
        Refused::Malformed(malformed) => StatusCause::Garbage(malformed.to_string()),
    }
}

fn is_the_issuers(question: &Question<'_>, crl: &Crl) -> bool {
    crl.issuer().matches(question.issuer.subject())
        && crl.verify_signature(question.issuer.public_key()).is_ok()
}

/// thisUpdate where the list gives a status that is usable now, or what is wrong with it.
fn weigh(question: &Question<'_>, crl: &Crl) -> Result<i64, StatusCause> {
    let evidence = RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![crl.clone()],
    };
    if question.usable_at(&evidence, question.now.unix_s()) {
        return Ok(crl.this_update());
    }
    if !is_the_issuers(question, crl) {
        return Err(StatusCause::Stranger);
    }
    // Usable at its own time: then only the time is wrong.
    if question.usable_at(&evidence, crl.this_update()) {
        return Err(StatusCause::Stale {
            this_update: crl.this_update(),
            next_update: crl.next_update(),
        });
    }
    Err(StatusCause::NotUsable)
}

fn note(outcome: &'static str) {
    metrics::counter!("antin_revocation_requests_total", "kind" => "crl", "outcome" => outcome)
        .increment(1);
}
