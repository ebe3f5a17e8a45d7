//! One request at a time for the same thing: the others wait for its outcome instead of fetching it too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Above this, names that nobody holds any longer are swept out.
const SWEEP_AT: usize = 1_024;

#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, Weak<Mutex<()>>>>);

impl Flights {
    /// Lock it while the thing is fetched. Waiting is bounded by the budget of whoever holds it.
    pub(super) fn of(&self, name: &str) -> Arc<Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = all.get(name).and_then(Weak::upgrade) {
            return flight;
        }
        if all.len() >= SWEEP_AT {
            all.retain(|_, flight| flight.strong_count() > 0);
        }
        let flight = Arc::new(Mutex::new(()));
        all.insert(name.to_owned(), Arc::downgrade(&flight));
        flight
    }
}
