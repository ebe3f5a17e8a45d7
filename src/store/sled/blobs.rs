//! Documents in volumes of chunks, with an index by digest and by place.
//!
//! # Invariants
//! * An index row is written only when the chunks it points at are durable. The row itself becomes durable later: an opening after
//!   a crash finds the documents behind the last durable mark by the headers of their chunks (see `index`).
//! * A blob is visible in this process from `put` on, by the map of what is not indexed yet.
//! * A crash between chunks and index leaves used slots that nothing points at; they are not given out again.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::{Digest, Fault};
use crate::store::cause::Cause;
use crate::store::contracts::{Blobs, Cursor, Put, StoredBlob};
use crate::store::sled::chunk::{CHUNK_BYTES, Cut, Gather, content, header};
use crate::store::sled::combiner::Combiner;
use crate::store::sled::index::Index;
use crate::store::sled::place::{PLACE_PREFIX, Place, digest_key, place_key, placed};
use crate::store::sled::sealer::Sealer;
use crate::store::sled::shelf::{Shelf, has_volume};
use crate::store::sled::shut::Shut;

/// Documents that may wait for their rows to become durable. An opening after a crash reads them again: 1,024 of 200 KB take
/// about a third of a second.
const UNMARKED_MAX: usize = 1_024;

pub(super) struct SledBlobs {
    shelf: Arc<Shelf>,
    index: Shut<Index>,
    combiner: Combiner,
    fresh: Mutex<Fresh>,
    sealer: Sealer,
}

/// What was put and is not in the index yet.
#[derive(Default)]
struct Fresh {
    places: HashMap<Digest, Place>,
    written_volumes: HashSet<u32>,
    /// Rows written since the index was flushed.
    unmarked: usize,
}

impl SledBlobs {
    pub fn create(dir: &Path, slots: u32) -> Result<(), Fault> {
        Shelf::create(dir, slots)?;
        Index::create(dir)
    }

    pub fn open(dir: &Path, slots: u32, index_cache_bytes: u64) -> Result<Self, Fault> {
        if !has_volume(dir) {
            return Err(Cause::Damaged {
                what: format!("the folder of documents {}", dir.display()),
            }
            .fault("opening the documents"));
        }
        let shelf = Shelf::open(dir, slots)?;
        let index = Index::open(dir, index_cache_bytes, &shelf)?;
        let (shelf, sealer) = (Arc::new(shelf), Sealer::default());
        sealer.look_through(&shelf);
        Ok(SledBlobs {
            shelf,
            index: Shut::new(index),
            combiner: Combiner::default(),
            fresh: Mutex::default(),
            sealer,
        })
    }

    /// Makes everything durable, seals, and refuses what comes later.
    pub fn close(&self) -> Result<(), Fault> {
        self.sync()?;
        let Some(index) = self.index.take() else {
            return Ok(());
        };
        index.mark(&self.shelf)?;
        self.sealer.end()?;
        self.shelf.close()?;
        index.seal()
    }

    /// Makes durable what was put, and lets the next reads of documents come from the disk.
    pub fn cool(&self) -> Result<(), Fault> {
        self.sync()?;
        self.shelf.cool()
    }

    fn place(&self, id: &Digest) -> Result<Option<Place>, Fault> {
        if let Some(place) = lock(&self.fresh).places.get(id) {
            return Ok(Some(*place));
        }
        self.index.with(|index| {
            let Some(value) = index.values.read(&digest_key(id))? else {
                return Ok(None);
            };
            match Place::decode(&value) {
                Some(place) => Ok(Some(place)),
                None => Err(damaged(id)),
            }
        })
    }

    fn write_chunks(&self, id: &Digest, cut: &Cut, parts: &[&[u8]]) -> Result<Place, Fault> {
        let run = self.shelf.allocate(cut.count)?;
        // Before the first chunk: a flush that begins now covers too much rather than too little.
        lock(&self.fresh).written_volumes.insert(run.volume.number);
        let mut gather = Gather::new(parts);
        let mut value = Vec::new();
        for number in 0..cut.count {
            value.clear();
            value.extend_from_slice(&header(id, cut.bytes, number));
            gather.take(as_index(cut.each), &mut value);
            let slot = run.first_slot.saturating_add(number);
            self.shelf.put(&run.volume, slot, &value)?;
        }
        Ok(Place {
            volume: run.volume.number,
            slot: run.first_slot,
            bytes: cut.bytes,
        })
    }

