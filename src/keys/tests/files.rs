//! PEM and PKCS#12 files as OpenSSL's command line writes them, today's and yesterday's, with passwords, modes and mistakes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::super::{
    AlgorithmChoice, KeyFailure, KeySettings, KeySource, Opened, PemSettings, Pkcs12Settings,
    Secret, open,
};
use crate::record::Fault;

/// A folder with a root, an authority below it and a seal below that, made by the command line.
struct Desk(PathBuf);

impl Desk {
    fn new(test: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            use std::io::Write as _;
            let why = "there is no openssl command here (Debian: apt install openssl)";
            assert!(
                std::env::var("ANTIN_TEST_REQUIRE").as_deref() != Ok("1"),
                "required, but {why}"
            );
            // Not `eprintln!`: the test harness keeps that back from a test that passes.
            drop(writeln!(std::io::stderr(), "SKIPPED {test} ({why})"));
            return None;
        }
        let dir = std::env::temp_dir().join(format!("antin-keys-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let desk = Self(dir);
        desk.secret("password", "mật khẩu\n");
        desk.secret("wrong", "khác\n");
        let new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        desk.run(&format!(
            "{new} -x509 -days 9 -subj /CN=Root -keyout root.key -out root.pem"
        ));
        for (name, issuer) in [("ca", "root"), ("seal", "ca")] {
            desk.run(&format!(
                "{new} -subj /CN={name} -keyout {name}.key -out {name}.csr"
            ));
            desk.run(&format!(
                "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -days 9 -out {name}.pem"
            ));
        }
        desk.write(
            "issuers.pem",
            &[desk.read("root.pem"), desk.read("ca.pem")].concat(),
        );
        desk.write(
            "chain.pem",
            &[desk.read("seal.pem"), desk.read("ca.pem")].concat(),
        );
        desk.mode("seal.key", 0o600);
        Some(desk)
    }

    #[track_caller]
    fn run(&self, arguments: &str) {
        let output = Command::new("openssl")
            .current_dir(&self.0)
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.0.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn secret(&self, name: &str, text: &str) {
        self.write(name, text.as_bytes());
        self.mode(name, 0o600);
    }

    fn password(&self, name: &str) -> Secret {
        Secret::File(self.0.join(name))
    }

    fn pem(&self, key: &str, password: Option<&str>, certificate: &str) -> Result<Opened, Fault> {
        let source = KeySource::Pem(PemSettings {
            key_file: self.0.join(key),
            password: password.map(|p| self.password(p)),
            certificate_file: self.0.join(certificate),
        });
        open(&KeySettings {
            source,
            choice: AlgorithmChoice::NATURAL,
        })
    }

    fn pkcs12(
        &self,
        file: &str,
        password: &str,
        certificate: Option<&str>,
    ) -> Result<Opened, Fault> {
        let source = KeySource::Pkcs12(Pkcs12Settings {
            file: self.0.join(file),
            password: self.password(password),
            certificate_file: certificate.map(|c| self.0.join(c)),
        });
        open(&KeySettings {
            source,
            choice: AlgorithmChoice::NATURAL,
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn check_opens(outcome: Result<Opened, Fault>, names: &[&str]) {
    let opened = outcome.unwrap();
    let found: Vec<&str> = opened
        .certificates
        .iter()
        .filter_map(|c| c.subject().common_name())
        .collect();
    assert_eq!(found, names);
    let signature = opened.key.sign(b"x").unwrap();
    let public = opened.certificates[0].public_key();
    public
        .verify(opened.key.algorithm(), b"x", &signature)
        .unwrap();
}

#[track_caller]
fn check_failure(outcome: Result<Opened, Fault>, wanted: KeyFailure) {
    let fault = outcome.unwrap_err();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&fault);
    let found = std::iter::from_fn(|| {
        let error = next?;
        next = error.source();
        Some(error)
    })
    .find_map(|error| error.downcast_ref::<KeyFailure>());
    assert_eq!(found, Some(&wanted), "{}", fault.chain());
}

#[test]
fn pem_keys_open_with_and_without_a_password() {
    let Some(desk) = Desk::new("pem") else { return };
    check_opens(desk.pem("seal.key", None, "chain.pem"), &["seal", "ca"]);
    desk.run("pkcs8 -topk8 -in seal.key -passout file:password -out locked.key");
    desk.run("ec -in seal.key -aes256 -passout file:password -out old.key");
    for file in ["locked.key", "old.key"] {
        desk.mode(file, 0o600);
        check_opens(
            desk.pem(file, Some("password"), "chain.pem"),
            &["seal", "ca"],
        );
        check_failure(
            desk.pem(file, Some("wrong"), "chain.pem"),
            KeyFailure::PasswordWrong,
        );
        check_failure(
            desk.pem(file, None, "chain.pem"),
            KeyFailure::PasswordNeeded,
        );
    }
    // A password for a key that has none is not asked for.
    check_opens(
        desk.pem("seal.key", Some("password"), "chain.pem"),
        &["seal", "ca"],
    );
    check_failure(
        desk.pem("seal.key", None, "ca.pem"),
        KeyFailure::CertificateOfAnotherKey,
    );
    assert!(desk.pem("chain.pem", None, "chain.pem").is_err());
}

#[test]
fn files_that_others_can_read_are_refused() {
    let Some(desk) = Desk::new("modes") else {
        return;
    };
    desk.run("pkcs12 -export -inkey seal.key -in seal.pem -passout file:password -out seal.p12");
    for (name, mode) in [
        ("seal.key", 0o640),
        ("seal.key", 0o604),
        ("password", 0o644),
        ("seal.p12", 0o640),
    ] {
        for closed in ["seal.key", "password", "seal.p12"] {
            desk.mode(closed, 0o600);
        }
        desk.mode(name, mode);
        let open_to_others = KeyFailure::OpenToOthers {
            file: desk.0.join(name),
            mode,
        };
        if name == "seal.key" {
            check_failure(desk.pem(name, None, "chain.pem"), open_to_others);
        } else {
            check_failure(desk.pkcs12("seal.p12", "password", None), open_to_others);
        }
    }
}

#[test]
fn pkcs12_files_of_today_and_of_yesterday_open() {
    let Some(desk) = Desk::new("pkcs12") else {
        return;
    };
    let export = "pkcs12 -export -inkey seal.key -in seal.pem -passout file:password";
    // With the issuers in the wrong order, without MAC iterations, with RC2 and 3DES.
    desk.run(&format!("{export} -certfile issuers.pem -out modern.p12"));
    desk.run(&format!(
        "{export} -certfile issuers.pem -legacy -out legacy.p12"
    ));
    desk.run(&format!(
        "{export} -certpbe NONE -keypbe PBE-SHA1-3DES -macalg sha1 -out bare.p12"
    ));
    for file in ["modern.p12", "legacy.p12", "bare.p12"] {
        desk.mode(file, 0o600);
        check_failure(desk.pkcs12(file, "wrong", None), KeyFailure::PasswordWrong);
    }
    check_opens(
        desk.pkcs12("modern.p12", "password", None),
        &["seal", "ca", "Root"],
    );
    check_opens(
        desk.pkcs12("legacy.p12", "password", None),
        &["seal", "ca", "Root"],
    );
    check_opens(desk.pkcs12("bare.p12", "password", None), &["seal"]);
    check_opens(
        desk.pkcs12("bare.p12", "password", Some("chain.pem")),
        &["seal", "ca"],
    );
    check_failure(
        desk.pkcs12("bare.p12", "password", Some("ca.pem")),
        KeyFailure::CertificateOfAnotherKey,
    );
    // What was loaded for the old file has not taken the new algorithms away.
    check_opens(desk.pem("seal.key", None, "chain.pem"), &["seal", "ca"]);
    desk.run(&format!("{export} -nokeys -out nokey.p12"));
    desk.mode("nokey.p12", 0o600);
    assert!(desk.pkcs12("nokey.p12", "password", None).is_err());
    desk.secret("cut.p12", "0\u{3}\u{2}\u{1}");
    assert!(desk.pkcs12("cut.p12", "password", None).is_err());
}

#[test]
fn secrets_are_one_text_without_its_line_end() {
    let Some(desk) = Desk::new("secrets") else {
        return;
    };
    for (text, wanted) in [
        ("mật khẩu", Some("mật khẩu")),
        ("two words \r\n", Some("two words ")),
        ("", None),
        ("\n", None),
        ("a\0b", None),
    ] {
        desk.secret("one", text);
        assert_eq!(
            desk.password("one").read().ok().as_deref(),
            wanted,
            "{text:?}"
        );
    }
    assert!(desk.password("missing").read().is_err());
}
