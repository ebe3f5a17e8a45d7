//! A real archive whose seal is kept in a PKCS#12 file, an encrypted PEM, or on a token: it signs, and what it signed passes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::clerk::problem;
use crate::world::authority::Authority;
use crate::world::live::{Live, OfficeKey};
use crate::world::process::{ANTIN, antin, run_in};
use crate::world::temp::TempDir;
use crate::world::{Call, Filing, tools};

const PIN: &str = "246810";

fn secret(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[track_caller]
fn run(program: &str, args: &str, home: &Path, env: &[(&str, &str)]) {
    let args: Vec<&str> = args.split_whitespace().collect();
    let ended = run_in(program, &args, env, Some(home));
    assert_eq!(ended.code, Some(0), "{program} {args:?}: {ended:?}");
}

/// Files a result; the office's own validator and `antin verify` pass it.
#[track_caller]
fn check_signs(authority: &Authority, live: &Live) {
    let filing = Filing::new(&live.clerk);
    let receipt = filing.accepted(&live.base_url, &live.clerk);
    let file = Call::get(format!("{}{}", live.base_url, receipt_file(&receipt.id)))
        .bearer(&live.clerk.api_key)
        .send()
        .expect(200);
    let dir = TempDir::new("signed");
    let path = dir.join("signed.pdf");
    std::fs::write(&path, &file.body).unwrap();
    let trust = authority.root_pem();
    let (path, trust) = (path.to_str().unwrap(), trust.to_str().unwrap());
    let verdict = antin(&["verify", path, "--trust", trust, "--offline", "--json"]);
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
    assert_eq!(verdict.json()["indication"], "TOTAL-PASSED");
}

fn receipt_file(id: &str) -> String {
    format!("/api/v1/results/{id}/file")
}

#[track_caller]
fn check_kind(place: impl FnOnce(&Path) -> OfficeKey) {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve_with_key(&authority, 0, place);
    check_signs(&authority, &live);
}

fn table(text: &str) -> OfficeKey {
    OfficeKey {
        toml: format!("[office.key]\n{text}"),
        env: Vec::new(),
        readiness: 200,
    }
}

#[test]
fn a_seal_in_a_pkcs12_file_signs() {
    check_kind(|home| {
        secret(&home.join("keys/password"), "mật khẩu\n");
        let export = "pkcs12 -export -inkey keys/seal.key -in seal.pem -passout file:keys/password";
        run(
            "openssl",
            &format!("{export} -legacy -out keys/seal.p12"),
            home,
            &[],
        );
        secret_mode(&home.join("keys/seal.p12"));
        std::fs::remove_file(home.join("keys/seal.key")).unwrap();
        table("kind = \"pkcs12\"\nfile = \"keys/seal.p12\"\npassword_file = \"keys/password\"")
    });
}

fn secret_mode(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_seal_in_an_encrypted_file_signs_with_a_password_from_the_service_manager() {
    check_kind(|home| {
        std::fs::create_dir(home.join("credentials")).unwrap();
        secret(&home.join("credentials/seal"), "mật khẩu");
        let encrypt = "pkcs8 -topk8 -in keys/seal.key -passout file:credentials/seal";
        run(
            "openssl",
            &format!("{encrypt} -out keys/locked.key"),
            home,
            &[],
        );
        secret_mode(&home.join("keys/locked.key"));
        std::fs::remove_file(home.join("keys/seal.key")).unwrap();
        let mut key = table(
            "kind = \"pem\"\nkey_file = \"keys/locked.key\"\npassword_credential = \"seal\"\ncertificate_file = \"seal.pem\"",
        );
        let credentials = home.join("credentials").display().to_string();
        key.env.push(("CREDENTIALS_DIRECTORY", credentials));
        key
    });
}

#[test]
fn a_seal_on_a_token_signs_and_a_wrong_pin_is_named_before_anything_starts() {
    let modules = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    ];
    let module = modules.into_iter().find(|m| Path::new(m).is_file());
    let (Some(module), Ok(_)) = (module, tools::program("softhsm2-util")) else {
        return tools::skip("there is no SoftHSM (Debian: apt install softhsm2)");
    };
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let mut conf = String::new();
    let live = Live::serve_with_key(&authority, 0, |home| {
        std::fs::create_dir_all(home.join("token/tokens")).unwrap();
        conf = home.join("token/softhsm2.conf").display().to_string();
        let tokens = home.join("token/tokens").display().to_string();
        let text = format!("directories.tokendir = {tokens}\nobjectstore.backend = file\n");
        std::fs::write(&conf, text).unwrap();
        let env = [("SOFTHSM2_CONF", conf.as_str())];
        secret(&home.join("keys/pin"), PIN);
        let init = format!("--init-token --free --label Seal --pin {PIN} --so-pin 13579246");
        run("softhsm2-util", &init, home, &env);
        run(
            "openssl",
            "pkcs8 -topk8 -nocrypt -in keys/seal.key -out keys/seal.p8",
            home,
            &[],
        );
        let import =
            format!("--import keys/seal.p8 --token Seal --label con-dau --id a1 --pin {PIN}");
        run("softhsm2-util", &import, home, &env);
        for file in ["keys/seal.key", "keys/seal.p8"] {
            std::fs::remove_file(home.join(file)).unwrap();
        }
        let mut key = table(&format!(
            "kind = \"pkcs11\"\nmodule = \"{module}\"\ntoken = \"Seal\"\nkey = \"con-dau\"\npin_file = \"keys/pin\"\ncertificate_file = \"seal.pem\""
        ));
        key.env.push(("SOFTHSM2_CONF", conf.clone()));
        key
    });
    check_signs(&authority, &live);
    Call::get(format!("{}/readyz", live.admin_url))
        .send()
        .expect(200);

    // The server was logged in before, and keeps signing; a new start is told.
    let config = live.config();
    secret(&config.with_file_name("keys").join("pin"), "000000");
    let env = [("SOFTHSM2_CONF", conf.as_str()), ("NO_COLOR", "1")];
    let check = ["config", "check", "--config", config.to_str().unwrap()];
    let checked = run_in(ANTIN, &check, &env, None);
    assert_ne!(checked.code, Some(0), "{checked:?}");
    assert!(checked.said().contains("refused the PIN"), "{checked:?}");
    check_signs(&authority, &live);
}

#[test]
fn a_seal_that_is_bound_to_another_time_does_not_sign() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve_with_key(&authority, 0, |home| {
        let pem = std::fs::read(home.join("seal.pem")).unwrap();
        let seal = openssl::x509::X509::from_pem(&pem).unwrap();
        let digest = seal.digest(openssl::hash::MessageDigest::sha256()).unwrap();
        let fingerprint: Vec<String> = digest.iter().map(|b| format!("{b:02X}")).collect();
        let fingerprint = fingerprint.join(":");
        let mut key =
            table("kind = \"pem\"\nkey_file = \"keys/seal.key\"\ncertificate_file = \"seal.pem\"");
        key.readiness = 503;
        key.toml.push_str(&format!(
            "\n[[signatory]]\noffice = \"H26.7\"\nfrom = \"2020-01-01\"\nuntil = \"2020-12-31\"\ncertificate_sha256 = \"{fingerprint}\"\n"
        ));
        key
    });
    let answer = Filing::new(&live.clerk).send(&live.base_url, &live.clerk);
    problem(&answer, 503, "certificate_not_usable");
    let text = answer.text();
    assert!(text.contains("2020"), "{text}");
}
