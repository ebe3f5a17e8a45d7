//! Small values: cut into rows that sled keeps inline, each bound to its key by a checksum.
//!
//! # Invariants
//! * Row 0 carries the length and is written last: a value is whole or absent.
//! * A row read under another key than it was written for, or changed, is `Damaged`, never another value. (sled has a
//!   checksum per page against the disk; this one is against rows that changed places.)

use crate::record::{Fault, Sha256Stream};
use crate::store::cause::Cause;
use crate::store::sled::database::{Database, contain, touch};

/// A leaf page holds up to 17 rows for a moment and has to stay below a quarter of a segment, 262,144 bytes:
/// 17 x (14,000 + key and frames) = 241,000.
const VALUE_BYTES: usize = 14_000;

/// A key takes at most this much of the 262,144 above: 17 x 160 = 2,720 bytes.
pub(super) const KEY_BYTES: usize = 150;

/// 64 MiB: the largest file of a log is a bundle of 256 entries of 65,535 bytes, 16.8 MB.
const VALUE_MAX_BYTES: usize = 64 << 20;

/// Above every row number (VALUE_MAX_BYTES / VALUE_BYTES is 4,793), and its first byte is 0: text that goes on behind the
/// text of a key sorts behind all rows of that key.
const ROWS_MAX: usize = 0xFFFF;

const SUM_BYTES: usize = 8;
const LENGTH_BYTES: usize = 8;

/// A value up to this long is one row: written, and replaced, at once.
pub(super) const ONE_ROW_BYTES: usize = VALUE_BYTES - LENGTH_BYTES;

/// Small values, each kind (first byte of the key) in a tree of its own: pages hold one kind only, so damage to a page of
/// entries leaves counters and heads readable.
pub(super) struct Values {
    trees: Vec<(u8, sled::Tree)>,
    /// For messages: "ledger", "tree".
    name: &'static str,
}

impl Values {
    pub fn open(database: &Database, kinds: &[u8], name: &'static str) -> Result<Self, Fault> {
        let trees: Result<Vec<_>, Fault> = kinds
            .iter()
            .map(|kind| {
                Ok((
                    *kind,
                    database.tree(&[b"kind-", [*kind].as_slice()].concat())?,
                ))
            })
            .collect();
        Ok(Values {
            trees: trees?,
            name,
        })
    }

    fn tree(&self, key: &[u8]) -> Result<&sled::Tree, Fault> {
        let kind = key.first();
        let found = self.trees.iter().find(|(of, _)| kind == Some(of));
        found
            .map(|(_, tree)| tree)
            .ok_or_else(|| Fault::plain(self.doing("finding the tree of", key)))
    }

