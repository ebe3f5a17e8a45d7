//! A throw-away province behind the server, and a fetcher that may reach it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{
    Authority, CacheSettings, Fetcher, RevocationFacts, RevocationSource, Settings,
    TimestampSettings,
};
use super::server::{Asked, Reply, Server};
use crate::pki::cert::Certificate;
use crate::province::{Cast, Declaration, Method, Now, Province};
use crate::record::UtcTime;
use crate::trust::{Memory, RevocationEvidence, Status, status_of};

const NAMES: [&str; 4] = [
    "seal-district",
    "seal-revoked",
    "tsa-expired",
    "seal-stranger",
];

pub struct World {
    pub server: Server,
    pub province: Arc<Province>,
    pub memory: Memory,
    pub source: RevocationSource,
}

pub fn clock() -> UtcTime {
    UtcTime::parse_rfc3339("2026-11-25T02:00:00Z").unwrap()
}

pub fn after(seconds: i64) -> UtcTime {
    clock().checked_add_s(seconds).unwrap()
}

impl World {
    /// Everything answers as it should, at the clock's time.
    pub fn new() -> Self {
        let server = Server::open(|_| Reply::status(503));
        let declaration = Declaration::embedded().unwrap();
        let made = Province::make(&declaration, &server.url(), clock(), Cast::Only(&NAMES));
        let province = Arc::new(made.unwrap());
        let world = Self {
            server,
            province,
            memory: Memory::new(),
            source: RevocationSource::default(),
        };
        world.sound_at(clock());
        world
    }

    pub fn sound_at(&self, at: UtcTime) {
        self.answer(move |_, _| None, at);
    }

    /// As `fault` says; where it says nothing, as it should be.
    pub fn faulty(
        &self,
        fault: impl Fn(&Province, &Asked) -> Option<Reply> + Send + Sync + 'static,
    ) {
        self.answer(fault, clock());
    }

    pub fn answer(
        &self,
        fault: impl Fn(&Province, &Asked) -> Option<Reply> + Send + Sync + 'static,
        at: UtcTime,
    ) {
        let province = Arc::clone(&self.province);
        self.server.answer_with(move |asked| {
            fault(&province, asked).unwrap_or_else(|| visit(&province, asked, at))
        });
    }

    pub fn settings(&self) -> Settings {
        Settings {
            timeout_ms: 5_000,
            budget_ms: 10_000,
            allow_private: vec![self.server.host()],
            timestamp: TimestampSettings {
                authorities: vec![Authority::plain(self.province.tsa_url())],
                budget_ms: 10_000,
                max_drift_s: 300,
            },
            ..Settings::default()
        }
    }

    pub fn fetcher(&self) -> Fetcher {
        Fetcher::new(&self.settings())
    }

    pub fn certificate(&self, name: &str) -> &Certificate {
        self.province.entity(name).unwrap().certificate()
    }

    pub fn issuer_of(&self, name: &str) -> &Certificate {
        self.certificate(self.province.entity(name).unwrap().issuer())
    }

    pub fn facts(&self, fetcher: &Fetcher, name: &str, now: UtcTime) -> RevocationFacts {
        let (subject, issuer) = (self.certificate(name), self.issuer_of(name));
        self.source
            .facts(fetcher, &self.memory, subject, issuer, now)
    }

    pub fn status(&self, facts: &RevocationFacts, name: &str, now: UtcTime) -> Option<Status> {
        let evidence = RevocationEvidence {
            ocsp: facts.ocsp.clone(),
            crls: facts.crls.clone(),
        };
        let (subject, issuer) = (self.certificate(name), self.issuer_of(name));
        status_of(subject, issuer, &evidence, &self.memory, now.unix_s())
    }

    /// How often a path that begins so was asked.
    pub fn visits(&self, path: &str) -> usize {
        let asked = self.server.asked();
        asked.iter().filter(|a| a.path.starts_with(path)).count()
    }
}

pub fn visit(province: &Province, asked: &Asked, at: UtcTime) -> Reply {
    let method = match asked.method.as_str() {
        "GET" => Method::Get,
        _ => Method::Post,
    };
    let now = Now::from(at);
    match province
        .visit(method, &asked.path, &asked.body, now)
        .unwrap()
    {
        Some(answer) => Reply::ok(answer.body),
        None => Reply::status(404),
    }
}

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("antin-fetch-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub fn cache(&self, max_bytes: u64) -> CacheSettings {
        CacheSettings {
            dir: self.0.join("cache"),
            max_bytes,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
