//! Lists made by this code, read by this code and by the library.

use openssl::x509::{CrlStatus, X509Crl};

use super::super::cert::pem_encode;
use super::super::crypto::VerifyFailure;
use super::super::der::{tag, write};
use super::super::tests::{NOW, crl, pki};
use super::{Crl, Intake, IssuingDistributionPoint, Refused, RevokedSerial};

fn revoked(serial: &[u8], reason: Option<u8>) -> RevokedSerial {
    RevokedSerial {
        serial: serial.to_vec(),
        at: NOW - 3600,
        reason,
    }
}

#[test]
fn a_list_reads_back_and_is_good_for_the_library_too() {
    let encoded = crl(&[revoked(&[0x11], Some(1)), revoked(&[0, 0x90, 0x01], None)]);
    let list = Crl::from_der(&encoded).unwrap();
    assert!(list.issuer().matches(pki().ca.certificate.subject()));
    assert_eq!(
        (list.this_update(), list.next_update()),
        (NOW - 60, Some(NOW + 86_400))
    );
    assert_eq!(list.number(), Some(&[7][..]));
    assert_eq!(
        list.authority_key_id(),
        pki().ca.certificate.subject_key_id()
    );
    assert!(!list.is_delta() && list.distribution_point().is_none());
    assert_eq!(
        list.verify_signature(pki().ca.certificate.public_key()),
        Ok(())
    );
    assert_eq!(
        list.verify_signature(pki().root.certificate.public_key()),
        Err(VerifyFailure::Mismatch)
    );
    let entry = list.lookup(&[0x11]).unwrap().unwrap();
    assert_eq!((entry.at, entry.reason), (NOW - 3600, Some(1)));
    assert!(
        list.lookup(pki().seal.certificate.serial())
            .unwrap()
            .is_some()
    );
    assert_eq!(list.lookup(&[0x12]), Ok(None));
    assert_eq!(list.entries().count(), 2);

    let theirs = X509Crl::from_der(&encoded).unwrap();
    let ca = pki().ca.certificate.openssl().unwrap();
    assert!(theirs.verify(&ca.public_key().unwrap()).unwrap());
    let status = theirs.get_by_cert(pki().seal.certificate.openssl().unwrap());
    assert!(matches!(status, CrlStatus::Revoked(_)));
}

#[test]
fn an_empty_list_revokes_nothing() {
    let encoded = crl(&[]);
    let list = Crl::from_pem_or_der(pem_encode("X509 CRL", &encoded).as_bytes()).unwrap();
    assert_eq!(list.der(), encoded);
    assert_eq!(list.lookup(&[0x11]), Ok(None));
    assert!(X509Crl::from_der(&encoded).unwrap().get_revoked().is_none());
}

#[test]
fn a_long_list_is_walked_to_its_end() {
    let all: Vec<RevokedSerial> = (1..20_000_u32)
        .map(|number| revoked(&write::unsigned_content(&number.to_be_bytes()), None))
        .collect();
    let list = Crl::from_der(&crl(&all)).unwrap();
    assert_eq!(list.entries().count(), all.len());
    assert!(list.lookup(&[0x4e, 0x1f]).unwrap().is_some());
    assert_eq!(list.lookup(&[0x4e, 0x20]), Ok(None));
}

#[test]
fn a_malformed_entry_is_never_taken_for_not_revoked() {
    let encoded = crl(&[revoked(&[0x11], None), revoked(&[0x12], None)]);
    let at = encoded
        .windows(3)
        .position(|window| window == [2, 1, 0x12])
        .unwrap();
    let mut broken = encoded;
    broken[at] = 4;
    let list = Crl::from_der(&broken).unwrap();
    assert!(list.lookup(&[0x11]).unwrap().is_some());
    assert!(list.lookup(&[0x13]).is_err());
    assert!(list.entries().last().unwrap().is_err());
}

#[test]
fn the_scope_of_a_list_is_read() {
    let uri = write::element(tag::context_primitive(6), b"http://x/1.crl");
    let names = write::element(0xa0, &uri);
    let value = write::sequence(&[
        write::element(0xa0, &names),
        vec![0x81, 1, 0xff],
        vec![0x84, 1, 0xff],
    ]);
    let scope = IssuingDistributionPoint::read(&value).unwrap();
    assert_eq!(
        scope,
        IssuingDistributionPoint {
            urls: vec!["http://x/1.crl".to_owned()],
            only_user_certs: true,
            is_indirect: true,
            ..IssuingDistributionPoint::default()
        }
    );
    assert!(IssuingDistributionPoint::read(&[0x30, 2, 0x81, 0]).is_err());
}

