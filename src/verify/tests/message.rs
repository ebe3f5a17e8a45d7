//! The CMS: what it must say, and what it must not.

use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::forge::{
    Info, attribute, content_type, file_with, message, message_digest, page_with, page_with_much,
    replace, signing_certificate, signing_certificate_v1,
};
use super::*;
use crate::pdf::SubFilter;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::der::{time, write};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tests::ec_key;

/// A signature by the town's seal whose one SignerInfo `edit` changed.
fn edited(edit: impl Fn(&mut Info<'_>, &[u8])) -> Vec<u8> {
    page_with(|covered| {
        let mut info = Info::new(&town().seal, covered);
        edit(&mut info, covered);
        message(oid::ID_DATA, None, &certificates(), &[info])
    })
}

fn certificates() -> Vec<&'static [u8]> {
    vec![town().seal.certificate.der(), town().ca.certificate.der()]
}

fn attributes(list: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    Some(list.to_vec())
}

#[test]
fn a_message_made_by_hand_passes() {
    let report = check(&edited(|_, _| ()), PASSED);
    assert_eq!(report.signatures[0].level.as_deref(), Some("B-B"));
}

#[test]
fn the_certificate_must_be_among_what_is_signed() {
    let without = edited(|info, covered| {
        let digest = message_digest(&DigestAlgorithm::Sha256.hash(covered));
        info.attributes = attributes(&[content_type(oid::ID_DATA), digest]);
    });
    let report = check(&without, doubt(SubIndication::SigConstraintsFailure));
    assert_eq!(report.signatures[0].level, None);
}

#[test]
fn another_certificate_for_the_same_key_is_not_the_signer() {
    let town = town();
    let twin = seal("Twin")
        .serial(50)
        .holder(town.seal.key.clone(), Some(&town.ca));
    // The twin is named and sent, the signed hash is that of the seal.
    let swapped = page_with(|covered| {
        let mut info = Info::new(&town.seal, covered);
        info.named = &twin.certificate;
        let sent = [twin.certificate.der(), town.ca.certificate.der()];
        message(oid::ID_DATA, None, &sent, &[info])
    });
    check(&swapped, doubt(SubIndication::NoSigningCertificateFound));
    let hash_of_twin = edited(|info, covered| {
        let digest = message_digest(&DigestAlgorithm::Sha256.hash(covered));
        let ess = signing_certificate(&twin.certificate);
        info.attributes = attributes(&[content_type(oid::ID_DATA), digest, ess]);
    });
    check(
        &hash_of_twin,
        doubt(SubIndication::NoSigningCertificateFound),
    );
}

#[test]
fn a_certificate_hash_of_sha1_is_said() {
    let old = edited(|info, covered| {
        let digest = message_digest(&DigestAlgorithm::Sha256.hash(covered));
        let ess = signing_certificate_v1(&town().seal.certificate);
        info.attributes = attributes(&[content_type(oid::ID_DATA), digest, ess]);
    });
    check_code(&check(&old, PASSED), "SIGNING_CERTIFICATE_DIGEST_WEAK");
}

#[test]
fn the_digest_of_the_document_must_be_signed() {
    let ess = || signing_certificate(&town().seal.certificate);
    let without = edited(|info, _| {
        info.attributes = attributes(&[content_type(oid::ID_DATA), ess()]);
    });
    check(&without, failed(SubIndication::HashFailure));
    let empty = edited(|info, _| {
        info.attributes = attributes(&[content_type(oid::ID_DATA), message_digest(b""), ess()]);
    });
    check(&empty, failed(SubIndication::HashFailure));
    let twice = edited(|info, covered| {
        let digest = DigestAlgorithm::Sha256.hash(covered);
        info.attributes = attributes(&[
            content_type(oid::ID_DATA),
            message_digest(&digest),
            message_digest(&[0; 32]),
            ess(),
        ]);
    });
    check(&twice, failed(SubIndication::FormatFailure));
}

#[test]
fn a_digest_that_is_not_known_leaves_the_question_open() {
    // The digest algorithm is none that is known, and the signed digest is empty: nothing must be equal to nothing.
    let unknown = |info: &mut Info<'_>| {
        info.digest_der = write::sequence(&[write::oid(&[0x2a, 3, 4])]);
        let ess = signing_certificate(&town().seal.certificate);
        info.attributes = attributes(&[content_type(oid::ID_DATA), message_digest(b""), ess]);
    };
    let contradicted = edited(|info, _| unknown(info));
    check(&contradicted, failed(SubIndication::FormatFailure));
    let left_to_it = edited(|info, _| {
        unknown(info);
        info.algorithm_der = write::sequence(&[write::oid(oid::RSA_ENCRYPTION), write::null()]);
    });
    let report = check(&left_to_it, doubt(SubIndication::CryptoConstraintsFailure));
    check_code(&report, "ALGORITHM_NOT_SUPPORTED");
}