    fn read_chunks(
        &self,
        id: &Digest,
        place: &Place,
        range: Range<u64>,
        to: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let cut = Cut::of(place.bytes).ok_or_else(|| damaged(id))?;
        let volume = self.shelf.volume(place.volume)?;
        let first = range.start.checked_div(cut.each).unwrap_or(0);
        for number in u32::try_from(first).unwrap_or(u32::MAX)..cut.count {
            let here = cut.range(number);
            if here.start >= range.end && cut.bytes > 0 {
                break;
            }
            let slot = place.slot.saturating_add(number);
            // What of this chunk is asked for, counted from its beginning.
            let skip = range.start.saturating_sub(here.start);
            let keep = range.end.min(here.end).saturating_sub(here.start);
            let piece = as_index(skip)..as_index(keep.max(skip));
            self.shelf.read(&volume, slot, |value| {
                let piece = content(value, id, &cut, number)
                    .and_then(|content| content.get(piece))
                    .ok_or_else(|| damaged(id))?;
                to.extend_from_slice(piece);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// One round of group commit: chunks first, then the rows that point at them.
    fn flush(&self) -> Result<(), Fault> {
        let (places, volumes) = {
            let mut fresh = lock(&self.fresh);
            (
                fresh.places.clone(),
                std::mem::take(&mut fresh.written_volumes),
            )
        };
        for number in volumes {
            self.shelf.volume(number)?.flush()?;
        }
        self.index.with(|index| {
            for (id, place) in &places {
                index.point(id, place)?;
                self.shelf.indexed(place.cursor());
            }
            Ok(())
        })?;
        let mut fresh = lock(&self.fresh);
        for (id, place) in &places {
            if fresh.places.get(id) == Some(place) {
                fresh.places.remove(id);
            }
        }
        fresh.unmarked = fresh.unmarked.saturating_add(places.len());
        let is_due = fresh.unmarked >= UNMARKED_MAX;
        if is_due {
            fresh.unmarked = 0;
        }
        drop(fresh);
        if is_due {
            self.index.with(|index| index.mark(&self.shelf))?;
        }
        self.sealer.seal_later(&self.shelf, self.shelf.take_full());
        Ok(())
    }
}

impl Blobs for SledBlobs {
    fn put(&self, id: &Digest, parts: &[&[u8]]) -> Result<Put, Fault> {
        self.combiner.check()?;
        if self.place(id)?.is_some() {
            // Who put it may not have drawn its ticket yet: this one makes our `sync` wait for it.
            self.combiner.wrote()?;
            return Ok(Put::AlreadyThere);
        }
        let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let cut = Cut::of(bytes)
            .filter(|cut| cut.count <= self.shelf.slots())
            .ok_or_else(|| {
                Cause::TooLarge {
                    bytes,
                    limit_bytes: u64::from(self.shelf.slots()).saturating_mul(CHUNK_BYTES),
                }
                .fault("storing a document")
            })?;
        // A run that failed half-way stays noted: the mark may not pass what could still be on its way to the disk.
        let place = self.write_chunks(id, &cut, parts)?;
        {
            let mut fresh = lock(&self.fresh);
            fresh.written_volumes.insert(place.volume);
            // Two who put the same bytes at once: the first place is nobody's, and must not hold the mark back.
            if let Some(unused) = fresh.places.insert(*id, place) {
                self.shelf.indexed(unused.cursor());
            }
        }
        self.combiner.wrote()?;
        Ok(Put::Stored)
    }

    fn sync(&self) -> Result<(), Fault> {
        self.combiner.wait(self.combiner.newest(), || self.flush())
    }

    fn bytes(&self, id: &Digest) -> Result<Option<u64>, Fault> {
        Ok(self.place(id)?.map(|place| place.bytes))
    }

    fn read_into(&self, id: &Digest, buffer: &mut Vec<u8>) -> Result<bool, Fault> {
        buffer.clear();
        let Some(place) = self.place(id)? else {
            return Ok(false);
        };
        self.read_chunks(id, &place, 0..place.bytes, buffer)
            .inspect_err(|_| buffer.clear())?;
        Ok(true)
    }

    fn read_range(&self, id: &Digest, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault> {
        let Some(place) = self.place(id)? else {
            return Ok(None);
        };
        let range = range.start.min(place.bytes)..range.end.min(place.bytes);
        let mut piece = Vec::new();
        if range.start < range.end {
            self.read_chunks(id, &place, range, &mut piece)?;
        }
        Ok(Some(piece))
    }

    fn scan(&self, after: Option<Cursor>, limit: usize) -> Result<Vec<StoredBlob>, Fault> {
        self.index.with(|index| {
            let after = after.map(place_key);
            let keys = index.values.keys(PLACE_PREFIX, after.as_deref(), limit)?;
            keys.iter()
                .map(|key| {
                    let row = index.values.read(key)?;
                    row.as_deref()
                        .and_then(|row| placed(key, row))
                        .ok_or_else(|| {
                            Cause::Damaged {
                                what: format!("document index row {}", key.escape_ascii()),
                            }
                            .fault("listing the documents")
                        })
                })
                .collect()
        })
    }
}

fn as_index(bytes: u64) -> usize {
    // Offsets inside a chunk; on a machine of 32 bits too they fit.
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn damaged(id: &Digest) -> Fault {
    Cause::Damaged {
        what: format!("the stored document {id}"),
    }
    .fault("reading a document")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
