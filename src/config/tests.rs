//! The example parses; mistakes are found all at once.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Config, Role, example, parse};
use crate::fetch::{Authority, OcspNonce};

/// A folder with every file that the example names.
fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("antin-config-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    for file in [
        "keys/log.key",
        "keys/H49.key",
        "keys/H49.pem",
        "trust/root.pem",
        "keys/H49.password",
        "keys/H49.p12",
        "keys/H49.pin",
        "keys/csc.secret",
        "lib/pkcs11.so",
    ] {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    dir
}

#[test]
fn the_example_is_a_good_configuration() {
    let dir = folder("example");
    let config = parse(example(), &dir).unwrap();
    assert_eq!(config.offices.len(), 1);
    assert_eq!(config.clients[0].role, Role::Clerk);
    assert_eq!(config.base_url, "https://ketqua.example.gov.vn");
    std::fs::remove_dir_all(dir).unwrap();
}

#[track_caller]
fn check(from: &str, to: &str, keys: &[&str]) {
    let dir = folder(&crate::record::sha256(to.as_bytes()).to_string()[..12]);
    let text = example().replacen(from, to, 1);
    assert_ne!(text, example(), "nothing was replaced");
    let found = parse(&text, &dir).unwrap_err();
    let found: Vec<&str> = found.iter().map(|m| m.key.as_str()).collect();
    assert_eq!(found, keys, "{to}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[track_caller]
fn accepted(from: &str, to: &str) -> Config {
    let dir = folder(&crate::record::sha256(to.as_bytes()).to_string()[..12]);
    let text = example().replacen(from, to, 1);
    assert_ne!(text, example(), "nothing was replaced");
    let config = parse(&text, &dir).unwrap();
    std::fs::remove_dir_all(dir).unwrap();
    config
}

#[test]
fn an_unknown_key_is_a_mistake() {
    check("[server]", "[server]\nlissen = \"x\"", &["TOML"]);
}

#[test]
fn every_mistake_is_named_at_once() {
    check(
        "listen = \"127.0.0.1:8080\"",
        "listen = \"localhost\"\nworkers = 0",
        &["server.listen", "server.workers"],
    );
    check(
        "level = \"province\"",
        "level = \"planet\"",
        &["office H49", "client Bộ phận Một cửa"],
    );
    check("ketqua.example.gov.vn/log", "https://x/", &["log.origin"]);
    check(
        "role = \"clerk\"",
        "role = \"king\"",
        &["client Bộ phận Một cửa"],
    );
}

#[test]
fn a_file_must_fit_a_volume_of_the_store() {
    let with = |bytes: u64| format!("[server]\nmax_file_bytes = {bytes}");
    check("[server]", &with(209_715_201), &["server.max_file_bytes"]);
    check("[server]", &with(0), &["server.max_file_bytes"]);
    accepted("[server]", &with(209_715_200));
}

#[test]
fn the_two_listeners_do_not_share_an_address() {
    let admin = "admin_listen = \"127.0.0.1:8081\"";
    for other in ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080"] {
        check(
            admin,
            &format!("admin_listen = \"{other}\""),
            &["server.admin_listen"],
        );
    }
    accepted(admin, "admin_listen = \"127.0.0.2:8080\"");
    accepted(
        "listen = \"127.0.0.1:8080\"         # pages, API and log; put a TLS proxy before it\nadmin_listen = \"127.0.0.1:8081\"",
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"",
    );
}

#[test]
fn base_url_is_a_site_and_nothing_more() {
    let from = "\"https://ketqua.example.gov.vn\"";
    for wrong in [
        "https://ketqua.example.gov.vn/a",
        "https://ketqua.example.gov.vn?a=1",
        "https://ketqua.example.gov.vn#a",
        "https://me@ketqua.example.gov.vn",
        "https://ketqua.example.gov.vn:0",
        "https://ketqua.example.gov.vn:",
        "https://",
        "https:///a",
        "ftp://ketqua.example.gov.vn",
        "https://ketqua example",
        "https://[::1",
    ] {
        check(from, &format!("\"{wrong}\""), &["base_url"]);
    }
    for (written, read) in [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        (
            "https://ketqua.example.gov.vn/",
            "https://ketqua.example.gov.vn",
        ),
    ] {
        assert_eq!(accepted(from, &format!("\"{written}\"")).base_url, read);
    }
}

#[test]
fn an_authority_is_asked_as_written_and_allowed_for_time_stamps_only() {
    let config = accepted(
        "\"http://tsa.example.gov.vn/tsa\"",
        "\"http://10.0.0.7/tsa/\"",
    );
    let authorities = &config.fetch.timestamp.authorities;
    assert_eq!(authorities[..], [Authority::plain("http://10.0.0.7/tsa/")]);
    assert_eq!(config.fetch.allow_private_timestamp, ["10.0.0.7:80"]);
    assert!(config.fetch.allow_private.is_empty());
    check(
        "\"http://tsa.example.gov.vn/tsa\"",
        "\"tsa.example.gov.vn\"",
        &["timestamp.urls"],
    );
}

#[test]
fn a_rewrite_is_kept_as_written() {
    let config = accepted(
        "[fetch]",
        "[fetch]\n[[fetch.rewrite]]\nfrom = \"http://old.example/\"\nto = \"http://new.example/ocsp/\"",
    );
    let (from, to) = &config.fetch.rewrite[0];
    assert_eq!(
        (from.as_str(), to.as_str()),
        ("http://old.example/", "http://new.example/ocsp/")
    );
}

#[test]
fn a_private_address_that_may_be_asked_is_host_and_port() {
    for wrong in [
        "10.0.0.5",
        "http://10.0.0.5:80",
        "10.0.0.5:80/a",
        "10.0.0.5:",
        ":80",
        "fd00::5",
        "10.0.0.5:70000",
    ] {
        check(
            "[fetch]",
            &format!("[fetch]\nallow_private = [\"{wrong}\"]"),
            &["fetch.allow_private"],
        );
    }
    accepted(
        "[fetch]",
        "[fetch]\nallow_private = [\"10.0.0.5:80\", \"[fd00::5]:80\", \"ocsp.local:8080\"]",
    );
}

#[test]
fn times_stay_within_reason() {
    for ms in [0, 60_001] {
        check(
            "[fetch]",
            &format!("[fetch]\ntimeout_ms = {ms}"),
            &["fetch.timeout_ms"],
        );
    }
    for s in [0, 86_401] {
        check(
            "[timestamp]",
            &format!("[timestamp]\nmax_drift_s = {s}"),
            &["timestamp.max_drift_s"],
        );
    }
    let config = accepted("[timestamp]", "[timestamp]\nmax_drift_s = 86400");
    assert_eq!(config.fetch.timestamp.max_drift_s, 86_400);
}

#[test]
fn an_authority_may_have_policies_a_time_of_its_own_and_credentials() {
    let table = |url: &str, rest: &str| {
        format!("[[timestamp.authority]]\nurl = \"{url}\"\n{rest}\n\n[trust]\n")
    };
    let config = accepted(
        "[trust]\n",
        &table(
            "https://tsa2.example",
            "policies = [\"1.2.3\"]\ntimeout_ms = 700\ncredentials_file = \"keys/log.key\"",
        ),
    );
    let [first, second] = &config.fetch.timestamp.authorities[..] else {
        panic!("two authorities");
    };
    assert_eq!(first, &Authority::plain("http://tsa.example.gov.vn/tsa"));
    assert_eq!(second.timeout_ms, Some(700));
    assert_eq!(second.policies[0].to_string(), "1.2.3");
    assert!(
        second
            .credentials_file
            .as_ref()
            .unwrap()
            .ends_with("keys/log.key")
    );
    let key = "timestamp.authority https://tsa2.example";
    let wrong = |rest: &str, mistake: &str| {
        let keys = [format!("{key}: {mistake}")];
        check(
            "[trust]\n",
            &table("https://tsa2.example", rest),
            &keys.each_ref().map(String::as_str),
        );
    };
    wrong("policies = [\"1.2.x\"]", "policies");
    wrong("timeout_ms = 0", "timeout_ms");
    wrong("credentials_file = \"keys/none\"", "credentials_file");
    check(
        "[trust]\n",
        &table("http://tsa2.example", "credentials_file = \"keys/log.key\""),
        &["timestamp.authority http://tsa2.example: credentials_file"],
    );
    check(
        "[trust]\n",
        &table("http://tsa.example.gov.vn/tsa", ""),
        &["timestamp"],
    );
    check(
        "urls = [\"http://tsa.example.gov.vn/tsa\"]",
        "urls = []",
        &["timestamp.urls"],
    );
}

#[test]
fn the_cache_lies_beside_the_configuration_unless_told_otherwise() {
    let config = accepted("[fetch]", "[fetch]\nocsp_nonce = \"required\"");
    let cache = config.fetch.cache.unwrap();
    assert!(cache.dir.ends_with("cache"), "{}", cache.dir.display());
    assert_eq!(config.fetch.ocsp_nonce, OcspNonce::Required);
    let config = accepted(
        "[fetch]",
        "[fetch]\ncache_dir = \"/var/cache/antin\"\ncache_max_bytes = 134217728",
    );
    let cache = config.fetch.cache.unwrap();
    assert_eq!(cache.dir, PathBuf::from("/var/cache/antin"));
    assert_eq!(cache.max_bytes, 134_217_728);
    for (wrong, key) in [
        ("cache_dir = \"keys/log.key\"", "fetch.cache_dir"),
        ("cache_max_bytes = 1000", "fetch.cache_max_bytes"),
        ("ocsp_nonce = \"yes\"", "fetch.ocsp_nonce"),
        ("budget_ms = 0", "fetch.budget_ms"),
        ("list_timeout_ms = 0", "fetch.list_timeout_ms"),
    ] {
        check("[fetch]", &format!("[fetch]\n{wrong}"), &[key]);
    }
}

#[test]
fn two_clients_have_two_keys() {
    let twin = format!(
        "[[client]]\nname = \"twin\"\nrole = \"auditor\"\nkey_sha256 = \"{}\"\n\n[[client]]\nname = \"Bộ",
        "0".repeat(64)
    );
    check(
        "[[client]]\nname = \"Bộ",
        &twin,
        &["client Bộ phận Một cửa"],
    );
}

#[test]
fn a_secret_that_others_can_read_is_a_mistake() {
    let dir = folder("mode");
    let key = dir.join("keys/H49.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = parse(example(), &dir).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found[0].remedy.contains("chmod 600"));
    std::fs::remove_dir_all(dir).unwrap();
}

const SIMPLE: &str = "key_file = \"keys/H49.key\"         # PEM private key of the seal, mode 600\ncertificate_file = \"keys/H49.pem\" # PEM: the seal's certificate, then its issuers\n";

/// The example with its commented table of this kind in place of the simple form.
#[track_caller]
fn with_kind(kind: &str) -> String {
    let text = example();
    let head = format!("# kind = \"{kind}\"\n");
    let at = text.rfind(&head).unwrap();
    let table: String = text[at..]
        .lines()
        .take_while(|line| line.starts_with("# "))
        .map(|line| format!("{}\n", &line[2..]))
        .collect();
    assert!(text.contains(SIMPLE));
    text.replacen(SIMPLE, &format!("[office.key]\n{table}"), 1)
}

/// The mistakes of that kind's table with one piece of text exchanged.
#[track_caller]
fn check_kind(kind: &str, from: &str, to: &str, keys: &[&str]) {
    let text = with_kind(kind);
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let dir = folder(&crate::record::sha256(text.as_bytes()).to_string()[..12]);
    let found = match parse(&text, &dir) {
        Ok(_) => Vec::new(),
        Err(found) => found,
    };
    assert!(found.iter().all(|m| !m.remedy.is_empty()));
    let without_followers = |m: &&super::Mistake| !m.key.starts_with("client ");
    let found: Vec<&str> = found
        .iter()
        .filter(without_followers)
        .map(|m| m.key.as_str())
        .collect();
    assert_eq!(found, keys, "{kind}: {to}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn each_kind_of_key_in_the_example_is_good() {
    use crate::keys::KeySource;
    for kind in ["pem", "pkcs12", "pkcs11", "csc"] {
        let dir = folder(&format!("kind-{kind}"));
        let config = parse(&with_kind(kind), &dir).unwrap();
        let fits = match &config.offices[0].key.source {
            KeySource::Pem(pem) => kind == "pem" && pem.password.is_some(),
            KeySource::Pkcs12(p) => kind == "pkcs12" && p.certificate_file.is_some(),
            KeySource::Pkcs11(t) => kind == "pkcs11" && t.sessions == 8,
            KeySource::Csc(s) => kind == "csc" && s.access.oauth.is_some(),
        };
        assert!(fits, "{kind}");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[test]
fn mistakes_of_a_key_are_found_all_at_once() {
    let key = |name: &str| format!("office H49: key.{name}");
    let named = |names: &[&str]| names.iter().map(|n| key(n)).collect::<Vec<_>>();
    let check = |kind: &str, from: &str, to: &str, names: &[&str]| {
        let names = named(names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        check_kind(kind, from, to, &names);
    };
    check("pem", "kind = \"pem\"", "kind = \"floppy\"", &["kind"]);
    check(
        "pem",
        "kind = \"pem\"",
        "kind = \"pem\"\nmodule = \"x\"",
        &["module"],
    );
    check(
        "pem",
        "kind = \"pem\"",
        "kind = \"pem\"\ndigest = \"sha1\"",
        &["digest"],
    );
    check(
        "pem",
        "kind = \"pem\"",
        "kind = \"pem\"\nsignature = \"rsa\"",
        &["signature"],
    );
    check(
        "pkcs12",
        "password_credential = \"h49-p12\"",
        "",
        &["password_file"],
    );
    check(
        "pkcs12",
        "\"h49-p12\"",
        "\"../h49\"",
        &["password_credential"],
    );
    check(
        "pkcs11",
        "token = \"Con dau H49\"",
        "key_id = \"xyz\"",
        &["token", "key_id"],
    );
    check("pkcs11", "sessions = 8", "sessions = 257", &["sessions"]);
    check("pkcs11", "pin_file = \"keys/H49.pin\"", "", &["pin_file"]);
    check("csc", "\nurl = \"https", "\nurl = \"http", &["url"]);
    check("csc", "client_id = \"antin\"", "", &["client_id"]);
    check("csc", "\"sad\"", "\"trust me\"", &["authorization"]);
    check(
        "csc",
        "url = \"https://rssp.example.vn/csc/v2\"",
        "url = \"http://127.0.0.1:8083/csc/v2\"",
        &[],
    );
}

#[test]
fn a_signatory_is_bound_to_an_office_a_person_and_a_period() {
    let text = example();
    let at = text.find("# [[signatory]]").unwrap();
    let table: String = text[at..]
        .lines()
        .take_while(|line| line.starts_with("# "))
        .map(|line| format!("{}\n", &line[2..]))
        .collect();
    let whole = |from: &str, to: &str| format!("{text}\n{}", table.replacen(from, to, 1));
    let dir = folder("signatory");
    let config = parse(&whole("", ""), &dir).unwrap();
    let one = &config.signatories[0];
    assert_eq!(one.person.as_ref().unwrap().post, "Chủ tịch");
    assert_eq!(one.until.to_rfc3339(), "2030-12-31T16:59:59Z");
    let wrong = |from: &str, to: &str| {
        let found = parse(&whole(from, to), &dir).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].key.clone()
    };
    assert_eq!(wrong("\"H49\"", "\"H50\""), "signatory Nguyễn Văn A");
    assert_eq!(wrong("post = \"Chủ tịch\"", ""), "signatory Nguyễn Văn A");
    assert_eq!(
        wrong("\"2026-01-01\"", "\"2031-01-01\""),
        "signatory Nguyễn Văn A"
    );
    assert_eq!(
        wrong("\"2026-01-01\"", "\"01.01.2026\""),
        "signatory Nguyễn Văn A: from"
    );
    assert_eq!(wrong("\"0000", "\"zzzz"), "signatory Nguyễn Văn A");
    std::fs::remove_dir_all(dir).unwrap();
}
