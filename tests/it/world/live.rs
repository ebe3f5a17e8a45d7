//! The real thing: `antin init`, an office's own seal, a configuration, `antin serve`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::authority::Authority;
use super::demo::{Auditor, Clerk, Facts, Sample};
use super::http::Call;
use super::merkle;
use super::process::{ANTIN, Server, antin, run_in};
use super::temp::TempDir;
use super::wait;

const OFFICE: &str = "H26.7";
const OFFICE_NAME: &str = "Ủy ban nhân dân quận Thử Nghiệm";

pub struct Live {
    pub base_url: String,
    pub admin_url: String,
    pub clerk: Clerk,
    pub server: Server,
    dir: TempDir,
}

/// What stands of its key in the office's table, and what the server needs in its environment for it.
pub struct OfficeKey {
    pub toml: String,
    pub env: Vec<(&'static str, String)>,
    /// What `/readyz` says with it.
    pub readiness: u16,
}

impl OfficeKey {
    fn simple() -> Self {
        Self {
            toml: "key_file = \"keys/seal.key\"\ncertificate_file = \"seal.pem\"".into(),
            env: Vec::new(),
            readiness: 200,
        }
    }
}

impl Live {
    /// Readiness stays down for `drain_s` before the end.
    #[track_caller]
    pub fn serve(authority: &Authority, drain_s: u32) -> Self {
        Live::build(
            authority,
            drain_s,
            |_| OfficeKey::simple(),
            |_| String::new(),
        )
    }

    /// `more` gives what else stands in the configuration, from the folder it lies in.
    #[track_caller]
    pub fn serve_with(
        authority: &Authority,
        drain_s: u32,
        more: impl FnOnce(&Path) -> String,
    ) -> Self {
        Live::build(authority, drain_s, |_| OfficeKey::simple(), more)
    }

    /// With the seal's key moved to where `place` puts it: it finds `keys/seal.key` and `seal.pem` in the folder given.
    #[track_caller]
    pub fn serve_with_key(
        authority: &Authority,
        drain_s: u32,
        place: impl FnOnce(&Path) -> OfficeKey,
    ) -> Self {
        Live::build(authority, drain_s, place, |_| String::new())
    }

    #[track_caller]
    fn build(
        authority: &Authority,
        drain_s: u32,
        place: impl FnOnce(&Path) -> OfficeKey,
        more: impl FnOnce(&Path) -> String,
    ) -> Self {
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
        authority.issue_seal(
            OFFICE_NAME,
            &home.join("keys/seal.key"),
            &home.join("seal.pem"),
        );
        std::fs::copy(authority.root_pem(), home.join("root.pem")).unwrap();
        let key = antin(&["key", "new"]).out;
        let api_key = key
            .split_whitespace()
            .find(|w| w.starts_with("antin_live_"))
            .unwrap();
        let (listen, admin) = (free_address(), free_address());
        let office_key = place(&home);
        let env: Vec<(&str, &str)> = office_key
            .env
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .collect();
        let mut text = configuration(
            &listen,
            &admin,
            authority.address(),
            api_key,
            drain_s,
            &office_key.toml,
        );
        text.push_str(&more(&home));
        let config = home.join("antin.toml");
        std::fs::write(&config, text).unwrap();

        let config = config.to_str().unwrap();
        let checked = run_in(ANTIN, &["config", "check", "--config", config], &env, None);
        assert_eq!(checked.code, Some(0), "{checked:?}");
        let mut server = Server::start(&["serve", "--config", config], &env, &dir.join("output"));
        let (base_url, admin_url) = (format!("http://{listen}"), format!("http://{admin}"));
        wait::until("readiness of the server", 30, || {
            if let Some(status) = server.exited() {
                panic!("serve ended at its start: {status}\n{}", server.said());
            }
            let answer = Call::get(format!("{admin_url}/readyz")).try_send().ok()?;
            (answer.status == office_key.readiness).then_some(())
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

    /// Killed and started again on what its folder holds now.
    #[track_caller]
    pub fn restart(&mut self) {
        self.server.kill();
        let config = self.config();
        let output = self.dir.join("output");
        self.server = Server::start(
            &["serve", "--config", config.to_str().unwrap()],
            &[],
            &output,
        );
        wait::until("readiness after a restart", 30, || {
            if let Some(status) = self.server.exited() {
                panic!("serve ended at its start: {status}\n{}", self.server.said());
            }
            let answer = Call::get(format!("{}/readyz", self.admin_url)).try_send();
            (answer.ok()?.status == 200).then_some(())
        });
    }

    /// As a demo tells of itself, where it has the same.
    pub fn facts(&self) -> Facts {
        Facts {
            base_url: self.base_url.clone(),
            admin_url: self.admin_url.clone(),
            trust: self.home().join("root.pem"),
            log_vkey: String::new(),
            offices: Vec::new(),
            clerks: vec![self.clerk.clone()],
            auditor: Auditor {
                api_key: String::new(),
            },
            sample: Sample {
                verify_url: String::new(),
                file: PathBuf::new(),
            },
        }
    }

    pub fn home(&self) -> PathBuf {
        self.dir.join("home")
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

fn configuration(
    listen: &str,
    admin: &str,
    tsa: &str,
    api_key: &str,
    drain_s: u32,
    office_key: &str,
) -> String {
    let key_sha256 = merkle::hex(&merkle::sha256(api_key.as_bytes()));
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
urls = ["http://{tsa}/tsa"]
[trust]
roots = ["root.pem"]
[fetch]
allow_private = ["{tsa}"]
[[office]]
code = "{OFFICE}"
name = "{OFFICE_NAME}"
level = "district"
{office_key}
[[client]]
name = "Bộ phận Một cửa"
role = "clerk"
office = "{OFFICE}"
key_sha256 = "{key_sha256}"
"#
    )
}
