//! What `sign` and `extend` have in common: where configuration, keys and trust come from, reading and writing whole files, words.
//!
//! # Invariants
//! * Nothing is written unless everything went well; an existing file only with `--force`, the input never.

mod files;
mod outcome;
mod place;
mod stamp;
mod words;

pub(super) use files::{Output, Overwrite, read};
pub(super) use outcome::conclude;
pub(super) use place::{Place, Trusted};
pub(super) use stamp::Stamp;
pub(super) use words::NotMade;

use crate::record::SignatureLevel;

/// # Errors
/// It is none, in words.
pub(super) fn level(text: &str) -> Result<SignatureLevel, NotMade> {
    let short = text.strip_prefix("PAdES-BASELINE-").unwrap_or(text);
    [
        SignatureLevel::BB,
        SignatureLevel::BT,
        SignatureLevel::BLT,
        SignatureLevel::BLTA,
    ]
    .into_iter()
    .find(|level| level.as_str().eq_ignore_ascii_case(short))
    .ok_or_else(|| NotMade::could_not("level_unknown", &[("given", text)]))
}
