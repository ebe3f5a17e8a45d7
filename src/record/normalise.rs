//! What people type, brought to the form that the patterns of codes are written for.
//!
//! Codes arrive copied from paper, from spreadsheets and from input methods: with blanks around them,
//! with full-width digits, with a dash where a hyphen belongs. Those differences carry no meaning.
//!
//! # What is not here
//! Letter case: each code decides for itself. Blanks inside a code are never removed.

use unicode_normalization::UnicodeNormalization as _;

/// NFC (UAX 15), without surrounding blanks.
pub fn text(given: &str) -> String {
    given
        .nfc()
        .collect::<String>()
        .trim_matches(is_blank)
        .to_owned()
}

/// As `text`, after full-width forms and dashes became their ASCII twins.
pub fn code(given: &str) -> String {
    text(&given.chars().map(ascii_twin).collect::<String>())
}

/// Invisible besides white space: zero-width space and byte order mark, left by copying.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

fn ascii_twin(c: char) -> char {
    match c {
        // Unicode block "Halfwidth and Fullwidth Forms": U+FF01..U+FF5E mirror U+0021..U+007E.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        // Hyphen, non-breaking hyphen, figure dash, en dash, em dash, horizontal bar, minus sign.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// A character that must not stand in a title or a name: it would not show, or would show the rest in
/// another order (Unicode bidirectional controls, UAX 9).
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e000}'..='\u{f8ff}'
        )
}
