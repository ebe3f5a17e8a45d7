//! Bytes to tokens: ISO 32000-1 7.2 (lexical conventions).
//!
//! # Invariants
//! * A token ends only at white space, a delimiter or the end of the buffer: `12abc` is an error, not `12`.

use super::object::hex_digit;
use super::refusal::Refusal;

/// ISO 32000-1 table 1.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

/// ISO 32000-1 table 2.
pub(crate) fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// A place in a buffer.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'d> {
    pub bytes: &'d [u8],
    pub at: usize,
}

impl<'d> Lexer<'d> {
    pub fn new(bytes: &'d [u8], at: usize) -> Self {
        Lexer { bytes, at }
    }

    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn rest(&self) -> &'d [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub fn slice(&self, start: usize, end: usize) -> &'d [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub fn broken(&self, what: &'static str) -> Refusal {
        Refusal::broken(what, self.at)
    }

    /// White space and comments.
    pub fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.at += 1;
            } else if byte == b'%' {
                self.skip_comment();
            } else {
                return;
            }
        }
    }

    /// White space only.
    pub fn skip_blank(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// ISO 32000-1 7.2.3: from `%` up to, but not including, the end of the line.
    pub fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != 10 && byte != 13) {
            self.at += 1;
        }
    }

    /// One end-of-line marker: CR LF, LF or CR. Says whether there was one.
    pub fn skip_line_end(&mut self) -> bool {
        let length = match self.rest() {
            [13, 10, ..] => 2,
            [10 | 13, ..] => 1,
            _ => 0,
        };
        self.at += length;
        length > 0
    }

    /// The exact bytes, which must end at a token border.
    pub fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        if rest.starts_with(word.as_bytes())
            && !rest.get(word.len()).copied().is_some_and(is_regular)
        {
            self.at += word.len();
            return true;
        }
        false
    }

    /// A run of regular characters (may be empty).
    pub fn regular(&mut self) -> &'d [u8] {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|byte| !is_regular(*byte))
            .unwrap_or(rest.len());
        self.at += length;
        self.slice(self.at - length, self.at)
    }

    /// Digits only, no sign: numbers of objects, generations, offsets.
    pub fn digits(&mut self) -> Option<u64> {
        let start = self.at;
        let mut number: u64 = 0;
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            number = number
                .checked_mul(10)?
                .checked_add(u64::from(byte - b'0'))?;
            self.at += 1;
        }
        let ends = self.at > start && !self.peek().is_some_and(is_regular);
        if !ends {
            self.at = start;
        }
        ends.then_some(number)
    }

    /// ISO 32000-1 7.3.4.2: a literal string, parentheses balanced; the whole token.
    pub fn literal_string(&mut self) -> Result<&'d [u8], Refusal> {
        let start = self.at;
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(self.slice(start, self.at));
                    }
                }
                _ => {}
            }
        }
        Err(Refusal::broken("a string does not end", start))
    }

    /// ISO 32000-1 7.3.4.3: hexadecimal digits and white space between `<` and `>`; the whole token.
    pub fn hex_string(&mut self) -> Result<&'d [u8], Refusal> {
        let start = self.at;
        let rest = self.slice(start.saturating_add(1), self.bytes.len());
        let length = rest
            .iter()
            .position(|byte| hex_digit(*byte).is_none())
            .unwrap_or(rest.len());
        self.at = start + 1 + length;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                return Ok(self.slice(start, self.at));
            }
            if !byte.is_ascii_hexdigit() && !is_space(byte) {
                return Err(Refusal::broken(
                    "a hexadecimal string holds other characters",
                    self.at - 1,
                ));
            }
        }
        Err(Refusal::broken("a hexadecimal string does not end", start))
    }
}
