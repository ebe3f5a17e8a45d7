//! A demo province: the program under `antin demo` in a folder of its own, and what it says about itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use super::http::{Answer, Call};
use super::process::{ANTIN, Server};
use super::temp::TempDir;
use super::wait;

/// `demo.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    pub base_url: String,
    pub admin_url: String,
    pub trust: PathBuf,
    pub log_vkey: String,
    pub offices: Vec<Office>,
    pub clerks: Vec<Clerk>,
    pub auditor: Auditor,
    pub sample: Sample,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Office {
    pub code: String,
    pub level: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Clerk {
    pub office: String,
    pub api_key: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Auditor {
    pub api_key: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    pub verify_url: String,
    pub file: PathBuf,
}

impl Facts {
    fn read(dir: &Path) -> Option<Facts> {
        let text = std::fs::read(dir.join("demo.json")).ok()?;
        // Half a file is no file yet.
        let mut facts: Facts = serde_json::from_slice(&text).ok()?;
        facts.trust = dir.join(&facts.trust);
        facts.sample.file = dir.join(&facts.sample.file);
        Some(facts)
    }

    /// The clerk of the office of this level.
    #[track_caller]
    pub fn clerk(&self, level: &str) -> &Clerk {
        let office = self.offices.iter().find(|o| o.level == level);
        let code = &office
            .unwrap_or_else(|| panic!("no office of level {level}"))
            .code;
        self.clerks.iter().find(|c| &c.office == code).unwrap()
    }

    /// District seals are P-256: the quick ones.
    pub fn quick_clerk(&self) -> &Clerk {
        self.clerk("district")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    pub fn admin(&self, path: &str) -> String {
        format!("{}{path}", self.admin_url)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        Call::get(self.url(path)).send()
    }

    /// A GET by somebody with a key.
    #[track_caller]
    pub fn get_as(&self, api_key: &str, path: &str) -> Answer {
        Call::get(self.url(path)).bearer(api_key).send()
    }
}

/// A province of one's own, for tests that stop, kill or damage it.
pub struct World {
    pub facts: Facts,
    server: Option<Server>,
    dir: TempDir,
}

impl World {
    pub fn demo() -> Self {
        let dir = TempDir::new("demo");
        let home = home(&dir);
        let mut server = Server::start(&arguments(&home, ANY, ANY), &[], &dir.join("output"));
        let facts = ready(&mut server, &home, None);
        World {
            facts,
            server: Some(server),
            dir,
        }
    }

    /// The folder given to `--dir`.
    pub fn home(&self) -> PathBuf {
        PathBuf::from(home(&self.dir))
    }

    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the server was stopped")
    }

    /// A clean stop, as by a service manager.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("the server was stopped");
        server.terminate();
        server.wait_for_exit(30)
    }

    #[track_caller]
    pub fn kill(&mut self) {
        self.server.take().expect("the server was stopped").kill();
    }

    /// Starts again on the same folder and the same addresses (certificates name them).
    #[track_caller]
    pub fn start(&mut self, env: &[(&str, &str)]) {
        drop(self.server.take());
        let home = home(&self.dir);
        let listen = self.facts.base_url.trim_start_matches("http://").to_owned();
        let admin = self
            .facts
            .admin_url
            .trim_start_matches("http://")
            .to_owned();
        let output = self.dir.join("output");
        let mut server = Server::start(&arguments(&home, &listen, &admin), env, &output);
        let facts = ready(&mut server, &home, Some(&self.facts));
        assert_eq!(
            facts.base_url, self.facts.base_url,
            "the pages moved at a restart"
        );
        assert_eq!(
            facts.log_vkey, self.facts.log_vkey,
            "the log's key changed at a restart"
        );
        self.facts = facts;
        self.server = Some(server);
    }
}

const ANY: &str = "127.0.0.1:0";

fn home(dir: &TempDir) -> String {
    dir.join("province").to_str().unwrap().to_owned()
}

fn arguments<'a>(home: &'a str, listen: &'a str, admin: &'a str) -> [&'a str; 7] {
    [
        "demo",
        "--dir",
        home,
        "--listen",
        listen,
        "--admin-listen",
        admin,
    ]
}

/// Waits until the demo has told where it is and answers there.
#[track_caller]
fn ready(server: &mut Server, home: &str, before: Option<&Facts>) -> Facts {
    wait::until("demo.json and an answer from the pages", 60, || {
        if let Some(status) = server.exited() {
            panic!("the demo ended at its start: {status}\n{}", server.said());
        }
        let facts = Facts::read(Path::new(home))?;
        let admin = before.map_or(&facts.admin_url, |b| &b.admin_url);
        let live = Call::get(format!("{admin}/readyz")).try_send().ok()?;
        let page = Call::get(format!("{}/kiem-tra", facts.base_url))
            .try_send()
            .ok()?;
        (live.status == 200 && page.status == 200).then_some(facts)
    })
}

/// One province for all tests that only file and read. It lives as long as this process: a shell holds it and ends it when
/// the pipe to this process closes, however this process ends.
struct Shared {
    facts: Facts,
    /// Its standard input is the pipe.
    _keeper: Child,
}

const KEEPER: &str = r#"dir=$1; out=$2; shift 2
"$@" >"$out" 2>&1 &
pid=$!
cat >/dev/null
kill -9 "$pid"
wait "$pid"
rm -rf "$dir""#;

pub fn shared() -> &'static Facts {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let dir = std::mem::ManuallyDrop::new(TempDir::new("shared"));
        let home = home(&dir);
        let output = dir.join("output");
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "keeper"])
            .arg(dir.path())
            .arg(&output)
            .arg(ANTIN);
        command
            .args(arguments(&home, ANY, ANY))
            .env("NO_COLOR", "1");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keeper = command.spawn().unwrap();
        let facts = wait::until(
            &format!("the shared demo ({})", output.display()),
            60,
            || {
                let facts = Facts::read(Path::new(&home))?;
                let ready = Call::get(format!("{}/readyz", facts.admin_url))
                    .try_send()
                    .ok()?;
                (ready.status == 200).then_some(facts)
            },
        );
        Shared {
            facts,
            _keeper: keeper,
        }
    });
    &shared.facts
}
