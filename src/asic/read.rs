//! Reading the ZIP file of a container (PKWARE APPNOTE 6.3; EN 319 162-1 A.1), strictly.
//!
//! # Invariants
//! * Headers, packed bytes and descriptors of all files, one after another, then the central directory, then its end, make up the whole file.
//! * The header beside a file and the one in the directory say the same.

use std::borrow::Cow;
use std::collections::HashSet;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::names::{check_name, comparable};
use super::{Limits, MIMETYPE, Refusal};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

const END_BYTES: usize = 22;

/// APPNOTE 4.4.4: bits 1 and 2 tell how hard was packed, 3 that a descriptor follows, 11 that the name is UTF-8. All others (encryption,
/// patches, masked headers) change what the bytes mean.
const DESCRIBED: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;
const KNOWN_FLAGS: u16 = 1 << 1 | 1 << 2 | DESCRIBED | UTF8;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// EN 319 162-1 A.1: the comment of the file may repeat the mime-type; no other is taken.
const COMMENT: &[u8] = b"mimetype=";
const COMMENT_BYTES: usize = 128;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    pub name: String,
    pub bytes: Cow<'a, [u8]>,
}

/// All files in the order in which they lie, `mimetype` and folders left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container<'a> {
    /// Content of `mimetype`.
    pub mime_type: Option<String>,
    pub entries: Vec<Entry<'a>>,
}

impl Container<'_> {
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&[u8]> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.bytes.as_ref())
    }
}

/// What the directory says of one file.
struct Header {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: usize,
    unpacked: u64,
    at: usize,
}

/// Little-endian fields, taken one after another.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Refusal::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn signature(&mut self, expected: [u8; 4]) -> Result<(), Refusal> {
        if self.take(4)? == expected {
            Ok(())
        } else {
            Err(Refusal::Truncated)
        }
    }

    fn u16(&mut self) -> Result<u16, Refusal> {
        let bytes: [u8; 2] = self.take(2)?.try_into().map_err(|_| Refusal::Truncated)?;
        Ok(u16::from_le_bytes(bytes))
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| Refusal::Truncated)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn size(&mut self) -> Result<usize, Refusal> {
        let size = self.u32()?;
        // APPNOTE 4.3.9.2: this value says that the true one stands in a ZIP64 field.
        if size == u32::MAX {
            return Err(Refusal::NotSupported("ZIP64"));
        }
        usize::try_from(size).map_err(|_| Refusal::OverLimit("the size of a file"))
    }
}

/// Reads and unpacks everything.
///
/// # Errors
/// It is not a ZIP file, or not one that every reader reads alike, or more than the limits allow.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Container<'a>, Refusal> {
    let (directory, count) = directory(bytes)?;
    if count > limits.entries {
        return Err(Refusal::OverLimit("the number of files"));
    }
    let mut headers = headers(bytes.get(directory.clone()).unwrap_or_default(), count)?;
    check_headers(&headers, limits)?;
    // Where the files lie is what counts: EN 319 162-1 A.1 speaks of the first file of the container.
    headers.sort_by_key(|header| header.at);
    let mut entries = Vec::with_capacity(headers.len());
    let mut mime_type = None;
    let mut at = 0;
    for (index, header) in headers.iter().enumerate() {
        if header.at != at {
            return Err(Refusal::StrayBytes { at });
        }
        let (packed, end) = local(bytes, header)?;
        at = end;
        let content = unpack(header, packed)?;
        if header.name == MIMETYPE {
            if index != 0 {
                return Err(Refusal::Mimetype("it is not the first file"));
            }
            mime_type = Some(mime_type_of(&content)?);
        } else if !header.name.ends_with('/') {
            entries.push(Entry {
                name: header.name.clone(),
                bytes: content,
            });
        }
    }
    if at != directory.start {
        return Err(Refusal::StrayBytes { at });
    }
    Ok(Container { mime_type, entries })
}

/// Where the central directory lies, and how many files it lists (APPNOTE 4.3.16).
fn directory(bytes: &[u8]) -> Result<(std::ops::Range<usize>, usize), Refusal> {
    let end_at = (0..=COMMENT_BYTES)
        .filter_map(|comment| bytes.len().checked_sub(END_BYTES + comment))
        .find(|at| ends_at(bytes, *at))
        .ok_or(Refusal::NoDirectory)?;
    let mut fields = Fields(bytes.get(end_at..).unwrap_or_default());
    fields.signature(END)?;
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let (here, count) = (fields.u16()?, fields.u16()?);
    let (size, start) = (fields.size()?, fields.size()?);
    if (disk, directory_disk) != (0, 0) || here != count {
        return Err(Refusal::NotSupported("several volumes"));
    }
    if count == u16::MAX {
        return Err(Refusal::NotSupported("ZIP64"));
    }
    if start.checked_add(size) != Some(end_at) {
        return Err(Refusal::StrayBytes { at: start });
    }
    Ok((start..end_at, usize::from(count)))
}

