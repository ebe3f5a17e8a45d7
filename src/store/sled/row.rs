//! How the ledger's rows are written down.
//!
//! # Invariants
//! * Every row of a kind begins with the same letter; numbers in keys are big-endian, so byte order is their order.
//! * Decoding is strict: bytes that no encoder here wrote give `None`.

use crate::record::Digest;
use crate::store::contracts::{Admission, TreeState};

pub(super) const NEXT_KEY: &[u8] = b"m:next";
pub(super) const EPOCH_KEY: &[u8] = b"m:epoch";
/// The generation of the tree state that counts.
pub(super) const HEAD_KEY: &[u8] = b"m:head";
pub(super) const PROBE_KEY: &[u8] = b"m:probe";
pub(super) const ENTRY_PREFIX: &[u8] = b"e";
const RECEIPT_PREFIX: &[u8] = b"r";
const STATE_PREFIX: &[u8] = b"t";
const REPORT_PREFIX: &[u8] = b"s";

/// First letters of all keys here.
pub(super) const KINDS: &[u8] = b"mertskiubv";

const VERSION: u8 = 1;

/// An admission of a later version: the first version's index follows.
const VERSION_LATER: u8 = 2;

pub(super) fn entry_key(index: u64) -> Vec<u8> {
    numbered(ENTRY_PREFIX, index)
}

pub(super) fn entry_index(key: &[u8]) -> Option<u64> {
    number(key.strip_prefix(ENTRY_PREFIX)?)
}

pub(super) fn receipt_key(index: u64) -> Vec<u8> {
    numbered(RECEIPT_PREFIX, index)
}

pub(super) fn state_key(generation: u64) -> Vec<u8> {
    numbered(STATE_PREFIX, generation)
}

pub(super) fn report_key(name: &str) -> Vec<u8> {
    [REPORT_PREFIX, name.as_bytes()].concat()
}

pub(super) fn idempotency_key(key: &Digest) -> Vec<u8> {
    [b"k", key.as_bytes().as_slice()].concat()
}

pub(super) fn id_key(id: &[u8; 16]) -> Vec<u8> {
    [b"i", id.as_slice()].concat()
}

pub(super) fn public_id_key(public_id: &[u8; 16]) -> Vec<u8> {
    [b"u", public_id.as_slice()].concat()
}

pub(super) fn blob_prefix(blob: &Digest) -> Vec<u8> {
    [b"b", blob.as_bytes().as_slice()].concat()
}

pub(super) fn blob_key(blob: &Digest, index: u64) -> Vec<u8> {
    numbered(&blob_prefix(blob), index)
}

pub(super) fn blob_index(blob: &Digest, key: &[u8]) -> Option<u64> {
    number(key.strip_prefix(blob_prefix(blob).as_slice())?)
}

pub(super) fn version_prefix(first: u64) -> Vec<u8> {
    numbered(b"v", first)
}

pub(super) fn version_key(first: u64, index: u64) -> Vec<u8> {
    numbered(&version_prefix(first), index)
}

pub(super) fn version_index(first: u64, key: &[u8]) -> Option<u64> {
    number(key.strip_prefix(version_prefix(first).as_slice())?)
}

pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn numbered(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, number.to_be_bytes().as_slice()].concat()
}

/// Index and request fingerprint under an idempotency key.
pub(super) fn encode_seen(index: u64, content: &Digest) -> Vec<u8> {
    [index.to_be_bytes().as_slice(), content.as_bytes()].concat()
}

pub(super) fn decode_seen(row: &[u8]) -> Option<(u64, Digest)> {
    let (index, content) = row.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*index), Digest::from_slice(content)?))
}

pub(super) fn encode_admission(admission: &Admission) -> Vec<u8> {
    let mut row = match admission.version_of {
        None => vec![VERSION],
        Some(first) => [&[VERSION_LATER], first.to_be_bytes().as_slice()].concat(),
    };
    match &admission.idempotency {
        Some(key) => {
            row.push(1);
            row.extend_from_slice(key.as_bytes());
        }
        None => row.push(0),
    }
    row.extend_from_slice(admission.content.as_bytes());
    row.extend_from_slice(&admission.id);
    row.extend_from_slice(&admission.public_id);
    row.extend_from_slice(admission.blob.as_bytes());
    put_bytes(&mut row, &admission.leaf);
    row.extend_from_slice(&admission.entry);
    row
}

pub(super) fn decode_admission(row: &[u8]) -> Option<Admission> {
    let (version, mut row) = row.split_first()?;
    let version_of = match *version {
        VERSION => None,
        VERSION_LATER => Some(u64::from_be_bytes(take::<8>(&mut row)?)),
        _ => return None,
    };
    let (has_key, mut row) = row.split_first()?;
    let idempotency = match has_key {
        0 => None,
        1 => Some(take_digest(&mut row)?),
        _ => return None,
    };
    let content = take_digest(&mut row)?;
    let id = take::<16>(&mut row)?;
    let public_id = take::<16>(&mut row)?;
    let blob = take_digest(&mut row)?;
    let leaf = take_bytes(&mut row)?.to_vec();
    Some(Admission {
        idempotency,
        content,
        id,
        public_id,
        version_of,
        blob,
        leaf,
        entry: row.to_vec(),
    })
}

pub(super) fn encode_state(state: &TreeState) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&state.size.to_be_bytes());
    row.extend_from_slice(state.root.as_bytes());
    put_bytes(&mut row, &state.frontier);
    row.extend_from_slice(&state.note);
    row
}

pub(super) fn decode_state(row: &[u8]) -> Option<TreeState> {
    let mut row = row.strip_prefix(&[VERSION])?;
    let size = u64::from_be_bytes(take::<8>(&mut row)?);
    let root = take_digest(&mut row)?;
    let frontier = take_bytes(&mut row)?.to_vec();
    Some(TreeState {
        size,
        root,
        frontier,
        note: row.to_vec(),
    })
}

fn put_bytes(row: &mut Vec<u8>, bytes: &[u8]) {
    row.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    row.extend_from_slice(bytes);
}

fn take_bytes<'r>(row: &mut &'r [u8]) -> Option<&'r [u8]> {
    let length = usize::try_from(u64::from_be_bytes(take::<8>(row)?)).ok()?;
    let (bytes, rest) = row.split_at_checked(length)?;
    *row = rest;
    Some(bytes)
}

fn take_digest(row: &mut &[u8]) -> Option<Digest> {
    take::<32>(row).map(Digest::new)
}

fn take<const N: usize>(row: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = row.split_first_chunk::<N>()?;
    *row = rest;
    Some(*taken)
}
