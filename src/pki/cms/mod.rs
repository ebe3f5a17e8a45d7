//! Cryptographic Message Syntax: SignedData (RFC 5652 5) with the attributes of CAdES (EN 319 122-1).
//!
//! # Contents
//! * [`SignedData`] and [`SignerInfo`]: reading, BER tolerated.
//! * [`SignedAttributes`]: what a signature stands over.
//! * [`Layout`]: the same message as it lies, and with more in it; [`HashIndex`]: archive time-stamps over it.
//! * [`attributes_to_sign`], [`assemble`]: writing, with the signature made by somebody else in between.
//!
//! # Invariants
//! * A signature is checked over the octets of its attributes as received (RFC 5652 5.4), in their received order.
//! * All signers are reported; nobody is "the first".

mod ats_v3;
mod attributes;
mod build;
mod layout;
mod parse;
mod revocation_values;
mod signer;

#[cfg(test)]
mod tests;

pub use ats_v3::{Covered, HashIndex, Missing, index_of, token_with_index};
pub use attributes::{Attribute, EssCertId, SignedAttributes};
pub use build::{
    Assembly, SignedAttrs, SigningFacts, assemble, attributes_and_more, attributes_to_sign,
    size_upper_bound,
};
pub use layout::{Additions, Layout, Placing, SignerLayout, UnsignedLayout};
pub use parse::SignedData;
pub use revocation_values::RevocationValues;
pub use signer::{CertificateBinding, SignerId, SignerInfo};

/// Departures from the standards that do not hinder reading; whoever judges decides what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The message was in BER; RFC 5652 allows it, PAdES (EN 319 142-1 4.1) wants DER.
    NotDer,
    /// RFC 5652 5.3: the signed attributes are to be DER, and so in sorted order.
    SignedAttributesNotSorted,
    /// RFC 5652 11: an attribute that may occur once occurs twice, or has another number of values than one. Its value is then taken as absent.
    AttributeNotSingle,
    /// An attribute whose value cannot be read; taken as absent.
    AttributeMalformed,
    /// The signature's own hash is not the SignerInfo's digest algorithm.
    DigestAlgorithmsDiffer,
    /// The SignerInfo's digest algorithm is not in the list at the head.
    DigestAlgorithmNotListed,
    /// Attribute certificates and other obsolete kinds were passed over.
    OtherCertificatesPresent,
    /// Revocation information that is neither a CRL nor an OCSP response was passed over.
    OtherRevocationPresent,
    /// Octets other than zeros follow the message.
    TrailingOctets,
}

impl Finding {
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotDer => "not_der",
            Self::SignedAttributesNotSorted => "signed_attributes_not_sorted",
            Self::AttributeNotSingle => "attribute_not_single",
            Self::AttributeMalformed => "attribute_malformed",
            Self::DigestAlgorithmsDiffer => "digest_algorithms_differ",
            Self::DigestAlgorithmNotListed => "digest_algorithm_not_listed",
            Self::OtherCertificatesPresent => "other_certificates_present",
            Self::OtherRevocationPresent => "other_revocation_present",
            Self::TrailingOctets => "trailing_octets",
        }
    }
}
