//! `antin demo`: a throw-away province on this machine, with real keys, real authorities and a real log.
//!
//! # Invariants
//! * Everything it makes lies in its folder and is marked as demo; `serve` refuses it.
//! * Started again on the same folder it goes on where it was.

mod folder;
mod sample;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{assemble, could_not, disk};
use crate::archive::{Archive, create_log};
use crate::config::{self, Config};
use crate::http::{self, App, Listeners};
use crate::province::Province;
use crate::record::Fault;
use crate::store::{self, Stores};
use folder::Folder;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where the demo keeps everything; used again when it exists
    #[arg(long, value_name = "DIR", default_value = "antin-demo")]
    dir: PathBuf,
    /// Address of pages, API and log (port 0: any free one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address of the operator's listener
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    admin_listen: SocketAddr,
}

impl Demo {
    pub fn run(self) -> u8 {
        match self.start() {
            Ok(()) => 0,
            Err(message) => could_not(message),
        }
    }

    fn start(&self) -> Result<(), String> {
        let words = |f: Fault| f.chain().to_string();
        if ![self.listen, self.admin_listen]
            .iter()
            .all(|a| a.ip().is_loopback())
        {
            return Err("the demo's keys lie open to everybody on this machine, so it listens on loopback only; give 127.0.0.1 or [::1]".into());
        }
        // Bound first: the certificates carry the address.
        let public = listen(self.listen).map_err(words)?;
        let admin = listen(self.admin_listen).map_err(words)?;
        let address = |l: &TcpListener| {
            l.local_addr()
                .map_err(|e| format!("reading a listener's address: {e}"))
        };
        let (public_address, admin_address) = (address(&public)?, address(&admin)?);
        let folder = Folder::open(&self.dir, public_address, admin_address).map_err(words)?;
        let config =
            config::load(&folder.config_file()).map_err(|list| assemble::mistakes(&list))?;
        let stores = stores(&config).map_err(words)?;
        let archive = assemble::open(&config, stores).map_err(|refusal| refusal.to_string())?;
        let province = Arc::new(folder.province);
        let app = App::new(Arc::clone(&archive), Some(Arc::clone(&province))).map_err(words)?;
        let listeners = Listeners {
            public,
            admin,
            workers: config.server.workers,
            drain_s: config.server.drain_s,
        };
        let face = Face {
            dir: self.dir.clone(),
            keys: folder.keys,
            admin_url: format!("http://{admin_address}"),
        };
        let running = Box::new(move || {
            if let Err(fault) = face.open_doors(&archive, &province) {
                eprintln!("antin: {}", fault.chain());
                std::process::exit(i32::from(super::COULD_NOT));
            }
        });
        http::serve(app, listeners, running).map_err(words)
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Fault> {
    TcpListener::bind(address).map_err(|e| {
        Fault::new(format!("listening on {address} (is another demo there? choose other addresses with --listen and --admin-listen)"), e)
    })
}

fn stores(config: &Config) -> Result<Stores, Fault> {
    match store::open(&config.store) {
        Err(fault) if matches!(store::cause(&fault), Some(store::Cause::Absent { .. })) => {
            let stores = store::create(&config.store)?;
            create_log(&assemble::settings(config), &stores)?;
            Ok(stores)
        }
        // Killed between making the stores and beginning the log.
        Ok(stores) if stores.ledger.tree()?.is_none() => {
            create_log(&assemble::settings(config), &stores)?;
            Ok(stores)
        }
        other => other,
    }
}

/// What the demo shows once it answers requests.
struct Face {
    dir: PathBuf,
    keys: folder::Keys,
    admin_url: String,
}

impl Face {
    fn open_doors(&self, archive: &Archive, province: &Province) -> Result<(), Fault> {
        let sample = sample::make(archive, province, &self.dir)?;
        let base_url = &archive.settings().base_url;
        let facts = self
            .keys
            .facts(archive, province, &self.dir, &self.admin_url, &sample)?;
        let text = serde_json::to_string_pretty(&facts)
            .map_err(|e| Fault::new("encoding demo.json", e))?;
        disk::replace(&self.dir.join("demo.json"), text.as_bytes(), 0o600)?;
        say!("Antin demo / bản dùng thử: {base_url}");
        say!();
        say!("  A result as a citizen sees it / Người dân xem kết quả:");
        say!("    {}", sample.verify_url);
        say!(
            "  Check a file / Kiểm tra tệp (try {}):",
            sample.file.display()
        );
        say!("    {base_url}/kiem-tra");
        say!("  The public log / Nhật ký công khai:   {base_url}/log/checkpoint");
        say!(
            "  Operator / Vận hành:                  {}/readyz",
            self.admin_url
        );
        say!(
            "  API keys, root certificate, log key:  {}",
            self.dir.join("demo.json").display()
        );
        say!();
        say!("  File a result / Gửi một kết quả:");
        say!("    {}", self.keys.example(base_url, &self.dir));
        say!();
        say!("Ctrl-C stops it / Nhấn Ctrl-C để dừng.");
        Ok(())
    }
}
