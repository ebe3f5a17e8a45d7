//! A SoftHSM token of its own for each test, behind a module that counts calls and makes them fail.
//!
//! SoftHSM reads its configuration from the environment when it is initialised, and a process has one environment: each test runs
//! itself again, as a child with an environment of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private};
use openssl::x509::{X509, X509Name};

use crate::keys::{AlgorithmChoice, Pkcs11Settings, Secret, TokenKey, TokenName};
use crate::record::Fault;

pub const LABEL: &str = "Con dau thu";
pub const PIN: &str = "246810";
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
/// Set for the child: the folder with its token.
const CHILD: &str = "ANTIN_TEST_TOKEN_DIR";

pub struct Desk {
    pub dir: PathBuf,
}

/// Runs `body` with a token, in a child; `name` is the test's own.
#[track_caller]
pub fn with_token(name: &str, body: fn(&Desk)) {
    if let Some(dir) = std::env::var_os(CHILD) {
        return body(&Desk { dir: dir.into() });
    }
    let module = MODULES.iter().find(|m| Path::new(m).is_file());
    let util = Command::new("softhsm2-util").arg("--version").output();
    let (Some(module), Ok(_)) = (module, util) else {
        return skip(name, "there is no SoftHSM (Debian: apt install softhsm2)");
    };
    let dir = std::env::temp_dir().join(format!("antin-token-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(dir.join("tokens")).unwrap();
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        dir.join("tokens").display()
    );
    std::fs::write(dir.join("softhsm2.conf"), conf).unwrap();
    std::fs::write(dir.join("spy.c"), include_str!("spy.c")).unwrap();
    run(Command::new("cc").current_dir(&dir).args([
        "-shared",
        "-fPIC",
        "-o",
        "spy.so",
        "spy.c",
        "-ldl",
        "-lpthread",
    ]));
    write_secret(&dir.join("pin"), PIN);
    run(softhsm(&dir).args([
        "--init-token",
        "--free",
        "--label",
        LABEL,
        "--pin",
        PIN,
        "--so-pin",
        "13579246",
    ]));
    let test = format!("keys::pkcs11::tests::{name}");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(CHILD, &dir)
        .env("SOFTHSM2_CONF", dir.join("softhsm2.conf"))
        .env("SPY_DIR", &dir)
        .env("SPY_MODULE", module)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr)
    );
    assert!(
        said.contains("1 passed") && child.status.success(),
        "{said}"
    );
    std::fs::remove_dir_all(dir).unwrap();
}

fn skip(test: &str, why: &str) {
    use std::io::Write as _;
    assert!(
        std::env::var("ANTIN_TEST_REQUIRE").as_deref() != Ok("1"),
        "required, but {why}"
    );
    // Not `eprintln!`: the test harness keeps that back from a test that passes.
    drop(writeln!(std::io::stderr(), "SKIPPED {test} ({why})"));
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn softhsm(dir: &Path) -> Command {
    let mut command = Command::new("softhsm2-util");
    command.env("SOFTHSM2_CONF", dir.join("softhsm2.conf"));
    command
}

pub fn write_secret(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A certificate for `public`, signed by `issuer`.
pub fn certify<P: HasPublic>(
    name: &str,
    public: &PKeyRef<P>,
    issuer: (&str, &PKeyRef<Private>),
) -> X509 {
    let named = |cn: &str| {
        let mut builder = X509Name::builder().unwrap();
        builder.append_entry_by_text("CN", cn).unwrap();
        builder.build()
    };
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&named(name)).unwrap();
    builder.set_issuer_name(&named(issuer.0)).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(9).unwrap())
        .unwrap();
    builder.set_pubkey(public).unwrap();
    builder.sign(issuer.1, MessageDigest::sha256()).unwrap();
    builder.build()
}

impl Desk {
    /// Puts a key that OpenSSL made on the token, and its certificate beside the token as `<label>.pem`.
    pub fn import(&self, label: &str, id: &str, key: &PKeyRef<Private>) {
        let pem = self.dir.join(format!("{label}.key"));
        write_secret(
            &pem,
            &String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap(),
        );
        run(softhsm(&self.dir)
            .args(["--import", pem.to_str().unwrap(), "--token", LABEL])
            .args(["--label", label, "--id", id, "--pin", PIN]));
        let certificate = certify(label, key, (label, key));
        std::fs::write(self.certificate(label), certificate.to_pem().unwrap()).unwrap();
    }

    pub fn certificate(&self, label: &str) -> PathBuf {
        self.dir.join(format!("{label}.pem"))
    }

    pub fn settings(&self, label: &str) -> Pkcs11Settings {
        Pkcs11Settings {
            module: self.dir.join("spy.so"),
            token: TokenName::Label(LABEL.into()),
            key_label: Some(label.into()),
            key_id: None,
            pin: Secret::File(self.dir.join("pin")),
            certificate_file: Some(self.certificate(label)),
            sessions: 4,
        }
    }

    pub fn open(&self, label: &str, choice: AlgorithmChoice) -> Result<TokenKey, Fault> {
        TokenKey::open(&self.settings(label), choice).map(|(key, _)| key)
    }

    /// How often the module was called so since the last question.
    pub fn calls(&self, name: &str) -> usize {
        let calls = std::fs::read_to_string(self.dir.join("calls")).unwrap_or_default();
        calls.lines().filter(|call| *call == name).count()
    }

    pub fn forget_calls(&self) {
        let _ = std::fs::remove_file(self.dir.join("calls"));
    }

    pub fn tell(&self, what: &str, text: &str) {
        std::fs::write(self.dir.join(what), text).unwrap();
    }
}

pub fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(openssl::rsa::Rsa::generate(bits).unwrap()).unwrap()
}

pub fn curve(nid: openssl::nid::Nid) -> PKey<Private> {
    let group = openssl::ec::EcGroup::from_curve_name(nid).unwrap();
    PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap()
}
