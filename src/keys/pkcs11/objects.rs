//! What lies on the token: the private key, by label or id, and certificates, by the key's id.

use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::Attempt;
use crate::keys::certificates as bags;
use crate::keys::failure::KeyFailure;
use crate::pki::cert::Certificate;

/// How the key is told from others on the token.
#[derive(Debug)]
pub(super) struct KeyName {
    pub label: Option<String>,
    pub id: Option<Vec<u8>>,
}

/// Whether the token wants its PIN anew for each signature (CKA_ALWAYS_AUTHENTICATE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Login,
    EachSignature,
}

#[derive(Debug)]
pub(super) struct KeyObject {
    pub id: Vec<u8>,
    pub access: Access,
}

/// The one private key of this name.
pub(super) fn find(session: &Session, name: &KeyName) -> Result<ObjectHandle, Attempt> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(
        name.label
            .iter()
            .map(|l| Attribute::Label(l.clone().into_bytes())),
    );
    template.extend(name.id.iter().map(|id| Attribute::Id(id.clone())));
    match session.find_objects(&template)?.as_slice() {
        [one] => Ok(*one),
        several => Err(KeyFailure::KeysFound(several.len()).into()),
    }
}

pub(super) fn describe(session: &Session, key: ObjectHandle) -> Result<KeyObject, Attempt> {
    let wanted = [AttributeType::Id, AttributeType::AlwaysAuthenticate];
    let mut object = KeyObject {
        id: Vec::new(),
        access: Access::Login,
    };
    for attribute in session.get_attributes(key, &wanted)? {
        match attribute {
            Attribute::Id(id) => object.id = id,
            Attribute::AlwaysAuthenticate(true) => object.access = Access::EachSignature,
            _ => {}
        }
    }
    Ok(object)
}

/// The certificate with the key's id first, then those on the token that issued it.
pub(super) fn certificates(session: &Session, id: &[u8]) -> Result<Vec<Certificate>, Attempt> {
    let of_kind = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
    ];
    let mut own = None;
    let mut bag = Vec::new();
    for object in session.find_objects(&of_kind)? {
        let mut value = None;
        let mut is_own = false;
        for attribute in
            session.get_attributes(object, &[AttributeType::Value, AttributeType::Id])?
        {
            match attribute {
                Attribute::Value(der) => value = Some(der),
                Attribute::Id(other) => is_own = other == id,
                _ => {}
            }
        }
        // What else people keep there, broken or not, is none of ours.
        let Some(certificate) = value.and_then(|der| Certificate::from_der(&der).ok()) else {
            continue;
        };
        if is_own && own.is_none() {
            own = Some(certificate);
        } else {
            bag.push(certificate);
        }
    }
    let Some(own) = own else {
        return Err(KeyFailure::CertificateMissing.into());
    };
    let spki = own.spki().to_vec();
    bag.insert(0, own);
    Ok(bags::chain(&spki, bag))
}
