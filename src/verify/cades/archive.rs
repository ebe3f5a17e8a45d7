//! Archive time-stamps of a signature (EN 319 122-1 5.5.2, 5.5.3), newest first: each proves what it covers, older ones among it.

use super::ground::Ground;
use super::message::Content;
use crate::pki::cms::{Covered, HashIndex, Layout, Missing, SignerInfo, SignerLayout, index_of};
use crate::pki::tsp::Token;
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::needs::MAX_TOKENS;
use crate::verify::reasons::Findings;
use crate::verify::timestamp::{Judged, SKEW_S};

const CLAUSE: &str = "EN 319 122-1 5.5.3";

/// An archive time-stamp that holds.
pub(super) struct Holding {
    pub time_s: i64,
    /// Encodings of the unsigned attributes' values that it covers.
    pub covered_values: Vec<Vec<u8>>,
}

/// Judges all of them; those that hold prove.
pub(super) fn judge(
    signer: &SignerInfo,
    layout: &Layout<'_>,
    lies: &SignerLayout<'_>,
    content: &Content<'_>,
    existed_s: Option<i64>,
    ground: &mut Ground<'_>,
    findings: &mut Findings,
) -> (Vec<Judged>, Vec<Holding>) {
    let mut tokens: Vec<(i64, &[u8])> = signer
        .archive_timestamps()
        .into_iter()
        .map(|der| {
            (
                Token::parse(der).map_or(i64::MIN, |t| t.info.gen_time_s),
                der,
            )
        })
        .collect();
    tokens.sort_by_key(|(time_s, _)| std::cmp::Reverse(*time_s));
    if tokens.len() > MAX_TOKENS {
        findings.warn(
            "TIMESTAMPS_PASSED_OVER",
            "EN 319 102-1 5.5.4",
            format!(
                "of {} archive time-stamps the newest {MAX_TOKENS} were looked at",
                tokens.len()
            ),
        );
    }
    let mut judged = Vec::new();
    let mut holding: Vec<Holding> = Vec::new();
    for (_, der) in tokens.into_iter().take(MAX_TOKENS) {
        let existed_s = earliest(existed_s, &holding, der);
        let (one, covered) = judge_one(der, layout, lies, content, existed_s, ground);
        if let Some(time_s) = one.proves_s {
            ground.prove(&covered, time_s);
            holding.push(Holding {
                time_s,
                covered_values: covered.unsigned,
            });
        }
        judged.push(one);
    }
    (judged, holding)
}

/// The earliest proof of existence of a value of an unsigned attribute.
pub(super) fn earliest(given: Option<i64>, holding: &[Holding], value: &[u8]) -> Option<i64> {
    let covering = holding
        .iter()
        .filter(|h| h.covered_values.iter().any(|v| v == value))
        .map(|h| h.time_s);
    covering.chain(given).min()
}

fn judge_one(
    der: &[u8],
    layout: &Layout<'_>,
    lies: &SignerLayout<'_>,
    content: &Content<'_>,
    existed_s: Option<i64>,
    ground: &mut Ground<'_>,
) -> (Judged, Covered) {
    let found = Token::parse(der).ok().map(|token| {
        ground.take(&token.signed);
        index(&token, layout, lies)
    });
    let imprint = match &found {
        Some(Ok((index, _))) => {
            let content_digest = content.digest(index.digest);
            content_digest.map(|digest| (index.digest, index.imprint(layout, lies, &digest)))
        }
        _ => None,
    };
    let mut judged = ground.timestamp(
        der,
        // Empty, and so equal to none, where the index does not hold or has another hash function than the token.
        &|digest| match &imprint {
            Some((of, hash)) if *of == digest => hash.clone(),
            _ => Vec::new(),
        },
        existed_s,
    );
    let covered = match found {
        Some(Ok((_, covered))) => covered,
        Some(Err(detail)) => {
            say(&mut judged, detail);
            Covered::default()
        }
        None => Covered::default(),
    };
    (judged, covered)
}

fn index(
    token: &Token,
    layout: &Layout<'_>,
    lies: &SignerLayout<'_>,
) -> Result<(HashIndex, Covered), &'static str> {
    let index = index_of(token)
        .ok_or("the token has no ats-hash-index-v3, or several")?
        .map_err(|_| "its ats-hash-index-v3 can't be read")?;
    // 5.5.2: "shall be the same as the hash algorithm used for computing the message imprint".
    if index.digest != token.info.imprint.digest {
        return Err("its ats-hash-index-v3 has another hash function than the token");
    }
    match index.covered(layout, lies) {
        Ok(covered) => Ok((index, covered)),
        Err(Missing::Certificate) => Err("it covers a certificate that is no longer there"),
        Err(Missing::Revocation) => Err("it covers revocation information that is no longer there"),
        Err(Missing::UnsignedValue) => {
            Err("it covers an unsigned attribute that is no longer there as it was")
        }
    }
}

/// A reason that the building block for tokens does not know.
fn say(judged: &mut Judged, detail: &'static str) {
    let mut findings = Findings::default();
    findings.fail(
        SubIndication::HashFailure,
        "ARCHIVE_INDEX_MISMATCH",
        CLAUSE,
        detail,
    );
    let report = &mut judged.report;
    report.reasons.splice(0..0, findings.reasons);
    if report.indication != Indication::TotalFailed {
        report.indication = findings.indication;
        report.sub_indication = findings.sub_indication;
    }
    judged.proves_s = None;
}

/// What an archive time-stamp covers is older than it (EN 319 102-1 5.5.4).
pub(super) fn is_out_of_order(stamped_s: i64, covered_by_s: Option<i64>) -> bool {
    covered_by_s.is_some_and(|s| s.saturating_add(SKEW_S) < stamped_s)
}
