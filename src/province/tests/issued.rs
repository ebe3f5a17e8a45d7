//! The issued certificates: chains, purposes, marks.

use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509StoreContext, X509VerifyResult};

use super::{BASE_URL, clock, make, province};
use crate::pki::cert::KeyUsage;
use crate::pki::oid;
use crate::province::{Cast, Declaration, Province, is_demo};
use crate::record::UtcTime;

/// What OpenSSL says of an entity's chain at a time, strictly, with the demo's root as the only anchor.
fn openssl_verdict(
    province: &Province,
    name: &str,
    at: UtcTime,
) -> Result<X509VerifyResult, ErrorStack> {
    let parse = |c: &crate::pki::cert::Certificate| X509::from_der(c.der());
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(parse(province.root().unwrap().certificate())?)?;
    let mut param = X509VerifyParam::new()?;
    param.set_time(at.unix_s());
    param.set_flags(
        X509VerifyFlags::X509_STRICT
            | X509VerifyFlags::POLICY_CHECK
            | X509VerifyFlags::CHECK_SS_SIGNATURE,
    )?;
    store.set_param(&param)?;
    let entity = province.entity(name).unwrap();
    let mut untrusted = Stack::new()?;
    for above in entity.chain() {
        untrusted.push(parse(above)?)?;
    }
    let mut context = X509StoreContext::new()?;
    let leaf = parse(entity.certificate())?;
    context.init(&store.build(), &leaf, &untrusted, |c| {
        c.verify_cert()?;
        Ok(c.error())
    })
}

#[track_caller]
fn check_chain(name: &str, at: UtcTime, error: i32) {
    let verdict = openssl_verdict(province(), name, at).unwrap();
    assert_eq!(
        verdict.as_raw(),
        error,
        "{name}: {}",
        verdict.error_string()
    );
}

const OK: i32 = 0;
const UNABLE_TO_GET_ISSUER: i32 = 20;
const SIGNATURE_FAILURE: i32 = 7;
const NOT_YET_VALID: i32 = 9;
const HAS_EXPIRED: i32 = 10;

#[test]
fn every_chain_of_the_demo_is_valid_under_its_root() {
    for name in [
        "root",
        "issuing",
        "ocsp-root",
        "ocsp",
        "tsa",
        "seal-district",
        "seal-commune",
    ] {
        check_chain(name, clock(), OK);
    }
}

#[test]
fn the_unusual_entities_are_unusual_in_the_way_they_say() {
    check_chain("seal-expired", clock(), HAS_EXPIRED);
    check_chain("seal-expired", clock().checked_add_s(-7_200).unwrap(), OK);
    check_chain("seal-not-yet", clock(), NOT_YET_VALID);
    check_chain("seal-revoked", clock(), OK);
    let verdict = openssl_verdict(province(), "seal-stranger", clock())
        .unwrap()
        .as_raw();
    assert!(
        [UNABLE_TO_GET_ISSUER, SIGNATURE_FAILURE].contains(&verdict),
        "{verdict}"
    );
    let usage = |name: &str| {
        province()
            .entity(name)
            .unwrap()
            .certificate()
            .key_usage()
            .unwrap()
    };
    assert!(usage("seal-district").contains(KeyUsage::CONTENT_COMMITMENT));
    assert!(!usage("seal-wrong-usage").contains(KeyUsage::CONTENT_COMMITMENT));
    assert!(!usage("seal-wrong-usage").contains(KeyUsage::DIGITAL_SIGNATURE));
    check_chain("seal-wrong-usage", clock(), OK);
    check_chain("seal-wrong-purpose", clock(), OK);
    let certificate = province()
        .entity("seal-wrong-purpose")
        .unwrap()
        .certificate();
    assert!(
        certificate.has_extended_key_usage(oid::EKU_TIME_STAMPING)
            && certificate.is_extended_key_usage_critical()
    );
}

#[test]
fn every_certificate_says_that_it_is_worthless_and_where_its_status_is_found() {
    for entity in province().entities() {
        let certificate = entity.certificate();
        let name = entity.name();
        assert!(is_demo(certificate), "{name}");
        assert!(
            certificate
                .subject()
                .to_string()
                .contains("khong co gia tri phap ly"),
            "{name}"
        );
        assert_eq!(certificate.problems(), &[] as &[&str], "{name}");
        assert!(certificate.serial().len() <= 20, "{name}: RFC 5280 4.1.2.2");
        if name.ends_with("root") && !name.starts_with("ocsp") {
            continue;
        }
        let issuer = entity.issuer();
        assert_eq!(
            certificate.crl_urls(),
            [format!("{BASE_URL}/pki/crl/{issuer}.crl")],
            "{name}"
        );
        assert_eq!(
            certificate.ca_issuer_urls(),
            [format!("{BASE_URL}/pki/ca/{issuer}.cer")],
            "{name}"
        );
        // RFC 6960 4.2.2.2.1: a responder's own status is not asked for.
        let ocsp: &[String] = &[format!("{BASE_URL}/pki/ocsp")];
        let wanted = if name.starts_with("ocsp") { &[] } else { ocsp };
        assert_eq!(certificate.ocsp_urls(), wanted, "{name}");
        assert_eq!(
            certificate.has_ocsp_no_check(),
            name.starts_with("ocsp"),
            "{name}"
        );
    }
}

#[test]
fn a_seal_has_the_subject_that_offices_have_in_vietnam() {
    let subject = province()
        .entity("seal-commune")
        .unwrap()
        .certificate()
        .subject()
        .clone();
    assert_eq!(
        subject.common_name(),
        Some("ỦY BAN NHÂN DÂN PHƯỜNG HỒNG GAI")
    );
    assert_eq!(
        subject.organization(),
        Some("ỦY BAN NHÂN DÂN TỈNH QUẢNG NINH")
    );
    let ids: Vec<&str> = subject.user_ids().collect();
    assert_eq!(ids, ["MST:0000000031", "MNS:0000003"]);
}

#[test]
fn the_demo_has_rsa_3072_and_both_curves_and_is_made_anew_each_time() {
    let started = std::time::Instant::now();
    let first = make(Cast::Demo);
    println!(
        "the demo's province was made in {} ms",
        started.elapsed().as_millis()
    );
    let bits: Vec<u32> = first
        .offices()
        .iter()
        .map(|o| o.entity.certificate().key_facts().bits)
        .collect();
    assert_eq!(bits, [3072, 256, 384]);
    let second = make(Cast::Only(&[]));
    assert_ne!(
        first.root().unwrap().key_pem().unwrap(),
        second.root().unwrap().key_pem().unwrap()
    );
    assert_ne!(
        first.root().unwrap().certificate().serial(),
        second.root().unwrap().certificate().serial()
    );
    assert_eq!(
        openssl_verdict(&first, "seal-province", clock())
            .unwrap()
            .as_raw(),
        OK
    );
}

#[test]
fn a_base_url_that_certificates_cannot_carry_is_refused() {
    let declaration = Declaration::embedded().unwrap();
    for url in [
        "https://127.0.0.1:8080",
        "http://127.0.0.1:8080/",
        "",
        "http://",
        "http://máy:8080",
        "127.0.0.1:8080",
    ] {
        assert!(
            Province::make(&declaration, url, clock(), Cast::Only(&[])).is_err(),
            "{url:?}"
        );
    }
}
