//! Revocation evidence for one certificate: OCSP first, CRL where no usable OCSP answer came; kept until its nextUpdate.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Fetcher;
use crate::pki::cert::Certificate;
use crate::pki::crl::Crl;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{BasicResponse, CertId, Request, Response};
use crate::record::{Digest, Fault, UtcTime};
use crate::trust::{Memory, RevocationEvidence, status_of};

/// One status with a responder certificate takes 2 to 3 KB.
const OCSP_MAX_BYTES: u64 = 64 * 1024;
/// Large national CRLs reach tens of MB.
const CRL_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Answers without nextUpdate are asked for again after this long.
const DEFAULT_KEEP_S: i64 = 300;
/// Failures are remembered shortly, so that a dead responder does not hold up every verdict.
const FAILURE_KEEP_S: i64 = 30;
/// Certificates name one or two addresses; a stranger's could name thousands.
const ADDRESSES_MAX: usize = 2;
/// All kept revocation lists together.
const KEPT_CRL_BYTES: usize = 64 * 1024 * 1024;
/// One entry per certificate and issuer; an answer is about 3 KB.
const MAX_ENTRIES: usize = 1_024;

/// What was had of one certificate's status, and what was tried in vain.
#[derive(Debug, Clone, Default)]
pub struct RevocationFacts {
    pub ocsp: Vec<BasicResponse>,
    pub crls: Vec<Crl>,
    pub failures: Vec<String>,
}

/// Fetches and keeps revocation evidence.
#[derive(Debug, Default)]
pub struct RevocationSource {
    kept: Mutex<HashMap<Digest, (i64, RevocationFacts)>>,
}

impl RevocationSource {
    /// Evidence on `subject`, from memory while it is fresh.
    pub fn facts(
        &self,
        fetcher: &Fetcher,
        memory: &Memory,
        subject: &Certificate,
        issuer: &Certificate,
        now: UtcTime,
    ) -> RevocationFacts {
        let key = Digest::new(subject.sha256());
        if let Some((until, facts)) = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            && *until > now.unix_s()
            // A clock that was set back must not keep an answer for hours.
            && *until <= now.unix_s().saturating_add(DEFAULT_KEEP_S)
        {
            return facts.clone();
        }
        let (facts, until) = ask(fetcher, memory, subject, issuer, now);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let size =
            |facts: &RevocationFacts| facts.crls.iter().map(|c| c.der().len()).sum::<usize>();
        let held: usize = kept.values().map(|(_, facts)| size(facts)).sum();
        if kept.len() >= MAX_ENTRIES || held + size(&facts) > KEPT_CRL_BYTES {
            kept.clear();
        }
        kept.insert(key, (until, facts.clone()));
        facts
    }
}

fn ask(
    fetcher: &Fetcher,
    memory: &Memory,
    subject: &Certificate,
    issuer: &Certificate,
    now: UtcTime,
) -> (RevocationFacts, i64) {
    let mut facts = RevocationFacts::default();
    let now_s = now.unix_s();
    for url in subject.ocsp_urls().iter().take(ADDRESSES_MAX) {
        match ask_ocsp(fetcher, url, subject, issuer) {
            Ok(answer) => {
                let until = answer
                    .find(issuer, subject.serial())
                    .find_map(|s| s.next_update)
                    .unwrap_or(now_s.saturating_add(DEFAULT_KEEP_S));
                facts.ocsp.push(answer);
                let evidence = RevocationEvidence {
                    ocsp: facts.ocsp.clone(),
                    crls: Vec::new(),
                };
                // An answer that says nothing usable (stale, unknown, signed by somebody else) must not hide what the next source says.
                if status_of(subject, issuer, &evidence, memory, now_s).is_some() {
                    // A revocation must be seen soon: never rely on one answer for longer than five minutes.
                    return (facts, until.min(now_s.saturating_add(DEFAULT_KEEP_S)));
                }
            }
            Err(fault) => facts.failures.push(fault.chain().to_string()),
        }
    }
    for url in subject.crl_urls().iter().take(ADDRESSES_MAX) {
        match ask_crl(fetcher, url) {
            Ok(crl) => {
                facts.crls.push(crl);
                return (facts, now_s.saturating_add(DEFAULT_KEEP_S));
            }
            Err(fault) => facts.failures.push(fault.chain().to_string()),
        }
    }
    (facts, now_s.saturating_add(FAILURE_KEEP_S))
}

fn ask_ocsp(
    fetcher: &Fetcher,
    url: &str,
    subject: &Certificate,
    issuer: &Certificate,
) -> Result<BasicResponse, Fault> {
    // Most responders know SHA-1 certificate identifiers only; here it names, it does not protect.
    let request = Request::new(
        vec![CertId::new(DigestAlgorithm::Sha1, issuer, subject.serial())],
        None,
    );
    let answer = fetcher.post(
        &fetcher.agent,
        url,
        "application/ocsp-request",
        &request.to_der(),
        OCSP_MAX_BYTES,
    )?;
    let response = Response::parse(&answer)
        .map_err(|e| Fault::new(format!("reading the status answer of {url}"), e))?;
    let basic = response
        .basic
        .ok_or_else(|| Fault::plain(format!("{url} gave no status: {:?}", response.status)))?;
    if basic.find(issuer, subject.serial()).next().is_none() {
        return Err(Fault::plain(format!(
            "{url} answered about another certificate"
        )));
    }
    Ok(basic)
}

fn ask_crl(fetcher: &Fetcher, url: &str) -> Result<Crl, Fault> {
    let der = fetcher.get(url, CRL_MAX_BYTES)?;
    Crl::from_pem_or_der(&der)
        .map_err(|e| Fault::new(format!("reading the revocation list of {url}"), e))
}
