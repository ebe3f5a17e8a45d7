//! `antin verify`: a verdict on any file, by exit code and as JSON, with trust that the caller names.

use std::path::Path;

use serde_json::Value;

use crate::citizen::report_shape;
use crate::world::process::{Ended, antin, run};
use crate::world::temp::TempDir;
use crate::world::{Facts, pdfs, shared, tools};

const PASSED: i32 = 0;
const FAILED: i32 = 1;
const INDETERMINATE: i32 = 2;
const NO_LOOK: i32 = 3;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Verifies with the root given, without asking the network.
fn verify(facts: &Facts, file: &Path) -> Ended {
    antin(&[
        "verify",
        text(file),
        "--trust",
        text(&facts.trust),
        "--offline",
        "--json",
    ])
}

#[track_caller]
fn verdict(ended: &Ended, code: i32, indication: &str) -> Value {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let report = ended.json();
    report_shape(&report);
    assert_eq!(report["indication"], indication, "{report:#}");
    report
}

#[test]
fn the_sample_passes_with_its_root() {
    let facts = shared();
    let offline = verify(facts, &facts.sample.file);
    let report = verdict(&offline, PASSED, "TOTAL-PASSED");
    assert_eq!(report["signatures"].as_array().unwrap().len(), 1);

    let sample = text(&facts.sample.file);
    let words = antin(&["verify", sample, "--trust", text(&facts.trust), "--offline"]);
    assert_eq!(words.code, Some(PASSED), "{words:?}");
    assert!(words.out.contains("TOTAL-PASSED"), "{words:?}");
    let online = antin(&["verify", sample, "--trust", text(&facts.trust), "--json"]);
    verdict(&online, PASSED, "TOTAL-PASSED");
}

#[test]
fn without_its_root_nothing_can_be_concluded() {
    let facts = shared();
    let ended = antin(&["verify", text(&facts.sample.file), "--offline", "--json"]);
    let report = verdict(&ended, INDETERMINATE, "INDETERMINATE");
    assert_eq!(
        report["signatures"][0]["sub_indication"], "NO_CERTIFICATE_CHAIN_FOUND",
        "{report:#}"
    );
}

#[test]
fn at_another_time_the_verdict_is_another_one() {
    let facts = shared();
    let at = |time: &str| {
        let sample = text(&facts.sample.file);
        let trust = text(&facts.trust);
        antin(&[
            "verify",
            sample,
            "--trust",
            trust,
            "--offline",
            "--at",
            time,
            "--json",
        ])
    };
    // The time-stamp proves the signature existed: a later look changes nothing while the algorithms last.
    let later = at("2027-11-24T00:00:00Z").json();
    assert_ne!(later["indication"], "TOTAL-FAILED", "{later:#}");
    let before = at("2020-01-01T00:00:00Z");
    assert_ne!(
        before.code,
        Some(PASSED),
        "signed after the time of the look: {before:?}"
    );
    assert_eq!(at("yesterday").code, Some(NO_LOOK));
}

#[test]
fn a_file_without_signatures_is_indeterminate() {
    let dir = TempDir::new("unsigned");
    let file = dir.join("plain.pdf");
    std::fs::write(&file, pdfs::page("plain", 0)).unwrap();
    let report = verdict(&verify(shared(), &file), INDETERMINATE, "INDETERMINATE");
    assert_eq!(report["sub_indication"], "NO_SIGNATURE_FOUND", "{report:#}");
}

#[test]
fn what_cannot_be_looked_at_is_told_from_a_verdict() {
    let facts = shared();
    let dir = TempDir::new("missing");
    let missing = verify(facts, &dir.join("none.pdf"));
    assert_eq!(missing.code, Some(NO_LOOK), "{missing:?}");
    assert!(missing.err.contains("none.pdf"), "{missing:?}");
    let folder = verify(facts, dir.path());
    assert_eq!(folder.code, Some(NO_LOOK), "{folder:?}");
    let trust = dir.join("no-root.pem");
    std::fs::write(&trust, "no certificate").unwrap();
    let sample = text(&facts.sample.file);
    let no_root = antin(&["verify", sample, "--trust", text(&trust), "--offline"]);
    assert_eq!(no_root.code, Some(NO_LOOK), "{no_root:?}");
}

#[test]
fn one_flipped_byte_in_the_signed_ranges_fails_the_file() {
    let facts = shared();
    let signed = std::fs::read(&facts.sample.file).unwrap();
    let places = spread(&signed, 200);
    let dir = TempDir::new("flips");
    // Two at a time: one for each core of the smallest machine.
    let lists: Vec<&[usize]> = places.chunks(places.len().div_ceil(2)).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let flippers: Vec<_> = lists
            .into_iter()
            .map(|list| {
                scope.spawn(|| {
                    list.iter()
                        .filter_map(|at| flip(facts, &signed, *at, &dir))
                        .collect()
                })
            })
            .collect();
        flippers
            .into_iter()
            .flat_map(|f| f.join().unwrap_or_else(|_| vec!["panic".to_owned()]))
            .collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {} flips:\n{}",
        wrong.len(),
        places.len(),
        wrong.join("\n")
    );
}

