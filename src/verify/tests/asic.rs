//! Containers of every level, made the product's own way, and every way to slip something in.

use super::cades::{lists, signed as cades_signed};
use super::*;
use crate::asic::{self, File, MIME_ASIC_E, MIME_ASIC_S, Manifest};
use crate::sign::asic::{self as package, DataFile, Existing, Refusal};
use crate::sign::cades::{Packaging, ValidationData};
use crate::verify::{Coverage, Kind, asic_lacks, judge_asic, kind, needs_asic};

const LETTER: &str = "Tờ trình số 12.docx";

fn files() -> Vec<DataFile> {
    let file = |name: &str, bytes: &[u8]| DataFile {
        name: name.to_owned(),
        mime_type: "application/octet-stream".to_owned(),
        bytes: bytes.to_vec(),
    };
    vec![
        file(LETTER, b"PK the words of a letter"),
        file("bản vẽ/mặt bằng & cắt.dwg", &[7; 5_000]),
        file("step.json", b"{\"step\":1}"),
    ]
}

fn sealed_package(stamp_s: Option<i64>) -> Vec<u8> {
    let seal = &town().seal;
    let chain = [town().ca.certificate.clone()];
    let request = package::Request {
        certificate: &seal.certificate,
        chain: &chain,
        algorithm: seal.algorithm,
    };
    let prepared = package::prepare(files(), &request, at(NOW)).unwrap();
    let signature = seal.sign(prepared.to_sign());
    let token = stamp_s.map(|time_s| forge::token(&town().unit, &signature, time_s));
    let signed = prepared.signed(Signature(signature));
    signed.complete(token.as_deref()).unwrap().into_bytes()
}

fn open(container: &[u8]) -> Existing {
    package::open(container).unwrap()
}

fn with_lists(existing: Existing) -> Existing {
    let data = ValidationData {
        crls: &lists(),
        ..ValidationData::default()
    };
    existing.with_evidence(&data).unwrap()
}

fn archived(existing: Existing, time_s: i64) -> Existing {
    let prepared = existing.prepare_archive().unwrap();
    let mut info = forge::info(b"", time_s);
    info.imprint.hash = prepared.imprint().to_vec();
    let token = forge::token_of(&town().unit, &info);
    prepared.complete(&token).unwrap()
}

fn lasting() -> Vec<u8> {
    let existing = with_lists(open(&sealed_package(Some(NOW))));
    archived(existing, NOW + 120).into_bytes().unwrap()
}

fn judged(container: &[u8]) -> Report {
    let anchors = Anchors::new(vec![town().root.certificate.clone()]);
    let evidence = Evidence {
        anchors: &anchors,
        extra: &[],
        revocation: &RevocationEvidence::default(),
        memory: &Memory::new(),
    };
    judge_asic(container, &evidence, at(NOW + 400))
}

#[track_caller]
fn check_level(container: &[u8], level: &str) -> Report {
    assert_eq!(kind(container), Kind::Asic);
    let report = judged(container);
    check_report(&report, PASSED);
    let signature = &report.signatures[0];
    assert_eq!(signature.level.as_deref(), Some(level), "{report:#?}");
    assert_eq!(signature.format, "ASiC-E");
    assert_eq!(signature.field, "META-INF/signature001.p7s");
    assert_eq!(signature.coverage, Coverage::WholeFile);
    report
}

/// The container's files, changed by `edit` and packed again.
fn repacked(container: &[u8], edit: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let read = asic::read(container, &asic::Limits::default()).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = read
        .entries
        .into_iter()
        .map(|e| (e.name, e.bytes.into_owned()))
        .collect();
    edit(&mut files);
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(name, bytes)| File { name, bytes })
        .collect();
    asic::write(read.mime_type.as_deref().unwrap(), &files).unwrap()
}

fn of<'f>(files: &'f mut [(String, Vec<u8>)], name: &str) -> &'f mut Vec<u8> {
    let found = files.iter_mut().find(|(n, _)| n == name);
    &mut found.unwrap_or_else(|| panic!("{name} is not there")).1
}

#[track_caller]
fn check_mutant(
    edit: impl Fn(&mut Vec<(String, Vec<u8>)>),
    expected: (Indication, Option<SubIndication>),
    code: &str,
) {
    for whole in [sealed_package(Some(NOW)), lasting()] {
        let report = judged(&repacked(&whole, &edit));
        check_report(&report, expected);
        check_code(&report, code);
    }
}

