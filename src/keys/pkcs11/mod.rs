//! Keys on tokens and in security modules (PKCS #11 v2.40 and v3).
//!
//! # Contents
//! * `settings`: which module, token, key. `module`: loaded once for a path. `token`: finding and logging in.
//! * `pool`: one session per signature under way, bounded. `objects`: key and certificates. `mechanism`: bytes in, signature out.
//!
//! # Invariants
//! * Log-in is the token's, not the session's: one lock for each token, and a PIN that was refused is never sent again.
//! * After a signature failed because the token or its sessions have gone, everything is opened anew and tried once more, not oftener.

mod mechanism;
mod module;
mod objects;
mod pool;
mod settings;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use cryptoki::error::{Error, RvError};

pub use settings::{Pkcs11Settings, TokenName};

use self::mechanism::Method;
use self::pool::Pool;
use self::token::Token;
use super::choice::{AlgorithmChoice, RsaScheme, algorithm_for};
use super::failure::KeyFailure;
use super::{SigningKey, certificates};
use crate::pki::cert::Certificate;
use crate::pki::crypto::{KeyKind, SignatureAlgorithm};
use crate::record::Fault;

const SIGNING: &str = "signing with a key on a token";

/// A private key on a token.
#[derive(Debug)]
pub struct TokenKey {
    pool: Pool,
    method: Method,
    algorithm: SignatureAlgorithm,
    spki: Vec<u8>,
}

impl TokenKey {
    /// Finds token, key and certificates, logs in, and makes one signature to see that it all works.
    ///
    /// # Errors
    /// What does not, as a [`KeyFailure`] where it is known.
    pub fn open(
        settings: &Pkcs11Settings,
        choice: AlgorithmChoice,
    ) -> Result<(Self, Vec<Certificate>), Fault> {
        let doing = || format!("opening the key {}", settings.name());
        let token = Arc::new(Token::new(settings)?);
        let pool = Pool::new(Arc::clone(&token), settings);
        let (key, certificates) = pool
            .with(|session, key| {
                let key = objects::describe(session, key)?;
                let certificates = match &settings.certificate_file {
                    Some(file) => certificates::read(file).map_err(Attempt::Final)?,
                    None => objects::certificates(session, &key.id)?,
                };
                Ok((key, certificates))
            })
            .map_err(|e| Fault::new(doing(), e.into_fault()))?;
        let certificate = certificates
            .first()
            .ok_or_else(|| Fault::new(doing(), KeyFailure::CertificateMissing))?;
        let facts = certificate.key_facts();
        let mechanisms = token.mechanisms().map_err(|e| Fault::new(doing(), e))?;
        let mut choice = choice;
        // PSS is what is asked for by itself, where the token can.
        if facts.kind == KeyKind::Rsa && choice.rsa.is_none() {
            let pss = AlgorithmChoice {
                rsa: Some(RsaScheme::Pss),
                ..choice
            };
            let can = algorithm_for(facts, pss)
                .is_ok_and(|a| Method::new(a, facts, &mechanisms, key.access).is_ok());
            choice.rsa = Some(if can {
                RsaScheme::Pss
            } else {
                RsaScheme::Pkcs1
            });
        }
        let algorithm = algorithm_for(facts, choice).map_err(|e| Fault::new(doing(), e))?;
        let method = Method::new(algorithm, facts, &mechanisms, key.access)
            .map_err(|e| Fault::new(doing(), e))?;
        let opened = Self {
            pool,
            method,
            algorithm,
            spki: certificate.spki().to_vec(),
        };
        opened
            .prove(certificate)
            .map_err(|e| Fault::new(doing(), e))?;
        Ok((opened, certificates))
    }

    /// Tokens often give no public key away: a signature shows whether the private one belongs to the certificate.
    fn prove(&self, certificate: &Certificate) -> Result<(), Fault> {
        let message = b"antin opens a key on a token, no document\n";
        let signature = self.sign(message)?;
        certificate
            .public_key()
            .verify(self.algorithm, message, &signature)
            .map_err(|_| {
                Fault::new(
                    "comparing the key on the token with the certificate",
                    KeyFailure::CertificateOfAnotherKey,
                )
            })
    }

    fn try_once(&self, message: &[u8]) -> Result<Vec<u8>, Attempt> {
        self.pool
            .with(|session, key| self.method.sign(session, key, self.pool.token(), message))
    }
}

impl SigningKey for TokenKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let first = match self.try_once(message) {
            Ok(signature) => return Ok(signature),
            Err(Attempt::Final(fault)) => return Err(fault),
            Err(Attempt::Gone(error)) => error,
        };
        tracing::warn!(token = %self.pool.token().name(), error = %first, "the token's sessions are gone; opening them anew");
        self.pool.forget();
        self.pool.token().revive(&first);
        self.try_once(message).map_err(|again| match again {
            Attempt::Final(fault) => fault,
            Attempt::Gone(error) => {
                tracing::warn!(token = %self.pool.token().name(), %error, "the token did not come back");
                Fault::new(SIGNING, KeyFailure::TokenGone)
            }
        })
    }
}

/// Why a signature was not made: for good, or worth opening everything anew.
#[derive(Debug)]
enum Attempt {
    Gone(Error),
    Final(Fault),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        if is_gone(&error) {
            Self::Gone(error)
        } else {
            Self::Final(Fault::new(SIGNING, failure_of(error)))
        }
    }
}

impl From<KeyFailure> for Attempt {
    fn from(failure: KeyFailure) -> Self {
        Self::Final(Fault::new(SIGNING, failure))
    }
}

impl Attempt {
    fn into_fault(self) -> Fault {
        match self {
            Self::Gone(error) => Fault::new("using the token", error),
            Self::Final(fault) => fault,
        }
    }
}

/// The session, the log-in or the token is not there any more (PKCS #11 v2.40 5.1): all of it may come back.
fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::SlotIdInvalid
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::CryptokiNotInitialized
                | RvError::GeneralError
                | RvError::FunctionFailed,
            _
        )
    )
}

/// The library's error as a failure of ours where it is one.
fn failure_of(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        Error::Pkcs11(RvError::PinIncorrect, _) => Box::new(KeyFailure::PinWrong),
        Error::Pkcs11(RvError::PinLocked, _) => Box::new(KeyFailure::PinLocked),
        other => Box::new(other),
    }
}
