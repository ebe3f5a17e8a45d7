//! What happened between a signed revision and the end of the file.
//!
//! The rule: any change that is not provably harmless is forbidden, and each one is named.
//!
//! # Invariants
//! * `Changes::None` and `Changes::Permitted` are given only when every byte behind the signed revision is explained.

mod both;
mod census;
mod compare;
mod evidence;
mod fields;
mod naming;
mod rules;
mod structure;

use super::document::Document;
use super::lexer::is_space;
use super::signatures::bytes_behind;
use super::{Limits, ObjId, Refusal};
use rules::Case;

pub(crate) use census::each_reference;

/// The answer for one signed revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// The file ends with the signed revision.
    None,
    Permitted(Vec<Change>),
    /// At least one change is not provably harmless; the permitted ones are listed too.
    Forbidden(Vec<Change>),
}

/// One change by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    pub object: Option<ObjId>,
    /// In English, for experts; the kind is what is translated.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// An invisible signature field with its signature.
    SignatureAdded,
    /// A signature with an appearance on a page.
    VisibleSignatureAdded,
    /// A document time-stamp (`/DocTimeStamp`).
    TimestampAdded,
    /// Certificates, CRLs, OCSP answers in the DSS.
    SecurityStore,
    /// `/Extensions` or `/Version` of the catalog.
    Extensions,
    /// `/ModDate` or `/Producer` in the Info dictionary.
    DocumentInfo,
    /// The XMP packet of the document.
    Metadata,
    /// An object written again with the same value, or one that nothing names.
    Rewritten,
    PageContent,
    PageTree,
    Structure,
    Annotation,
    FormFill,
    FormField,
    SignatureAltered,
    Freed,
    /// A number that the signed revision names without defining it was given an object.
    HiddenObject,
    ObjectStream,
    Script,
    OptionalContent,
    /// A signature or a lock in the signed revision allows no further change (DocMDP P=1).
    Locked,
    UnexplainedBytes,
    /// The cross-references and the objects in the bytes do not tell the same.
    XrefMismatch,
    /// One of the two revisions cannot be read without guessing.
    Unreadable,
}

impl ChangeKind {
    #[must_use]
    pub fn is_permitted(self) -> bool {
        matches!(
            self,
            ChangeKind::SignatureAdded
                | ChangeKind::VisibleSignatureAdded
                | ChangeKind::TimestampAdded
                | ChangeKind::SecurityStore
                | ChangeKind::Extensions
                | ChangeKind::DocumentInfo
                | ChangeKind::Metadata
                | ChangeKind::Rewritten
        )
    }

    /// Stable name for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ChangeKind::SignatureAdded => "signature-added",
            ChangeKind::VisibleSignatureAdded => "visible-signature-added",
            ChangeKind::TimestampAdded => "timestamp-added",
            ChangeKind::SecurityStore => "security-store",
            ChangeKind::Extensions => "extensions",
            ChangeKind::DocumentInfo => "document-info",
            ChangeKind::Metadata => "metadata",
            ChangeKind::Rewritten => "rewritten",
            ChangeKind::PageContent => "page-content",
            ChangeKind::PageTree => "page-tree",
            ChangeKind::Structure => "structure",
            ChangeKind::Annotation => "annotation",
            ChangeKind::FormFill => "form-fill",
            ChangeKind::FormField => "form-field",
            ChangeKind::SignatureAltered => "signature-altered",
            ChangeKind::Freed => "freed",
            ChangeKind::HiddenObject => "hidden-object",
            ChangeKind::ObjectStream => "object-stream",
            ChangeKind::Script => "script",
            ChangeKind::OptionalContent => "optional-content",
            ChangeKind::Locked => "locked",
            ChangeKind::UnexplainedBytes => "unexplained-bytes",
            ChangeKind::XrefMismatch => "xref-mismatch",
            ChangeKind::Unreadable => "unreadable",
        }
    }
}

/// The changes found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    changes: Vec<Change>,
}

/// More than a person reads; the verdict is the same.
const MAX_CHANGES: usize = 256;

impl Findings {
    fn add(&mut self, kind: ChangeKind, object: Option<ObjId>, detail: impl Into<String>) {
        // A forbidden one always gets in: it decides.
        if self.changes.len() < MAX_CHANGES || !(kind.is_permitted() || self.is_forbidden()) {
            self.changes.push(Change {
                kind,
                object,
                detail: detail.into(),
            });
        }
    }

    fn is_forbidden(&self) -> bool {
        self.changes
            .iter()
            .any(|change| !change.kind.is_permitted())
    }
}

/// Compares the revision that ends at `signed_end` with the file as it is.
#[must_use]
pub fn changes_after(bytes: &[u8], signed_end: u64, limits: &Limits) -> Changes {
    let end = usize::try_from(signed_end)
        .ok()
        .filter(|end| *end <= bytes.len());
    if end == Some(bytes.len()) {
        return Changes::None;
    }
    let mut findings = Findings::default();
    match end.map(|end| examine(bytes, end, limits, &mut findings)) {
        Some(Ok(Outcome::Unchanged)) => return Changes::None,
        Some(Ok(Outcome::Examined)) => {}
        Some(Err(refusal)) => findings.add(ChangeKind::Unreadable, None, refusal.to_string()),
        None => findings.add(
            ChangeKind::Unreadable,
            None,
            "the signed bytes end outside the file",
        ),
    }
    if findings.is_forbidden() {
        Changes::Forbidden(findings.changes)
    } else {
        Changes::Permitted(findings.changes)
    }
}

enum Outcome {
    Unchanged,
    Examined,
}

fn examine(
    bytes: &[u8],
    end: usize,
    limits: &Limits,
    findings: &mut Findings,
) -> Result<Outcome, Refusal> {
    let old = Document::open(bytes.get(..end).unwrap_or_default(), limits)?;
    if bytes_behind(&old).is_some() {
        return Err(Refusal::broken(
            "the signed bytes do not end with a revision",
            end,
        ));
    }
    // A signer may leave out the end-of-line behind `%%EOF`.
    let rest = bytes.get(end..).unwrap_or_default();
    if old.ending.end == end && matches!(rest, b"\n" | b"\r" | b"\r\n") {
        return Ok(Outcome::Unchanged);
    }
    if rest.iter().all(|byte| is_space(*byte)) {
        findings.add(
            ChangeKind::UnexplainedBytes,
            None,
            "blanks behind the end of the file",
        );
        return Ok(Outcome::Examined);
    }
    let new = Document::open(bytes, limits)?;
    let Some(changed) = structure::examine(&old, &new, end, findings)? else {
        return Ok(Outcome::Examined);
    };
    Case::new(&old, &new, changed, findings).examine()?;
    Ok(Outcome::Examined)
}
