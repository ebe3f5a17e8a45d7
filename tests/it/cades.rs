//! Signatures over any file and over dossiers, at every level: made here, judged here, by the program, and by others.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use antin::keys::{FileKey, SigningKey as _};
use antin::pki::cert::Certificate;
use antin::pki::cms::SignedData;
use antin::pki::digest::DigestAlgorithm;
use antin::pki::ocsp::{CertId, Request};
use antin::pki::tsp;
use antin::province::{Cast, Declaration, Entity, Now, Province};
use antin::record::UtcTime;
use antin::sign::{Signature, asic, cades};

use crate::world::process::antin;
use crate::world::temp::TempDir;
use crate::world::tools::{in_project, program, python, skip};

const LEVELS: [&str; 4] = ["B-B", "B-T", "B-LT", "B-LTA"];
const SEALS: [&str; 3] = ["seal-commune", "seal-rsa2048", "seal-province"];

fn now() -> UtcTime {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UtcTime::from_unix_s(i64::try_from(unix.as_secs()).unwrap()).unwrap()
}

fn province() -> &'static Province {
    static PROVINCE: OnceLock<Province> = OnceLock::new();
    PROVINCE.get_or_init(|| {
        let declaration = Declaration::embedded().unwrap();
        // Nobody answers there: everything that is needed goes into the files.
        Province::make(
            &declaration,
            "http://127.0.0.1:1",
            now(),
            Cast::Only(&SEALS),
        )
        .unwrap()
    })
}

fn stamp(imprint: [u8; 32]) -> Vec<u8> {
    let imprint = tsp::Imprint {
        digest: DigestAlgorithm::Sha256,
        hash: imprint.to_vec(),
    };
    let request = tsp::Request::new(imprint, Some(&[7; 8])).to_der();
    let answer = province()
        .timestamp_authority()
        .answer(&request, Now::from(now()));
    let token = tsp::Response::parse(&answer).unwrap().token;
    token.unwrap_or_else(|| panic!("the authority refuses"))
}

/// Status of seal, authority and CA: answers for the former, a list for the latter.
fn evidence(entity: &Entity) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let issuing = province().entity("issuing").unwrap().certificate();
    let answer = |certificate: &Certificate| {
        let id = CertId::new(DigestAlgorithm::Sha1, issuing, certificate.serial());
        let request = Request::new(vec![id], None).to_der();
        province().ocsp_responder().answer(&request, now())
    };
    let ocsps = vec![
        answer(entity.certificate()),
        answer(province().timestamp_authority().certificate()),
    ];
    let crls = vec![
        province().crl("root", now()).unwrap().to_vec(),
        province().crl("issuing", now()).unwrap().to_vec(),
    ];
    (ocsps, crls)
}

struct Key {
    key: FileKey,
    entity: &'static Entity,
}

fn key(name: &str) -> Key {
    let entity = province().entity(name).unwrap();
    let key = FileKey::from_pem(&entity.key_pem().unwrap()).unwrap();
    Key { key, entity }
}

fn message(name: &str, content: &[u8], packaging: cades::Packaging, level: &str) -> Vec<u8> {
    let Key { key, entity } = key(name);
    let request = cades::Request {
        certificate: entity.certificate(),
        chain: &entity.chain()[1..],
        algorithm: key.algorithm(),
        mime_type: Some("image/tiff"),
        packaging,
    };
    let prepared = cades::prepare(content, &request, now());
    let signature = key.sign(prepared.to_sign()).unwrap();
    let signed = prepared.signed(Signature(signature));
    let token = (level != "B-B").then(|| stamp(signed.timestamp_imprint()));
    let mut made = signed.complete(token.as_deref()).into_bytes();
    if matches!(level, "B-LT" | "B-LTA") {
        let (ocsps, crls) = evidence(entity);
        let data = cades::ValidationData {
            certificates: &[],
            crls: &crls,
            ocsps: &ocsps,
        };
        let existing = cades::open(&made, Some(content)).unwrap();
        made = existing.with_evidence(&data).unwrap().into_bytes();
    }
    if level == "B-LTA" {
        // Twice: an archive time-stamp, and its renewal.
        for _ in 0..2 {
            let existing = cades::open(&made, Some(content)).unwrap();
            let prepared = existing.prepare_archive().unwrap();
            let token = stamp(prepared.imprint());
            made = prepared.complete(&token).unwrap().into_bytes();
        }
    }
    made
}

fn container(name: &str, level: &str) -> Vec<u8> {
    let Key { key, entity } = key(name);
    let request = asic::Request {
        certificate: entity.certificate(),
        chain: &entity.chain()[1..],
        algorithm: key.algorithm(),
    };
    let file = |name: &str, bytes: Vec<u8>| asic::DataFile {
        name: name.to_owned(),
        mime_type: "application/octet-stream".to_owned(),
        bytes,
    };
    let files = vec![
        file("Tờ trình số 12.docx", b"the words of a letter ".repeat(400)),
        file("bản vẽ/mặt bằng.dwg", (0..=255).collect()),
        file("step.json", b"{\"step\":1}".to_vec()),
    ];
    let prepared = asic::prepare(files, &request, now()).unwrap();
    let signature = key.sign(prepared.to_sign()).unwrap();
    let signed = prepared.signed(Signature(signature));
    let token = (level != "B-B").then(|| stamp(signed.timestamp_imprint()));
    let mut made = signed.complete(token.as_deref()).unwrap().into_bytes();
    let (ocsps, crls) = evidence(entity);
    let data = cades::ValidationData {
        certificates: &[],
        crls: &crls,
        ocsps: &ocsps,
    };
    if matches!(level, "B-LT" | "B-LTA") {
        let existing = asic::open(&made).unwrap().with_evidence(&data).unwrap();
        made = existing.into_bytes().unwrap();
    }
    if level == "B-LTA" {
        for _ in 0..2 {
            let existing = asic::open(&made).unwrap().with_evidence(&data).unwrap();
            let prepared = existing.prepare_archive().unwrap();
            let token = stamp(prepared.imprint());
            made = prepared.complete(&token).unwrap().into_bytes().unwrap();
        }
    }
    made
}

