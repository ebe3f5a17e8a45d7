//! Containers with CAdES signatures (EN 319 162-1 4.3, 4.4, A.7): each signature over its manifest or data file, archive manifests over all.
//!
//! # Invariants
//! * Every file is `mimetype`, a manifest with its signature, such a signature, or a file that a signature covers; any other is named and
//!   the container fails.

use std::collections::HashSet;

use super::assertion::{self, Assertion};
use super::manifests::Files;
use super::message::{Place, put_together, signatures};
use crate::asic::{self, Container, Limits, MIME_ASIC_E, MIME_ASIC_S, Manifest, Refusal, Role};
use crate::record::UtcTime;
use crate::verify::indication::SubIndication;
use crate::verify::judge::Evidence;
use crate::verify::reasons::Findings;
use crate::verify::report::{Coverage, Report, SignatureReport};

/// Signatures judged of one container; a dossier has a handful, and each costs path searches.
const MAX_SIGNATURES: usize = 32;
/// Manifests read of one container: one per signature, and one per renewal.
const MAX_MANIFESTS: usize = 96;

/// Files that belong to nothing, named one by one.
const STRAYS_SAID_AT_MOST: usize = 32;

/// A manifest with the file it is.
pub(super) struct Listed<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub manifest: Manifest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One data file, signed or stamped itself.
    Simple,
    /// Any number of data files, by way of manifests.
    Extended,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Simple => "ASiC-S",
            Self::Extended => "ASiC-E",
        }
    }
}

/// The verdict on a container.
#[must_use]
pub fn judge_asic(bytes: &[u8], evidence: &Evidence<'_>, control: UtcTime) -> Report {
    let mut whole = Findings::default();
    let container = match asic::read(bytes, &Limits::default()) {
        Ok(container) => container,
        Err(refusal) => {
            unreadable(&refusal, &mut whole);
            return put_together(bytes, Vec::new(), whole, control);
        }
    };
    let Some(form) = form(&container, &mut whole) else {
        return put_together(bytes, Vec::new(), whole, control);
    };
    let reports = judge_parts(&container, form, evidence, control, &mut whole);
    put_together(bytes, reports, whole, control)
}

fn unreadable(refusal: &Refusal, whole: &mut Findings) {
    let code = refusal.code().to_uppercase().replace('-', "_");
    let detail = format!("the container can't be read: {refusal}");
    match refusal {
        // Nothing can be seen inside, so nothing is said of its signatures.
        Refusal::OverLimit(_) | Refusal::NotSupported(_) => whole.doubt(
            SubIndication::SignedDataNotFound,
            &code,
            "EN 319 102-1 5.2.2",
            detail,
        ),
        _ => whole.fail(
            SubIndication::FormatFailure,
            &code,
            "EN 319 162-1 A.1",
            detail,
        ),
    }
}

fn form(container: &Container<'_>, whole: &mut Findings) -> Option<Form> {
    let has = |role| container.entries.iter().any(|e| Role::of(&e.name) == role);
    match container.mime_type.as_deref() {
        Some(MIME_ASIC_E) => Some(Form::Extended),
        Some(MIME_ASIC_S) => Some(Form::Simple),
        Some(other) => {
            whole.fail(
                SubIndication::FormatFailure,
                "CONTAINER_MEDIA_TYPE",
                "EN 319 162-1 A.1",
                format!("{other:?} is the media type of no supported container"),
            );
            None
        }
        // 4.3.3.1, 4.4.3.1: it may be left out.
        None => {
            whole.info(
                "CONTAINER_MEDIA_TYPE_ABSENT",
                "EN 319 162-1 A.1",
                "the container does not say what it is; its manifests tell",
            );
            Some(if has(Role::Manifest) || has(Role::Xades) {
                Form::Extended
            } else {
                Form::Simple
            })
        }
    }
}

