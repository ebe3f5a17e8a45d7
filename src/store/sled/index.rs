//! Where each document lies: rows by digest and by place, and what a start does when the last rows are missing.
//!
//! # Invariants
//! * Rows are pointers: each chunk says in its header to which document it belongs, so any row can be written again.
//! * Behind the mark a crash may have taken rows of durable documents; opening writes them again before anything is asked.

use std::path::Path;
use std::sync::Arc;

use crate::record::{Digest, Fault};
use crate::store::contracts::Cursor;
use crate::store::sled::chunk::{Cut, content, named};
use crate::store::sled::database::Database;
use crate::store::sled::place::{Place, digest_key, place_key};
use crate::store::sled::shelf::Shelf;
use crate::store::sled::values::Values;
use crate::store::sled::volume::Volume;

/// Nothing is read while an empty index is made.
const CREATING_CACHE_BYTES: u64 = 1 << 20;

const INDEX: &str = "index";

/// First letters of all keys here: digests, places, the mark.
const INDEX_KINDS: &[u8] = b"dpw";

/// The mark: every document that was put before this place has durable rows.
const MARK_KEY: &[u8] = b"w";

pub(super) struct Index {
    pub values: Values,
    database: Database,
}

impl Index {
    pub fn create(dir: &Path) -> Result<(), Fault> {
        let index = Self::at(dir, CREATING_CACHE_BYTES)?;
        index.values.put(MARK_KEY, &0u64.to_be_bytes())?;
        index.database.flush()
    }

    fn at(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        let database = Database::open(&dir.join(INDEX), cache_bytes)?;
        let values = Values::open(&database, INDEX_KINDS, "document index")?;
        Ok(Index { values, database })
    }

    /// Opens, and writes the rows that a crash took.
    pub fn open(dir: &Path, cache_bytes: u64, shelf: &Shelf) -> Result<Self, Fault> {
        let index = Self::at(dir, cache_bytes)?;
        index.catch_up(shelf)?;
        Ok(index)
    }

    pub fn seal(self) -> Result<(), Fault> {
        let Index { values, database } = self;
        drop(values);
        database.seal()
    }

    pub fn point(&self, id: &Digest, place: &Place) -> Result<(), Fault> {
        self.values
            .put(&place_key(place.cursor()), &place.row(id))?;
        self.values.put(&digest_key(id), &place.encode())
    }

    /// Makes all rows durable, and then says so.
    pub fn mark(&self, shelf: &Shelf) -> Result<(), Fault> {
        let up_to = shelf.indexed_up_to();
        // One flush is enough: sled's log is recovered as a prefix, and the mark is written last.
        self.values.put(MARK_KEY, &up_to.0.to_be_bytes())?;
        self.database.flush()
    }

    /// Rows for every whole document behind the mark.
    fn catch_up(&self, shelf: &Shelf) -> Result<(), Fault> {
        let mark = match self.values.read(MARK_KEY) {
            Ok(Some(mark)) => <[u8; 8]>::try_from(mark.as_slice()).ok(),
            // Made before there were marks: every row is durable.
            Ok(None) => return self.mark(shelf),
            Err(_) => None,
        };
        // A mark that can't be read is no reason to stop: then everything is looked through.
        let mark = Cursor(mark.map_or(0, u64::from_be_bytes));
        for (volume, slots) in shelf.used_from(mark) {
            let mut slot = slots.start;
            while slot < slots.end {
                let found = match whole_document(shelf, &volume, slot) {
                    Ok(found) => found,
                    // What could not be read now may be readable next time: the mark stays before it.
                    Err(_) => {
                        shelf.hold_mark(&volume, slot);
                        None
                    }
                };
                // A row that can't be read stays: the sweep names it.
                if let Some((id, place)) = &found
                    && matches!(self.values.read(&digest_key(id)), Ok(None))
                {
                    self.point(id, place)?;
                }
                let taken = found.and_then(|(_, place)| Cut::of(place.bytes));
                slot = slot.saturating_add(taken.map_or(1, |cut| cut.count.max(1)));
            }
        }
        self.mark(shelf)
    }
}

/// The document whose first chunk lies in this slot, if all its chunks are there.
fn whole_document(
    shelf: &Shelf,
    volume: &Arc<Volume>,
    slot: u32,
) -> Result<Option<(Digest, Place)>, Fault> {
    let mut first = None;
    shelf.read(volume, slot, |value| {
        first = named(value);
        Ok(())
    })?;
    let Some((id, bytes, 0)) = first else {
        return Ok(None);
    };
    let Some(cut) = Cut::of(bytes) else {
        return Ok(None);
    };
    for number in 0..cut.count {
        let mut is_there = false;
        shelf.read(volume, slot.saturating_add(number), |value| {
            is_there = content(value, &id, &cut, number).is_some();
            Ok(())
        })?;
        if !is_there {
            return Ok(None);
        }
    }
    let place = Place {
        volume: volume.number,
        slot,
        bytes,
    };
    Ok(Some((id, place)))
}
