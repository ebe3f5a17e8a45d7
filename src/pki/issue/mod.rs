//! Making certificates (RFC 5280 4): the part to sign, then, with the signature, the whole.
//!
//! # Contents
//! * [`CertificateFacts`] and [`Profile`]: what a certificate says; [`name`]: distinguished names.
//! * [`Unsigned`]: a certificate or CRL before its signature.
//!
//! # What is not here
//! Serial numbers, keys and times: the caller brings them.

mod extensions;
mod names;

#[cfg(test)]
mod tests;

pub use extensions::{Addresses, ExtraExtension, Profile, key_identifier};
pub use names::name;

use super::cert::Certificate;
use super::crypto::SignatureAlgorithm;
use super::der::{time, write};
use super::oid::ObjectId;

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub enum Issuer<'a> {
    /// The certificate's own key.
    Itself,
    Ca(&'a Certificate),
}

/// What a certificate says.
#[derive(Debug, Clone, Copy)]
pub struct CertificateFacts<'a> {
    /// Octets of an unsigned number, at most 20 with the sign (RFC 5280 4.1.2.2), unpredictable.
    pub serial: &'a [u8],
    /// A Name, encoded: see [`name`].
    pub subject: &'a [u8],
    pub issuer: Issuer<'a>,
    pub not_before: i64,
    pub not_after: i64,
    /// SubjectPublicKeyInfo.
    pub spki: &'a [u8],
    pub profile: Profile,
    pub addresses: Addresses<'a>,
    pub policies: &'a [ObjectId],
    pub extra: &'a [ExtraExtension<'a>],
    /// Of the issuer's key.
    pub algorithm: SignatureAlgorithm,
}

impl CertificateFacts<'_> {
    pub fn draft(&self) -> Unsigned {
        let issuer_name = match self.issuer {
            Issuer::Itself => self.subject,
            Issuer::Ca(ca) => ca.subject().raw(),
        };
        let validity =
            write::sequence(&[time::encode(self.not_before), time::encode(self.not_after)]);
        let tbs = write::sequence(&[
            // Version 3.
            write::explicit(0, &write::small_integer(2)).as_slice(),
            &write::unsigned_integer(self.serial),
            &self.algorithm.to_der(),
            issuer_name,
            &validity,
            self.subject,
            self.spki,
            &write::explicit(3, &extensions::encode(self)),
        ]);
        Unsigned::new(tbs, self.algorithm)
    }
}

/// A certificate or CRL before its signature.
#[derive(Debug, Clone)]
pub struct Unsigned {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Unsigned {
    pub(super) fn new(tbs: Vec<u8>, algorithm: SignatureAlgorithm) -> Self {
        Self { tbs, algorithm }
    }

    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The encoding of the whole.
    pub fn finish(&self, signature: &[u8]) -> Vec<u8> {
        write::signed(&self.tbs, &self.algorithm.to_der(), signature, &[])
    }
}
