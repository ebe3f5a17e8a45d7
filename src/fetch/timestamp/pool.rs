//! Which authority is asked, in what order, and how often.
//!
//! # Invariants
//! * The order of preference holds among those that are not passed over; those that are come last, one request at a time.
//! * An authority is asked twice at most for one token, and only where waiting may help.
//! * Waiting and asking together stay within the budget.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::wire::Budget;
use super::super::{Authority, TimestampSettings, Trouble};
use super::health::{Record, TsaHealth, seconds};
use super::{Attempt, TimestampCause, TimestampFailure};

/// Between two rounds: long enough for a hiccup, short for a clerk who waits. Spread, so that many who failed at once don't return at once.
const PAUSE_LEAST: Duration = Duration::from_millis(100);
const PAUSE_SPREAD_MS: u64 = 200;

pub(in super::super) struct Pool {
    members: Vec<Member>,
    budget_ms: u64,
}

struct Member {
    authority: Authority,
    record: Mutex<Record>,
}

impl Member {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_left(&self) -> Duration {
        self.record().pass_left(Instant::now())
    }
}

/// One token being sought.
struct Search<'a, A> {
    ask: A,
    budget: Budget,
    tried: Vec<Attempt>,
    /// Those that may do better in a moment.
    again: Vec<&'a Member>,
}

impl Pool {
    pub(in super::super) fn new(settings: &TimestampSettings) -> Self {
        let member = |authority: &Authority| Member {
            authority: authority.clone(),
            record: Mutex::default(),
        };
        Self {
            members: settings.authorities.iter().map(member).collect(),
            budget_ms: settings.budget_ms,
        }
    }

    pub(super) fn health(&self, now: Instant) -> Vec<TsaHealth> {
        let of = |member: &Member| member.record().health(&member.authority.url, now);
        self.members.iter().map(of).collect()
    }

    pub(super) fn token<T>(
        &self,
        ask: impl Fn(&Authority, Budget) -> Result<T, TimestampCause>,
    ) -> Result<T, TimestampFailure> {
        let mut search = Search {
            ask,
            budget: Budget::of_ms(self.budget_ms),
            tried: Vec::new(),
            again: Vec::new(),
        };
        let (mut passed_over, usable): (Vec<&Member>, Vec<&Member>) = self
            .members
            .iter()
            .partition(|member| !member.pass_left().is_zero());
        if let Some(token) = search.among(&usable) {
            return Ok(token);
        }
        let again = std::mem::take(&mut search.again);
        if !again.is_empty() {
            search.pause();
            if let Some(token) = search.among(&again) {
                return Ok(token);
            }
        }
        // The one whose time is up first has had the longest to recover.
        passed_over.sort_by_key(|member| member.pass_left());
        for member in passed_over {
            if let Some(token) = search.probe(member) {
                return Ok(token);
            }
        }
        Err(TimestampFailure {
            tried: search.tried,
        })
    }
}

impl<'a, T, A> Search<'a, A>
where
    A: Fn(&Authority, Budget) -> Result<T, TimestampCause>,
{
    fn among(&mut self, members: &[&'a Member]) -> Option<T> {
        members.iter().find_map(|member| self.one(member))
    }

    fn one(&mut self, member: &'a Member) -> Option<T> {
        if self.budget.left().is_zero() {
            self.in_vain(member, TimestampCause::Wire(Trouble::BudgetSpent));
            return None;
        }
        match (self.ask)(&member.authority, self.budget) {
            Ok(token) => {
                member.record().answered_well();
                Some(token)
            }
            Err(cause) => {
                if cause.is_the_authoritys() {
                    let words = format!("{}: {cause}", cause.code());
                    member.record().failed(words, Instant::now());
                }
                if cause.may_pass() {
                    self.again.push(member);
                }
                self.in_vain(member, cause);
                None
            }
        }
    }

    fn probe(&mut self, member: &'a Member) -> Option<T> {
        let begun = member.record().begin_probe();
        if begun.is_none() {
            let retry_in_s = seconds(member.pass_left());
            self.in_vain(member, TimestampCause::PassedOver { retry_in_s });
            return None;
        }
        let token = self.one(member);
        member.record().end_probe();
        token
    }

    fn in_vain(&mut self, member: &Member, cause: TimestampCause) {
        self.tried.push(Attempt {
            authority_url: member.authority.url.clone(),
            cause,
        });
    }

    fn pause(&self) {
        let mut chance = [0];
        // Without randomness the pause is merely not spread.
        let spread = openssl::rand::rand_bytes(&mut chance)
            .map_or(0, |()| PAUSE_SPREAD_MS * u64::from(chance[0]) / 255);
        let pause = PAUSE_LEAST + Duration::from_millis(spread);
        std::thread::sleep(pause.min(self.budget.left()));
    }
}
