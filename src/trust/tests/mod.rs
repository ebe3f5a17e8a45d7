//! Certificates of every odd kind, made by hand, and what is trusted of them.

mod algorithms;
mod path;
mod revocation;
mod statements;

use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::crypto::{KeyFacts, SignatureAlgorithm};
use crate::pki::der::write::{self, Criticality, extension};
use crate::pki::der::{tag, time};
use crate::pki::issue::name;
use crate::pki::oid;
use crate::pki::tests::{ec_key, sign};

pub(crate) use crate::pki::tests::NOW;

pub(crate) const DAY_S: i64 = 86_400;
pub(crate) const SIGNING: KeyUsage = KeyUsage::DIGITAL_SIGNATURE;
pub(crate) const ISSUING: KeyUsage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);

/// A key with its certificate.
pub(crate) struct Holder {
    pub key: PKey<Private>,
    pub algorithm: SignatureAlgorithm,
    pub certificate: Certificate,
}

impl Holder {
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.key, self.algorithm, message)
    }
}

/// What a certificate is to say; no extension but those given.
#[derive(Clone)]
pub(crate) struct Plan {
    pub subject: Vec<u8>,
    pub serial: u8,
    pub not_before: i64,
    pub not_after: i64,
    pub extensions: Vec<Vec<u8>>,
}

pub(crate) fn dn(common_name: &str) -> Vec<u8> {
    name(&[(oid::AT_COUNTRY, "VN"), (oid::AT_COMMON_NAME, common_name)])
}

/// A CA without a limit on what stands below it.
pub(crate) fn ca(common_name: &str) -> Plan {
    plan(common_name, vec![basic(None), usage(ISSUING)])
}

pub(crate) fn seal(common_name: &str) -> Plan {
    plan(common_name, vec![usage(SIGNING)])
}

pub(crate) fn plan(common_name: &str, extensions: Vec<Vec<u8>>) -> Plan {
    Plan {
        subject: dn(common_name),
        serial: 7,
        not_before: NOW - 30 * DAY_S,
        not_after: NOW + 30 * DAY_S,
        extensions,
    }
}

/// BasicConstraints of a CA.
pub(crate) fn basic(path_len: Option<u32>) -> Vec<u8> {
    let mut fields = vec![write::boolean_true()];
    fields.extend(path_len.map(write::small_integer));
    extension(
        oid::CE_BASIC_CONSTRAINTS,
        Criticality::Critical,
        &write::sequence(&fields),
    )
}

pub(crate) fn usage(usage: KeyUsage) -> Vec<u8> {
    extension(
        oid::CE_KEY_USAGE,
        Criticality::Critical,
        &write::named_bits(usage.bits()),
    )
}

pub(crate) fn purposes(list: &[&[u8]], criticality: Criticality) -> Vec<u8> {
    let list: Vec<Vec<u8>> = list.iter().map(|id| write::oid(id)).collect();
    extension(
        oid::CE_EXTENDED_KEY_USAGE,
        criticality,
        &write::sequence(&list),
    )
}

impl Plan {
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn serial(mut self, serial: u8) -> Self {
        self.serial = serial;
        self
    }

    pub fn valid(mut self, not_before: i64, not_after: i64) -> Self {
        (self.not_before, self.not_after) = (not_before, not_after);
        self
    }

    /// Issued by itself.
    pub fn root(&self) -> Holder {
        self.holder(p256(), None)
    }

    pub fn by(&self, issuer: &Holder) -> Holder {
        self.holder(p256(), Some(issuer))
    }

    pub fn holder(&self, key: PKey<Private>, issuer: Option<&Holder>) -> Holder {
        let spki = key.public_key_to_der().unwrap();
        let facts = KeyFacts::from_spki(&spki).unwrap();
        let algorithm = SignatureAlgorithm::natural_for(facts).unwrap();
        let certificate = match issuer {
            None => self.signed(&key, algorithm, &self.subject, &spki),
            Some(ca) => self.signed(&ca.key, ca.algorithm, ca.certificate.subject().raw(), &spki),
        };
        Holder {
            key,
            algorithm,
            certificate,
        }
    }

    fn signed(
        &self,
        key: &PKey<Private>,
        algorithm: SignatureAlgorithm,
        issuer: &[u8],
        spki: &[u8],
    ) -> Certificate {
        let validity =
            write::sequence(&[time::encode(self.not_before), time::encode(self.not_after)]);
        let tbs = write::sequence(&[
            write::explicit(0, &write::small_integer(2)).as_slice(),
            &write::unsigned_integer(&[self.serial]),
            &algorithm.to_der(),
            issuer,
            &validity,
            &self.subject,
            spki,
            &write::explicit(3, &write::sequence(&self.extensions)),
        ]);
        let signature = sign(key, algorithm, &tbs);
        Certificate::from_der(&write::signed(&tbs, &algorithm.to_der(), &signature, &[])).unwrap()
    }
}

pub(crate) fn p256() -> PKey<Private> {
    ec_key(Nid::X9_62_PRIME256V1)
}

/// An extension that nobody knows.
pub(crate) fn unknown_critical() -> Vec<u8> {
    extension(&[0x2a, 3, 4], Criticality::Critical, &write::null())
}

/// NameConstraints with one directory name, permitted (`[0]`) or excluded (`[1]`).
pub(crate) fn name_constraint(number: u8, base: &[u8]) -> Vec<u8> {
    let subtree = write::sequence(&[write::explicit(4, base)]);
    let list = write::element(tag::context_constructed(number), &subtree);
    extension(
        oid::CE_NAME_CONSTRAINTS,
        Criticality::Critical,
        &write::sequence(&[list]),
    )
}
