//! The issuing distribution point (RFC 5280 5.2.5): which certificates and reasons a CRL is about.

use super::super::Malformed;
use super::super::der::{boolean, only, tag};

const WHAT: &str = "IssuingDistributionPoint";

/// Most names read.
const MAX_NAMES: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingDistributionPoint {
    /// The distribution point's addresses. RFC 5280 6.3.3 (b)(2)(i): one must be among the certificate's.
    pub urls: Vec<String>,
    /// It is named in another way too, or only so.
    pub has_other_names: bool,
    pub only_user_certs: bool,
    pub only_ca_certs: bool,
    pub only_some_reasons: bool,
    pub is_indirect: bool,
    pub only_attribute_certs: bool,
}

impl IssuingDistributionPoint {
    pub(super) fn read(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
        let mut scope = Self::default();
        if let Some(point) = fields.optional(tag::context_constructed(0), WHAT)? {
            scope.read_names(point.content)?;
        }
        let mut flag = |number| match fields.optional(tag::context_primitive(number), WHAT)? {
            None => Ok(false),
            Some(field) => boolean(field.content).ok_or(Malformed::new(WHAT)),
        };
        scope.only_user_certs = flag(1)?;
        scope.only_ca_certs = flag(2)?;
        let reasons = fields.optional(tag::context_primitive(3), WHAT)?;
        scope.only_some_reasons = reasons.is_some();
        let mut flag = |number| match fields.optional(tag::context_primitive(number), WHAT)? {
            None => Ok(false),
            Some(field) => boolean(field.content).ok_or(Malformed::new(WHAT)),
        };
        scope.is_indirect = flag(4)?;
        scope.only_attribute_certs = flag(5)?;
        fields.finish(WHAT)?;
        Ok(scope)
    }

    /// DistributionPointName: fullName `[0]` GeneralNames, or nameRelativeToCRLIssuer `[1]`.
    fn read_names(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut choice = super::Reader::new(bytes);
        let name = choice.any(WHAT)?;
        choice.finish(WHAT)?;
        if name.tag != tag::context_constructed(0) {
            self.has_other_names = true;
            return Ok(());
        }
        let mut names = name.reader();
        while !names.is_empty() {
            if self.urls.len() >= MAX_NAMES {
                return Err(Malformed::new(WHAT));
            }
            let name = names.any(WHAT)?;
            // uniformResourceIdentifier [6] IA5String.
            match std::str::from_utf8(name.content) {
                Ok(url) if name.tag == tag::context_primitive(6) => self.urls.push(url.to_owned()),
                _ => self.has_other_names = true,
            }
        }
        Ok(())
    }
}
