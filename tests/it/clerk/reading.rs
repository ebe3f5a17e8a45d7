//! What a clerk reads back: the record, the file exactly as stored, the proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem;
use crate::world::filing::{OWNER, OWNER_ID};
use crate::world::tiles::{self, Proof};
use crate::world::{Call, Facts, Filing, Receipt, merkle, pdfs, shared};

struct Filed {
    facts: &'static Facts,
    api_key: String,
    filing: Filing,
    receipt: Receipt,
}

impl Filed {
    fn new() -> Self {
        let facts = shared();
        let clerk = facts.quick_clerk();
        let filing = Filing::sized(clerk, 60_000);
        let receipt = filing.accepted(&facts.base_url, clerk);
        Filed {
            facts,
            api_key: clerk.api_key.clone(),
            filing,
            receipt,
        }
    }

    fn call(&self, method: &'static str, part: &str) -> Call<'static> {
        let path = format!("/api/v1/results/{}{part}", self.receipt.id);
        Call::new(method, self.facts.url(&path)).bearer(&self.api_key)
    }
}

#[test]
fn the_record_of_a_result_can_be_read_back() {
    let filed = Filed::new();
    let answer = filed.call("GET", "").send().expect(200);
    let body = answer.json();
    assert_eq!(body["id"], filed.receipt.id.as_str());
    assert_eq!(body["public_id"], filed.receipt.public_id.as_str());
    assert_eq!(body["sha256"], filed.receipt.sha256.as_str());
    assert_eq!(body["log_index"], filed.receipt.log_index);
    assert_eq!(body["record"], filed.filing.record, "{body:#}");
    assert!(
        answer.needs("cache-control").contains("no-store"),
        "{}",
        answer.shown()
    );
    let head = filed.call("HEAD", "").send().expect(200);
    assert!(head.body.is_empty());
}

#[test]
fn the_file_comes_as_it_is_kept_with_its_digest_and_name() {
    let filed = Filed::new();
    let answer = filed.call("GET", "/file").send().expect(200);
    let digest = merkle::sha256(&answer.body);
    assert_eq!(merkle::hex(&digest), filed.receipt.sha256);
    assert_eq!(answer.needs("content-type"), "application/pdf");
    assert_eq!(answer.needs("accept-ranges"), "bytes");
    // RFC 9530 2 and 3: of the content sent, and of the whole representation.
    let expected = format!("sha-256=:{}:", STANDARD.encode(digest));
    assert_eq!(answer.needs("content-digest"), expected);
    assert_eq!(answer.needs("repr-digest"), expected);
    let etag = answer.needs("etag");
    assert!(
        etag.starts_with('"') && etag.contains(&filed.receipt.sha256),
        "a strong ETag: {etag}"
    );
    let cache = answer.needs("cache-control");
    assert!(
        cache.contains("private") && cache.contains("no-transform"),
        "{cache}"
    );
    assert!(
        answer
            .header("content-encoding")
            .is_none_or(|e| e == "identity")
    );
    // RFC 8187: a file name in UTF-8, and one for those who cannot read it.
    let disposition = answer.needs("content-disposition");
    assert!(disposition.starts_with("attachment"), "{disposition}");
    let (_, name) = disposition.split_once("filename*=UTF-8''").unwrap();
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~%!#$&+^`|".contains(c);
    assert!(
        name.split(';').next().unwrap().chars().all(unreserved),
        "{disposition}"
    );
    for secret in [OWNER_ID, OWNER] {
        assert!(!disposition.contains(secret), "{disposition}");
    }

    let head = filed.call("HEAD", "/file").send().expect(200);
    assert!(head.body.is_empty());
    for name in [
        "etag",
        "content-length",
        "repr-digest",
        "content-disposition",
    ] {
        assert_eq!(
            head.header(name),
            answer.header(name),
            "HEAD differs from GET in {name}"
        );
    }
}

#[test]
fn a_kept_copy_is_not_sent_twice() {
    let filed = Filed::new();
    let etag = filed
        .call("HEAD", "/file")
        .send()
        .expect(200)
        .needs("etag")
        .to_owned();
    for value in [
        etag.clone(),
        format!("\"other\", {etag}"),
        format!("W/{etag}"),
        "*".to_owned(),
    ] {
        let answer = filed
            .call("GET", "/file")
            .header("If-None-Match", &value)
            .send()
            .expect(304);
        assert!(answer.body.is_empty());
        assert_eq!(answer.needs("etag"), etag, "If-None-Match: {value}");
    }
    filed
        .call("GET", "/file")
        .header("If-None-Match", "\"other\"")
        .send()
        .expect(200);
}

#[test]
fn a_part_of_the_file_can_be_asked_for() {
    let filed = Filed::new();
    let whole = filed.call("GET", "/file").send().expect(200);
    let bytes = &whole.body;
    let part = |range: &str, expected: &[u8]| {
        let answer = filed
            .call("GET", "/file")
            .header("Range", range)
            .send()
            .expect(206);
        assert!(
            answer.body == expected,
            "{range}: {} bytes",
            answer.body.len()
        );
        let said = answer.needs("content-range");
        assert!(
            said.starts_with("bytes ") && said.ends_with(&format!("/{}", bytes.len())),
            "{said}"
        );
        // RFC 9530: Content-Digest is of the part, Repr-Digest of the whole.
        assert_eq!(
            answer.needs("repr-digest"),
            whole.needs("repr-digest"),
            "{range}"
        );
        let digest = format!("sha-256=:{}:", STANDARD.encode(merkle::sha256(expected)));
        assert_eq!(answer.needs("content-digest"), digest, "{range}");
    };
    part("bytes=0-99", &bytes[..100]);
    part("bytes=20000-49999", &bytes[20_000..50_000]);
    part(
        &format!("bytes={}-", bytes.len() - 7),
        &bytes[bytes.len() - 7..],
    );
    part("bytes=-500", &bytes[bytes.len() - 500..]);
    part("bytes=100-99999999", &bytes[100..]);

    let beyond = filed
        .call("GET", "/file")
        .header("Range", &format!("bytes={}-", bytes.len()));
    let beyond = beyond.send().expect(416);
    assert_eq!(
        beyond.needs("content-range"),
        format!("bytes */{}", bytes.len())
    );

    // RFC 9110 14.2: a unit or form that is not understood is ignored.
    for odd in ["lines=1-2", "bytes=9-2", "bytes=x"] {
        let answer = filed.call("GET", "/file").header("Range", odd).send();
        assert_eq!(answer.status, 200, "Range: {odd}: {}", answer.shown());
    }

    let etag = whole.needs("etag");
    let ranged = |validator: &str| {
        filed
            .call("GET", "/file")
            .header("Range", "bytes=0-9")
            .header("If-Range", validator)
            .send()
    };
    assert_eq!(ranged(etag).status, 206);
    assert_eq!(ranged("\"other\"").status, 200);
    assert_eq!(
        ranged(&format!("W/{etag}")).status,
        200,
        "RFC 9110 13.1.5: weak does not do"
    );
}

#[test]
fn the_proof_of_a_result_leads_to_the_signed_root() {
    let filed = Filed::new();
    let answer = filed.call("GET", "/proof").send().expect(200);
    let proof = Proof::read(&answer.text(), &filed.facts.log_vkey);
    assert_eq!(proof.index, filed.receipt.log_index);
    assert!(proof.checkpoint.size > proof.index);
    let entries = tiles::entries(filed.facts, proof.checkpoint.size);
    let entry = &entries[usize::try_from(proof.index).unwrap()];
    assert_eq!(entry.len(), 128);
    assert!(entry.starts_with(b"KQL1\x01"), "a leaf of kind RESULT");
    proof.check(entry);

    // What opens the leaf shows the file's digest among the committed values.
    let extra = proof.extra.expect("the opening of the leaf");
    let opening = antin::record::Opening::decode(&extra).unwrap();
    assert_eq!(
        opening.commit().as_bytes(),
        &entry[56..88],
        "the leaf's commitment"
    );
    let sha256 = merkle::sha256(&filed.call("GET", "/file").send().expect(200).body);
    assert!(
        pdfs::find(&extra, &sha256).is_some(),
        "the opening does not show the file's digest"
    );
}

#[test]
fn another_offices_clerk_sees_nothing_not_even_that_it_exists() {
    let filed = Filed::new();
    let other = &filed.facts.clerk("commune").api_key;
    for part in ["", "/file", "/proof"] {
        let path = format!("/api/v1/results/{}{part}", filed.receipt.id);
        let hidden = filed.facts.get_as(other, &path);
        let mut hidden = problem(&hidden, 404, "not_found");
        let path = format!("/api/v1/results/01ARZ3NDEKTSV4RRFFQ69G5FAV{part}");
        let mut unknown = problem(&filed.facts.get_as(other, &path), 404, "not_found");
        hidden["instance"].take();
        unknown["instance"].take();
        assert_eq!(hidden, unknown, "{part}");
        let path = format!("/api/v1/results/no-id{part}");
        problem(&filed.facts.get_as(other, &path), 404, "not_found");
    }
}

#[test]
fn no_public_byte_of_the_log_tells_about_a_person() {
    let filed = Filed::new();
    let facts = filed.facts;
    let checkpoint = tiles::Checkpoint::fetch(facts);
    let mut public = checkpoint.note.clone().into_bytes();
    for entry in tiles::entries(facts, checkpoint.size) {
        public.extend(entry);
    }
    for level in 0..3 {
        for hash in tiles::level(facts, level, checkpoint.size) {
            public.extend(hash);
        }
    }
    let record = &filed.filing.record;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let secrets = [
        OWNER.to_owned(),
        OWNER_ID.to_owned(),
        text(&record["dossier_code"]),
        text(&record["title"]),
        text(&record["number"]),
        filed.receipt.public_id.clone(),
        filed.receipt.id.clone(),
        record.to_string(),
    ];
    let signed = filed.call("GET", "/file").send().expect(200).body;
    let bytes = secrets.iter().map(|s| s.as_bytes().to_vec());
    for secret in bytes.chain([filed.filing.pdf.clone(), signed]) {
        let hash = merkle::sha256(&secret);
        let hex = merkle::hex(&hash);
        let short = &secret[..secret.len().min(64)];
        let forms: [&[u8]; 5] = [
            short,
            &hash,
            hex.as_bytes(),
            &STANDARD.encode(hash).into_bytes(),
            &merkle::leaf_hash(&secret),
        ];
        for form in forms {
            let shown = String::from_utf8_lossy(short);
            assert!(
                pdfs::find(&public, form).is_none(),
                "the public log tells about {shown}"
            );
        }
    }
}
