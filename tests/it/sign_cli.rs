//! `antin sign` and `antin extend`: a file in, a file out, and clear words in both languages where that can't be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::authority::Authority;
use crate::world::process::{Ended, antin};
use crate::world::temp::TempDir;
use crate::world::{Facts, World, pdfs, shared, tools};

const MADE: i32 = 0;
const REFUSED: i32 = 1;
const COULD_NOT: i32 = 3;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The folder of the demo that everybody shares.
fn home(facts: &Facts) -> PathBuf {
    facts.trust.parent().unwrap().parent().unwrap().to_owned()
}

/// A folder with an unsigned page.
fn with_page(name: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new(name);
    let page = dir.join("page.pdf");
    std::fs::write(&page, pdfs::page(name, 0)).unwrap();
    (dir, page)
}

/// The quick seal of the shared demo.
fn sign(file: &Path, out: &Path, more: &[&str]) -> Ended {
    let facts = shared();
    let home = home(facts);
    let office = &facts.quick_clerk().office;
    let begin = [
        "sign",
        text(file),
        "-o",
        text(out),
        "--dir",
        text(&home),
        "--office",
        office,
    ];
    antin(&[begin.as_slice(), more].concat())
}

fn extend(file: &Path, out: &Path, level: &str) -> Ended {
    let home = home(shared());
    antin(&[
        "extend",
        text(file),
        "-o",
        text(out),
        "--level",
        level,
        "--dir",
        text(&home),
    ])
}

/// What another run of the program finds in the file alone.
#[track_caller]
fn check_level(file: &Path, level: &str) -> Value {
    let trust = &shared().trust;
    let seen = antin(&[
        "verify",
        text(file),
        "--trust",
        text(trust),
        "--offline",
        "--json",
    ]);
    assert_eq!(seen.code, Some(MADE), "{seen:?}");
    let report = seen.json();
    assert_eq!(report["signatures"][0]["level"], level, "{report:#}");
    report
}

/// Nothing was made, and both languages say why.
#[track_caller]
fn check_refused(ended: &Ended, out: &Path, code: i32, english: &str, vietnamese: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.err.contains(english), "{ended:?}");
    assert!(ended.err.contains(vietnamese), "{ended:?}");
    assert!(ended.out.is_empty(), "{ended:?}");
    assert!(!out.exists(), "{} was written", out.display());
}

#[test]
fn a_file_is_signed_at_every_level_and_the_file_alone_shows_it() {
    let (dir, page) = with_page("every-level");
    for level in ["B-B", "B-T", "B-LT", "B-LTA"] {
        let out = dir.join(&format!("{level}.pdf"));
        let made = sign(&page, &out, &["--level", level, "--json"]);
        assert_eq!(made.code, Some(MADE), "{level}: {made:?}");
        let facts = made.json();
        assert_eq!(facts["level"], level);
        assert_eq!(facts["report"]["indication"], "TOTAL-PASSED");
        let report = check_level(&out, level);
        assert_eq!(report["file"]["sha256"], facts["sha256"]);
        let original = std::fs::read(&page).unwrap();
        assert!(std::fs::read(&out).unwrap().starts_with(&original));
    }
}

#[test]
fn a_signature_is_raised_step_by_step_and_renewed() {
    let (dir, page) = with_page("raised");
    let mut file = dir.join("B-B.pdf");
    assert_eq!(sign(&page, &file, &["--level", "B-B"]).code, Some(MADE));
    for (step, level) in ["B-T", "B-LT", "B-LTA", "B-LTA"].iter().enumerate() {
        let out = dir.join(&format!("{step}.pdf"));
        let made = extend(&file, &out, level);
        assert_eq!(made.code, Some(MADE), "{level}: {made:?}");
        check_level(&out, level);
        let before = std::fs::read(&file).unwrap();
        assert!(std::fs::read(&out).unwrap().starts_with(&before));
        file = out;
    }
    let out = dir.join("again.pdf");
    check_refused(
        &extend(&file, &out, "B-LT"),
        &out,
        REFUSED,
        "at level B-LT already",
        "đã đạt mức B-LT",
    );
}

