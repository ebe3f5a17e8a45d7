//! A name for a change that no rule permits.

use super::ChangeKind;
use super::compare;
use crate::pdf::document::Indirect;
use crate::pdf::object::{Dict, Value};

/// The kind of an object that was written again with another value.
pub(super) fn of(old: &Indirect<'_>, new: Option<&Indirect<'_>>, is_field: bool) -> ChangeKind {
    let Some(dict) = old.item.value.dict() else {
        // Arrays and plain values serve anything: content lists, boxes, kids.
        return ChangeKind::Structure;
    };
    let keys = new
        .and_then(|new| new.item.value.dict())
        .map(|new| compare::differing_keys(dict, new))
        .unwrap_or_default();
    if dict.has("ByteRange") {
        ChangeKind::SignatureAltered
    } else if is_field {
        of_field(&keys)
    } else if old.data.is_some() {
        of_stream(dict)
    } else {
        of_dict(dict, &keys)
    }
}

fn of_field(keys: &[String]) -> ChangeKind {
    // ISO 32000-1 12.7.3 and 12.7.4: the value and what shows it.
    const FILLED: [&str; 7] = ["V", "AP", "AS", "RV", "I", "M", "DA"];
    const ACTIONS: [&str; 2] = ["A", "AA"];
    if keys.iter().any(|key| ACTIONS.contains(&key.as_str())) {
        ChangeKind::Script
    } else if !keys.is_empty() && keys.iter().all(|key| FILLED.contains(&key.as_str())) {
        ChangeKind::FormFill
    } else {
        ChangeKind::FormField
    }
}

fn of_stream(dict: &Dict<'_>) -> ChangeKind {
    if dict.name_is("Type", "ObjStm") || dict.name_is("Type", "XRef") {
        ChangeKind::ObjectStream
    } else if dict.name_is("Type", "Metadata") || dict.name_is("Type", "EmbeddedFile") {
        ChangeKind::Structure
    } else {
        ChangeKind::PageContent
    }
}

fn of_dict(dict: &Dict<'_>, keys: &[String]) -> ChangeKind {
    let kind = match dict.value("Type") {
        Some(Value::Name(name)) => name.shown(),
        _ => String::new(),
    };
    match kind.as_str() {
        "Catalog" => keys
            .first()
            .map_or(ChangeKind::Structure, |key| of_catalog_key(key)),
        "Page" => keys
            .first()
            .map_or(ChangeKind::PageContent, |key| of_page_key(key)),
        "Pages" => ChangeKind::PageTree,
        "Annot" => ChangeKind::Annotation,
        "OCG" | "OCMD" => ChangeKind::OptionalContent,
        "Action" => ChangeKind::Script,
        "Font" | "FontDescriptor" | "Encoding" | "ExtGState" | "XObject" | "Pattern" => {
            ChangeKind::PageContent
        }
        _ if dict.has("S")
            && (dict.has("JS") || dict.has("URI") || dict.has("D") || dict.has("F")) =>
        {
            ChangeKind::Script
        }
        _ if dict.has("Subtype") && dict.has("Rect") => ChangeKind::Annotation,
        _ => ChangeKind::Structure,
    }
}

/// ISO 32000-1 table 28.
pub(super) fn of_catalog_key(key: &str) -> ChangeKind {
    match key {
        "Pages" | "PageLabels" => ChangeKind::PageTree,
        "AcroForm" | "NeedsRendering" => ChangeKind::FormField,
        "OpenAction" | "AA" | "Names" | "URI" => ChangeKind::Script,
        "OCProperties" => ChangeKind::OptionalContent,
        "Perms" => ChangeKind::SignatureAltered,
        _ => ChangeKind::Structure,
    }
}

/// ISO 32000-1 table 30.
pub(super) fn of_page_key(key: &str) -> ChangeKind {
    match key {
        "Annots" => ChangeKind::Annotation,
        "AA" => ChangeKind::Script,
        "Type" | "Parent" | "Kids" | "Count" => ChangeKind::PageTree,
        "StructParents" | "Metadata" | "PieceInfo" | "LastModified" | "Tabs" => {
            ChangeKind::Structure
        }
        _ => ChangeKind::PageContent,
    }
}
