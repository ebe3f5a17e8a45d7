//! Certificates made by this code, read by this code and by the library.

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509StoreContext};

use super::super::crypto::VerifyFailure;
use super::super::der::{tag, write};
use super::super::issue::{Profile, key_identifier, name};
use super::super::oid;
use super::super::tests::{Entity, NOW, issue, pki, rsa_key};
use super::{Certificate, KeyUsage, Name, list_from_pem, list_from_pem_or_der};

/// The library's own path validation, in its strict mode.
#[track_caller]
fn check_path(leaf: &Entity) {
    let mut store = X509StoreBuilder::new().unwrap();
    store
        .add_cert(pki().root.certificate.openssl().unwrap().clone())
        .unwrap();
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_flags(X509VerifyFlags::X509_STRICT).unwrap();
    parameters.set_time(NOW);
    store.set_param(&parameters).unwrap();
    let mut between = Stack::new().unwrap();
    between
        .push(pki().ca.certificate.openssl().unwrap().clone())
        .unwrap();
    let mut context = X509StoreContext::new().unwrap();
    let error = context
        .init(
            &store.build(),
            leaf.certificate.openssl().unwrap(),
            &between,
            |context| {
                context.verify_cert()?;
                Ok(context.error())
            },
        )
        .unwrap();
    assert_eq!(error.error_string(), "ok");
}

#[test]
fn every_kind_of_certificate_passes_strict_path_validation() {
    for entity in pki().seals() {
        check_path(entity);
    }
    check_path(&pki().tsa);
    check_path(&pki().responder);
}

#[test]
fn fields_read_back_as_they_were_written() {
    let seal = &pki().seal.certificate;
    assert_eq!(seal.serial_hex(), "9001");
    assert_eq!(seal.serial(), [0, 0x90, 0x01]);
    assert_eq!(seal.subject().common_name(), Some("Ủy ban nhân dân xã Thử"));
    assert_eq!(
        seal.subject().user_ids().collect::<Vec<_>>(),
        ["MST:0100000000"]
    );
    assert!(seal.issuer().matches(pki().ca.certificate.subject()));
    assert_eq!(seal.not_after() - NOW, 365 * 86_400);
    assert!(seal.is_within_validity(seal.not_after()));
    assert!(!seal.is_within_validity(seal.not_after() + 1));
    assert_eq!(seal.ocsp_urls(), ["http://ocsp.example.vn/"]);
    assert_eq!(seal.ca_issuer_urls(), ["http://ca.example.vn/ca.cer"]);
    assert_eq!(seal.crl_urls(), ["http://ca.example.vn/ca.crl"]);
    assert_eq!(seal.policies()[0].to_string(), "1.3.6.1.4.1.99999.1");
    assert_eq!(
        seal.authority_key_id(),
        pki().ca.certificate.subject_key_id()
    );
    assert_eq!(
        seal.subject_key_id(),
        Some(key_identifier(seal.spki()).as_slice())
    );
    let usage = seal.key_usage().unwrap();
    assert!(usage.contains(KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT)));
    assert!(!usage.intersects(KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)));
    assert!(!seal.is_ca() && !seal.is_self_issued());
    assert!(seal.problems().is_empty() && seal.unknown_critical().is_empty());
}

#[test]
fn the_purposes_of_the_authorities_stand_in_their_certificates() {
    let tsa = &pki().tsa.certificate;
    assert!(tsa.has_extended_key_usage(oid::EKU_TIME_STAMPING));
    assert!(tsa.is_extended_key_usage_critical());
    let responder = &pki().responder.certificate;
    assert!(responder.has_extended_key_usage(oid::EKU_OCSP_SIGNING));
    assert!(responder.has_ocsp_no_check());
    let ca = &pki().ca.certificate;
    assert_eq!(ca.basic_constraints().unwrap().path_len, Some(0));
    assert!(ca.is_ca() && pki().root.certificate.is_self_issued());
}

#[test]
fn signatures_of_certificates_hold_under_the_issuers_key_only() {
    let seal = &pki().rsa_seal.certificate;
    assert_eq!(seal.is_signed_by(pki().ca.certificate.public_key()), Ok(()));
    assert_eq!(
        seal.is_signed_by(pki().root.certificate.public_key()),
        Err(VerifyFailure::Mismatch)
    );
    let mut changed = seal.der().to_vec();
    let at = changed
        .windows(4)
        .position(|window| window == b"MST:")
        .unwrap();
    changed[at] = b'N';
    let changed = Certificate::from_der(&changed).unwrap();
    assert_eq!(
        changed.is_signed_by(pki().ca.certificate.public_key()),
        Err(VerifyFailure::Mismatch)
    );
}

