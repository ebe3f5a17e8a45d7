//! What was made, for a person or as JSON.

use serde_json::json;

use super::{NotMade, Output};
use crate::archive::Made;
use crate::record::SignatureLevel;

/// Writes the file, then says what it is.
///
/// # Errors
/// It could not be written.
pub(in crate::cli) fn conclude(
    made: &Made,
    output: &Output,
    level: SignatureLevel,
    as_json: bool,
) -> Result<(), NotMade> {
    output.write(&made.bytes)?;
    let report = &made.report;
    let file = output.file().display().to_string();
    if as_json {
        let facts = json!({
            "file": file,
            "sha256": report.file.sha256,
            "bytes": report.file.bytes,
            "level": level.as_str(),
            "report": report,
        });
        let text =
            serde_json::to_string_pretty(&facts).map_err(|e| NotMade::plain(e.to_string()))?;
        say!("{text}");
        return Ok(());
    }
    say!(
        "{file}: {}, {} bytes, SHA-256 {}",
        report.indication.as_str(),
        report.file.bytes,
        report.file.sha256
    );
    for signature in &report.signatures {
        let signer = signature.signer.as_ref();
        let name = signer.and_then(|s| s.common_name.as_deref());
        say!(
            "  {}: {} {}, {}",
            signature.field,
            signature.format,
            signature.level.as_deref().unwrap_or("-"),
            name.unwrap_or("-")
        );
    }
    Ok(())
}