#[test]
fn the_content_type_is_data_inside_and_out() {
    for kind in [oid::ID_CT_TST_INFO, oid::ID_SIGNED_DATA] {
        let inside = edited(|info, covered| {
            let digest = message_digest(&DigestAlgorithm::Sha256.hash(covered));
            let ess = signing_certificate(&town().seal.certificate);
            info.attributes = attributes(&[content_type(kind), digest, ess]);
        });
        check_code(
            &check(&inside, failed(SubIndication::FormatFailure)),
            "CONTENT_TYPE_MISMATCH",
        );
        let outside = page_with(|covered| {
            message(
                kind,
                None,
                &certificates(),
                &[Info::new(&town().seal, covered)],
            )
        });
        check_code(
            &check(&outside, failed(SubIndication::FormatFailure)),
            "CONTENT_TYPE_MISMATCH",
        );
    }
}

#[test]
fn content_of_its_own_is_refused() {
    let encapsulated = page_with(|covered| {
        let info = Info::new(&town().seal, covered);
        message(oid::ID_DATA, Some(covered), &certificates(), &[info])
    });
    check_code(
        &check(&encapsulated, failed(SubIndication::FormatFailure)),
        "CONTENT_ENCAPSULATED",
    );
}

#[test]
fn there_is_exactly_one_signer() {
    let two = page_with(|covered| {
        let info = || Info::new(&town().seal, covered);
        message(oid::ID_DATA, None, &certificates(), &[info(), info()])
    });
    check_code(
        &check(&two, failed(SubIndication::FormatFailure)),
        "SIGNER_INFO_COUNT",
    );
    let none = page_with(|_| message(oid::ID_DATA, None, &certificates(), &[]));
    check_code(
        &check(&none, failed(SubIndication::FormatFailure)),
        "SIGNER_INFO_COUNT",
    );
}

#[test]
fn without_signed_attributes_nothing_is_concluded() {
    let bare = edited(|info, _| info.attributes = None);
    check(&bare, doubt(SubIndication::SigConstraintsFailure));
    let adobe = adobe(|info| info.attributes = None);
    check(&adobe, doubt(SubIndication::SigConstraintsFailure));
}