#[test]
fn each_level_is_reached_and_told() {
    check_level(&sealed_package(None), "B-B");
    let stamped = sealed_package(Some(NOW));
    check_level(&stamped, "B-T");
    let long = with_lists(open(&stamped));
    check_level(&long.clone().into_bytes().unwrap(), "B-LT");
    let once = archived(long, NOW + 120);
    let report = check_level(&once.clone().into_bytes().unwrap(), "B-LTA");
    assert_eq!(report.signatures.len(), 2);
    assert_eq!(report.signatures[1].format, "RFC3161");
    let twice = archived(with_lists(once), NOW + 240).into_bytes().unwrap();
    let report = check_level(&twice, "B-LTA");
    assert_eq!(report.signatures.len(), 3);
    // The newest has the fixed name, and names the one before it as its root.
    let read = asic::read(&twice, &asic::Limits::default()).unwrap();
    let newest = read.find("META-INF/ASiCArchiveManifest.xml").unwrap();
    let newest = Manifest::parse(newest).unwrap();
    let older = newest
        .reference("META-INF/ASiCArchiveManifest001.xml")
        .unwrap();
    assert!(older.is_root);
    assert_eq!(newest.signature, "META-INF/timestamp002.tst");
    assert_eq!(newest.references.iter().filter(|r| r.is_root).count(), 1);
}

#[test]
fn a_container_begins_with_its_media_type() {
    let container = sealed_package(None);
    assert_eq!(&container[..4], b"PK\x03\x04");
    assert_eq!(&container[30..38], b"mimetype");
    assert_eq!(&container[38..38 + 31], MIME_ASIC_E.as_bytes());
    // The same files give the same bytes.
    let again = repacked(&container, |_| ());
    assert_eq!(again, container);
}

#[test]
fn a_changed_file_fails() {
    let changed = |files: &mut Vec<(String, Vec<u8>)>| of(files, LETTER)[3] ^= 1;
    check_mutant(
        changed,
        failed(SubIndication::HashFailure),
        "SIGNED_FILE_CHANGED",
    );
}

#[test]
fn swapped_files_fail() {
    let swap = |files: &mut Vec<(String, Vec<u8>)>| {
        let (one, other) = (files[0].1.clone(), files[2].1.clone());
        files[0].1 = other;
        files[2].1 = one;
    };
    check_mutant(
        swap,
        failed(SubIndication::HashFailure),
        "SIGNED_FILE_CHANGED",
    );
}

#[test]
fn a_renamed_file_fails() {
    let rename = |files: &mut Vec<(String, Vec<u8>)>| files[0].0 = "another.docx".into();
    check_mutant(
        rename,
        failed(SubIndication::FormatFailure),
        "FILE_NOT_SIGNED",
    );
    check_mutant(
        rename,
        failed(SubIndication::FormatFailure),
        "SIGNED_FILE_ABSENT",
    );
}

#[test]
fn a_file_taken_out_leaves_the_question_open() {
    let take = |files: &mut Vec<(String, Vec<u8>)>| drop(files.remove(0));
    check_mutant(
        take,
        doubt(SubIndication::SignedDataNotFound),
        "SIGNED_FILE_ABSENT",
    );
}

#[test]
fn a_file_put_in_is_named() {
    for name in [
        "more.pdf",
        "META-INF/more.txt",
        "META-INF/deeper/signature9.p7s",
        "meta-inf/x",
    ] {
        let put = |files: &mut Vec<(String, Vec<u8>)>| files.push((name.into(), b"x".to_vec()));
        check_mutant(put, failed(SubIndication::FormatFailure), "FILE_NOT_SIGNED");
    }
}

#[test]
fn a_changed_manifest_fails() {
    let edit = |files: &mut Vec<(String, Vec<u8>)>| {
        let manifest = of(files, "META-INF/ASiCManifest001.xml");
        manifest.extend_from_slice(b"\n");
    };
    check_mutant(
        edit,
        failed(SubIndication::HashFailure),
        "MESSAGE_DIGEST_MISMATCH",
    );
}

