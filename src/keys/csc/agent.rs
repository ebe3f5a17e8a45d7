//! The one HTTP client for a signing service: TLS with the operator's roots or the system's, and a client certificate where there is one.

use std::path::Path;
use std::time::Duration;

use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use super::settings::CscSettings;
use crate::keys::secret::closed_file;
use crate::pki::cert;
use crate::record::Fault;

pub(super) fn agent(settings: &CscSettings) -> Result<ureq::Agent, Fault> {
    let roots = match &settings.ca_file {
        Some(file) => RootCerts::new_with_certs(&tls_certificates(file)?),
        None => RootCerts::PlatformVerifier,
    };
    let client = settings
        .access
        .mutual_tls
        .as_ref()
        .map(|(certificate, key)| client_certificate(certificate, key))
        .transpose()?;
    let tls = TlsConfig::builder()
        .provider(TlsProvider::NativeTls)
        .root_certs(roots)
        .client_cert(client)
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_millis(settings.timeout_ms)))
        .proxy(None)
        .user_agent(concat!("antin/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.into())
}

fn tls_certificates(file: &Path) -> Result<Vec<Certificate<'static>>, Fault> {
    let doing = || format!("reading {}", file.display());
    let pem = std::fs::read(file).map_err(|e| Fault::new(doing(), e))?;
    let list = cert::list_from_pem(&pem).map_err(|e| Fault::new(doing(), e))?;
    if list.is_empty() {
        return Err(Fault::plain(format!(
            "{} holds no certificate",
            file.display()
        )));
    }
    Ok(list
        .iter()
        .map(|c| Certificate::from_der(c.der()).to_owned())
        .collect())
}

fn client_certificate(certificate: &Path, key: &Path) -> Result<ClientCert, Fault> {
    let doing = || format!("reading the client key {}", key.display());
    let chain = tls_certificates(certificate)?;
    let pem = closed_file(key, "the client key")?;
    let key = openssl::pkey::PKey::private_key_from_pem_callback(&pem, |_| Ok(0))
        .map_err(|e| Fault::new(doing(), e))?;
    let pkcs8 = key
        .private_key_to_pem_pkcs8()
        .map_err(|e| Fault::new(doing(), e))?;
    let key = PrivateKey::from_pem(&pkcs8).map_err(|e| Fault::new(doing(), e))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}
