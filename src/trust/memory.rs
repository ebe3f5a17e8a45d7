//! Remembers answers of pure functions: parsed certificates by their bytes, chain judgements by their certificates.
//!
//! # Invariants
//! * An entry never expires because it can't become wrong: keys are SHA-256 of all the input.
//! * Bounded: at `MAX_ENTRIES` the map starts anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::pki::Malformed;
use crate::pki::cert::Certificate;
use crate::record::{Digest, Sha256Stream, sha256};

/// A certificate is held with about 6 KB (DER, fields, OpenSSL's form): 4,096 of them stay under 25 MB.
const MAX_ENTRIES: usize = 4_096;

#[derive(Default)]
pub struct Memory {
    certificates: Mutex<HashMap<Digest, Certificate>>,
    chains: Mutex<HashMap<Digest, Result<(), String>>>,
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
        let key = sha256(der);
        if let Some(known) = self
            .certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(known.clone());
        }
        let parsed = Certificate::from_der(der)?;
        let mut map = self
            .certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_ENTRIES {
            map.clear();
        }
        map.insert(key, parsed.clone());
        Ok(parsed)
    }

    /// Whether this exact chain holds, time and revocation aside.
    pub(super) fn chain(&self, chain: &[Certificate]) -> Result<(), String> {
        let mut stream = Sha256Stream::new();
        for certificate in chain {
            stream.update(&certificate.sha256());
        }
        let key = stream.finish();
        if let Some(known) = self
            .chains
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return known.clone();
        }
        let answer = super::chain::check(chain);
        let mut map = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_ENTRIES {
            map.clear();
        }
        map.insert(key, answer.clone());
        answer
    }
}
