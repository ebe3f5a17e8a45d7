//! What the archive keeps privately of one result, beside the signed file: the ledger's opaque `entry` bytes.
//!
//! # Invariants
//! * `core` is kept as the exact bytes whose SHA-256 is committed in the leaf (field 10), so one changed byte shows.
//! * The opening holds the values behind the leaf's commitment; both together are enough to rebuild every index.

use serde::{Deserialize, Serialize};

use crate::record::{
    Digest, DossierSecret, Fault, Field, Fields, LeafKey, Level, OfficeCode, Opening, PublicId,
    Receipt, ResultId, ResultRecord, SignatureLevel, UtcTime, media_type_value, sha256,
};

pub(super) const MEDIA_TYPE: &str = "application/pdf";

/// The stored facts of one result, as they were when it was accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    pub version: u8,
    pub id: ResultId,
    pub public_id: PublicId,
    pub office: OfficeCode,
    /// As it was then: offices are renamed, merged and abolished, their results stay.
    pub office_name: String,
    pub office_level: Level,
    /// The clerk's record, canonical JSON, as text.
    pub record: String,
    pub file_sha256: Digest,
    pub file_bytes: u64,
    /// SHA-256 of the upload, before it was signed.
    pub upload_sha256: Digest,
    pub signed_at: UtcTime,
    pub level: SignatureLevel,
    pub certificate_sha256: Digest,
    /// Common name of the time-stamping authority.
    pub authority: Option<String>,
}

/// An entry read back and checked against itself.
#[derive(Debug, Clone)]
pub struct Entry {
    pub core: Core,
    pub record: ResultRecord,
    pub opening: Opening,
}

const HEADER: &[u8] = b"antin-entry-1\n";

/// Layout: header, u32 length of core, core JSON, opening.
pub(super) fn encode(core_json: &[u8], opening: &Opening) -> Result<Vec<u8>, Fault> {
    let length = u32::try_from(core_json.len()).map_err(|e| Fault::new("encoding an entry", e))?;
    let mut bytes = HEADER.to_vec();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(core_json);
    bytes.extend_from_slice(&opening.encode());
    Ok(bytes)
}

/// The commitment's values for one result (log leaf fields).
pub(super) fn open(
    core: &Core,
    core_json: &[u8],
    record: &ResultRecord,
    token_sha256: Option<Digest>,
    secret: &DossierSecret,
) -> Result<Opening, Fault> {
    let token_sha256 = token_sha256
        .map(|digest| digest.as_bytes().to_vec())
        .unwrap_or_default();
    let fields = Fields::new()
        .with(Field::FileSha256, core.file_sha256.as_bytes().to_vec())
        .with(
            Field::MediaType,
            media_type_value(core.file_bytes, MEDIA_TYPE),
        )
        .with(Field::ProcedureCode, record.procedure_code.to_string())
        .with(Field::AgencyCode, core.office.to_string())
        .with(Field::DossierCode, record.dossier_code.to_string())
        .with(Field::Step, "ky-so-co-quan/1")
        .with(Field::SigningTime, core.signed_at.to_rfc3339())
        .with(
            Field::SigningCertificates,
            core.certificate_sha256.as_bytes().to_vec(),
        )
        .with(Field::TimestampToken, token_sha256)
        // The archive keeps one package per result; its version is the digest of its facts.
        .with(Field::Aip, sha256(core_json).as_bytes().to_vec());
    // The first leaf of a fresh secret: one secret per result until dossiers are kept as such.
    Opening::new(LeafKey::derive(secret, 1), fields)
        .map_err(|e| Fault::plain(format!("committing to a result: {e:?}")))
}

impl Entry {
    /// Reads an entry and checks every fact that is kept twice.
    ///
    /// # Errors
    /// In words, what does not fit: the entry was changed or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let rest = bytes
            .strip_prefix(HEADER)
            .ok_or("the entry's header is not known")?;
        let (length, rest) = rest
            .split_first_chunk::<4>()
            .ok_or("the entry is cut off")?;
        let length = usize::try_from(u32::from_be_bytes(*length))
            .map_err(|_| "the entry's length is impossible")?;
        let core_json = rest.get(..length).ok_or("the entry is cut off")?;
        let opening = rest.get(length..).unwrap_or_default();
        let opening =
            Opening::decode(opening).map_err(|e| format!("the opening can't be read: {e:?}"))?;
        let core: Core =
            serde_json::from_slice(core_json).map_err(|_| "the stored facts can't be read")?;
        let record = ResultRecord::from_json(core.record.as_bytes()).map_err(|problems| {
            // Pointers and codes only: findings and logs must not show what the record holds.
            let places: Vec<String> = problems
                .iter()
                .map(|p| format!("{} {}", p.pointer, p.code))
                .collect();
            format!("the stored record is not valid: {}", places.join(", "))
        })?;
        let fields = opening.fields();
        if fields.value(Field::Aip) != sha256(core_json).as_bytes() {
            return Err("the stored facts are not those that the log committed to".into());
        }
        if fields.value(Field::FileSha256) != core.file_sha256.as_bytes() {
            return Err("the file's digest is not the one that the log committed to".into());
        }
        Ok(Self {
            core,
            record,
            opening,
        })
    }

    #[must_use]
    pub fn receipt(&self, base_url: &str, index: u64) -> Receipt {
        Receipt {
            id: self.core.id,
            public_id: self.core.public_id,
            verify_url: format!("{base_url}/v/{}", self.core.public_id),
            sha256: self.core.file_sha256,
            log_index: index,
            signed_at: self.core.signed_at,
            level: self.core.level,
        }
    }
}
