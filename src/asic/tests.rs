//! Containers as they should be, and as nobody should take them.

use flate2::Crc;

use super::{
    File, Limits, MIME_ASIC_E, Manifest, ManifestFault, Refusal, Role, numbered, read, write,
};

const NAME: &str = "hồ sơ/tờ trình.docx";

fn container() -> Vec<u8> {
    let text = b"the words of a letter, of a letter, of a letter".repeat(9);
    let files = [
        File {
            name: NAME,
            bytes: &text,
        },
        File {
            name: "META-INF/x.bin",
            bytes: b"x",
        },
    ];
    write(MIME_ASIC_E, &files).unwrap()
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    match read(bytes, &Limits::default()) {
        Ok(_) => panic!("taken, where {expected} was expected"),
        Err(refusal) => assert_eq!(refusal.code(), expected, "{refusal}"),
    }
}

/// One entry as it is to be written, both headers.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    local_name: Option<Vec<u8>>,
    flags: u16,
    method: u16,
    bytes: Vec<u8>,
    packed: Vec<u8>,
    crc: Option<u32>,
    size: Option<u32>,
    local_size: Option<u32>,
    extra: Vec<u8>,
    external: u32,
    made_by: u16,
    descriptor: Option<Vec<u8>>,
    before: Vec<u8>,
}

fn raw(name: &str, bytes: &[u8]) -> Raw {
    Raw {
        name: name.as_bytes().to_vec(),
        local_name: None,
        flags: if name.is_ascii() { 0 } else { 1 << 11 },
        method: 0,
        bytes: bytes.to_vec(),
        packed: bytes.to_vec(),
        crc: None,
        size: None,
        local_size: None,
        extra: Vec::new(),
        external: 0,
        made_by: 20,
        descriptor: None,
        before: Vec::new(),
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 100);
    flate2::Compress::new(flate2::Compression::best(), false)
        .compress_vec(bytes, &mut out, flate2::FlushCompress::Finish)
        .unwrap();
    out
}

fn zip(entries: &[Raw]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for e in entries {
        out.extend_from_slice(&e.before);
        let at = out.len() as u32;
        let crc = e.crc.unwrap_or_else(|| crc(&e.bytes));
        let size = e.size.unwrap_or(e.bytes.len() as u32);
        let common = |size: u32, crc: u32, packed: u32, name: usize| {
            let mut f = Vec::new();
            f.extend_from_slice(&20_u16.to_le_bytes());
            f.extend_from_slice(&e.flags.to_le_bytes());
            f.extend_from_slice(&e.method.to_le_bytes());
            f.extend_from_slice(&[0, 0, 0x21, 0]);
            f.extend_from_slice(&crc.to_le_bytes());
            f.extend_from_slice(&packed.to_le_bytes());
            f.extend_from_slice(&size.to_le_bytes());
            f.extend_from_slice(&(name as u16).to_le_bytes());
            f.extend_from_slice(&(e.extra.len() as u16).to_le_bytes());
            f
        };
        let packed = e.packed.len() as u32;
        let local_name = e.local_name.as_ref().unwrap_or(&e.name);
        out.extend_from_slice(b"PK\x03\x04");
        let local = if e.descriptor.is_some() {
            common(0, 0, 0, local_name.len())
        } else {
            common(e.local_size.unwrap_or(size), crc, packed, local_name.len())
        };
        out.extend_from_slice(&local);
        out.extend_from_slice(local_name);
        out.extend_from_slice(&e.extra);
        out.extend_from_slice(&e.packed);
        out.extend_from_slice(e.descriptor.as_deref().unwrap_or_default());
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&e.made_by.to_le_bytes());
        directory.extend_from_slice(&common(size, crc, packed, e.name.len()));
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&e.external.to_le_bytes());
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(&e.name);
        directory.extend_from_slice(&e.extra);
    }
    let start = out.len() as u32;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

fn mimetype() -> Raw {
    raw("mimetype", MIME_ASIC_E.as_bytes())
}

/// A container with one file that `edit` changes.
#[track_caller]
fn check_with(edit: impl Fn(&mut Raw), expected: &str) {
    let mut entry = raw("a.txt", b"some text");
    edit(&mut entry);
    check(&zip(&[mimetype(), entry]), expected);
}

