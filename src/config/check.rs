//! From the file as written to a checked `Config`: every mistake is collected, none stops the next check.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{
    Client, Config, FILE_BYTES_CEILING, Log, MAX_FILE_BYTES, Mistake, OfficeKeys, Role, Server,
    desk, fetching, key, names, raw, signatory, stamp,
};
use crate::record::{Digest, Level, Office, OfficeCode, SignatureLevel};

pub(super) struct Checker<'a> {
    base: &'a Path,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    pub(super) fn wrong(&mut self, key: impl Into<String>, wrong: impl Into<String>, remedy: &str) {
        self.mistakes.push(Mistake {
            key: key.into(),
            wrong: wrong.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }

    pub(super) fn address(&mut self, key: &str, text: &str) -> SocketAddr {
        SocketAddr::from_str(text).unwrap_or_else(|_| {
            self.wrong(
                key,
                format!("`{text}` is not an address with a port"),
                "write it like \"127.0.0.1:8080\" or \"[::1]:8080\"",
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn existing(&mut self, key: &str, text: &str) -> PathBuf {
        let path = self.path(text);
        if !path.is_file() {
            self.wrong(
                key,
                format!("there is no file {}", path.display()),
                "put the file there or correct the path (relative paths start at the configuration file)",
            );
        }
        path
    }

    pub(super) fn secret(&mut self, key: &str, text: &str) -> PathBuf {
        let path = self.existing(key, text);
        if let Ok(meta) = std::fs::metadata(&path)
            && meta.permissions().mode() & 0o077 != 0
        {
            self.wrong(
                key,
                format!(
                    "{} can be read by others (mode {:03o})",
                    path.display(),
                    meta.permissions().mode() & 0o777
                ),
                "run: chmod 600 on it, owned by the account that runs antin",
            );
        }
        path
    }

    pub(super) fn http_url(&mut self, key: &str, text: &str) -> String {
        if !names::is_http_address(text) {
            self.wrong(
                key,
                format!("`{text}` is not an http or https address"),
                "write it like \"http://tsa.example.gov.vn/tsa\"",
            );
        }
        text.to_owned()
    }

    /// What a check gave, or its mistake noted and something in its place that is never used.
    fn noted<T>(&mut self, outcome: Result<T, Mistake>) -> Option<T> {
        outcome.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    pub(super) fn within(
        &mut self,
        key: &str,
        value: u64,
        range: std::ops::RangeInclusive<u64>,
        why: &str,
    ) {
        if !range.contains(&value) {
            self.wrong(
                key,
                format!("{value} is out of range: {why}"),
                &format!(
                    "leave the key out, or give {} to {}",
                    range.start(),
                    range.end()
                ),
            );
        }
    }
}

pub(super) fn check(file: raw::File, base: &Path) -> Result<Config, Vec<Mistake>> {
    let mut c = Checker {
        base,
        mistakes: Vec::new(),
    };
    let server = server(&mut c, &file.server);
    let base_url = c.noted(names::check_base_url(&file.base_url));
    if file.trust.roots.is_empty() {
        c.wrong(
            "trust.roots",
            "no root certificate is named",
            "give the PEM file of the root that your seals chain to",
        );
    }
    let trust_roots = file
        .trust
        .roots
        .iter()
        .map(|p| c.existing("trust.roots", p))
        .collect();
    let level = level(&mut c, file.signing.level.as_deref());
    let log = log(&mut c, &file.log);
    let offices = offices(&mut c, &file.office);
    let clients = clients(&mut c, &file.client, &offices);
    let signatories = signatory::check(&mut c, &file.signatory, &offices);
    let desk = desk::desk(&file.desk, &mut c.mistakes);
    let mut store = crate::store::SledSettings::new(c.path(&file.archive.dir));
    if let Some(bytes) = file.archive.cache_bytes {
        store.cache_bytes = bytes;
    }
    let store = crate::store::Settings::Sled(store);
    let fetch = fetching::check(&mut c, &file.fetch, &file.timestamp);
    if !c.mistakes.is_empty() {
        return Err(c.mistakes);
    }
    Ok(Config {
        profile: file.profile,
        base_url: base_url.unwrap_or_default(),
        server,
        store,
        log,
        level,
        trust_roots,
        fetch,
        offices,
        clients,
        signatories,
        desk,
    })
}

fn level(c: &mut Checker<'_>, raw: Option<&str>) -> SignatureLevel {
    let Some(raw) = raw else {
        return SignatureLevel::BT;
    };
    SignatureLevel::named(raw).unwrap_or_else(|| {
        c.wrong(
            "signing.level",
            format!("`{raw}` is no level of a signature"),
            "write \"B-B\", \"B-T\", \"B-LT\" or \"B-LTA\"",
        );
        SignatureLevel::BT
    })
}

fn server(c: &mut Checker<'_>, raw: &raw::Server) -> Server {
    let server = Server {
        listen: c.address("server.listen", &raw.listen),
        admin_listen: c.address("server.admin_listen", &raw.admin_listen),
        workers: raw.workers.unwrap_or_else(cores),
        max_file_bytes: raw.max_file_bytes.unwrap_or(MAX_FILE_BYTES),
        drain_s: raw.drain_s.unwrap_or(2),
    };
    let (public, admin) = (server.listen, server.admin_listen);
    let is_every = |a: SocketAddr| a.ip().is_unspecified();
    // Port 0: any free one, so never the same.
    if public.port() != 0
        && public.port() == admin.port()
        && (public.ip() == admin.ip() || is_every(public) || is_every(admin))
    {
        c.wrong(
            "server.admin_listen",
            format!("{admin} is taken by server.listen ({public})"),
            "give the operator's listener a port of its own, which nobody else can reach",
        );
    }
    if server.workers == 0 {
        c.wrong(
            "server.workers",
            "0 workers serve nobody",
            "leave the key out, or give 1 or more",
        );
    }
    c.within(
        "server.max_file_bytes",
        server.max_file_bytes,
        1..=FILE_BYTES_CEILING,
        "a signed file must fit one volume of the store (4,096 slots of 58,000 bytes, 237 MB)",
    );
    server
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

fn log(c: &mut Checker<'_>, raw: &raw::Log) -> Log {
    c.noted(names::check_origin(&raw.origin));
    Log {
        origin: raw.origin.clone(),
        key_file: c.secret("log.key_file", &raw.key_file),
    }
}

fn offices(c: &mut Checker<'_>, raw: &[raw::Office]) -> Vec<OfficeKeys> {
    let mut seen = std::collections::HashSet::new();
    let mut offices = Vec::new();
    for office in raw {
        let key = format!("office {}", office.code);
        let code = match OfficeCode::from_str(&office.code) {
            Ok(code) => Some(code),
            Err(_) => {
                c.wrong(
                    &key,
                    "the code is not of the form of QD 20/2020",
                    "write it like \"H49\" or \"H49.22.15\"",
                );
                None
            }
        };
        let level = match Level::from_str(&office.level) {
            Ok(level) => Some(level),
            Err(_) => {
                c.wrong(
                    &key,
                    format!("`{}` is not a level", office.level),
                    "one of: province, district, commune",
                );
                None
            }
        };
        if office.name.trim().is_empty() {
            c.wrong(
                &key,
                "the name is empty",
                "write the office's name as on its seal",
            );
        }
        let settings = key::of_office(c, &key, office);
        let other_keys = key::others_of_office(c, &key, office);
        if let (Some(code), Some(level), Some(settings)) = (code, level, settings) {
            if !seen.insert(code.to_string()) {
                c.wrong(
                    &key,
                    "this office stands twice",
                    "keep one [[office]] for each code",
                );
            }
            offices.push(OfficeKeys {
                office: Office {
                    code,
                    name: office.name.clone(),
                    level,
                },
                key: settings,
                other_keys,
                stamp: stamp::check(c, &key, office.stamp.as_ref()),
            });
        }
    }
    offices
}

fn clients(c: &mut Checker<'_>, raw: &[raw::Client], offices: &[OfficeKeys]) -> Vec<Client> {
    let mut clients = Vec::new();
    let mut holders = std::collections::HashMap::new();
    for client in raw {
        let key = format!("client {}", client.name);
        let role = match client.role.as_str() {
            "clerk" => Some(Role::Clerk),
            "auditor" => Some(Role::Auditor),
            other => {
                c.wrong(
                    &key,
                    format!("`{other}` is not a role"),
                    "one of: clerk, auditor",
                );
                None
            }
        };
        let office = match client.office.as_deref().map(OfficeCode::from_str) {
            None => None,
            Some(Ok(code)) if offices.iter().any(|o| o.office.code == code) => Some(code),
            Some(_) => {
                c.wrong(
                    &key,
                    "its office is not among the [[office]] entries",
                    "name the code of a configured office",
                );
                None
            }
        };
        if role == Some(Role::Clerk) && client.office.is_none() {
            c.wrong(
                &key,
                "a clerk acts for one office, and none is named",
                "add: office = \"CODE\"",
            );
        }
        let digest = match Digest::from_str(&client.key_sha256) {
            Ok(digest) => Some(digest),
            Err(_) => {
                c.wrong(
                    &key,
                    "key_sha256 is not 64 lower-case hexadecimal digits",
                    "make a key with `antin key new`, which prints both",
                );
                None
            }
        };
        if let Some(digest) = digest {
            match holders.get(&digest.to_string()) {
                Some(other) => c.wrong(
                    &key,
                    format!(
                        "has the key_sha256 of client {other}: nobody could tell the two apart"
                    ),
                    "make a key for each client with `antin key new`",
                ),
                None => {
                    holders.insert(digest.to_string(), &client.name);
                }
            }
        }
        if let (Some(role), Some(key_sha256)) = (role, digest) {
            clients.push(Client {
                name: client.name.clone(),
                role,
                office,
                key_sha256,
            });
        }
    }
    clients
}
