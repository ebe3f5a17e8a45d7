//! A SHA-256 value (FIPS 180-4) and the two node rules of RFC 6962 2.1.
//!
//! # Invariants
//! * Text forms are exact: 64 hexadecimal digits, or canonical base64 with padding (RFC 4648 4).
//! * Comparison is plain: digests are not secrets here.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, or a Merkle tree node made with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The text is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestText;

impl Digest {
    /// FIPS 180-4: SHA-256 gives 256 bits.
    pub const BYTES: usize = 32;

    pub const fn new(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Digest)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// RFC 4648 4: standard alphabet, padding required, unused trailing bits zero.
    pub fn from_base64(text: &str) -> Result<Self, DigestText> {
        let bytes = STANDARD.decode(text).map_err(|_| DigestText)?;
        Digest::from_slice(&bytes).ok_or(DigestText)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestText;

    fn from_str(text: &str) -> Result<Self, DigestText> {
        if text.len() != 64 {
            return Err(DigestText);
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else {
                return Err(DigestText);
            };
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Digest(bytes))
    }
}

fn hex_digit(byte: u8) -> Result<u8, DigestText> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(DigestText),
    }
}

impl fmt::Display for DigestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SHA-256 digest")
    }
}

impl std::error::Error for DigestText {}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::json::from_text(deserializer)
    }
}

pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// RFC 6962 2.1: the hash of a leaf is `SHA-256(0x00 || data)`.
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest(
        Sha256::new()
            .chain_update([0u8])
            .chain_update(data)
            .finalize()
            .into(),
    )
}

/// RFC 6962 2.1: the hash of an inner node is `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [1u8; 65];
    let (_, children) = input.split_at_mut(1);
    let (l, r) = children.split_at_mut(32);
    l.copy_from_slice(&left.0);
    r.copy_from_slice(&right.0);
    sha256(&input)
}

/// SHA-256 over bytes that arrive in pieces, counting them.
#[derive(Clone, Default)]
pub struct Sha256Stream {
    state: Sha256,
    bytes: u64,
}

impl Sha256Stream {
    pub fn new() -> Self {
        Sha256Stream::default()
    }

    pub fn update(&mut self, piece: &[u8]) {
        self.state.update(piece);
        // A count of bytes seen cannot pass 2^64 in the life of a machine; saturate all the same.
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }

    /// How many bytes were given so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn finish(self) -> Digest {
        Digest(self.state.finalize().into())
    }
}
