//! Signing keys behind one contract: bytes in, signature out.
//!
//! # Contents
//! * [`open`]: from [`KeySettings`] to a key with its certificates. `secret`: passwords and PINs in files of their own.
//! * `file`: PEM. `pkcs12`: PKCS#12. `pkcs11`: tokens and security modules. `csc`: remote signing services.
//! * `choice`: which algorithm a key signs with. `checked`: no signature leaves that does not verify. `failure`: what went wrong, typed.
//!
//! # Invariants
//! * A key never leaves its holder; what is signed is shown to it as the exact bytes.
//! * A signature that does not verify under the certificate's public key is a fault, whatever made it.
//! * SHA-256 and RSA-2048 or P-256 are the least that is ever signed with.
//!
//! # What is not here
//! Whether a certificate may be used now, and for whom it stands: `archive::seal`, `archive::binding`.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod certificates;
mod checked;
mod choice;
mod csc;
mod ecdsa;
mod failure;
mod file;
mod pkcs11;
mod pkcs12;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

pub use checked::Checked;
pub use choice::{AlgorithmChoice, RsaScheme, Unsuited, algorithm_for};
pub use csc::{CscAccess, CscAuthorization, CscSettings, OAuthClient, ServiceKey, is_plain_http};
pub use failure::{KeyFailure, RemoteRefusal};
pub use file::FileKey;
pub use pkcs11::{Pkcs11Settings, TokenKey, TokenName};
pub use secret::Secret;
pub use settings::{KeySettings, KeySource, PemSettings, Pkcs12Settings};

use crate::pki::cert::Certificate;
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

    /// Shows that the key can be used now: by a signature over `message`, which means nothing; by other means, and none, where a
    /// signature costs somebody's consent.
    ///
    /// # Errors
    /// It can't.
    fn prove(&self, message: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.sign(message).map(Some)
    }
}

/// A key ready to sign, with the certificate that was issued for it.
pub struct Opened {
    pub key: Box<dyn SigningKey>,
    /// The key's own first, then its issuers, as far as they are known.
    pub certificates: Vec<Certificate>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("algorithm", &self.key.algorithm())
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// Opens a key of any kind.
///
/// # Errors
/// It can't be reached or used, or does not fit its certificate; the [`KeyFailure`] or [`Unsuited`] below says which where it is known.
pub fn open(settings: &KeySettings) -> Result<Opened, Fault> {
    let choice = settings.choice;
    let (key, certificates): (Box<dyn SigningKey>, _) = match &settings.source {
        KeySource::Pem(pem) => boxed(file::open(pem, choice)?),
        KeySource::Pkcs12(pkcs12) => boxed(pkcs12::open(pkcs12, choice)?),
        KeySource::Pkcs11(token) => boxed(TokenKey::open(token, choice)?),
        KeySource::Csc(service) => boxed(ServiceKey::open(service, choice)?),
    };
    let key = Box::new(Checked::new(key, &certificates)?);
    Ok(Opened { key, certificates })
}

fn boxed<K: SigningKey + 'static>(
    (key, certificates): (K, Vec<Certificate>),
) -> (Box<dyn SigningKey>, Vec<Certificate>) {
    (Box::new(key), certificates)
}
