//! Certificate extensions (RFC 5280 4.2).
//!
//! # Invariants
//! * What decides whether a certificate may sign (key usage, extended key usage, basic constraints) is read strictly here; addresses and
//!   policies are read by `x509-parser`.
//! * An extension that cannot be read counts as unknown if it is critical, and is listed as a problem in any case.

use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer as _;

use super::super::Malformed;
use super::super::der::{Reader, Tlv, only, tag};
use super::super::oid::{self, ObjectId};

/// Most extensions one certificate may have; real ones have about twelve.
const MAX_EXTENSIONS: usize = 64;

/// RFC 5280 4.2.1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    pub ca: bool,
    pub path_len: Option<u32>,
}

/// RFC 5280 4.2.1.3: bit 0 of the standard is the most significant bit here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    pub const DIGITAL_SIGNATURE: Self = Self(0x8000);
    /// Formerly nonRepudiation.
    pub const CONTENT_COMMITMENT: Self = Self(0x4000);
    pub const KEY_CERT_SIGN: Self = Self(0x0400);
    pub const CRL_SIGN: Self = Self(0x0200);

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The sixteen first bits, the standard's bit 0 on top.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub subject_key_id: Option<Box<[u8]>>,
    pub authority_key_id: Option<Box<[u8]>>,
    pub key_usage: Option<KeyUsage>,
    pub extended_key_usage: Option<Vec<ObjectId>>,
    pub extended_key_usage_critical: bool,
    pub basic_constraints: Option<BasicConstraints>,
    pub ocsp_urls: Vec<String>,
    pub ca_issuer_urls: Vec<String>,
    pub crl_urls: Vec<String>,
    pub policies: Vec<ObjectId>,
    pub ocsp_no_check: bool,
    pub qc_statements: Option<Box<[u8]>>,
    pub unknown_critical: Vec<ObjectId>,
    pub problems: Vec<&'static str>,
}

/// Processed by the path validation of the library, hence known.
const LEFT_TO_PATH_VALIDATION: &[&[u8]] = &[
    oid::CE_SUBJECT_ALT_NAME,
    oid::CE_NAME_CONSTRAINTS,
    oid::CE_POLICY_MAPPINGS,
    oid::CE_POLICY_CONSTRAINTS,
    oid::CE_INHIBIT_ANY_POLICY,
];

impl Extensions {
    pub fn read(list: Reader<'_>) -> Result<Self, Malformed> {
        let mut all = Self::default();
        for extension in read_extensions(list)? {
            let is_known = match all.take(&extension) {
                Ok(is_known) => is_known,
                Err(_) => {
                    all.problems.push("an extension cannot be read");
                    false
                }
            };
            if extension.critical && !is_known {
                all.unknown_critical
                    .push(ObjectId::from_body(extension.id)?);
            }
        }
        Ok(all)
    }

    /// Whether the extension is known.
    fn take(&mut self, extension: &Extension<'_>) -> Result<bool, Malformed> {
        let value = extension.value;
        match extension.id {
            id if id == oid::CE_SUBJECT_KEY_ID => {
                let key_id = only(value, tag::OCTET_STRING, "SubjectKeyIdentifier")?;
                self.subject_key_id = Some(key_id.content.into());
            }
            id if id == oid::CE_AUTHORITY_KEY_ID => {
                self.authority_key_id = authority_key_id(value)?.map(Into::into);
            }
            id if id == oid::CE_KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            id if id == oid::CE_EXTENDED_KEY_USAGE => {
                self.extended_key_usage = Some(extended_key_usage(value)?);
                self.extended_key_usage_critical = extension.critical;
            }
            id if id == oid::CE_BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(basic_constraints(value)?);
            }
            // RFC 6960 4.2.2.2.1: the value is NULL; its presence says everything.
            id if id == oid::OCSP_NO_CHECK => self.ocsp_no_check = true,
            id if id == oid::PE_QC_STATEMENTS => {
                self.qc_statements = Some(value.into());
                return Ok(false);
            }
            id if id == oid::PE_AUTHORITY_INFO_ACCESS
                || id == oid::CE_CRL_DISTRIBUTION_POINTS
                || id == oid::CE_CERTIFICATE_POLICIES =>
            {
                return self.take_addresses(extension.raw);
            }
            id => return Ok(LEFT_TO_PATH_VALIDATION.contains(&id)),
        }
        Ok(true)
    }

    fn take_addresses(&mut self, raw: &[u8]) -> Result<bool, Malformed> {
        let bad = Malformed::new("Extension");
        let (_, parsed) = X509Extension::from_der(raw).map_err(|_| bad)?;
        match parsed.parsed_extension() {
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in &access.accessdescs {
                    let GeneralName::URI(url) = description.access_location else {
                        continue;
                    };
                    match description.access_method.as_bytes() {
                        id if id == oid::AD_OCSP => self.ocsp_urls.push(url.to_owned()),
                        id if id == oid::AD_CA_ISSUERS => self.ca_issuer_urls.push(url.to_owned()),
                        _ => {}
                    }
                }
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                for point in points.iter() {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point
                    {
                        self.crl_urls.extend(urls(names));
                    }
                }
            }
            ParsedExtension::CertificatePolicies(policies) => {
                for policy in policies.iter() {
                    self.policies
                        .push(ObjectId::from_body(policy.policy_id.as_bytes())?);
                }
            }
            _ => return Err(bad),
        }
        Ok(true)
    }
}

