//! `antin verify`: the verdict on a signed file (PDF, CAdES, ASiC); exit 0 TOTAL-PASSED, 1 TOTAL-FAILED, 2 INDETERMINATE, 3 could not look.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{clock, could_not};
use crate::fetch::{Fetcher, RevocationSource, Settings};
use crate::pki::cert;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory, RevocationEvidence};
use crate::verify::{
    Evidence, Indication, Kind, Report, SubIndication, Weight, judge_file, kind, needs_file,
};

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The signed PDF, signature (.p7s) or container (.asice) (certificate files that stand beside it count as further roots)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The file that a detached signature (.p7s) was made over
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// A file with root certificates to trust (PEM or DER); repeat it for more files
    #[arg(long, value_name = "PEM")]
    trust: Vec<PathBuf>,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Fetch nothing: no revocation status is asked for
    #[arg(long)]
    offline: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// A private address (HOST:PORT) that may be asked for revocation status
    #[arg(long, value_name = "HOST:PORT")]
    allow_private: Vec<String>,
}

impl Verify {
    pub fn run(self) -> u8 {
        match self.judge() {
            Ok(report) => {
                if self.json {
                    match serde_json::to_string_pretty(&report) {
                        Ok(text) => say!("{text}"),
                        Err(error) => return could_not(error),
                    }
                } else {
                    show(&report);
                }
                match report.indication {
                    Indication::TotalPassed => 0,
                    Indication::TotalFailed => 1,
                    Indication::Indeterminate => 2,
                }
            }
            Err(message) => could_not(message),
        }
    }

    /// The file to judge and the roots to trust. `--trust A B FILE` is how people write it, so what stands beside the file and holds
    /// certificates is a root; exactly one file must be left.
    pub(super) fn asked(&self) -> Result<(&Path, Vec<&Path>), String> {
        let mut roots: Vec<&Path> = self.trust.iter().map(PathBuf::as_path).collect();
        if let [file] = self.files.as_slice() {
            return Ok((file, roots));
        }
        let (certificates, rest): (Vec<&Path>, Vec<&Path>) = self
            .files
            .iter()
            .map(PathBuf::as_path)
            .partition(|file| holds_certificates(file));
        roots.extend(certificates);
        match rest.as_slice() {
            [file] => Ok((file, roots)),
            [] => Err("no file to judge was given, only certificates".into()),
            _ => Err("give one file to judge; check several one after another".into()),
        }
    }

    fn judge(&self) -> Result<Report, String> {
        let (file, trust) = self.asked()?;
        let bytes = std::fs::read(file)
            .map_err(|e| format!("{}: {e}; give the path of a readable file", file.display()))?;
        let content = self.content(&bytes)?;
        let at = match &self.at {
            Some(text) => UtcTime::parse_rfc3339(text).map_err(|_| {
                format!("`{text}` is not a time; write it like 2026-11-24T09:00:00+07:00")
            })?,
            None => clock::now(),
        };
        let mut roots = Vec::new();
        for file in trust {
            let pem = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
            let list =
                cert::list_from_pem_or_der(&pem).map_err(|e| format!("{}: {e}", file.display()))?;
            if list.is_empty() {
                return Err(format!("{} holds no certificate", file.display()));
            }
            roots.extend(list);
        }
        let anchors = Anchors::new(roots);
        let memory = Memory::new();
        let revocation = if self.offline {
            RevocationEvidence::default()
        } else {
            self.status(&bytes, &anchors, &memory, at)
        };
        let evidence = Evidence {
            anchors: &anchors,
            extra: &[],
            revocation: &revocation,
            memory: &memory,
        };
        Ok(judge_file(&bytes, content.as_deref(), &evidence, at))
    }

    fn content(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = &self.content else {
            return Ok(None);
        };
        if kind(bytes) != Kind::Cms {
            return Err("--content goes with a detached signature (.p7s); this file is none: leave --content away".into());
        }
        std::fs::read(path)
            .map(Some)
            .map_err(|e| format!("{}: {e}; give the path of the signed file", path.display()))
    }

    fn status(
        &self,
        bytes: &[u8],
        anchors: &Anchors,
        memory: &Memory,
        at: UtcTime,
    ) -> RevocationEvidence {
        let fetcher = Fetcher::new(&Settings {
            allow_private: self.allow_private.clone(),
            ..Settings::default()
        });
        let source = RevocationSource::default();
        let mut evidence = RevocationEvidence::default();
        let budget = fetcher.budget_for_file();
        for need in needs_file(bytes, anchors, &[], memory).into_iter().take(16) {
            let (subject, issuer) = (&need.subject, &need.issuer);
            let facts = source.facts_within(&fetcher, memory, subject, issuer, at, budget);
            evidence.ocsp.extend(facts.ocsp);
            evidence.crls.extend(facts.crls);
        }
        evidence
    }
}

fn holds_certificates(file: &Path) -> bool {
    std::fs::read(file)
        .is_ok_and(|bytes| cert::list_from_pem_or_der(&bytes).is_ok_and(|list| !list.is_empty()))
}

/// The report for a person at a terminal.
fn show(report: &Report) {
    let sub = |s: Option<SubIndication>| s.map_or(String::new(), |s| format!(" / {}", s.as_str()));
    say!(
        "{}{}",
        report.indication.as_str(),
        sub(report.sub_indication)
    );
    say!(
        "file      {} bytes, SHA-256 {}",
        report.file.bytes,
        report.file.sha256
    );
    say!("judged at {}", report.validated_at);
    for reason in &report.reasons {
        say!("  {}: {}", reason.code, reason.detail);
    }
    for signature in &report.signatures {
        say!();
        say!(
            "{}: {}{}",
            signature.field,
            signature.indication.as_str(),
            sub(signature.sub_indication)
        );
        if let Some(signer) = &signature.signer {
            say!(
                "  signer    {}, certificate {}",
                signer.common_name.as_deref().unwrap_or("(no name)"),
                signer.serial
            );
            say!("  issuer    {}", signer.issuer);
        }
        let level = signature.level.as_deref().unwrap_or("no baseline level");
        say!(
            "  format    {} ({level}), {}",
            signature.format,
            signature.sub_filter
        );
        if let Some(time) = &signature.claimed_at {
            say!("  claimed   {time}");
        }
        for stamp in &signature.timestamps {
            let by = stamp.authority.as_deref().unwrap_or("unknown authority");
            say!(
                "  stamped   {} by {by}: {}{}",
                stamp.time,
                stamp.indication.as_str(),
                sub(stamp.sub_indication)
            );
            for reason in &stamp.reasons {
                say!("    {}: {}", reason.code, reason.detail);
            }
        }
        for change in &signature.changes {
            say!("  changed after signing: {} {}", change.kind, change.detail);
        }
        for reason in &signature.reasons {
            let weight = match reason.weight {
                Weight::Fail => "fail",
                Weight::Warn => "warning",
                Weight::Info => "note",
            };
            say!(
                "  {weight}: {}: {} [{}]",
                reason.code,
                reason.detail,
                reason.clause
            );
        }
    }
}
