//! Why a file cannot be signed, or cannot be read without guessing.
//!
//! # Invariants
//! * A refusal is about the file or about what was asked of it, never about us: each one has a remedy on the sender's side.
//! * `code()` is stable: pages, API and translations hang on it.

use std::fmt;

/// The file as it stands is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No `%PDF-` header in the first 1,024 bytes.
    NotPdf,
    /// More bytes than the service takes.
    TooLarge { bytes: u64, limit_bytes: u64 },
    /// The trailer names an encryption dictionary: what is shown depends on a password.
    Encrypted,
    /// The form is XFA: what is shown is computed from XML that no revision check can follow.
    Xfa,
    /// A trailer with `/XRefStm`: old and new readers see different objects.
    HybridXref,
    /// The structure does not say one thing only; `offset` is the byte in the file where known.
    Broken {
        what: &'static str,
        offset: Option<u64>,
    },
    /// A page that is not an object of its own (ISO 32000-1 7.7.3.2: Kids are indirect references).
    DirectPage,
    /// A dictionary that we rely on names a key twice: readers differ in which one they take.
    DuplicateKey { key: String, offset: Option<u64> },
    /// The page tree has fewer pages; the first one is 0.
    NoSuchPage { page: u32, pages: u64 },
    /// No form field has this name.
    NoSuchField { name: String },
    /// The field is there, but it takes something else than a signature.
    NotASignatureField { name: String },
    /// The field has its signature.
    FieldAlreadySigned { name: String },
    /// The field's author demands something of the signature that we do not do, or the field cannot be filled as it is written.
    FieldDemands { name: String, what: &'static str },
    /// Pages of a signed file are not changed.
    CarriesSignatures,
    /// What is to be shown is malformed or has no place on the page.
    Appearance { what: &'static str },
    /// A signature forbids every change (DocMDP P=1, a field lock with P=1) or any new field (FieldMDP over all fields).
    LockedByCertification { field: String },
    /// A budget of `Limits` was used up.
    OverBudget { what: &'static str },
    /// The certificate and signature data do not fit a signature dictionary.
    ContentsSize { bytes: usize },
}

impl Refusal {
    /// Stable name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotPdf => "pdf-not-pdf",
            Refusal::TooLarge { .. } => "pdf-too-large",
            Refusal::Encrypted => "pdf-encrypted",
            Refusal::Xfa => "pdf-xfa",
            Refusal::HybridXref => "pdf-hybrid-xref",
            Refusal::Broken { .. } => "pdf-broken",
            Refusal::DirectPage => "pdf-direct-page",
            Refusal::DuplicateKey { .. } => "pdf-duplicate-key",
            Refusal::NoSuchPage { .. } => "pdf-no-such-page",
            Refusal::NoSuchField { .. } => "pdf-no-such-field",
            Refusal::NotASignatureField { .. } => "pdf-not-a-signature-field",
            Refusal::FieldAlreadySigned { .. } => "pdf-field-already-signed",
            Refusal::FieldDemands { .. } => "pdf-field-demands",
            Refusal::CarriesSignatures => "pdf-carries-signatures",
            Refusal::Appearance { .. } => "pdf-appearance",
            Refusal::LockedByCertification { .. } => "pdf-locked-by-certification",
            Refusal::OverBudget { .. } => "pdf-over-budget",
            Refusal::ContentsSize { .. } => "pdf-contents-size",
        }
    }

    /// A damaged or ambiguous place, by its offset.
    pub(crate) fn broken(what: &'static str, offset: usize) -> Refusal {
        Refusal::Broken {
            what,
            offset: u64::try_from(offset).ok(),
        }
    }

    /// Damage that has no single place.
    pub(crate) fn damaged(what: &'static str) -> Refusal {
        Refusal::Broken { what, offset: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotPdf => f.write_str("not a PDF file"),
            Refusal::TooLarge { bytes, limit_bytes } => {
                write!(f, "{bytes} bytes, more than the limit of {limit_bytes}")
            }
            Refusal::Encrypted => f.write_str("the file is encrypted"),
            Refusal::Xfa => f.write_str("the file holds an XFA form"),
            Refusal::HybridXref => {
                f.write_str("hybrid cross-references: two readers see two files")
            }
            Refusal::Broken {
                what,
                offset: Some(at),
            } => write!(f, "{what} (byte {at})"),
            Refusal::Broken { what, offset: None } => f.write_str(what),
            Refusal::DirectPage => f.write_str("a page is not an indirect object"),
            Refusal::DuplicateKey {
                key,
                offset: Some(at),
            } => {
                write!(
                    f,
                    "the key /{key} stands twice in one dictionary (byte {at})"
                )
            }
            Refusal::DuplicateKey { key, offset: None } => {
                write!(f, "the key /{key} stands twice in one dictionary")
            }
            Refusal::NoSuchPage { page, pages } => {
                let page = u64::from(*page).saturating_add(1);
                write!(f, "there is no page {page}, the file has {pages}")
            }
            Refusal::NoSuchField { name } => write!(f, "there is no field {name:?}"),
            Refusal::NotASignatureField { name } => {
                write!(f, "the field {name:?} takes no signature")
            }
            Refusal::FieldAlreadySigned { name } => {
                write!(f, "the field {name:?} is signed already")
            }
            Refusal::FieldDemands { name, what } => {
                write!(f, "the field {name:?} cannot be signed: {what}")
            }
            Refusal::CarriesSignatures => {
                f.write_str("the file is signed: its pages are not changed any more")
            }
            Refusal::Appearance { what } => write!(f, "the stamp cannot be placed: {what}"),
            Refusal::LockedByCertification { field } => {
                write!(f, "signature {field:?} forbids a further signature")
            }
            Refusal::OverBudget { what } => write!(f, "too much work: {what}"),
            Refusal::ContentsSize { bytes } => {
                write!(f, "no room of {bytes} bytes can be kept for a signature")
            }
        }
    }
}

impl std::error::Error for Refusal {}
