//! Asking an OCSP responder (RFC 6960), and what is done with each kind of answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::cache::{self, Kind};
use super::super::wire::{Bounds, Validators};
use super::super::{OcspNonce, Trouble};
use super::{KEEP_S, Question, RevocationFacts, StatusCause};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{BasicResponse, CertId, CertStatus, Request, Response, SingleResponse};
use crate::record::Digest;
use crate::trust::RevocationEvidence;

/// One status with a responder certificate takes 2 to 3 KB.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;
/// RFC 6960 A.1: GET where the encoded request has fewer than 255 octets.
const GET_MAX_BYTES: usize = 254;
/// RFC 9654 2.1: 32 octets; RFC 8954 responders take as many.
const NONCE_BYTES: usize = 32;

/// Adds what the responder at `url` says, or why it says nothing usable. Returns thisUpdate of a usable answer.
pub(super) fn answer(
    question: &Question<'_>,
    url: &str,
    facts: &mut RevocationFacts,
) -> Option<i64> {
    let now_s = question.now.unix_s();
    let cache = question.fetcher.cache.as_ref();
    let key = cache_key(question, url);
    let held = cache.and_then(|cache| {
        let entry = cache.entry(Kind::Ocsp, &key)?;
        let age_s = entry.age_s(now_s)?;
        let answer = BasicResponse::parse(&cache.read(&entry)?).ok()?;
        let usable = weigh(question, &answer).ok()?;
        Some((answer, usable, age_s))
    });
    if let Some((answer, usable, age_s)) = &held
        && *age_s < KEEP_S
        && question.is_new_enough(*usable)
    {
        note("cached");
        facts.ocsp.push(answer.clone());
        facts.saw(*usable);
        return Some(*usable);
    }
    let asked = ask(question, url).and_then(|answer| {
        let weighed = weigh(question, &answer);
        // Authentic, if not of now: a verdict as of another time may use it.
        if let Err(StatusCause::Stale { .. }) = weighed {
            facts.ocsp.push(answer.clone());
        }
        weighed.map(|usable| (answer, usable))
    });
    match asked {
        Ok((answer, usable)) => {
            note("usable");
            if let Some(cache) = cache {
                let entry =
                    cache::entry(Kind::Ocsp, &key, &answer.der, now_s, Validators::default());
                cache.put(entry, &answer.der);
            }
            facts.ocsp.push(answer);
            facts.saw(usable);
            Some(usable)
        }
        Err(cause) => {
            note(cause.code());
            // Down, not contradicting: what it said before holds until the time that it gave itself.
            let is_silent = matches!(cause, StatusCause::Wire(_) | StatusCause::Responder(_));
            facts.failed(url, cause);
            let (answer, usable, _) = held.filter(|_| is_silent)?;
            facts.ocsp.push(answer);
            facts.saw(usable);
            Some(usable)
        }
    }
}

/// Whose status, and by whose name and key: an answer under one is none under another.
fn cache_key(question: &Question<'_>, url: &str) -> String {
    let subject = Digest::new(question.subject.sha256());
    let issuer = Digest::new(question.issuer.sha256());
    format!("{url} {subject} {issuer}")
}

fn ask(question: &Question<'_>, url: &str) -> Result<BasicResponse, StatusCause> {
    let policy = question.fetcher.settings.ocsp_nonce;
    let nonce = match policy {
        OcspNonce::Omitted => None,
        OcspNonce::Offered | OcspNonce::Required => {
            let mut nonce = [0; NONCE_BYTES];
            openssl::rand::rand_bytes(&mut nonce)
                .map_err(|e| Trouble::Protocol(format!("drawing a nonce: {e}")))?;
            Some(nonce)
        }
    };
    // Most responders know SHA-1 certificate identifiers only; here it names, it does not protect.
    let id = CertId::new(
        DigestAlgorithm::Sha1,
        question.issuer,
        question.subject.serial(),
    );
    let request = Request::new(vec![id], nonce.as_ref().map(<[u8; NONCE_BYTES]>::as_slice));
    let answer = send(question, url, &request.to_der(), nonce.is_none())?;
    let response = Response::parse(&answer).map_err(|e| StatusCause::Garbage(e.to_string()))?;
    let basic = response
        .basic
        .ok_or(StatusCause::Responder(response.status))?;
    match (&basic.nonce, &nonce) {
        // RFC 6960 4.4.1: what comes back is what was sent.
        (Some(theirs), Some(ours)) if theirs != ours => return Err(StatusCause::WrongNonce),
        (None, Some(_)) if policy == OcspNonce::Required => return Err(StatusCause::NoNonce),
        _ => {}
    }
    Ok(basic)
}

/// RFC 6960 A.1.
fn send(
    question: &Question<'_>,
    url: &str,
    request: &[u8],
    may_be_cached: bool,
) -> Result<Vec<u8>, Trouble> {
    let fetcher = question.fetcher;
    let bounds = Bounds {
        budget: question.budget,
        timeout_ms: fetcher.settings.timeout_ms,
        limit_bytes: ANSWER_MAX_BYTES,
    };
    let by_get = get_address(url, request);
    if let Some(address) = by_get.as_deref().filter(|_| may_be_cached) {
        return fetcher.get(address, bounds);
    }
    let headers = [("content-type", "application/ocsp-request")];
    let posted = fetcher.post(
        &fetcher.agent,
        &fetcher.address(url),
        &headers,
        request,
        bounds,
    );
    match (posted, by_get) {
        // RFC 9110 15.5.6, 15.6.2: the method is not taken there.
        (Err(Trouble::Status(405 | 501)), Some(address)) => fetcher.get(&address, bounds),
        (posted, _) => posted,
    }
}

/// `{url}/{url-encoding of base64 of the request}`, where that is short enough.
fn get_address(url: &str, request: &[u8]) -> Option<String> {
    let mut encoded = String::new();
    for c in STANDARD.encode(request).chars() {
        match c {
            '+' => encoded.push_str("%2B"),
            '/' => encoded.push_str("%2F"),
            '=' => encoded.push_str("%3D"),
            c => encoded.push(c),
        }
    }
    let gap = if url.ends_with('/') { "" } else { "/" };
    (encoded.len() <= GET_MAX_BYTES).then(|| format!("{url}{gap}{encoded}"))
}

/// thisUpdate where the answer gives a status that is usable now, or what is wrong with it.
fn weigh(question: &Question<'_>, answer: &BasicResponse) -> Result<i64, StatusCause> {
    let singles: Vec<&SingleResponse> = answer
        .find(question.issuer, question.subject.serial())
        .collect();
    let newest = singles
        .iter()
        .max_by_key(|single| single.this_update)
        .ok_or(StatusCause::OtherCertificate)?;
    let evidence = RevocationEvidence {
        ocsp: vec![answer.clone()],
        crls: Vec::new(),
    };
    if question.usable_at(&evidence, question.now.unix_s()) {
        return Ok(newest.this_update);
    }
    if singles.iter().all(|s| s.status == CertStatus::Unknown) {
        return Err(StatusCause::Unknown);
    }
    // Usable at its own time: then only the time is wrong.
    if question.usable_at(&evidence, newest.this_update) {
        return Err(StatusCause::Stale {
            this_update: newest.this_update,
            next_update: newest.next_update,
        });
    }
    Err(StatusCause::Stranger)
}

fn note(outcome: &'static str) {
    metrics::counter!("antin_revocation_requests_total", "kind" => "ocsp", "outcome" => outcome)
        .increment(1);
}
