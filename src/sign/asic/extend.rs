//! An existing container, raised: time-stamp, validation data, archive manifests (EN 319 162-1 A.7; EN 319 122-1 5.3, 5.4).

use super::cades::{self, ValidationData};
use super::{MIME_CADES, MIME_TOKEN, MIME_XML, Refusal, Root, reference};
use crate::asic::{self, Container, File, Limits, MIME_ASIC_E, Manifest, Role};
use crate::pki::cms::{Additions, Layout, Placing, RevocationValues};
use crate::pki::digest::{self, DigestAlgorithm};
use crate::pki::oid;
use crate::pki::tsp::Token;

/// A.7: the newest archive manifest has this name; older ones are renamed.
const NEWEST: &str = "META-INF/ASiCArchiveManifest.xml";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    name: String,
    bytes: Vec<u8>,
}

/// A container with one CAdES signature whose manifest holds.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Every file but `mimetype` and the signature.
    files: Vec<Owned>,
    signature_name: String,
    signature: cades::Existing,
    /// The token of the newest archive manifest: the only one that may still gain validation data.
    newest_token: Option<String>,
}

/// The archive manifest is fixed.
#[derive(Debug, Clone)]
pub struct ToBeStamped {
    existing: Existing,
    token_name: String,
    imprint: [u8; 32],
}

/// # Errors
/// It is no container that can be raised.
pub fn open(container: &[u8]) -> Result<Existing, Refusal> {
    let container = asic::read(container, &Limits::default()).map_err(Refusal::Unreadable)?;
    // EN 319 162-1 4.4.1: the media type may be left out; then the manifest tells.
    if container
        .mime_type
        .as_deref()
        .is_some_and(|m| m != MIME_ASIC_E)
    {
        return Err(Refusal::NotAsicE);
    }
    let of_role = |role| {
        let entries = container.entries.iter();
        entries.filter(move |e| Role::of(&e.name) == role)
    };
    let count = of_role(Role::Cades).count();
    let (1, Some(entry)) = (count, of_role(Role::Cades).next()) else {
        return Err(Refusal::Signatures(count));
    };
    let mut manifest = None;
    for candidate in of_role(Role::Manifest) {
        let parsed = parsed(&candidate.bytes)?;
        if parsed.signature == entry.name {
            if manifest.is_some() {
                return Err(Refusal::Manifest("two speak of one signature".into()));
            }
            check_references(&container, &parsed)?;
            manifest = Some(candidate);
        }
    }
    let manifest = manifest.ok_or_else(|| Refusal::Manifest("there is none".into()))?;
    let signature = cades::open(&entry.bytes, Some(&manifest.bytes)).map_err(Refusal::Cades)?;
    let newest_token = match container.find(NEWEST) {
        None => None,
        Some(bytes) => {
            let newest = parsed(bytes)?;
            check_references(&container, &newest)?;
            Some(newest.signature)
        }
    };
    let signature_name = entry.name.clone();
    let files = container
        .entries
        .into_iter()
        .filter(|e| e.name != signature_name)
        .map(|e| Owned {
            name: e.name,
            bytes: e.bytes.into_owned(),
        })
        .collect();
    Ok(Existing {
        files,
        signature_name,
        signature,
        newest_token,
    })
}

fn parsed(bytes: &[u8]) -> Result<Manifest, Refusal> {
    Manifest::parse(bytes).map_err(|fault| Refusal::Manifest(fault.to_string()))
}

fn check_references(container: &Container<'_>, manifest: &Manifest) -> Result<(), Refusal> {
    for reference in &manifest.references {
        let digest = digest_method(&reference.digest_method)
            .ok_or_else(|| Refusal::Manifest(format!("{} is unknown", reference.digest_method)))?;
        let holds = container
            .find(&reference.name)
            .is_some_and(|bytes| digest.hash(bytes) == reference.digest);
        if !holds {
            return Err(Refusal::Manifest(format!(
                "{:?} is absent or another file than was signed",
                reference.name
            )));
        }
    }
    Ok(())
}

