//! A key at a remote signing service: address, access, authorization.

use super::Table;
use crate::keys::{
    CscAccess, CscAuthorization, CscSettings, KeySource, OAuthClient, is_plain_http,
};

impl Table<'_, '_, '_> {
    pub(super) fn csc(&mut self) -> Option<KeySource> {
        self.only(&[
            "url",
            "specs",
            "credential",
            "client_id",
            "client_secret_file",
            "client_secret_credential",
            "token_url",
            "client_certificate_file",
            "client_key_file",
            "ca_file",
            "authorization",
            "pin_file",
            "pin_credential",
            "signatures_per_authorization",
            "plain_http",
            "timeout_ms",
            "approval_s",
            "certificate_file",
        ]);
        let k = self.key;
        let plain_http = k.plain_http.clone().unwrap_or_default();
        let url = self
            .needed(
                "url",
                &k.url,
                "give the service's base address, which ends in /csc/v2",
            )
            .map(str::to_owned);
        for (name, address) in [("url", &k.url), ("token_url", &k.token_url)] {
            if let Some(address) = address {
                self.service_address(name, address, &plain_http);
            }
        }
        let access = self.access();
        let authorization = self.authorization();
        let certificate_file = self.optional_file("certificate_file", &k.certificate_file);
        let ca_file = self.optional_file("ca_file", &k.ca_file);
        let timeout_ms = k.timeout_ms.unwrap_or(CscSettings::TIMEOUT_MS);
        let at = self.at("timeout_ms");
        self.c.within(
            &at,
            timeout_ms,
            1..=60_000,
            "a clerk waits for the signature",
        );
        let approval_s = k.approval_s.unwrap_or(CscSettings::APPROVAL_S);
        let at = self.at("approval_s");
        let why = "a request is kept open while somebody approves";
        self.c.within(&at, approval_s, 0..=600, why);
        Some(KeySource::Csc(CscSettings {
            url: url?,
            specs: k.specs.clone(),
            credential: k.credential.clone(),
            access,
            authorization: authorization?,
            certificate_file,
            ca_file,
            plain_http,
            timeout_ms,
            approval_s,
            poll_ms: CscSettings::POLL_MS,
        }))
    }

    fn service_address(&mut self, name: &str, address: &str, plain_http: &[String]) {
        let at = self.at(name);
        self.c.http_url(&at, address);
        if address.starts_with("http://") && !is_plain_http(address, plain_http) {
            let remedy = "write https://…; plain HTTP is for loopback and private addresses that plain_http lists as \"host:port\"";
            self.wrong(name, format!("`{address}` is not https"), remedy);
        }
    }

    fn access(&mut self) -> CscAccess {
        let k = self.key;
        let secret_given = k.client_secret_file.is_some() || k.client_secret_credential.is_some();
        let oauth = match (&k.client_id, secret_given) {
            (Some(id), _) => self
                .needed_secret(
                    "client_secret",
                    &k.client_secret_file,
                    &k.client_secret_credential,
                )
                .map(|secret| OAuthClient {
                    id: id.clone(),
                    secret,
                    token_url: k.token_url.clone(),
                }),
            (None, true) => {
                self.wrong(
                    "client_id",
                    "is missing",
                    "give the OAuth client that the secret belongs to",
                );
                None
            }
            (None, false) => None,
        };
        let certificate = self.optional_file("client_certificate_file", &k.client_certificate_file);
        let at = self.at("client_key_file");
        let key = k
            .client_key_file
            .as_deref()
            .map(|text| self.c.secret(&at, text));
        let mutual_tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let remedy = "give both client_certificate_file and client_key_file, or neither";
                self.wrong(
                    "client_certificate_file",
                    "a certificate needs its key, and a key its certificate",
                    remedy,
                );
                None
            }
        };
        if k.client_id.is_none() && !secret_given && mutual_tls.is_none() {
            let remedy = "give client_id with client_secret_file (OAuth), or client_certificate_file with client_key_file (mutual TLS)";
            self.wrong(
                "client_id",
                "nothing says how the service is accessed",
                remedy,
            );
        }
        CscAccess { oauth, mutual_tls }
    }

    fn authorization(&mut self) -> Option<CscAuthorization> {
        let k = self.key;
        let signatures = k.signatures_per_authorization.unwrap_or(1);
        let at = self.at("signatures_per_authorization");
        let why = "each authorization covers so many signatures";
        self.c.within(&at, signatures, 1..=10_000, why);
        match k.authorization.as_deref().unwrap_or("sad") {
            "sad" => Some(CscAuthorization::Sad {
                pin: self.secret("pin", &k.pin_file, &k.pin_credential),
                signatures: u32::try_from(signatures).unwrap_or(1),
            }),
            "bearer" => Some(CscAuthorization::Bearer),
            other => {
                let wrong = format!("`{other}` is not a way to authorize signatures");
                let remedy = "one of: sad (the service gives activation data for each signature), bearer (the access token says it all)";
                self.wrong("authorization", wrong, remedy);
                None
            }
        }
    }
}
