//! An office's key: which kind, and whether what is written fits it.
//!
//! # What is not here
//! Opening it: `keys::open` does, when the archive is opened or `config check` tries it.

mod csc;

use super::check::Checker;
use super::raw;
use crate::keys::{
    AlgorithmChoice, KeySettings, KeySource, PemSettings, Pkcs11Settings, Pkcs12Settings,
    RsaScheme, Secret, TokenName,
};
use crate::pki::digest::DigestAlgorithm;

const KINDS: &str = "one of: pem, pkcs12, pkcs11, csc; `antin config example` shows each";

/// A maker's library that makes more signatures at once than this is none that we know of.
const SESSIONS_MAX: u64 = 256;

/// `[office.key]`, or the simple form: `key_file` and `certificate_file` of the office itself.
pub(super) fn of_office(
    c: &mut Checker<'_>,
    place: &str,
    office: &raw::Office,
) -> Option<KeySettings> {
    match (&office.key, &office.key_file, &office.certificate_file) {
        (Some(key), None, None) => of_kind(c, &format!("{place}: key"), key),
        (Some(_), _, _) => {
            c.wrong(
                place,
                "has both [office.key] and key_file or certificate_file of its own",
                "keep one of the two forms",
            );
            None
        }
        (None, Some(key), Some(certificate)) => {
            let key_file = c.secret(&format!("{place}: key_file"), key);
            let certificate_file = c.existing(&format!("{place}: certificate_file"), certificate);
            Some(KeySettings::pem(key_file, certificate_file))
        }
        (None, _, _) => {
            c.wrong(
                place,
                "no key is named",
                "give key_file and certificate_file, or a table [office.key] with its kind",
            );
            None
        }
    }
}

/// `[office.keys.NAME]`: keys besides the seal.
pub(super) fn others_of_office(
    c: &mut Checker<'_>,
    place: &str,
    office: &raw::Office,
) -> Vec<(String, KeySettings)> {
    let mut keys = Vec::new();
    for (name, key) in &office.keys {
        let settings = of_kind(c, &format!("{place}: keys.{name}"), key);
        keys.extend(settings.map(|settings| (name.clone(), settings)));
    }
    keys
}

struct Table<'c, 'b, 'k> {
    c: &'c mut Checker<'b>,
    place: &'k str,
    key: &'k raw::Key,
}

fn of_kind(c: &mut Checker<'_>, place: &str, key: &raw::Key) -> Option<KeySettings> {
    let mut table = Table { c, place, key };
    let choice = table.choice();
    let source = match key.kind.as_str() {
        "pem" => table.pem(),
        "pkcs12" => table.pkcs12(),
        "pkcs11" => table.pkcs11(),
        "csc" => table.csc(),
        other => {
            table.wrong("kind", format!("`{other}` is not a kind of key"), KINDS);
            None
        }
    };
    Some(KeySettings {
        source: source?,
        choice,
    })
}

