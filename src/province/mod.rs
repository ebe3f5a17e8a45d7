//! A throw-away province: the trust services and office seals of the demo and of the tests, real ones with keys that are
//! made at run time from a declaration (`certs/pki.toml`).
//!
//! # Contents
//! * [`Declaration`] (`declaration.rs`, `span.rs`): who exists; [`Cast`]: which of them are made.
//! * `keys.rs`, `issue.rs`, [`Entity`] (`entity.rs`): making keys and certificates.
//! * [`TimestampAuthority`] (`timestamp.rs`, RFC 3161), [`OcspResponder`] (`ocsp.rs`, RFC 6960), `crl.rs` (RFC 5280 5),
//!   `register.rs`: the services.
//! * [`Province::visit`] (`desk.rs`): all of them as one function from request to answer.
//! * `files.rs`: on disk and back.  `mark.rs`: how `serve` knows these certificates.
//!
//! # Invariants
//! * Every subject and every certificate says that it is a demo ([`is_demo`]); nothing here can be told to leave that out.
//! * The clock is an argument everywhere. Randomness comes from OpenSSL.
//!
//! # What is not here
//! A certification authority for real use: there is no protection of keys beyond the mode of a file, no request, no audit.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::record::{Fault, UtcTime};

mod crl;
mod declaration;
mod desk;
mod entity;
mod files;
mod issue;
mod keys;
mod mark;
mod ocsp;
mod register;
mod span;
mod timestamp;

#[cfg(test)]
mod tests;

pub use declaration::{Cast, Declaration};
pub use desk::{Answer, Method};
pub use entity::{Entity, OfficeSeal};
pub use mark::{DEMO_POLICY, TSA_POLICY, is_demo};
pub use ocsp::OcspResponder;
pub use register::{Reason, Revocation};
pub use timestamp::TimestampAuthority;

use declaration::ProfileName;
use register::Register;

/// The moment of a request, finer than a second: time-stamps carry milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    pub at: UtcTime,
    /// Nanoseconds after `at`, below 1,000,000,000.
    pub nanos: u32,
}

/// Trust services and seals, ready to work.
pub struct Province {
    base_url: String,
    made_at: UtcTime,
    /// Issuers before those whom they certified.
    entities: Vec<Entity>,
    register: Arc<Register>,
    lists: crl::Lists,
    timestamp_authority: TimestampAuthority,
    ocsp_responder: OcspResponder,
    /// Where the province was saved to or read from: there its register is kept up to date.
    home: Mutex<Option<PathBuf>>,
}

impl From<UtcTime> for Now {
    fn from(at: UtcTime) -> Self {
        Self { at, nanos: 0 }
    }
}

