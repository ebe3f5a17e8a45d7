//! A kept refusal in the reader's language.

use serde_json::{Value, json};

use super::problem::Problem;
use crate::archive::Told;
use crate::i18n::{self, Lang, ProblemWords};

impl Problem {
    /// A kept refusal as the answer to a request of now.
    pub fn told(status: u16, told: &Told) -> Self {
        told.args
            .iter()
            .fold(Self::new(status, &told.code), |problem, (name, value)| {
                // The names are those of this program's own translations.
                match NAMES.iter().find(|known| **known == name) {
                    Some(known) => problem.with(known, value.clone()),
                    None => problem,
                }
            })
    }
}

/// Every name that the words of a kept refusal may hold a place for.
const NAMES: [&str; 8] = [
    "added", "detail", "field", "found", "limit", "office", "what", "why",
];

pub(super) fn words(lang: Lang, told: &Told) -> ProblemWords {
    let mut all: Vec<(&str, String)> = told
        .args
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    for word in &told.words {
        let values: Vec<(&str, &str)> = word
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.push((&word.name, i18n::tf(lang, &word.key, &values)));
    }
    let args: Vec<(&str, &str)> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
    i18n::problem(lang, &told.code, &args)
}

/// As the members of a problem (RFC 9457 3) that make sense later.
pub(super) fn json(lang: Lang, told: &Told) -> Value {
    let said = words(lang, told);
    let mut body = json!({
        "type": format!("urn:antin:problem:{}", told.code),
        "title": said.title,
        "detail": said.detail,
        "remedy": said.remedy,
        "code": told.code,
    });
    if !told.fields.is_empty()
        && let Some(object) = body.as_object_mut()
    {
        let errors = told.fields.iter().map(|f| {
            json!({
                "pointer": f.pointer,
                "code": f.code,
                "detail": i18n::field_problem(lang, &f.code, f.given.as_deref()),
            })
        });
        object.insert("errors".into(), errors.collect());
    }
    body
}
