//! The revocation-values attribute (EN 319 122-1 A.1.2.2), in which time-stamp tokens carry OCSP responses (5.5.3): readers of RFC 3161
//! tokens that know PKCS#7 only can't read a token with anything but CRLs in its `crls`.

use super::super::Malformed;
use super::super::der::{Reader, only, tag, write};
use super::super::{ocsp, oid};
use super::SignerInfo;

const WHAT: &str = "RevocationValues";

/// Most members of each list.
const MAX_VALUES: usize = 256;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationValues {
    /// CertificateLists.
    pub crls: Vec<Vec<u8>>,
    /// BasicOCSPResponses.
    pub basic_responses: Vec<Vec<u8>>,
}

impl RevocationValues {
    pub fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
        let mut list = |number| match fields.optional(tag::context_constructed(number), WHAT)? {
            None => Ok(Vec::new()),
            Some(field) => members(only(field.content, tag::SEQUENCE, WHAT)?.reader()),
        };
        let (crls, basic_responses) = (list(0)?, list(1)?);
        // otherRevVals: of no kind that is known here.
        fields.optional(tag::context_constructed(2), WHAT)?;
        fields.finish(WHAT)?;
        Ok(Self {
            crls,
            basic_responses,
        })
    }

    /// Those of a signer's unsigned attribute; empty where there is none that can be read.
    pub fn of(signer: &SignerInfo) -> Self {
        signer
            .unsigned_value(oid::ATTR_REVOCATION_VALUES)
            .and_then(|value| Self::parse(value).ok())
            .unwrap_or_default()
    }

    /// Takes in OCSPResponses that are not there yet; what is no successful response is left out.
    pub fn take(&mut self, responses: &[Vec<u8>]) {
        for response in responses {
            let basic = ocsp::Response::parse(response).ok().and_then(|r| r.basic);
            if let Some(basic) = basic.filter(|b| !self.basic_responses.contains(&b.der)) {
                self.basic_responses.push(basic.der);
            }
        }
    }

    pub fn to_der(&self) -> Vec<u8> {
        let lists = [(0, &self.crls), (1, &self.basic_responses)];
        let fields: Vec<Vec<u8>> = lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(number, list)| write::explicit(number, &write::sequence(list)))
            .collect();
        write::sequence(&fields)
    }
}

fn members(mut list: Reader<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut found = Vec::new();
    while !list.is_empty() {
        if found.len() >= MAX_VALUES {
            return Err(Malformed::new("RevocationValues (too many)"));
        }
        found.push(list.read(tag::SEQUENCE, WHAT)?.raw.to_vec());
    }
    Ok(found)
}