/// Positions within the two signed ranges, spread evenly, first and last bytes among them.
fn spread(signed: &[u8], count: usize) -> Vec<usize> {
    let at = pdfs::find(signed, b"/ByteRange").unwrap();
    let list = String::from_utf8_lossy(&signed[at..at + 200]).into_owned();
    let list = list
        .split_once('[')
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0
        .to_owned();
    let range: Vec<usize> = list
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    assert_eq!(
        range[2] + range[3],
        signed.len(),
        "the range ends with the file"
    );
    let covered: Vec<usize> = (0..range[1]).chain(range[2]..range[2] + range[3]).collect();
    // The update itself (dictionaries, table, trailer) is where the structure is: half of the flips go there.
    let update = covered
        .iter()
        .rposition(|p| *p < range[1])
        .unwrap()
        .saturating_sub(1_500);
    let mut places: Vec<usize> = vec![0, 5, range[1] - 1, range[2], signed.len() - 1];
    for (from, to) in [(0, update), (update, covered.len())] {
        let step = ((to - from) / (count / 2)).max(1);
        places.extend(covered[from..to].iter().step_by(step));
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// What is wrong with the verdict on the file with one bit of this byte changed.
fn flip(facts: &Facts, signed: &[u8], at: usize, dir: &TempDir) -> Option<String> {
    let mut changed = signed.to_vec();
    changed[at] ^= 1 << (at % 7);
    let file = dir.join(&format!("{at}.pdf"));
    std::fs::write(&file, &changed).unwrap();
    let ended = verify(facts, &file);
    std::fs::remove_file(&file).unwrap();
    let near = String::from_utf8_lossy(&signed[at.saturating_sub(12)..(at + 12).min(signed.len())])
        .into_owned();
    let Ok(report) = serde_json::from_str::<Value>(&ended.out) else {
        return Some(format!("byte {at} ({near:?}): {ended:?}"));
    };
    let said = |value: &Value| {
        ["HASH_FAILURE", "FORMAT_FAILURE"]
            .iter()
            .any(|s| value["sub_indication"] == **s)
    };
    let why = said(&report)
        || report["signatures"]
            .as_array()
            .is_some_and(|all| all.iter().any(said));
    let good = ended.code == Some(FAILED) && report["indication"] == "TOTAL-FAILED" && why;
    let shown = format!(
        "exit {:?}, {} / {} / {}",
        ended.code,
        report["indication"],
        report["sub_indication"],
        report["signatures"][0]["sub_indication"]
    );
    (!good).then(|| format!("byte {at} ({near:?}): {shown}"))
}

#[test]
fn cut_and_lengthened_files_never_pass() {
    let facts = shared();
    let signed = std::fs::read(&facts.sample.file).unwrap();
    let dir = TempDir::new("cuts");
    let check = |name: &str, bytes: Vec<u8>| {
        let file = dir.join(name);
        std::fs::write(&file, bytes).unwrap();
        let ended = verify(facts, &file);
        assert!(
            matches!(ended.code, Some(FAILED | INDETERMINATE)),
            "{name}: {ended:?}"
        );
    };
    for tenth in 0..10 {
        check(
            &format!("cut-{tenth}.pdf"),
            signed[..signed.len() * tenth / 10].to_vec(),
        );
    }
    check("twice.pdf", [signed.clone(), signed.clone()].concat());
    check(
        "longer.pdf",
        [signed.clone(), b"\n% and something more\n".to_vec()].concat(),
    );
    check(
        "noise.bin",
        (0..5_000u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect(),
    );
}

#[test]
fn what_pyhanko_signed_passes_with_its_root() {
    let python = match tools::python("pyhanko") {
        Ok(python) => python,
        Err(why) => return tools::skip(&why),
    };
    let dir = TempDir::new("pyhanko");
    let original = dir.join("plain.pdf");
    std::fs::write(&original, pdfs::page("signed by another program", 3_000)).unwrap();
    let script = tools::in_project("tests/tools/pyhanko_sign.py");
    let made = run(&python, &[text(&script), text(dir.path()), text(&original)]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let list = std::fs::read_to_string(dir.join("list.json")).unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    let files = list["files"].as_array().unwrap();
    assert!(files.len() >= 8, "{list:#}");
    let root = dir.join(list["root"].as_str().unwrap());
    for entry in files {
        let file = dir.join(entry["file"].as_str().unwrap());
        let ended = antin(&[
            "verify",
            text(&file),
            "--trust",
            text(&root),
            "--offline",
            "--json",
        ]);
        let case = &entry["case"];
        assert_eq!(ended.code, Some(PASSED), "{case}: {ended:?}");
        let report = ended.json();
        let made = entry["signatures"].as_array().unwrap();
        let found = report["signatures"].as_array().unwrap();
        assert_eq!(found.len(), made.len(), "{case}: {report:#}");
        // Levels that rest on evidence in the file, as pyHanko made them.
        for (made, found) in made.iter().zip(found) {
            if let Some(level @ ("B-LT" | "B-LTA")) = made["level"].as_str() {
                assert_eq!(found["level"], level, "{case}: {report:#}");
                assert_eq!(found["revocation"], "good", "{case}: {report:#}");
            }
        }

        // The same file with one byte of its first part changed.
        let mut bytes = std::fs::read(&file).unwrap();
        let at = pdfs::find(&bytes, b"% signed by").unwrap() + 3;
        bytes[at] ^= 2;
        std::fs::write(&file, bytes).unwrap();
        let ended = antin(&[
            "verify",
            text(&file),
            "--trust",
            text(&root),
            "--offline",
            "--json",
        ]);
        assert_eq!(
            ended.code,
            Some(FAILED),
            "{case}, one byte changed: {ended:?}"
        );
    }
}