#[test]
fn what_is_written_is_read_again() {
    let bytes = container();
    let read = read(&bytes, &Limits::default()).unwrap();
    assert_eq!(read.mime_type.as_deref(), Some(MIME_ASIC_E));
    let names: Vec<&str> = read.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, [NAME, "META-INF/x.bin"]);
    assert_eq!(read.find("META-INF/x.bin"), Some(b"x".as_slice()));
    // Packed, and so smaller than its content.
    assert!(bytes.len() < read.find(NAME).unwrap().len());
}

#[test]
fn a_plain_container_is_taken() {
    let folder = raw("folder/", b"");
    let mut packed = raw("folder/a.txt", &[9; 900]);
    packed.method = 8;
    packed.packed = deflated(&[9; 900]);
    let mut described = packed.clone();
    described.name = b"folder/b.txt".to_vec();
    described.flags = 1 << 3;
    let facts = |signature: &[u8]| {
        let mut d = signature.to_vec();
        d.extend_from_slice(&crc(&[9; 900]).to_le_bytes());
        d.extend_from_slice(&(packed.packed.len() as u32).to_le_bytes());
        d.extend_from_slice(&900_u32.to_le_bytes());
        d
    };
    described.descriptor = Some(facts(b"PK\x07\x08"));
    let mut unsigned = described.clone();
    unsigned.name = b"folder/c.txt".to_vec();
    unsigned.descriptor = Some(facts(b""));
    let bytes = zip(&[mimetype(), folder, packed, described, unsigned]);
    let read = read(&bytes, &Limits::default()).unwrap();
    assert_eq!(read.entries.len(), 3);
    assert!(read.entries.iter().all(|e| e.bytes.as_ref() == [9; 900]));
}

#[test]
fn bytes_that_belong_to_no_file_are_refused() {
    let whole = container();
    check(&[b"x", whole.as_slice()].concat(), "container-stray-bytes");
    check(&[whole.as_slice(), b"x"].concat(), "container-no-directory");
    check_with(|e| e.before = b"hidden".to_vec(), "container-stray-bytes");
    check(b"", "container-no-directory");
    check(b"PK\x03\x04", "container-no-directory");
    let mut last = zip(&[mimetype(), raw("a", b"x")]);
    let at = last.len() - 22;
    last.splice(at..at, *b"gap");
    check(&last, "container-stray-bytes");
}

#[test]
fn headers_that_disagree_are_refused() {
    check_with(
        |e| e.local_name = Some(b"b.txt".to_vec()),
        "container-headers-disagree",
    );
    check_with(|e| e.local_size = Some(1), "container-headers-disagree");
    let described = |descriptor: &[u8]| {
        let descriptor = descriptor.to_vec();
        move |e: &mut Raw| {
            e.method = 8;
            e.flags = 1 << 3;
            e.packed = deflated(&e.bytes);
            e.descriptor = Some(descriptor.clone());
        }
    };
    check_with(described(&[7; 12]), "container-headers-disagree");
    check_with(
        |e| {
            e.flags = 1 << 3;
            e.descriptor = Some(vec![0; 12]);
        },
        "container-not-supported",
    );
}

#[test]
fn doubled_names_are_refused_in_every_spelling() {
    for (one, other) in [
        ("a.txt", "a.txt"),
        ("a.txt", "A.TXT"),
        ("ấ.txt", "a\u{302}\u{301}.txt"),
        ("a", "a/"),
    ] {
        let other = raw(other, b"");
        check(
            &zip(&[mimetype(), raw(one, b""), other]),
            "container-doubled-name",
        );
    }
    check(&zip(&[mimetype(), mimetype()]), "container-doubled-name");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "",
        "/a",
        "../a",
        "a/../b",
        "a//b",
        "./a",
        "a\\b",
        "C:a",
        "a\0b",
        "a\nb",
        "x\u{202e}fdp.exe",
    ] {
        check(&zip(&[mimetype(), raw(name, b"x")]), "container-name");
    }
    check_with(|e| e.name = vec![0xff, 0xfe], "container-name");
    // Not marked as UTF-8: every reader would see another name.
    let mut unmarked = raw("ấ", b"x");
    unmarked.flags = 0;
    check(&zip(&[mimetype(), unmarked]), "container-name");
    let long = "x".repeat(2_000);
    check(&zip(&[mimetype(), raw(&long, b"x")]), "container-name");
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let zeros = vec![0; 4 << 20];
    check_with(
        |e| {
            e.method = 8;
            e.packed = deflated(&zeros);
            e.bytes.clone_from(&zeros);
        },
        "container-over-limit",
    );
    check_with(
        |e| {
            e.method = 8;
            e.packed = vec![0; 8_000_000];
            e.size = Some(600 << 20);
            e.local_size = Some(600 << 20);
        },
        "container-over-limit",
    );
    let many: Vec<Raw> = (0..1_001).map(|i| raw(&format!("{i}"), b"")).collect();
    check(&zip(&many), "container-over-limit");
}

