//! The dated table of algorithms.

use super::NOW;
use crate::pki::crypto::{Curve, KeyFacts, KeyKind};
use crate::pki::digest::DigestAlgorithm;
use crate::trust::{check_digest, check_key};

#[track_caller]
fn check_bits(kind: KeyKind, bits: u32, at_s: i64, holds: bool) {
    assert_eq!(
        check_key(KeyFacts { kind, bits }, at_s).is_ok(),
        holds,
        "{kind:?} {bits}"
    );
}

#[test]
fn sha1_proves_nothing_today_but_did_before_2012() {
    assert!(check_digest(DigestAlgorithm::Sha1, NOW).is_err());
    assert!(check_digest(DigestAlgorithm::Sha1, 1_300_000_000).is_ok());
    let weakness = check_digest(DigestAlgorithm::Sha1, NOW).unwrap_err();
    assert_eq!(
        (weakness.algorithm.as_str(), weakness.since_s),
        ("SHA-1", 1_343_779_200)
    );
}

#[test]
fn sha2_and_sha3_hold() {
    for digest in [
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha3_256,
    ] {
        assert!(check_digest(digest, NOW).is_ok(), "{digest:?}");
    }
}

#[test]
fn short_keys_hold_until_their_day() {
    check_bits(KeyKind::Rsa, 1_024, NOW, false);
    check_bits(KeyKind::Rsa, 1_024, 1_500_000_000, true);
    check_bits(KeyKind::Rsa, 2_048, NOW, true);
    check_bits(KeyKind::RsaPss, 2_048, 1_861_920_000, false);
    check_bits(KeyKind::Rsa, 3_072, 1_861_920_000, true);
    check_bits(KeyKind::Ec(Curve::P256), 256, NOW, true);
    check_bits(KeyKind::Ec(Curve::Other), 0, NOW, false);
    check_bits(KeyKind::Other, 0, NOW, false);
}
