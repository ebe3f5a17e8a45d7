//! What clerk and citizen hold after a result was accepted: the body of the 201 answer.
//!
//! # Invariants
//! * `to_json` is a function of the value: a repeated request gets the same bytes.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{PublicId, ResultId};
use super::json::{write_member, write_name};
use super::time::UtcTime;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub id: ResultId,
    pub public_id: PublicId,
    pub verify_url: String,
    /// Of the signed file, exactly as stored.
    pub sha256: Digest,
    pub log_index: u64,
    /// The time in the signature time-stamp.
    pub signed_at: UtcTime,
    pub level: SignatureLevel,
}

impl Receipt {
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = String::from("{");
        write_member(&mut out, "id", &self.id.to_string());
        write_member(&mut out, "public_id", &self.public_id.to_string());
        write_member(&mut out, "verify_url", &self.verify_url);
        write_member(&mut out, "sha256", &self.sha256.to_string());
        write_name(&mut out, "log_index");
        out.push_str(&self.log_index.to_string());
        write_member(&mut out, "signed_at", &self.signed_at.to_string());
        write_member(&mut out, "level", self.level.as_str());
        out.push('}');
        out.into_bytes()
    }
}

/// Baseline levels of ETSI EN 319 142-1 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SignatureLevel {
    #[serde(rename = "B-B")]
    BB,
    #[serde(rename = "B-T")]
    BT,
    #[serde(rename = "B-LT")]
    BLT,
    #[serde(rename = "B-LTA")]
    BLTA,
}

impl SignatureLevel {
    pub const ALL: [SignatureLevel; 4] = [
        SignatureLevel::BB,
        SignatureLevel::BT,
        SignatureLevel::BLT,
        SignatureLevel::BLTA,
    ];

    /// From its name, as people and programs write it: `B-LT`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(name.trim()))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            SignatureLevel::BB => "B-B",
            SignatureLevel::BT => "B-T",
            SignatureLevel::BLT => "B-LT",
            SignatureLevel::BLTA => "B-LTA",
        }
    }
}
