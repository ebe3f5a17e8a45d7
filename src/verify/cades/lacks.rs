//! What a signature or a container must still take up to be, or to stay, provable for long: certificates, and the status of every chain,
//! those of its time-stamps included (EN 319 122-1 6.3; EN 319 102-1 5.6.2.2, which will be asked of it when certificates have ended).
//!
//! # Invariants
//! * Only what is inside counts as had; what the caller gives completes chains and is then asked to be put in.
//! * Times are taken as the tokens state them: whether these hold is for the verdict to say.

use super::container::of_role;
use super::ground::Ground;
use super::needs::MAX_MESSAGES;
use crate::asic::{self, Limits, Role};
use crate::pki::cert::Certificate;
use crate::pki::cms::SignedData;
use crate::pki::tsp::Token;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, Purpose, RevocationEvidence};
use crate::verify::judge::Evidence;
use crate::verify::long_term_needs::LongTermNeed;
use crate::verify::needs::MAX_TOKENS;

/// What the signature lacks before an archive time-stamp at `at`; nothing: it is B-LT, and can become B-LTA or be renewed.
#[must_use]
pub fn cades_lacks(
    message: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
    at: UtcTime,
) -> Vec<LongTermNeed> {
    lacks_of(&[message], anchors, extra, memory, at)
}

/// The same for a container: its signatures, and the time-stamps of its manifests.
#[must_use]
pub fn asic_lacks(
    container: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
    at: UtcTime,
) -> Vec<LongTermNeed> {
    let Ok(container) = asic::read(container, &Limits::default()) else {
        return Vec::new();
    };
    let messages = of_role(&container, Role::Cades).chain(of_role(&container, Role::Timestamp));
    let messages: Vec<&[u8]> = messages.map(|(_, der)| der).take(MAX_MESSAGES).collect();
    lacks_of(&messages, anchors, extra, memory, at)
}

/// A signer or an authority.
struct Party {
    certificate: Certificate,
    purpose: Purpose,
    /// When its key was used, as far as is known.
    used_s: i64,
}

#[derive(Default)]
struct Parties {
    all: Vec<Party>,
    /// Times of the tokens that cover what was there before them.
    archived_s: Vec<i64>,
}

fn lacks_of(
    messages: &[&[u8]],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
    at: UtcTime,
) -> Vec<LongTermNeed> {
    let none = RevocationEvidence::default();
    let evidence = Evidence {
        anchors,
        extra,
        revocation: &none,
        memory,
    };
    let mut ground = Ground::new(&evidence, at.unix_s());
    let parsed: Vec<SignedData> = messages
        .iter()
        .filter_map(|m| SignedData::parse(m).ok())
        .collect();
    for signed in &parsed {
        ground.take(signed);
        for token in signed.signers.iter().flat_map(tokens) {
            ground.take(&token.signed);
        }
    }
    let bag = ground.bag();
    let mut parties = Parties::default();
    for (signed, message) in parsed.iter().zip(messages) {
        match Token::parse(message) {
            Ok(token) => parties.archive(&token, &bag),
            Err(_) => parties.message(signed, &bag, at.unix_s()),
        }
    }
    let mut wanted = Wanted {
        ground: &ground,
        anchors,
        memory,
        at,
        needs: Vec::new(),
    };
    for party in &parties.all {
        let next_s = parties.next_after(party.used_s).unwrap_or(at.unix_s());
        wanted.chain(party, next_s);
    }
    wanted.needs
}

fn tokens(signer: &crate::pki::cms::SignerInfo) -> Vec<Token> {
    let stamps = signer.timestamp_tokens().into_iter().take(MAX_TOKENS);
    let archived = signer.archive_timestamps().into_iter().take(MAX_TOKENS);
    let all = stamps.chain(archived);
    all.filter_map(|der| Token::parse(der).ok()).collect()
}

