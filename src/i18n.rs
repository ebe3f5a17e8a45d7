//! The words of the program in Vietnamese and English: two embedded files of equal keys, chosen by key.
//!
//! # Invariants
//! * Both files hold the same keys, and under each key the same `{placeholders}` (held by a test).
//! * Vietnamese is the first language: without a clear wish for English, the answer is Vietnamese.
//! * A word that is missing never stops an answer: `t` gives `?`, an unknown problem code gives the words of `internal_error`.
//!
//! # What is not here
//! HTML: escaping is the templates' affair, so no word carries markup.

use std::collections::BTreeMap;
use std::sync::OnceLock;

#[cfg(test)]
mod tests;

/// What `t` answers for a key that does not exist.
const MISSING: &str = "?";

type Words = BTreeMap<String, String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    Vi,
    En,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::Vi, Self::En];

    /// The language of an answer: the switch (`?lang=`) wins over the browser's wish, Vietnamese over everything unclear.
    #[must_use]
    pub fn choose(query: Option<&str>, accept_language: Option<&str>) -> Self {
        query
            .and_then(Self::of_tag)
            .or_else(|| accept_language.and_then(Self::preferred))
            .unwrap_or(Self::Vi)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The language a reader of this page can switch to.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    /// RFC 4647 3.3.1 basic filtering on the primary subtag: `en-GB` is English.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("vi") {
            Some(Self::Vi)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// RFC 9110 12.5.4: the range with the highest weight; of equal weights the first named.
    fn preferred(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u16)> = None;
        // A browser sends a handful of ranges; 32 bounds the work on a header written to annoy.
        for range in header.split(',').take(32) {
            let mut parts = range.split(';');
            let Some(lang) = parts.next().and_then(Self::of_tag) else {
                continue;
            };
            let weight = parts
                .filter_map(|part| part.trim().strip_prefix("q="))
                .next()
                .map_or(1000, weight_per_mille);
            if weight > 0 && best.is_none_or(|(_, held)| weight > held) {
                best = Some((lang, weight));
            }
        }
        best.map(|(lang, _)| lang)
    }
}

/// RFC 9110 12.4.2: a weight has at most three decimals; what is not a weight counts as 0, so that it is not preferred.
fn weight_per_mille(text: &str) -> u16 {
    let text = text.trim();
    if text == "1" || text.starts_with("1.") {
        return 1000;
    }
    let Some(decimals) = text.strip_prefix("0.") else {
        return 0;
    };
    let mut weight: u16 = 0;
    for place in 0..3 {
        let digit = decimals
            .as_bytes()
            .get(place)
            .filter(|byte| byte.is_ascii_digit())
            .map_or(0, |byte| u16::from(byte - b'0'));
        weight = weight * 10 + digit;
    }
    weight
}

/// The three texts of one problem: what it is, what happened, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemWords {
    pub title: String,
    pub detail: String,
    pub remedy: String,
}

/// The words under `key`, if there are any.
#[must_use]
pub fn find(lang: Lang, key: &str) -> Option<&'static str> {
    words(lang).get(key).map(String::as_str)
}

/// The words under `key`.
#[must_use]
pub fn t(lang: Lang, key: &str) -> &'static str {
    find(lang, key).unwrap_or(MISSING)
}

/// The words under `key` with its `{placeholders}` filled in one pass: a value that looks like a placeholder stays as it is.
#[must_use]
pub fn tf(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    fill(t(lang, key), values)
}

/// Title, detail and remedy of a problem code (RFC 9457 `title` and `detail`, and what the reader can do).
#[must_use]
pub fn problem(lang: Lang, code: &str, values: &[(&str, &str)]) -> ProblemWords {
    // Codes of the formats are written with hyphens, keys with underscores.
    let mut code = code.replace('-', "_");
    if find(lang, &format!("problem.{code}.title")).is_none() {
        "internal_error".clone_into(&mut code);
    }
    ProblemWords {
        title: tf(lang, &format!("problem.{code}.title"), values),
        detail: tf(lang, &format!("problem.{code}.detail"), values),
        remedy: tf(lang, &format!("problem.{code}.remedy"), values),
    }
}

/// One sentence on one field of a record, by the code the record's own check gave.
#[must_use]
pub fn field_problem(lang: Lang, code: &str, given: Option<&str>) -> String {
    let key = format!("field.{code}");
    let sentence = find(lang, &key).unwrap_or_else(|| t(lang, "field.invalid"));
    match given {
        Some(given) => format!(
            "{sentence} {}",
            tf(lang, "field.given", &[("given", given)])
        ),
        None => sentence.to_owned(),
    }
}

fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            filled.push_str(after);
            return filled;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => {
                filled.push('{');
                filled.push_str(name);
                filled.push('}');
            }
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

fn words(lang: Lang) -> &'static Words {
    static VI: OnceLock<Words> = OnceLock::new();
    static EN: OnceLock<Words> = OnceLock::new();
    match lang {
        Lang::Vi => VI.get_or_init(|| read(include_str!("i18n/vi.json"))),
        Lang::En => EN.get_or_init(|| read(include_str!("i18n/en.json"))),
    }
}

/// The files are part of the program and a test reads them, so an unreadable one cannot be built into a tested binary.
fn read(file: &str) -> Words {
    serde_json::from_str(file).unwrap_or_default()
}
