//! The certificates above one, from the addresses that it names itself (RFC 5280 4.2.2.1, caIssuers).
//!
//! # Invariants
//! * Only a certificate whose key made the signature below it is returned: addresses are anybody's to write.
//! * The climb is bounded in steps and requests.
//!
//! # What is not here
//! Trust: what is returned is material for `trust::build`.

use super::Fetcher;
use super::cache::{self, Kind};
use super::revocation::{StatusCause, StatusFailure};
use super::wire::{Bounds, Budget, Validators};
use crate::pki::cert::{self, Certificate};
use crate::pki::cms::SignedData;
use crate::record::UtcTime;

/// Chains in use have two CAs, cross-certified ones three or four.
const STEPS_MAX: usize = 4;
/// A certificate takes 1 to 2 KB; a bundle of a whole service some dozens of them.
const ANSWER_MAX_BYTES: u64 = 256 * 1024;
/// Certificates of CAs hardly ever change at their address; a new one is found after a day.
const KEEP_S: i64 = 86_400;
/// Certificates name one or two addresses; a stranger's could name thousands.
const ADDRESSES_MAX: usize = 2;

#[derive(Debug, Default)]
pub struct IssuersFound {
    /// Nearest first.
    pub certificates: Vec<Certificate>,
    pub failures: Vec<StatusFailure>,
}

impl Fetcher {
    /// Climbs from `subject` to where no address leads further, or to a certificate that signed itself.
    #[must_use]
    pub fn issuer_certificates(&self, subject: &Certificate, now: UtcTime) -> IssuersFound {
        let budget = Budget::of_ms(self.settings.budget_ms);
        let mut found = IssuersFound::default();
        let mut below = subject.clone();
        for _ in 0..STEPS_MAX {
            if below.is_self_issued() {
                break;
            }
            let Some(issuer) = self.issuer_of(&below, now, budget, &mut found.failures) else {
                break;
            };
            // Two certificates that certify each other would be climbed for ever.
            if found.certificates.contains(&issuer) {
                break;
            }
            found.certificates.push(issuer.clone());
            below = issuer;
        }
        found
    }

    fn issuer_of(
        &self,
        below: &Certificate,
        now: UtcTime,
        budget: Budget,
        failures: &mut Vec<StatusFailure>,
    ) -> Option<Certificate> {
        let named = below.ca_issuer_urls().iter();
        let addresses = named.filter(|url| super::host_and_port(url).is_some());
        for url in addresses.take(ADDRESSES_MAX) {
            match self.issuer_at(url, below, now, budget) {
                Ok(issuer) => return Some(issuer),
                Err(cause) => failures.push(StatusFailure {
                    url: url.clone(),
                    cause,
                }),
            }
        }
        None
    }

    /// Only an answer that holds the issuer is kept: anything else may be somebody's mistake of a moment.
    fn issuer_at(
        &self,
        url: &str,
        below: &Certificate,
        now: UtcTime,
        budget: Budget,
    ) -> Result<Certificate, StatusCause> {
        let above = |list: Vec<Certificate>| {
            list.into_iter().find(|above| {
                above.subject().matches(below.issuer())
                    && below.is_signed_by(above.public_key()).is_ok()
            })
        };
        let now_s = now.unix_s();
        let entry = self
            .cache
            .as_ref()
            .and_then(|cache| cache.entry(Kind::Certificates, url));
        let held = entry.and_then(|entry| {
            let age_s = entry.age_s(now_s)?;
            let issuer = above(read(&self.cache.as_ref()?.read(&entry)?).ok()?)?;
            Some((issuer, age_s))
        });
        if let Some((issuer, _)) = held.as_ref().filter(|(_, age_s)| *age_s < KEEP_S) {
            return Ok(issuer.clone());
        }
        let bounds = Bounds {
            budget,
            timeout_ms: self.settings.timeout_ms,
            limit_bytes: ANSWER_MAX_BYTES,
        };
        let bytes = match self.get(url, bounds) {
            Ok(bytes) => bytes,
            // A certificate does not grow wrong with age.
            Err(trouble) => return held.map(|(issuer, _)| issuer).ok_or(trouble.into()),
        };
        let issuer = above(read(&bytes)?).ok_or(StatusCause::OtherCertificate)?;
        if let Some(cache) = &self.cache {
            let entry = cache::entry(
                Kind::Certificates,
                url,
                &bytes,
                now_s,
                Validators::default(),
            );
            cache.put(entry, &bytes);
        }
        Ok(issuer)
    }
}

/// RFC 5280 4.2.2.1: one certificate in DER, or a certs-only CMS message in BER or DER; people serve PEM as well.
fn read(bytes: &[u8]) -> Result<Vec<Certificate>, StatusCause> {
    if let Ok(list) = cert::list_from_pem_or_der(bytes) {
        return Ok(list);
    }
    // PKCS #7 in PEM (RFC 7468 8).
    let blocks = cert::pem_blocks(bytes, "PKCS7").unwrap_or_default();
    let message = blocks.first().map_or(bytes, Vec::as_slice);
    let signed = SignedData::parse(message).map_err(|e| StatusCause::Garbage(e.to_string()))?;
    Ok(signed.parsed_certificates())
}