#[test]
fn what_cannot_be_done_is_said_in_both_languages_and_nothing_is_written() {
    let (dir, page) = with_page("refused");
    let out = dir.join("out.pdf");
    let facts = shared();
    let home = home(facts);
    let stranger = antin(&[
        "sign",
        text(&page),
        "-o",
        text(&out),
        "--dir",
        text(&home),
        "--office",
        "H01",
    ]);
    check_refused(
        &stranger,
        &out,
        COULD_NOT,
        "no office H01",
        "không có cơ quan H01",
    );
    for office in &facts.offices {
        assert!(stranger.err.contains(&office.code), "{stranger:?}");
    }
    check_refused(
        &sign(&page, &out, &["--level", "B-X"]),
        &out,
        COULD_NOT,
        "`B-X` is no level",
        "không phải là mức chữ ký",
    );
    check_refused(
        &sign(&page, &out, &["--key", "nobody"]),
        &out,
        COULD_NOT,
        "no key named nobody",
        "không có khoá tên nobody",
    );
    check_refused(
        &sign(&page, &out, &["--stamp", "sticker"]),
        &out,
        COULD_NOT,
        "there is no form",
        "không mô tả được",
    );
    check_refused(
        &sign(&dir.join("none.pdf"), &out, &[]),
        &out,
        COULD_NOT,
        "can't be read",
        "Không đọc được",
    );
    let words = dir.join("words.pdf");
    std::fs::write(&words, "not a PDF").unwrap();
    check_refused(
        &sign(&words, &out, &[]),
        &out,
        REFUSED,
        "does not begin as a PDF does",
        "PDF",
    );
    check_refused(
        &extend(&page, &out, "B-LTA"),
        &out,
        REFUSED,
        "carries no signature",
        "không có chữ ký nào",
    );
    check_refused(
        &extend(&page, &out, "B-B"),
        &out,
        COULD_NOT,
        "Every signature has level B-B",
        "Chữ ký nào cũng đạt mức B-B",
    );
    let nowhere = antin(&["extend", text(&page), "-o", text(&out), "--level", "B-T"]);
    check_refused(
        &nowhere,
        &out,
        COULD_NOT,
        "No time-stamping authority is known",
        "Chưa biết dịch vụ cấp dấu thời gian",
    );
}

#[test]
fn an_existing_file_is_replaced_only_when_told_and_the_input_never() {
    let (dir, page) = with_page("existing");
    let original = std::fs::read(&page).unwrap();
    let out = dir.join("out.pdf");
    std::fs::write(&out, "somebody's").unwrap();
    let kept = sign(&page, &out, &["--level", "B-B"]);
    assert_eq!(kept.code, Some(COULD_NOT), "{kept:?}");
    assert!(kept.err.contains("is there already"), "{kept:?}");
    assert!(kept.err.contains("đã có"), "{kept:?}");
    assert_eq!(std::fs::read(&out).unwrap(), b"somebody's");
    let replaced = sign(&page, &out, &["--level", "B-B", "--force"]);
    assert_eq!(replaced.code, Some(MADE), "{replaced:?}");
    check_level(&out, "B-B");

    // Under another name it is the same file still.
    let link = dir.join("link.pdf");
    std::fs::hard_link(&page, &link).unwrap();
    for same in [&page, &link] {
        let refused = sign(&page, same, &["--level", "B-B", "--force"]);
        assert_eq!(refused.code, Some(COULD_NOT), "{refused:?}");
        assert!(refused.err.contains("never written over"), "{refused:?}");
        assert!(
            refused.err.contains("không bao giờ bị ghi đè"),
            "{refused:?}"
        );
        assert_eq!(std::fs::read(&page).unwrap(), original);
    }
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "left behind: {names:?}");
}

#[test]
fn without_its_authority_a_file_is_not_signed_above_the_basic_level() {
    let mut world = World::demo();
    let home = world.home();
    let office = world.facts.quick_clerk().office.clone();
    world.stop();
    let (dir, page) = with_page("alone");
    let sign = |level: &str, out: &Path| {
        antin(&[
            "sign",
            text(&page),
            "-o",
            text(out),
            "--dir",
            text(&home),
            "--office",
            &office,
            "--level",
            level,
        ])
    };
    let out = dir.join("out.pdf");
    let alone = sign("B-T", &out);
    check_refused(
        &alone,
        &out,
        COULD_NOT,
        "No time-stamp could be had",
        "Không lấy được dấu thời gian",
    );
    let remedy = format!("antin demo --dir {}", home.display());
    assert!(alone.err.contains(&remedy), "{alone:?}");
    let basic = sign("B-B", &out);
    assert_eq!(basic.code, Some(MADE), "{basic:?}");
}

