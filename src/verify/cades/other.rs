//! Files of formats that are not supported: a clear word, never a verdict on what was not looked at.

use super::message::put_together;
use crate::record::UtcTime;
use crate::verify::indication::SubIndication;
use crate::verify::kind::Kind;
use crate::verify::reasons::Findings;
use crate::verify::report::Report;

/// The report on a file that [`kind`](crate::verify::kind) takes for none of the supported formats.
#[must_use]
pub fn judge_unsupported(bytes: &[u8], kind: Kind, control: UtcTime) -> Report {
    let mut findings = Findings::default();
    match kind {
        Kind::Xades => not_supported(&mut findings, "XAdES (XML signature)"),
        Kind::Jades => not_supported(&mut findings, "JAdES (JSON signature)"),
        Kind::Pdf | Kind::Cms | Kind::Asic | Kind::Unknown => findings.doubt(
            SubIndication::NoSignatureFound,
            "NO_SIGNATURE_FOUND",
            "EN 319 102-1 5.2.2",
            "the file is neither a PDF nor a signature nor a container of a supported format; for a detached signature (.p7s) give that file, and the signed one beside it",
        ),
    }
    put_together(bytes, Vec::new(), findings, control)
}

fn not_supported(findings: &mut Findings, format: &str) {
    // The signature was not looked at: nothing is known of it, good or bad.
    findings.doubt(
        SubIndication::SignedDataNotFound,
        "FORMAT_NOT_SUPPORTED",
        "EN 319 102-1 5.2.2",
        format!("{format} is not a supported signature format; nothing is said of the signature"),
    );
}