#[test]
fn bytes_that_do_not_unpack_as_announced_are_refused() {
    let packed = |size: u32| {
        move |e: &mut Raw| {
            e.method = 8;
            e.packed = deflated(&e.bytes);
            e.size = Some(size);
        }
    };
    check_with(packed(8), "container-bad-data");
    check_with(packed(10), "container-bad-data");
    check_with(|e| e.crc = Some(1), "container-bad-data");
    check_with(
        |e| {
            e.method = 8;
            e.packed = deflated(&e.bytes);
            e.packed.push(0);
        },
        "container-bad-data",
    );
    check_with(|e| e.size = Some(4), "container-bad-data");
}

#[test]
fn what_no_container_needs_is_refused() {
    check_with(|e| e.flags = 1, "container-not-supported");
    check_with(|e| e.method = 12, "container-not-supported");
    check_with(
        |e| e.extra = vec![0x75, 0x70, 1, 0, 0],
        "container-not-supported",
    );
    check_with(|e| e.size = Some(u32::MAX), "container-not-supported");
    check_with(
        |e| {
            e.made_by = 3 << 8 | 20;
            e.external = 0o120_777 << 16;
        },
        "container-not-supported",
    );
}

#[test]
fn mimetype_is_first_stored_and_bare() {
    check(&zip(&[raw("a", b"x"), mimetype()]), "container-mimetype");
    let mut packed = mimetype();
    packed.method = 8;
    packed.packed = deflated(&packed.bytes);
    check(&zip(&[packed]), "container-mimetype");
    let mut extra = mimetype();
    extra.extra = vec![0x55, 0x54, 0, 0];
    check(&zip(&[extra]), "container-mimetype");
    check(
        &zip(&[raw("mimetype", b"two\nlines")]),
        "container-mimetype",
    );
    let without = zip(&[raw("a", b"x")]);
    assert_eq!(read(&without, &Limits::default()).unwrap().mime_type, None);
}

#[test]
fn no_truncation_and_no_flipped_bit_does_harm() {
    let whole = container();
    for length in 0..whole.len() {
        assert!(read(&whole[..length], &Limits::default()).is_err());
    }
    let plain = read(&whole, &Limits::default()).unwrap();
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[index] ^= 1 << bit;
            if let Ok(found) = read(&changed, &Limits::default()) {
                let content = |c: &super::Container<'_>| {
                    let bytes = c.entries.iter().map(|e| e.bytes.to_vec());
                    bytes.collect::<Vec<_>>()
                };
                assert_eq!(content(&found), content(&plain));
            }
        }
    }
}

const MANIFEST: &str = r#"<?xml version="1.0"?>
<a:ASiCManifest xmlns:a="http://uri.etsi.org/02918/v1.2.1#" xmlns="http://www.w3.org/2000/09/xmldsig#">
 <a:SigReference URI="META-INF/signature.p7s"/>
 <a:DataObjectReference URI="h%E1%BB%93%20s%C6%A1.txt" MimeType="text/plain">
  <DigestMethod Algorithm="urn:x"/><DigestValue> AQ
   I= </DigestValue>
 </a:DataObjectReference>
</a:ASiCManifest>"#;

