//! What the operator says about a key: where it lives and what it signs with.

use std::path::PathBuf;

use super::choice::AlgorithmChoice;
use super::csc::CscSettings;
use super::pkcs11::Pkcs11Settings;
use super::secret::Secret;

#[derive(Debug, Clone)]
pub struct KeySettings {
    pub source: KeySource,
    pub choice: AlgorithmChoice,
}

#[derive(Debug, Clone)]
pub enum KeySource {
    Pem(PemSettings),
    Pkcs12(Pkcs12Settings),
    Pkcs11(Pkcs11Settings),
    Csc(CscSettings),
}

#[derive(Debug, Clone)]
pub struct PemSettings {
    pub key_file: PathBuf,
    /// For an encrypted PEM.
    pub password: Option<Secret>,
    /// PEM: the key's certificate first, then its issuers.
    pub certificate_file: PathBuf,
}

#[derive(Debug, Clone)]
pub struct Pkcs12Settings {
    pub file: PathBuf,
    pub password: Secret,
    /// Where the file itself lacks the issuers: PEM, the key's certificate first.
    pub certificate_file: Option<PathBuf>,
}

impl KeySettings {
    /// The simple form: an unencrypted PEM key beside its certificate.
    #[must_use]
    pub const fn pem(key_file: PathBuf, certificate_file: PathBuf) -> Self {
        Self {
            source: KeySource::Pem(PemSettings {
                key_file,
                password: None,
                certificate_file,
            }),
            choice: AlgorithmChoice::NATURAL,
        }
    }
}
