//! What a checked configuration names, tried before anything is opened: keys, certificates, roots and the log's key, as `serve` needs
//! them; all mistakes at once.
//!
//! # Invariants
//! * Nothing is written, and the archive's store is not touched: a refusal leaves no trace.

use std::path::Path;
use std::str::FromStr;

use super::assemble;
use crate::archive::Seal;
use crate::config::{Config, Log, Mistake, Profile};
use crate::pki::cert::{self, Certificate};
use crate::province;
use crate::record::Fault;
use crate::store;
use crate::tlog::{NoteSigner, SeedSigner};
use crate::trust::Anchors;

/// Every reason for which `serve` would refuse this configuration's files.
pub(super) fn mistakes(config: &Config) -> Vec<Mistake> {
    let mut found = Vec::new();
    found.extend(archive_dir(&config.store));
    found.extend(log(&config.log));
    let is_live = config.profile == Profile::Live;
    if is_live && config.log.origin.starts_with("demo.") {
        found.push(mistake(
            "log.origin",
            format!("`{}` is the name of a demo's log", config.log.origin),
            "make a real archive with `antin init`; the demo's is thrown away",
        ));
    }
    let mut roots = Vec::new();
    for file in &config.trust_roots {
        match read_roots(file) {
            Ok(list) => {
                if is_live && list.iter().any(province::is_demo) {
                    found.push(mistake(
                        "trust.roots",
                        format!("{} holds the root of a demo", file.display()),
                        "take it out: `serve` refuses it, or everybody's demo results would pass here",
                    ));
                }
                roots.extend(list);
            }
            Err(fault) => found.push(mistake(
                "trust.roots",
                fault.chain().to_string(),
                "give a file with root certificates, PEM or DER",
            )),
        }
    }
    let anchors = Anchors::new(roots);
    for office in &config.offices {
        let key = format!("office {}", office.office.code);
        match Seal::open(&assemble::seal(config, office), &anchors) {
            Ok(seal) if is_live && province::is_demo(seal.certificate()) => found.push(mistake(
                key,
                format!("{} has a demo certificate", seal.certificate().subject()),
                "put the office's real certificate and key in its place: everybody could have made this one",
            )),
            Ok(_) => {}
            Err(fault) => found.push(mistake(
                key,
                fault.chain().to_string(),
                "`antin config example` shows each kind of key; the certificate that was issued for it comes first, then its issuers",
            )),
        }
    }
    found
}

fn mistake(key: impl Into<String>, wrong: impl Into<String>, remedy: &str) -> Mistake {
    Mistake {
        key: key.into(),
        wrong: wrong.into(),
        remedy: remedy.into(),
    }
}

fn archive_dir(settings: &store::Settings) -> Option<Mistake> {
    let store::Settings::Sled(sled) = settings else {
        return None;
    };
    (!sled.dir.is_dir()).then(|| {
        mistake(
            "archive.dir",
            format!("there is no archive in {}", sled.dir.display()),
            "correct the path, or, for a really new archive, make one with `antin init` (serve never does)",
        )
    })
}

fn log(log: &Log) -> Option<Mistake> {
    read_log_key(&log.key_file, &log.origin).err().map(|fault| {
        mistake(
            "log.key_file",
            fault.chain().to_string(),
            "put back the key that `antin init` made for this log, with its origin; if it is lost, the log is over: keep it readable and make a new archive with a new origin",
        )
    })
}

/// The key in the file, which must be that of the log of this name.
pub(super) fn read_log_key(file: &Path, origin: &str) -> Result<SeedSigner, Fault> {
    let doing = || format!("reading the log key {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| Fault::new(doing(), e))?;
    let signer = SeedSigner::from_str(text.trim()).map_err(|e| Fault::new(doing(), e))?;
    let name = signer.key().name();
    if name.as_str() != origin {
        return Err(Fault::plain(format!(
            "{} is the key of log {name}, not of {origin}",
            file.display()
        )));
    }
    Ok(signer)
}

fn read_roots(file: &Path) -> Result<Vec<Certificate>, Fault> {
    let doing = || format!("reading the root {}", file.display());
    let bytes = std::fs::read(file).map_err(|e| Fault::new(doing(), e))?;
    let list = cert::list_from_pem_or_der(&bytes).map_err(|e| Fault::new(doing(), e))?;
    if list.is_empty() {
        return Err(Fault::plain(format!(
            "{} holds no certificate",
            file.display()
        )));
    }
    Ok(list)
}
