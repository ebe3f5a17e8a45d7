//! Names of files in a container (APPNOTE 4.4.17; EN 319 162-1 4.4.1): relative, one spelling, none that leads out of a folder.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

/// File systems take 255 bytes per part; with some folders this is ample.
const MAX_BYTES: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    Empty,
    TooLong,
    /// A control character, a backslash, a colon, or another that file systems read in their own way.
    Character,
    /// It begins with a slash, or has a part that is empty, `.` or `..`.
    Path,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is too long",
            Self::Character => "it has a character that file systems read in their own way",
            Self::Path => "it is not a plain path below the container",
        })
    }
}

/// Whether a file of this name can be unpacked anywhere without surprise.
///
/// # Errors
/// It can't.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.len() > MAX_BYTES {
        return Err(NameFault::TooLong);
    }
    let is_odd =
        |c: char| c.is_control() || is_invisible(c) || matches!(c, '\\' | ':' | '\u{fffd}');
    if name.chars().any(is_odd) {
        return Err(NameFault::Character);
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(NameFault::Path);
    }
    Ok(())
}

/// Characters that are not seen, or turn the direction of what is (Unicode 15 annex 9): `fdp.exe` must not show as `exe.pdf`.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Names that are one on file systems which ignore case or normalise have one comparable form.
#[must_use]
pub fn comparable(name: &str) -> String {
    name.nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}
