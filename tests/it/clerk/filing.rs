//! `POST /api/v1/results`: the answer, and what a repeated request gets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem;
use crate::world::{Call, Filing, Receipt, demo, merkle, pdfs, shared};

#[test]
fn a_filed_result_is_answered_with_its_receipt() {
    let facts = shared();
    for level in ["province", "district", "commune"] {
        let clerk = facts.clerk(level);
        let answer = Filing::new(clerk).send(&facts.base_url, clerk).expect(201);
        let receipt = Receipt::of(&answer);

        let location = answer.needs("location").to_owned();
        assert!(
            location.ends_with(&format!("/api/v1/results/{}", receipt.id)),
            "{location}"
        );
        assert_eq!(
            answer.header("idempotency-replayed"),
            None,
            "a first answer is no replay"
        );
        assert!(answer.needs("content-type").starts_with("application/json"));
        assert!(
            answer.needs("cache-control").contains("no-store"),
            "{}",
            answer.shown()
        );
        assert_eq!(receipt.level, "B-T");
        assert_eq!(receipt.id.len(), 26, "a ULID: {receipt:?}");
        // 26 letters of base32 hold 128 bits.
        assert!(receipt.public_id.len() >= 26, "{receipt:?}");
        assert_eq!(
            receipt.verify_url,
            format!("{}/v/{}", facts.base_url, receipt.public_id)
        );
        assert_eq!(receipt.sha256.len(), 64);
        assert!(receipt.signed_at.ends_with('Z'), "{receipt:?}");

        let file = facts.get_as(
            &clerk.api_key,
            &format!("/api/v1/results/{}/file", receipt.id),
        );
        let file = file.expect(200);
        assert_eq!(
            merkle::hex(&merkle::sha256(&file.body)),
            receipt.sha256,
            "{level}"
        );
    }
}

#[test]
fn the_signed_file_begins_with_the_bytes_that_were_sent() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::sized(clerk, 40_000);
    let receipt = filing.accepted(&facts.base_url, clerk);
    let path = format!("/api/v1/results/{}/file", receipt.id);
    let signed = facts.get_as(&clerk.api_key, &path).expect(200).body;

    assert!(
        signed.starts_with(&filing.pdf),
        "an earlier byte was touched"
    );
    let increment = &signed[filing.pdf.len()..];
    for word in ["/ETSI.CAdES.detached", "/ByteRange", "/M (D:", "%%EOF"] {
        assert!(
            pdfs::find(increment, word.as_bytes()).is_some(),
            "no {word} in the update"
        );
    }
}

#[test]
fn public_ids_tell_nothing_and_never_repeat() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let receipts: Vec<Receipt> = (0..4)
        .map(|_| Filing::new(clerk).accepted(&facts.base_url, clerk))
        .collect();
    for (place, one) in receipts.iter().enumerate() {
        for other in &receipts[place + 1..] {
            let alike = one
                .public_id
                .chars()
                .zip(other.public_id.chars())
                .filter(|(a, b)| a == b);
            assert!(
                alike.count() < 14,
                "{} and {} look alike",
                one.public_id,
                other.public_id
            );
            assert_ne!(one.log_index, other.log_index);
        }
    }
}

#[test]
fn the_same_key_with_the_same_content_gets_the_same_answer() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    let first = filing.send(&facts.base_url, clerk).expect(201);
    let second = filing.send(&facts.base_url, clerk).expect(201);
    assert_eq!(second.text(), first.text());
    assert_eq!(second.needs("idempotency-replayed"), "true");
    assert_eq!(second.needs("location"), first.needs("location"));
}