/// A list of `count` entries under serial numbers of 16 octets.
fn long(count: u32) -> Vec<u8> {
    let all: Vec<RevokedSerial> = (0..count)
        .map(|number| {
            let mut serial = vec![0x40; 16];
            serial[12..].copy_from_slice(&number.to_be_bytes());
            revoked(&serial, Some(1))
        })
        .collect();
    crl(&all)
}

fn taken_in(encoded: &[u8], piece_bytes: usize) -> Result<Crl, Refused> {
    let mut intake = Intake::new(encoded.len());
    for piece in encoded.chunks(piece_bytes) {
        intake.push(piece)?;
    }
    intake.finish()
}

#[test]
fn a_list_that_arrives_in_pieces_is_the_same_list() {
    let encoded = long(500);
    for piece_bytes in [1, 7, 100, 4_096, encoded.len()] {
        let list = taken_in(&encoded, piece_bytes).unwrap();
        assert_eq!(list.der(), encoded);
        // The digest was made on the way; it is that of what the issuer signed.
        let (hash, digest) = list.0.tbs_digest.get().unwrap();
        assert_eq!(*digest, hash.hash(list.tbs()));
        let ca = pki().ca.certificate.public_key();
        assert_eq!(list.verify_signature(ca), Ok(()));
        let root = pki().root.certificate.public_key();
        assert_eq!(list.verify_signature(root), Err(VerifyFailure::Mismatch));
    }
    let pem = pem_encode("X509 CRL", &encoded);
    assert_eq!(taken_in(pem.as_bytes(), 100).unwrap().der(), encoded);
}

#[test]
fn a_changed_octet_is_found_though_the_digest_is_remembered() {
    let mut encoded = long(20);
    encoded[200] ^= 1;
    for piece_bytes in [64, encoded.len()] {
        let list = taken_in(&encoded, piece_bytes).unwrap();
        for _ in 0..2 {
            let ca = pki().ca.certificate.public_key();
            assert_eq!(list.verify_signature(ca), Err(VerifyFailure::Mismatch));
        }
    }
}

#[test]
fn what_can_come_to_nothing_is_refused_at_once() {
    let first = |piece: &[u8]| Intake::new(1_000).push(piece);
    let too_large = Err(Refused::TooLarge { limit_bytes: 1_000 });
    // The outer length alone says it: five octets are enough.
    assert_eq!(first(&[0x30, 0x83, 1, 0, 0]), too_large);
    assert_eq!(first(&[b'-'; 2_001]), too_large);
    for wrong in [
        &[0x00][..],
        &[0xff, 0xd8],
        &[0x30, 0x80, 0, 0, 0, 0],
        &[0x30, 4, 1, 1, 1, 1],
        &[0x30, 2, 0, 0, 0],
    ] {
        assert!(
            matches!(first(wrong), Err(Refused::Malformed(_))),
            "{wrong:?}"
        );
    }
    let encoded = long(3);
    let mut intake = Intake::new(encoded.len());
    intake.push(&encoded).unwrap();
    assert!(intake.push(&[0]).is_err());
    // Cut anywhere, it is no list.
    for length in 0..encoded.len() {
        let mut intake = Intake::new(encoded.len());
        intake.push(&encoded[..length]).unwrap();
        assert!(intake.finish().is_err(), "{length}");
    }
}

#[test]
fn a_large_list_is_held_once_and_never_expanded() {
    // 100,000 entries of 36 octets.
    let mut encoded = long(100_000);
    encoded.shrink_to_fit();
    let (address, length) = (encoded.as_ptr(), encoded.len());
    let list = Crl::from_vec(encoded).unwrap();
    // The very buffer that was given; its entries are slices of it, walked one at a time.
    assert!(std::ptr::eq(list.der().as_ptr(), address));
    assert_eq!(list.0.der.capacity(), length);
    assert!(std::mem::size_of_val(&list.entries()) <= 2 * size_of::<usize>());
    let copy = list.clone();
    assert!(std::ptr::eq(copy.der(), list.der()));
    // What arrives in pieces gets a buffer of just its length.
    let taken = taken_in(list.der(), 10_000).unwrap();
    assert_eq!(taken.0.der.capacity(), length);
}
