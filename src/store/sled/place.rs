//! Where a document lies, and how the index writes that down.

use crate::record::Digest;
use crate::store::contracts::{Cursor, StoredBlob};

/// Rows `p || volume || slot` list the documents in storage order.
pub(super) const PLACE_PREFIX: &[u8] = b"p";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub volume: u32,
    pub slot: u32,
    pub bytes: u64,
}

impl Place {
    pub fn cursor(&self) -> Cursor {
        Cursor(u64::from(self.volume) << 32 | u64::from(self.slot))
    }

    pub fn encode(&self) -> [u8; 16] {
        let number = u128::from(self.cursor().0) << 64 | u128::from(self.bytes);
        number.to_be_bytes()
    }

    pub fn decode(value: &[u8]) -> Option<Place> {
        let (volume, rest) = value.split_first_chunk::<4>()?;
        let (slot, rest) = rest.split_first_chunk::<4>()?;
        let bytes = <[u8; 8]>::try_from(rest).ok()?;
        Some(Place {
            volume: u32::from_be_bytes(*volume),
            slot: u32::from_be_bytes(*slot),
            bytes: u64::from_be_bytes(bytes),
        })
    }

    /// The row under `place_key`: digest and length.
    pub fn row(&self, id: &Digest) -> Vec<u8> {
        let mut row = id.as_bytes().to_vec();
        row.extend_from_slice(&self.bytes.to_be_bytes());
        row
    }
}

pub(super) fn digest_key(id: &Digest) -> Vec<u8> {
    let mut key = vec![b'd'];
    key.extend_from_slice(id.as_bytes());
    key
}

pub(super) fn place_key(cursor: Cursor) -> Vec<u8> {
    let mut key = PLACE_PREFIX.to_vec();
    key.extend_from_slice(&cursor.0.to_be_bytes());
    key
}

/// What a row of the list of places says.
pub(super) fn placed(key: &[u8], row: &[u8]) -> Option<StoredBlob> {
    let cursor = <[u8; 8]>::try_from(key.strip_prefix(PLACE_PREFIX)?).ok()?;
    let (id, bytes) = row.split_first_chunk::<32>()?;
    Some(StoredBlob {
        cursor: Cursor(u64::from_be_bytes(cursor)),
        id: Digest::from_slice(id)?,
        bytes: u64::from_be_bytes(<[u8; 8]>::try_from(bytes).ok()?),
    })
}
