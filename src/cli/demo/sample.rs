//! The sample: one result, filed, signed, archived and logged the way every other is.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::archive::{Archive, Refusal};
use crate::cli::disk::replace;
use crate::province::Province;
use crate::record::{Date, Fault, ResultId, ResultRecord};

/// Made for this project: looks like a short decision; no real person or office.
const PDF: &[u8] = include_bytes!("../../../web/demo/decision.pdf");

pub(super) struct Sample {
    pub id: ResultId,
    pub verify_url: String,
    pub file: PathBuf,
}

pub(super) fn make(archive: &Archive, province: &Province, dir: &Path) -> Result<Sample, Fault> {
    let offices = province.offices();
    let office = &offices
        .first()
        .ok_or_else(|| Fault::plain("the demo province has no office"))?
        .office;
    let record_file = dir.join("sample-record.json");
    let unsigned = dir.join("sample-unsigned.pdf");
    // The file before its record: where the record is, both are.
    if !unsigned.exists() {
        replace(&unsigned, PDF, 0o600)?;
    }
    if !record_file.exists() {
        let today = archive.now().date_in_vietnam();
        let text = record_json(office.code.as_str(), today)?;
        replace(&record_file, text.as_bytes(), 0o600)?;
    }
    let text =
        std::fs::read(&record_file).map_err(|e| Fault::new("reading sample-record.json", e))?;
    let record = ResultRecord::from_json(&text)
        .map_err(|problems| Fault::plain(format!("the sample's record: {problems:?}")))?;
    let accepted = archive
        .accept_sample(office.code.clone(), record, PDF.to_vec())
        .map_err(|refusal| match refusal {
            Refusal::Fault(fault) | Refusal::Key(fault) => fault,
            other => Fault::plain(format!("filing the sample: {other:?}")),
        })?;
    let pass = archive.gate().of_the_house();
    let found = archive
        .find(&pass, &accepted.receipt.id, crate::archive::Wanted::Newest)?
        .ok_or_else(|| Fault::plain("the sample is not found"))?;
    let file = dir.join("sample-signed.pdf");
    replace(&file, &archive.file(&found, None)?, 0o600)?;
    Ok(Sample {
        id: accepted.receipt.id,
        verify_url: accepted.receipt.verify_url,
        file,
    })
}

fn record_json(office: &str, today: Date) -> Result<String, Fault> {
    let record = json!({
        "dossier_code": format!("{office}-{:02}{:02}{:02}-0001", today.year().rem_euclid(100), today.month(), today.day()),
        "procedure_code": "1.004194",
        "result_kind": "KQ.G15.000031",
        "title": "Quyết định về việc giải quyết thủ tục hành chính (bản mẫu)",
        "number": "01/QĐ-UBND",
        "issued_on": today.to_string(),
        "owner": {"name": "Nguyễn Văn An", "personal_id": "022190001234"},
        "validity": {"unlimited": true},
        "origin": "born_digital",
    });
    serde_json::to_string_pretty(&record).map_err(|e| Fault::new("encoding the sample's record", e))
}