#[test]
fn a_manifest_is_read_and_written() {
    let manifest = Manifest::parse(MANIFEST.as_bytes()).unwrap();
    assert_eq!(manifest.signature, "META-INF/signature.p7s");
    let reference = manifest.reference("hồ sơ.txt").unwrap();
    assert_eq!(reference.digest, [1, 2]);
    assert_eq!(reference.mime_type.as_deref(), Some("text/plain"));
    assert!(!reference.is_root);
    let mut again = manifest.clone();
    again.references[0].is_root = true;
    again.references[0].mime_type = Some("a\"<&>".into());
    assert_eq!(Manifest::parse(&again.to_xml()).unwrap(), again);
}

#[track_caller]
fn check_manifest(from: &str, to: &str, expected: fn(&ManifestFault) -> bool) {
    assert!(MANIFEST.contains(from));
    let fault = Manifest::parse(MANIFEST.replace(from, to).as_bytes()).unwrap_err();
    assert!(expected(&fault), "{fault:?}");
}

#[test]
fn a_manifest_that_says_more_or_less_is_refused() {
    let is_structure = |f: &ManifestFault| matches!(f, ManifestFault::Structure(_));
    let is_path = |f: &ManifestFault| matches!(f, ManifestFault::Path(_));
    let is_xml = |f: &ManifestFault| matches!(f, ManifestFault::Xml(_));
    check_manifest("v1.2.1#", "v1.1.1#", is_structure);
    check_manifest("a:SigReference URI", "a:SigReference URL", is_structure);
    check_manifest("AQ\n", "!!\n", is_structure);
    check_manifest(" AQ", " <b/>AQ", is_structure);
    check_manifest("<DigestMethod Algorithm=\"urn:x\"/>", "", is_structure);
    check_manifest(
        "</a:DataObjectReference>",
        "</a:DataObjectReference>stray",
        is_structure,
    );
    check_manifest("META-INF/signature.p7s", "../signature.p7s", is_path);
    check_manifest("META-INF/signature.p7s", "file:///etc/passwd", is_path);
    check_manifest("META-INF/signature.p7s", "a#b", is_path);
    check_manifest("h%E1%BB%93", "%E1", is_path);
    check_manifest("h%E1%BB%93", "%zz", is_path);
    check_manifest(
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]>",
        is_xml,
    );
    check_manifest("</a:ASiCManifest>", "", is_xml);
    let twice = MANIFEST.find(" <a:DataObjectReference").unwrap();
    let end = MANIFEST.find("</a:ASiCManifest>").unwrap();
    let doubled = format!("{}{}", &MANIFEST[..end], &MANIFEST[twice..]);
    assert!(matches!(
        Manifest::parse(doubled.as_bytes()),
        Err(ManifestFault::DoubledReference(_))
    ));
    let critical = "<a:ASiCManifestExtensions><a:Extension Critical=\"true\"/></a:ASiCManifestExtensions></a:ASiCManifest>";
    check_manifest("</a:ASiCManifest>", critical, |f| {
        matches!(f, ManifestFault::CriticalExtension)
    });
    assert_eq!(
        Manifest::parse(&vec![b' '; 2 << 20]),
        Err(ManifestFault::TooLarge)
    );
}

#[test]
fn what_a_file_is_stands_in_its_name() {
    for (name, role) in [
        ("mimetype", Role::Mimetype),
        ("signature.p7s", Role::Data),
        ("META-INF/signature.p7s", Role::Cades),
        ("META-INF/my-signature-7.p7s", Role::Cades),
        ("META-INF/signatures0.xml", Role::Xades),
        ("META-INF/ASiCManifest12.xml", Role::Manifest),
        ("META-INF/ASiCArchiveManifest.xml", Role::ArchiveManifest),
        ("META-INF/archive_timestamp.tst", Role::Timestamp),
        ("META-INF/evidencerecord.ers", Role::EvidenceRecord),
        ("META-INF/manifest.xml", Role::Other),
        ("META-INF/deeper/signature.p7s", Role::Other),
    ] {
        assert_eq!(Role::of(name), role, "{name}");
    }
    assert_eq!(
        numbered("timestamp", ".tst", |_| false),
        "META-INF/timestamp001.tst"
    );
    let taken = |name: &str| name.ends_with("001.tst");
    assert_eq!(
        numbered("timestamp", ".tst", taken),
        "META-INF/timestamp002.tst"
    );
    assert_eq!(Refusal::Truncated.code(), "container-truncated");
}
