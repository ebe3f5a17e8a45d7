//! The demo's folder: authorities and keys, made once; the configuration, written anew at every start for the addresses of that start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sample::Sample;
use crate::archive::Archive;
use crate::cli::clock;
use crate::cli::disk::{make_dir, replace};
use crate::cli::init::make_log_key;
use crate::cli::key::new_demo_key;
use crate::province::{Cast, Declaration, Province};
use crate::record::{Digest, Fault, UtcTime, sha256};

/// Begins with `demo.`, which `serve` and `init` refuse.
const ORIGIN: &str = "demo.antin.invalid/log";

/// Who signs by hand: entity of the declaration, office, post.
const SIGNATORIES: [(&str, &str, &str); 2] = [
    ("signatory-province", "H49", "Phó Chủ tịch"),
    ("signatory-district", "H49.24", "Chủ tịch"),
];

pub(super) struct Folder {
    dir: PathBuf,
    pub province: Province,
    pub keys: Keys,
}

/// The API keys of the demo's people.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Keys {
    clerks: Vec<ClerkKey>,
    auditor: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ClerkKey {
    office: String,
    api_key: String,
}

impl Folder {
    pub fn open(dir: &Path, public: SocketAddr, admin: SocketAddr) -> Result<Self, Fault> {
        make_dir(dir)?;
        let base_url = format!("http://{public}");
        let pki = dir.join("pki");
        let keys_file = dir.join("keys.json");
        // keys.json is written last: where it is, everything is.
        let (province, keys) = if keys_file.is_file() {
            let text = std::fs::read(&keys_file).map_err(|e| Fault::new("reading keys.json", e))?;
            let keys =
                serde_json::from_slice(&text).map_err(|e| Fault::new("reading keys.json", e))?;
            (Province::load(&pki)?, keys)
        } else {
            refuse_foreign(dir)?;
            let province = authorities(&pki, &base_url)?;
            if !dir.join("log.key").exists() {
                make_log_key(ORIGIN, &dir.join("log.key"))?;
            }
            let keys = Keys::new(&province)?;
            let text = serde_json::to_vec_pretty(&keys)
                .map_err(|e| Fault::new("encoding keys.json", e))?;
            replace(&keys_file, &text, 0o600)?;
            (province, keys)
        };
        let folder = Self {
            dir: dir.to_owned(),
            province,
            keys,
        };
        replace(
            &folder.config_file(),
            folder.config(&base_url, public, admin)?.as_bytes(),
            0o600,
        )?;
        Ok(folder)
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.join("antin.toml")
    }

    fn config(
        &self,
        base_url: &str,
        public: SocketAddr,
        admin: SocketAddr,
    ) -> Result<String, Fault> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut text = format!(
            "# Written by `antin demo` at every start. Throw-away keys: `antin serve` refuses this file.\n\
             base_url = {base}\nprofile = \"demo\"\n\n\
             [server]\nlisten = \"{public}\"\nadmin_listen = \"{admin}\"\ndrain_s = 0\n\n\
             [archive]\ndir = \"archive\"\n\n\
             [log]\norigin = \"{ORIGIN}\"\nkey_file = \"log.key\"\n\n\
             [timestamp]\nurls = [\"{base_url}/pki/tsa\"]\n\n\
             [trust]\nroots = [\"pki/root.pem\"]\n\n\
             [fetch]\nallow_private = [\"{public}\"]\n",
            base = quoted(base_url),
        );
        let made_for = self.province.base_url();
        if made_for != base_url {
            // The certificates name the addresses of the first start.
            text.push_str(&format!(
                "[[fetch.rewrite]]\nfrom = {}\nto = {}\n",
                quoted(made_for),
                quoted(base_url)
            ));
        }
        for seal in self.province.offices() {
            let name = seal.entity.name();
            text.push_str(&format!(
                "\n[[office]]\ncode = \"{}\"\nname = {}\nlevel = \"{}\"\nkey_file = \"pki/keys/{name}.key.pem\"\ncertificate_file = \"pki/chains/{name}.pem\"\n",
                seal.office.code,
                quoted(&seal.office.name),
                seal.office.level.as_str(),
            ));
        }
        for (entity, office, post) in SIGNATORIES {
            // A folder of an earlier version has no such people.
            let Some(entity) = self.province.entity(entity) else {
                continue;
            };
            let certificate = entity.certificate();
            let name = certificate.subject().common_name().unwrap_or(post);
            let day = |unix_s| {
                let time = UtcTime::from_unix_s(unix_s).unwrap_or(self.province.made_at());
                time.date_in_vietnam()
            };
            text.push_str(&format!(
                "\n[[signatory]]\noffice = \"{office}\"\nperson = {}\npost = {}\nfrom = \"{}\"\nuntil = \"{}\"\ncertificate_sha256 = \"{}\"\n",
                quoted(name),
                quoted(post),
                day(certificate.not_before()),
                day(certificate.not_after()),
                Digest::new(certificate.sha256()),
            ));
        }
        for clerk in &self.keys.clerks {
            text.push_str(&format!(
                "\n[[client]]\nname = \"clerk of {0}\"\nrole = \"clerk\"\noffice = \"{0}\"\nkey_sha256 = \"{1}\"\n",
                clerk.office,
                sha256(clerk.api_key.as_bytes()),
            ));
        }
        text.push_str(&format!(
            "\n[[client]]\nname = \"auditor\"\nrole = \"auditor\"\nkey_sha256 = \"{}\"\n",
            sha256(self.keys.auditor.as_bytes())
        ));
        Ok(text)
    }
}