#[test]
fn manifests_and_signatures_that_belong_to_nothing_fail() {
    let orphan = |files: &mut Vec<(String, Vec<u8>)>| {
        files.retain(|(name, _)| name != "META-INF/signature001.p7s");
    };
    let report = judged(&repacked(&sealed_package(None), orphan));
    check_report(&report, failed(SubIndication::FormatFailure));
    check_code(&report, "MANIFEST_WITHOUT_SIGNATURE");
    let bare = |files: &mut Vec<(String, Vec<u8>)>| {
        files.retain(|(name, _)| name != "META-INF/ASiCManifest001.xml");
    };
    check_mutant(
        bare,
        failed(SubIndication::FormatFailure),
        "SIGNATURE_WITHOUT_MANIFEST",
    );
    let doubled = |files: &mut Vec<(String, Vec<u8>)>| {
        let manifest = of(files, "META-INF/ASiCManifest001.xml").clone();
        files.push(("META-INF/ASiCManifest002.xml".into(), manifest));
    };
    check_mutant(
        doubled,
        failed(SubIndication::FormatFailure),
        "MANIFEST_AMBIGUOUS",
    );
    let token = |files: &mut Vec<(String, Vec<u8>)>| {
        let token = forge::token(&town().unit, b"x", NOW);
        files.push(("META-INF/timestamp9.tst".into(), token));
    };
    check_mutant(
        token,
        failed(SubIndication::FormatFailure),
        "TIMESTAMP_WITHOUT_MANIFEST",
    );
}

#[test]
fn an_archive_manifest_that_does_not_hold_fails() {
    let report = judged(&repacked(&lasting(), |files| {
        let manifest = of(files, "META-INF/ASiCArchiveManifest.xml");
        manifest.extend_from_slice(b" ");
    }));
    check_report(&report, failed(SubIndication::HashFailure));
    check_code(&report, "TIMESTAMP_IMPRINT_MISMATCH");
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-LT"));
    // The signature gains an attribute after the archive manifest has fixed it.
    let report = judged(&repacked(&lasting(), |files| {
        let manifest = of(files, "META-INF/ASiCManifest001.xml").clone();
        let message = of(files, "META-INF/signature001.p7s");
        let existing = crate::sign::cades::open(message, Some(&manifest)).unwrap();
        let more = ValidationData {
            certificates: &[town().root.certificate.der().to_vec()],
            ..ValidationData::default()
        };
        *message = existing.with_evidence(&more).unwrap().into_bytes();
    }));
    check_report(&report, failed(SubIndication::HashFailure));
    check_code(&report, "SIGNED_FILE_CHANGED");
}

#[test]
fn a_second_signature_over_less_is_told() {
    let whole = repacked(&sealed_package(Some(NOW)), |files| {
        let data = files[0].1.clone();
        let manifest = Manifest {
            signature: "META-INF/signature002.p7s".into(),
            signature_mime_type: None,
            references: vec![asic::Reference {
                name: LETTER.into(),
                mime_type: None,
                is_root: false,
                digest_method: "http://www.w3.org/2001/04/xmlenc#sha512".into(),
                digest: crate::pki::digest::DigestAlgorithm::Sha512.hash(&data),
            }],
        }
        .to_xml();
        let message = cades_signed(&manifest, Packaging::Detached, None);
        files.push(("META-INF/ASiCManifest002.xml".into(), manifest));
        files.push(("META-INF/signature002.p7s".into(), message));
    });
    let report = judged(&whole);
    check_report(&report, PASSED);
    check_code(&report, "FILES_NOT_COVERED");
    let coverage: Vec<Coverage> = report.signatures.iter().map(|s| s.coverage).collect();
    assert_eq!(coverage, [Coverage::WholeFile, Coverage::Revision]);
    assert_eq!(package::open(&whole).unwrap_err(), Refusal::Signatures(2));
}