#[test]
fn the_same_key_with_other_content_is_refused() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    filing.accepted(&facts.base_url, clerk);

    let mut other_file = Filing::new(clerk);
    other_file.key.clone_from(&filing.key);
    other_file.record = filing.record.clone();
    refused(facts, &other_file);

    let mut other_record = filing.clone();
    other_record.record["title"] = "Một tên khác".into();
    refused(facts, &other_record);

    #[track_caller]
    fn refused(facts: &demo::Facts, filing: &Filing) {
        let answer = filing
            .send(&facts.base_url, facts.quick_clerk())
            .expect(422);
        assert_eq!(
            answer.json()["code"],
            "idempotency_key_reused",
            "{}",
            answer.shown()
        );
    }
}

#[test]
fn one_clerks_key_says_nothing_about_anothers() {
    let facts = shared();
    let filing = Filing::new(facts.clerk("district"));
    filing.accepted(&facts.base_url, facts.clerk("district"));
    let mut other = Filing::new(facts.clerk("commune"));
    other.key.clone_from(&filing.key);
    let answer = other
        .send(&facts.base_url, facts.clerk("commune"))
        .expect(201);
    assert_eq!(answer.header("idempotency-replayed"), None);
}

#[test]
fn the_same_key_sent_many_times_at_once_files_once() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| filing.send(&facts.base_url, clerk)))
            .collect();
        sent.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut receipts: Vec<String> = Vec::new();
    for answer in &answers {
        // A request that comes while the first is at work may be told to come again.
        match answer.status {
            201 => receipts.push(answer.text()),
            409 => assert_eq!(answer.json()["code"], "idempotency_in_progress"),
            _ => panic!("{}", answer.shown()),
        }
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 1, "one key, several results: {receipts:#?}");
}

/// What the service itself says about these bytes.
fn report(bytes: &[u8]) -> serde_json::Value {
    let url = shared().url("/api/v1/verify");
    Call::new("POST", url)
        .body("application/pdf", bytes.to_vec())
        .send()
        .expect(200)
        .json()
}

#[test]
fn a_file_that_is_signed_already_keeps_its_signatures() {
    let facts = shared();
    let mut bytes = std::fs::read(&facts.sample.file).unwrap();
    for (earlier, level) in [(1, "district"), (2, "province")] {
        let clerk = facts.clerk(level);
        let mut filing = Filing::new(clerk);
        filing.pdf = bytes.clone();
        let receipt = filing.accepted(&facts.base_url, clerk);
        let path = format!("/api/v1/results/{}/file", receipt.id);
        let signed = facts.get_as(&clerk.api_key, &path).expect(200).body;
        assert!(signed.starts_with(&bytes), "an earlier byte was touched");
        let report = report(&signed);
        assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
        let signatures = report["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), earlier + 1, "{report:#}");
        let (last, before) = signatures.split_last().unwrap();
        assert_eq!(last["coverage"], "whole_file", "{last:#}");
        for signature in before {
            assert_eq!(signature["coverage"], "revision", "{signature:#}");
            assert_eq!(signature["changes_after"], "permitted", "{signature:#}");
        }
        bytes = signed;
    }
}

#[test]
fn a_file_whose_earlier_signature_is_broken_is_not_signed_again() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let mut filing = Filing::new(clerk);
    filing.pdf = std::fs::read(&facts.sample.file).unwrap();
    let at = pdfs::find(&filing.pdf, b"stream").unwrap() + 12;
    filing.pdf[at] ^= 1;
    let answer = filing.send(&facts.base_url, clerk);
    problem(&answer, 422, "pdf_earlier_signature_invalid");
}

#[test]
fn a_digest_sent_along_is_compared() {
    let facts = shared();
    let clerk = facts.quick_clerk();
    let filing = Filing::new(clerk);
    let digest = |bytes: &[u8]| format!("sha-256=:{}:", STANDARD.encode(merkle::sha256(bytes)));
    let call = || filing.call(&facts.base_url, clerk);
    let wrong = call()
        .header("Content-Digest", &digest(b"something else"))
        .send();
    problem(&wrong, 400, "content_digest_mismatch");
    call()
        .header("Content-Digest", &digest(&filing.body()))
        .send()
        .expect(201);
}
