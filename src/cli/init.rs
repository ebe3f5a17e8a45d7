//! `antin init`: the only verb that makes a log.

use std::path::{Path, PathBuf};

use clap::Args;

use super::could_not;
use crate::archive::{Settings, create_log};
use crate::config;
use crate::record::Fault;
use crate::store;
use crate::tlog::{KeyKind, KeyName, SeedSigner};

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
                println!(
                    "made {dir}/keys/log.key (keep a copy apart), {dir}/archive, {dir}/antin.toml"
                );
                println!("the log's public key, to be published: {vkey}");
                println!(
                    "next: put the seals' keys and certificates into place, edit {dir}/antin.toml, then"
                );
                println!(
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
        make_dir(&self.dir.join("keys"))?;
        let key_file = self.dir.join("keys/log.key");
        make_log_key(&self.origin, &key_file)?;
        let settings = Settings {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            log_origin: self.origin.clone(),
            log_key_file: key_file,
            timestamp_urls: Vec::new(),
            max_drift_s: 0,
            trust_roots: Vec::new(),
            max_file_bytes: config::MAX_FILE_BYTES,
        };
        let stores = store::create(&store::Settings::Sled(store::SledSettings::new(
            self.dir.join("archive"),
        )))?;
        let vkey = create_log(&settings, &stores)?;
        stores.close()?;
        let text = config::example()
            .replace("https://ketqua.example.gov.vn", &settings.base_url)
            .replace("ketqua.example.gov.vn/log", &self.origin);
        std::fs::write(&file, text)
            .map_err(|e| Fault::new(format!("writing {}", file.display()), e))?;
        Ok(vkey.to_string())
    }
}

/// A folder that only its owner may enter.
pub(super) fn make_dir(dir: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| Fault::new(format!("making {}", dir.display()), e))
}

/// Writes a secret that only its owner may read; never over an existing file.
pub(super) fn write_secret(file: &Path, text: &str) -> Result<(), Fault> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let fault = |e| Fault::new(format!("writing {}", file.display()), e);
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(fault)?;
    out.write_all(text.as_bytes()).map_err(fault)?;
    out.sync_all().map_err(fault)
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
