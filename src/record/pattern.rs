//! A reader of short fixed patterns: each code's pattern stands beside its parser as a regular
//! expression, and the parser reads it from left to right with this.
//!
//! # Invariants
//! * Work is linear in the text; nothing is taken unless the whole step fits.

/// What is left of the text.
#[derive(Clone, Copy)]
pub struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Cursor(text)
    }

    pub fn is_at_end(self) -> bool {
        self.0.is_empty()
    }

    pub fn rest(self) -> &'a str {
        self.0
    }

    /// Exactly this text.
    pub fn exactly(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// One character of the set.
    pub fn one(&mut self, belongs: fn(char) -> bool) -> Option<char> {
        let mut chars = self.0.chars();
        let first = chars.next().filter(|c| belongs(*c))?;
        self.0 = chars.as_str();
        Some(first)
    }

    /// `\d{least,most}`, as many as there are.
    pub fn digits(&mut self, least: usize, most: usize) -> Option<&'a str> {
        let count = self
            .0
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if count < least {
            return None;
        }
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Runs `step`; where it fails, the cursor stays where it was.
    pub fn maybe<T>(&mut self, step: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = *self;
        let result = step(self);
        if result.is_none() {
            *self = before;
        }
        result
    }
}

/// The whole of `text` fits `pattern`.
pub fn fits<'a, T>(text: &'a str, pattern: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Option<T> {
    let mut cursor = Cursor::new(text);
    let value = pattern(&mut cursor)?;
    cursor.is_at_end().then_some(value)
}
