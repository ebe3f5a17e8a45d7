//! Object identifiers: an owned form, and the content octets of every one the code names.
//!
//! # Invariants
//! * Each constant stands beside its dotted text; a test compares the two.

use std::fmt;
use std::fmt::Write as _;

use super::Malformed;

/// An object identifier as its content octets (X.690 8.19).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(Box<[u8]>);

impl ObjectId {
    pub fn from_body(body: &[u8]) -> Result<Self, Malformed> {
        if is_well_formed(body) {
            Ok(Self(body.into()))
        } else {
            Err(Malformed::new("OBJECT IDENTIFIER"))
        }
    }

    /// From `1.2.840.…`.
    pub fn from_dotted(text: &str) -> Result<Self, Malformed> {
        encode(text).ok_or(Malformed::new("dotted object identifier"))
    }

    /// The content octets.
    pub fn body(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<[u8]> for ObjectId {
    fn eq(&self, body: &[u8]) -> bool {
        *self.0 == *body
    }
}

impl PartialEq<&[u8]> for ObjectId {
    fn eq(&self, body: &&[u8]) -> bool {
        *self.0 == **body
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

/// X.690 8.19.2: base 128, each number in its fewest octets, the last octet of each without its top bit. At most 64 octets: the longest in
/// use have about twenty.
pub(crate) fn is_well_formed(body: &[u8]) -> bool {
    let ends = body.last().is_some_and(|last| last & 0x80 == 0);
    let mut starts_number = true;
    let minimal = body.iter().all(|byte| {
        let padded = starts_number && *byte == 0x80;
        starts_number = byte & 0x80 == 0;
        !padded
    });
    ends && minimal && body.len() <= 64
}

/// The usual text; numbers too large for 64 bits are shown as `?`.
pub fn dotted(body: &[u8]) -> String {
    let mut text = String::new();
    let mut value = Some(0_u64);
    let mut is_first = true;
    for byte in body {
        value = value
            .and_then(|v| v.checked_mul(128))
            .map(|v| v | u64::from(byte & 0x7f));
        if byte & 0x80 != 0 {
            continue;
        }
        // X.690 8.19.4: the first number holds two arcs.
        let _ = match (value, is_first) {
            (Some(v), true) => {
                let top = (v / 40).min(2);
                write!(text, "{top}.{}", v - top * 40)
            }
            (Some(v), false) => write!(text, ".{v}"),
            (None, _) => write!(text, ".?"),
        };
        is_first = false;
        value = Some(0);
    }
    text
}

fn encode(text: &str) -> Option<ObjectId> {
    let arcs: Vec<u64> = text
        .split('.')
        .map(|arc| arc.parse().ok())
        .collect::<Option<_>>()?;
    let (&top, rest) = arcs.split_first()?;
    let (&second, rest) = rest.split_first()?;
    if top > 2 || (top < 2 && second > 39) {
        return None;
    }
    let mut body = Vec::new();
    push_base128(&mut body, (top * 40).checked_add(second)?);
    for arc in rest {
        push_base128(&mut body, *arc);
    }
    ObjectId::from_body(&body).ok()
}

fn push_base128(body: &mut Vec<u8>, value: u64) {
    // 64 bits take at most ten groups of seven.
    for shift in (0..10).rev().map(|group| group * 7) {
        let rest = value.checked_shr(shift).unwrap_or(0);
        if rest != 0 || shift == 0 {
            let septet = u8::try_from(rest & 0x7f).unwrap_or(0);
            body.push(if shift == 0 { septet } else { septet | 0x80 });
        }
    }
}

macro_rules! object_ids {
    ($($name:ident = $dotted:literal $bytes:expr;)*) => {
        $(#[doc = $dotted] pub const $name: &[u8] = &$bytes;)*

        /// Every constant with its text, for the test that compares them.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &[u8])] = &[$(($dotted, $name)),*];
    };
}

object_ids! {
    // RFC 5652 and PKCS#9: content types and attributes.
    ID_DATA = "1.2.840.113549.1.7.1" [42, 134, 72, 134, 247, 13, 1, 7, 1];
    ID_SIGNED_DATA = "1.2.840.113549.1.7.2" [42, 134, 72, 134, 247, 13, 1, 7, 2];
    ATTR_CONTENT_TYPE = "1.2.840.113549.1.9.3" [42, 134, 72, 134, 247, 13, 1, 9, 3];
    ATTR_MESSAGE_DIGEST = "1.2.840.113549.1.9.4" [42, 134, 72, 134, 247, 13, 1, 9, 4];
    ATTR_SIGNING_TIME = "1.2.840.113549.1.9.5" [42, 134, 72, 134, 247, 13, 1, 9, 5];
    ATTR_COUNTERSIGNATURE = "1.2.840.113549.1.9.6" [42, 134, 72, 134, 247, 13, 1, 9, 6];
    RI_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2" [43, 6, 1, 5, 5, 7, 16, 2];
    // RFC 5035 and EN 319 122-1: attributes of CAdES.
    ATTR_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 12];
    ATTR_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 47];
    ATTR_SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 14];
    ATTR_SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 15];
    ATTR_COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 16];
    ATTR_MIME_TYPE = "0.4.0.1733.2.1" [4, 0, 141, 69, 2, 1];
    ATTR_ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4" [4, 0, 141, 69, 2, 4];
    ATTR_ATS_HASH_INDEX_V3 = "0.4.0.19122.1.5" [4, 0, 129, 149, 50, 1, 5];
    ATTR_LONG_TERM_VALIDATION = "0.4.0.1733.2.2" [4, 0, 141, 69, 2, 2];
    ATTR_ARCHIVE_TIME_STAMP = "1.2.840.113549.1.9.16.2.27" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 27];
    ATTR_ARCHIVE_TIME_STAMP_V2 = "1.2.840.113549.1.9.16.2.48" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 48];
    ATTR_CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 23];
    ATTR_REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24" [42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 24];
    ATTR_ADOBE_REVOCATION = "1.2.840.113583.1.1.8" [42, 134, 72, 134, 247, 47, 1, 1, 8];
    // RFC 3161.
    ID_CT_TST_INFO = "1.2.840.113549.1.9.16.1.4" [42, 134, 72, 134, 247, 13, 1, 9, 16, 1, 4];
    // RFC 6960 and RFC 8954.
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1" [43, 6, 1, 5, 5, 7, 48, 1, 1];
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2" [43, 6, 1, 5, 5, 7, 48, 1, 2];
    OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5" [43, 6, 1, 5, 5, 7, 48, 1, 5];
    OCSP_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6" [43, 6, 1, 5, 5, 7, 48, 1, 6];
    // Hash functions (RFC 3370, RFC 5754, FIPS 202).
    SHA_1 = "1.3.14.3.2.26" [43, 14, 3, 2, 26];
    SHA_224 = "2.16.840.1.101.3.4.2.4" [96, 134, 72, 1, 101, 3, 4, 2, 4];
    SHA_256 = "2.16.840.1.101.3.4.2.1" [96, 134, 72, 1, 101, 3, 4, 2, 1];
    SHA_384 = "2.16.840.1.101.3.4.2.2" [96, 134, 72, 1, 101, 3, 4, 2, 2];
    SHA_512 = "2.16.840.1.101.3.4.2.3" [96, 134, 72, 1, 101, 3, 4, 2, 3];
    SHA3_256 = "2.16.840.1.101.3.4.2.8" [96, 134, 72, 1, 101, 3, 4, 2, 8];
    SHA3_384 = "2.16.840.1.101.3.4.2.9" [96, 134, 72, 1, 101, 3, 4, 2, 9];
    SHA3_512 = "2.16.840.1.101.3.4.2.10" [96, 134, 72, 1, 101, 3, 4, 2, 10];
    // Keys and signatures (RFC 8017, RFC 5758, RFC 8410).
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1" [42, 134, 72, 134, 247, 13, 1, 1, 1];
    RSA_PSS = "1.2.840.113549.1.1.10" [42, 134, 72, 134, 247, 13, 1, 1, 10];
    MGF1 = "1.2.840.113549.1.1.8" [42, 134, 72, 134, 247, 13, 1, 1, 8];
    RSA_SHA_1 = "1.2.840.113549.1.1.5" [42, 134, 72, 134, 247, 13, 1, 1, 5];
    RSA_SHA_224 = "1.2.840.113549.1.1.14" [42, 134, 72, 134, 247, 13, 1, 1, 14];
    RSA_SHA_256 = "1.2.840.113549.1.1.11" [42, 134, 72, 134, 247, 13, 1, 1, 11];
    RSA_SHA_384 = "1.2.840.113549.1.1.12" [42, 134, 72, 134, 247, 13, 1, 1, 12];
    RSA_SHA_512 = "1.2.840.113549.1.1.13" [42, 134, 72, 134, 247, 13, 1, 1, 13];
    RSA_SHA3_256 = "2.16.840.1.101.3.4.3.14" [96, 134, 72, 1, 101, 3, 4, 3, 14];
    RSA_SHA3_384 = "2.16.840.1.101.3.4.3.15" [96, 134, 72, 1, 101, 3, 4, 3, 15];
    RSA_SHA3_512 = "2.16.840.1.101.3.4.3.16" [96, 134, 72, 1, 101, 3, 4, 3, 16];
    EC_PUBLIC_KEY = "1.2.840.10045.2.1" [42, 134, 72, 206, 61, 2, 1];
    P_256 = "1.2.840.10045.3.1.7" [42, 134, 72, 206, 61, 3, 1, 7];
    P_384 = "1.3.132.0.34" [43, 129, 4, 0, 34];
    P_521 = "1.3.132.0.35" [43, 129, 4, 0, 35];
    ECDSA_SHA_1 = "1.2.840.10045.4.1" [42, 134, 72, 206, 61, 4, 1];
    ECDSA_SHA_224 = "1.2.840.10045.4.3.1" [42, 134, 72, 206, 61, 4, 3, 1];
    ECDSA_SHA_256 = "1.2.840.10045.4.3.2" [42, 134, 72, 206, 61, 4, 3, 2];
    ECDSA_SHA_384 = "1.2.840.10045.4.3.3" [42, 134, 72, 206, 61, 4, 3, 3];
    ECDSA_SHA_512 = "1.2.840.10045.4.3.4" [42, 134, 72, 206, 61, 4, 3, 4];
    ECDSA_SHA3_256 = "2.16.840.1.101.3.4.3.10" [96, 134, 72, 1, 101, 3, 4, 3, 10];
    ECDSA_SHA3_384 = "2.16.840.1.101.3.4.3.11" [96, 134, 72, 1, 101, 3, 4, 3, 11];
    ECDSA_SHA3_512 = "2.16.840.1.101.3.4.3.12" [96, 134, 72, 1, 101, 3, 4, 3, 12];
    ED25519 = "1.3.101.112" [43, 101, 112];
    // Names (X.520, RFC 4519).
    AT_COMMON_NAME = "2.5.4.3" [85, 4, 3];
    AT_SURNAME = "2.5.4.4" [85, 4, 4];
    AT_SERIAL_NUMBER = "2.5.4.5" [85, 4, 5];
    AT_COUNTRY = "2.5.4.6" [85, 4, 6];
    AT_LOCALITY = "2.5.4.7" [85, 4, 7];
    AT_STATE = "2.5.4.8" [85, 4, 8];
    AT_STREET = "2.5.4.9" [85, 4, 9];
    AT_ORGANIZATION = "2.5.4.10" [85, 4, 10];
    AT_ORGANIZATIONAL_UNIT = "2.5.4.11" [85, 4, 11];
    AT_TITLE = "2.5.4.12" [85, 4, 12];
    AT_GIVEN_NAME = "2.5.4.42" [85, 4, 42];
    AT_ORGANIZATION_IDENTIFIER = "2.5.4.97" [85, 4, 97];
    AT_USER_ID = "0.9.2342.19200300.100.1.1" [9, 146, 38, 137, 147, 242, 44, 100, 1, 1];
    AT_DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25" [9, 146, 38, 137, 147, 242, 44, 100, 1, 25];
    AT_EMAIL_ADDRESS = "1.2.840.113549.1.9.1" [42, 134, 72, 134, 247, 13, 1, 9, 1];
    // Extensions of certificates and CRLs (RFC 5280 4.2, 5.2, 5.3; RFC 3739).
    CE_SUBJECT_KEY_ID = "2.5.29.14" [85, 29, 14];
    CE_KEY_USAGE = "2.5.29.15" [85, 29, 15];
    CE_SUBJECT_ALT_NAME = "2.5.29.17" [85, 29, 17];
    CE_ISSUER_ALT_NAME = "2.5.29.18" [85, 29, 18];
    CE_BASIC_CONSTRAINTS = "2.5.29.19" [85, 29, 19];
    CE_CRL_NUMBER = "2.5.29.20" [85, 29, 20];
    CE_REASON_CODE = "2.5.29.21" [85, 29, 21];
    CE_INVALIDITY_DATE = "2.5.29.24" [85, 29, 24];
    CE_DELTA_CRL_INDICATOR = "2.5.29.27" [85, 29, 27];
    CE_ISSUING_DISTRIBUTION_POINT = "2.5.29.28" [85, 29, 28];
    CE_CERTIFICATE_ISSUER = "2.5.29.29" [85, 29, 29];
    CE_NAME_CONSTRAINTS = "2.5.29.30" [85, 29, 30];
    CE_CRL_DISTRIBUTION_POINTS = "2.5.29.31" [85, 29, 31];
    CE_CERTIFICATE_POLICIES = "2.5.29.32" [85, 29, 32];
    CE_POLICY_MAPPINGS = "2.5.29.33" [85, 29, 33];
    CE_AUTHORITY_KEY_ID = "2.5.29.35" [85, 29, 35];
    CE_POLICY_CONSTRAINTS = "2.5.29.36" [85, 29, 36];
    CE_EXTENDED_KEY_USAGE = "2.5.29.37" [85, 29, 37];
    CE_FRESHEST_CRL = "2.5.29.46" [85, 29, 46];
    CE_INHIBIT_ANY_POLICY = "2.5.29.54" [85, 29, 54];
    CE_EXPIRED_CERTS_ON_CRL = "2.5.29.60" [85, 29, 60];
    PE_AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1" [43, 6, 1, 5, 5, 7, 1, 1];
    PE_QC_STATEMENTS = "1.3.6.1.5.5.7.1.3" [43, 6, 1, 5, 5, 7, 1, 3];
    PE_SUBJECT_INFO_ACCESS = "1.3.6.1.5.5.7.1.11" [43, 6, 1, 5, 5, 7, 1, 11];
    AD_OCSP = "1.3.6.1.5.5.7.48.1" [43, 6, 1, 5, 5, 7, 48, 1];
    AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2" [43, 6, 1, 5, 5, 7, 48, 2];
    EKU_EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4" [43, 6, 1, 5, 5, 7, 3, 4];
    EKU_TIME_STAMPING = "1.3.6.1.5.5.7.3.8" [43, 6, 1, 5, 5, 7, 3, 8];
    EKU_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9" [43, 6, 1, 5, 5, 7, 3, 9];
    EKU_DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36" [43, 6, 1, 5, 5, 7, 3, 36];
    EKU_ANY = "2.5.29.37.0" [85, 29, 37, 0];
    ANY_POLICY = "2.5.29.32.0" [85, 29, 32, 0];
}
