//! From files to a container with one signature: B-B, and with a token B-T.

use super::{MIME_CADES, Refusal, Root, cades, reference};
use crate::asic::{self, File, MIME_ASIC_E, Manifest, Role};
use crate::pki::cert::Certificate;
use crate::pki::crypto::SignatureAlgorithm;
use crate::record::{SignatureLevel, UtcTime};
use crate::sign::Signature;

/// EN 319 162-1 4.4.4.2: `META-INF/ASiCManifest*.xml` and `META-INF/*signature*.p7s`.
const MANIFEST: &str = "META-INF/ASiCManifest001.xml";
const SIGNATURE: &str = "META-INF/signature001.p7s";

/// A file of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Path in the container.
    pub name: String,
    pub mime_type: String,
    pub bytes: Vec<u8>,
}

/// What is known before the key is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub certificate: &'a Certificate,
    /// Its issuers, root left out.
    pub chain: &'a [Certificate],
    pub algorithm: SignatureAlgorithm,
}

#[derive(Debug)]
pub struct ToBeSigned {
    files: Vec<DataFile>,
    manifest: Vec<u8>,
    signature: cades::ToBeSigned,
}

#[derive(Debug)]
pub struct Signed {
    files: Vec<DataFile>,
    manifest: Vec<u8>,
    signature: cades::Signed,
}

/// A finished container.
#[derive(Debug)]
pub struct Package {
    bytes: Vec<u8>,
    level: SignatureLevel,
}

/// Makes the manifest and fixes the attributes of the signature over it.
///
/// # Errors
/// A name can't be taken, or there are no files, too many or too large ones.
pub fn prepare(
    files: Vec<DataFile>,
    request: &Request<'_>,
    at: UtcTime,
) -> Result<ToBeSigned, Refusal> {
    if files.is_empty() {
        return Err(Refusal::NoFiles);
    }
    let reserved = |file: &&DataFile| {
        Role::of(&file.name) != Role::Data
            || asic::comparable(&file.name).starts_with("meta-inf/")
            || asic::comparable(&file.name) == asic::MIMETYPE
    };
    if let Some(file) = files.iter().find(reserved) {
        return Err(Refusal::ReservedName(file.name.clone()));
    }
    let manifest = Manifest {
        signature: SIGNATURE.to_owned(),
        signature_mime_type: Some(MIME_CADES.to_owned()),
        references: files
            .iter()
            .map(|f| reference(&f.name, Some(&f.mime_type), &f.bytes, Root::No))
            .collect(),
    }
    .to_xml();
    // What can't be packed is refused before a key is used.
    asic::check_files(&listed(&files, &manifest, &[])).map_err(Refusal::Unwritable)?;
    let signature = cades::prepare(
        &manifest,
        &cades::Request {
            certificate: request.certificate,
            chain: request.chain,
            algorithm: request.algorithm,
            mime_type: Some(super::MIME_XML),
            packaging: cades::Packaging::Detached,
        },
        at,
    );
    Ok(ToBeSigned {
        files,
        manifest,
        signature,
    })
}

fn listed<'a>(files: &'a [DataFile], manifest: &'a [u8], signature: &'a [u8]) -> Vec<File<'a>> {
    let data = files.iter().map(|f| File {
        name: &f.name,
        bytes: &f.bytes,
    });
    let manifest = File {
        name: MANIFEST,
        bytes: manifest,
    };
    let signature = File {
        name: SIGNATURE,
        bytes: signature,
    };
    data.chain([manifest, signature]).collect()
}

impl ToBeSigned {
    /// The exact bytes the key signs.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.signature.to_sign()
    }

    /// Joins the key's answer.
    #[must_use]
    pub fn signed(self, signature: Signature) -> Signed {
        Signed {
            files: self.files,
            manifest: self.manifest,
            signature: self.signature.signed(signature),
        }
    }
}

impl Signed {
    /// EN 319 122-1 5.3: over the signature value.
    #[must_use]
    pub fn timestamp_imprint(&self) -> [u8; 32] {
        self.signature.timestamp_imprint()
    }

    /// # Errors
    /// The container can't be written: too large.
    pub fn complete(self, token: Option<&[u8]>) -> Result<Package, Refusal> {
        let message = self.signature.complete(token);
        let files = listed(&self.files, &self.manifest, message.bytes());
        Ok(Package {
            bytes: asic::write(MIME_ASIC_E, &files).map_err(Refusal::Unwritable)?,
            level: message.level(),
        })
    }
}

impl Package {
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub const fn level(&self) -> SignatureLevel {
        self.level
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
