//! A certification authority and a time-stamping authority that owe nothing to the program: certificates by OpenSSL's library,
//! RFC 3161 answers by its command line, behind a small HTTP listener.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

use super::temp::TempDir;
use super::tools;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Profile {
    Root,
    Seal,
    TimeStamping,
}

pub struct Authority {
    dir: TempDir,
    root: X509,
    root_key: PKey<Private>,
    address: String,
    stopping: Arc<AtomicBool>,
    down: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Authority {
    /// `Err`: this machine has no `openssl` command.
    pub fn open() -> Result<Self, String> {
        let openssl = tools::program("openssl")?;
        let dir = TempDir::new("authority");
        let root_key = key();
        let root = certificate("Gốc thử nghiệm", &root_key, Profile::Root, None);
        let tsa_key = key();
        let tsa = certificate(
            "Dấu thời gian thử nghiệm",
            &tsa_key,
            Profile::TimeStamping,
            Some((&root, &root_key)),
        );
        std::fs::write(dir.join("root.pem"), root.to_pem().unwrap()).unwrap();
        std::fs::write(dir.join("tsa.pem"), tsa.to_pem().unwrap()).unwrap();
        write_secret(&dir.join("tsa.key"), &tsa_key);
        std::fs::write(dir.join("serial"), "01\n").unwrap();
        std::fs::write(dir.join("ts.cnf"), configuration(dir.path())).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stopping = Arc::new(AtomicBool::new(false));
        let down = Arc::new(AtomicBool::new(false));
        let is_down = Arc::clone(&down);
        let (folder, ended) = (dir.path().to_owned(), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                if is_down.load(Ordering::SeqCst) {
                    continue;
                }
                // One at a time: the command keeps its serial number in a file.
                drop(answer(stream, &openssl, &folder));
            }
        });
        Ok(Authority {
            dir,
            root,
            root_key,
            address,
            stopping,
            down,
            thread: Some(thread),
        })
    }

    pub fn root_pem(&self) -> PathBuf {
        self.dir.join("root.pem")
    }

    /// `host:port` of the time-stamping authority.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on every connection is cut, until it is up again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// A seal under the root: its key and its certificate as files.
    pub fn issue_seal(&self, name: &str, key_file: &Path, certificate_file: &Path) {
        let seal_key = key();
        let seal = certificate(
            name,
            &seal_key,
            Profile::Seal,
            Some((&self.root, &self.root_key)),
        );
        write_secret(key_file, &seal_key);
        std::fs::write(certificate_file, seal.to_pem().unwrap()).unwrap();
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        drop(TcpStream::connect(&self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// RFC 3161 3.4: one query in the body of a POST, one reply in the answer.
fn answer(mut stream: TcpStream, openssl: &Path, dir: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = Vec::new();
    let mut part = [0u8; 4096];
    let query = loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let head = request
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .map(|at| at + 4);
        let length = text.split_once("content-length:").and_then(|(_, rest)| {
            rest.lines()
                .next()
                .and_then(|line| line.trim().parse::<usize>().ok())
        });
        if let (Some(head), Some(length)) = (head, length)
            && request.len() >= head + length
        {
            break request[head..head + length].to_vec();
        }
        match stream.read(&mut part)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&part[..n]),
        }
    };
    std::fs::write(dir.join("query.tsq"), query)?;
    let made = Command::new(openssl)
        .args([
            "ts",
            "-reply",
            "-config",
            "ts.cnf",
            "-queryfile",
            "query.tsq",
            "-out",
            "reply.tsr",
        ])
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()?;
    if !made.status.success() {
        eprintln!("openssl ts: {}", String::from_utf8_lossy(&made.stderr));
    }
    let reply = std::fs::read(dir.join("reply.tsr"))?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(&[head.as_bytes(), &reply].concat())
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "[tsa]\ndefault_tsa = one\n[one]\nserial = {dir}/serial\nsigner_cert = {dir}/tsa.pem\nsigner_key = {dir}/tsa.key\n\
         signer_digest = sha256\ndefault_policy = 2.25.1\ndigests = sha256, sha384, sha512\naccuracy = secs:1\n\
         ordering = no\ntsa_name = no\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n"
    )
}

fn write_secret(file: &Path, key: &PKey<Private>) {
    let mut options = std::fs::File::options();
    let mut out = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .unwrap();
    out.write_all(&key.private_key_to_pem_pkcs8().unwrap())
        .unwrap();
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn name_of(name: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    for (part, value) in [("C", "VN"), ("O", name), ("CN", name)] {
        builder.append_entry_by_text(part, value).unwrap();
    }
    builder.build()
}

/// RFC 5280 4.2: what each kind of certificate must say of itself.
fn certificate(
    name: &str,
    key: &PKey<Private>,
    profile: Profile,
    issuer: Option<(&X509, &PKey<Private>)>,
) -> X509 {
    let subject = name_of(name);
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, MsbOption::ONE, false).unwrap();
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
    match profile {
        Profile::Root => {
            usage.key_cert_sign().crl_sign();
            basic.ca();
        }
        Profile::Seal => {
            usage.digital_signature().non_repudiation();
        }
        Profile::TimeStamping => {
            usage.digital_signature();
            // RFC 3161 2.3: this purpose alone, and critical.
            let purpose = ExtendedKeyUsage::new()
                .critical()
                .time_stamping()
                .build()
                .unwrap();
            builder.append_extension(purpose).unwrap();
        }
    }
    builder.append_extension(usage.build().unwrap()).unwrap();
    builder.append_extension(basic.build().unwrap()).unwrap();
    let context = builder.x509v3_context(issuer.map(|(i, _)| &**i), None);
    let own = SubjectKeyIdentifier::new().build(&context).unwrap();
    builder.append_extension(own).unwrap();
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer.map(|(i, _)| &**i), None);
        let above = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&context)
            .unwrap();
        builder.append_extension(above).unwrap();
    }
    builder
        .sign(issuer.map_or(key, |(_, k)| k), MessageDigest::sha256())
        .unwrap();
    builder.build()
}
