//! `antin init`: the only verb that makes a log.

use std::path::{Path, PathBuf};

use clap::Args;

use super::disk::{make_dir, replace, write_secret};
use super::{could_not, trial};
use crate::archive::{Settings, create_log};
use crate::config;
use crate::record::{Fault, SignatureLevel};
use crate::store::{self, Stores};
use crate::tlog::{KeyKind, KeyName, NoteSigner, SeedSigner, SignedCheckpoint};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder to make (keys, archive, antin.toml)
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The log's name for ever, without scheme: ketqua.example.gov.vn/log
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// The public address of the pages, as printed on results
    #[arg(long, value_name = "URL")]
    base_url: String,
}

impl Init {
    pub fn run(self) -> u8 {
        match self.make() {
            Ok(vkey) => {
                let dir = self.dir.display();
                say!(
                    "made {dir}/keys/log.key (keep a copy apart), {dir}/archive, {dir}/antin.toml"
                );
                say!("the log's public key, to be published: {vkey}");
                say!(
                    "next: put the seals' keys and certificates into place, edit {dir}/antin.toml, then"
                );
                say!(
                    "  antin config check --config {dir}/antin.toml && antin serve --config {dir}/antin.toml"
                );
                0
            }
            Err(fault) => could_not(fault.chain()),
        }
    }

    fn make(&self) -> Result<String, Fault> {
        let file = self.dir.join("antin.toml");
        if file.exists() {
            return Err(Fault::plain(format!(
                "{} is there already; nothing was changed",
                file.display()
            )));
        }
        if self.origin.starts_with("demo.") {
            return Err(Fault::plain(
                "names beginning with `demo.` are for the demo only; choose the log's real name",
            ));
        }
        let in_words = |option: &str, m: config::Mistake| {
            Fault::plain(format!("{option}: {}; {}", m.wrong, m.remedy))
        };
        let base_url =
            config::check_base_url(&self.base_url).map_err(|m| in_words("--base-url", m))?;
        config::check_origin(&self.origin).map_err(|m| in_words("--origin", m))?;
        make_dir(&self.dir.join("keys"))?;
        let key_file = self.dir.join("keys/log.key");
        if key_file.exists() {
            // Left by an `init` that was stopped before it wrote antin.toml, or put here beforehand.
            trial::read_log_key(&key_file, &self.origin).map_err(|e| {
                Fault::new(
                    format!(
                        "there is a log key already, and it is not used: give the --origin it was made for, or move {} away if it belongs to no log",
                        key_file.display()
                    ),
                    e.chain().to_string(),
                )
            })?;
        } else {
            make_log_key(&self.origin, &key_file)?;
        }
        let settings = Settings {
            base_url,
            log_origin: self.origin.clone(),
            log_key_file: key_file,
            trust_roots: Vec::new(),
            max_file_bytes: config::MAX_FILE_BYTES,
            level: SignatureLevel::BT,
        };
        let stores = stores(&self.dir.join("archive"))?;
        let vkey = begin_log(&settings, &stores)?;
        stores.close()?;
        // Last: where it is, everything is.
        replace(
            &file,
            configuration(&settings.base_url, &self.origin).as_bytes(),
            0o600,
        )?;
        Ok(vkey)
    }
}

/// The example with this archive's two names in it.
pub(super) fn configuration(base_url: &str, origin: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    config::example()
        .replace("\"https://ketqua.example.gov.vn\"", &quoted(base_url))
        .replace("\"ketqua.example.gov.vn/log\"", &quoted(origin))
}

/// New stores, or those of an `init` that was stopped after it made them.
fn stores(dir: &Path) -> Result<Stores, Fault> {
    let settings = store::Settings::Sled(store::SledSettings::new(dir));
    match store::open(&settings) {
        Err(fault) if matches!(store::cause(&fault), Some(store::Cause::Absent { .. })) => {
            store::create(&settings).map_err(|fault| {
                if matches!(store::cause(&fault), Some(store::Cause::Present { .. })) {
                    Fault::plain(format!(
                        "{} holds a part of an archive, without the file `format` that is written last: if an earlier `init` was stopped there, move it away and run `init` again; if it ever held results, restore it from a copy",
                        dir.display()
                    ))
                } else {
                    fault
                }
            })
        }
        other => other,
    }
}

/// Begins the log; one that was begun with this key and holds nothing is as good.
fn begin_log(settings: &Settings, stores: &Stores) -> Result<String, Fault> {
    let Some(state) = stores.ledger.tree()? else {
        return create_log(settings, stores).map(|vkey| vkey.to_string());
    };
    if state.size > 0 || stores.ledger.admitted() > 0 {
        return Err(Fault::plain(format!(
            "this archive's log has {} entries already, and `init` makes only new ones; put its antin.toml back (`antin config example` shows the form)",
            state.size
        )));
    }
    let signer = trial::read_log_key(&settings.log_key_file, &settings.log_origin)?;
    SignedCheckpoint::open(&state.note, signer.key(), &[]).map_err(|e| {
        Fault::new(
            "the archive's empty log was begun with another key; put that key back, or move the archive away and run `init` again",
            e.to_string(),
        )
    })?;
    Ok(signer.key().to_string())
}

pub(super) fn make_log_key(origin: &str, file: &Path) -> Result<(), Fault> {
    let name: KeyName = origin
        .parse()
        .map_err(|e| Fault::new("reading the log's name", e))?;
    let mut seed = [0u8; 32];
    openssl::rand::rand_priv_bytes(&mut seed)
        .map_err(|e| Fault::new("drawing the log's key", e))?;
    let signer = SeedSigner::from_seed(name, KeyKind::Ed25519, seed)?;
    write_secret(file, &format!("{}\n", signer.to_private_text()))
}