impl Table<'_, '_, '_> {
    fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    fn wrong(&mut self, name: &str, wrong: impl Into<String>, remedy: &str) {
        let at = self.at(name);
        self.c.wrong(at, wrong, remedy);
    }

    fn choice(&mut self) -> AlgorithmChoice {
        let rsa = match self.key.signature.as_deref() {
            None => None,
            Some("pss") => Some(RsaScheme::Pss),
            Some("pkcs1") => Some(RsaScheme::Pkcs1),
            Some(other) => {
                let wrong = format!("`{other}` is not a scheme for RSA signatures");
                self.wrong("signature", wrong, "one of: pss, pkcs1; or leave it out");
                None
            }
        };
        let digest = match self.key.digest.as_deref() {
            None => None,
            Some("sha256") => Some(DigestAlgorithm::Sha256),
            Some("sha384") => Some(DigestAlgorithm::Sha384),
            Some("sha512") => Some(DigestAlgorithm::Sha512),
            Some(other) => {
                let wrong = format!("`{other}` is not a digest for new signatures");
                let remedy = "one of: sha256, sha384, sha512; or leave it out";
                self.wrong("digest", wrong, remedy);
                None
            }
        };
        AlgorithmChoice { rsa, digest }
    }

    /// What belongs to another kind is a mistake, like a mistyped key.
    fn only(&mut self, fits: &[&str]) {
        let k = self.key;
        let given = [
            ("certificate_file", k.certificate_file.is_some()),
            ("key_file", k.key_file.is_some()),
            ("file", k.file.is_some()),
            ("password_file", k.password_file.is_some()),
            ("password_credential", k.password_credential.is_some()),
            ("module", k.module.is_some()),
            ("token", k.token.is_some()),
            ("token_serial", k.token_serial.is_some()),
            ("key", k.key.is_some()),
            ("key_id", k.key_id.is_some()),
            ("pin_file", k.pin_file.is_some()),
            ("pin_credential", k.pin_credential.is_some()),
            ("sessions", k.sessions.is_some()),
            ("url", k.url.is_some()),
            ("specs", k.specs.is_some()),
            ("credential", k.credential.is_some()),
            ("client_id", k.client_id.is_some()),
            ("client_secret_file", k.client_secret_file.is_some()),
            (
                "client_secret_credential",
                k.client_secret_credential.is_some(),
            ),
            ("token_url", k.token_url.is_some()),
            (
                "client_certificate_file",
                k.client_certificate_file.is_some(),
            ),
            ("client_key_file", k.client_key_file.is_some()),
            ("ca_file", k.ca_file.is_some()),
            ("authorization", k.authorization.is_some()),
            (
                "signatures_per_authorization",
                k.signatures_per_authorization.is_some(),
            ),
            ("plain_http", k.plain_http.is_some()),
            ("timeout_ms", k.timeout_ms.is_some()),
            ("approval_s", k.approval_s.is_some()),
        ];
        for (name, is_given) in given {
            if is_given && !fits.contains(&name) {
                let wrong = format!("does not belong to a key of kind {}", k.kind);
                self.wrong(name, wrong, "take it out, or correct `kind`");
            }
        }
    }

    fn needed<'v>(
        &mut self,
        name: &str,
        value: &'v Option<String>,
        remedy: &str,
    ) -> Option<&'v str> {
        if value.is_none() {
            self.wrong(name, "is missing", remedy);
        }
        value.as_deref()
    }

    fn optional_file(&mut self, name: &str, value: &Option<String>) -> Option<std::path::PathBuf> {
        let at = self.at(name);
        value.as_deref().map(|text| self.c.existing(&at, text))
    }

    /// A file, or a systemd credential; not both.
    fn secret(
        &mut self,
        stem: &str,
        file: &Option<String>,
        credential: &Option<String>,
    ) -> Option<Secret> {
        let at = self.at(&format!("{stem}_file"));
        match (file, credential) {
            (Some(file), None) => Some(Secret::File(self.c.secret(&at, file))),
            (None, Some(name)) if is_credential_name(name) => {
                Some(Secret::Credential(name.clone()))
            }
            (None, Some(name)) => {
                let wrong = format!("`{name}` can't name a credential");
                let remedy = "give the name that stands in LoadCredential= of the systemd unit, without a path";
                self.wrong(&format!("{stem}_credential"), wrong, remedy);
                None
            }
            (Some(_), Some(_)) => {
                let wrong = format!("{stem}_file and {stem}_credential are both given");
                self.wrong(&format!("{stem}_file"), wrong, "keep one of the two");
                None
            }
            (None, None) => None,
        }
    }

    fn needed_secret(
        &mut self,
        stem: &str,
        file: &Option<String>,
        credential: &Option<String>,
    ) -> Option<Secret> {
        if file.is_none() && credential.is_none() {
            let remedy =
                format!("give {stem}_file (mode 600), or {stem}_credential of the systemd unit");
            self.wrong(&format!("{stem}_file"), "is missing", &remedy);
        }
        self.secret(stem, file, credential)
    }

    fn pem(&mut self) -> Option<KeySource> {
        self.only(&[
            "key_file",
            "certificate_file",
            "password_file",
            "password_credential",
        ]);
        let k = self.key;
        let key_file = self.needed(
            "key_file",
            &k.key_file,
            "give the PEM file of the private key",
        );
        let at = self.at("key_file");
        let key_file = key_file.map(|text| self.c.secret(&at, text));
        let remedy = "give the PEM file: the key's certificate first, then its issuers";
        self.needed("certificate_file", &k.certificate_file, remedy);
        let certificate_file = self.optional_file("certificate_file", &k.certificate_file);
        let password = self.secret("password", &k.password_file, &k.password_credential);
        Some(KeySource::Pem(PemSettings {
            key_file: key_file?,
            password,
            certificate_file: certificate_file?,
        }))
    }

    fn pkcs12(&mut self) -> Option<KeySource> {
        self.only(&[
            "file",
            "certificate_file",
            "password_file",
            "password_credential",
        ]);
        let k = self.key;
        let at = self.at("file");
        let file = self
            .needed("file", &k.file, "give the .p12 or .pfx file")
            .map(|text| self.c.secret(&at, text));
        let password = self.needed_secret("password", &k.password_file, &k.password_credential);
        let certificate_file = self.optional_file("certificate_file", &k.certificate_file);
        Some(KeySource::Pkcs12(Pkcs12Settings {
            file: file?,
            password: password?,
            certificate_file,
        }))
    }

    fn pkcs11(&mut self) -> Option<KeySource> {
        self.only(&[
            "module",
            "token",
            "token_serial",
            "key",
            "key_id",
            "pin_file",
            "pin_credential",
            "certificate_file",
            "sessions",
        ]);
        let k = self.key;
        let at = self.at("module");
        let module = self
            .needed(
                "module",
                &k.module,
                "give the maker's library, such as /usr/lib/softhsm/libsofthsm2.so",
            )
            .map(|text| self.c.existing(&at, text));
        let token = match (&k.token, &k.token_serial) {
            (Some(label), None) => Some(TokenName::Label(label.clone())),
            (None, Some(serial)) => Some(TokenName::Serial(serial.clone())),
            (Some(_), Some(_)) => {
                self.wrong(
                    "token",
                    "token and token_serial are both given",
                    "keep one of the two",
                );
                None
            }
            (None, None) => {
                self.wrong(
                    "token",
                    "is missing",
                    "give the token's label, or token_serial",
                );
                None
            }
        };
        let key_id = match k.key_id.as_deref().map(hex) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => {
                let remedy = "write CKA_ID in hexadecimal digits, two for each byte, like \"a1b2\"";
                self.wrong("key_id", "is not hexadecimal", remedy);
                None
            }
        };
        let pin = self.needed_secret("pin", &k.pin_file, &k.pin_credential);
        let certificate_file = self.optional_file("certificate_file", &k.certificate_file);
        let default = u64::try_from(Pkcs11Settings::SESSIONS).unwrap_or(1);
        let sessions = k.sessions.unwrap_or(default);
        let at = self.at("sessions");
        let why = "each is one signature at a time on the token";
        self.c.within(&at, sessions, 1..=SESSIONS_MAX, why);
        Some(KeySource::Pkcs11(Pkcs11Settings {
            module: module?,
            token: token?,
            key_label: k.key.clone(),
            key_id,
            pin: pin?,
            certificate_file,
            sessions: usize::try_from(sessions).unwrap_or(Pkcs11Settings::SESSIONS),
        }))
    }
}

/// systemd.exec: a file name.
fn is_credential_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.contains(['/', '\0'])
        && name != "."
        && name != ".."
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
