//! Certificate revocation lists (RFC 5280 5): reading, looking up, and making them.
//!
//! # Invariants
//! * The list of entries is not expanded: it is walked where it lies, so a list of a million entries costs its own size and nothing more.
//! * A walk that meets a malformed entry fails; it never reports "not revoked".
//! * What the issuer signed is hashed once for each list that is held: while it arrives ([`Intake`]), or at the first check.

mod draft;
mod entry;
mod intake;
mod scope;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use draft::{CrlFacts, RevokedSerial, draft};
pub use entry::{Entries, RevokedEntry};
pub use intake::{Intake, Refused};
pub use scope::IssuingDistributionPoint;

use super::Malformed;
use super::cert::{Name, authority_key_id, pem_blocks, read_extensions};
use super::crypto::{PublicKey, SignatureAlgorithm, VerifyFailure};
use super::der::{Reader, only, same_integer, tag};
use super::digest::{DigestAlgorithm, sha256};
use super::oid::{self, ObjectId};

const WHAT: &str = "CertificateList";

/// A CRL; clones share everything.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    /// Not boxed anew: the buffer in which it arrived.
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    /// The content of revokedCertificates within `der`; empty where it is absent.
    entries: std::ops::Range<usize>,
    issuer: Name,
    this_update: i64,
    next_update: Option<i64>,
    extensions: Extensions,
    signature_algorithm: Box<[u8]>,
    signature: Box<[u8]>,
    /// The digest of `tbs` under the signature's hash.
    tbs_digest: OnceLock<(DigestAlgorithm, Vec<u8>)>,
    sha256: OnceLock<[u8; 32]>,
}

#[derive(Default)]
struct Extensions {
    number: Option<Box<[u8]>>,
    is_delta: bool,
    authority_key_id: Option<Box<[u8]>>,
    distribution_point: Option<IssuingDistributionPoint>,
    expired_certs_on_crl: Option<i64>,
    unknown_critical: Vec<ObjectId>,
}

impl Crl {
    /// Reads one CRL and nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        Self::from_vec(der.to_vec())
    }

    /// As `from_der`, keeping the buffer as it is: a large list is held once, not twice.
    pub fn from_vec(der: Vec<u8>) -> Result<Self, Malformed> {
        let mut inner = read_list(&der)?;
        inner.der = der;
        Ok(Self(Arc::new(inner)))
    }

    /// PEM (the first CRL of the text) or DER.
    pub fn from_pem_or_der(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.first() == Some(&tag::SEQUENCE) {
            return Self::from_der(bytes);
        }
        let blocks = pem_blocks(bytes, "X509 CRL")?;
        let first = blocks.into_iter().next();
        Self::from_vec(first.ok_or(Malformed::new("PEM X509 CRL"))?)
    }

    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the encoding.
    pub fn sha256(&self) -> [u8; 32] {
        *self.0.sha256.get_or_init(|| sha256(&self.0.der))
    }

    /// TBSCertList, the octets the issuer signed.
    pub fn tbs(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    pub fn this_update(&self) -> i64 {
        self.0.this_update
    }

    pub fn next_update(&self) -> Option<i64> {
        self.0.next_update
    }

    /// Content octets of the CRL number.
    pub fn number(&self) -> Option<&[u8]> {
        self.0.extensions.number.as_deref()
    }

    /// RFC 5280 5.2.4: lists only the changes since another CRL.
    pub fn is_delta(&self) -> bool {
        self.0.extensions.is_delta
    }

    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_id.as_deref()
    }

    /// What part of the issuer's certificates this list is about; None: all of them.
    pub fn distribution_point(&self) -> Option<&IssuingDistributionPoint> {
        self.0.extensions.distribution_point.as_ref()
    }

    /// X.509 9.5.2.8: certificates that expired after this time stay listed.
    pub fn expired_certs_on_crl(&self) -> Option<i64> {
        self.0.extensions.expired_certs_on_crl
    }

    /// RFC 5280 5.2: with one of these the list must not be used to find that a certificate is not revoked.
    pub fn unknown_critical(&self) -> &[ObjectId] {
        &self.0.extensions.unknown_critical
    }

    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, VerifyFailure> {
        SignatureAlgorithm::from_der(&self.0.signature_algorithm, None)
    }

    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), VerifyFailure> {
        let algorithm = self.signature_algorithm()?;
        let Some(hash) = algorithm.digest() else {
            return key.verify(algorithm, self.tbs(), &self.0.signature);
        };
        let (known, digest) = self
            .0
            .tbs_digest
            .get_or_init(|| (hash, hash.hash(self.tbs())));
        if *known != hash {
            return key.verify(algorithm, self.tbs(), &self.0.signature);
        }
        key.verify_digest(algorithm, digest, &self.0.signature)
    }

    pub fn entries(&self) -> Entries<'_> {
        Entries::new(self.0.der.get(self.0.entries.clone()).unwrap_or_default())
    }

    /// The entry of a serial number. Err: the list is malformed before the entry could be found.
    pub fn lookup(&self, serial: &[u8]) -> Result<Option<RevokedEntry>, Malformed> {
        self.entries()
            .find_serial(|listed| same_integer(listed, serial))
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {})", self.0.issuer, self.0.this_update)
    }
}

