//! Remembers answers of pure functions: parsed certificates by their bytes, chain judgements by their certificates.
//!
//! # Invariants
//! * An entry never expires because it can't become wrong: keys are SHA-256 of all the input.
//! * Bounded in number and size, whatever strangers send: at `MAX_ENTRIES` a map starts anew, and a certificate of more than
//!   `MAX_CERTIFICATE_BYTES` is parsed each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::pki::Malformed;
use crate::pki::cert::Certificate;
use crate::pki::ocsp::BasicResponse;
use crate::record::{Digest, Sha256Stream, sha256};

/// A usual certificate (1.5 KB) is held with about 6 KB (DER, fields, OpenSSL's form): 4,096 of them stay under 25 MB.
const MAX_ENTRIES: usize = 4_096;
/// Ten times a usual certificate is 16 KB; at 8 KB, a map full of a stranger's largest stays under 4,096 x 4 x 8 KB = 128 MB.
const MAX_CERTIFICATE_BYTES: usize = 8 << 10;

#[derive(Default)]
pub struct Memory {
    certificates: Mutex<HashMap<Digest, Certificate>>,
    chains: Mutex<HashMap<Digest, Result<(), String>>>,
    signatures: Mutex<HashMap<Digest, bool>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The certificate with exactly these bytes, parsed at most once.
    ///
    /// # Errors
    /// `Malformed` when the bytes are not a certificate.
    pub fn certificate(&self, der: &[u8]) -> Result<Certificate, Malformed> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Certificate::from_der(der);
        }
        let key = sha256(der);
        if let Some(known) = recall(&self.certificates, &key) {
            return Ok(known);
        }
        let parsed = Certificate::from_der(der)?;
        keep(&self.certificates, key, parsed.clone());
        Ok(parsed)
    }

    /// Whether `issuer`'s key made the signature of `subject`; names, validity and constraints aside.
    #[must_use]
    pub fn is_signed_by(&self, subject: &Certificate, issuer: &Certificate) -> bool {
        let key = key_of(&[&subject.sha256(), &issuer.sha256()]);
        remember(&self.signatures, key, || {
            subject.is_signed_by(issuer.public_key()).is_ok()
        })
    }

    /// Whether `responder`'s key signed this OCSP answer.
    pub(super) fn is_answered_by(&self, response: &BasicResponse, responder: &Certificate) -> bool {
        let answer = sha256(&response.der);
        let key = key_of(&[b"ocsp", answer.as_bytes(), &responder.sha256()]);
        remember(&self.signatures, key, || {
            response.verify_signature(responder.public_key()).is_ok()
        })
    }

    /// Whether this exact chain holds, time and revocation aside.
    pub(super) fn chain(&self, chain: &[Certificate]) -> Result<(), String> {
        let hashes: Vec<[u8; 32]> = chain.iter().map(Certificate::sha256).collect();
        let parts: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
        remember(&self.chains, key_of(&parts), || super::chain::check(chain))
    }
}

fn key_of(parts: &[&[u8]]) -> Digest {
    let mut stream = Sha256Stream::new();
    for part in parts {
        stream.update(part);
    }
    stream.finish()
}

fn recall<V: Clone>(map: &Mutex<HashMap<Digest, V>>, key: &Digest) -> Option<V> {
    let map = map.lock().unwrap_or_else(PoisonError::into_inner);
    map.get(key).cloned()
}

fn keep<V>(map: &Mutex<HashMap<Digest, V>>, key: Digest, value: V) {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= MAX_ENTRIES {
        map.clear();
    }
    map.insert(key, value);
}

/// The lock is not held while the answer is computed: two threads may both compute it, and come to the same.
fn remember<V: Clone>(
    map: &Mutex<HashMap<Digest, V>>,
    key: Digest,
    compute: impl FnOnce() -> V,
) -> V {
    recall(map, &key).unwrap_or_else(|| {
        let value = compute();
        keep(map, key, value.clone());
        value
    })
}
