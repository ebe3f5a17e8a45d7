//! `antin key new`: an API key, shown once; the configuration holds its SHA-256.

use base64::Engine;
use clap::Subcommand;

use super::could_not;
use crate::record::sha256;

#[derive(Debug, Subcommand)]
pub(super) enum KeyVerb {
    /// Prints a new API key and the line for the configuration
    New,
}

/// Keys of the demo begin with this, so that they are recognised elsewhere.
pub(super) const DEMO_PREFIX: &str = "antin_demo_";
const LIVE_PREFIX: &str = "antin_live_";

impl KeyVerb {
    pub fn run(self) -> u8 {
        match self {
            Self::New => match new_key(LIVE_PREFIX) {
                Ok(key) => {
                    say!("key (give it to the client, it is shown only now): {key}");
                    say!(
                        "for [[client]] in the configuration:               key_sha256 = \"{}\"",
                        sha256(key.as_bytes())
                    );
                    0
                }
                Err(error) => could_not(error),
            },
        }
    }
}

pub(super) fn new_demo_key() -> Result<String, openssl::error::ErrorStack> {
    new_key(DEMO_PREFIX)
}

fn new_key(prefix: &str) -> Result<String, openssl::error::ErrorStack> {
    let mut bytes = [0u8; 32];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(format!(
        "{prefix}{}",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    ))
}
