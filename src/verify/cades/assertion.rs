//! Time-stamps beside the signatures of a container: over a manifest (EN 319 162-1 4.4.3.2, A.7), or over the one data file of ASiC-S.
//!
//! Newest first: what a newer one covers, older tokens among it, is proven to have existed.

use super::container::{Listed, of_role};
use super::ground::Ground;
use super::manifests::Files;
use crate::asic::{Container, Role};
use crate::pki::tsp::Token;
use crate::record::UtcTime;
use crate::verify::entry::signer_of;
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::judge::Evidence;
use crate::verify::needs::MAX_TOKENS;
use crate::verify::reasons::Findings;
use crate::verify::report::{Algorithms, ChangesAfter, Coverage, RevocationCheck, SignatureReport};

/// A time-stamp with what it is over.
struct Stamp<'a> {
    token: &'a str,
    der: &'a [u8],
    over: &'a [u8],
    by: Option<&'a Listed<'a>>,
    gen_time_s: i64,
}

/// A judged time-stamp.
pub(super) struct Assertion {
    /// Path of the token.
    pub token: String,
    pub report: SignatureReport,
    /// Set where it holds.
    proves_s: Option<i64>,
    /// Paths of the files it covers.
    pub covers: Vec<String>,
}

/// Since when a signature and what it is over are proven to exist together.
pub(super) fn earliest(
    assertions: &[Assertion],
    signature: &str,
    manifest: Option<&str>,
) -> Option<i64> {
    let covers = |a: &&Assertion, name: &str| a.covers.iter().any(|n| n == name);
    assertions
        .iter()
        .filter(|a| covers(a, signature) && manifest.is_none_or(|name| covers(a, name)))
        .filter_map(|a| a.proves_s)
        .min()
}

#[allow(
    clippy::too_many_arguments,
    reason = "the parts of one container, each from another step"
)]
pub(super) fn judge_all(
    container: &Container<'_>,
    listed: &[Listed<'_>],
    data: Option<(&str, &[u8])>,
    files: &Files<'_>,
    evidence: &Evidence<'_>,
    control: UtcTime,
    whole: &mut Findings,
) -> Vec<Assertion> {
    let mut stamps: Vec<Stamp<'_>> = Vec::new();
    for (token, der) in of_role(container, Role::Timestamp) {
        let naming: Vec<&Listed<'_>> = listed
            .iter()
            .filter(|l| l.manifest.signature == token)
            .collect();
        let over = match (naming.as_slice(), data) {
            ([one], _) => Some((one.bytes, Some(*one))),
            // 4.3.3.2: META-INF/timestamp.tst stamps the data file itself.
            ([], Some((_, bytes))) if token == "META-INF/timestamp.tst" => Some((bytes, None)),
            ([], _) => None,
            _ => {
                whole.fail(
                    SubIndication::FormatFailure,
                    "MANIFEST_AMBIGUOUS",
                    "EN 319 162-1 4.4.3.2",
                    format!("several manifests name {token:?}"),
                );
                None
            }
        };
        if let Some((over, by)) = over {
            let gen_time_s = Token::parse(der).map_or(i64::MIN, |t| t.info.gen_time_s);
            stamps.push(Stamp {
                token,
                der,
                over,
                by,
                gen_time_s,
            });
        }
    }
    stamps.sort_by_key(|s| std::cmp::Reverse(s.gen_time_s));
    if stamps.len() > MAX_STAMPS {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "TIMESTAMPS_PASSED_OVER",
            "EN 319 102-1 5.5.4",
            format!(
                "of {} time-stamps the newest {MAX_STAMPS} were judged",
                stamps.len()
            ),
        );
    }
    let mut ground = Ground::new(evidence, control.unix_s());
    for stamp in stamps.iter().take(MAX_STAMPS) {
        if let Ok(token) = Token::parse(stamp.der) {
            ground.take(&token.signed);
        }
    }
    let data_name = data.map(|(name, _)| name);
    let mut assertions: Vec<Assertion> = Vec::new();
    for stamp in stamps.iter().take(MAX_STAMPS) {
        let one = judge_one(stamp, data_name, files, &mut ground, control, &assertions);
        assertions.push(one);
    }
    assertions
}

/// Renewed every few years for a century, with one more for a spare: more than for one signature.
const MAX_STAMPS: usize = 4 * MAX_TOKENS;

fn judge_one(
    stamp: &Stamp<'_>,
    data_name: Option<&str>,
    files: &Files<'_>,
    ground: &mut Ground<'_>,
    control: UtcTime,
    newer: &[Assertion],
) -> Assertion {
    let mut findings = Findings::default();
    let mut covers: Vec<String> = Vec::new();
    match stamp.by {
        Some(by) => {
            files.check(&by.manifest, control.unix_s(), &mut findings);
            covers.push(by.name.to_owned());
            covers.extend(by.manifest.references.iter().map(|r| r.name.clone()));
        }
        None => covers.extend(data_name.map(str::to_owned)),
    }
    let existed_s = earliest(newer, stamp.token, stamp.by.map(|l| l.name));
    if let (Some(existed_s), Ok(token)) = (existed_s, Token::parse(stamp.der)) {
        ground.prove_message(&token.signed, existed_s);
    }
    let judged = ground.timestamp(stamp.der, &|d| d.hash(stamp.over), existed_s);
    if judged.report.indication > findings.indication {
        findings.indication = judged.report.indication;
        findings.sub_indication = judged.report.sub_indication;
    }
    findings
        .reasons
        .extend(judged.report.reasons.iter().cloned());
    Assertion {
        token: stamp.token.to_owned(),
        proves_s: judged
            .proves_s
            .filter(|_| findings.indication == Indication::TotalPassed),
        covers,
        report: SignatureReport {
            field: stamp.token.to_owned(),
            indication: findings.indication,
            sub_indication: findings.sub_indication,
            level: None,
            format: "RFC3161".to_owned(),
            sub_filter: if stamp.by.is_some() {
                "manifest".to_owned()
            } else {
                "detached".to_owned()
            },
            signer: judged.authority.as_ref().map(signer_of),
            claimed_at: None,
            best_signature_time: Some(judged.report.time.clone()),
            timestamps: vec![judged.report],
            coverage: Coverage::WholeFile,
            changes_after: ChangesAfter::None,
            changes: Vec::new(),
            algorithms: Algorithms::default(),
            revocation: RevocationCheck::NotChecked,
            evidence: Vec::new(),
            reasons: findings.reasons,
        },
    }
}
