//! The declaration of the throw-away trust services (`certs/pki.toml`): who exists, with which kind of key, for how long.
//!
//! # Invariants
//! * A parsed declaration is sound as a whole: names are unique and usable as file names and in URLs, every issuer is
//!   a certification authority, every validity has a positive length, time-stamping units and responders hold fast keys.
//! * An unknown key in the text is a mistake, not a remark.
//!
//! # What is not here
//! Keys, serial numbers and dates: they are made at run time (`keys.rs`, `issue.rs`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::span::Span;
use crate::record::{Fault, Office};

/// The declaration that the program carries with it.
const EMBEDDED: &str = include_str!("../../certs/pki.toml");

/// RFC 5280 appendix A, ub-organization-name, ub-common-name and ub-organizational-unit-name: 64 characters each.
const NAME_PART_MAX_CHARS: usize = 64;
/// Longest name of an entity: it becomes part of a file name and of a URL.
const ENTITY_NAME_MAX_BYTES: usize = 40;

/// Who exists in the throw-away province.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub(super) country: String,
    pub(super) locality: String,
    pub(super) organizational_unit: String,
    #[serde(rename = "entity")]
    entities: Vec<EntityDeclaration>,
    #[serde(rename = "test_entity", default)]
    test_entities: Vec<EntityDeclaration>,
}

/// One holder of a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityDeclaration {
    pub name: String,
    pub profile: ProfileName,
    pub key: KeyChoice,
    /// Name of the entity whose key signs the certificate; its own name for a root.
    pub issuer: String,
    pub organization: String,
    pub common_name: String,
    /// Values of the multi-valued UID attribute: `MST:` tax code, `MNS:` budget unit code.
    #[serde(default)]
    pub user_ids: Vec<String>,
    pub valid: Validity,
    #[serde(default)]
    pub office: Option<Office>,
    #[serde(default)]
    pub revoked: Option<RevocationDeclaration>,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ProfileName {
    RootCa,
    IssuingCa,
    Seal,
    TimeStamping,
    OcspResponder,
    /// Tests only: a seal whose key usage allows certificates and CRLs to be signed, but no document.
    MisusedCa,
    /// Tests only: a seal whose extended key usage allows time-stamps only.
    MisusedTimeStamping,
}

impl ProfileName {
    pub fn is_authority(self) -> bool {
        matches!(self, Self::RootCa | Self::IssuingCa)
    }
}

/// Kind and size of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum KeyChoice {
    #[serde(rename = "p256")]
    P256,
    #[serde(rename = "p384")]
    P384,
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    #[serde(rename = "ed25519")]
    Ed25519,
}

/// From and until, both relative to the clock at which the province is made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Validity {
    pub from: Span,
    pub until: Span,
}

/// A certificate that is revoked from the start.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationDeclaration {
    pub at: Span,
    pub reason: super::register::Reason,
}

/// Which of the declared entities are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast<'a> {
    /// What `antin demo` needs: trust services and one seal for each level.
    Demo,
    /// Those and every entity that only tests want.
    Everyone,
    /// The trust services, the named ones and their issuers: what a test wants that needs no dear keys.
    Only(&'a [&'a str]),
}

impl Declaration {
    /// The declaration of `certs/pki.toml`.
    ///
    /// # Errors
    /// None in a released program; a test holds that the embedded text is sound.
    pub fn embedded() -> Result<Self, Fault> {
        Self::parse(EMBEDDED)
    }

    /// Reads a declaration and checks it as a whole.
    ///
    /// # Errors
    /// The text is not TOML, does not have the form of a declaration, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let declaration: Self = toml::from_str(text)
            .map_err(|e| Fault::new("reading the declaration of the throw-away province", e))?;
        declaration.check()?;
        Ok(declaration)
    }

    /// The declared entities that `cast` asks for, issuers before those whom they certify.
    pub(super) fn members(&self, cast: Cast<'_>) -> Result<Vec<&EntityDeclaration>, Fault> {
        let everyone = || self.entities.iter().chain(&self.test_entities);
        let wanted: BTreeSet<&str> = match cast {
            Cast::Demo => self.entities.iter().map(|e| e.name.as_str()).collect(),
            Cast::Everyone => everyone().map(|e| e.name.as_str()).collect(),
            Cast::Only(names) => {
                let services = self
                    .entities
                    .iter()
                    .filter(|e| e.profile != ProfileName::Seal);
                let mut wanted: BTreeSet<&str> = services.map(|e| e.name.as_str()).collect();
                for name in names {
                    let mut entity = self.named(name)?;
                    while wanted.insert(entity.name.as_str()) && entity.issuer != entity.name {
                        entity = self.named(&entity.issuer)?;
                    }
                }
                wanted
            }
        };
        // An issuer stands before its subjects in the text (checked), so the order of the text will do.
        Ok(everyone()
            .filter(|e| wanted.contains(e.name.as_str()))
            .collect())
    }

    fn named(&self, name: &str) -> Result<&EntityDeclaration, Fault> {
        self.entities
            .iter()
            .chain(&self.test_entities)
            .find(|e| e.name == name)
            .ok_or_else(|| {
                Fault::plain(format!(
                    "looking for the entity {name:?}: the declaration has none"
                ))
            })
    }

    fn check(&self) -> Result<(), Fault> {
        let wrong = |what: String| {
            Err(Fault::plain(format!(
                "checking the declaration of the throw-away province: {what}"
            )))
        };
        if self.country.len() != 2 {
            return wrong(format!(
                "country {:?} is not a code of two letters",
                self.country
            ));
        }
        let mut authorities: BTreeSet<&str> = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for entity in self.entities.iter().chain(&self.test_entities) {
            let name = entity.name.as_str();
            let file_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > ENTITY_NAME_MAX_BYTES || !name.chars().all(file_name)
            {
                return wrong(format!(
                    "the name {name:?} is not of a-z, 0-9 and '-', at most {ENTITY_NAME_MAX_BYTES}"
                ));
            }
            if !names.insert(name) {
                return wrong(format!("two entities are called {name:?}"));
            }
            for part in [
                &entity.organization,
                &entity.common_name,
                &self.organizational_unit,
                &self.locality,
            ] {
                if part.is_empty() || part.chars().count() > NAME_PART_MAX_CHARS {
                    return wrong(format!(
                        "{part:?} of {name:?} is not of 1 to {NAME_PART_MAX_CHARS} characters"
                    ));
                }
            }
            if entity.valid.from >= entity.valid.until {
                return wrong(format!("{name:?} ends before it begins"));
            }
            match entity.profile {
                ProfileName::RootCa if entity.issuer != name => {
                    return wrong(format!("the root {name:?} does not issue itself"));
                }
                ProfileName::RootCa => {}
                _ if !authorities.contains(entity.issuer.as_str()) => {
                    return wrong(format!(
                        "the issuer {:?} of {name:?} is no authority declared before it",
                        entity.issuer
                    ));
                }
                _ => {}
            }
            if entity.profile.is_authority() {
                authorities.insert(name);
            }
            if entity.office.is_some() && entity.profile != ProfileName::Seal {
                return wrong(format!("{name:?} names an office, but is no seal"));
            }
        }
        for (profile, what) in [
            (ProfileName::TimeStamping, "time-stamping unit"),
            (ProfileName::RootCa, "root"),
        ] {
            if self
                .entities
                .iter()
                .filter(|e| e.profile == profile)
                .count()
                != 1
            {
                return wrong(format!(
                    "there must be exactly one {what} outside the test entities"
                ));
            }
        }
        Ok(())
    }
}