/// The older format of ISO 32000-1.
fn adobe(edit: impl Fn(&mut Info<'_>)) -> Vec<u8> {
    let to_adobe = |increment: &mut crate::pdf::Increment| {
        replace(
            &mut increment.tail,
            "ETSI.CAdES.detached",
            "adbe.pkcs7.detached",
        );
    };
    file_with(page(), SubFilter::CadesDetached, to_adobe, |covered| {
        let mut info = Info::new(&town().seal, covered);
        edit(&mut info);
        message(oid::ID_DATA, None, &certificates(), &[info])
    })
}

#[test]
fn the_older_format_passes_without_a_level() {
    let report = check(&adobe(|_| ()), PASSED);
    let signature = &report.signatures[0];
    assert_eq!(
        (signature.format.as_str(), &signature.level),
        ("PKCS7", &None)
    );
}

#[test]
fn a_signing_time_breaks_the_profile_and_not_the_signature() {
    let with_time = edited(|info, _| {
        let signing_time = attribute(oid::ATTR_SIGNING_TIME, &time::encode(NOW - 99));
        info.attributes.as_mut().unwrap().push(signing_time);
    });
    let report = check(&with_time, PASSED);
    check_code(&report, "SIGNING_TIME_ATTRIBUTE_PRESENT");
    assert_eq!(report.signatures[0].level, None);
    assert_eq!(
        report.signatures[0].claimed_at.as_deref(),
        Some(at(NOW).to_rfc3339().as_str())
    );
}

#[test]
fn certificates_that_cannot_be_read_are_passed_over() {
    let junk = write::sequence(&[write::octet_string(b"junk")]);
    let with_junk = page_with(|covered| {
        let mut sent = certificates();
        sent.insert(0, &junk);
        message(
            oid::ID_DATA,
            None,
            &sent,
            &[Info::new(&town().seal, covered)],
        )
    });
    check(&with_junk, PASSED);
    let only_junk = page_with(|covered| {
        message(
            oid::ID_DATA,
            None,
            &[&junk],
            &[Info::new(&town().seal, covered)],
        )
    });
    check(&only_junk, doubt(SubIndication::NoSigningCertificateFound));
    let no_cms = page_with(|_| junk.clone());
    check_code(
        &check(&no_cms, failed(SubIndication::FormatFailure)),
        "CMS_UNREADABLE",
    );
}

/// A page signed by a seal of the town's CA over this key, with this algorithm.
fn with_key(key: PKey<openssl::pkey::Private>, algorithm: Option<SignatureAlgorithm>) -> Vec<u8> {
    let town = town();
    let holder = seal("Seal").serial(60).holder(key, Some(&town.ca));
    page_with(|covered| {
        let info = Info::under(&holder, algorithm.unwrap_or(holder.algorithm), covered);
        let sent = [holder.certificate.der(), town.ca.certificate.der()];
        message(oid::ID_DATA, None, &sent, &[info])
    })
}

fn rsa(bits: u32) -> PKey<openssl::pkey::Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

#[test]
fn sound_algorithms_pass() {
    let two_thousand = rsa(2_048);
    let pss = |digest, mgf1, salt_bytes| {
        Some(SignatureAlgorithm::RsaPss {
            digest,
            mgf1,
            salt_bytes,
        })
    };
    let (sha256, sha384, sha512) = (
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    );
    check(&with_key(ec_key(Nid::SECP521R1), None), PASSED);
    check(&with_key(ec_key(Nid::SECP384R1), None), PASSED);
    let small_digest = Some(SignatureAlgorithm::Ecdsa { digest: sha256 });
    check(&with_key(ec_key(Nid::SECP521R1), small_digest), PASSED);
    check(&with_key(two_thousand.clone(), None), PASSED);
    let sha512_rsa = Some(SignatureAlgorithm::RsaPkcs1 { digest: sha512 });
    check(&with_key(two_thousand.clone(), sha512_rsa), PASSED);
    check(
        &with_key(two_thousand.clone(), pss(sha256, sha256, 32)),
        PASSED,
    );
    check(
        &with_key(two_thousand.clone(), pss(sha384, sha384, 0)),
        PASSED,
    );
    check(
        &with_key(two_thousand.clone(), pss(sha512, sha512, 20)),
        PASSED,
    );
    let odd = check(
        &with_key(two_thousand.clone(), pss(sha256, sha512, 11)),
        PASSED,
    );
    check_code(&odd, "ALGORITHM_UNCOMMON");
    let odd = with_key(two_thousand, pss(sha256, DigestAlgorithm::Sha1, 20));
    check(&odd, doubt(SubIndication::CryptoConstraintsFailure));
    let edwards = check(&with_key(PKey::generate_ed25519().unwrap(), None), PASSED);
    check_code(&edwards, "ALGORITHM_UNCOMMON");
}

#[test]
fn aged_algorithms_leave_the_question_open() {
    let aged = doubt(SubIndication::CryptoConstraintsFailure);
    check(&with_key(rsa(1_024), None), aged);
    let sha1 = DigestAlgorithm::Sha1;
    let sha1_rsa = Some(SignatureAlgorithm::RsaPkcs1 { digest: sha1 });
    check_code(
        &check(&with_key(rsa(2_048), sha1_rsa), aged),
        "ALGORITHM_WEAK",
    );
    let sha1_ec = Some(SignatureAlgorithm::Ecdsa { digest: sha1 });
    check(&with_key(crate::trust::tests::p256(), sha1_ec), aged);
}

#[test]
fn an_rsa_signature_under_a_curve_key_fails() {
    let town = town();
    let key = rsa(2_048);
    let claimed = seal("Seal").serial(61).holder(key, Some(&town.ca));
    let wrong = page_with(|covered| {
        let mut info = Info::new(&claimed, covered);
        info.named = &town.seal.certificate;
        let digest = message_digest(&DigestAlgorithm::Sha256.hash(covered));
        let ess = signing_certificate(&town.seal.certificate);
        info.attributes = attributes(&[content_type(oid::ID_DATA), digest, ess]);
        message(oid::ID_DATA, None, &certificates(), &[info])
    });
    check(&wrong, failed(SubIndication::SigCryptoFailure));
}

#[test]
fn hashes_of_signature_and_digest_that_differ_are_refused() {
    let mixed = edited(|info, covered| {
        info.digest_der = DigestAlgorithm::Sha512.algorithm_identifier();
        let digest = message_digest(&DigestAlgorithm::Sha512.hash(covered));
        let ess = signing_certificate(&town().seal.certificate);
        info.attributes = attributes(&[content_type(oid::ID_DATA), digest, ess]);
    });
    check(&mixed, failed(SubIndication::FormatFailure));
}

#[test]
fn many_certificates_cost_a_bounded_amount_of_work() {
    let town = town();
    let junk: Vec<Holder> = (0..100).map(|_| ca("CA").by(&town.root)).collect();
    let start = std::time::Instant::now();
    let file = page_with_much(|covered| {
        let mut sent: Vec<&[u8]> = junk.iter().map(|h| h.certificate.der()).collect();
        sent.push(town.seal.certificate.der());
        message(oid::ID_DATA, None, &sent, &[Info::new(&town.seal, covered)])
    });
    let report = plain_report(&file);
    assert_ne!(report.indication, Indication::TotalPassed);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
