//! `antin config check | example`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{assemble, could_not, trial};
use crate::config::{self, Config, Mistake, Profile};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Says every mistake in a configuration file, and in the keys and certificates that it names, at once
    Check(Check),
    /// Prints an example with every key explained
    Example,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl ConfigVerb {
    pub fn run(self) -> u8 {
        match self {
            Self::Example => {
                say!("{}", config::example().trim_end());
                0
            }
            Self::Check(check) => match tried(&check) {
                Ok(config) => {
                    say!(
                        "{}: good ({} offices, {} clients, log {})",
                        check.config.display(),
                        config.offices.len(),
                        config.clients.len(),
                        config.log.origin
                    );
                    if config.profile == Profile::Demo {
                        say!("it is a demo's: `antin serve` refuses it");
                    }
                    0
                }
                Err(list) => could_not(assemble::mistakes(&list)),
            },
        }
    }
}

fn tried(check: &Check) -> Result<Config, Vec<Mistake>> {
    let config = config::load(&check.config)?;
    let found = trial::mistakes(&config);
    if found.is_empty() {
        Ok(config)
    } else {
        Err(found)
    }
}
