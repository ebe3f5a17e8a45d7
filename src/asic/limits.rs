//! How much a container may hold.

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, folders included. A dossier has some dozens of files; the reference validator of the field stops at 1,000 too.
    pub entries: usize,
    /// All files together, unpacked. Ten scans of 50 MB; a validator holds them in memory.
    pub unpacked_bytes: u64,
    /// Largest factor by which one file may grow. Deflate reaches 1,032; text and XML stay below 50, blank scans below 200.
    pub ratio: u64,
    /// Below this size no ratio is asked for: small files of zeros do no harm.
    pub ratio_from_bytes: u64,
    /// One manifest. 1,000 references of 500 bytes each are half of it.
    pub manifest_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000,
            unpacked_bytes: 512 << 20,
            ratio: 200,
            ratio_from_bytes: 1 << 20,
            manifest_bytes: 1 << 20,
        }
    }
}
