//! Where words stand on a page.
//!
//! Blanks and line breaks do not count, letters compare by Unicode canonical equivalence (UAX 15): a file may write `ệ`
//! as one, two or three characters.
//!
//! # Invariants
//! * A place is whole words on one line: `An` is not found in `Văn Anh`.

use super::super::geometry::Rect;
use super::letters::Letter;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// The places of the words, in the order of the content; the same words printed twice on one spot count once.
pub(crate) fn find(letters: &[Letter], words: &str) -> Vec<Rect> {
    let needle: Vec<char> = words.nfd().filter(|c| !c.is_whitespace()).collect();
    let text = Text::of(letters);
    let mut places: Vec<Rect> = Vec::new();
    if needle.is_empty() {
        return places;
    }
    let plain: Vec<char> = text.marks.iter().map(|mark| mark.letter).collect();
    for (start, window) in plain.windows(needle.len()).enumerate() {
        if window != needle {
            continue;
        }
        let end = start + needle.len();
        // A mark behind the last letter would make it another letter.
        if plain.get(end).is_some_and(|c| is_mark(*c)) {
            continue;
        }
        if let Some(place) = text.place(start, end)
            && !places.iter().any(|known| known.grown(3.0).contains(&place))
        {
            places.push(place);
        }
    }
    places
}

fn is_mark(letter: char) -> bool {
    canonical_combining_class(letter) != 0
}

struct Mark {
    letter: char,
    place: Rect,
    /// A blank stands before it.
    apart: bool,
}

/// The letters of the page without blanks, decomposed.
struct Text {
    marks: Vec<Mark>,
}

impl Text {
    fn of(letters: &[Letter]) -> Text {
        let mut marks: Vec<Mark> = Vec::with_capacity(letters.len());
        let mut apart = true;
        for letter in letters {
            let Some(text) = &letter.text else {
                continue;
            };
            for decomposed in text.nfd() {
                if decomposed.is_whitespace() {
                    apart = true;
                    continue;
                }
                marks.push(Mark {
                    letter: decomposed,
                    place: letter.place,
                    apart,
                });
                apart = false;
            }
        }
        ordered(&mut marks);
        Text { marks }
    }

    /// The box of a match if it is whole words on one line.
    fn place(&self, start: usize, end: usize) -> Option<Rect> {
        let marks = self.marks.get(start..end)?;
        let first = marks.first()?;
        let last = marks.last()?;
        let before = start.checked_sub(1).and_then(|at| self.marks.get(at));
        if before.is_some_and(|before| joined(before, first))
            || self.marks.get(end).is_some_and(|after| joined(last, after))
        {
            return None;
        }
        let mut place = first.place;
        for mark in marks {
            // On one line: each letter meets the height of those before.
            if mark.place.y0 > place.y1 || mark.place.y1 < place.y0 {
                return None;
            }
            place = place.union(&mark.place);
        }
        Some(place)
    }
}

/// Two letters of one word: no blank between them, next to each other on a line.
fn joined(left: &Mark, right: &Mark) -> bool {
    let height = left.place.height().max(right.place.height());
    let of_word = |mark: &Mark| mark.letter.is_alphanumeric() || is_mark(mark.letter);
    of_word(left)
        && of_word(right)
        && !right.apart
        && left.place.y0 < right.place.y1
        && right.place.y0 < left.place.y1
        && (right.place.x0 - left.place.x1).abs() < 0.25 * height
}

/// UAX 15: marks of one letter in canonical order, also where the file drew them one by one.
fn ordered(marks: &mut [Mark]) {
    let class = |mark: &Mark| canonical_combining_class(mark.letter);
    for group in marks.chunk_by_mut(|_, next| canonical_combining_class(next.letter) != 0) {
        if let Some((_, tail)) = group.split_first_mut() {
            tail.sort_by_key(class);
        }
    }
}
