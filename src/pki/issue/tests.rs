//! What the builder writes, seen by the library.

use super::super::der::write::{self, Criticality};
use super::super::oid;
use super::super::tests::{NOW, pki, sign};
use super::super::{cert::Certificate, crypto::SignatureAlgorithm};
use super::{Addresses, CertificateFacts, ExtraExtension, Issuer, Profile, name};

#[test]
fn serial_numbers_are_positive_and_minimal() {
    for (serial, hex) in [
        (&[0xff, 1][..], "FF01"),
        (&[0, 0, 7], "07"),
        (&[0x7f; 20], &"7F".repeat(20)),
    ] {
        let certificate = issue_with(serial, &[]);
        assert_eq!(certificate.serial_hex(), hex);
        assert!(certificate.problems().is_empty());
        let theirs = certificate
            .openssl()
            .unwrap()
            .serial_number()
            .to_bn()
            .unwrap();
        assert_eq!(theirs.to_hex_str().unwrap().to_string(), hex);
    }
}

fn issue_with(serial: &[u8], extra: &[ExtraExtension<'_>]) -> Certificate {
    let seal = &pki().seal;
    let algorithm = pki().ca.algorithm;
    let draft = CertificateFacts {
        serial,
        subject: &name(&[(oid::AT_COMMON_NAME, "Sau 2050")]),
        issuer: Issuer::Ca(&pki().ca.certificate),
        not_before: NOW,
        not_after: 2_524_608_000,
        spki: seal.certificate.spki(),
        profile: Profile::Seal,
        addresses: Addresses::default(),
        policies: &[],
        extra,
        algorithm,
    }
    .draft();
    assert_eq!(draft.algorithm(), algorithm);
    let signature = sign(&pki().ca.key, algorithm, draft.to_be_signed());
    Certificate::from_der(&draft.finish(&signature)).unwrap()
}

#[test]
fn dates_beyond_2049_are_generalized_times() {
    let certificate = issue_with(&[1], &[]);
    assert_eq!(certificate.not_after(), 2_524_608_000);
    let theirs = certificate.openssl().unwrap().not_after().to_string();
    assert_eq!(theirs, "Jan  1 00:00:00 2050 GMT");
}

#[test]
fn an_unknown_critical_extension_is_reported() {
    let value = write::null();
    let extra = ExtraExtension {
        id: &[0x2a, 3, 4],
        criticality: Criticality::Critical,
        value: &value,
    };
    let certificate = issue_with(&[1], &[extra]);
    assert_eq!(certificate.unknown_critical()[0].to_string(), "1.2.3.4");
    let harmless = ExtraExtension {
        criticality: Criticality::NonCritical,
        ..extra
    };
    assert!(issue_with(&[1], &[harmless]).unknown_critical().is_empty());
}

#[test]
fn names_use_the_kinds_of_string_their_attributes_want() {
    let encoded = name(&[
        (oid::AT_COUNTRY, "VN"),
        (oid::AT_EMAIL_ADDRESS, "a@b.vn"),
        (oid::AT_COMMON_NAME, "Sở"),
    ]);
    let tags: Vec<u8> = super::super::cert::Name::from_der(&encoded)
        .unwrap()
        .rdns()
        .iter()
        .flatten()
        .map(|attribute| attribute.raw[0])
        .collect();
    assert_eq!(tags, [0x13, 0x16, 0x0c]);
}

#[test]
fn a_self_signed_certificate_holds_under_its_own_key() {
    let root = &pki().root.certificate;
    assert_eq!(root.is_signed_by(root.public_key()), Ok(()));
    assert!(matches!(
        root.signature_algorithm(),
        Ok(SignatureAlgorithm::Ecdsa { .. })
    ));
}