impl Parties {
    fn message(&mut self, signed: &SignedData, bag: &[Certificate], at_s: i64) {
        for signer in &signed.signers {
            let stamps = signer.timestamp_tokens().into_iter().take(MAX_TOKENS);
            let stamps: Vec<Token> = stamps.filter_map(|d| Token::parse(d).ok()).collect();
            let archived = signer.archive_timestamps().into_iter().take(MAX_TOKENS);
            let first_s = stamps.iter().map(|t| t.info.gen_time_s).min();
            if let Some(certificate) = signer.find_certificate(bag) {
                self.all.push(Party {
                    certificate: certificate.clone(),
                    purpose: Purpose::Signature,
                    used_s: first_s.unwrap_or(at_s),
                });
            }
            for token in &stamps {
                self.authority(token, bag);
            }
            for token in archived.filter_map(|d| Token::parse(d).ok()) {
                self.archive(&token, bag);
            }
        }
    }

    fn archive(&mut self, token: &Token, bag: &[Certificate]) {
        self.archived_s.push(token.info.gen_time_s);
        self.authority(token, bag);
    }

    fn authority(&mut self, token: &Token, bag: &[Certificate]) {
        if let Some(certificate) = token.signer().find_certificate(bag) {
            self.all.push(Party {
                certificate: certificate.clone(),
                purpose: Purpose::TimeStamp,
                used_s: token.info.gen_time_s,
            });
        }
    }

    /// When what was made at this time was first covered by a later token.
    fn next_after(&self, used_s: i64) -> Option<i64> {
        let later = self.archived_s.iter().copied().filter(|s| *s > used_s);
        later.min()
    }
}

struct Wanted<'a> {
    ground: &'a Ground<'a>,
    anchors: &'a Anchors,
    memory: &'a Memory,
    at: UtcTime,
    needs: Vec<LongTermNeed>,
}

impl Wanted<'_> {
    /// `next_s`: when a later token covers, or will cover, what this party signed: until then its chain must be known to have been good.
    fn chain(&mut self, party: &Party, next_s: i64) {
        let at_s = match party.purpose {
            // A signature that is time-stamped is judged at that time.
            Purpose::Signature => party.used_s,
            _ => next_s,
        };
        let Some(path) = self.ground.path(&party.certificate, party.purpose, at_s) else {
            self.issuer(&party.certificate);
            return;
        };
        for (depth, pair) in path.certificates.windows(2).enumerate() {
            let [subject, issuer] = pair else { continue };
            if !self.ground.has_certificate(subject) {
                self.add(LongTermNeed::Certificate {
                    certificate: subject.clone(),
                });
            }
            // 5.6.2.2: a key above must be known to have been good when the evidence below is proven to have existed.
            let at_s = if depth == 0 { at_s } else { next_s.max(at_s) };
            if !self.ground.has_status(subject, issuer, at_s) {
                self.add(LongTermNeed::Status {
                    subject: subject.clone(),
                    issuer: issuer.clone(),
                    fresh_after: UtcTime::from_unix_s(party.used_s).unwrap_or(self.at),
                });
            }
        }
    }

    /// Where the chain breaks off.
    fn issuer(&mut self, certificate: &Certificate) {
        let bag = self.ground.bag();
        let mut last = certificate;
        // As deep as a path may be (trust::Budget).
        for _ in 0..8 {
            let pool = self.anchors.certificates().iter().chain(&bag);
            let issuer = pool.into_iter().find(|c| {
                c.sha256() != last.sha256()
                    && c.subject().matches(last.issuer())
                    && self.memory.is_signed_by(last, c)
            });
            match issuer {
                Some(issuer) => last = issuer,
                None => break,
            }
        }
        if !last.ca_issuer_urls().is_empty() {
            self.add(LongTermNeed::Issuer {
                subject: last.clone(),
            });
        }
    }

    /// Chains share their upper parts: each thing is asked for once.
    fn add(&mut self, need: LongTermNeed) {
        let key = |need: &LongTermNeed| match need {
            LongTermNeed::Issuer { subject } => (0, subject.sha256()),
            LongTermNeed::Certificate { certificate } => (1, certificate.sha256()),
            LongTermNeed::Status { subject, .. } => (2, subject.sha256()),
        };
        if !self.needs.iter().any(|known| key(known) == key(&need)) {
            self.needs.push(need);
        }
    }
}
