//! archive-time-stamp-v3 and the ats-hash-index-v3 that says what it covers (EN 319 122-1 V1.3.1 5.5.2, 5.5.3).
//!
//! # Invariants
//! * Every hash is over encodings as they lie in the message, tag and length included; nothing is encoded again.
//! * An index that names something which the message does not hold covers nothing (5.5.2).
//!
//! # What is not here
//! The older forms of ETSI TS 101 733 (archive-time-stamp, -v2, ats-hash-index, ats-hash-index-v2).

use std::collections::HashSet;

use super::super::Malformed;
use super::super::der::{Reader, only, tag, write};
use super::super::digest::DigestAlgorithm;
use super::super::{oid, tsp};
use super::layout::{Additions, Layout, SignerLayout};
use super::signer::SignerInfo;

const WHAT: &str = "ATSHashIndexV3";

/// As many as a message may have members of each kind, with as many values each; real ones have some dozens.
const MAX_HASHES: usize = 4_096;

/// ATSHashIndexV3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashIndex {
    pub digest: DigestAlgorithm,
    certificates: Vec<Vec<u8>>,
    revocation: Vec<Vec<u8>>,
    unsigned: Vec<Vec<u8>>,
    der: Vec<u8>,
}

/// What of a message an archive time-stamp covers beside the signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// Encodings of the covered CertificateChoices.
    pub certificates: Vec<Vec<u8>>,
    /// Encodings of the covered RevocationInfoChoices.
    pub revocation: Vec<Vec<u8>>,
    /// Encodings of the covered values of unsigned attributes.
    pub unsigned: Vec<Vec<u8>>,
}

/// Of which kind the thing is that an index names and the message lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Certificate,
    Revocation,
    UnsignedValue,
}

impl HashIndex {
    /// Of all that the message holds now.
    pub fn of(layout: &Layout<'_>, signer: &SignerLayout<'_>, digest: DigestAlgorithm) -> Self {
        let hashes = |set: &[&[u8]]| set.iter().map(|m| digest.hash(m)).collect::<Vec<_>>();
        let certificates = hashes(&layout.certificates);
        let revocation = hashes(&layout.revocation);
        let unsigned: Vec<Vec<u8>> = signer
            .unsigned
            .iter()
            .flat_map(|a| a.values.iter().map(|v| value_hash(digest, a.kind, v)))
            .collect();
        let list = |hashes: &[Vec<u8>]| {
            let strings: Vec<Vec<u8>> = hashes.iter().map(|h| write::octet_string(h)).collect();
            write::sequence(&strings)
        };
        let der = write::sequence(&[
            digest.algorithm_identifier(),
            list(&certificates),
            list(&revocation),
            list(&unsigned),
        ]);
        Self {
            digest,
            certificates,
            revocation,
            unsigned,
            der,
        }
    }

    pub fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(value, tag::SEQUENCE, WHAT)?.reader();
        let (_, digest) = DigestAlgorithm::read(&mut fields)?;
        let digest = digest.ok_or(Malformed::new("ATSHashIndexV3 (unknown hash)"))?;
        let mut list = || read_hashes(fields.sequence(WHAT)?, digest);
        let (certificates, revocation, unsigned) = (list()?, list()?, list()?);
        fields.finish(WHAT)?;
        Ok(Self {
            digest,
            certificates,
            revocation,
            unsigned,
            der: value.to_vec(),
        })
    }

    /// The attribute's value, as it was read or made.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What of the message is named. 5.5.2: the index does not hold where anything named is not there.
    pub fn covered(
        &self,
        layout: &Layout<'_>,
        signer: &SignerLayout<'_>,
    ) -> Result<Covered, Missing> {
        let pick = |named: &[Vec<u8>], set: &mut dyn Iterator<Item = (Vec<u8>, &[u8])>| {
            let mut open: HashSet<&[u8]> = named.iter().map(Vec::as_slice).collect();
            let total = open.len();
            let mut found = Vec::with_capacity(total);
            let all: HashSet<&[u8]> = open.clone();
            for (hash, member) in set {
                if all.contains(hash.as_slice()) {
                    open.remove(hash.as_slice());
                    found.push(member.to_vec());
                }
            }
            open.is_empty().then_some(found)
        };
        let digest = self.digest;
        let mut certificates = layout.certificates.iter().map(|m| (digest.hash(m), *m));
        let mut revocation = layout.revocation.iter().map(|m| (digest.hash(m), *m));
        let mut unsigned = signer.unsigned.iter().flat_map(|a| {
            a.values
                .iter()
                .map(move |v| (value_hash(digest, a.kind, v), *v))
        });
        Ok(Covered {
            certificates: pick(&self.certificates, &mut certificates)
                .ok_or(Missing::Certificate)?,
            revocation: pick(&self.revocation, &mut revocation).ok_or(Missing::Revocation)?,
            unsigned: pick(&self.unsigned, &mut unsigned).ok_or(Missing::UnsignedValue)?,
        })
    }

    /// The message imprint (5.5.3): content type, hash of the content, the signer's fields, this index. `content_digest` is under the
    /// index's own hash function.
    pub fn imprint(
        &self,
        layout: &Layout<'_>,
        signer: &SignerLayout<'_>,
        content_digest: &[u8],
    ) -> Vec<u8> {
        let mut hasher = self.digest.hasher();
        hasher.update(layout.content_type);
        hasher.update(content_digest);
        hasher.update(signer.fixed);
        hasher.update(&self.der);
        hasher.finish()
    }
}

/// The index inside a token; None where it is not there exactly once.
pub fn index_of(token: &tsp::Token) -> Option<Result<HashIndex, Malformed>> {
    let value = token.signer().unsigned_value(oid::ATTR_ATS_HASH_INDEX_V3)?;
    Some(HashIndex::parse(value))
}

/// The token with the index in it, as its unsigned attribute (5.5.3).
pub fn token_with_index(token: &[u8], index: &HashIndex) -> Result<Vec<u8>, Malformed> {
    let layout = Layout::read(token)?;
    Ok(layout.with(&Additions {
        unsigned: Some((0, oid::ATTR_ATS_HASH_INDEX_V3, index.der())),
        ..Additions::default()
    }))
}

impl SignerInfo {
    /// The values of the archive-time-stamp-v3 attributes: each is a token of its own.
    pub fn archive_timestamps(&self) -> Vec<&[u8]> {
        self.unsigned_attributes
            .iter()
            .filter(|attribute| attribute.kind == *oid::ATTR_ARCHIVE_TIME_STAMP_V3)
            .flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
            .collect()
    }
}

/// 5.5.2: attrType and one value, both as they are encoded.
fn value_hash(digest: DigestAlgorithm, kind: &[u8], value: &[u8]) -> Vec<u8> {
    let mut hasher = digest.hasher();
    hasher.update(kind);
    hasher.update(value);
    hasher.finish()
}

fn read_hashes(mut list: Reader<'_>, digest: DigestAlgorithm) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut hashes = Vec::new();
    while !list.is_empty() {
        if hashes.len() >= MAX_HASHES {
            return Err(Malformed::new("ATSHashIndexV3 (too many)"));
        }
        let hash = list.octet_string(WHAT)?;
        if hash.len() != digest.output_bytes() {
            return Err(Malformed::new("ATSHashIndexV3 (length of a hash)"));
        }
        hashes.push(hash.to_vec());
    }
    Ok(hashes)
}
