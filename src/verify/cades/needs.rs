//! Which evidence a verdict on a CAdES signature or a container will need, and which a signature lacks inside (EN 319 102-1 5.2.5;
//! EN 319 122-1 6.3).
//!
//! # Invariants
//! * Bounded work whatever the file holds; what is left out here is only not fetched, never taken for good.

use super::container::of_role;
use super::ground::Ground;
use crate::asic::{self, Limits, Role};
use crate::pki::cert::Certificate;
use crate::pki::cms::SignedData;
use crate::pki::tsp::Token;
use crate::trust::{Anchors, Memory, RevocationEvidence};
use crate::verify::identification;
use crate::verify::judge::Evidence;
use crate::verify::needs::{MAX_TOKENS, Need, follow};

/// Messages looked at in one container.
const MAX_MESSAGES: usize = 64;

/// What has still to go into a signature for it to be B-LT.
#[derive(Debug, Clone)]
pub enum Lack {
    /// No chain leads to an anchor: its issuers have to be found.
    Chain { subject: Certificate },
    /// The status is not inside.
    Status { need: Need },
}

/// Which certificates' status to get before `judge_cades`.
#[must_use]
pub fn needs_cades(
    message: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Need> {
    needs_of(&[message], anchors, extra, memory)
}

/// Which certificates' status to get before `judge_asic`.
#[must_use]
pub fn needs_asic(
    container: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Need> {
    let Ok(container) = asic::read(container, &Limits::default()) else {
        return Vec::new();
    };
    let messages = of_role(&container, Role::Cades).chain(of_role(&container, Role::Timestamp));
    let messages: Vec<&[u8]> = messages.map(|(_, der)| der).take(MAX_MESSAGES).collect();
    needs_of(&messages, anchors, extra, memory)
}

/// What the signature lacks inside, its time-stamps' chains included; nothing: B-LT has been reached.
#[must_use]
pub fn cades_lacks(
    message: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Lack> {
    lacks_of(&[message], anchors, extra, memory)
}

/// The same for a container: for its signatures, and for the time-stamps of its archive manifests.
#[must_use]
pub fn asic_lacks(
    container: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Lack> {
    let Ok(container) = asic::read(container, &Limits::default()) else {
        return Vec::new();
    };
    let messages = of_role(&container, Role::Cades).chain(of_role(&container, Role::Timestamp));
    let messages: Vec<&[u8]> = messages.map(|(_, der)| der).take(MAX_MESSAGES).collect();
    lacks_of(&messages, anchors, extra, memory)
}

/// Signers and authorities of a message, with the certificates that are at hand.
struct Parties {
    subjects: Vec<Certificate>,
    bag: Vec<Certificate>,
    messages: Vec<SignedData>,
}

fn parties(messages: &[&[u8]], extra: &[Certificate], memory: &Memory) -> Parties {
    let mut parties = Parties {
        subjects: Vec::new(),
        bag: Vec::new(),
        messages: Vec::new(),
    };
    for message in messages {
        let Ok(signed) = SignedData::parse(message) else {
            continue;
        };
        let mut bag = identification::certificates(&signed, memory);
        bag.extend_from_slice(extra);
        let mut inner = Vec::new();
        for signer in &signed.signers {
            parties
                .subjects
                .extend(signer.find_certificate(&bag).cloned());
            let stamps = signer.timestamp_tokens().into_iter().take(MAX_TOKENS);
            let archived = signer.archive_timestamps().into_iter().take(MAX_TOKENS);
            for token in stamps.chain(archived) {
                let Ok(token) = Token::parse(token) else {
                    continue;
                };
                let own = identification::certificates(&token.signed, memory);
                let authority = token.signer().find_certificate(&own);
                let authority = authority.or_else(|| token.signer().find_certificate(&bag));
                parties.subjects.extend(authority.cloned());
                parties.bag.extend(own);
                inner.push(token.signed);
            }
        }
        parties.bag.extend(bag);
        parties.messages.push(signed);
        parties.messages.extend(inner);
    }
    parties
}

fn needs_of(
    messages: &[&[u8]],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Need> {
    let Parties { subjects, bag, .. } = parties(messages, extra, memory);
    let mut needs = Vec::new();
    for subject in subjects {
        follow(subject, &bag, anchors, memory, &mut needs);
    }
    needs
}

fn lacks_of(
    messages: &[&[u8]],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Lack> {
    let Parties {
        subjects,
        bag,
        messages,
    } = parties(messages, extra, memory);
    let none = RevocationEvidence::default();
    let evidence = Evidence {
        anchors,
        extra: &bag,
        revocation: &none,
        memory,
    };
    let mut ground = Ground::new(&evidence, 0);
    for message in &messages {
        ground.take(message);
    }
    let mut lacks = Vec::new();
    let mut seen: Vec<[u8; 32]> = Vec::new();
    for subject in subjects {
        let Some(pairs) = chain(&subject, &bag, anchors, memory) else {
            if !seen.contains(&subject.sha256()) {
                seen.push(subject.sha256());
                lacks.push(Lack::Chain { subject });
            }
            continue;
        };
        for need in pairs {
            if seen.contains(&need.subject.sha256()) {
                continue;
            }
            seen.push(need.subject.sha256());
            let is_here = ground.has_certificate(&need.subject);
            if !is_here || !ground.has_status(&need.subject, &need.issuer) {
                lacks.push(Lack::Status { need });
            }
        }
    }
    lacks
}

/// The subject and its issuers up to an anchor, which itself needs no status; None where none is reached.
fn chain(
    subject: &Certificate,
    bag: &[Certificate],
    anchors: &Anchors,
    memory: &Memory,
) -> Option<Vec<Need>> {
    let mut pairs: Vec<Need> = Vec::new();
    let mut current = subject.clone();
    // As deep as a path may be (trust::Budget).
    for _ in 0..8 {
        let is_current = |c: &Certificate| c.sha256() == current.sha256();
        if anchors.certificates().iter().any(is_current) {
            return Some(pairs);
        }
        let issuer = anchors.certificates().iter().chain(bag).find(|c| {
            !is_current(c)
                && c.subject().matches(current.issuer())
                && memory.is_signed_by(&current, c)
        })?;
        let issuer = issuer.clone();
        pairs.push(Need {
            subject: current,
            issuer: issuer.clone(),
        });
        current = issuer;
    }
    None
}