/// XML Encryption 1.1 5.8, RFC 6931 2.1.3: only what may still be relied on, since more is to be built upon it.
fn digest_method(identifier: &str) -> Option<DigestAlgorithm> {
    match identifier {
        super::SHA256_METHOD => Some(DigestAlgorithm::Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(DigestAlgorithm::Sha384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

impl Existing {
    /// EN 319 122-1 5.3: over the signature value.
    #[must_use]
    pub const fn timestamp_imprint(&self) -> [u8; 32] {
        self.signature.timestamp_imprint()
    }

    #[must_use]
    pub fn is_timestamped(&self) -> bool {
        self.signature.is_timestamped()
    }

    /// Puts a signature time-stamp in (B-T).
    ///
    /// # Errors
    /// The token stamps something else, or an archive manifest has already fixed the signature.
    pub fn with_timestamp(self, token: &[u8]) -> Result<Self, Refusal> {
        if self.newest_token.is_some() {
            return Err(Refusal::Manifest(
                "an archive manifest already holds the signature's digest".into(),
            ));
        }
        let signature = self
            .signature
            .with_timestamp(token)
            .map_err(Refusal::Cades)?;
        Ok(Self { signature, ..self })
    }

    /// Puts validation data in: into the signature (B-LT) or, once an archive manifest has fixed that, into the newest token (A.7).
    ///
    /// # Errors
    /// The signature or the token can't be read again.
    pub fn with_evidence(mut self, data: &ValidationData<'_>) -> Result<Self, Refusal> {
        let Some(name) = &self.newest_token else {
            let signature = self.signature.with_evidence(data).map_err(Refusal::Cades)?;
            return Ok(Self { signature, ..self });
        };
        let token = self
            .files
            .iter_mut()
            .find(|file| file.name == *name)
            .ok_or(Refusal::Token)?;
        token.bytes = with_values(&token.bytes, data).ok_or(Refusal::Token)?;
        Ok(self)
    }

    /// Adds an archive manifest over everything that is there now (LTA, and its renewal).
    ///
    /// # Errors
    /// There is no signature time-stamp yet.
    pub fn prepare_archive(mut self) -> Result<ToBeStamped, Refusal> {
        if !self.is_timestamped() {
            return Err(Refusal::Cades(cades::Refusal::NotTimestamped));
        }
        // A.7: the one that was newest takes another name and becomes the root of the next.
        let older = asic::numbered("ASiCArchiveManifest", ".xml", |n| self.holds(n));
        let mut root = None;
        for file in self.files.iter_mut().filter(|f| f.name == NEWEST) {
            file.name.clone_from(&older);
            root = Some(&older);
        }
        let token_name = asic::numbered("timestamp", ".tst", |n| self.holds(n));
        let of = |file: &Owned| {
            let is_root = if root == Some(&file.name) {
                Root::Yes
            } else {
                Root::No
            };
            let mime_type = match Role::of(&file.name) {
                Role::Timestamp => Some(MIME_TOKEN),
                Role::Manifest | Role::ArchiveManifest => Some(MIME_XML),
                _ => None,
            };
            reference(&file.name, mime_type, &file.bytes, is_root)
        };
        let mut references: Vec<asic::Reference> = self.files.iter().map(of).collect();
        references.push(reference(
            &self.signature_name,
            Some(MIME_CADES),
            self.signature.bytes(),
            Root::No,
        ));
        let manifest = Manifest {
            signature: token_name.clone(),
            signature_mime_type: Some(MIME_TOKEN.to_owned()),
            references,
        }
        .to_xml();
        let imprint = digest::sha256(&manifest);
        self.files.push(Owned {
            name: NEWEST.to_owned(),
            bytes: manifest,
        });
        Ok(ToBeStamped {
            existing: self,
            token_name,
            imprint,
        })
    }

    /// The container.
    ///
    /// # Errors
    /// It would be larger than a reader takes.
    pub fn into_bytes(self) -> Result<Vec<u8>, Refusal> {
        let mut files: Vec<File<'_>> = self
            .files
            .iter()
            .map(|f| File {
                name: &f.name,
                bytes: &f.bytes,
            })
            .collect();
        files.push(File {
            name: &self.signature_name,
            bytes: self.signature.bytes(),
        });
        asic::write(MIME_ASIC_E, &files).map_err(Refusal::Unwritable)
    }

    fn holds(&self, name: &str) -> bool {
        name == self.signature_name || self.files.iter().any(|f| f.name == name)
    }
}

/// The token with certificates and CRLs in its sets, and OCSP responses in its revocation-values (EN 319 122-1 5.5.3).
fn with_values(token: &[u8], data: &ValidationData<'_>) -> Option<Vec<u8>> {
    let parsed = Token::parse(token).ok()?;
    let mut values = RevocationValues::of(parsed.signer());
    values.take(data.ocsps);
    let values = values.to_der();
    let unsigned =
        (!data.ocsps.is_empty()).then_some((0, oid::ATTR_REVOCATION_VALUES, values.as_slice()));
    let token = Layout::read(token).ok()?.with(&Additions {
        certificates: data.certificates,
        crls: data.crls,
        unsigned,
        placing: Placing::InsteadOf,
        ..Additions::default()
    });
    Token::parse(&token).is_ok().then_some(token)
}

impl ToBeStamped {
    /// What the authority is shown: the SHA-256 of the archive manifest.
    #[must_use]
    pub const fn imprint(&self) -> [u8; 32] {
        self.imprint
    }

    /// Puts the token in beside its manifest.
    ///
    /// # Errors
    /// The token stamps something else.
    pub fn complete(self, token: &[u8]) -> Result<Existing, Refusal> {
        let Self {
            mut existing,
            token_name,
            imprint,
        } = self;
        let parsed = Token::parse(token).map_err(|_| Refusal::Token)?;
        let stamped = &parsed.info.imprint;
        if stamped.digest != DigestAlgorithm::Sha256 || stamped.hash != imprint {
            return Err(Refusal::Token);
        }
        existing.files.push(Owned {
            name: token_name.clone(),
            bytes: token.to_vec(),
        });
        existing.newest_token = Some(token_name);
        Ok(existing)
    }
}
