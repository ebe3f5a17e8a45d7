//! A signing service that speaks the interface over real HTTP: access tokens, activation data bound to hashes and counted, approval
//! elsewhere, and every refusal of the specification's tables that a client meets.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;
use openssl::ssl::SslAcceptor;
use serde_json::{Value, json};

/// What the service does next to a request for a method.
pub struct Next {
    pub method: &'static str,
    pub status: u16,
    pub error: &'static str,
    pub description: &'static str,
}

pub struct Rules {
    pub key: PKey<Private>,
    pub algorithms: Vec<&'static str>,
    pub scal: &'static str,
    pub multisign: u32,
    pub pin: Option<&'static str>,
    pub auth_mode: &'static str,
    pub extends: bool,
    pub specs: &'static str,
    pub key_status: &'static str,
    /// How often approval is asked for before it is there; none: nobody is asked.
    pub approval_after: Option<u32>,
    pub needs_token: bool,
    /// ECDSA as r and s side by side.
    pub raw_ecdsa: bool,
    pub sad_life_s: u64,
    pub token_life_s: u64,
    pub bytes_too_many: usize,
    pub next: VecDeque<Next>,
}

#[derive(Default)]
struct Sad {
    /// None: any hash.
    hashes: Option<Vec<String>>,
    left: u64,
}

#[derive(Default)]
struct Memory {
    calls: HashMap<String, usize>,
    bodies: Vec<(String, Value)>,
    sads: HashMap<String, Sad>,
    handles: HashMap<String, (Sad, u32)>,
    tokens: Vec<String>,
    made: usize,
}

pub struct Server {
    pub url: String,
    pub authority: String,
    rules: Arc<Mutex<Rules>>,
    memory: Arc<Mutex<Memory>>,
}

impl Rules {
    pub fn new(key: PKey<Private>, algorithms: &[&'static str]) -> Self {
        Self {
            key,
            algorithms: algorithms.to_vec(),
            scal: "2",
            multisign: 1,
            pin: None,
            auth_mode: "explicit",
            extends: true,
            specs: "2.0.0.2",
            key_status: "Enabled",
            approval_after: None,
            needs_token: true,
            raw_ecdsa: false,
            sad_life_s: 3_600,
            token_life_s: 3_600,
            bytes_too_many: 0,
            next: VecDeque::new(),
        }
    }
}

impl Server {
    pub fn start(rules: Rules, tls: Option<SslAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{authority}/csc/v2");
        let rules = Arc::new(Mutex::new(rules));
        let memory = Arc::new(Mutex::new(Memory::default()));
        let desk = (Arc::clone(&rules), Arc::clone(&memory), url.clone());
        // It ends with the process: nothing waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                match &tls {
                    None => serve(stream, &desk),
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream) {
                            serve(stream, &desk);
                        }
                    }
                }
            }
        });
        Self {
            url,
            authority,
            rules,
            memory,
        }
    }

    pub fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap()
    }

    pub fn calls(&self, method: &str) -> usize {
        self.memory
            .lock()
            .unwrap()
            .calls
            .get(method)
            .copied()
            .unwrap_or(0)
    }

    /// The last request for a method.
    pub fn last(&self, method: &str) -> Value {
        let memory = self.memory.lock().unwrap();
        let found = memory.bodies.iter().rev().find(|(m, _)| m == method);
        found.unwrap().1.clone()
    }

    /// No access token that was given out holds any more.
    pub fn forget_tokens(&self) {
        self.memory.lock().unwrap().tokens.clear();
    }

    pub fn refuse(
        &self,
        method: &'static str,
        status: u16,
        error: &'static str,
        description: &'static str,
    ) {
        self.rules().next.push_back(Next {
            method,
            status,
            error,
            description,
        });
    }
}

type Desk = (Arc<Mutex<Rules>>, Arc<Mutex<Memory>>, String);

