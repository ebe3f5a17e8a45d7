//! Signing keys behind one contract: bytes in, signature out.
//!
//! # Invariants
//! * A key never leaves its holder; what is signed is shown to it as the exact bytes.
//!
//! # What is not here
//! Which certificate belongs to the key and whether it may be used now: `archive::seal`.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod file;
#[cfg(test)]
mod tests;

pub use file::FileKey;

use crate::pki::crypto::SignatureAlgorithm;
use crate::record::Fault;

/// A private key that signs, wherever it lives.
pub trait SigningKey: Send + Sync {
    fn algorithm(&self) -> SignatureAlgorithm;

    /// SubjectPublicKeyInfo, DER: must equal the certificate's.
    fn spki(&self) -> &[u8];

    /// Signs `message` (the key's algorithm hashes it).
    ///
    /// # Errors
    /// The key could not be used; nothing was signed.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault>;
}
