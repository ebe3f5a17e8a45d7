//! The register of a certification authority: every serial number it issued, and when and why it took one back.
//!
//! # Invariants
//! * A revocation is never moved or removed; revoking twice keeps the first, as RFC 5280 5.3 wants of a CRL's entries.
//! * What is asked as of a time sees only the revocations up to that time.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::record::UtcTime;

/// RFC 5280 5.3.1, CRLReason. Absent here: removeFromCRL, which belongs to delta CRLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    Unspecified,
    KeyCompromise,
    #[serde(rename = "cACompromise")]
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    PrivilegeWithdrawn,
    #[serde(rename = "aACompromise")]
    AaCompromise,
}

impl Reason {
    /// The code on the wire; none for unspecified, which RFC 5280 5.3.1 wants left out.
    pub(super) fn code(self) -> Option<u8> {
        match self {
            Self::Unspecified => None,
            Self::KeyCompromise => Some(1),
            Self::CaCompromise => Some(2),
            Self::AffiliationChanged => Some(3),
            Self::Superseded => Some(4),
            Self::CessationOfOperation => Some(5),
            Self::CertificateHold => Some(6),
            Self::PrivilegeWithdrawn => Some(9),
            Self::AaCompromise => Some(10),
        }
    }
}

/// When and why a certificate was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub at: UtcTime,
    pub reason: Reason,
}

/// What the register says of a serial number at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Revoked(Revocation),
    /// This authority never issued that number.
    NotIssued,
}

/// What one authority issued, by serial number, and when it took it back.
type Serials = BTreeMap<Vec<u8>, Option<Revocation>>;

/// The serial numbers of all authorities of one province, by authority.
#[derive(Debug, Default)]
pub(super) struct Register {
    by_issuer: RwLock<BTreeMap<String, Serials>>,
}

impl Register {
    pub fn enter(&self, issuer: &str, serial: &[u8], revoked: Option<Revocation>) {
        let mut all = self
            .by_issuer
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.entry(issuer.to_owned())
            .or_default()
            .insert(serial.to_vec(), revoked);
    }

    /// The revocation that holds from now on: the first one, where there was one before. `None`: never issued.
    pub fn revoke(
        &self,
        issuer: &str,
        serial: &[u8],
        revocation: Revocation,
    ) -> Option<Revocation> {
        let mut all = self
            .by_issuer
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = all.get_mut(issuer)?.get_mut(serial)?;
        Some(*entry.get_or_insert(revocation))
    }

    pub fn standing(&self, issuer: &str, serial: &[u8], at: UtcTime) -> Standing {
        let all = self
            .by_issuer
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        match all.get(issuer).and_then(|serials| serials.get(serial)) {
            None => Standing::NotIssued,
            Some(Some(revocation)) if revocation.at <= at => Standing::Revoked(*revocation),
            Some(_) => Standing::Good,
        }
    }

    /// The revocations of one authority up to `at`, by serial number.
    pub fn revoked(&self, issuer: &str, at: UtcTime) -> Vec<(Vec<u8>, Revocation)> {
        let all = self
            .by_issuer
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let serials = all.get(issuer).into_iter().flatten();
        serials
            .filter_map(|(serial, revocation)| {
                revocation
                    .filter(|r| r.at <= at)
                    .map(|r| (serial.clone(), r))
            })
            .collect()
    }

    /// The revocation of one certificate, whenever it takes effect.
    pub fn revocation(&self, issuer: &str, serial: &[u8]) -> Option<Revocation> {
        let all = self
            .by_issuer
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        all.get(issuer)
            .and_then(|serials| serials.get(serial))
            .copied()
            .flatten()
    }
}
