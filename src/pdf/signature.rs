//! What is known of a signature dictionary before anyone looks into its CMS.
//!
//! ISO 32000-1 12.8.1 (table 252), ETSI EN 319 142-1 5.3 and 6.3.
//!
//! # Invariants
//! * `contents_token` comes from our own lexer, never from ByteRange: the two are compared, not derived.
//! * A field without `problems` covers every byte from 0 to the end of one revision except its own Contents token.

use super::object::ObjId;
use std::fmt;
use std::ops::Range;

/// All that `signatures` found in one file.
#[derive(Debug, Clone)]
pub struct Signatures {
    /// Signatures that the form of the last revision names, in the order of the revisions that brought them.
    pub fields: Vec<SignatureField>,
    /// Signature dictionaries that stand in the file but that no field names.
    pub strays: Vec<Stray>,
    /// The end of each revision, behind the end-of-line after its `%%EOF`, ascending.
    pub revision_ends: Vec<u64>,
    /// Bytes behind the last `%%EOF` and its end-of-line.
    pub unexplained: Option<Range<u64>>,
}

/// A `/ByteRange` outside every signature that the form names: a removed or a hidden signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    pub offset: u64,
    /// The object whose body it stands in, where that can be told.
    pub object: Option<ObjId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    Signature,
    /// `/Type /DocTimeStamp`, SubFilter `ETSI.RFC3161` (ISO 32000-2 12.8.5).
    DocTimeStamp,
}

/// One signed signature field.
#[derive(Debug, Clone)]
pub struct SignatureField {
    /// Fully qualified (ISO 32000-1 12.7.3.2).
    pub name: String,
    /// The field's own object.
    pub field: ObjId,
    /// The signature dictionary.
    pub object: ObjId,
    pub kind: SignatureKind,
    pub filter: String,
    pub sub_filter: String,
    /// The four numbers, when there are four and they lie inside the file.
    pub byte_range: Option<[u64; 4]>,
    /// `<` to `>`, both included, counted from the start of the file.
    pub contents_token: Option<Range<u64>>,
    /// Decoded, zero padding included.
    pub contents: Vec<u8>,
    /// `/M` as written: a claim of the signer.
    pub m: Option<String>,
    pub signer_name: Option<String>,
    pub reason: Option<String>,
    pub location: Option<String>,
    /// End of the revision that brought the signature dictionary.
    pub revision_end: Option<u64>,
    /// P of a DocMDP transform (1, 2 or 3) named by this signature.
    pub doc_mdp: Option<u8>,
    /// Every reason why this is not a well-formed signature; a validator answers FORMAT_FAILURE.
    pub problems: Vec<SignatureProblem>,
}

impl SignatureField {
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.problems.is_empty()
    }

    /// The byte behind the last signed one.
    #[must_use]
    pub fn signed_end(&self) -> Option<u64> {
        let [_, _, start, length] = self.byte_range?;
        start.checked_add(length)
    }

    /// The two signed pieces of the file, to be hashed one after the other.
    #[must_use]
    pub fn signed_parts<'b>(&self, bytes: &'b [u8]) -> Option<[&'b [u8]; 2]> {
        let [a, b, c, d] = self.byte_range?;
        Some([piece(bytes, a, b)?, piece(bytes, c, d)?])
    }
}

fn piece(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// A property that a well-formed PAdES signature does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureProblem {
    /// The value of the field is not a dictionary of its own.
    NotADictionary,
    /// The dictionary lies in an object stream: its Contents has no place in the file (ISO 32000-2 7.5.7 forbids it).
    InObjectStream,
    DuplicateKey,
    /// `/Type` is neither absent, `Sig` nor `DocTimeStamp`, or does not match the SubFilter.
    WrongType,
    NoFilter,
    NoSubFilter,
    NoContents,
    /// Contents is not a hexadecimal string written directly in the dictionary.
    ContentsNotHex,
    ContentsEmpty,
    NoByteRange,
    /// ByteRange is not an array of four whole numbers written directly in the dictionary.
    ByteRangeOdd,
    ByteRangeOutsideFile,
    ByteRangeNotFromStart,
    /// The gap of the ByteRange is not exactly the Contents token.
    GapIsNotContents,
    /// The signed bytes do not end where a revision ends.
    NotAtRevisionEnd,
    /// The signed bytes end at another revision than the one that brought the dictionary.
    OtherRevision,
    /// Two fields name the same signature dictionary.
    SharedDictionary,
    /// Two signatures cover the same bytes or leave out the same gap.
    SharedByteRange,
    /// The same field name twice.
    SharedName,
}

impl SignatureProblem {
    /// Stable name for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            SignatureProblem::NotADictionary => "not-a-dictionary",
            SignatureProblem::InObjectStream => "in-object-stream",
            SignatureProblem::DuplicateKey => "duplicate-key",
            SignatureProblem::WrongType => "wrong-type",
            SignatureProblem::NoFilter => "no-filter",
            SignatureProblem::NoSubFilter => "no-sub-filter",
            SignatureProblem::NoContents => "no-contents",
            SignatureProblem::ContentsNotHex => "contents-not-hex",
            SignatureProblem::ContentsEmpty => "contents-empty",
            SignatureProblem::NoByteRange => "no-byte-range",
            SignatureProblem::ByteRangeOdd => "byte-range-odd",
            SignatureProblem::ByteRangeOutsideFile => "byte-range-outside-file",
            SignatureProblem::ByteRangeNotFromStart => "byte-range-not-from-start",
            SignatureProblem::GapIsNotContents => "gap-is-not-contents",
            SignatureProblem::NotAtRevisionEnd => "not-at-revision-end",
            SignatureProblem::OtherRevision => "other-revision",
            SignatureProblem::SharedDictionary => "shared-dictionary",
            SignatureProblem::SharedByteRange => "shared-byte-range",
            SignatureProblem::SharedName => "shared-name",
        }
    }
}

impl fmt::Display for SignatureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignatureProblem::NotADictionary => "the field's value is not an indirect dictionary",
            SignatureProblem::InObjectStream => "the signature dictionary lies in an object stream",
            SignatureProblem::DuplicateKey => "the signature dictionary names a key twice",
            SignatureProblem::WrongType => {
                "the type of the dictionary is not that of its signature format"
            }
            SignatureProblem::NoFilter => "no Filter",
            SignatureProblem::NoSubFilter => "no SubFilter",
            SignatureProblem::NoContents => "no Contents",
            SignatureProblem::ContentsNotHex => "Contents is not a hexadecimal string",
            SignatureProblem::ContentsEmpty => "Contents is empty",
            SignatureProblem::NoByteRange => "no ByteRange",
            SignatureProblem::ByteRangeOdd => "ByteRange is not an array of four numbers",
            SignatureProblem::ByteRangeOutsideFile => "ByteRange reaches outside the file",
            SignatureProblem::ByteRangeNotFromStart => "ByteRange does not begin at the first byte",
            SignatureProblem::GapIsNotContents => {
                "ByteRange leaves out something else than Contents"
            }
            SignatureProblem::NotAtRevisionEnd => "ByteRange does not end at the end of a revision",
            SignatureProblem::OtherRevision => "ByteRange ends at another revision than its own",
            SignatureProblem::SharedDictionary => "two fields name one signature dictionary",
            SignatureProblem::SharedByteRange => "two signatures leave out the same bytes",
            SignatureProblem::SharedName => "two fields have the same name",
        })
    }
}
