//! Any file: told by its content, and judged as what it is.

use super::cades::{judge_asic, judge_cades, judge_unsupported, needs_asic, needs_cades};
use super::judge::{Evidence, judge};
use super::kind::{Kind, kind};
use super::needs::{Need, needs};
use super::report::Report;
use crate::pki::cert::Certificate;
use crate::record::UtcTime;
use crate::trust::{Anchors, Memory};

/// The verdict on `file`; `content` is what a detached signature was made over.
#[must_use]
pub fn judge_file(
    file: &[u8],
    content: Option<&[u8]>,
    evidence: &Evidence<'_>,
    control: UtcTime,
) -> Report {
    match kind(file) {
        // What is nothing known is looked at as a PDF: the report says why it is none.
        Kind::Pdf | Kind::Unknown => judge(file, evidence, control),
        Kind::Cms => judge_cades(file, content, evidence, control),
        Kind::Asic => judge_asic(file, evidence, control),
        kind @ (Kind::Xades | Kind::Jades) => judge_unsupported(file, kind, control),
    }
}

/// Which certificates' status to get before [`judge_file`].
#[must_use]
pub fn needs_file(
    file: &[u8],
    anchors: &Anchors,
    extra: &[Certificate],
    memory: &Memory,
) -> Vec<Need> {
    match kind(file) {
        Kind::Pdf | Kind::Unknown => needs(file, anchors, extra, memory),
        Kind::Cms => needs_cades(file, anchors, extra, memory),
        Kind::Asic => needs_asic(file, anchors, extra, memory),
        Kind::Xades | Kind::Jades => Vec::new(),
    }
}
