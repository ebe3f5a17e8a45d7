//! The province on disk, so that a demo can be stopped and started again.
//!
//! ```text
//! DIR/                      0700
//!   province.json           0600  who exists, what was revoked
//!   root.pem                0600  the root certificate: what `--trust` wants
//!   keys/NAME.key.pem       0600  in a directory of 0700: PKCS#8, not encrypted
//!   certs/NAME.pem          0600  the certificate
//!   chains/NAME.pem         0600  the certificate and those above it, the root left out
//! ```
//!
//! # Invariants
//! * `province.json` is written last and replaced as a whole: a directory that has one is complete.
//! * A key that others may read is not loaded, nor one that does not match its certificate.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use openssl::pkey::PKey;
use serde::{Deserialize, Serialize};

use super::Province;
use super::declaration::ProfileName;
use super::entity::{Entity, SigningKey};
use super::register::{Register, Revocation};
use crate::pki::cert::{self, Certificate};
use crate::record::{Fault, Office, UtcTime};

const INDEX: &str = "province.json";
/// Grows with every change of the files' meaning; another number is refused.
const FORMAT: u32 = 1;
/// An index of ten entities takes 4 KB, a chain of three certificates 6 KB: a megabyte is no file of ours.
const FILE_MAX_BYTES: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: u32,
    base_url: String,
    made_at: UtcTime,
    entities: Vec<IndexEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexEntry {
    name: String,
    profile: ProfileName,
    issuer: String,
    serial: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    office: Option<Office>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    revoked: Option<Revocation>,
}

impl Province {
    /// Writes keys, certificates and register to `dir`, which is made where it is missing.
    ///
    /// # Errors
    /// The disk refused, or `dir` holds a province already.
    pub fn save(&self, dir: &Path) -> Result<(), Fault> {
        if dir.join(INDEX).exists() {
            return Err(Fault::plain(format!(
                "saving the throw-away province: {} holds one already",
                dir.display()
            )));
        }
        for folder in [
            dir.to_path_buf(),
            dir.join("keys"),
            dir.join("certs"),
            dir.join("chains"),
        ] {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder
                .create(&folder)
                .map_err(|e| Fault::new(format!("making {}", folder.display()), e))?;
        }
        // A directory that was there before keeps its own mode; the one with the keys must not.
        let keys = dir.join("keys");
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o700))
            .map_err(|e| Fault::new(format!("closing {} to others", keys.display()), e))?;
        for entity in &self.entities {
            let name = entity.name();
            write(&keys.join(format!("{name}.key.pem")), &entity.key_pem()?)?;
            write(
                &dir.join(format!("certs/{name}.pem")),
                entity.certificate.to_pem().as_bytes(),
            )?;
            write(
                &dir.join(format!("chains/{name}.pem")),
                entity.chain_pem().as_bytes(),
            )?;
        }
        write(
            &dir.join("root.pem"),
            self.root()?.certificate.to_pem().as_bytes(),
        )?;
        write(&dir.join(INDEX), &self.index()?)?;
        // Only the first directory is remembered: it is the home, later ones are copies.
        self.home().get_or_insert_with(|| dir.to_path_buf());
        Ok(())
    }

    /// Reads what [`Province::save`] wrote; from then on revocations are kept there.
    ///
    /// # Errors
    /// A file is missing, unreadable, open to others, or does not fit the rest.
    pub fn load(dir: &Path) -> Result<Self, Fault> {
        let index: Index = serde_json::from_slice(&read(&dir.join(INDEX))?)
            .map_err(|e| Fault::new(format!("reading {}", dir.join(INDEX).display()), e))?;
        if index.format != FORMAT {
            return Err(Fault::plain(format!(
                "reading the throw-away province: its format is {}",
                index.format
            )));
        }
        let register = Register::default();
        let mut entities = Vec::with_capacity(index.entities.len());
        for entry in index.entities {
            let revoked = entry.revoked;
            let entity = load_entity(dir, entry)?;
            register.enter(&entity.issuer, entity.certificate.serial(), revoked);
            entities.push(entity);
        }
        let province = Self::assemble(index.base_url, index.made_at, entities, register)?;
        *province.home() = Some(dir.to_path_buf());
        Ok(province)
    }

    /// Writes the register where the province has a home on disk; one writer at a time.
    pub(super) fn write_register(&self) -> Result<(), Fault> {
        match self.home().as_deref() {
            Some(home) => write(&home.join(INDEX), &self.index()?),
            None => Ok(()),
        }
    }

    fn home(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.home.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self) -> Result<Vec<u8>, Fault> {
        let entries = self.entities.iter().map(|entity| IndexEntry {
            name: entity.name.clone(),
            profile: entity.profile,
            issuer: entity.issuer.clone(),
            serial: entity.certificate.serial_hex(),
            office: entity.office.clone(),
            revoked: self
                .register
                .revocation(&entity.issuer, entity.certificate.serial()),
        });
        let index = Index {
            format: FORMAT,
            base_url: self.base_url.clone(),
            made_at: self.made_at,
            entities: entries.collect(),
        };
        serde_json::to_vec_pretty(&index)
            .map_err(|e| Fault::new("encoding the register of the province", e))
    }
}

fn load_entity(dir: &Path, entry: IndexEntry) -> Result<Entity, Fault> {
    let name = entry.name;
    let wrong = |what: &str| {
        Fault::plain(format!(
            "reading {name:?} of the throw-away province: {what}"
        ))
    };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(wrong("that is no name"));
    }
    let key_file = dir.join(format!("keys/{name}.key.pem"));
    let mode = fs::metadata(&key_file)
        .map_err(|e| Fault::new(format!("reading {}", key_file.display()), e))?;
    if mode.permissions().mode() & 0o077 != 0 {
        return Err(wrong(
            "its key file is open to others (mode 0600 is wanted)",
        ));
    }
    let key = PKey::private_key_from_pem(&read(&key_file)?)
        .map_err(|e| Fault::new(format!("reading {}", key_file.display()), e))?;
    let key = SigningKey::new(key)?;
    let pem = |folder: &str| read(&dir.join(format!("{folder}/{name}.pem")));
    let certificate = Certificate::from_pem(&pem("certs")?)
        .map_err(|e| Fault::new("reading a certificate", e))?;
    let chain =
        cert::list_from_pem(&pem("chains")?).map_err(|e| Fault::new("reading a chain", e))?;
    if chain
        .first()
        .is_none_or(|first| first.der() != certificate.der())
    {
        return Err(wrong("its chain does not begin with its certificate"));
    }
    if key.spki()? != certificate.spki() {
        return Err(wrong("its key does not match its certificate"));
    }
    if certificate.serial_hex() != entry.serial {
        return Err(wrong(
            "its certificate does not have the serial number of the index",
        ));
    }
    Ok(Entity {
        profile: entry.profile,
        issuer: entry.issuer,
        office: entry.office,
        key,
        chain,
        certificate,
        name,
    })
}

/// Writes a file of mode 0600 as a whole: under another name first, flushed, then renamed.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let failed = |e: std::io::Error| Fault::new(format!("writing {}", path.display()), e);
    let unfinished = path.with_extension("unfinished");
    match fs::remove_file(&unfinished) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&unfinished, path).map_err(failed)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    use std::io::Read as _;
    let failed = |e: std::io::Error| Fault::new(format!("reading {}", path.display()), e);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= FILE_MAX_BYTES => Ok(bytes),
        _ => Err(Fault::plain(format!(
            "reading {}: it is longer than {FILE_MAX_BYTES} bytes",
            path.display()
        ))),
    }
}
