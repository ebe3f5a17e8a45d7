//! Writing the ZIP file of a container (PKWARE APPNOTE 6.3; EN 319 162-1 A.1): `mimetype` first and stored.
//!
//! # Invariants
//! * The same files give the same bytes: no clock is asked, every file carries the earliest date that ZIP knows.
//! * Sizes stand in the header beside the file; no descriptors, no extra fields, no ZIP64.

use std::fmt;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::names::{NameFault, check_name};
use super::{Limits, MIMETYPE};

/// A file to go in.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// Why no container can be made of these files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritable {
    Name {
        name: String,
        fault: NameFault,
    },
    /// Two names that some file systems take for one.
    DoubledName {
        name: String,
    },
    /// More than a reader would take.
    TooMuch,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, fault } => write!(f, "the name {name:?} can't be taken: {fault}"),
            Self::DoubledName { name } => write!(f, "two files share the name {name:?}"),
            Self::TooMuch => f.write_str("the files are too many or too large for a container"),
        }
    }
}

impl std::error::Error for Unwritable {}

/// Deflate looks back 32 KiB: in twice as much it shows what it can do.
const SAMPLE_BYTES: usize = 64 << 10;

/// What both headers of a file say.
struct Written<'a> {
    name: &'a str,
    fields: Vec<u8>,
    at: u32,
}

/// The container of `mime_type` with these files.
///
/// # Errors
/// A name can't be taken, or it is more than a reader would take.
pub fn write(mime_type: &str, files: &[File<'_>]) -> Result<Vec<u8>, Unwritable> {
    let total = check_files(files)?;
    let mut out = Vec::with_capacity(usize::try_from(total).unwrap_or(0) / 2 + 4_096);
    let mut written = vec![stored(&mut out, MIMETYPE, mime_type.as_bytes())?];
    for file in files {
        written.push(packed(&mut out, file)?);
    }
    let start = to_u32(out.len())?;
    for header in &written {
        // APPNOTE 4.3.12: made by version 2.0, on MS-DOS, with no attributes.
        out.extend_from_slice(b"PK\x01\x02\x14\x00");
        out.extend_from_slice(&header.fields);
        // Comment, volume and attributes: none.
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(&header.at.to_le_bytes());
        out.extend_from_slice(header.name.as_bytes());
    }
    let size = to_u32(out.len())?.saturating_sub(start);
    let count = u16::try_from(written.len()).map_err(|_| Unwritable::TooMuch)?;
    out.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    Ok(out)
}

/// Whether these files can go into one container; their size together.
///
/// # Errors
/// A name can't be taken, or it is more than a reader would take.
pub fn check_files(files: &[File<'_>]) -> Result<u64, Unwritable> {
    let limits = Limits::default();
    let total: u64 = files.iter().map(|f| to_u64(f.bytes.len())).sum();
    if files.len() >= limits.entries || total > limits.unpacked_bytes {
        return Err(Unwritable::TooMuch);
    }
    let mut names = std::collections::HashSet::new();
    for file in files {
        check_name(file.name).map_err(|fault| Unwritable::Name {
            name: file.name.to_owned(),
            fault,
        })?;
        if file.name == MIMETYPE || !names.insert(super::comparable(file.name)) {
            return Err(Unwritable::DoubledName {
                name: file.name.to_owned(),
            });
        }
    }
    Ok(total)
}

fn to_u64(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn to_u32(size: usize) -> Result<u32, Unwritable> {
    u32::try_from(size)
        .ok()
        .filter(|size| *size != u32::MAX)
        .ok_or(Unwritable::TooMuch)
}

fn stored<'a>(out: &mut Vec<u8>, name: &'a str, bytes: &[u8]) -> Result<Written<'a>, Unwritable> {
    entry(out, name, bytes, bytes, 0)
}

/// Deflated where that helps. Nothing shrinks beyond what a reader takes as harmless: such a file is stored.
fn packed<'a>(out: &mut Vec<u8>, file: &File<'a>) -> Result<Written<'a>, Unwritable> {
    let limits = Limits::default();
    // Scans, drawings and office files are packed already: a look at their beginning saves packing them for nothing.
    let head = file.bytes.get(..SAMPLE_BYTES).unwrap_or(file.bytes);
    let may_help = deflate(head).is_some_and(|d| d.len() < head.len() - head.len() / 16);
    let deflated = may_help.then(|| deflate(file.bytes)).flatten().filter(|d| {
        let grown = to_u64(d.len()).saturating_mul(limits.ratio);
        d.len() < file.bytes.len()
            && (to_u64(file.bytes.len()) <= limits.ratio_from_bytes
                || to_u64(file.bytes.len()) <= grown)
    });
    match deflated {
        Some(deflated) => entry(out, file.name, file.bytes, &deflated, 8),
        None => stored(out, file.name, file.bytes),
    }
}

fn entry<'a>(
    out: &mut Vec<u8>,
    name: &'a str,
    bytes: &[u8],
    packed: &[u8],
    method: u16,
) -> Result<Written<'a>, Unwritable> {
    let at = to_u32(out.len())?;
    let mut crc = Crc::new();
    crc.update(bytes);
    // APPNOTE 4.4.4 bit 11: the name is UTF-8; said only where it matters, so that mimetype lies as EN 319 162-1 A.1 draws it.
    let flags: u16 = if name.is_ascii() { 0 } else { 1 << 11 };
    let name_bytes = u16::try_from(name.len()).map_err(|_| Unwritable::TooMuch)?;
    let mut fields = Vec::with_capacity(26);
    // Version 2.0 is needed for deflate (APPNOTE 4.4.3.2).
    fields.extend_from_slice(&20_u16.to_le_bytes());
    fields.extend_from_slice(&flags.to_le_bytes());
    fields.extend_from_slice(&method.to_le_bytes());
    // Midnight of 1980-01-01 in MS-DOS form: day 1 of month 1 of year 0.
    fields.extend_from_slice(&[0, 0, 0x21, 0]);
    fields.extend_from_slice(&crc.sum().to_le_bytes());
    fields.extend_from_slice(&to_u32(packed.len())?.to_le_bytes());
    fields.extend_from_slice(&to_u32(bytes.len())?.to_le_bytes());
    fields.extend_from_slice(&name_bytes.to_le_bytes());
    fields.extend_from_slice(&[0, 0]);
    out.extend_from_slice(b"PK\x03\x04");
    out.extend_from_slice(&fields);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(packed);
    Ok(Written { name, fields, at })
}

fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    // Never more than the input and a header per 64 KiB block; what does not fit does not help.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1_024 + 64);
    let mut state = Compress::new(Compression::default(), false);
    let status = state
        .compress_vec(bytes, &mut out, FlushCompress::Finish)
        .ok()?;
    (status == Status::StreamEnd).then_some(out)
}