#[test]
fn pem_holds_several_certificates_and_other_text() {
    let text = format!(
        "# Gốc\n{}\nở giữa\n{}",
        pki().root.certificate.to_pem(),
        pki().ca.certificate.to_pem()
    );
    let list = list_from_pem(text.as_bytes()).unwrap();
    assert_eq!(
        list,
        [pki().root.certificate.clone(), pki().ca.certificate.clone()]
    );
    let single = list_from_pem_or_der(pki().root.certificate.der()).unwrap();
    assert_eq!(single, list[..1]);
    assert_eq!(X509::stack_from_pem(text.as_bytes()).unwrap().len(), 2);
    for bad in [
        "",
        "nothing",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert!(list_from_pem(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn octets_after_a_certificate_are_refused() {
    let mut der = pki().root.certificate.der().to_vec();
    der.push(0);
    assert!(Certificate::from_der(&der).is_err());
}

fn name_of(kind: u8, content: &[u8]) -> Name {
    let attribute = write::sequence(&[
        write::oid(oid::AT_COMMON_NAME),
        write::element(kind, content),
    ]);
    Name::from_der(&write::sequence(&[write::set_of(&[attribute])])).unwrap()
}

fn bmp(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn names_match_whatever_the_kind_of_string_case_and_blanks() {
    let text = "Sở Tư pháp";
    let utf8 = name_of(tag::UTF8_STRING, text.as_bytes());
    assert!(utf8.matches(&name_of(tag::BMP_STRING, &bmp(text))));
    assert!(utf8.matches(&name_of(tag::UTF8_STRING, "  SỞ  tư Pháp ".as_bytes())));
    assert!(!utf8.matches(&name_of(tag::UTF8_STRING, "Sở Tưpháp".as_bytes())));
    let ascii = name_of(tag::PRINTABLE_STRING, b"Test CA");
    assert!(ascii.matches(&name_of(tag::UTF8_STRING, b"test ca")));
    assert!(ascii.matches(&name_of(tag::TELETEX_STRING, b"Test CA")));
    assert!(!ascii.matches(&Name::from_der(&[0x30, 0]).unwrap()));
}

#[test]
fn the_library_agrees_on_which_names_match() {
    let with_name = |text: &str| {
        let subject: &[(&[u8], &str)] = &[(oid::AT_COMMON_NAME, text)];
        issue(rsa_key(), subject, &[1], Profile::Seal, None).certificate
    };
    let one = with_name("Test  Office");
    for other in ["test office", "Test Office ", "Test Offices"] {
        let other = with_name(other);
        let theirs = one
            .openssl()
            .unwrap()
            .subject_name()
            .try_cmp(other.openssl().unwrap().subject_name())
            .unwrap();
        assert_eq!(theirs.is_eq(), one.subject().matches(other.subject()));
    }
}

#[test]
fn names_are_shown_last_part_first_with_everything_escaped() {
    let subject = name(&[
        (oid::AT_COUNTRY, "VN"),
        (oid::AT_ORGANIZATION, "A, B + \"C\" \\ <D>;"),
        (oid::AT_USER_ID, "CCCD:001"),
        (oid::AT_COMMON_NAME, " #x\n "),
    ]);
    assert_eq!(
        Name::from_der(&subject).unwrap().to_string(),
        "CN=\\ #x\\0a\\ ,UID=CCCD:001,O=A\\, B \\+ \\\"C\\\" \\\\ \\<D\\>\\;,C=VN"
    );
    assert_eq!(
        name_of(tag::BMP_STRING, &[0]).to_string(),
        "2.5.4.3=#1e0100"
    );
    let two = [
        write::sequence(&[write::oid(oid::AT_USER_ID), write::utf8_string("1")]),
        write::sequence(&[write::oid(&[0x2a, 3]), write::utf8_string("2")]),
    ];
    let two = Name::from_der(&write::sequence(&[write::set_of(&two)])).unwrap();
    assert_eq!(two.to_string(), "1.2.3=2+UID=1");
}