fn judge_parts(
    container: &Container<'_>,
    form: Form,
    evidence: &Evidence<'_>,
    control: UtcTime,
    whole: &mut Findings,
) -> Vec<SignatureReport> {
    let files = Files::new(container);
    let listed = manifests(container, whole);
    let data = match of_role(container, Role::Data)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [one] if form == Form::Simple => Some(*one),
        other => {
            if form == Form::Simple {
                whole.fail(
                    SubIndication::FormatFailure,
                    "CONTAINER_DATA_COUNT",
                    "EN 319 162-1 4.3.3",
                    format!(
                        "an ASiC-S container holds one data file, not {}",
                        other.len()
                    ),
                );
            }
            None
        }
    };
    let assertions =
        assertion::judge_all(container, &listed, data, &files, evidence, control, whole);
    let mut signed: HashSet<String> = HashSet::new();
    let mut reports = Vec::new();
    let messages: Vec<(&str, &[u8])> = of_role(container, Role::Cades).collect();
    if messages.is_empty() {
        // 4.3.2, 4.4.2: a container may hold time-stamps alone; then these are what speaks of its files.
        signed.extend(assertions.iter().flat_map(|a| a.covers.iter().cloned()));
    }
    if messages.len() > MAX_SIGNATURES {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNATURES_PASSED_OVER",
            "EN 319 102-1 5.2.2",
            format!(
                "of {} signatures the first {MAX_SIGNATURES} were judged",
                messages.len()
            ),
        );
    }
    for (name, message) in messages.into_iter().take(MAX_SIGNATURES) {
        let mut findings = Findings::default();
        let mut covered: Vec<String> = Vec::new();
        let over = match form {
            Form::Simple => data.map(|(data_name, bytes)| {
                covered.push(data_name.to_owned());
                bytes
            }),
            Form::Extended => {
                let manifest = manifest_of(name, &listed, &mut findings);
                if let Some(manifest) = manifest {
                    files.check(&manifest.manifest, control.unix_s(), &mut findings);
                    let names = manifest.manifest.references.iter().map(|r| r.name.clone());
                    covered.extend(names);
                }
                manifest.map(|m| m.bytes)
            }
        };
        let manifest_name = listed
            .iter()
            .find(|l| l.manifest.signature == name)
            .map(|l| l.name);
        let place = Place {
            name,
            format: form.name(),
            existed_s: assertion::earliest(&assertions, name, manifest_name),
        };
        let mut found = signatures(message, over, place, evidence, control, whole);
        // A file is signed only where there is a signature over it.
        if !found.is_empty() {
            signed.extend(covered);
        }
        let uncovered = uncovered(container, form, name, &listed);
        for report in &mut found {
            merge(report, &findings);
            if !uncovered.is_empty() {
                report.coverage = Coverage::Revision;
                let mut said = Findings::default();
                said.warn(
                    "FILES_NOT_COVERED",
                    "EN 319 162-1 4.4.3",
                    format!("this signature does not cover {}", uncovered.join(", ")),
                );
                merge(report, &said);
            }
        }
        reports.extend(found);
    }
    say_strays(container, &listed, &signed, &assertions, whole);
    reports.extend(assertions.into_iter().map(|a| a.report));
    reports
}

pub(super) fn of_role<'c>(
    container: &'c Container<'_>,
    role: Role,
) -> impl Iterator<Item = (&'c str, &'c [u8])> {
    container
        .entries
        .iter()
        .filter(move |e| Role::of(&e.name) == role)
        .map(|e| (e.name.as_str(), e.bytes.as_ref()))
}

fn manifests<'c>(container: &'c Container<'_>, whole: &mut Findings) -> Vec<Listed<'c>> {
    let mut listed = Vec::new();
    let all = of_role(container, Role::Manifest).chain(of_role(container, Role::ArchiveManifest));
    for (count, (name, bytes)) in all.enumerate() {
        if count >= MAX_MANIFESTS {
            whole.doubt(
                SubIndication::SigConstraintsFailure,
                "MANIFESTS_PASSED_OVER",
                "EN 319 102-1 5.2.2",
                format!("only the first {MAX_MANIFESTS} manifests were read"),
            );
            break;
        }
        match Manifest::parse(bytes) {
            Ok(manifest) => listed.push(Listed {
                name,
                bytes,
                manifest,
            }),
            Err(fault) => whole.fail(
                SubIndication::FormatFailure,
                "MANIFEST_UNREADABLE",
                "EN 319 162-1 A.4",
                format!("{name:?} can't be taken for a manifest: {fault}"),
            ),
        }
    }
    listed
}