#[test]
fn the_simple_form_has_one_file() {
    let data = b"a scan".as_slice();
    let message = cades_signed(data, Packaging::Detached, Some(NOW));
    let pack = |files: &[File<'_>]| asic::write(MIME_ASIC_S, files).unwrap();
    let scan = File {
        name: "scan.tiff",
        bytes: data,
    };
    let signature = File {
        name: "META-INF/signature.p7s",
        bytes: &message,
    };
    let report = judged(&pack(&[scan, signature]));
    check_report(&report, PASSED);
    assert_eq!(report.signatures[0].format, "ASiC-S");
    let token = forge::token(&town().unit, data, NOW);
    let token = File {
        name: "META-INF/timestamp.tst",
        bytes: &token,
    };
    check_report(&judged(&pack(&[scan, token])), PASSED);
    let second = File {
        name: "second.tiff",
        bytes: b"x",
    };
    let report = judged(&pack(&[scan, second, signature]));
    check_code(&report, "CONTAINER_DATA_COUNT");
    assert_eq!(report.indication, Indication::TotalFailed);
    let other = File {
        name: "scan.tiff",
        bytes: b"another",
    };
    check_report(
        &judged(&pack(&[other, signature])),
        failed(SubIndication::HashFailure),
    );
}

#[test]
fn signatures_in_xml_are_said_to_be_unsupported() {
    let put = |files: &mut Vec<(String, Vec<u8>)>| {
        files.push(("META-INF/signatures0.xml".into(), b"<x/>".to_vec()));
    };
    check_mutant(
        put,
        doubt(SubIndication::SignedDataNotFound),
        "FORMAT_NOT_SUPPORTED",
    );
}

#[test]
fn names_that_belong_to_the_container_are_refused() {
    let seal = &town().seal;
    let request = package::Request {
        certificate: &seal.certificate,
        chain: &[],
        algorithm: seal.algorithm,
    };
    for (name, code) in [
        ("mimetype", "asic-reserved-name"),
        ("META-INF/x.p7s", "asic-reserved-name"),
        ("Meta-Inf/x", "asic-reserved-name"),
        ("../x", "asic-unwritable"),
        ("C:\\x", "asic-unwritable"),
    ] {
        let mut all = files();
        all[0].name = name.into();
        let refused = package::prepare(all, &request, at(NOW)).unwrap_err();
        assert_eq!(refused.code(), code, "{name}");
    }
    let mut twice = files();
    twice[1].name = LETTER.to_uppercase();
    assert!(package::prepare(twice, &request, at(NOW)).is_err());
    let none = package::prepare(Vec::new(), &request, at(NOW)).unwrap_err();
    assert_eq!(none, Refusal::NoFiles);
}

#[test]
fn what_does_not_hold_is_not_built_upon() {
    let changed = repacked(&sealed_package(Some(NOW)), |files| files[0].1.push(0));
    assert_eq!(package::open(&changed).unwrap_err().code(), "asic-manifest");
    let plain = open(&sealed_package(None));
    let refused = plain.prepare_archive().unwrap_err();
    assert_eq!(refused.code(), "cades-not-timestamped");
}

#[test]
fn what_a_container_lacks_is_named_until_it_is_inside() {
    let anchors = Anchors::new(vec![town().root.certificate.clone()]);
    let memory = Memory::new();
    let stamped = sealed_package(Some(NOW));
    assert!(needs_asic(&stamped, &anchors, &[], &memory).is_empty());
    assert_eq!(
        asic_lacks(&stamped, &anchors, &[], &memory, at(NOW + 90)).len(),
        3
    );
    assert!(asic_lacks(&lasting(), &anchors, &[], &memory, at(NOW + 150)).is_empty());
}

#[test]
fn every_changed_octet_is_noticed_or_harmless() {
    let container = lasting();
    let step = 11;
    for index in (0..container.len()).step_by(step) {
        let mut changed = container.clone();
        changed[index] ^= 0x20;
        let report = judged(&changed);
        // What a reader does not read (times, versions of the packing program) may differ; no file may.
        if report.indication == Indication::TotalPassed {
            let read = |bytes| asic::read(bytes, &asic::Limits::default()).unwrap().entries;
            assert_eq!(read(&changed), read(&container), "octet {index}");
        }
    }
}

#[test]
fn a_message_without_a_signer_signs_no_file() {
    // RFC 5652 5.1: a SignedData of nobody, as it carries certificates around. No key is needed to make one.
    const NOBODYS: &[u8] =
        b"\x30\x23\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x16\x30\x14\x02\x01\x01\x31\x00\
        \x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x31\x00";
    assert!(crate::pki::cms::SignedData::parse(NOBODYS).is_ok());
    let slip_in = |files: &mut Vec<(String, Vec<u8>)>| {
        let forged = b"%PDF-1.7 forged".to_vec();
        let manifest = Manifest {
            signature: "META-INF/signature002.p7s".into(),
            signature_mime_type: None,
            references: vec![asic::Reference {
                name: "forged.pdf".into(),
                mime_type: None,
                is_root: false,
                digest_method: "http://www.w3.org/2001/04/xmlenc#sha256".into(),
                digest: crate::pki::digest::sha256(&forged).to_vec(),
            }],
        };
        files.push(("forged.pdf".into(), forged));
        files.push(("META-INF/ASiCManifest002.xml".into(), manifest.to_xml()));
        files.push(("META-INF/signature002.p7s".into(), NOBODYS.to_vec()));
    };
    let expected = failed(SubIndication::FormatFailure);
    check_mutant(slip_in, expected, "SIGNER_INFO_COUNT");
    check_mutant(slip_in, expected, "FILE_NOT_SIGNED");
}
