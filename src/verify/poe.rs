//! Proofs of existence (EN 319 102-1 4.2.8, 5.6.2.3): since when is what known to have existed.
//!
//! # Invariants
//! * A proof only ever gets older: the earliest time counts.
//! * What nothing proves existed at the control time, since it is here then.
//! * Only a time-stamp that holds adds to it; whoever adds has judged before.

use std::collections::HashMap;

/// SHA-256 of the DER: of a certificate, a CRL, a BasicOCSPResponse.
pub(super) type ObjectHash = [u8; 32];

#[derive(Debug)]
pub(super) struct Proofs {
    control_s: i64,
    objects: HashMap<ObjectHash, i64>,
    /// Time-stamps over the beginning of the file up to a position.
    stamps: Vec<(usize, i64)>,
}

impl Proofs {
    pub fn new(control_s: i64) -> Self {
        Self {
            control_s,
            objects: HashMap::new(),
            stamps: Vec::new(),
        }
    }

    /// `object` existed at `time_s`.
    pub fn add(&mut self, object: ObjectHash, time_s: i64) {
        let known = self.objects.entry(object).or_insert(time_s);
        *known = time_s.min(*known);
    }

    /// Everything before `end` existed at `time_s`.
    pub fn add_stamp(&mut self, end: usize, time_s: i64) {
        self.stamps.push((end, time_s));
    }

    /// Since when the object is known; the control time where nothing says more.
    pub fn at(&self, object: &ObjectHash) -> i64 {
        let known = self.objects.get(object).copied();
        known.map_or(self.control_s, |s| s.min(self.control_s))
    }

    /// Times of the stamps over what ends at `end`, its own Contents included.
    pub fn over(&self, end: usize) -> impl Iterator<Item = i64> + '_ {
        let covers = move |(stamped, _): &&(usize, i64)| *stamped > end;
        self.stamps.iter().filter(covers).map(|(_, time_s)| *time_s)
    }
}
