//! `antin serve`: the real thing. Nothing of the demo is accepted here.

use std::net::TcpListener;
use std::path::PathBuf;

use clap::Args;

use super::{assemble, could_not, trial};
use crate::config::{self, Config, Profile};
use crate::http::{self, App, Listeners};
use crate::record::Fault;
use crate::store;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    pub fn run(self) -> u8 {
        let config = match config::load(&self.config) {
            Ok(config) => config,
            Err(list) => return could_not(assemble::mistakes(&list)),
        };
        if config.profile == Profile::Demo || config.log.origin.starts_with("demo.") {
            return could_not(
                "this is a demo's configuration or log; `serve` refuses it. Run `antin demo`, or make a real archive with `antin init`",
            );
        }
        // Before the store: a refusal must not have recovered or published anything.
        let found = trial::mistakes(&config);
        if !found.is_empty() {
            return could_not(assemble::mistakes(&found));
        }
        match start(&config) {
            Ok(()) => 0,
            Err(message) => could_not(message),
        }
    }
}

fn start(config: &Config) -> Result<(), String> {
    let stores = store::open(&config.store).map_err(|fault| match store::cause(&fault) {
        Some(store::Cause::Absent { dir }) => {
            format!(
                "there is no archive in {}; make one with `antin init` (serve never does)",
                dir.display()
            )
        }
        _ => fault.chain().to_string(),
    })?;
    let archive = assemble::open(config, stores).map_err(|refusal| refusal.to_string())?;
    if archive.recovered() > 0 {
        tracing::info!(
            entries = archive.recovered(),
            "entries left by the last stop were logged"
        );
    }
    let base_url = config.base_url.clone();
    let listeners = bind(config).map_err(|f| f.chain().to_string())?;
    let app = App::new(archive, None).map_err(|f| f.chain().to_string())?;
    let running = Box::new(move || tracing::info!(base_url, "serving"));
    http::serve(app, listeners, running).map_err(|f| f.chain().to_string())
}

pub(super) fn bind(config: &Config) -> Result<Listeners, Fault> {
    let listen = |address| {
        TcpListener::bind(address).map_err(|e| {
            Fault::new(
                format!("listening on {address} (is another program there?)"),
                e,
            )
        })
    };
    Ok(Listeners {
        public: listen(config.server.listen)?,
        admin: listen(config.server.admin_listen)?,
        workers: config.server.workers,
        drain_s: config.server.drain_s,
    })
}