/// One file with what belongs to it.
struct Made {
    file: PathBuf,
    content: Option<PathBuf>,
    level: &'static str,
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn all(dir: &TempDir) -> (PathBuf, Vec<Made>) {
    let root = province().root().unwrap().certificate();
    let mut pem = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    let openssl = root.openssl().unwrap();
    pem.clear();
    pem.extend_from_slice(&openssl.to_pem().unwrap());
    let root = write(dir, "root.pem", &pem);
    let scan = b"II*\0 the octets of a scan, of a scan".as_slice();
    let content = write(dir, "scan.tiff", scan);
    let mut made = Vec::new();
    for seal in SEALS {
        for level in LEVELS {
            let detached = message(seal, scan, cades::Packaging::Detached, level);
            made.push(Made {
                file: write(dir, &format!("{seal}-{level}.p7s"), &detached),
                content: Some(content.clone()),
                level,
            });
            let enveloping = message(seal, scan, cades::Packaging::Enveloping, level);
            made.push(Made {
                file: write(dir, &format!("{seal}-{level}.p7m"), &enveloping),
                content: None,
                level,
            });
            made.push(Made {
                file: write(
                    dir,
                    &format!("{seal}-{level}.asice"),
                    &container(seal, level),
                ),
                content: None,
                level,
            });
        }
    }
    (root, made)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_level_and_form_is_judged_alike_by_us_and_by_others() {
    let dir = TempDir::new("cades");
    let (root, made) = all(&dir);
    for one in &made {
        let mut arguments = vec!["verify", text(&one.file), "--trust", text(&root)];
        if let Some(content) = &one.content {
            arguments.extend(["--content", text(content)]);
        }
        arguments.extend(["--offline", "--json"]);
        let ended = antin(&arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report = ended.json();
        assert_eq!(report["signatures"][0]["level"], one.level, "{report:#}");
    }
    let python = match (python("pyhanko"), program("unzip"), program("openssl")) {
        (Ok(python), Ok(_), Ok(_)) => python,
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => return skip(&why),
    };
    let items = made.iter().map(|one| {
        let content = one.content.as_deref().map(text);
        let file = text(&one.file);
        content.map_or_else(
            || format!("{}={file}", one.level),
            |content| format!("{}={file}={content}", one.level),
        )
    });
    let output = Command::new(&python)
        .arg(in_project("tests/tools/cades_oracle.py"))
        .arg(&root)
        .args(items)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    // Every file was judged, and by others than pyHanko alone.
    assert_eq!(said.matches(" -cades: ok").count(), made.len(), "{said}");
    let archived = said.matches("archive-time-stamp-v3 over octets put together here: ok");
    assert_eq!(archived.count(), 2 * 2 * SEALS.len(), "{said}");
}

#[test]
fn a_detached_signature_says_that_its_file_is_missing_or_another() {
    let dir = TempDir::new("cades-other");
    let bytes = message("seal-commune", b"one", cades::Packaging::Detached, "B-B");
    assert!(SignedData::parse(&bytes).unwrap().content.is_none());
    let file = write(&dir, "one.p7s", &bytes);
    let other = write(&dir, "other.txt", b"another");
    let verify = |more: &[&str]| {
        let mut arguments = vec!["verify", text(&file), "--offline", "--json"];
        arguments.extend(more);
        antin(&arguments)
    };
    let missing = verify(&[]).json();
    assert_eq!(
        missing["signatures"][0]["sub_indication"], "SIGNED_DATA_NOT_FOUND",
        "{missing:#}"
    );
    let wrong = verify(&["--content", text(&other)]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let none = verify(&["--content", "/nowhere"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    let pdf = write(&dir, "plain.pdf", b"%PDF-1.7\n");
    let pdf = antin(&["verify", text(&pdf), "--content", text(&other), "--offline"]);
    assert_eq!(pdf.code, Some(3), "{pdf:?}");
}

#[test]
fn signatures_in_xml_and_json_are_said_to_be_unsupported() {
    let dir = TempDir::new("unsupported");
    for (name, text_of_it) in [
        (
            "a.xml",
            "<?xml version=\"1.0\"?><a><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></a>",
        ),
        ("a.json", "{\"payload\":\"e30\",\"signatures\":[]}"),
    ] {
        let file = write(&dir, name, text_of_it.as_bytes());
        let ended = antin(&["verify", text(&file), "--offline", "--json"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let report = ended.json();
        assert_eq!(
            report["reasons"][0]["code"], "FORMAT_NOT_SUPPORTED",
            "{report:#}"
        );
    }
}
