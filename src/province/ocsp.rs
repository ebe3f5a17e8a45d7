//! The throw-away OCSP responder: RFC 6960 from request to response, for every authority of the province.
//!
//! # Invariants
//! * A response is signed by the responder that the authority asked about certified for it (RFC 6960 4.2.2.2).
//! * "Good" means issued and not revoked; a number never issued is "unknown", not "good".
//!
//! # What is not here
//! HTTP (`desk.rs`) and the clock: the time comes with each request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::entity::{Entity, SigningKey};
use super::register::{Register, Standing};
use crate::pki::cert::Certificate;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{
    self, Answer, CertId, CertStatus, Draft, Request, ResponderId, ResponseStatus,
};
use crate::record::UtcTime;

/// A hundred identifiers of some 80 octets and a nonce; clients ask for one to three.
const REQUEST_MAX_BYTES: usize = 16_384;
const IDS_MAX: usize = 100;
/// How long an answer may be relied upon: an hour, so that a revocation shows soon.
const NEXT_UPDATE_AFTER_S: i64 = 3_600;

/// Answers for all authorities that have a delegated responder.
pub struct OcspResponder {
    counters: Vec<Counter>,
    register: Arc<Register>,
}

/// One authority and the one who answers for it.
struct Counter {
    authority_name: String,
    authority: Certificate,
    key: SigningKey,
    certificate: Certificate,
    id: ResponderId,
}

impl OcspResponder {
    pub(super) fn new(register: Arc<Register>) -> Self {
        Self {
            counters: Vec::new(),
            register,
        }
    }

    pub(super) fn add(&mut self, authority: &Entity, responder: &Entity) {
        self.counters.push(Counter {
            authority_name: authority.name.clone(),
            authority: authority.certificate.clone(),
            key: responder.key.clone(),
            certificate: responder.certificate.clone(),
            // RFC 6960 4.2.1: KeyHash is SHA-1 of the key; it identifies and guards nothing.
            id: ResponderId::ByKey(
                DigestAlgorithm::Sha1.hash(responder.certificate.public_key_bits()),
            ),
        });
    }

    /// The DER of the OCSPResponse to the DER of an OCSPRequest.
    pub fn answer(&self, request_der: &[u8], now: UtcTime) -> Vec<u8> {
        match self.respond(request_der, now) {
            Ok(response) => response,
            Err(status) => ocsp::failure(status),
        }
    }

    fn respond(&self, request_der: &[u8], now: UtcTime) -> Result<Vec<u8>, ResponseStatus> {
        if request_der.len() > REQUEST_MAX_BYTES {
            return Err(ResponseStatus::MalformedRequest);
        }
        let request = Request::parse(request_der).map_err(|_| ResponseStatus::MalformedRequest)?;
        // RFC 6960 4.4: a critical extension that is not known must not be passed over.
        if request.ids.is_empty()
            || request.ids.len() > IDS_MAX
            || !request.unknown_critical.is_empty()
        {
            return Err(ResponseStatus::MalformedRequest);
        }
        // RFC 6960 2.3: "unauthorized" where the server cannot answer authoritatively for any of what is asked.
        // One response has one signer, so the first certificate that is known here decides whose.
        let counter = request
            .ids
            .iter()
            .find_map(|id| self.counters.iter().find(|counter| counter.answers_for(id)))
            .ok_or(ResponseStatus::Unauthorized)?;
        // RFC 6960 4.2.2.2: a responder whose certificate has run out must not speak.
        let next_update = now
            .checked_add_s(NEXT_UPDATE_AFTER_S)
            .filter(|_| counter.certificate.is_within_validity(now.unix_s()))
            .ok_or(ResponseStatus::TryLater)?;

        let answers: Vec<Answer> = request
            .ids
            .iter()
            .map(|id| Answer {
                id: id.clone(),
                status: self.status(counter, id, now),
                this_update: now.unix_s(),
                next_update: Some(next_update.unix_s()),
            })
            .collect();
        let algorithm = counter.key.algorithm();
        // RFC 8954 2.1: the nonce of the request comes back as it was.
        let draft = Draft::new(
            &counter.id,
            now.unix_s(),
            &answers,
            request.nonce.as_deref(),
            algorithm,
        );
        let signature = counter
            .key
            .sign(draft.to_be_signed())
            .map_err(|_| ResponseStatus::InternalError)?;
        Ok(draft.finish(&signature, std::slice::from_ref(&counter.certificate)))
    }

    fn status(&self, counter: &Counter, id: &CertId, now: UtcTime) -> CertStatus {
        if !counter.answers_for(id) {
            return CertStatus::Unknown;
        }
        match self
            .register
            .standing(&counter.authority_name, &id.serial, now)
        {
            Standing::Good => CertStatus::Good,
            Standing::Revoked(revocation) => CertStatus::Revoked {
                at: revocation.at.unix_s(),
                reason: revocation.reason.code(),
            },
            Standing::NotIssued => CertStatus::Unknown,
        }
    }
}

impl Counter {
    fn answers_for(&self, id: &CertId) -> bool {
        id.matches(&self.authority, &id.serial)
    }
}

/// The request inside the path of a GET (RFC 6960 A.1): base64, percent-encoded or not; the alphabet for URLs is taken too.
pub(super) fn request_of_path(encoded: &str) -> Option<Vec<u8>> {
    // Percent-encoding triples three characters of base64 at most: longer text cannot hold a request that is answered.
    if encoded.len() > 4 * REQUEST_MAX_BYTES {
        return None;
    }
    let text = percent_decoded(encoded)?;
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text))
        .ok()
}

/// RFC 3986 2.1; `None` where a percent sign is not followed by two hexadecimal digits or the result is not ASCII.
fn percent_decoded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let c = match c {
            '%' => {
                let high = rest.next()?.to_digit(16)?;
                let low = rest.next()?.to_digit(16)?;
                char::from_u32(high * 16 + low)?
            }
            c => c,
        };
        if !c.is_ascii() {
            return None;
        }
        out.push(c);
    }
    Some(out)
}
