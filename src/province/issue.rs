//! Issuing the certificates: from a declared entity and its key to an [`Entity`].
//!
//! # Invariants
//! * Issuers come before those whom they certify.
//! * Every certificate carries the demo policy, and, but for the root, where its status and its issuer are found.

use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;

use super::declaration::{Declaration, EntityDeclaration, ProfileName};
use super::desk::Urls;
use super::entity::{Entity, SigningKey};
use super::mark::DEMO_POLICY;
use super::register::{Register, Revocation};
use super::span::Span;
use crate::pki::cert::Certificate;
use crate::pki::issue::{Addresses, CertificateFacts, Issuer, Profile, name};
use crate::pki::oid::{self, ObjectId};
use crate::record::{Fault, UtcTime};

/// RFC 5280 4.1.2.2 and RFC 3161 2.4.2: at most 20 octets; 127 random bits are unguessable and do not meet by chance.
const SERIAL_BYTES: usize = 16;

/// Issues a certificate for each member with its key, and enters it in the register.
pub(super) fn all(
    declaration: &Declaration,
    members: &[&EntityDeclaration],
    keys: Vec<PKey<Private>>,
    base_url: &str,
    now: UtcTime,
    register: &Register,
) -> Result<Vec<Entity>, Fault> {
    let mut entities: Vec<Entity> = Vec::with_capacity(members.len());
    for (member, key) in members.iter().zip(keys) {
        let entity = one(
            declaration,
            member,
            SigningKey::new(key)?,
            &entities,
            base_url,
            now,
        )?;
        let revoked = match member.revoked {
            None => None,
            Some(declared) => Some(Revocation {
                at: shifted(now, declared.at)?,
                reason: declared.reason,
            }),
        };
        register.enter(&entity.issuer, entity.certificate.serial(), revoked);
        entities.push(entity);
    }
    Ok(entities)
}

fn one(
    declaration: &Declaration,
    member: &EntityDeclaration,
    key: SigningKey,
    issued_before: &[Entity],
    base_url: &str,
    now: UtcTime,
) -> Result<Entity, Fault> {
    let doing = || format!("issuing the certificate of {:?}", member.name);
    let issuer = issued_before
        .iter()
        .find(|entity| entity.name == member.issuer);
    if issuer.is_none() && member.profile != ProfileName::RootCa {
        return Err(Fault::plain(format!(
            "{}: {:?} has none yet",
            doing(),
            member.issuer
        )));
    }
    let urls = Urls::new(base_url);
    let (ocsp, crl, above) = (
        urls.ocsp(),
        urls.crl(&member.issuer),
        urls.ca_certificate(&member.issuer),
    );
    let (ocsp, crl, above) = ([ocsp.as_str()], [crl.as_str()], [above.as_str()]);
    let addresses = match member.profile {
        // Whoever trusts a root was told so by other means; a status that it signs about itself says nothing.
        ProfileName::RootCa => Addresses::default(),
        // RFC 6960 4.2.2.2.1: with ocsp-nocheck a responder is not to be asked about itself.
        ProfileName::OcspResponder => Addresses {
            ocsp: &[],
            ca_issuers: &above,
            crl: &crl,
        },
        _ => Addresses {
            ocsp: &ocsp,
            ca_issuers: &above,
            crl: &crl,
        },
    };
    let policy = ObjectId::from_body(DEMO_POLICY).map_err(|e| Fault::new(doing(), e))?;
    let signing_key = issuer.map_or(&key, |issuer| &issuer.key);
    let draft = CertificateFacts {
        serial: &random_serial()?,
        subject: &subject(declaration, member),
        issuer: issuer.map_or(Issuer::Itself, |issuer| Issuer::Ca(&issuer.certificate)),
        not_before: shifted(now, member.valid.from)?.unix_s(),
        not_after: shifted(now, member.valid.until)?.unix_s(),
        spki: &key.spki()?,
        profile: profile(member.profile),
        addresses,
        policies: &[policy],
        extra: &[],
        algorithm: signing_key.algorithm(),
    }
    .draft();
    let der = draft.finish(&signing_key.sign(draft.to_be_signed())?);
    let certificate = Certificate::from_der(&der).map_err(|e| Fault::new(doing(), e))?;

    let mut chain = vec![certificate.clone()];
    // The root of a chain is what the reader trusts already: it is not sent along.
    chain.extend(
        issuer
            .filter(|i| i.profile != ProfileName::RootCa)
            .into_iter()
            .flat_map(|i| i.chain.clone()),
    );
    Ok(Entity {
        name: member.name.clone(),
        profile: member.profile,
        issuer: member.issuer.clone(),
        office: member.office.clone(),
        key,
        chain,
        certificate,
    })
}

/// The attributes that certificates of offices in Vietnam carry, the most general first.
fn subject(declaration: &Declaration, member: &EntityDeclaration) -> Vec<u8> {
    let mut attributes = vec![
        (oid::AT_COUNTRY, declaration.country.as_str()),
        (oid::AT_LOCALITY, &declaration.locality),
        (oid::AT_ORGANIZATION, &member.organization),
        (
            oid::AT_ORGANIZATIONAL_UNIT,
            &declaration.organizational_unit,
        ),
        (oid::AT_COMMON_NAME, &member.common_name),
    ];
    attributes.extend(
        member
            .user_ids
            .iter()
            .map(|id| (oid::AT_USER_ID, id.as_str())),
    );
    name(&attributes)
}

fn profile(declared: ProfileName) -> Profile {
    match declared {
        ProfileName::RootCa => Profile::RootCa,
        // Below the issuing authority there are holders only.
        ProfileName::IssuingCa | ProfileName::MisusedCa => Profile::IssuingCa { path_len: 0 },
        ProfileName::Seal => Profile::Seal,
        ProfileName::TimeStamping | ProfileName::MisusedTimeStamping => Profile::TimeStamping,
        ProfileName::OcspResponder => Profile::OcspResponder,
    }
}

fn shifted(now: UtcTime, span: Span) -> Result<UtcTime, Fault> {
    let fault = || {
        Fault::plain(
            "reckoning the validity of a throw-away certificate: the clock is out of range",
        )
    };
    now.checked_add_s(span.seconds()).ok_or_else(fault)
}

/// The octets of a positive number, for a certificate or a time-stamp.
pub(super) fn random_serial() -> Result<Vec<u8>, Fault> {
    let mut serial = [0_u8; SERIAL_BYTES];
    rand_bytes(&mut serial).map_err(|e| Fault::new("drawing a serial number", e))?;
    // First bit off: the INTEGER is positive. Second bit on: it is minimal, and its length is always the same.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(serial.to_vec())
}
