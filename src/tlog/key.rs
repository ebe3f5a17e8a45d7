//! Names and keys of logs and witnesses (C2SP signed-note "Verifier keys" and "Signatures").
//!
//! # Invariants
//! * A verifier key's id is recomputed when its text is read, so a mistyped key is found at once.
//! * A private key does not show in `Debug`.
//!
//! # What is not here
//! ML-DSA keys (type 0x06): another signature library is needed for them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ed25519;
use crate::record::{Fault, sha256};

/// A log's origin or a witness's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// tlog-cosignature, `subtree/v1`: names carry a length of one byte, so a longer one could never be
/// cosigned.
const NAME_MAX_BYTES: usize = 255;

impl KeyName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a key or name was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyText {
    Name,
    Form,
    /// The id in the text is not that of the key.
    Id,
    /// A type of key that is not supported here.
    Type,
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyText::Name => "a key name is 1 to 255 bytes without blanks, plus or control signs",
            KeyText::Form => "not the text of a note key",
            KeyText::Id => "the key's id does not belong to the key",
            KeyText::Type => "this type of note key is not supported",
        })
    }
}

impl std::error::Error for KeyText {}

impl FromStr for KeyName {
    type Err = KeyText;

    /// signed-note "Signatures": not empty, no Unicode space, no plus.
    fn from_str(text: &str) -> Result<Self, KeyText> {
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > NAME_MAX_BYTES || text.chars().any(is_bad) {
            return Err(KeyText::Name);
        }
        Ok(KeyName(text.to_owned()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Signs the note's text.
    Ed25519,
    /// tlog-cosignature `cosignature/v1`: signs text and time.
    CosignatureV1,
}

impl KeyKind {
    /// signed-note "Signature types".
    pub const fn type_byte(self) -> u8 {
        match self {
            KeyKind::Ed25519 => 0x01,
            KeyKind::CosignatureV1 => 0x04,
        }
    }

    fn from_type_byte(byte: u8) -> Option<Self> {
        [KeyKind::Ed25519, KeyKind::CosignatureV1]
            .into_iter()
            .find(|kind| kind.type_byte() == byte)
    }
}

/// What it takes to check signatures of one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    id: [u8; 4],
    kind: KeyKind,
    public: [u8; ed25519::PUBLIC_BYTES],
}

impl VerifierKey {
    pub fn new(name: KeyName, kind: KeyKind, public: [u8; ed25519::PUBLIC_BYTES]) -> Self {
        // signed-note: the first four bytes of SHA-256(name || 0x0A || type || public key).
        let parts: [&[u8]; 3] = [name.as_str().as_bytes(), &[0x0a, kind.type_byte()], &public];
        let [a, b, c, d, ..] = *sha256(&parts.concat()).as_bytes();
        VerifierKey {
            name,
            id: [a, b, c, d],
            kind,
            public,
        }
    }

    pub fn name(&self) -> &KeyName {
        &self.name
    }

    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    pub fn public(&self) -> &[u8; ed25519::PUBLIC_BYTES] {
        &self.public
    }
}

/// `name "+" hex(id) "+" base64(type || key)`.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        write!(
            f,
            "{}+{id:08x}+{}",
            self.name,
            typed(self.kind, &self.public)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = KeyText;

    fn from_str(text: &str) -> Result<Self, KeyText> {
        let (name, id, kind, public) = parts(text)?;
        let key = VerifierKey::new(name, kind, public);
        check_id(&key, id)?;
        Ok(key)
    }
}

fn typed(kind: KeyKind, key: &[u8; 32]) -> String {
    let bytes: [&[u8]; 2] = [&[kind.type_byte()], key];
    STANDARD.encode(bytes.concat())
}

/// Name, id, type and 32 bytes of key: the same for public and private keys.
fn parts(text: &str) -> Result<(KeyName, &str, KeyKind, [u8; 32]), KeyText> {
    let mut pieces = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (pieces.next(), pieces.next(), pieces.next()) else {
        return Err(KeyText::Form);
    };
    let key = STANDARD.decode(key).map_err(|_| KeyText::Form)?;
    let (type_byte, key) = key.split_first().ok_or(KeyText::Form)?;
    let kind = KeyKind::from_type_byte(*type_byte).ok_or(KeyText::Type)?;
    let key = key.try_into().map_err(|_| KeyText::Form)?;
    Ok((name.parse()?, id, kind, key))
}

fn check_id(key: &VerifierKey, id: &str) -> Result<(), KeyText> {
    if format!("{:08x}", u32::from_be_bytes(key.id)) == id {
        Ok(())
    } else {
        Err(KeyText::Id)
    }
}

/// Signs for one name. A key in a file, in a device or far away: `sign` may take its time, and it may
/// fail.
pub trait NoteSigner {
    fn key(&self) -> &VerifierKey;
    fn sign(&self, message: &[u8]) -> Result<[u8; ed25519::SIGNATURE_BYTES], Fault>;
}

/// A private key held as its seed (RFC 8032 5.1.5).
#[derive(Clone)]
pub struct SeedSigner {
    seed: [u8; ed25519::SEED_BYTES],
    key: VerifierKey,
}

/// The form that the `note` tools of the Go project write and read.
const PRIVATE_HEAD: &str = "PRIVATE+KEY+";

impl SeedSigner {
    pub fn from_seed(
        name: KeyName,
        kind: KeyKind,
        seed: [u8; ed25519::SEED_BYTES],
    ) -> Result<Self, Fault> {
        let public = ed25519::public_of_seed(&seed)?;
        Ok(SeedSigner {
            seed,
            key: VerifierKey::new(name, kind, public),
        })
    }

    /// `PRIVATE+KEY+name+hex(id)+base64(type || seed)`, for a file that only the log may read.
    pub fn to_private_text(&self) -> String {
        let id = u32::from_be_bytes(self.key.id);
        let seed = typed(self.key.kind, &self.seed);
        format!("{PRIVATE_HEAD}{}+{id:08x}+{seed}", self.key.name)
    }
}

impl FromStr for SeedSigner {
    type Err = KeyText;

    fn from_str(text: &str) -> Result<Self, KeyText> {
        let rest = text
            .trim_end_matches(['\r', '\n'])
            .strip_prefix(PRIVATE_HEAD);
        let (name, id, kind, seed) = parts(rest.ok_or(KeyText::Form)?)?;
        let signer = SeedSigner::from_seed(name, kind, seed).map_err(|_| KeyText::Form)?;
        check_id(&signer.key, id)?;
        Ok(signer)
    }
}

impl NoteSigner for SeedSigner {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; ed25519::SIGNATURE_BYTES], Fault> {
        ed25519::sign(&self.seed, message)
    }
}

impl fmt::Debug for SeedSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeedSigner({})", self.key)
    }
}
