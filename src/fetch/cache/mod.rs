//! Evidence kept on disk from one start to the next: revocation lists, OCSP answers, certificates of issuers.
//!
//! # Contents
//! * `data/<SHA-256>`: what was fetched. `index/<SHA-256 of the key>.json`: what it is, from when, until when.
//!
//! # Invariants
//! * Nothing here is trusted: what is read back has the hash it was written under, is parsed anew, and its signature is judged by `trust`
//!   like that of an answer that came just now. Whoever can write here can withhold, never forge.
//! * A file is whole or absent: written beside its place, then renamed. It need not survive a power cut; what is damaged is fetched anew.
//! * The files together stay within `max_bytes`: the entries that were fetched longest ago go first.
//!
//! # What is not here
//! How long something may be relied upon: whoever asks compares the times.

mod entry;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::CacheSettings;
use super::wire::Validators;
use crate::record::{Digest, Fault, sha256};

pub(super) use entry::{Entry, Kind};

/// One entry is a file of 300 bytes and some 500 bytes of memory.
const MAX_ENTRIES: usize = 20_000;

pub(super) struct Cache {
    dir: PathBuf,
    max_bytes: u64,
    entries: Mutex<HashMap<Digest, Entry>>,
}

impl Cache {
    /// Makes the folder where it is missing; entries that can't be read are removed, data without an entry too.
    pub(super) fn open(settings: &CacheSettings) -> Result<Self, Fault> {
        let dir = settings.dir.clone();
        let doing =
            |what: &Path| format!("opening the cache of fetched evidence: {}", what.display());
        for folder in ["data", "index"] {
            let folder = dir.join(folder);
            std::fs::create_dir_all(&folder).map_err(|e| Fault::new(doing(&folder), e))?;
        }
        let cache = Self {
            dir,
            max_bytes: settings.max_bytes,
            entries: Mutex::default(),
        };
        let mut found = HashMap::new();
        for path in cache.listing("index")?.into_iter().take(MAX_ENTRIES) {
            let entry = Entry::read(&path);
            match entry {
                Some(entry) if cache.index_file(&entry.key_digest()) == path => {
                    found.insert(entry.key_digest(), entry);
                }
                _ => remove(&path),
            }
        }
        let named: HashSet<String> = found.values().map(|e| e.sha256.to_string()).collect();
        for path in cache.listing("data")? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !named.contains(name.as_ref()) {
                remove(&path);
            }
        }
        *cache.lock() = found;
        cache.evict(None);
        Ok(cache)
    }

    /// What is held under this key, of whatever age.
    pub(super) fn entry(&self, kind: Kind, key: &str) -> Option<Entry> {
        let entry = self.lock().get(&entry::digest(kind, key)).cloned()?;
        // Another key of the same digest can't be; another version of the program could have written it.
        (entry.kind == kind && entry.key == key).then_some(entry)
    }

    /// The bytes of an entry; damaged or missing ones take the entry with them.
    pub(super) fn read(&self, entry: &Entry) -> Option<Vec<u8>> {
        let bytes = read_exactly(&self.data_file(&entry.sha256), entry.bytes)
            .filter(|bytes| sha256(bytes) == entry.sha256);
        if bytes.is_none() {
            metrics::counter!("antin_fetch_cache_damaged_total").increment(1);
            self.forget(entry.kind, &entry.key);
        }
        bytes
    }

    /// Keeps `bytes`, if they fit at all. A cache that can't be written costs time later and nothing else.
    pub(super) fn put(&self, entry: Entry, bytes: &[u8]) {
        if entry.bytes > self.max_bytes {
            return;
        }
        let data = self.data_file(&entry.sha256);
        let is_there = std::fs::metadata(&data).is_ok_and(|meta| meta.len() == entry.bytes);
        let written = match is_there {
            true => Ok(()),
            false => replace(&data, bytes),
        };
        if let Err(error) = written.and_then(|()| self.write_index(&entry)) {
            tracing::warn!(dir = %self.dir.display(), %error, "fetched evidence could not be cached");
            return;
        }
        let key = entry.key_digest();
        let before = self.lock().insert(key, entry);
        if let Some(before) = before {
            self.drop_data(&before.sha256);
        }
        self.evict(Some(&key));
    }

    /// The source said that what is held is still what there is.
    pub(super) fn still_current(&self, entry: &Entry, fetched_s: i64) {
        let mut entry = entry.clone();
        entry.fetched_s = fetched_s;
        if self.write_index(&entry).is_ok() {
            self.lock().insert(entry.key_digest(), entry);
        }
    }

    pub(super) fn forget(&self, kind: Kind, key: &str) {
        let key = entry::digest(kind, key);
        let gone = self.lock().remove(&key);
        remove(&self.index_file(&key));
        if let Some(entry) = gone {
            self.drop_data(&entry.sha256);
        }
    }

    /// Removes the oldest until all fits; never what was just put.
    fn evict(&self, keep: Option<&Digest>) {
        loop {
            let oldest = {
                let entries = self.lock();
                let held: u64 = entries.values().map(|entry| entry.bytes).sum();
                if held <= self.max_bytes && entries.len() <= MAX_ENTRIES {
                    return;
                }
                let others = entries.iter().filter(|(key, _)| keep != Some(key));
                others
                    .min_by_key(|(_, entry)| entry.fetched_s)
                    .map(|(_, entry)| (entry.kind, entry.key.clone()))
            };
            match oldest {
                Some((kind, key)) => self.forget(kind, &key),
                None => return,
            }
        }
    }

    /// Two addresses may give the same bytes: they go with the last entry that names them.
    fn drop_data(&self, sha256: &Digest) {
        let is_named = self.lock().values().any(|entry| entry.sha256 == *sha256);
        if !is_named {
            remove(&self.data_file(sha256));
        }
    }

    fn write_index(&self, entry: &Entry) -> std::io::Result<()> {
        replace(&self.index_file(&entry.key_digest()), &entry.to_json()?)
    }

    fn listing(&self, folder: &str) -> Result<Vec<PathBuf>, Fault> {
        let folder = self.dir.join(folder);
        let fault = |e| {
            Fault::new(
                format!(
                    "listing the cache of fetched evidence: {}",
                    folder.display()
                ),
                e,
            )
        };
        let list = std::fs::read_dir(&folder).map_err(fault)?;
        list.map(|file| file.map(|f| f.path()))
            .collect::<Result<_, std::io::Error>>()
            .map_err(fault)
    }

    fn data_file(&self, sha256: &Digest) -> PathBuf {
        self.dir.join("data").join(sha256.to_string())
    }

    fn index_file(&self, key: &Digest) -> PathBuf {
        self.dir.join("index").join(format!("{key}.json"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a source gave at a time, to be kept.
pub(super) fn entry(
    kind: Kind,
    key: &str,
    bytes: &[u8],
    fetched_s: i64,
    validators: Validators,
) -> Entry {
    Entry {
        version: entry::VERSION,
        kind,
        key: key.to_owned(),
        sha256: sha256(bytes),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        fetched_s,
        validators,
    }
}

/// The file, if it has just this length: what was swapped for something huge is not read.
fn read_exactly(path: &Path, bytes: u64) -> Option<Vec<u8>> {
    let file = std::fs::File::open(path).ok()?;
    if file.metadata().ok()?.len() != bytes {
        return None;
    }
    let mut content = Vec::new();
    content.reserve_exact(usize::try_from(bytes).ok()?);
    file.take(bytes).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Beside its place first, then renamed: readers see the old, the new, or nothing.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("new-{}-{number}", std::process::id()));
    let done = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        remove(&beside);
    }
    done
}

/// A file that can't be removed is overwritten or ignored later.
fn remove(path: &Path) {
    drop(std::fs::remove_file(path));
}
