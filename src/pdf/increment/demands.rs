//! What the author of a signature field demands of whoever signs it: seed values and the lock.
//!
//! ISO 32000-1 tables 233 and 234; ISO 32000-2 tables 236 to 238.
//!
//! # Invariants
//! * A demand that is not known to be met is a refusal.

use super::{FieldRequest, SubFilter};
use crate::pdf::Refusal;
use crate::pdf::document::Document;
use crate::pdf::form::Field;
use crate::pdf::object::{Dict, Item, ObjId, Value};
use crate::pdf::text;

/// Table 234, Ff: which entries are demands; the others are offers.
const FILTER: i64 = 1;
const SUB_FILTER: i64 = 1 << 1;
const VERSION: i64 = 1 << 2;
const REASONS: i64 = 1 << 3;
const LEGAL_ATTESTATION: i64 = 1 << 4;
const REVOCATION: i64 = 1 << 5;
const DIGEST: i64 = 1 << 6;
const LOCK_DOCUMENT: i64 = 1 << 7;
const APPEARANCE_FILTER: i64 = 1 << 8;
const KNOWN: i64 = (1 << 9) - 1;

/// The digests that a key of ours may bring; which one is not known yet.
const DIGESTS: [&str; 3] = ["SHA256", "SHA384", "SHA512"];

/// Seed values of the field. A demand for a time-stamp (TimeStamp, Ff 1) is no obstacle: every signature gets one (B-T).
pub(super) fn met(
    doc: &Document<'_>,
    field: &Field<'_>,
    request: &FieldRequest,
) -> Result<(), Refusal> {
    let refused = |what| {
        Err(Refusal::FieldDemands {
            name: field.name.to_string(),
            what,
        })
    };
    if request.sub_filter != SubFilter::CadesDetached {
        return refused("a document time-stamp has a field of its own");
    }
    let Some(item) = field.dict.item("SV").filter(|_| field.dict.has("SV")) else {
        return Ok(());
    };
    let followed = doc.follow(item)?;
    let Some(seed) = followed.dict().filter(|dict| dict.duplicate.is_none()) else {
        return refused("its seed values cannot be read");
    };
    let Some(flags) = flags(seed) else {
        return refused("its seed values cannot be read");
    };
    let demanded = |flag: i64| flags & flag != 0;
    let what = if demanded(!KNOWN) {
        Some("it makes a demand that is not known here")
    } else if demanded(FILTER) && seed.has("Filter") && !seed.name_is("Filter", "Adobe.PPKLite") {
        Some("it demands another signature handler")
    } else if demanded(SUB_FILTER) && !lists(doc, seed, "SubFilter", "ETSI.CAdES.detached")? {
        Some("it demands another signature format than PAdES")
    } else if demanded(VERSION) && seed.has("V") && !known_version(seed) {
        Some("it demands a newer kind of signature software")
    } else if demanded(REASONS) && !reason_agrees(doc, seed, request.reason.as_deref())? {
        Some("it demands one of its own reasons for signing")
    } else if demanded(LEGAL_ATTESTATION) && seed.has("LegalAttestation") {
        Some("it demands a legal attestation")
    } else if demanded(REVOCATION) && matches!(seed.value("AddRevInfo"), Some(Value::Bool(true))) {
        Some("it demands revocation data inside the signature")
    } else if demanded(DIGEST) && !every_digest(doc, seed)? {
        Some("it demands a particular digest algorithm")
    } else if demanded(LOCK_DOCUMENT) && seed.name_is("LockDocument", "true") {
        Some("it demands that the document be locked by this signature")
    } else if demanded(APPEARANCE_FILTER) && seed.has("AppearanceFilter") {
        Some("it demands an appearance of its own naming")
    } else if demands_of(doc, seed, "Cert")? {
        Some("it demands a particular certificate")
    } else if certifies(doc, seed)? {
        Some("it demands a certifying signature")
    } else {
        None
    };
    what.map_or(Ok(()), refused)
}

/// None where the flags are no number.
fn flags(dict: &Dict<'_>) -> Option<i64> {
    match dict.value("Ff") {
        None => Some(0),
        Some(Value::Integer(flags)) => Some(*flags),
        Some(_) => None,
    }
}