impl Province {
    /// Makes every key and issues every certificate that `cast` asks for.
    ///
    /// `base_url` is where the services will be reached, such as `http://127.0.0.1:8080`; certificates carry it.
    ///
    /// # Errors
    /// OpenSSL failed, a name in `cast` is not declared, or `base_url` is not an `http` URL without a slash at its end.
    pub fn make(
        declaration: &Declaration,
        base_url: &str,
        now: UtcTime,
        cast: Cast<'_>,
    ) -> Result<Self, Fault> {
        // RFC 5280 4.2.1.13 and RFC 6960: status services are reached by plain HTTP; by HTTPS they would need themselves.
        let host = base_url.strip_prefix("http://").unwrap_or_default();
        if host.is_empty() || host.ends_with('/') || !host.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Fault::plain(
                "making the throw-away province: the base URL is not of the form http://host:port",
            ));
        }
        let members = declaration.members(cast)?;
        let choices: Vec<_> = members.iter().map(|member| member.key).collect();
        let keys = keys::make_all(&choices)?;
        let register = Register::default();
        let entities = issue::all(declaration, &members, keys, base_url, now, &register)?;
        Self::assemble(base_url.to_owned(), now, entities, register)
    }

    fn assemble(
        base_url: String,
        made_at: UtcTime,
        entities: Vec<Entity>,
        register: Register,
    ) -> Result<Self, Fault> {
        let register = Arc::new(register);
        let of = |profile| entities.iter().find(|e: &&Entity| e.profile == profile);
        let unit = of(ProfileName::TimeStamping).ok_or_else(|| {
            Fault::plain("assembling the throw-away province: there is no time-stamping unit")
        })?;
        let timestamp_authority = TimestampAuthority::new(unit)?;
        let mut ocsp_responder = OcspResponder::new(Arc::clone(&register));
        for responder in entities
            .iter()
            .filter(|e| e.profile == ProfileName::OcspResponder)
        {
            let authority = entities
                .iter()
                .find(|e| e.name == responder.issuer)
                .ok_or_else(|| {
                    Fault::plain("assembling the throw-away province: a responder has no authority")
                })?;
            ocsp_responder.add(authority, responder);
        }
        let home = Mutex::new(None);
        let lists = crl::Lists::default();
        Ok(Self {
            base_url,
            made_at,
            entities,
            register,
            lists,
            timestamp_authority,
            ocsp_responder,
            home,
        })
    }

    /// Where the services are reached, as the certificates say.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    pub fn made_at(&self) -> UtcTime {
        self.made_at
    }

    pub fn tsa_url(&self) -> String {
        desk::Urls::new(&self.base_url).tsa()
    }

    pub fn ocsp_url(&self) -> String {
        desk::Urls::new(&self.base_url).ocsp()
    }

    /// The one root that the demo trusts.
    ///
    /// # Errors
    /// None for a province that was made from a sound declaration.
    pub fn root(&self) -> Result<&Entity, Fault> {
        // Roots of test entities come after it: the declaration names them last.
        let root = self
            .entities
            .iter()
            .find(|entity| entity.profile == ProfileName::RootCa);
        root.ok_or_else(|| {
            Fault::plain("looking for the root of the throw-away province: it has none")
        })
    }

    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.entities.iter()
    }

    /// Every office with its seal, in the order of the declaration.
    pub fn offices(&self) -> Vec<OfficeSeal<'_>> {
        let seal = |entity| {
            Some(OfficeSeal {
                office: Entity::office(entity)?,
                entity,
            })
        };
        self.entities.iter().filter_map(seal).collect()
    }

    pub fn timestamp_authority(&self) -> &TimestampAuthority {
        &self.timestamp_authority
    }

    pub fn ocsp_responder(&self) -> &OcspResponder {
        &self.ocsp_responder
    }

    /// The revocation list of an authority as of `now`, in DER.
    ///
    /// # Errors
    /// There is no such authority, or the list could not be signed.
    pub fn crl(&self, authority: &str, now: UtcTime) -> Result<Arc<[u8]>, Fault> {
        let entity = self
            .entity(authority)
            .filter(|entity| entity.profile.is_authority());
        let entity = entity.ok_or_else(|| {
            Fault::plain(format!(
                "issuing a revocation list: {authority:?} is no authority"
            ))
        })?;
        self.lists.current(entity, &self.register, now)
    }

    /// Takes a certificate back from `at` on, for responder and lists alike; the first revocation stands.
    ///
    /// # Errors
    /// There is no such entity, or its register could not be written where the province is kept on disk.
    pub fn revoke(&self, name: &str, reason: Reason, at: UtcTime) -> Result<Revocation, Fault> {
        let no_entity = || {
            Fault::plain(format!(
                "revoking a certificate: there is no entity {name:?}"
            ))
        };
        let entity = self.entity(name).ok_or_else(no_entity)?;
        let revocation = Revocation { at, reason };
        let stands = self
            .register
            .revoke(&entity.issuer, entity.certificate.serial(), revocation);
        let stands = stands.ok_or_else(no_entity)?;
        self.write_register()?;
        Ok(stands)
    }

    /// The revocation of an entity's certificate, past or to come.
    pub fn revocation(&self, name: &str) -> Option<Revocation> {
        let entity = self.entity(name)?;
        self.register
            .revocation(&entity.issuer, entity.certificate.serial())
    }

    fn is_authority(&self, name: &str) -> bool {
        self.entity(name)
            .is_some_and(|entity| entity.profile.is_authority())
    }
}
