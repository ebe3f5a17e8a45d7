//! Signed notes (C2SP signed-note): a text and lines of signatures under it.
//!
//! # Invariants
//! * `parse` and `Display` are inverse byte for byte.
//! * `verify`: signatures by unknown keys are ignored, which is what lets keys change and witnesses
//!   join; a wrong signature by a known key rejects the whole note; no known key rejects it too.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cosignature;
use super::ed25519;
use super::key::{KeyKind, KeyName, NoteSigner, VerifierKey};
use crate::record::Fault;

/// A checkpoint has three lines; one with a hundred ML-DSA signatures (3.3 kB each) stays below this.
const NOTE_MAX_BYTES: usize = 512 * 1024;
/// signed-note asks for at least 16; a hundred is what the Go implementation allows.
const SIGNATURES_MAX: usize = 100;
/// signed-note "Format": a signature line begins with an em dash (U+2014) and a space.
const LINE_HEAD: &str = "\u{2014} ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    pub name: KeyName,
    pub key_id: [u8; 4],
    /// Without the key id. May carry a timestamp in front, by the key's type.
    pub signature: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteProblem {
    TooLarge,
    Utf8,
    ControlCharacter,
    /// No text, no empty line before the signatures, or no signature.
    Form,
    SignatureLine,
    TooManySignatures,
    /// Two of the given keys have the same name and id.
    AmbiguousKeys(KeyName),
    /// A signature by a known key is wrong.
    Wrong(KeyName),
    /// None of the signatures is by a known key.
    NoKnownKey,
}

impl fmt::Display for NoteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoteProblem::TooLarge => f.write_str("the note is too large"),
            NoteProblem::Utf8 => f.write_str("the note is not UTF-8"),
            NoteProblem::ControlCharacter => f.write_str("the note holds a control character"),
            NoteProblem::Form => f.write_str("not a signed note"),
            NoteProblem::SignatureLine => f.write_str("a signature line of the note is malformed"),
            NoteProblem::TooManySignatures => f.write_str("the note has too many signatures"),
            NoteProblem::AmbiguousKeys(name) => write!(f, "two keys of {name} have the same id"),
            NoteProblem::Wrong(name) => write!(f, "the signature of {name} is wrong"),
            NoteProblem::NoKnownKey => f.write_str("no signature of the note is by a known key"),
        }
    }
}

impl std::error::Error for NoteProblem {}

/// A signature that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Position among the keys given.
    pub key: usize,
    /// Of a cosignature: Unix seconds.
    pub time_s: Option<u64>,
}

impl Note {
    /// A note without signatures is not a note: sign at once.
    pub fn signed(text: String, signer: &dyn NoteSigner) -> Result<Self, Fault> {
        let doing = "signing a note";
        let key = signer.key();
        if key.kind() != KeyKind::Ed25519 {
            return Err(Fault::new(doing, "the key is for cosignatures"));
        }
        if !is_text(&text) {
            return Err(Fault::new(doing, "the text cannot stand in a note"));
        }
        let signature = signer.sign(text.as_bytes())?;
        // A device that signs wrongly must not get a wrong note published.
        if !ed25519::verifies(key.public(), text.as_bytes(), &signature) {
            return Err(Fault::new(doing, "the signature made does not verify"));
        }
        let line = SignatureLine {
            name: key.name().clone(),
            key_id: key.id(),
            signature: signature.to_vec(),
        };
        Ok(Note {
            text,
            signatures: vec![line],
        })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a cosignature, unchecked: whoever reads the note checks it.
    pub fn with(mut self, line: SignatureLine) -> Result<Self, NoteProblem> {
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteProblem::TooManySignatures);
        }
        if line.signature.is_empty() {
            return Err(NoteProblem::SignatureLine);
        }
        self.signatures.push(line);
        Ok(self)
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, NoteProblem> {
        if bytes.len() > NOTE_MAX_BYTES {
            return Err(NoteProblem::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteProblem::Utf8)?;
        if whole.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteProblem::ControlCharacter);
        }
        // signed-note "Format": the text may hold empty lines, so the last one separates.
        let split = whole.rfind("\n\n").ok_or(NoteProblem::Form)?;
        let (text, lines) = whole.split_at_checked(split + 1).ok_or(NoteProblem::Form)?;
        let lines = lines.strip_prefix('\n').and_then(|l| l.strip_suffix('\n'));
        let lines = lines.filter(|l| !l.is_empty()).ok_or(NoteProblem::Form)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() >= SIGNATURES_MAX {
                return Err(NoteProblem::TooManySignatures);
            }
            signatures.push(SignatureLine::parse(line).ok_or(NoteProblem::SignatureLine)?);
        }
        Ok(Note {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The signatures of the given keys, all of them right. Where one key signed twice, the first stands.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteProblem> {
        for (place, key) in keys.iter().enumerate() {
            let is_same = |k: &VerifierKey| k.name() == key.name() && k.id() == key.id();
            if keys.iter().take(place).any(is_same) {
                return Err(NoteProblem::AmbiguousKeys(key.name().clone()));
            }
        }
        let mut verified: Vec<Verified> = Vec::new();
        for line in &self.signatures {
            // signed-note "Verifying": name and id together identify the key.
            let is_of = |k: &VerifierKey| *k.name() == line.name && k.id() == line.key_id;
            let Some((place, key)) = keys.iter().enumerate().find(|(_, k)| is_of(k)) else {
                continue;
            };
            let time_s = self
                .check(line, key)
                .ok_or_else(|| NoteProblem::Wrong(line.name.clone()))?;
            if !verified.iter().any(|v| v.key == place) {
                verified.push(Verified { key: place, time_s });
            }
        }
        if verified.is_empty() {
            return Err(NoteProblem::NoKnownKey);
        }
        Ok(verified)
    }

    /// `None` where the signature is wrong; inside, the time where it carries one.
    fn check(&self, line: &SignatureLine, key: &VerifierKey) -> Option<Option<u64>> {
        match key.kind() {
            KeyKind::Ed25519 => {
                let text = self.text.as_bytes();
                ed25519::verifies(key.public(), text, &line.signature).then_some(None)
            }
            KeyKind::CosignatureV1 => {
                cosignature::verify(&self.text, &line.signature, key.public()).map(Some)
            }
        }
    }
}

/// signed-note "Format": ends with a newline and holds no other control character.
fn is_text(text: &str) -> bool {
    text.len() > 1 && text.ends_with('\n') && !text.bytes().any(|b| b < 0x20 && b != b'\n')
}

impl SignatureLine {
    /// `None` where the line is not `— name base64(key id || signature)`.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(LINE_HEAD)?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        let (key_id, signature) = blob.split_first_chunk::<4>()?;
        if signature.is_empty() {
            return None;
        }
        Some(SignatureLine {
            name: name.parse().ok()?,
            key_id: *key_id,
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob: [&[u8]; 2] = [&self.key_id, &self.signature];
        write!(
            f,
            "{LINE_HEAD}{} {}",
            self.name,
            STANDARD.encode(blob.concat())
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}