    /// Visible on return; durable after the database's flush.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        if value.len() > VALUE_MAX_BYTES || key.len() > KEY_BYTES {
            return Err(Cause::TooLarge {
                bytes: value.len().max(key.len()) as u64,
                limit_bytes: if key.len() > KEY_BYTES {
                    KEY_BYTES as u64
                } else {
                    VALUE_MAX_BYTES as u64
                },
            }
            .fault(format!("storing {}", self.label(key))));
        }
        let first_bytes = value.len().min(VALUE_BYTES - LENGTH_BYTES);
        let (first, rest) = value.split_at_checked(first_bytes).unwrap_or((value, &[]));
        for (number, piece) in rest.chunks(VALUE_BYTES).enumerate() {
            self.put_row(&row_key(key, number + 1), &[piece])?;
        }
        let length = (value.len() as u64).to_be_bytes();
        self.put_row(&row_key(key, 0), &[&length, first])
    }

    pub fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let Some(row) = self.row(&row_key(key, 0), key)? else {
            return Ok(None);
        };
        let Some((length, first)) = row.split_first_chunk::<LENGTH_BYTES>() else {
            return Err(self.damaged(key));
        };
        let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > VALUE_MAX_BYTES {
            return Err(self.damaged(key));
        }
        let mut value = Vec::with_capacity(length);
        value.extend_from_slice(first);
        let mut number = 1;
        while value.len() < length {
            let Some(row) = self.row(&row_key(key, number), key)? else {
                return Err(self.damaged(key));
            };
            if row.is_empty() {
                return Err(self.damaged(key));
            }
            value.extend_from_slice(&row);
            number += 1;
        }
        if value.len() != length {
            return Err(self.damaged(key));
        }
        Ok(Some(value))
    }

    /// Row 0 goes first: the value is absent before its parts are gone.
    pub fn remove(&self, key: &[u8]) -> Result<(), Fault> {
        let first = row_key(key, 0);
        let tree = self.tree(key)?;
        contain(|| self.doing("removing", key), || tree.remove(&first))?;
        let parts = contain(
            || self.doing("removing", key),
            || {
                tree.range(first..=row_key(key, ROWS_MAX))
                    .keys()
                    .collect::<sled::Result<Vec<_>>>()
            },
        )?;
        for part in parts {
            if split_row_key(&part).is_none_or(|(of, _)| of != key) {
                continue;
            }
            contain(|| self.doing("removing", key), || tree.remove(&part))?;
        }
        Ok(())
    }

    /// Keys that begin with `prefix`, in byte order, from behind `after`; at most `limit`.
    pub fn keys(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, Fault> {
        let tree = self.tree(prefix)?;
        let mut keys = Vec::new();
        let mut from = match after {
            Some(after) if after >= prefix => behind(row_key(after, 0)),
            _ => prefix.to_vec(),
        };
        while keys.len() < limit {
            let next = contain(
                || self.doing("listing", prefix),
                || tree.range(from.as_slice()..).next().transpose(),
            )?;
            let Some((row, _)) = next else { break };
            if !row.starts_with(prefix) {
                break;
            }
            let Some((key, number)) = split_row_key(&row) else {
                return Err(self.damaged(&row));
            };
            if number == 0 {
                keys.push(key.to_vec());
            }
            from = behind(row.to_vec());
        }
        Ok(keys)
    }

    /// The last key that begins with `prefix`.
    pub fn last_key(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let tree = self.tree(prefix)?;
        let last = contain(
            || self.doing("searching", prefix),
            || tree.scan_prefix(prefix).next_back().transpose(),
        )?;
        Ok(last.and_then(|(row, _)| split_row_key(&row).map(|(key, _)| key.to_vec())))
    }

    fn put_row(&self, row: &[u8], parts: &[&[u8]]) -> Result<(), Fault> {
        let mut value = Vec::with_capacity(SUM_BYTES + VALUE_BYTES);
        value.extend_from_slice(&checksum(row, parts));
        for part in parts {
            value.extend_from_slice(part);
        }
        let tree = self.tree(row)?;
        contain(
            || self.doing("storing", row),
            || tree.insert(row, value.as_slice()),
        )?;
        touch(tree, row, value.len())
    }

    fn row(&self, row: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let tree = self.tree(row)?;
        let stored = contain(|| self.doing("reading", key), || tree.get(row))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let Some((sum, bytes)) = stored.split_first_chunk::<SUM_BYTES>() else {
            return Err(self.damaged(key));
        };
        if *sum != checksum(row, &[bytes]) {
            return Err(self.damaged(key));
        }
        touch(tree, row, stored.len())?;
        Ok(Some(bytes.to_vec()))
    }

    fn label(&self, key: &[u8]) -> String {
        format!("{} row {}", self.name, key.escape_ascii())
    }

    fn doing(&self, verb: &str, key: &[u8]) -> String {
        format!("{verb} {}", self.label(key))
    }

    fn damaged(&self, key: &[u8]) -> Fault {
        Cause::Damaged {
            what: self.label(key),
        }
        .fault(self.doing("reading", key))
    }
}

/// `key || number (4 bytes) || 0`: the rows of a value stand together. The last byte leaves room for a bound behind a row.
fn row_key(key: &[u8], number: usize) -> Vec<u8> {
    let mut row = Vec::with_capacity(key.len() + 5);
    row.extend_from_slice(key);
    // VALUE_MAX_BYTES / VALUE_BYTES is far below 2^32.
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    row.extend_from_slice(&number.to_be_bytes());
    row.push(0);
    row
}

/// A bound between a row and whatever follows it.
fn behind(mut row: Vec<u8>) -> Vec<u8> {
    if let Some(last) = row.last_mut() {
        *last = 1;
    }
    row
}

fn split_row_key(row: &[u8]) -> Option<(&[u8], u32)> {
    let (row, [0]) = row.split_last_chunk::<1>()? else {
        return None;
    };
    let (key, number) = row.split_last_chunk::<4>()?;
    Some((key, u32::from_be_bytes(*number)))
}

fn checksum(row: &[u8], parts: &[&[u8]]) -> [u8; SUM_BYTES] {
    let mut sum = Sha256Stream::new();
    sum.update(row);
    for part in parts {
        sum.update(part);
    }
    let mut short = [0; SUM_BYTES];
    for (to, from) in short.iter_mut().zip(sum.finish().as_bytes()) {
        *to = *from;
    }
    short
}
