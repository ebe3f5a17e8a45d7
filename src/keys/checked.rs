//! A key whose every signature is checked before anybody gets it.
//!
//! A token, a remote service or a machine with a bad bit may give back something else than what was asked for; an RSA signature that
//! went wrong inside the CRT may even give the key away (Boneh, DeMillo, Lipton 1997). RSA checks cost a fortieth of signing.

use super::SigningKey;
use super::failure::KeyFailure;
use crate::pki::cert::Certificate;
use crate::pki::crypto::{PublicKey, SignatureAlgorithm};
use crate::record::Fault;

pub struct Checked {
    key: Box<dyn SigningKey>,
    public: PublicKey,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked")
            .field("algorithm", &self.key.algorithm())
            .finish_non_exhaustive()
    }
}

impl Checked {
    /// # Errors
    /// The first certificate is missing, or another key's.
    pub fn new(key: Box<dyn SigningKey>, certificates: &[Certificate]) -> Result<Self, Fault> {
        let certificate = certificates.first().ok_or_else(|| {
            Fault::new(
                "looking for the key's certificate",
                KeyFailure::CertificateMissing,
            )
        })?;
        if certificate.spki() != key.spki() {
            return Err(Fault::new(
                "comparing key and certificate",
                KeyFailure::CertificateOfAnotherKey,
            ));
        }
        Ok(Self {
            key,
            public: certificate.public_key().clone(),
        })
    }

    fn checked(&self, message: &[u8], signature: Vec<u8>) -> Result<Vec<u8>, Fault> {
        match self
            .public
            .verify(self.key.algorithm(), message, &signature)
        {
            Ok(()) => Ok(signature),
            Err(why) => Err(Fault::new(
                "checking a fresh signature",
                KeyFailure::SignatureDoesNotVerify(why),
            )),
        }
    }
}

impl SigningKey for Checked {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    fn spki(&self) -> &[u8] {
        self.key.spki()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        self.checked(message, self.key.sign(message)?)
    }

    fn prove(&self, message: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let signature = self.key.prove(message)?;
        signature.map(|s| self.checked(message, s)).transpose()
    }
}