fn urls<'a>(names: &'a [GeneralName<'_>]) -> impl Iterator<Item = String> + 'a {
    names.iter().filter_map(|name| match name {
        GeneralName::URI(url) => Some((*url).to_owned()),
        _ => None,
    })
}

/// RFC 5280 4.1.2.9; CRLs and OCSP responses use the same form.
pub(crate) struct Extension<'a> {
    pub id: &'a [u8],
    pub critical: bool,
    /// The content of the OCTET STRING: the encoding of the extension's own type.
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

pub(crate) fn read_extension<'a>(list: &mut Reader<'a>) -> Result<Extension<'a>, Malformed> {
    const WHAT: &str = "Extension";
    let whole: Tlv<'a> = list.read(tag::SEQUENCE, WHAT)?;
    let mut fields = whole.reader();
    let id = fields.oid(WHAT)?;
    let critical = fields.boolean_or_false(WHAT)?;
    let value = fields.octet_string(WHAT)?;
    fields.finish(WHAT)?;
    Ok(Extension {
        id,
        critical,
        value,
        raw: whole.raw,
    })
}

/// All extensions of a list: not too many, and none twice (RFC 5280 4.2: not more than one instance of each).
pub(crate) fn read_extensions<'a>(mut list: Reader<'a>) -> Result<Vec<Extension<'a>>, Malformed> {
    let mut all: Vec<Extension<'a>> = Vec::new();
    while !list.is_empty() {
        if all.len() >= MAX_EXTENSIONS {
            return Err(Malformed::new("Extensions (too many)"));
        }
        let extension = read_extension(&mut list)?;
        if all.iter().any(|earlier| earlier.id == extension.id) {
            return Err(Malformed::new("Extensions (one given twice)"));
        }
        all.push(extension);
    }
    Ok(all)
}

/// The identifiers of the critical extensions in a list none of which is known.
pub(crate) fn critical_extensions(list: Reader<'_>) -> Result<Vec<ObjectId>, Malformed> {
    read_extensions(list)?
        .iter()
        .filter(|extension| extension.critical)
        .map(|extension| ObjectId::from_body(extension.id))
        .collect()
}

/// RFC 5280 4.2.1.1: keyIdentifier `[0]`; the issuer's name and serial number are not used.
pub(crate) fn authority_key_id(value: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    const WHAT: &str = "AuthorityKeyIdentifier";
    let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
    let key_id = fields.optional(tag::context_primitive(0), WHAT)?;
    Ok(key_id.map(|field| field.content))
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, Malformed> {
    let bits = only(value, tag::BIT_STRING, "KeyUsage")?.content;
    match bits {
        [0..=7] => Ok(KeyUsage(0)),
        [0..=7, first] => Ok(KeyUsage(u16::from_be_bytes([*first, 0]))),
        [0..=7, first, second, ..] => Ok(KeyUsage(u16::from_be_bytes([*first, *second]))),
        _ => Err(Malformed::new("KeyUsage")),
    }
}

fn extended_key_usage(value: &[u8]) -> Result<Vec<ObjectId>, Malformed> {
    const WHAT: &str = "ExtKeyUsageSyntax";
    let mut list = only(value, tag::SEQUENCE, WHAT)?.reader();
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(ObjectId::from_body(list.oid(WHAT)?)?);
    }
    Ok(purposes)
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Malformed> {
    const WHAT: &str = "BasicConstraints";
    let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
    let ca = fields.boolean_or_false(WHAT)?;
    let path_len = if fields.is_empty() {
        None
    } else {
        Some(fields.small_integer(WHAT)?)
    };
    fields.finish(WHAT)?;
    Ok(BasicConstraints { ca, path_len })
}
