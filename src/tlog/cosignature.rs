//! Witnesses' signatures with a time (C2SP tlog-cosignature, `cosignature/v1`).
//!
//! A cosignature says: at that time this was the largest tree of this origin that I had seen, and it is
//! consistent with all that I saw before.
//!
//! # What is not here
//! The witness's own memory and its protocol; ML-DSA cosignatures (`subtree/v1`).

use super::ed25519;
use super::key::{KeyKind, NoteSigner};
use super::note::{Note, SignatureLine};
use crate::record::{Fault, UtcTime};

/// tlog-cosignature "Format": the header line, the time line, then the whole text of the note.
fn message(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

/// The time, where the signature is right.
pub(super) fn verify(text: &str, signature: &[u8], public: &[u8; 32]) -> Option<u64> {
    // `u64 timestamp || signature`.
    let (time_s, signature) = signature.split_first_chunk::<8>()?;
    let time_s = u64::from_be_bytes(*time_s);
    // tlog-cosignature: the timestamp is at most 2^63 - 1.
    i64::try_from(time_s).ok()?;
    ed25519::verifies(public, &message(text, time_s), signature).then_some(time_s)
}

/// A cosignature line for the note; the caller has checked consistency and stored the new size.
pub fn cosign(note: &Note, signer: &dyn NoteSigner, time: UtcTime) -> Result<SignatureLine, Fault> {
    let doing = "cosigning a checkpoint";
    let key = signer.key();
    if key.kind() != KeyKind::CosignatureV1 {
        return Err(Fault::new(doing, "the key is not for cosignatures"));
    }
    let time_s = u64::try_from(time.unix_s()).map_err(|e| Fault::new(doing, e))?;
    let signature = signer.sign(&message(note.text(), time_s))?;
    let signature: [&[u8]; 2] = [&time_s.to_be_bytes(), &signature];
    let signature = signature.concat();
    if verify(note.text(), &signature, key.public()).is_none() {
        return Err(Fault::new(doing, "the signature made does not verify"));
    }
    Ok(SignatureLine {
        name: key.name().clone(),
        key_id: key.id(),
        signature,
    })
}