/// A configuration around an authority that gives time-stamps and nothing else.
fn bare_office(authority: &Authority, dir: &TempDir) -> PathBuf {
    authority.issue_seal("Con dấu", &dir.join("seal.key"), &dir.join("seal.pem"));
    std::fs::copy(authority.root_pem(), dir.join("root.pem")).unwrap();
    // `sign` uses no log; a configuration has one all the same.
    std::fs::copy(dir.join("seal.key"), dir.join("log.key")).unwrap();
    std::fs::set_permissions(dir.join("log.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let tsa = authority.address();
    let text = format!(
        r#"base_url = "http://ketqua.example.vn"
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
[archive]
dir = "archive"
[log]
origin = "log.example.vn/ketqua"
key_file = "log.key"
[timestamp]
urls = ["http://{tsa}/tsa"]
[trust]
roots = ["root.pem"]
[[office]]
code = "H26.7"
name = "Ủy ban nhân dân quận Thử Nghiệm"
level = "district"
key_file = "seal.key"
certificate_file = "seal.pem"
[office.keys.van-thu]
kind = "pem"
key_file = "seal.key"
certificate_file = "seal.pem"
"#
    );
    let config = dir.join("antin.toml");
    std::fs::write(&config, text).unwrap();
    config
}

#[test]
fn evidence_that_nobody_gives_is_named_and_a_lower_level_is_still_made() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let (dir, page) = with_page("bare");
    let config = bare_office(&authority, &dir);
    let sign = |level: &str, out: &Path| {
        antin(&[
            "sign",
            text(&page),
            "-o",
            text(out),
            "--config",
            text(&config),
            "--office",
            "H26.7",
            "--key",
            "van-thu",
            "--level",
            level,
        ])
    };
    let out = dir.join("out.pdf");
    let refused = sign("B-LT", &out);
    check_refused(
        &refused,
        &out,
        REFUSED,
        "the revocation status of",
        "Không đạt được mức yêu cầu",
    );
    assert!(refused.err.contains("names no address"), "{refused:?}");
    let basic = dir.join("basic.pdf");
    assert_eq!(sign("B-B", &basic).code, Some(MADE));

    // Without a configuration: authority and root by name.
    let tsa = format!("http://{}/tsa", authority.address());
    let root = authority.root_pem();
    let raised = antin(&[
        "extend",
        text(&basic),
        "-o",
        text(&out),
        "--level",
        "B-T",
        "--tsa",
        &tsa,
        "--trust",
        text(&root),
        "--json",
    ]);
    assert_eq!(raised.code, Some(MADE), "{raised:?}");
    let report = &raised.json()["report"];
    assert_eq!(report["signatures"][0]["level"], "B-T", "{report:#}");

    authority.set_down(true);
    let other = dir.join("other.pdf");
    check_refused(
        &sign("B-T", &other),
        &other,
        COULD_NOT,
        "No time-stamp could be had",
        "Không lấy được dấu thời gian",
    );
}

#[test]
fn other_files_are_signed_as_cades_and_as_a_container() {
    let dir = TempDir::new("other-files");
    let facts = shared();
    let scan = dir.join("ban-ve.dwg");
    let note = dir.join("Ghi chú.txt");
    std::fs::write(&scan, b"AC1032 not really a drawing").unwrap();
    std::fs::write(&note, "Hồ sơ số 1").unwrap();
    let verify = |file: &Path, more: &[&str]| {
        let begin = [
            "verify",
            text(file),
            "--trust",
            text(&facts.trust),
            "--offline",
            "--json",
        ];
        antin(&[begin.as_slice(), more].concat())
    };
    for level in ["B-B", "B-LTA"] {
        let enveloping = dir.join(&format!("{level}.p7m"));
        let made = sign(&scan, &enveloping, &["--format", "cades", "--level", level]);
        assert_eq!(made.code, Some(MADE), "{made:?}");
        let seen = verify(&enveloping, &[]);
        assert_eq!(seen.code, Some(MADE), "{seen:?}");
        assert_eq!(seen.json()["signatures"][0]["level"], level);

        let detached = dir.join(&format!("{level}.p7s"));
        let made = sign(
            &scan,
            &detached,
            &["--format", "cades-detached", "--level", level],
        );
        assert_eq!(made.code, Some(MADE), "{made:?}");
        let seen = verify(&detached, &["--content", text(&scan)]);
        assert_eq!(seen.code, Some(MADE), "{seen:?}");
        let other = verify(&detached, &["--content", text(&note)]);
        assert_ne!(other.code, Some(MADE), "{other:?}");

        let container = dir.join(&format!("{level}.asice"));
        let made = sign(
            &scan,
            &container,
            &[text(&note), "--format", "asic-e", "--level", level],
        );
        assert_eq!(made.code, Some(MADE), "{made:?}");
        let seen = verify(&container, &[]);
        assert_eq!(seen.code, Some(MADE), "{seen:?}");
        assert_eq!(seen.json()["signatures"][0]["level"], level);
    }
    let out = dir.join("two.p7s");
    check_refused(
        &sign(&scan, &out, &[text(&note), "--format", "cades"]),
        &out,
        COULD_NOT,
        "takes one file",
        "chỉ nhận một tệp",
    );
    check_refused(
        &sign(&scan, &out, &["--format", "xades"]),
        &out,
        COULD_NOT,
        "`xades` is no format",
        "không phải là định dạng",
    );
}
