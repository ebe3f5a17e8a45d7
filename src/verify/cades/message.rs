//! One SignedData with everything in it: format checking (EN 319 102-1 5.2.2; EN 319 122-1 4), then every signer.

use std::cell::RefCell;
use std::collections::HashMap;

use super::signer::{self, Subject};
use crate::pki::cms::{Layout, SignedData};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::{der, oid};
use crate::record::UtcTime;
use crate::verify::indication::SubIndication;
use crate::verify::judge::Evidence;
use crate::verify::reasons::Findings;
use crate::verify::report::{FileFacts, Report, SignatureReport};

/// Signers judged of one message: real ones have one to three, and each costs path searches.
const MAX_JUDGED: usize = 8;

/// What was signed, hashed once per function.
pub(super) struct Content<'a> {
    bytes: Option<&'a [u8]>,
    digests: RefCell<HashMap<DigestAlgorithm, Vec<u8>>>,
}

impl<'a> Content<'a> {
    pub fn new(bytes: Option<&'a [u8]>) -> Self {
        Self {
            bytes,
            digests: RefCell::default(),
        }
    }

    /// None where the content is not there.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
        let bytes = self.bytes?;
        let mut digests = self.digests.borrow_mut();
        let digest = digests
            .entry(algorithm)
            .or_insert_with(|| algorithm.hash(bytes));
        Some(digest.clone())
    }
}

/// What is known of a message beside itself.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// How its signatures are named in the report.
    pub name: &'a str,
    pub format: &'static str,
    /// The earliest proof of existence of the whole message: an archive manifest that holds.
    pub existed_s: Option<i64>,
}

/// The verdict on a CAdES signature; `content` is the signed file of a detached one.
#[must_use]
pub fn judge_cades(
    message: &[u8],
    content: Option<&[u8]>,
    evidence: &Evidence<'_>,
    control: UtcTime,
) -> Report {
    let mut whole = Findings::default();
    let place = Place {
        name: "signature",
        format: "CAdES",
        existed_s: None,
    };
    let signatures = signatures(message, content, place, evidence, control, &mut whole);
    put_together(message, signatures, whole, control)
}

/// The worst of what was found names the whole.
pub(super) fn put_together(
    file: &[u8],
    signatures: Vec<SignatureReport>,
    mut whole: Findings,
    control: UtcTime,
) -> Report {
    if signatures.is_empty() && whole.passed() {
        whole.doubt(
            SubIndication::NoSignatureFound,
            "NO_SIGNATURE_FOUND",
            "EN 319 102-1 5.2.2",
            "the file carries no signature",
        );
    }
    let worst = signatures.iter().max_by_key(|s| s.indication);
    let (indication, sub_indication) = match worst {
        Some(worst) if worst.indication >= whole.indication => {
            (worst.indication, worst.sub_indication)
        }
        _ => (whole.indication, whole.sub_indication),
    };
    Report {
        file: FileFacts {
            sha256: crate::record::sha256(file).to_string(),
            bytes: u64::try_from(file.len()).unwrap_or(u64::MAX),
        },
        indication,
        sub_indication,
        signatures,
        reasons: whole.reasons,
        validated_at: control.to_rfc3339(),
    }
}

/// Every signer of a message; what concerns the message as a whole goes to `whole`.
pub(super) fn signatures(
    message: &[u8],
    content: Option<&[u8]>,
    place: Place<'_>,
    evidence: &Evidence<'_>,
    control: UtcTime,
    whole: &mut Findings,
) -> Vec<SignatureReport> {
    let unreadable = |whole: &mut Findings, detail: String| {
        whole.fail(
            SubIndication::FormatFailure,
            "CMS_UNREADABLE",
            "RFC 5652 5.1",
            format!("{} is no readable SignedData: {detail}", place.name),
        );
        Vec::new()
    };
    let signed = match SignedData::parse(message) {
        Ok(signed) => signed,
        Err(malformed) => return unreadable(whole, malformed.to_string()),
    };
    let definite = der::normalise(message).map(|(definite, _)| definite);
    let layout = match definite.as_deref().map(Layout::read) {
        Ok(Ok(layout)) => layout,
        Ok(Err(malformed)) => return unreadable(whole, malformed.to_string()),
        Err(malformed) => return unreadable(whole, malformed.to_string()),
    };
    let mut findings = Findings::default();
    let is_enveloping = signed.content.is_some();
    let bytes = match (signed.content.as_deref(), content) {
        (Some(enveloped), Some(given)) if enveloped != given => {
            // Which of the two a reader would take is not for us to guess.
            findings.fail(
                SubIndication::FormatFailure,
                "CONTENT_AMBIGUOUS",
                "RFC 5652 5.1",
                "the message carries another content than the file that was given with it",
            );
            None
        }
        (Some(enveloped), _) => Some(enveloped),
        (None, given) => given,
    };
    if bytes.is_none() && findings.passed() {
        findings.doubt(
            SubIndication::SignedDataNotFound,
            "SIGNED_DATA_NOT_FOUND",
            "EN 319 102-1 5.2.7",
            "the signature is detached, and the signed file was not given",
        );
    }
    // A token is a signature of an authority over a time, no document's.
    if signed.content_type == *oid::ID_CT_TST_INFO {
        findings.doubt(
            SubIndication::SigConstraintsFailure,
            "CONTENT_TYPE_UNEXPECTED",
            "RFC 3161 2.4.2",
            "this is a time-stamp token, not a signature over a document",
        );
    }
    // RFC 5652 5.1 allows a message without signers, to carry certificates: such a one signs nothing.
    if signed.signers.is_empty() {
        whole.fail(
            SubIndication::FormatFailure,
            "SIGNER_INFO_COUNT",
            "EN 319 122-1 4.1",
            format!("{} carries no signature", place.name),
        );
    }
    if signed.signers.len() > MAX_JUDGED {
        whole.doubt(
            SubIndication::SigConstraintsFailure,
            "SIGNATURES_PASSED_OVER",
            "EN 319 102-1 5.2.2",
            format!(
                "of {} signers the first {MAX_JUDGED} were judged",
                signed.signers.len()
            ),
        );
    }
    let content = Content::new(bytes);
    let count = signed.signers.len();
    signed
        .signers
        .iter()
        .zip(&layout.signers)
        .take(MAX_JUDGED)
        .enumerate()
        .map(|(index, (signer, lies))| {
            let subject = Subject {
                signed: &signed,
                layout: &layout,
                signer,
                lies,
                content: &content,
                name: if count == 1 {
                    place.name.to_owned()
                } else {
                    format!("{} {}", place.name, index + 1)
                },
                format: place.format,
                packaging: if is_enveloping {
                    "enveloping"
                } else {
                    "detached"
                },
                existed_s: place.existed_s,
            };
            signer::judge(&subject, findings.clone(), evidence, control)
        })
        .collect()
}