fn ends_at(bytes: &[u8], at: usize) -> bool {
    let tail = bytes.get(at..).unwrap_or_default();
    let comment = tail.get(END_BYTES..).unwrap_or_default();
    let length = tail.get(END_BYTES - 2..END_BYTES).unwrap_or_default();
    let says = u16::try_from(comment.len()).map(u16::to_le_bytes);
    tail.starts_with(&END)
        && says.is_ok_and(|says| says == *length)
        && (comment.is_empty() || comment.starts_with(COMMENT))
}

fn headers(directory: &[u8], count: usize) -> Result<Vec<Header>, Refusal> {
    let mut fields = Fields(directory);
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        headers.push(central(&mut fields)?);
    }
    if fields.0.is_empty() {
        Ok(headers)
    } else {
        Err(Refusal::StrayBytes {
            at: directory.len().saturating_sub(fields.0.len()),
        })
    }
}

/// APPNOTE 4.3.12.
fn central(fields: &mut Fields<'_>) -> Result<Header, Refusal> {
    fields.signature(CENTRAL)?;
    let made_by = fields.u16()?;
    let _needed = fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let _time_and_date = fields.u32()?;
    let (crc, packed, unpacked) = (fields.u32()?, fields.size()?, fields.size()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _internal = fields.u16()?;
    let (external, at) = (fields.u32()?, fields.size()?);
    let name = fields.take(usize::from(name))?;
    check_extra(fields.take(usize::from(extra))?)?;
    let _comment = fields.take(usize::from(comment))?;
    if disk != 0 {
        return Err(Refusal::NotSupported("several volumes"));
    }
    // APPNOTE 4.4.2, 4.4.15: made by Unix (3), the upper half holds the mode; 0o120000 is a symbolic link.
    if made_by >> 8 == 3 && (external >> 16) & 0o170_000 == 0o120_000 {
        return Err(Refusal::NotSupported("a symbolic link"));
    }
    if flags & !KNOWN_FLAGS != 0 {
        return Err(Refusal::NotSupported("encryption or masked headers"));
    }
    let name = name_of(name, flags)?;
    match method {
        // With the length of stored bytes known only after them, nobody who reads on from the front can tell where they end.
        STORED if flags & DESCRIBED != 0 && packed != 0 => {
            return Err(Refusal::NotSupported("stored bytes of unknown length"));
        }
        STORED if u64::try_from(packed) != Ok(to_u64(unpacked)) => {
            return Err(Refusal::BadData { name });
        }
        STORED | DEFLATED => {}
        _ => return Err(Refusal::NotSupported("another compression than deflate")),
    }
    Ok(Header {
        name,
        flags,
        method,
        crc,
        packed,
        unpacked: to_u64(unpacked),
        at,
    })
}

fn to_u64(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn name_of(name: &[u8], flags: u16) -> Result<String, Refusal> {
    let refused = |fault| Refusal::Name {
        name: String::from_utf8_lossy(name).into_owned(),
        fault,
    };
    // APPNOTE 4.4.4 and D.1: without bit 11 the name is in code page 437; only its ASCII half is read the same by all.
    let text = std::str::from_utf8(name)
        .ok()
        .filter(|text| text.is_ascii() || flags & UTF8 != 0)
        .ok_or_else(|| refused(super::NameFault::Character))?;
    check_name(text.strip_suffix('/').unwrap_or(text)).map_err(refused)?;
    Ok(text.to_owned())
}

/// APPNOTE 4.5: fields that give another name (0x7075, 0x0008) or another size (0x0001) than the header, or a key (0x9901).
fn check_extra(extra: &[u8]) -> Result<(), Refusal> {
    let mut fields = Fields(extra);
    while !fields.0.is_empty() {
        let (kind, size) = (fields.u16()?, fields.u16()?);
        fields.take(usize::from(size))?;
        if matches!(kind, 0x0001 | 0x0008 | 0x7075 | 0x9901) {
            return Err(Refusal::NotSupported(
                "an extra field that overrules the header",
            ));
        }
    }
    Ok(())
}

/// Doubled names, and the announced sizes against the limits.
fn check_headers(headers: &[Header], limits: &Limits) -> Result<(), Refusal> {
    let mut names = HashSet::new();
    let mut total = 0_u64;
    for header in headers {
        let plain = header.name.strip_suffix('/').unwrap_or(&header.name);
        if !names.insert(comparable(plain)) {
            return Err(Refusal::DoubledName {
                name: header.name.clone(),
            });
        }
        if header.name.ends_with('/') && header.unpacked != 0 {
            return Err(Refusal::BadData {
                name: header.name.clone(),
            });
        }
        let grown = to_u64(header.packed).saturating_mul(limits.ratio);
        if header.unpacked > limits.ratio_from_bytes && header.unpacked > grown {
            return Err(Refusal::OverLimit(
                "a file that unpacks to many times its size",
            ));
        }
        total = total.saturating_add(header.unpacked);
        if total > limits.unpacked_bytes {
            return Err(Refusal::OverLimit("the files together, unpacked"));
        }
    }
    Ok(())
}

/// The packed bytes of one file and where the next begins (APPNOTE 4.3.7, 4.3.9).
fn local<'a>(bytes: &'a [u8], header: &Header) -> Result<(&'a [u8], usize), Refusal> {
    let disagree = |what| Refusal::HeadersDisagree {
        name: header.name.clone(),
        what,
    };
    let from_here = bytes.get(header.at..).ok_or(Refusal::Truncated)?;
    let mut fields = Fields(from_here);
    fields.signature(LOCAL)?;
    let _needed = fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let _time_and_date = fields.u32()?;
    let (crc, packed, unpacked) = (fields.u32()?, fields.size()?, fields.size()?);
    let (name, extra) = (fields.u16()?, fields.u16()?);
    let name = fields.take(usize::from(name))?;
    let extra = fields.take(usize::from(extra))?;
    check_extra(extra)?;
    if name != header.name.as_bytes() {
        return Err(disagree("name"));
    }
    if (flags, method) != (header.flags, header.method) {
        return Err(disagree("form"));
    }
    let sizes = (crc, packed, to_u64(unpacked));
    let stated = (header.crc, header.packed, header.unpacked);
    let is_described = flags & DESCRIBED != 0;
    // APPNOTE 4.4.4 bit 3: with a descriptor to come, zeros.
    if sizes != stated && !(is_described && sizes == (0, 0, 0)) {
        return Err(disagree("size or checksum"));
    }
    if header.name == MIMETYPE && (method != STORED || is_described || !extra.is_empty()) {
        return Err(Refusal::Mimetype("it is packed or has extra fields"));
    }
    let data = fields.take(header.packed)?;
    if is_described {
        // APPNOTE 4.3.9.3: the signature of a descriptor may be left out.
        if fields.0.starts_with(&DESCRIPTOR) {
            fields.take(4)?;
        }
        let described = (fields.u32()?, fields.size()?, to_u64(fields.size()?));
        if described != stated {
            return Err(disagree("size or checksum"));
        }
    }
    Ok((data, bytes.len().saturating_sub(fields.0.len())))
}

fn unpack<'a>(header: &Header, packed: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
    let bad = || Refusal::BadData {
        name: header.name.clone(),
    };
    let content = if header.method == STORED {
        Cow::Borrowed(packed)
    } else {
        Cow::Owned(inflate(packed, header.unpacked).ok_or_else(bad)?)
    };
    let mut crc = Crc::new();
    crc.update(&content);
    if crc.sum() == header.crc {
        Ok(content)
    } else {
        Err(bad())
    }
}

/// Exactly `size` bytes out of all of `packed`, or nothing.
fn inflate(packed: &[u8], size: u64) -> Option<Vec<u8>> {
    // One byte more than announced: a stream that would give more fills it.
    let mut out = Vec::with_capacity(usize::try_from(size).ok()?.checked_add(1)?);
    let mut state = Decompress::new(false);
    let status = state
        .decompress_vec(packed, &mut out, FlushDecompress::Finish)
        .ok()?;
    let is_whole = status == Status::StreamEnd
        && state.total_out() == size
        && state.total_in() == to_u64(packed.len());
    is_whole.then_some(out)
}

fn mime_type_of(content: &[u8]) -> Result<String, Refusal> {
    // RFC 6838 4.2: at most 127 characters for each of the two parts.
    std::str::from_utf8(content)
        .ok()
        .filter(|text| text.len() <= 255 && text.bytes().all(|b| b.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or(Refusal::Mimetype("it is no mime-type"))
}
