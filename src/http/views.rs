//! From the archive's values to what the pages show.

use super::pages::{
    ArchivedMatch, Checked, Force, Frame, LogFact as PageLogFact, LogState, MaskedName, RecordPage,
    ResultLines, StoredBytes,
};
use crate::archive::{Archived, InForce, LogFact, PublicRecord};

pub(super) fn record_page(frame: Frame, record: PublicRecord) -> RecordPage {
    let bytes = match record.unchanged {
        Some(true) => StoredBytes::Same,
        Some(false) => StoredBytes::Different,
        None => StoredBytes::Unreadable,
    };
    RecordPage {
        frame,
        public_id: record.public_id.to_string(),
        lines: ResultLines {
            kind_code: record.record.result_kind.to_string(),
            kind_name: None,
            number: record.record.number.to_string(),
            issued_on: record.record.issued_on,
            office_name: record.office.name,
            office_level: record.office.level,
            owner: MaskedName::of(&record.record.owner.name),
            origin: record.record.origin,
            signed_at: record.signed_at,
            tsa: record.authority,
            stamp_pending: record.stamp_pending,
        },
        checked: Checked {
            bytes,
            sha256: record.file_sha256.to_string(),
            report: record.report,
            office_certificates: vec![record.seal_certificate.to_string()],
            force: force(record.in_force),
            log: log_fact(record.log),
        },
    }
}

pub(super) fn archived_match(found: Archived) -> ArchivedMatch {
    ArchivedMatch {
        public_id: found.public_id.to_string(),
        longer_lived: found.longer_lived.map(|level| level.as_str()),
        stamp_pending: found.stamp_pending,
        force: force(found.in_force),
        log: log_fact(found.log),
    }
}

const fn force(in_force: InForce) -> Force {
    match in_force {
        InForce::Unlimited => Force::Unlimited,
        InForce::Until(date) => Force::Until(date),
        InForce::Expired(date) => Force::Expired(date),
    }
}

fn log_fact(fact: LogFact) -> PageLogFact {
    let blank = |state| PageLogFact {
        state,
        index: None,
        tree_size: None,
        root: None,
        origin: None,
        leaf_hash: None,
    };
    match fact {
        LogFact::Included {
            index,
            tree_size,
            root,
            leaf_hash,
            origin,
        } => PageLogFact {
            state: LogState::Included,
            index: Some(index),
            tree_size: Some(tree_size),
            root: Some(root.to_base64()),
            origin: Some(origin),
            leaf_hash: Some(leaf_hash.to_base64()),
        },
        LogFact::Mismatch { index } => PageLogFact {
            index: Some(index),
            ..blank(LogState::Mismatch)
        },
        LogFact::CouldNotCheck { why } => {
            tracing::error!(why, "a log proof could not be made");
            blank(LogState::CouldNotCheck)
        }
    }
}
