//! Results with a visible signature: asked for with the filing, seen before it is filed, refused where it can't stand.

use std::process::Command;

use super::problem;
use crate::world::authority::Authority;
use crate::world::demo::Clerk;
use crate::world::live::Live;
use crate::world::process::antin;
use crate::world::temp::TempDir;
use crate::world::tools::in_project;
use crate::world::{Call, Filing, Form, Receipt, shared, tools};

fn asking(
    filing: &Filing,
    base_url: &str,
    clerk: &Clerk,
    stamp: &str,
    query: &str,
) -> Call<'static> {
    let body = Form::new()
        .text(
            "record",
            "application/json",
            &serde_json::to_vec(&filing.record).unwrap(),
        )
        .text("stamp", "application/json", stamp.as_bytes())
        .file("file", &filing.file_name, "application/pdf", &filing.pdf)
        .finish();
    Call::new("POST", format!("{base_url}/api/v1/results{query}"))
        .bearer(&clerk.api_key)
        .header("Idempotency-Key", &filing.quoted_key())
        .body(&Form::content_type(), body)
}

fn decision(clerk: &Clerk) -> Filing {
    let mut filing = Filing::new(clerk);
    filing.pdf = std::fs::read(in_project("tests/data/stamps/decision.pdf")).unwrap();
    filing
}

/// The words on the first page, as another program reads them.
fn words(file: &[u8], program: &std::path::Path) -> String {
    let dir = TempDir::new("stamping");
    let path = dir.join("file.pdf");
    std::fs::write(&path, file).unwrap();
    let read = Command::new(program)
        .args(["-l", "1"])
        .arg(&path)
        .arg("-")
        .output()
        .unwrap();
    String::from_utf8(read.stdout).unwrap()
}

fn file_of(base_url: &str, clerk: &Clerk, receipt: &Receipt) -> Vec<u8> {
    Call::get(format!("{base_url}/api/v1/results/{}/file", receipt.id))
        .bearer(&clerk.api_key)
        .send()
        .expect(200)
        .body
}

#[test]
fn a_copy_bears_the_words_of_the_decree_and_a_preview_shows_them_before() {
    let pdftotext = match tools::program("pdftotext") {
        Ok(program) => program,
        Err(why) => return tools::skip(&why),
    };
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = decision(clerk);
    let stamp = r#"{"form": "copy:sao-y"}"#;
    let preview = asking(&filing, &facts.base_url, clerk, stamp, "?preview=png")
        .send()
        .expect(200);
    assert_eq!(preview.needs("content-type"), "image/png");
    assert!(preview.body.starts_with(b"\x89PNG"));
    // Nothing was filed: the key is free.
    let answer = asking(&filing, &facts.base_url, clerk, stamp, "")
        .send()
        .expect(201);
    let receipt = Receipt::of(&answer);
    let kept = file_of(&facts.base_url, clerk, &receipt);
    assert!(kept.starts_with(&filing.pdf));
    let text = words(&kept, &pdftotext);
    assert!(text.contains("SAO Y"), "{text}");
    assert!(text.contains("+07:00"), "{text}");
    // Another stamp is another request.
    let other = asking(
        &filing,
        &facts.base_url,
        clerk,
        r#"{"form": "copy:sao-luc"}"#,
        "",
    )
    .send();
    problem(&other, 422, "idempotency_key_reused");
    let same = asking(&filing, &facts.base_url, clerk, stamp, "")
        .send()
        .expect(201);
    assert_eq!(same.text(), answer.text());
}

#[test]
fn a_stamp_that_can_not_stand_there_is_refused_with_nothing_signed() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = decision(clerk);
    let send =
        |stamp: &str, query: &str| asking(&filing, &facts.base_url, clerk, stamp, query).send();
    problem(&send("{", ""), 400, "stamp_invalid");
    problem(&send(r#"{"form": "crown"}"#, ""), 400, "stamp_invalid");
    problem(
        &send(r#"{"form": "copy:sao-y"}"#, "?preview=svg"),
        400,
        "preview_unknown",
    );
    let lost = r#"{"form": "info", "anchor": {"text": "Không có tên này"}}"#;
    problem(&send(lost, ""), 422, "stamp_text_not_found");
    problem(&send(lost, "?preview=png"), 422, "stamp_text_not_found");
    // The office has no picture of its seal.
    let seal = send(
        r#"{"form": "agency", "anchor": {"text": "Nguyễn Thị Phượng"}}"#,
        "",
    );
    assert_eq!(seal.status, 422, "{}", seal.shown());
    // The key is still free.
    asking(
        &filing,
        &facts.base_url,
        clerk,
        r#"{"form": "copy:sao-y"}"#,
        "",
    )
    .send()
    .expect(201);
}

#[test]
fn an_office_with_a_picture_seals_in_red() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve_with(&authority, 0, |home| {
        std::fs::copy(
            in_project("tests/data/stamps/seal.png"),
            home.join("seal.png"),
        )
        .unwrap();
        "[office.stamp]\nseal_png = \"seal.png\"\nseal_width_mm = 36\n".to_owned()
    });
    let filing = decision(&live.clerk);
    let stamp = r#"{"form": "agency", "anchor": {"text": "Nguyễn Thị Phượng"}, "over_text": true}"#;
    let answer = asking(&filing, &live.base_url, &live.clerk, stamp, "")
        .send()
        .expect(201);
    let kept = file_of(&live.base_url, &live.clerk, &Receipt::of(&answer));
    let dir = TempDir::new("sealed");
    let path = dir.join("sealed.pdf");
    std::fs::write(&path, kept).unwrap();
    let root = authority.root_pem();
    let (path, root) = (path.to_str().unwrap(), root.to_str().unwrap());
    let judged = antin(&["verify", path, "--trust", root, "--offline"]);
    assert_eq!(judged.code, Some(0), "{judged:?}");
}

#[test]
fn the_code_in_a_stamp_leads_to_the_result() {
    let (pdftoppm, zbarimg) = match (tools::program("pdftoppm"), tools::program("zbarimg")) {
        (Ok(pdftoppm), Ok(zbarimg)) => (pdftoppm, zbarimg),
        (Err(why), _) | (_, Err(why)) => return tools::skip(&why),
    };
    let facts = shared();
    let clerk = facts.quick_clerk();
    let stamp = r#"{"form": "info", "anchor": {"rect_mm": [20, 190, 90, 40]}, "qr": true}"#;
    let answer = asking(&decision(clerk), &facts.base_url, clerk, stamp, "")
        .send()
        .expect(201);
    let receipt = Receipt::of(&answer);
    let dir = TempDir::new("code");
    let file = dir.join("file.pdf");
    std::fs::write(&file, file_of(&facts.base_url, clerk, &receipt)).unwrap();
    let picture = dir.join("page");
    let drawn = Command::new(pdftoppm)
        .args(["-r", "200", "-png", "-singlefile"])
        .args([&file, &picture])
        .status()
        .unwrap();
    assert!(drawn.success());
    let read = Command::new(zbarimg)
        .args(["--quiet", "--raw"])
        .arg(picture.with_extension("png"))
        .output()
        .unwrap();
    let found = String::from_utf8(read.stdout).unwrap();
    assert_eq!(found.trim(), receipt.verify_url);
}
