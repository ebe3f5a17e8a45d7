//! Which evidence a verdict on a CAdES signature or a container will need (EN 319 102-1 5.2.5).
//!
//! # Invariants
//! * Bounded work whatever the file holds; what is left out here is only not fetched, never taken for good.

use super::container::of_role;
use crate::asic::{self, Limits, Role};
use crate::pki::cert::Certificate;
use crate::pki::cms::SignedData;
use crate::pki::tsp::Token;
use crate::trust::{Anchors, Memory};
use crate::verify::identification;
use crate::verify::needs::{MAX_TOKENS, Need, follow};

/// Messages looked at in one container.
pub(super) const MAX_MESSAGES: usize = 64;

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

fn needs_of(
    messages: &[&[u8]],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Need> {
    let mut needs = Vec::new();
    for message in messages {
        let Ok(signed) = SignedData::parse(message) else {
            continue;
        };
        let mut bag = identification::certificates(&signed, memory);
        bag.extend_from_slice(extra);
        let mut subjects = Vec::new();
        for signer in &signed.signers {
            subjects.extend(signer.find_certificate(&bag).cloned());
            let stamps = signer.timestamp_tokens().into_iter().take(MAX_TOKENS);
            let archived = signer.archive_timestamps().into_iter().take(MAX_TOKENS);
            for token in stamps.chain(archived) {
                let Ok(token) = Token::parse(token) else {
                    continue;
                };
                let own = identification::certificates(&token.signed, memory);
                let authority = token.signer().find_certificate(&own);
                subjects.extend(authority.cloned());
                bag.extend(own);
            }
        }
        for subject in subjects {
            follow(subject, &bag, anchors, memory, &mut needs);
        }
    }
    needs
}