/// 4.4.3.2: the one manifest that names this signature.
fn manifest_of<'l, 'c>(
    name: &str,
    listed: &'l [Listed<'c>],
    findings: &mut Findings,
) -> Option<&'l Listed<'c>> {
    let mut naming = listed.iter().filter(|l| l.manifest.signature == name);
    let first = naming.next();
    if first.is_none() {
        findings.fail(
            SubIndication::FormatFailure,
            "SIGNATURE_WITHOUT_MANIFEST",
            "EN 319 162-1 4.4.3.2",
            format!("no manifest names {name:?}"),
        );
    }
    if naming.next().is_some() {
        findings.fail(
            SubIndication::FormatFailure,
            "MANIFEST_AMBIGUOUS",
            "EN 319 162-1 4.4.3.2",
            format!("several manifests name {name:?}"),
        );
    }
    first
}

/// Data files that the manifest of this signature does not name.
fn uncovered(
    container: &Container<'_>,
    form: Form,
    signature: &str,
    listed: &[Listed<'_>],
) -> Vec<String> {
    if form == Form::Simple {
        return Vec::new();
    }
    let Some(own) = listed.iter().find(|l| l.manifest.signature == signature) else {
        return Vec::new();
    };
    of_role(container, Role::Data)
        .filter(|(name, _)| own.manifest.reference(name).is_none())
        .map(|(name, _)| format!("{name:?}"))
        .take(8)
        .collect()
}

/// Files that nothing covers, and manifests and tokens that belong to nothing.
fn say_strays(
    container: &Container<'_>,
    listed: &[Listed<'_>],
    signed: &HashSet<String>,
    assertions: &[Assertion],
    whole: &mut Findings,
) {
    let mut said = 0;
    let mut fail = |code: &str, detail: String| {
        said += 1;
        // A container of 1,000 strays is no better for their being listed; the first few tell.
        if said > STRAYS_SAID_AT_MOST {
            return;
        }
        whole.fail(
            SubIndication::FormatFailure,
            code,
            "EN 319 162-1 4.4.3",
            detail,
        );
    };
    for entry in &container.entries {
        let name = entry.name.as_str();
        match Role::of(name) {
            Role::Data | Role::Other | Role::Mimetype if !signed.contains(name) => fail(
                "FILE_NOT_SIGNED",
                format!("{name:?} is covered by no signature: it may have been put in by anybody"),
            ),
            Role::Manifest | Role::ArchiveManifest => {
                let own = listed.iter().find(|l| l.name == name);
                let target = own.map(|l| l.manifest.signature.as_str());
                if target.is_some_and(|target| container.find(target).is_none()) {
                    fail(
                        "MANIFEST_WITHOUT_SIGNATURE",
                        format!("the signature that {name:?} names is not there"),
                    );
                }
            }
            Role::Timestamp if !assertions.iter().any(|a| a.token == name) => fail(
                "TIMESTAMP_WITHOUT_MANIFEST",
                format!("nothing says what {name:?} stamps"),
            ),
            _ => {}
        }
    }
    if of_role(container, Role::Xades).next().is_some() {
        whole.doubt(
            SubIndication::SignedDataNotFound,
            "FORMAT_NOT_SUPPORTED",
            "EN 319 102-1 5.2.2",
            "XAdES signatures in a container are not supported; nothing is said of them",
        );
    }
    if of_role(container, Role::EvidenceRecord).next().is_some() {
        whole.warn(
            "EVIDENCE_RECORD_NOT_JUDGED",
            "EN 319 162-1 4.4.3",
            "the container carries an evidence record, of which nothing is said here",
        );
    }
}

/// What was found beside a signature counts for it.
fn merge(report: &mut SignatureReport, findings: &Findings) {
    if findings.indication > report.indication {
        report.indication = findings.indication;
        report.sub_indication = findings.sub_indication;
    }
    report.reasons.extend(findings.reasons.iter().cloned());
}
