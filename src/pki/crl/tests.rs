//! Lists made by this code, read by this code and by the library.

use openssl::x509::{CrlStatus, X509Crl};

use super::super::cert::pem_encode;
use super::super::crypto::VerifyFailure;
use super::super::der::{tag, write};
use super::super::tests::{NOW, crl, pki};
use super::{Crl, IssuingDistributionPoint, RevokedSerial};

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
