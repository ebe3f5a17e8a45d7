//! Certificates and status answers that a CMS carries: its own sets, and the attributes made for them.
//!
//! RFC 5652 10.2 and RFC 5940 (SignedData crls); EN 319 122-1 A.1.1.2 and A.1.2.2 (certificate-values, revocation-values);
//! ISO 32000-2 12.8.3.3.2 (adbe-revocationInfoArchival).

use crate::pki::Malformed;
use crate::pki::cms::{Attribute, SignedData};
use crate::pki::der::{Reader, only, tag};
use crate::pki::oid;

/// id-aa-ets-certValues and id-aa-ets-revocationValues, 1.2.840.113549.1.9.16.2.23 and .24.
const CERTIFICATE_VALUES: &[u8] = &[42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 23];
const REVOCATION_VALUES: &[u8] = &[42, 134, 72, 134, 247, 13, 1, 9, 16, 2, 24];

/// Encodings as they stand; nothing is parsed yet.
#[derive(Debug, Default)]
pub(super) struct Carried<'a> {
    pub certificates: Vec<&'a [u8]>,
    pub crls: Vec<&'a [u8]>,
    /// OCSPResponse or BasicOCSPResponse: both are met.
    pub ocsps: Vec<&'a [u8]>,
}

/// What cannot be read is left out: it proves nothing, and is nobody's status.
pub(super) fn of(signed: &SignedData) -> Carried<'_> {
    let mut carried = Carried::default();
    carried
        .certificates
        .extend(signed.certificates.iter().map(Vec::as_slice));
    carried.crls.extend(signed.crls.iter().map(Vec::as_slice));
    carried
        .ocsps
        .extend(signed.ocsp_responses.iter().map(Vec::as_slice));
    for signer in &signed.signers {
        let named = signer.signed_attributes.iter().flat_map(|s| &s.attributes);
        for attribute in named.chain(&signer.unsigned_attributes) {
            carried.take(attribute);
        }
    }
    carried
}

impl<'a> Carried<'a> {
    pub fn has_status(&self) -> bool {
        !self.crls.is_empty() || !self.ocsps.is_empty()
    }

    fn take(&mut self, attribute: &'a Attribute) {
        for value in &attribute.values {
            let kind = &attribute.kind;
            let _read = if *kind == *oid::ATTR_ADOBE_REVOCATION || *kind == *REVOCATION_VALUES {
                self.revocation(value)
            } else if *kind == *CERTIFICATE_VALUES {
                self.certificates(value)
            } else {
                Ok(())
            };
        }
    }

    /// Both attributes have the same shape: `[0]` CRLs, `[1]` OCSP answers, `[2]` others, each a SEQUENCE OF, explicitly tagged.
    fn revocation(&mut self, value: &'a [u8]) -> Result<(), Malformed> {
        const WHAT: &str = "RevocationValues";
        let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
        for (number, list) in [(0, &mut self.crls), (1, &mut self.ocsps)] {
            if let Some(field) = fields.optional(tag::context_constructed(number), WHAT)? {
                all(only(field.content, tag::SEQUENCE, WHAT)?.reader(), list)?;
            }
        }
        Ok(())
    }

    fn certificates(&mut self, value: &'a [u8]) -> Result<(), Malformed> {
        let list = only(value, tag::SEQUENCE, "CertificateValues")?.reader();
        all(list, &mut self.certificates)
    }
}

fn all<'a>(mut list: Reader<'a>, found: &mut Vec<&'a [u8]>) -> Result<(), Malformed> {
    while !list.is_empty() {
        found.push(list.read(tag::SEQUENCE, "RevocationValues")?.raw);
    }
    Ok(())
}
