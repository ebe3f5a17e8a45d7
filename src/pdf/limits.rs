//! What one file may cost us, whoever made it.
//!
//! # Invariants
//! * Every loop and every allocation of `pdf` that depends on the input is bounded by one of these figures.

/// Budgets for one file. The defaults are for a public service that reads strangers' files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// 64 MiB: the largest upload (50 MB) with room for the increments of many signatures.
    pub max_file_bytes: u64,
    /// ISO 32000-1 Annex C, table C.1: a conforming reader of 32 bits handles 8,388,607 indirect objects.
    pub max_object_number: u32,
    /// Arrays and dictionaries inside each other. Real files stay under 20; the parser's own stack use is what this bounds.
    pub max_depth: usize,
    /// Values in one indirect object: 500,000 x about 64 bytes of memory each = 32 MB at most.
    pub max_values: usize,
    /// All object and cross-reference streams of one file together, inflated.
    pub max_inflated_bytes: u64,
    /// Inflated size over stored size, counted above 1 MiB of output: cross-reference streams reach about 100.
    pub max_inflate_ratio: u64,
    /// Cross-reference sections in one chain: one or two per saved revision; 50 signatures need about 100.
    pub max_sections: usize,
    /// Page tree levels from the root to a page; a balanced tree of 10 children per node holds 10^50 pages.
    pub max_page_depth: usize,
    /// Pages looked at when a list of annotations must be matched to its page.
    pub max_pages: usize,
    /// Form fields looked at, whole tree.
    pub max_fields: usize,
    /// Signed fields looked at: each costs a decoded Contents.
    pub max_signatures: usize,
    /// One certificate, CRL or OCSP answer of the security store, inflated: the largest public CRLs are about 10 MB.
    pub max_evidence_entry_bytes: u64,
    /// The security store as a whole, inflated; as large as a file may be.
    pub max_evidence_bytes: u64,
    /// References to them, repeated ones too: 1,000 signatures with ten each.
    pub max_evidence_entries: usize,
    /// Bytes run over by the parser, all objects together, as a multiple of the file (plus what was inflated):
    /// an honest reader meets each byte a few times, overlapping objects of a hostile file would cost n^2.
    pub max_parse_factor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_file_bytes: 64 << 20,
            max_object_number: 8_388_607,
            max_depth: 100,
            max_values: 500_000,
            max_inflated_bytes: 64 << 20,
            max_inflate_ratio: 200,
            max_sections: 512,
            max_page_depth: 50,
            max_pages: 100_000,
            max_fields: 20_000,
            max_signatures: 1_000,
            max_evidence_entry_bytes: 16 << 20,
            max_evidence_bytes: 64 << 20,
            max_evidence_entries: 10_000,
            max_parse_factor: 8,
        }
    }
}
