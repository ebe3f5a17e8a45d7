//! The revocation lists of the throw-away authorities (RFC 5280 5): complete, one for each authority.
//!
//! # Invariants
//! * Numbers only grow: the seconds of the clock, or one more than the last where the clock did not move.
//! * A list that is handed out tells every revocation up to the time of asking.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::entity::Entity;
use super::register::Register;
use crate::pki::crl::{CrlFacts, RevokedSerial, draft};
use crate::record::{Fault, UtcTime};

/// How long a list may be relied upon: a day.
const NEXT_UPDATE_AFTER_S: i64 = 86_400;
/// A list is signed anew after a minute even without news, so that one who asks after a signature gets one made after it.
pub(super) const REISSUE_AFTER_S: u32 = 60;

/// The latest list of each authority.
#[derive(Default)]
pub(super) struct Lists {
    latest: Mutex<BTreeMap<String, List>>,
}

struct List {
    number: u64,
    this_update: UtcTime,
    /// How many revocations it tells: the register only grows, so that an equal count is an equal content.
    told: usize,
    der: Arc<[u8]>,
}

impl Lists {
    pub fn current(
        &self,
        authority: &Entity,
        register: &Register,
        now: UtcTime,
    ) -> Result<Arc<[u8]>, Fault> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let revoked = register.revoked(&authority.name, now);
        let last = latest.get(&authority.name);
        if let Some(list) = last.filter(|list| list.serves(revoked.len(), now)) {
            return Ok(Arc::clone(&list.der));
        }
        let by_clock = u64::try_from(now.unix_s()).unwrap_or(0);
        let number = last.map_or(by_clock, |list| by_clock.max(list.number.saturating_add(1)));
        let entries: Vec<RevokedSerial> = revoked
            .into_iter()
            .map(|(serial, r)| RevokedSerial {
                serial,
                at: r.at.unix_s(),
                reason: r.reason.code(),
            })
            .collect();
        let next_update = now.checked_add_s(NEXT_UPDATE_AFTER_S).unwrap_or(now);
        let draft = draft(&CrlFacts {
            issuer: &authority.certificate,
            number,
            this_update: now.unix_s(),
            next_update: next_update.unix_s(),
            revoked: &entries,
            algorithm: authority.key.algorithm(),
        });
        let signature = authority.key.sign(draft.to_be_signed())?;
        let der: Arc<[u8]> = draft.finish(&signature).into();
        let list = List {
            number,
            this_update: now,
            told: entries.len(),
            der: Arc::clone(&der),
        };
        latest.insert(authority.name.clone(), list);
        Ok(der)
    }
}

impl List {
    fn serves(&self, revoked: usize, now: UtcTime) -> bool {
        let age_s = now.unix_s().saturating_sub(self.this_update.unix_s());
        self.told == revoked && (0..i64::from(REISSUE_AFTER_S)).contains(&age_s)
    }
}
