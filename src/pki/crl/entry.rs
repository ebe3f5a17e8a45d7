//! Entries of a CRL (RFC 5280 5.1.2.6, 5.3), walked one by one.

use super::super::Malformed;
use super::super::cert::read_extension;
use super::super::der::{Reader, only, tag};
use super::super::oid;

const WHAT: &str = "revokedCertificates entry";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedEntry {
    /// Content octets of an INTEGER.
    pub serial: Vec<u8>,
    /// revocationDate, Unix seconds.
    pub at: i64,
    /// CRLReason (RFC 5280 5.3.1).
    pub reason: Option<u8>,
    pub invalidity_date: Option<i64>,
    /// RFC 5280 5.3.3: the entry is about a certificate of another issuer (indirect CRL).
    pub has_certificate_issuer: bool,
    pub has_unknown_critical: bool,
}

/// Iterates over the entries; after an error there is nothing more.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    list: Reader<'a>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self {
            list: Reader::new(content),
        }
    }

    /// The first entry with such a serial number; the others are only stepped over.
    pub(super) fn find_serial(
        mut self,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<RevokedEntry>, Malformed> {
        while !self.list.is_empty() {
            let fields = self.list.sequence(WHAT)?;
            if is_wanted(fields.clone().integer_lenient(WHAT)?) {
                return read_entry(fields).map(Some);
            }
        }
        Ok(None)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<RevokedEntry, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.list.is_empty() {
            return None;
        }
        let entry = self.list.sequence(WHAT).and_then(read_entry);
        if entry.is_err() {
            self.list = Reader::new(&[]);
        }
        Some(entry)
    }
}

fn read_entry(mut fields: Reader<'_>) -> Result<RevokedEntry, Malformed> {
    let mut entry = RevokedEntry {
        serial: fields.integer_lenient(WHAT)?.to_vec(),
        at: fields.time(WHAT)?,
        reason: None,
        invalidity_date: None,
        has_certificate_issuer: false,
        has_unknown_critical: false,
    };
    if let Some(list) = fields.optional(tag::SEQUENCE, WHAT)? {
        let mut list = list.reader();
        while !list.is_empty() {
            let extension = read_extension(&mut list)?;
            match extension.id {
                id if id == oid::CE_REASON_CODE => {
                    match only(extension.value, tag::ENUMERATED, "CRLReason")?.content {
                        [reason] => entry.reason = Some(*reason),
                        _ => return Err(Malformed::new("CRLReason")),
                    }
                }
                id if id == oid::CE_INVALIDITY_DATE => {
                    let mut reader = Reader::new(extension.value);
                    entry.invalidity_date = Some(reader.generalized_time("invalidityDate")?);
                }
                id if id == oid::CE_CERTIFICATE_ISSUER => entry.has_certificate_issuer = true,
                _ => entry.has_unknown_critical |= extension.critical,
            }
        }
    }
    fields.finish(WHAT)?;
    Ok(entry)
}
