//! The evidence that a file brings itself: certificates and status answers of its DSS and its messages, and where they stand.
//!
//! EN 319 142-1 5.4 (document security store); the validation data of EN 319 102-1 5.1.4.2.
//!
//! # Invariants
//! * Bounded: at most `MAX_PIECES` in all; a piece is held once, with the earliest place and the best source.
//! * A place is a position in the file: a time-stamp over more than that covers the piece.

use std::collections::HashMap;

use super::carried;
use super::poe::ObjectHash;
use super::report::EvidenceSource;
use crate::pdf::Dss;
use crate::pki::cert::Certificate;
use crate::pki::cms::SignedData;
use crate::pki::crl::Crl;
use crate::pki::digest;
use crate::pki::ocsp::{BasicResponse, Response};
use crate::trust::{Memory, RevocationEvidence};

/// A file renewed yearly for fifty years by chains of three holds some 300 answers and lists, and as many certificates at most; a
/// list of 2 KB is held with about 5 KB, so 1,536 pieces stay under 10 MB where they are small; large ones are bounded by the file.
const MAX_PIECES: usize = 1_536;

#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub hash: ObjectHash,
    pub source: EvidenceSource,
    /// Position in the file behind which a time-stamp must end to cover it.
    pub place: usize,
}

#[derive(Debug, Default)]
pub(super) struct Material {
    pub certificates: Vec<Certificate>,
    pub revocation: RevocationEvidence,
    pub certificate_facts: Vec<Fact>,
    pub ocsp_facts: Vec<Fact>,
    pub crl_facts: Vec<Fact>,
    /// By what the bytes as they stand hash to: which fact they are; so that revisions that repeat a store cost a hash each.
    seen: HashMap<ObjectHash, (Kind, usize)>,
    /// Pieces beyond the limit.
    pub is_cut_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Ocsp,
    Crl,
    Unreadable,
}

impl Material {
    pub fn has_no_status(&self) -> bool {
        self.revocation.ocsp.is_empty() && self.revocation.crls.is_empty()
    }

    /// A store as it stands in a revision; `place` as in [`Fact`].
    pub fn add_store(&mut self, store: &Dss, place: usize, memory: &Memory) {
        for der in &store.certificates {
            self.add_certificate(der, EvidenceSource::Dss, place, memory);
        }
        for der in &store.ocsps {
            self.add_ocsp(der, EvidenceSource::Dss, place);
        }
        for der in &store.crls {
            self.add_crl(der, EvidenceSource::Dss, place);
        }
    }

    /// What a message of a signature or a time-stamp carries.
    pub fn add_message(&mut self, signed: &SignedData, place: usize, memory: &Memory) {
        let carried = carried::of(signed);
        for der in carried.certificates {
            self.add_certificate(der, EvidenceSource::Cms, place, memory);
        }
        for der in carried.ocsps {
            self.add_ocsp(der, EvidenceSource::Cms, place);
        }
        for der in carried.crls {
            self.add_crl(der, EvidenceSource::Cms, place);
        }
    }

    pub fn add_certificate(
        &mut self,
        der: &[u8],
        source: EvidenceSource,
        place: usize,
        memory: &Memory,
    ) {
        let Some(hash) = self.enter(der, source, place) else {
            return;
        };
        let Ok(certificate) = memory.certificate(der) else {
            self.seen.insert(hash, (Kind::Unreadable, 0));
            return;
        };
        let index = self.certificates.len();
        self.seen.insert(hash, (Kind::Certificate, index));
        self.certificates.push(certificate);
        self.certificate_facts.push(Fact {
            hash,
            source,
            place,
        });
    }

    pub fn add_ocsp(&mut self, der: &[u8], source: EvidenceSource, place: usize) {
        let Some(hash) = self.enter(der, source, place) else {
            return;
        };
        let whole = Response::parse(der).ok().and_then(|r| r.basic);
        let Some(answer) = whole.or_else(|| BasicResponse::parse(der).ok()) else {
            self.seen.insert(hash, (Kind::Unreadable, 0));
            return;
        };
        let index = self.revocation.ocsp.len();
        self.seen.insert(hash, (Kind::Ocsp, index));
        let hash = digest::sha256(&answer.der);
        self.revocation.ocsp.push(answer);
        self.ocsp_facts.push(Fact {
            hash,
            source,
            place,
        });
    }

    pub fn add_crl(&mut self, der: &[u8], source: EvidenceSource, place: usize) {
        let Some(hash) = self.enter(der, source, place) else {
            return;
        };
        let Ok(crl) = Crl::from_der(der) else {
            self.seen.insert(hash, (Kind::Unreadable, 0));
            return;
        };
        let index = self.revocation.crls.len();
        self.seen.insert(hash, (Kind::Crl, index));
        self.revocation.crls.push(crl);
        self.crl_facts.push(Fact {
            hash,
            source,
            place,
        });
    }

    /// The hash of a piece that is new and has room; what is known already only moves forward in the file.
    fn enter(&mut self, der: &[u8], source: EvidenceSource, place: usize) -> Option<ObjectHash> {
        let hash = digest::sha256(der);
        if let Some((kind, index)) = self.seen.get(&hash).copied() {
            let facts = match kind {
                Kind::Certificate => &mut self.certificate_facts,
                Kind::Ocsp => &mut self.ocsp_facts,
                Kind::Crl => &mut self.crl_facts,
                Kind::Unreadable => return None,
            };
            if let Some(fact) = facts.get_mut(index) {
                fact.place = fact.place.min(place);
                if source == EvidenceSource::Dss {
                    fact.source = source;
                }
            }
            return None;
        }
        if self.seen.len() >= MAX_PIECES {
            self.is_cut_off = true;
            return None;
        }
        Some(hash)
    }

    /// All pieces that a time-stamp up to `end` covers.
    pub fn covered_by(&self, end: usize) -> impl Iterator<Item = ObjectHash> + '_ {
        let lists = [&self.certificate_facts, &self.ocsp_facts, &self.crl_facts];
        lists
            .into_iter()
            .flatten()
            .filter(move |fact| fact.place < end)
            .map(|fact| fact.hash)
    }
}
