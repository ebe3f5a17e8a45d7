//! The wall: which module may name which, what the pure layers must not hold, and the other rules of the house.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use antin::i18n::{self, Lang};

use crate::world::tools::in_project;

/// From the ground up; a module names lower layers only, and modules of one layer do not know each other.
const LAYERS: [&[&str]; 9] = [
    &["record"],
    &["pki", "pdf", "tlog", "asic"],
    &["trust", "evidence", "stamp"],
    &["sign", "verify"],
    &["store", "keys", "fetch"],
    &["config", "i18n", "archive", "province"],
    &["http"],
    // A command starts the listeners; no handler knows of a command line.
    &["cli"],
    &["main", "lib"],
];

/// Layers 0 to 3: all they know arrives as arguments.
const PURE_LAYERS: usize = 4;

/// What a pure layer must not reach for.
const IMPURE: [&str; 16] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "println!",
    "print!(",
    "tracing",
    "async ",
    "tokio",
    "rand::",
    "rand_bytes",
    "getrandom",
    "std::io::std",
];

struct Source {
    path: PathBuf,
    /// Path of the module: `["pki", "der", "write"]`.
    module: Vec<String>,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path
            .strip_prefix(in_project(""))
            .unwrap_or(&self.path)
            .display()
            .to_string()
    }

    fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }

    /// What is compiled into the program, line by line: no comments, no tests.
    fn code(&self) -> String {
        let end = self
            .text
            .find("#[cfg(test)]\nmod tests {")
            .unwrap_or(self.text.len());
        let kept = |line: &str| !line.trim_start().starts_with("//");
        // A comment leaves an empty line behind, so that the numbers stay right.
        let lines = self.text[..end]
            .lines()
            .map(|line| if kept(line) { line } else { "" });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The lines that hold one of these words, with their numbers.
    fn lines_with(&self, words: &[&str]) -> Vec<String> {
        let code = self.code();
        let hits = code
            .lines()
            .zip(1..)
            .filter(|(line, _)| words.iter().any(|w| line.contains(w)));
        hits.map(|(line, number)| format!("{}:{number}: {}", self.name(), line.trim()))
            .collect()
    }
}

fn sources() -> Vec<Source> {
    let root = in_project("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(
        found.len() > 50,
        "only {} files under {}",
        found.len(),
        root.display()
    );
    let module_of = |path: &Path| {
        let inner = path.strip_prefix(&root).unwrap().with_extension("");
        let mut parts: Vec<String> = inner
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        parts.pop_if(|last| last == "mod");
        parts
    };
    found
        .into_iter()
        .map(|path| Source {
            module: module_of(&path),
            text: std::fs::read_to_string(&path).unwrap(),
            path,
        })
        .collect()
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// The top-level modules that the code names by `crate::x`, `crate::{x::…, y}` or enough `super::`, with their places.
fn named<'a>(module: &[String], code: &'a str) -> Vec<(usize, &'a str)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(firsts_of_group(group).into_iter().map(|name| (at, name))),
            None => names.push((at, word(rest))),
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &code[at..];
        let mut ups = 0;
        while let Some(inner) = rest.strip_prefix("super::") {
            rest = inner;
            ups += 1;
        }
        // As many steps up as the module is deep lead to the root.
        if ups >= module.len() && layer(word(rest)).is_some() {
            names.push((at, word(rest)));
        }
    }
    names
}

/// The first words of the items of `{…}`, up to its closing brace.
fn firsts_of_group(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut item = 0;
    let mut names = Vec::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(group[item..at].trim()));
                item = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn the_wall_sees_every_way_to_name_a_module() {
    let module = ["config".to_owned(), "check".to_owned()];
    let code = "use crate::store::Settings;\nuse crate::{\n    http::{self, pages},\n    pki,\n};\n\
                let x = super::super::cli::run(super::raw::File, super::super::super::x);";
    let found: Vec<&str> = named(&module, code)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(found, ["store", "http", "pki", "cli"]);
}