fn serve(stream: impl Read + Write, (rules, memory, url): &Desk) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut bearer) = (0, None);
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) <= 2 {
            break;
        }
        let (name, value) = header.trim_end().split_once(':').unwrap();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => bearer = value.trim().strip_prefix("Bearer ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let method = path
        .trim_start_matches("/csc/v2/")
        .trim_start_matches('/')
        .to_owned();
    let mut rules = rules.lock().unwrap();
    let (status, answer) = answer(
        &mut rules,
        &mut memory.lock().unwrap(),
        url,
        &method,
        bearer,
        &body,
    );
    let mut text = answer.to_string();
    text.push_str(&" ".repeat(rules.bytes_too_many));
    drop(rules);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: 0\r\nlocation: {url}/info\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = reader.into_inner();
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

fn refusal(status: u16, error: &str, description: &str) -> (u16, Value) {
    (
        status,
        json!({"error": error, "error_description": description}),
    )
}

fn answer(
    rules: &mut Rules,
    memory: &mut Memory,
    url: &str,
    method: &str,
    bearer: Option<String>,
    body: &[u8],
) -> (u16, Value) {
    *memory.calls.entry(method.to_owned()).or_default() += 1;
    if rules.next.front().is_some_and(|n| n.method == method) {
        let next = rules.next.pop_front().unwrap();
        return refusal(next.status, next.error, next.description);
    }
    memory.made += 1;
    let number = memory.made;
    if method == "oauth2/token" {
        let form = String::from_utf8(body.to_vec()).unwrap();
        let wanted =
            "grant_type=client_credentials&scope=service&client_id=antin&client_secret=s%26cret+1";
        if form != wanted {
            return refusal(401, "invalid_client", "unknown client");
        }
        let token = format!("token-{number}");
        memory.tokens.push(token.clone());
        return (
            200,
            json!({"access_token": token, "token_type": "bearer", "expires_in": rules.token_life_s}),
        );
    }
    let request: Value = serde_json::from_slice(body).unwrap();
    memory.bodies.push((method.to_owned(), request.clone()));
    if method == "info" {
        return (200, info(rules, url));
    }
    let known = bearer.is_some_and(|b| memory.tokens.contains(&b));
    if rules.needs_token && !known {
        return refusal(401, "invalid_token", "The access token has expired");
    }
    match method {
        "credentials/list" => (200, json!({"credentialIDs": ["seal-1"]})),
        "credentials/info" => (200, credential(rules)),
        "credentials/authorize" => authorize(rules, memory, &request, number),
        "credentials/authorizeCheck" => check(rules, memory, &request, number),
        "credentials/extendTransaction" => extend(memory, &request, number),
        "signatures/signHash" => sign(rules, memory, &request),
        _ => refusal(404, "", ""),
    }
}

fn info(rules: &Rules, url: &str) -> Value {
    let mut methods = vec![
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
        "signatures/signHash",
    ];
    if rules.extends {
        methods.push("credentials/extendTransaction");
    }
    let base = url.trim_end_matches("/csc/v2");
    json!({
        "specs": rules.specs, "name": "Test", "region": "VN", "lang": "vi", "authType": ["oauth2Client"],
        "oauth2": base, "methods": methods, "supportedHashTypes": ["DTBSR"], "unknown": {"x": 1},
    })
}

fn credential(rules: &Rules) -> Value {
    let certificate = crate::keys::csc::tests::certify(&rules.key);
    let objects = match rules.pin {
        Some(_) => json!([{"type": "Password", "id": "PIN", "format": "N"}]),
        None => json!([]),
    };
    json!({
        "description": "seal", "key": {"status": rules.key_status, "algo": rules.algorithms, "len": 2048},
        "cert": {"status": "VALID", "certificates": [STANDARD.encode(certificate.to_der().unwrap())]},
        "auth": {"mode": rules.auth_mode, "objects": objects}, "SCAL": rules.scal, "multisign": rules.multisign,
    })
}

fn authorize(rules: &Rules, memory: &mut Memory, request: &Value, number: usize) -> (u16, Value) {
    let count = request["numSignatures"].as_u64().unwrap();
    if count > u64::from(rules.multisign) {
        return refusal(400, "invalid_request", "Numbers of signatures is too high");
    }
    if let Some(pin) = rules.pin
        && request["authData"] != json!([{"id": "PIN", "value": pin}])
    {
        return refusal(400, "invalid_pin", "The PIN is invalid");
    }
    let hashes = request["hashes"].as_array().map(|list| {
        list.iter()
            .map(|h| h.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    });
    if rules.scal == "2" && hashes.is_none() {
        return refusal(400, "invalid_request", "Missing hashes");
    }
    let sad = Sad {
        hashes,
        left: count,
    };
    match rules.approval_after {
        Some(asks) => {
            memory
                .handles
                .insert(format!("handle-{number}"), (sad, asks));
            (202, json!({"handle": format!("handle-{number}")}))
        }
        None => given(rules, memory, sad, number),
    }
}

fn given(rules: &Rules, memory: &mut Memory, sad: Sad, number: usize) -> (u16, Value) {
    memory.sads.insert(format!("sad-{number}"), sad);
    (
        200,
        json!({"SAD": format!("sad-{number}"), "expiresIn": rules.sad_life_s}),
    )
}

fn check(rules: &Rules, memory: &mut Memory, request: &Value, number: usize) -> (u16, Value) {
    let handle = request["handle"].as_str().unwrap().to_owned();
    let Some((sad, asks)) = memory.handles.remove(&handle) else {
        return refusal(400, "invalid_request", "Invalid parameter handle");
    };
    if asks > 0 {
        memory.handles.insert(handle.clone(), (sad, asks - 1));
        return (202, json!({"handle": handle}));
    }
    given(rules, memory, sad, number)
}

/// The old SAD ends, the new one covers the next hash and what is left.
fn extend(memory: &mut Memory, request: &Value, number: usize) -> (u16, Value) {
    let Some(old) = memory.sads.remove(request["SAD"].as_str().unwrap()) else {
        return refusal(400, "invalid_request", "Invalid parameter SAD");
    };
    let hashes = vec![request["hashes"][0].as_str().unwrap().to_owned()];
    let sad = Sad {
        hashes: Some(hashes),
        left: old.left,
    };
    memory.sads.insert(format!("sad-{number}"), sad);
    (200, json!({"SAD": format!("sad-{number}")}))
}

fn sign(rules: &Rules, memory: &mut Memory, request: &Value) -> (u16, Value) {
    let hash = request["hashes"][0].as_str().unwrap();
    if rules.auth_mode == "explicit" {
        let Some(sad) = memory
            .sads
            .get_mut(request["SAD"].as_str().unwrap_or_default())
        else {
            return refusal(400, "invalid_request", "Invalid parameter SAD");
        };
        if sad.left == 0 {
            return refusal(400, "invalid_request", "SAD expired");
        }
        if sad
            .hashes
            .as_ref()
            .is_some_and(|list| !list.iter().any(|h| h == hash))
        {
            return refusal(403, "invalid_hash", "Hash is not authorized by the SAD");
        }
        sad.left -= 1;
    }
    let digest = STANDARD.decode(hash).unwrap();
    let signature = raw_sign(rules, request, &digest);
    (200, json!({"signatures": [STANDARD.encode(signature)]}))
}

fn raw_sign(rules: &Rules, request: &Value, digest: &[u8]) -> Vec<u8> {
    let md = match request["hashAlgorithmOID"].as_str().unwrap() {
        "2.16.840.1.101.3.4.2.1" => openssl::md::Md::sha256(),
        "2.16.840.1.101.3.4.2.2" => openssl::md::Md::sha384(),
        "2.16.840.1.101.3.4.2.3" => openssl::md::Md::sha512(),
        other => panic!("{other}"),
    };
    assert!(
        rules
            .algorithms
            .contains(&request["signAlgo"].as_str().unwrap())
    );
    let mut context = PkeyCtx::new(&rules.key).unwrap();
    context.sign_init().unwrap();
    if rules.key.id() == Id::RSA {
        if request["signAlgo"] == "1.2.840.113549.1.1.10" {
            // RFC 4055 3.1: the parameters as CMS carries them.
            let parameters = STANDARD
                .decode(request["signAlgoParams"].as_str().unwrap())
                .unwrap();
            assert!(parameters.starts_with(&[0x30]) && parameters.len() > 40);
            context.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            context
                .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                .unwrap();
        } else {
            context.set_rsa_padding(Padding::PKCS1).unwrap();
        }
    }
    context.set_signature_md(md).unwrap();
    let mut signature = Vec::new();
    context.sign_to_vec(digest, &mut signature).unwrap();
    if !rules.raw_ecdsa {
        return signature;
    }
    let parts = openssl::ecdsa::EcdsaSig::from_der(&signature).unwrap();
    [parts.r(), parts.s()]
        .iter()
        .flat_map(|part| part.to_vec_padded(32).unwrap())
        .collect()
}
