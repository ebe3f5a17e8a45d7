//! The extensions each kind of certificate carries (RFC 5280 4.2, RFC 3161 2.3, RFC 6960 4.2.2.2).

use super::super::cert::KeyUsage;
use super::super::der::write::{Criticality, extension};
use super::super::der::{Reader, tag, write};
use super::super::digest::sha256;
use super::super::oid;
use super::{CertificateFacts, Issuer};

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    RootCa,
    IssuingCa {
        /// How many CAs may stand below it.
        path_len: u32,
    },
    /// Seals and signatures on documents. No extended key usage: readers differ in which one they want.
    Seal,
    TimeStamping,
    OcspResponder,
}

/// Where what belongs to the certificate can be fetched.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses<'a> {
    pub ocsp: &'a [&'a str],
    pub ca_issuers: &'a [&'a str],
    pub crl: &'a [&'a str],
}

#[derive(Debug, Clone, Copy)]
pub struct ExtraExtension<'a> {
    pub id: &'a [u8],
    pub criticality: Criticality,
    /// The encoding that goes into the OCTET STRING.
    pub value: &'a [u8],
}

/// RFC 7093 2 (1): the leftmost 160 bits of SHA-256 over the public key's BIT STRING.
pub fn key_identifier(spki: &[u8]) -> Vec<u8> {
    let bits = Reader::new(spki)
        .sequence("SubjectPublicKeyInfo")
        .and_then(|mut fields| {
            fields.any("SubjectPublicKeyInfo")?;
            fields.bit_string("SubjectPublicKeyInfo")
        })
        .unwrap_or(spki);
    sha256(bits).iter().take(20).copied().collect()
}

/// The SEQUENCE of extensions.
pub(super) fn encode(facts: &CertificateFacts<'_>) -> Vec<u8> {
    use Criticality::{Critical, NonCritical};
    let mut list = Vec::new();
    if let Some(constraints) = basic_constraints(facts.profile) {
        list.push(extension(oid::CE_BASIC_CONSTRAINTS, Critical, &constraints));
    }
    let usage = write::named_bits(key_usage(facts.profile).bits());
    list.push(extension(oid::CE_KEY_USAGE, Critical, &usage));
    match facts.profile {
        // RFC 3161 2.3: this purpose alone, and critical.
        Profile::TimeStamping => list.push(extension(
            oid::CE_EXTENDED_KEY_USAGE,
            Critical,
            &write::sequence(&[write::oid(oid::EKU_TIME_STAMPING)]),
        )),
        Profile::OcspResponder => {
            list.push(extension(
                oid::CE_EXTENDED_KEY_USAGE,
                NonCritical,
                &write::sequence(&[write::oid(oid::EKU_OCSP_SIGNING)]),
            ));
            // RFC 6960 4.2.2.2.1: not to be asked about itself.
            list.push(extension(oid::OCSP_NO_CHECK, NonCritical, &write::null()));
        }
        Profile::RootCa | Profile::IssuingCa { .. } | Profile::Seal => {}
    }
    let subject_key_id = write::octet_string(&key_identifier(facts.spki));
    list.push(extension(
        oid::CE_SUBJECT_KEY_ID,
        NonCritical,
        &subject_key_id,
    ));
    if let Issuer::Ca(ca) = facts.issuer
        && let Some(key_id) = ca.subject_key_id()
    {
        let value = write::sequence(&[write::element(tag::context_primitive(0), key_id)]);
        list.push(extension(oid::CE_AUTHORITY_KEY_ID, NonCritical, &value));
    }
    if !facts.policies.is_empty() {
        let policies: Vec<Vec<u8>> = facts
            .policies
            .iter()
            .map(|policy| write::sequence(&[write::oid(policy.body())]))
            .collect();
        let value = write::sequence(&policies);
        list.push(extension(oid::CE_CERTIFICATE_POLICIES, NonCritical, &value));
    }
    if let Some(value) = authority_info_access(&facts.addresses) {
        list.push(extension(
            oid::PE_AUTHORITY_INFO_ACCESS,
            NonCritical,
            &value,
        ));
    }
    if let Some(value) = crl_distribution_points(&facts.addresses) {
        list.push(extension(
            oid::CE_CRL_DISTRIBUTION_POINTS,
            NonCritical,
            &value,
        ));
    }
    for extra in facts.extra {
        list.push(extension(extra.id, extra.criticality, extra.value));
    }
    write::sequence(&list)
}

/// RFC 5280 4.2.1.9: only in certificates of CAs.
fn basic_constraints(profile: Profile) -> Option<Vec<u8>> {
    match profile {
        Profile::RootCa => Some(write::sequence(&[write::boolean_true()])),
        Profile::IssuingCa { path_len } => Some(write::sequence(&[
            write::boolean_true(),
            write::small_integer(path_len),
        ])),
        Profile::Seal | Profile::TimeStamping | Profile::OcspResponder => None,
    }
}

fn key_usage(profile: Profile) -> KeyUsage {
    match profile {
        Profile::RootCa | Profile::IssuingCa { .. } => {
            KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)
        }
        Profile::Seal => KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT),
        Profile::TimeStamping | Profile::OcspResponder => KeyUsage::DIGITAL_SIGNATURE,
    }
}

/// RFC 5280 4.2.2.1.
fn authority_info_access(addresses: &Addresses<'_>) -> Option<Vec<u8>> {
    let describe = |method: &[u8], url: &str| write::sequence(&[write::oid(method), uri(url)]);
    let ocsp = addresses.ocsp.iter().map(|url| describe(oid::AD_OCSP, url));
    let issuers = addresses
        .ca_issuers
        .iter()
        .map(|url| describe(oid::AD_CA_ISSUERS, url));
    let descriptions: Vec<Vec<u8>> = ocsp.chain(issuers).collect();
    (!descriptions.is_empty()).then(|| write::sequence(&descriptions))
}

/// RFC 5280 4.2.1.13: one point with all addresses, where the same list lies.
fn crl_distribution_points(addresses: &Addresses<'_>) -> Option<Vec<u8>> {
    if addresses.crl.is_empty() {
        return None;
    }
    let urls: Vec<Vec<u8>> = addresses.crl.iter().map(|url| uri(url)).collect();
    let full_name = write::constructed(tag::context_constructed(0), &urls);
    let point = write::sequence(&[write::explicit(0, &full_name)]);
    Some(write::sequence(&[point]))
}

/// GeneralName: uniformResourceIdentifier `[6]` IA5String.
fn uri(url: &str) -> Vec<u8> {
    write::element(tag::context_primitive(6), url.as_bytes())
}
