//! The real thing: `antin init`, an office's own seal under a root of its own, a configuration, `antin serve`. Time-stamps
//! come from the authority of a demo, as they would from a trust service outside.

use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use super::demo::{Clerk, Facts};
use super::http::Call;
use super::process::{Server, antin};
use super::temp::TempDir;
use super::wait;

pub const OFFICE: &str = "H26.7";

pub struct Live {
    pub base_url: String,
    pub admin_url: String,
    pub clerk: Clerk,
    pub server: Server,
    dir: TempDir,
}

impl Live {
    /// `authority` is the demo whose time-stamps and root are used. Readiness stays down for `drain_s` before the end.
    #[track_caller]
    pub fn serve(authority: &Facts, drain_s: u32) -> Self {
        let dir = TempDir::new("serve");
        let home = dir.join("home");
        let names = [
            "--origin",
            "log.example.vn/ketqua",
            "--base-url",
            "http://ketqua.example.vn",
        ];
        let made = antin(&[["init", "--dir", home.to_str().unwrap()].as_slice(), &names].concat());
        assert_eq!(made.code, Some(0), "{made:?}");
        seal(&home);
        std::fs::copy(&authority.trust, home.join("trust-tsa.pem")).unwrap();

        let key = antin(&["key", "new"]).out;
        let api_key = key
            .split_whitespace()
            .find(|w| w.starts_with("antin_live_"))
            .unwrap();
        let (listen, admin) = (free_address(), free_address());
        let text = configuration(&listen, &admin, authority, api_key, drain_s);
        std::fs::write(home.join("antin.toml"), text).unwrap();

        let config = home.join("antin.toml");
        let args = ["serve", "--config", config.to_str().unwrap()];
        let mut server = Server::start(&args, &[], &dir.join("output"));
        let (base_url, admin_url) = (format!("http://{listen}"), format!("http://{admin}"));
        wait::until("readiness of the server", 30, || {
            if let Some(status) = server.exited() {
                panic!("serve ended at its start: {status}\n{}", server.said());
            }
            let answer = Call::get(format!("{admin_url}/readyz")).try_send().ok()?;
            (answer.status == 200).then_some(())
        });
        let clerk = Clerk {
            office: OFFICE.to_owned(),
            api_key: api_key.to_owned(),
        };
        Live {
            base_url,
            admin_url,
            clerk,
            server,
            dir,
        }
    }

    pub fn config(&self) -> PathBuf {
        self.dir.join("home/antin.toml")
    }
}

/// A port that was free a moment ago: a configuration has to name one.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

fn configuration(listen: &str, admin: &str, tsa: &Facts, api_key: &str, drain_s: u32) -> String {
    let tsa_host = tsa.base_url.trim_start_matches("http://");
    let key_sha256 = super::merkle::hex(&super::merkle::sha256(api_key.as_bytes()));
    format!(
        r#"base_url = "http://ketqua.example.vn"
[server]
listen = "{listen}"
admin_listen = "{admin}"
drain_s = {drain_s}
[archive]
dir = "archive"
[log]
origin = "log.example.vn/ketqua"
key_file = "keys/log.key"
[timestamp]
urls = ["{}/pki/tsa"]
[trust]
roots = ["root.pem", "trust-tsa.pem"]
[fetch]
allow_private = ["{tsa_host}"]
[[office]]
code = "{OFFICE}"
name = "Ủy ban nhân dân quận Thử Nghiệm"
level = "district"
key_file = "keys/seal.key"
certificate_file = "seal.pem"
[[client]]
name = "Bộ phận Một cửa"
role = "clerk"
office = "{OFFICE}"
key_sha256 = "{key_sha256}"
"#,
        tsa.base_url
    )
}

/// A root and a seal under it, P-256 both.
fn seal(home: &Path) {
    let root_key = key();
    let root = certificate("Gốc thử nghiệm", &root_key, None);
    let seal_key = key();
    let seal = certificate(
        "Ủy ban nhân dân quận Thử Nghiệm",
        &seal_key,
        Some((&root, &root_key)),
    );
    std::fs::write(home.join("root.pem"), root.to_pem().unwrap()).unwrap();
    std::fs::write(home.join("seal.pem"), seal.to_pem().unwrap()).unwrap();
    let mut options = std::fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(home.join("keys/seal.key"))
        .unwrap();
    std::io::Write::write_all(&mut file, &seal_key.private_key_to_pem_pkcs8().unwrap()).unwrap();
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// RFC 5280: a root where there is no issuer, else an end entity that signs documents.
fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("C", "VN").unwrap();
    subject.append_entry_by_text("O", name).unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut serial = BigNum::new().unwrap();
    serial
        .rand(120, openssl::bn::MsbOption::ONE, false)
        .unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder
        .set_issuer_name(issuer.map_or(&subject, |(i, _)| i.subject_name()))
        .unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(365).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    let mut usage = KeyUsage::new();
    usage.critical();
    let mut basic = BasicConstraints::new();
    basic.critical();
    if issuer.is_none() {
        usage.key_cert_sign().crl_sign();
        basic.ca();
    } else {
        usage.digital_signature().non_repudiation();
    }
    builder.append_extension(usage.build().unwrap()).unwrap();
    builder.append_extension(basic.build().unwrap()).unwrap();
    let context = builder.x509v3_context(issuer.map(|(i, _)| &**i), None);
    let own = SubjectKeyIdentifier::new().build(&context).unwrap();
    builder.append_extension(own).unwrap();
    if let Some((issuer, _)) = issuer {
        let context = builder.x509v3_context(Some(issuer), None);
        let of_issuer = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&context)
            .unwrap();
        builder.append_extension(of_issuer).unwrap();
    }
    builder
        .sign(issuer.map_or(key, |(_, k)| k), MessageDigest::sha256())
        .unwrap();
    builder.build()
}