/// Whether the array under `key` has this name; no array lists everything.
fn lists(doc: &Document<'_>, seed: &Dict<'_>, key: &str, name: &str) -> Result<bool, Refusal> {
    if !seed.has(key) {
        return Ok(true);
    }
    let followed = seed.item(key).map(|item| doc.follow(item)).transpose()?;
    let items = followed.as_ref().and_then(|followed| followed.array());
    Ok(items
        .unwrap_or_default()
        .iter()
        .any(|item| match item.value {
            Value::Name(other) => other.is(name.as_bytes()),
            // Digests are strings, which some programs write in small letters.
            Value::Text(token) => text::decoded(token).eq_ignore_ascii_case(name.as_bytes()),
            _ => false,
        }))
}

/// Table 234, V: 1 and 2 are ISO 32000-1, 3 is ISO 32000-2.
fn known_version(seed: &Dict<'_>) -> bool {
    seed.value("V")
        .and_then(crate::pdf::page::number)
        .is_some_and(|version| version <= 3.0)
}

/// Table 234, Reasons: no array, an empty one or one with a single period means that none may be given.
fn reason_agrees(
    doc: &Document<'_>,
    seed: &Dict<'_>,
    reason: Option<&str>,
) -> Result<bool, Refusal> {
    let followed = seed.item("Reasons").map(|item| doc.follow(item));
    let followed = followed.transpose()?;
    let items = followed.as_ref().and_then(|followed| followed.array());
    let mut offered = Vec::new();
    for item in items.unwrap_or_default() {
        match &item.value {
            Value::Text(token) => offered.push(text::shown(token)),
            _ => return Ok(false),
        }
    }
    let none_wanted = matches!(offered.as_slice(), []) || offered == ["."];
    Ok(match reason {
        None => none_wanted,
        Some(reason) => !none_wanted && offered.iter().any(|offer| offer == reason),
    })
}

fn every_digest(doc: &Document<'_>, seed: &Dict<'_>) -> Result<bool, Refusal> {
    for digest in DIGESTS {
        if !lists(doc, seed, "DigestMethod", digest)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Table 235: whether the dictionary under `key` has a demand among its entries.
fn demands_of(doc: &Document<'_>, seed: &Dict<'_>, key: &str) -> Result<bool, Refusal> {
    let Some(item) = seed.item(key).filter(|_| seed.has(key)) else {
        return Ok(false);
    };
    let followed = doc.follow(item)?;
    Ok(followed.dict().is_none_or(|dict| flags(dict) != Some(0)))
}

/// Table 234, MDP: P = 0 is an ordinary signature.
fn certifies(doc: &Document<'_>, seed: &Dict<'_>) -> Result<bool, Refusal> {
    let Some(item) = seed.item("MDP").filter(|_| seed.has("MDP")) else {
        return Ok(false);
    };
    let followed = doc.follow(item)?;
    Ok(followed
        .dict()
        .is_none_or(|dict| dict.has("P") && dict.integer("P") != Some(0)))
}

/// ISO 32000-1 12.8.2.4: the signature of a field with a lock names what it locks, in the lock's own words.
pub(super) fn lock(
    doc: &Document<'_>,
    field: &Field<'_>,
    catalog: ObjId,
) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(item) = field.dict.item("Lock").filter(|_| field.dict.has("Lock")) else {
        return Ok(None);
    };
    let odd = || Refusal::FieldDemands {
        name: field.name.to_string(),
        what: "its lock cannot be read",
    };
    let followed = doc.follow(item)?;
    let lock = followed.dict().filter(|dict| dict.duplicate.is_none());
    let lock = lock.ok_or_else(odd)?;
    let action = ["All", "Include", "Exclude"]
        .into_iter()
        .find(|action| lock.name_is("Action", action))
        .ok_or_else(odd)?;
    let mut out = format!(
        "[<< /Type /SigRef /TransformMethod /FieldMDP /DigestMethod /SHA256 /Data {catalog} R /TransformParams << /Type /TransformParams /V /1.2 /Action /{action}"
    )
    .into_bytes();
    if action != "All" {
        out.extend_from_slice(b" /Fields [");
        let list = lock.item("Fields").ok_or_else(odd)?;
        let list = doc.follow(list)?;
        for item in list.array().ok_or_else(odd)? {
            out.extend_from_slice(name_token(item).ok_or_else(odd)?);
            out.push(b' ');
        }
        out.push(b']');
    }
    out.extend_from_slice(b" >> >>]");
    Ok(Some(out))
}

/// The string as it stands.
fn name_token<'d>(item: &Item<'d>) -> Option<&'d [u8]> {
    match item.value {
        Value::Text(token) => Some(token),
        _ => None,
    }
}