/// The authorities: made, or those of a start that was killed after they were written whole.
fn authorities(pki: &Path, base_url: &str) -> Result<Province, Fault> {
    // The index is what `save` writes last.
    if pki.join("province.json").is_file() {
        return Province::load(pki);
    }
    let province = Province::make(
        &Declaration::embedded()?,
        base_url,
        clock::now(),
        Cast::Demo,
    )?;
    province.save(pki)?;
    Ok(province)
}

/// Everything that the demo itself writes, `.new` where it was killed before the renaming.
const OURS: [&str; 15] = [
    "pki",
    "log.key",
    "log.new",
    "keys.new",
    "antin.toml",
    "antin.new",
    "archive",
    "demo.json",
    "demo.new",
    "sample-record.json",
    "sample-record.new",
    "sample-unsigned.pdf",
    "sample-unsigned.new",
    "sample-signed.pdf",
    "sample-signed.new",
];

/// A folder that holds something else is left alone.
fn refuse_foreign(dir: &Path) -> Result<(), Fault> {
    let entries =
        std::fs::read_dir(dir).map_err(|e| Fault::new(format!("reading {}", dir.display()), e))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !OURS.iter().any(|ours| name == *ours) {
            return Err(Fault::plain(format!(
                "{} holds {} and is not a demo's folder; give an empty or new one with --dir",
                dir.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

impl Keys {
    fn new(province: &Province) -> Result<Self, Fault> {
        let key = || new_demo_key().map_err(|e| Fault::new("drawing an API key", e));
        let mut clerks = Vec::new();
        for seal in province.offices() {
            clerks.push(ClerkKey {
                office: seal.office.code.to_string(),
                api_key: key()?,
            });
        }
        Ok(Self {
            clerks,
            auditor: key()?,
        })
    }

    /// The content of demo.json.
    pub fn facts(
        &self,
        archive: &Archive,
        province: &Province,
        dir: &Path,
        admin_url: &str,
        sample: &Sample,
    ) -> Result<Value, Fault> {
        let absolute = |path: PathBuf| {
            std::path::absolute(&path)
                .map_err(|e| Fault::new(format!("resolving {}", path.display()), e))
        };
        let offices: Vec<Value> = province
            .offices()
            .iter()
            .map(|s| json!({"code": s.office.code, "name": s.office.name, "level": s.office.level}))
            .collect();
        let clerks: Vec<Value> = self
            .clerks
            .iter()
            .map(|c| json!({"office": c.office, "role": "clerk", "api_key": c.api_key}))
            .collect();
        Ok(json!({
            "base_url": archive.settings().base_url,
            "admin_url": admin_url,
            "trust": absolute(dir.join("pki/root.pem"))?,
            "log_vkey": archive.log_key().to_string(),
            "offices": offices,
            "clerks": clerks,
            "auditor": {"api_key": self.auditor},
            "sample": {"id": sample.id, "verify_url": sample.verify_url, "file": absolute(sample.file.clone())?},
        }))
    }

    /// A command that files a result, ready to be pasted.
    pub fn example(&self, base_url: &str, dir: &Path) -> String {
        let clerk = self.clerks.first();
        format!(
            "curl -F 'record=<{0}/sample-record.json' -F 'file=@{0}/sample-unsigned.pdf;type=application/pdf' \\\n      -H 'Idempotency-Key: try-1' -H 'Authorization: Bearer {1}' {base_url}/api/v1/results",
            dir.display(),
            clerk.map_or("", |c| c.api_key.as_str()),
        )
    }
}
