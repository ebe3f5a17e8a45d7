//! Names and bytes of what a log publishes (C2SP tlog-tiles): tiles of 256 hashes, bundles of 256
//! entries, the checkpoint.
//!
//! # Invariants
//! * A path has one text; the parser takes no other, so a request can name nothing else in a folder.
//! * A tile is 32 bytes for each hash; a bundle is `u16 length, bytes` for each entry.

use std::fmt;
use std::str::FromStr;

/// tlog-tiles "Merkle Tree": tiles have height 8.
pub const TILE_WIDTH: u16 = 256;
const TILE_HEIGHT: u32 = 8;
/// tlog-tiles: the level is a decimal number from 0 to 63.
const LEVEL_MAX: u8 = 63;
/// tlog-tiles "Log Entries": the length of an entry has 16 bits.
pub const ENTRY_MAX_BYTES: usize = 65_535;
/// Seven groups of three digits hold a `u64`: `tile/63/` and `x000/` * 7 and `.p/255` are under 50.
const PATH_MAX_BYTES: usize = 64;

/// `width` hashes of one level, from `256 * index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    level: u8,
    index: u64,
    width: u16,
}

impl TilePath {
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let is_good = level <= LEVEL_MAX && (1..=TILE_WIDTH).contains(&width);
        is_good.then_some(TilePath {
            level,
            index,
            width,
        })
    }

    pub fn level(self) -> u8 {
        self.level
    }

    pub fn index(self) -> u64 {
        self.index
    }

    pub fn width(self) -> u16 {
        self.width
    }

    pub fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    pub fn full(self) -> Self {
        TilePath {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// Length of the file.
    pub fn bytes(self) -> usize {
        usize::from(self.width) * 32
    }
}

/// `width` entries from `256 * index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundlePath {
    index: u64,
    width: u16,
}

impl BundlePath {
    pub fn new(index: u64, width: u16) -> Option<Self> {
        let is_good = (1..=TILE_WIDTH).contains(&width);
        is_good.then_some(BundlePath { index, width })
    }

    pub fn index(self) -> u64 {
        self.index
    }

    pub fn width(self) -> u16 {
        self.width
    }

    pub fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    pub fn full(self) -> Self {
        BundlePath {
            width: TILE_WIDTH,
            ..self
        }
    }
}

/// Everything under the log's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogPath {
    Checkpoint,
    Tile(TilePath),
    Entries(BundlePath),
}

impl LogPath {
    /// The file that replaces this one when it is full; `None` for the checkpoint.
    pub fn full(self) -> Option<LogPath> {
        match self {
            LogPath::Checkpoint => None,
            LogPath::Tile(path) => Some(LogPath::Tile(path.full())),
            LogPath::Entries(path) => Some(LogPath::Entries(path.full())),
        }
    }
}

impl From<TilePath> for LogPath {
    fn from(path: TilePath) -> Self {
        LogPath::Tile(path)
    }
}

impl From<BundlePath> for LogPath {
    fn from(path: BundlePath) -> Self {
        LogPath::Entries(path)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_index(f, self.index, self.width)
    }
}

impl fmt::Display for BundlePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_index(f, self.index, self.width)
    }
}

impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogPath::Checkpoint => f.write_str("checkpoint"),
            LogPath::Tile(path) => path.fmt(f),
            LogPath::Entries(path) => path.fmt(f),
        }
    }
}

/// tlog-tiles "Merkle Tree": groups of three digits, all but the last with an `x` before them.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = Vec::new();
    let mut rest = index;
    loop {
        groups.push(rest % 1000);
        rest /= 1000;
        if rest == 0 {
            break;
        }
    }
    for (place, group) in groups.iter().enumerate().rev() {
        if place > 0 {
            write!(f, "x{group:03}/")?;
        } else {
            write!(f, "{group:03}")?;
        }
    }
    if width < TILE_WIDTH {
        write!(f, ".p/{width}")?;
    }
    Ok(())
}

/// The text is not the path of anything in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathText;

impl fmt::Display for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a path of a tile log")
    }
}

impl std::error::Error for PathText {}

impl FromStr for LogPath {
    type Err = PathText;

    fn from_str(text: &str) -> Result<Self, PathText> {
        parse(text).ok_or(PathText)
    }
}

fn parse(text: &str) -> Option<LogPath> {
    if text.len() > PATH_MAX_BYTES {
        return None;
    }
    if text == "checkpoint" {
        return Some(LogPath::Checkpoint);
    }
    let (what, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        None => (rest, TILE_WIDTH),
        Some((index, width)) => (index, partial_width(width)?),
    };
    let index = parse_index(index)?;
    if what == "entries" {
        return BundlePath::new(index, width).map(LogPath::Entries);
    }
    let level = u8::try_from(decimal(what)?).ok()?;
    TilePath::new(level, index, width).map(LogPath::Tile)
}

fn partial_width(text: &str) -> Option<u16> {
    let width = u16::try_from(decimal(text)?).ok()?;
    (1..TILE_WIDTH).contains(&width).then_some(width)
}

/// A decimal number without leading zeros or a sign.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let has_zero_in_front = text.len() > 1 && text.starts_with('0');
    if !is_plain || has_zero_in_front {
        return None;
    }
    text.parse().ok()
}

fn parse_index(text: &str) -> Option<u64> {
    let (front, last) = match text.rsplit_once('/') {
        None => ("", text),
        // "x000" in front says nothing and would give one tile two names.
        Some((front, _)) if front.is_empty() || front.starts_with("x000") => return None,
        Some(parts) => parts,
    };
    let mut index = 0u64;
    if !front.is_empty() {
        for group in front.split('/') {
            index = append_group(index, group.strip_prefix('x')?)?;
        }
    }
    append_group(index, last)
}

fn append_group(index: u64, group: &str) -> Option<u64> {
    if group.len() != 3 || !group.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    index.checked_mul(1000)?.checked_add(group.parse().ok()?)
}

/// `size / 256^level`: how many hashes a level holds.
pub(super) fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level))
        .unwrap_or(0)
}

/// How many of its 256 places tile `index` of `level` has filled at tree size `size`; 0 where it is not
/// there yet.
pub(super) fn width_at(size: u64, level: u8, index: u64) -> u16 {
    let Some(before) = index.checked_mul(u64::from(TILE_WIDTH)) else {
        return 0;
    };
    let from_there = hashes_at(size, level).saturating_sub(before);
    u16::try_from(from_there)
        .unwrap_or(TILE_WIDTH)
        .min(TILE_WIDTH)
}

/// Every tile that a checkpoint of this size implies, level by level.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TilePath> {
    (0..8u8).flat_map(move |level| {
        let count = hashes_at(size, level).div_ceil(u64::from(TILE_WIDTH));
        (0..count)
            .filter_map(move |index| TilePath::new(level, index, width_at(size, level, index)))
    })
}

/// Every entry bundle that a checkpoint of this size implies.
pub fn bundles_of(size: u64) -> impl Iterator<Item = BundlePath> {
    let count = size.div_ceil(u64::from(TILE_WIDTH));
    (0..count).filter_map(move |index| BundlePath::new(index, width_at(size, 0, index)))
}

/// `None` where an entry is longer than 65,535 bytes.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for entry in entries {
        put_entry(&mut out, entry.as_ref())?;
    }
    Some(out)
}

pub(super) fn put_entry(out: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(entry);
    Some(())
}

/// The first `count` entries of a bundle, and what comes after them; `None` where it ends earlier.
pub fn split_bundle(bytes: &[u8], count: u16) -> Option<(Vec<&[u8]>, &[u8])> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = after;
    }
    Some((entries, rest))
}