/// Everything but the buffer itself.
fn read_list(der: &[u8]) -> Result<Inner, Malformed> {
    let outer = only(der, tag::SEQUENCE, WHAT)?;
    let mut fields = outer.reader();
    let tbs = fields.read(tag::SEQUENCE, "TBSCertList")?;
    let signature_algorithm = fields.read(tag::SEQUENCE, WHAT)?.raw;
    let signature = fields.bit_string(WHAT)?;
    fields.finish(WHAT)?;
    let start = outer.header_bytes();
    let mut inner = read_tbs(tbs.reader(), signature_algorithm)?;
    // The entries were measured from the end of the TBSCertList.
    let end = start + tbs.raw.len();
    inner.tbs = start..end;
    inner.entries = end.saturating_sub(inner.entries.start)..end.saturating_sub(inner.entries.end);
    inner.signature = signature.into();
    Ok(inner)
}

/// RFC 5280 5.1.2. `entries` of the result is counted backwards from the end of the content.
fn read_tbs(mut fields: Reader<'_>, outer_algorithm: &[u8]) -> Result<Inner, Malformed> {
    const TBS: &str = "TBSCertList";
    if fields.peek_tag() == Some(tag::INTEGER) && fields.small_integer(TBS)? != 1 {
        return Err(Malformed::new("TBSCertList (version)"));
    }
    let inner_algorithm = fields.read(tag::SEQUENCE, TBS)?.raw;
    // RFC 5280 5.1.1.2: the two identifiers are the same.
    if inner_algorithm != outer_algorithm {
        return Err(Malformed::new("TBSCertList (algorithms differ)"));
    }
    let issuer = Name::read(&mut fields)?;
    let this_update = fields.time("thisUpdate")?;
    let next_update = match fields.peek_tag() {
        Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(fields.time("nextUpdate")?),
        _ => None,
    };
    let entries = match fields.optional(tag::SEQUENCE, "revokedCertificates")? {
        None => 0..0,
        Some(list) => {
            let behind = fields.rest().len();
            behind + list.content.len()..behind
        }
    };
    let extensions = match fields.optional(tag::context_constructed(0), TBS)? {
        None => Extensions::default(),
        Some(field) => read_crl_extensions(field.content)?,
    };
    fields.finish(TBS)?;
    Ok(Inner {
        der: Vec::new(),
        tbs: 0..0,
        entries,
        issuer,
        this_update,
        next_update,
        extensions,
        signature_algorithm: outer_algorithm.into(),
        signature: Box::default(),
        tbs_digest: OnceLock::new(),
        sha256: OnceLock::new(),
    })
}

/// RFC 5280 5.2.
fn read_crl_extensions(bytes: &[u8]) -> Result<Extensions, Malformed> {
    let list = only(bytes, tag::SEQUENCE, "crlExtensions")?.reader();
    let mut extensions = Extensions::default();
    for extension in read_extensions(list)? {
        let value = extension.value;
        match extension.id {
            id if id == oid::CE_CRL_NUMBER => {
                extensions.number = Some(Reader::new(value).integer("CRLNumber")?.into());
            }
            id if id == oid::CE_DELTA_CRL_INDICATOR => extensions.is_delta = true,
            id if id == oid::CE_AUTHORITY_KEY_ID => {
                extensions.authority_key_id = authority_key_id(value)?.map(Into::into);
            }
            id if id == oid::CE_ISSUING_DISTRIBUTION_POINT => {
                extensions.distribution_point = Some(IssuingDistributionPoint::read(value)?);
            }
            id if id == oid::CE_EXPIRED_CERTS_ON_CRL => {
                let mut reader = Reader::new(value);
                extensions.expired_certs_on_crl =
                    Some(reader.generalized_time("ExpiredCertsOnCRL")?);
            }
            id if extension.critical => {
                extensions.unknown_critical.push(ObjectId::from_body(id)?);
            }
            _ => {}
        }
    }
    Ok(extensions)
}
