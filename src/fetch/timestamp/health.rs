//! How an authority has been answering, and how long it is passed over after failures: a circuit breaker without a clock of its own.
//!
//! # Invariants
//! * Time comes as an argument and only ever as differences: the machine's clock may be set while this runs.
//! * One good answer forgets all failures.

use std::time::{Duration, Instant};

/// A request tries twice at the same authority: one that fails both, and the next one's first, is down.
const FAILURES_BEFORE_PASSING: u32 = 3;
/// An authority that restarts is back within seconds.
const FIRST_PASS: Duration = Duration::from_secs(2);
/// Nobody should wait longer for an authority that is up again.
const LONGEST_PASS: Duration = Duration::from_secs(300);

/// What is known of one authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsaHealth {
    pub url: String,
    pub standing: Standing,
    pub failures_in_a_row: u32,
    /// In words, of the last failure since it last answered well.
    pub last_failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never asked.
    Untried,
    /// The last answer was good.
    Good,
    /// The last answer was not; it is asked again.
    Failing,
    /// Too many were not: asked only where no other authority answers, and by one request at a time.
    PassedOver { retry_in_s: u64 },
}

#[derive(Debug, Default)]
pub(super) struct Record {
    was_asked: bool,
    failures: u32,
    until: Option<Instant>,
    is_being_probed: bool,
    last_failure: Option<String>,
}

impl Record {
    /// How long it is still passed over; zero: not at all.
    pub(super) fn pass_left(&self, now: Instant) -> Duration {
        self.until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Takes the one place of those who ask an authority that is passed over.
    pub(super) fn begin_probe(&mut self) -> Option<()> {
        let is_free = !self.is_being_probed;
        self.is_being_probed = true;
        is_free.then_some(())
    }

    pub(super) fn end_probe(&mut self) {
        self.is_being_probed = false;
    }

    pub(super) fn answered_well(&mut self) {
        *self = Self {
            was_asked: true,
            is_being_probed: self.is_being_probed,
            ..Self::default()
        };
    }

    pub(super) fn failed(&mut self, words: String, now: Instant) {
        self.was_asked = true;
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(words);
        if let Some(doublings) = self.failures.checked_sub(FAILURES_BEFORE_PASSING) {
            // 2^8 times the first is more than the longest already.
            let pass = FIRST_PASS.saturating_mul(1 << doublings.min(8));
            self.until = now.checked_add(pass.min(LONGEST_PASS));
        }
    }

    pub(super) fn health(&self, url: &str, now: Instant) -> TsaHealth {
        let left = self.pass_left(now);
        let standing = if !left.is_zero() {
            Standing::PassedOver {
                retry_in_s: seconds(left),
            }
        } else if self.failures > 0 {
            Standing::Failing
        } else if self.was_asked {
            Standing::Good
        } else {
            Standing::Untried
        };
        TsaHealth {
            url: url.to_owned(),
            standing,
            failures_in_a_row: self.failures,
            last_failure: self.last_failure.clone(),
        }
    }
}

/// Rounded up: "0 s" would be wrong.
pub(super) fn seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}
