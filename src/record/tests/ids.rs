//! Identifiers, receipts and faults.

use std::collections::HashSet;
use std::error::Error as _;

use crate::record::{
    Fault, IdText, IdempotencyKey, PublicId, Receipt, ResultId, SignatureLevel, UtcTime, sha256,
};

#[test]
fn a_result_id_is_the_ulid_of_the_specification() {
    // The time and text that the ULID specification gives as its example of encoding a time.
    let id = ResultId::from_parts(1_469_918_176_385, [0; 10]).unwrap();
    assert_eq!(id.to_string(), "01ARYZ6S410000000000000000");
    let last = ResultId::from_parts((1 << 48) - 1, [0xff; 10]).unwrap();
    assert_eq!(last.to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!(ResultId::from_parts(1 << 48, [0; 10]), None);
    for id in [id, last] {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(ResultId::from_bytes(id.to_bytes()), id);
    }
    assert_eq!(id.created_unix_ms(), 1_469_918_176_385);
}

#[test]
fn a_result_id_has_one_text_only() {
    for text in [
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01ARYZ6S41000000000000000",
        "01ARYZ6S4100000000000000000",
        "01aryz6s410000000000000000",
        "O1ARYZ6S410000000000000000",
        "01ARYZ6S41000000000000000é",
        "",
    ] {
        assert_eq!(text.parse::<ResultId>(), Err(IdText), "{text}");
    }
}

#[test]
fn result_ids_sort_by_time_as_text_too() {
    let early = ResultId::from_parts(1_000, [0xff; 10]).unwrap();
    let late = ResultId::from_parts(1_001, [0; 10]).unwrap();
    assert!(early < late && early.to_string() < late.to_string());
}

#[test]
fn a_public_id_is_base32_of_its_bytes() {
    let id = PublicId::new(*b"foobarfoobarfoob");
    assert_eq!(id.to_string(), "mzxw6ytbojtg633cmfzgm33pmi");
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(
        PublicId::new([0xff; 16]).to_string(),
        "77777777777777777777777774"
    );
    let mut texts = HashSet::new();
    for bit in 0..128 {
        let id = PublicId::new((1u128 << bit).to_be_bytes());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(texts.insert(id.to_string()));
    }
}

#[test]
fn a_public_id_is_read_strictly_but_typed_ones_are_mended() {
    let id = PublicId::new(*b"foobarfoobarfoob");
    for text in [
        "mzxw6ytbojtg633cmfzgm33pmj",
        "MZXW6YTBOJTG633CMFZGM33PMI",
        "mzxw6ytbojtg633cmfzgm33pm",
        "",
        "../../../../../../etc/pass",
    ] {
        assert_eq!(text.parse::<PublicId>(), Err(IdText), "{text}");
    }
    assert_eq!(
        PublicId::from_typed(" MZXW6-YTB0J-TG633-CMFZG-M33PM-I "),
        Some(id)
    );
    assert_eq!(PublicId::from_typed(&"a".repeat(100)), None);
}

#[track_caller]
fn check_key(header: &str, key: Option<&str>) {
    let parsed = header.parse::<IdempotencyKey>().ok();
    assert_eq!(
        parsed.as_ref().map(IdempotencyKey::as_str),
        key,
        "{header:?}"
    );
}

#[test]
fn idempotency_keys_come_quoted_or_bare() {
    check_key(
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        Some("8e03978e-40d5-43dd-bc93-6894a57f9324"),
    );
    check_key("\"8e03\"", Some("8e03"));
    check_key(" \"a \\\"b\\\\\" ", Some("a \"b\\"));
    check_key(&"k".repeat(255), Some(&"k".repeat(255)));
    check_key(&"k".repeat(256), None);
    for header in [
        "",
        "\"\"",
        "\"a",
        "a\"",
        "\"a\"b",
        "\"a\\n\"",
        "a b",
        "a,b",
        "a;b",
        "\u{e9}",
        "\"\u{7f}\"",
    ] {
        check_key(header, None);
    }
}

#[test]
fn a_receipt_reads_back_and_its_bytes_are_fixed() {
    let receipt = Receipt {
        id: ResultId::from_parts(1_469_918_176_385, [1; 10]).unwrap(),
        public_id: PublicId::new([7; 16]),
        verify_url: "http://127.0.0.1:8080/v/\"quoted\"".to_owned(),
        sha256: sha256(b"x"),
        log_index: u64::MAX,
        signed_at: UtcTime::from_unix_s(1_795_486_502).unwrap(),
        level: SignatureLevel::BT,
    };
    let json = receipt.to_json();
    assert_eq!(json, receipt.to_json());
    assert_eq!(serde_json::from_slice::<Receipt>(&json).unwrap(), receipt);
    assert_eq!(serde_json::to_vec(&receipt).unwrap(), json);
}

#[test]
fn a_fault_tells_its_whole_chain_on_one_line() {
    let inner = Fault::new("opening the tree", std::io::Error::other("no space"));
    let outer = Fault::new("accepting a result", inner);
    assert_eq!(outer.to_string(), "accepting a result");
    assert_eq!(
        outer.chain().to_string(),
        "accepting a result: opening the tree: no space"
    );
    assert!(Fault::plain("waiting").source().is_none());
}
