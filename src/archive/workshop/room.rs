//! How much room a time-stamp token takes, asked before a key is used.
//!
//! A signature covers the room that is kept for its token, so a wrong guess means signing again. One token over random octets
//! tells: tokens of one authority differ by a few bytes (serial number, fraction of the second, signature encoding).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{WorkRefusal, Workshop};
use crate::archive::open::random;
use crate::fetch::TimestampToken;

/// As in `archive::signing`: how far tokens of one authority differ.
const TOKEN_SPARE_BYTES: usize = 64;
/// Two authorities that take turns need two tries; a third is generous.
pub(super) const ROOM_TRIES: u32 = 3;

/// What is known of the size of tokens; nothing to begin with.
#[derive(Debug, Default)]
pub struct Room(AtomicUsize);

impl Workshop<'_> {
    /// # Errors
    /// No authority answers: then nothing was signed either.
    pub(super) fn token_room(&self) -> Result<usize, WorkRefusal> {
        if self.room.0.load(Ordering::Relaxed) == 0 {
            self.stamp(random()?)?;
        }
        Ok(self.room.0.load(Ordering::Relaxed))
    }

    pub(super) fn stamp(&self, imprint: [u8; 32]) -> Result<TimestampToken, WorkRefusal> {
        let token = self.fetcher.timestamp(imprint, self.clock)?;
        let room = token.token.der.len().saturating_add(TOKEN_SPARE_BYTES);
        self.room.0.store(room, Ordering::Relaxed);
        Ok(token)
    }
}

/// The room for a second try, where the first was too small.
pub(super) const fn more_room(room: usize, need_bytes: usize, have_bytes: usize) -> usize {
    room.saturating_add(need_bytes.saturating_sub(have_bytes))
        .saturating_add(TOKEN_SPARE_BYTES)
}
