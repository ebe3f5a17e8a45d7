//! Keys in PKCS#12 files (RFC 7292), with the certificates they bring along.
//!
//! # Invariants
//! * OpenSSL's legacy provider (RC2, 40-bit keys) is loaded only when a file needs it, once, and the default one stays.

use std::sync::OnceLock;

use openssl::pkcs12::{ParsedPkcs12_2, Pkcs12};
use openssl::provider::Provider;

use super::SigningKey as _;
use super::certificates;
use super::choice::AlgorithmChoice;
use super::failure::KeyFailure;
use super::file::FileKey;
use super::secret::closed_file;
use super::settings::Pkcs12Settings;
use crate::pki::cert::Certificate;
use crate::record::Fault;

pub(super) fn open(
    settings: &Pkcs12Settings,
    choice: AlgorithmChoice,
) -> Result<(FileKey, Vec<Certificate>), Fault> {
    let doing = || format!("opening the PKCS#12 file {}", settings.file.display());
    let bytes = closed_file(&settings.file, "the PKCS#12 file")?;
    let password = settings.password.read()?;
    let parsed = parse(&bytes, &password).map_err(|e| Fault::new(doing(), e))?;
    let key = parsed
        .pkey
        .ok_or_else(|| Fault::plain(format!("{} holds no private key", settings.file.display())))?;
    let key = FileKey::with(key, choice).map_err(|e| Fault::new(doing(), e))?;
    if let Some(file) = &settings.certificate_file {
        let certificates = certificates::read_for(key.spki(), file)?;
        return Ok((key, certificates));
    }
    let mut bag = Vec::new();
    let own = parsed.cert.iter().map(AsRef::as_ref);
    for certificate in own.chain(parsed.ca.iter().flatten()) {
        let der = certificate.to_der().map_err(|e| Fault::new(doing(), e))?;
        bag.push(Certificate::from_der(&der).map_err(|e| Fault::new(doing(), e))?);
    }
    let chain = certificates::chain(key.spki(), bag);
    if chain.is_empty() {
        return Err(Fault::new(doing(), KeyFailure::CertificateMissing));
    }
    Ok((key, chain))
}

fn parse(der: &[u8], password: &str) -> Result<ParsedPkcs12_2, Fault> {
    const DOING: &str = "reading PKCS#12";
    let file = Pkcs12::from_der(der).map_err(|e| Fault::new(DOING, e))?;
    let error = match file.parse2(password) {
        Ok(parsed) => return Ok(parsed),
        Err(error) => error,
    };
    let says = |what: &str| {
        error
            .errors()
            .iter()
            .any(|e| e.reason().is_some_and(|r| r.contains(what)))
    };
    if says("mac verify failure") {
        return Err(Fault::new(DOING, KeyFailure::PasswordWrong));
    }
    if !says("unsupported") {
        return Err(Fault::new(DOING, error));
    }
    if !legacy() {
        return Err(Fault::new(DOING, KeyFailure::LegacyUnavailable));
    }
    file.parse2(password).map_err(|e| Fault::new(DOING, e))
}

/// Whether the legacy provider is there; once loaded, it stays for the life of the program.
fn legacy() -> bool {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    LEGACY
        .get_or_init(|| Provider::try_load(None, "legacy", true).ok())
        .is_some()
}
