//! Which evidence a verdict will need, so that it can be fetched before (EN 319 102-1 5.2.5: revocation freshness needs fresh data).
//!
//! # Invariants
//! * Bounded work whatever the file holds; what is left out here is only not fetched, never taken for good.

use super::identification;
use crate::pdf::{self, Limits};
use crate::pki::cert::Certificate;
use crate::trust::{Anchors, Memory};

/// Time-stamps looked at per signature: real ones have one or two, and each costs a path search.
pub(super) const MAX_TOKENS: usize = 8;

/// A certificate whose revocation status a verdict would rest on.
#[derive(Debug, Clone)]
pub struct Need {
    pub subject: Certificate,
    pub issuer: Certificate,
}

/// Which certificates' status to get before `judge`.
#[must_use]
pub fn needs(bytes: &[u8], anchors: &Anchors, extra: &[Certificate], memory: &Memory) -> Vec<Need> {
    let Ok(found) = pdf::signatures(bytes, &Limits::default()) else {
        return Vec::new();
    };
    let stored: Vec<Certificate> = pdf::dss(bytes, &Limits::default())
        .ok()
        .flatten()
        .map(|store| {
            let read = |der: &Vec<u8>| memory.certificate(der).ok();
            // As in a message (pki::cms).
            store
                .certificates
                .iter()
                .take(256)
                .filter_map(read)
                .collect()
        })
        .unwrap_or_default();
    let mut needs: Vec<Need> = Vec::new();
    for field in &found.fields {
        let Ok(signed) = crate::pki::cms::SignedData::parse_padded(&field.contents) else {
            continue;
        };
        let mut bag = identification::certificates(&signed, memory);
        let mut subjects = Vec::new();
        for signer in &signed.signers {
            subjects.extend(signer.find_certificate(&bag).cloned());
            for token in signer.timestamp_tokens().into_iter().take(MAX_TOKENS) {
                let Ok(token) = crate::pki::tsp::Token::parse(token) else {
                    continue;
                };
                let inner = identification::certificates(&token.signed, memory);
                subjects.extend(token.signer().find_certificate(&inner).cloned());
                bag.extend(inner);
            }
        }
        bag.extend_from_slice(extra);
        bag.extend_from_slice(&stored);
        for subject in subjects {
            follow(subject, &bag, anchors, memory, &mut needs);
        }
    }
    needs
}

/// The subject and its issuers, where they lead to an anchor: of other chains no status is asked, or strangers' certificates
/// would decide whom the server talks to.
pub(super) fn follow(
    subject: Certificate,
    bag: &[Certificate],
    anchors: &Anchors,
    memory: &Memory,
    needs: &mut Vec<Need>,
) {
    let is_anchor = |c: &Certificate| {
        anchors
            .certificates()
            .iter()
            .any(|a| a.sha256() == c.sha256())
    };
    let mut found: Vec<Need> = Vec::new();
    let mut current = subject;
    // As deep as a path may be (trust::Budget).
    for _ in 0..8 {
        if is_anchor(&current) {
            let known = |n: &Need| {
                needs
                    .iter()
                    .any(|k| k.subject.sha256() == n.subject.sha256())
            };
            found.retain(|n| !known(n));
            needs.extend(found);
            return;
        }
        let pool = anchors.certificates().iter().chain(bag);
        let Some(issuer) = pool.into_iter().find(|c| {
            c.sha256() != current.sha256()
                && c.subject().matches(current.issuer())
                && memory.is_signed_by(&current, c)
        }) else {
            return;
        };
        let names_a_source = !current.ocsp_urls().is_empty() || !current.crl_urls().is_empty();
        if names_a_source && !current.has_ocsp_no_check() {
            found.push(Need {
                subject: current.clone(),
                issuer: issuer.clone(),
            });
        }
        current = issuer.clone();
    }
}
