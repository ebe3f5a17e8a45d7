//! `antin demo` as a process of its own, on free ports, in a folder of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use antin::pki::crypto::{Curve, KeyKind};
use antin::province::Province;
use antin::record::Fault;
use openssl::pkey::{PKey, Private};
use serde_json::Value;

use super::table::{Table, Target};
use super::{Outcome, machine};

/// A start makes three keys and an archive: under five seconds on a quiet machine.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn words(fault: Fault) -> String {
    fault.chain().to_string()
}

pub(crate) struct Demo {
    child: Child,
    dir: PathBuf,
    pub address: SocketAddr,
    pub facts: Value,
    province: Province,
}

impl Demo {
    pub fn start(dir: &Path) -> Outcome<Self> {
        let address = free_port()?;
        let admin = free_port()?;
        let child = Command::new(env!("CARGO_BIN_EXE_antin"))
            .arg("demo")
            .arg("--dir")
            .arg(dir)
            .args(["--listen", &address.to_string()])
            .args(["--admin-listen", &admin.to_string()])
            .env("ANTIN_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut demo = Self::attach(child, dir, address)?;
        demo.facts = serde_json::from_slice(&std::fs::read(dir.join("demo.json"))?)?;
        Ok(demo)
    }

    /// Waits for `demo.json`, the last thing a start writes.
    fn attach(mut child: Child, dir: &Path, address: SocketAddr) -> Outcome<Self> {
        let begin = Instant::now();
        while !dir.join("demo.json").exists() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("`antin demo` ended at once with {status}").into());
            }
            if begin.elapsed() > START_LIMIT {
                let _ = child.kill();
                return Err("`antin demo` did not start in time".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let province = Province::load(&dir.join("pki")).map_err(words)?;
        Ok(Self {
            child,
            dir: dir.to_owned(),
            address,
            facts: Value::Null,
            province,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn cpu_s(&self) -> f64 {
        machine::cpu_s(self.pid())
    }

    /// The most it held so far.
    pub fn memory(&self, when: &str, table: &mut Table) {
        table.row(
            &format!("server's peak memory {when}"),
            machine::peak_mb(self.pid()),
            "MB",
        );
    }

    /// After everything: against its target.
    pub fn judge_memory(&self, table: &mut Table) {
        table.judged(
            "server's peak memory (VmHWM) after everything",
            machine::peak_mb(self.pid()),
            "MB",
            Target::below(300.0, "300 MB".into()),
        );
    }

    /// The key with which a clerk of the office files whose seal is of this kind, and the office's code.
    pub fn clerk(&self, kind: KeyKind) -> Outcome<(String, String)> {
        let office = self
            .province
            .offices()
            .into_iter()
            .find(|o| o.entity.certificate().key_facts().kind == kind)
            .ok_or("no office has such a key")?
            .office
            .code
            .to_string();
        let clerks = self.facts["clerks"]
            .as_array()
            .ok_or("demo.json names no clerks")?;
        let key = clerks
            .iter()
            .find(|c| c["office"] == office.as_str())
            .and_then(|c| c["api_key"].as_str())
            .ok_or("the office has no clerk")?;
        Ok((office, key.to_owned()))
    }

    /// The key of that office, to sign with it beside the server.
    pub fn key(&self, kind: KeyKind) -> Outcome<PKey<Private>> {
        let offices = self.province.offices();
        let office = offices
            .iter()
            .find(|o| o.entity.certificate().key_facts().kind == kind);
        Ok(office
            .ok_or("no office has such a key")?
            .entity
            .key()
            .clone())
    }

    pub const P256: KeyKind = KeyKind::Ec(Curve::P256);

    pub fn auditor(&self) -> Outcome<String> {
        let key = self.facts["auditor"]["api_key"].as_str();
        Ok(key.ok_or("demo.json names no auditor")?.to_owned())
    }

    /// Stops it as an operator would and gives the folder it leaves.
    pub fn stop(mut self) -> Outcome<PathBuf> {
        Command::new("kill").arg(self.pid().to_string()).status()?;
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    return Err(format!("`antin demo` ended with {status}").into());
                }
                return Ok(self.dir.clone());
            }
            if begin.elapsed() > STOP_LIMIT {
                return Err("`antin demo` did not stop in time".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Only what was not stopped in order: a benchmark that broke.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn free_port() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
