//! `antin config check | example`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{assemble, could_not};
use crate::config;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Says every mistake in a configuration file at once
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
                print!("{}", config::example());
                0
            }
            Self::Check(check) => match config::load(&check.config) {
                Ok(config) => {
                    println!(
                        "{}: good ({} offices, {} clients, log {})",
                        check.config.display(),
                        config.offices.len(),
                        config.clients.len(),
                        config.log.origin
                    );
                    0
                }
                Err(list) => could_not(assemble::mistakes(&list)),
            },
        }
    }
}