#[test]
fn a_module_names_lower_layers_only() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        let own = source.module.first().unwrap();
        let Some(height) = layer(own) else {
            wrong.push(format!("{}: `{own}` stands in no layer", source.name()));
            continue;
        };
        let code = source.code();
        for (at, name) in named(&source.module, &code) {
            // Items of the root itself are none of ours: the root only lists modules.
            if layer(name).is_some_and(|other| name != own && other >= height) {
                let number = code[..at].lines().count().max(1);
                wrong.push(format!("{}:{number}: {own} names {name}", source.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_layers_reach_for_nothing() {
    let pure: BTreeSet<&str> = LAYERS[..PURE_LAYERS].concat().into_iter().collect();
    let sources = sources();
    let pure = sources
        .iter()
        .filter(|s| !s.is_test() && pure.contains(s.module[0].as_str()));
    let wrong: Vec<String> = pure.flat_map(|source| source.lines_with(&IMPURE)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn async_lives_in_http_only() {
    let sources = sources();
    let others = sources
        .iter()
        .filter(|s| !s.is_test() && s.module[0] != "http");
    let words = ["async fn", "async move", "async {", ".await"];
    let wrong: Vec<String> = others
        .flat_map(|source| source.lines_with(&words))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        lengths.push(lines);
        if lines >= 1000 {
            wrong.push(format!("{}: {lines} lines", source.name()));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!(
                "{}: does not begin with what it is (`//!`)",
                source.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    lengths.sort_unstable();
    let at = |share: usize| lengths[(lengths.len() - 1) * share / 100];
    assert!(
        at(50) <= 200 && at(90) <= 500,
        "median {}, p90 {}",
        at(50),
        at(90)
    );
}

#[test]
fn no_module_is_called_after_nothing() {
    let empty = [
        "utils", "util", "common", "helpers", "helper", "manager", "service", "core", "misc",
    ];
    for source in sources() {
        let name = source.module.last().unwrap();
        assert!(
            !empty.contains(&name.as_str()),
            "{}: a name that says nothing",
            source.name()
        );
    }
}

#[test]
fn every_word_is_there_in_both_languages() {
    for lang in Lang::ALL {
        for code in antin::record::PROBLEM_CODES {
            let key = format!("field.{code}");
            assert!(
                i18n::find(lang, &key).is_some_and(|w| !w.is_empty()),
                "{lang:?}: {key}"
            );
        }
    }
    let read = |lang: &str| -> serde_json::Map<String, serde_json::Value> {
        let text = std::fs::read_to_string(in_project(&format!("src/i18n/{lang}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (vi, en) = (read("vi"), read("en"));
    let keys = |words: &serde_json::Map<String, serde_json::Value>| -> BTreeSet<String> {
        words.keys().cloned().collect()
    };
    assert_eq!(keys(&vi), keys(&en));
    for key in vi
        .keys()
        .filter(|key| key.starts_with("problem.") && key.ends_with(".title"))
    {
        let stem = key.trim_end_matches(".title");
        for part in ["detail", "remedy"] {
            assert!(
                vi.contains_key(&format!("{stem}.{part}")),
                "{stem} has no {part}"
            );
        }
    }
}

#[test]
fn every_problem_code_in_the_source_has_its_words() {
    let mut unknown = BTreeSet::new();
    for source in sources().iter().filter(|s| {
        let places = [
            "src/http/problem",
            "src/http/work_problem",
            "src/archive/told",
            "src/archive/bridge/returned",
        ];
        !s.is_test() && places.iter().any(|place| s.name().starts_with(place))
    }) {
        for line in source.code().lines() {
            for literal in line.split('"').skip(1).step_by(2) {
                let is_code = literal.len() > 3
                    && literal.contains('_')
                    && literal.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                let key = format!("problem.{literal}.title");
                if is_code && i18n::find(Lang::Vi, &key).is_none() {
                    unknown.insert(literal.to_owned());
                }
            }
        }
    }
    assert!(unknown.is_empty(), "without words: {unknown:?}");
}

#[test]
fn the_api_document_lists_every_route() {
    let text = std::fs::read_to_string(in_project("docs/API.md")).unwrap();
    let routes = std::fs::read_to_string(in_project("src/http/routes.rs")).unwrap();
    let table = routes
        .split_once("ROUTES")
        .and_then(|(_, rest)| rest.split_once("];"))
        .unwrap()
        .0;
    let paths: Vec<&str> = table
        .split('"')
        .filter(|part| part.starts_with('/'))
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    let operators = ["/livez", "/readyz", "/metrics", "/version"];
    for path in paths.into_iter().chain(operators) {
        assert!(text.contains(path), "docs/API.md does not name {path}");
    }
}
