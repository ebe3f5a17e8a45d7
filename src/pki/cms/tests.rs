//! Messages made by this code and verified by the library; messages of the library read by this code.

use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;

use super::super::cert::Certificate;
use super::super::crypto::VerifyFailure;
use super::super::der::write;
use super::super::digest::DigestAlgorithm;
use super::super::tests::{Entity, NOW, cms, pki, sign, token};
use super::super::{crypto::SignatureAlgorithm, oid};
use super::{
    Assembly, CertificateBinding, Finding, SignedData, SigningFacts, assemble, attributes_to_sign,
    size_upper_bound,
};

const CONTENT: &[u8] = b"the octets of a document";

/// CMS_CADES of OpenSSL 3.0: the signing certificate attribute is checked too.
const CADES: CMSOptions = CMSOptions::from_bits_retain(0x10_0000);

#[track_caller]
fn check_by_library(message: &[u8]) {
    let mut store = X509StoreBuilder::new().unwrap();
    store
        .add_cert(pki().root.certificate.openssl().unwrap().clone())
        .unwrap();
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_time(NOW);
    store.set_param(&parameters).unwrap();
    let mut parsed = CmsContentInfo::from_der(message).unwrap();
    parsed
        .verify(
            None,
            Some(&store.build()),
            Some(CONTENT),
            None,
            CMSOptions::BINARY | CADES,
        )
        .unwrap();
}

/// Reads the message and checks everything that can be checked without trust.
#[track_caller]
fn check(message: &[u8], signer_certificate: &Certificate) -> SignedData {
    let signed = SignedData::parse(message).unwrap();
    let [signer] = signed.signers.as_slice() else {
        panic!("one signer");
    };
    let certificates = signed.parsed_certificates();
    let found = signer.find_certificate(&certificates).unwrap();
    assert_eq!(found, signer_certificate);
    assert_eq!(signer.binding(found), CertificateBinding::Bound);
    let digest = signer.digest_algorithm.unwrap().hash(CONTENT);
    assert!(signer.message_digest_matches(&digest));
    assert_eq!(signer.verify_signature(found.public_key(), &digest), Ok(()));
    assert!(!signer.message_digest_matches(&[0; 32]));
    signed
}

#[test]
fn messages_of_every_kind_of_key_are_found_good_here_and_by_the_library() {
    for entity in pki().seals() {
        let message = cms(entity, CONTENT, None);
        let signed = check(&message, &entity.certificate);
        assert_eq!(signed.version, 1);
        assert_eq!(signed.content, None);
        assert!(signed.findings.is_empty() && signed.signers[0].findings.is_empty());
        let attributes = signed.signers[0].signed_attributes.as_ref().unwrap();
        assert_eq!(attributes.signing_time, None);
        assert_eq!(
            attributes.content_type.as_ref().unwrap().body(),
            oid::ID_DATA
        );
        assert_eq!(attributes.attributes.len(), 3);
        // OpenSSL 3.0 cannot verify Ed25519 in CMS ("invalid digest").
        if entity.algorithm != SignatureAlgorithm::Ed25519 {
            check_by_library(&message);
        }
    }
}

#[test]
fn a_pss_signature_is_found_good_here_and_by_the_library() {
    let entity = Entity {
        key: pki().rsa_seal.key.clone(),
        certificate: pki().rsa_seal.certificate.clone(),
        algorithm: SignatureAlgorithm::pss_for(DigestAlgorithm::Sha256),
    };
    let message = cms(&entity, CONTENT, None);
    check(&message, &entity.certificate);
    check_by_library(&message);
}

#[test]
fn a_time_stamp_goes_in_beside_the_signature_and_comes_out_again() {
    let entity = &pki().rsa_seal;
    let plain = SignedData::parse(&cms(entity, CONTENT, None)).unwrap();
    let stamp = token(&plain.signers[0].signature, None);
    let message = cms(entity, CONTENT, Some(&stamp));
    let signed = check(&message, &entity.certificate);
    assert_eq!(signed.signers[0].timestamp_tokens(), [stamp.as_slice()]);
    check_by_library(&message);
}

#[test]
fn the_signing_time_is_there_only_when_asked_for() {
    let entity = &pki().seal;
    let digest = DigestAlgorithm::Sha256;
    let attributes = attributes_to_sign(&SigningFacts {
        content_type: oid::ID_DATA,
        digest,
        message_digest: &digest.hash(CONTENT),
        signer: &entity.certificate,
        signing_time: Some(NOW),
    });
    assert_eq!(attributes.digest(), digest.hash(attributes.der()));
    let message = assemble(&Assembly {
        attributes: &attributes,
        signature: &entity.sign(attributes.der()),
        algorithm: entity.algorithm,
        signer: &entity.certificate,
        certificates: Some(&[entity.certificate.clone(), pki().ca.certificate.clone()]),
        content: None,
        timestamp_token: None,
        crls: &[],
    });
    let signed = check(&message, &entity.certificate);
    let attributes = signed.signers[0].signed_attributes.as_ref().unwrap();
    assert_eq!(attributes.signing_time, Some(NOW));
    // The signer's certificate was given twice and went in once.
    assert_eq!(signed.certificates.len(), 2);
    check_by_library(&message);
}

#[test]
fn the_size_is_known_before_signing() {
    for entity in pki().seals() {
        let stamp = token(b"x", None);
        let others = [pki().ca.certificate.clone()];
        let bound = |token_bytes| {
            size_upper_bound(&entity.certificate, &others, entity.algorithm, token_bytes)
        };
        for (stamp, bound) in [
            (None, bound(0)),
            (Some(stamp.as_slice()), bound(stamp.len())),
        ] {
            let length = cms(entity, CONTENT, stamp).len();
            assert!(length <= bound && bound <= length + 64, "{length} {bound}");
        }
    }
}

/// A signature of the library itself, with its own choice of attributes.
fn by_library(entity: &Entity, options: CMSOptions) -> CmsContentInfo {
    let mut others = Stack::new().unwrap();
    others
        .push(pki().ca.certificate.openssl().unwrap().clone())
        .unwrap();
    CmsContentInfo::sign(
        Some(entity.certificate.openssl().unwrap()),
        Some(&entity.key),
        Some(&others),
        Some(CONTENT),
        CMSOptions::BINARY | options,
    )
    .unwrap()
}

#[test]
fn messages_of_the_library_are_read() {
    for entity in [&pki().seal, &pki().rsa_seal] {
        let message = by_library(entity, CADES | CMSOptions::DETACHED)
            .to_der()
            .unwrap();
        let signed = check(&message, &entity.certificate);
        assert!(
            signed.signers[0]
                .signed_attributes
                .as_ref()
                .unwrap()
                .signing_time
                .is_some()
        );
        let enclosed = by_library(entity, CADES).to_der().unwrap();
        assert_eq!(
            check(&enclosed, &entity.certificate).content.as_deref(),
            Some(CONTENT)
        );
        let by_key_id = by_library(entity, CADES | CMSOptions::USE_KEYID)
            .to_der()
            .unwrap();
        assert_eq!(check(&by_key_id, &entity.certificate).version, 3);
    }
}

#[test]
fn a_message_without_signing_certificate_attribute_binds_nothing() {
    let entity = &pki().seal;
    let message = by_library(entity, CMSOptions::DETACHED).to_der().unwrap();
    let signed = SignedData::parse(&message).unwrap();
    assert_eq!(
        signed.signers[0].binding(&entity.certificate),
        CertificateBinding::Absent
    );
}

#[test]
fn a_message_without_signed_attributes_signs_its_content() {
    let entity = &pki().rsa_seal;
    let message = by_library(entity, CMSOptions::NOATTR).to_der().unwrap();
    let signed = SignedData::parse(&message).unwrap();
    let signer = &signed.signers[0];
    assert!(signer.signed_attributes.is_none());
    let key = entity.certificate.public_key();
    let digest = DigestAlgorithm::Sha256.hash(CONTENT);
    assert_eq!(signer.verify_signature(key, &digest), Ok(()));
    let other = DigestAlgorithm::Sha256.hash(b"other");
    assert_eq!(
        signer.verify_signature(key, &other),
        Err(VerifyFailure::Mismatch)
    );
}

#[test]
fn another_certificate_of_the_same_key_and_name_is_not_the_signers() {
    let entity = &pki().seal;
    let signed = SignedData::parse(&cms(entity, CONTENT, None)).unwrap();
    let signer = &signed.signers[0];
    assert_eq!(
        signer.binding(&pki().ca.certificate),
        CertificateBinding::Mismatch
    );
    let certificates = [
        pki().ca.certificate.clone(),
        pki().rsa_seal.certificate.clone(),
    ];
    assert!(signer.find_certificate(&certificates).is_none());
}

#[test]
fn padding_of_zeros_is_passed_over_and_anything_else_noted() {
    let message = cms(&pki().seal, CONTENT, None);
    let padded = [message.as_slice(), &[0; 99]].concat();
    let signed = SignedData::parse_padded(&padded).unwrap();
    assert_eq!(signed.encoded_bytes, message.len());
    assert!(signed.findings.is_empty());
    assert!(SignedData::parse(&padded).is_err());
    let trailing = [message.as_slice(), b"\0x"].concat();
    let signed = SignedData::parse_padded(&trailing).unwrap();
    assert_eq!(signed.findings, [Finding::TrailingOctets]);
}

/// Puts the content of a definite SEQUENCE into the indefinite form.
fn indefinite(element: &[u8]) -> Vec<u8> {
    let header = super::super::der::Reader::new(element)
        .any("x")
        .unwrap()
        .header_bytes();
    [&element[..1], &[0x80], &element[header..], &[0, 0]].concat()
}

#[test]
fn a_message_in_ber_is_read_and_noted() {
    let entity = &pki().seal;
    let message = indefinite(&cms(entity, CONTENT, None));
    let signed = check(&message, &entity.certificate);
    assert_eq!(signed.findings, [Finding::NotDer]);
}

/// The message with its signed attributes replaced and signed anew.
fn with_attributes(attributes: &[Vec<u8>]) -> SignedData {
    let entity = &pki().seal;
    let original = cms(entity, CONTENT, None);
    let parsed = SignedData::parse(&original).unwrap();
    let mut old = parsed.signers[0]
        .signed_attributes
        .as_ref()
        .unwrap()
        .set_der
        .clone();
    old[0] = 0xa0;
    let set = write::constructed(0x31, attributes);
    let signature = sign(&entity.key, entity.algorithm, &set);
    let mut tagged = set;
    tagged[0] = 0xa0;
    let from = original
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    // Lengths change on the way out to the ContentInfo: the SignerInfo is put together again instead.
    let sid_start = from - 13;
    assert_eq!(
        &original[sid_start..from],
        write::sequence(&[write::oid(oid::SHA_256)])
    );
    let sid = write::sequence(&[
        entity.certificate.issuer().raw(),
        &write::element(2, entity.certificate.serial()),
    ]);
    let signer = write::sequence(&[
        write::small_integer(1),
        sid,
        DigestAlgorithm::Sha256.algorithm_identifier(),
        tagged,
        entity.algorithm.to_der(),
        write::octet_string(&signature),
    ]);
    let signed = write::sequence(&[
        write::small_integer(1),
        write::set_of(&[DigestAlgorithm::Sha256.algorithm_identifier()]),
        write::sequence(&[write::oid(oid::ID_DATA)]),
        write::element(0xa0, entity.certificate.der()),
        write::set_of(&[signer]),
    ]);
    let message = write::sequence(&[write::oid(oid::ID_SIGNED_DATA), write::explicit(0, &signed)]);
    SignedData::parse(&message).unwrap()
}

fn attribute(kind: &[u8], values: &[Vec<u8>]) -> Vec<u8> {
    write::sequence(&[write::oid(kind), write::constructed(0x31, values)])
}

#[test]
fn attributes_out_of_order_are_verified_as_they_stand_and_noted() {
    let digest = DigestAlgorithm::Sha256.hash(CONTENT);
    let signed = with_attributes(&[
        attribute(oid::ATTR_MESSAGE_DIGEST, &[write::octet_string(&digest)]),
        attribute(oid::ATTR_CONTENT_TYPE, &[write::oid(oid::ID_DATA)]),
    ]);
    let signer = &signed.signers[0];
    assert_eq!(signer.findings, [Finding::SignedAttributesNotSorted]);
    let key = pki().seal.certificate.public_key();
    assert_eq!(signer.verify_signature(key, &digest), Ok(()));
    assert!(signer.message_digest_matches(&digest));
}

#[test]
fn an_attribute_given_twice_counts_as_absent() {
    let digest = DigestAlgorithm::Sha256.hash(CONTENT);
    let one = write::octet_string(&digest);
    let other = write::octet_string(&[0; 32]);
    for attributes in [
        vec![
            attribute(oid::ATTR_MESSAGE_DIGEST, std::slice::from_ref(&one)),
            attribute(oid::ATTR_MESSAGE_DIGEST, std::slice::from_ref(&other)),
        ],
        vec![attribute(
            oid::ATTR_MESSAGE_DIGEST,
            &[one.clone(), other.clone()],
        )],
        vec![attribute(oid::ATTR_MESSAGE_DIGEST, &[])],
    ] {
        let signed = with_attributes(&attributes);
        let signer = &signed.signers[0];
        assert!(signer.findings.contains(&Finding::AttributeNotSingle));
        assert!(!signer.message_digest_matches(&digest));
    }
}

#[test]
fn a_malformed_attribute_counts_as_absent() {
    let signed = with_attributes(&[
        attribute(oid::ATTR_CONTENT_TYPE, &[write::null()]),
        attribute(
            oid::ATTR_SIGNING_CERTIFICATE_V2,
            &[write::sequence::<&[u8]>(&[])],
        ),
    ]);
    let signer = &signed.signers[0];
    let attributes = signer.signed_attributes.as_ref().unwrap();
    assert!(attributes.content_type.is_none() && attributes.ess.is_empty());
    assert!(signer.findings.contains(&Finding::AttributeMalformed));
    assert_eq!(
        signer.binding(&pki().seal.certificate),
        CertificateBinding::Absent
    );
}

#[test]
fn the_hash_in_the_certificate_identifier_may_be_another() {
    let certificate = &pki().seal.certificate;
    let id = |digest: DigestAlgorithm, issuer: &Certificate| {
        let names = write::sequence(&[write::explicit(4, issuer.subject().raw())]);
        let serial = write::element(2, certificate.serial());
        write::sequence(&[write::sequence(&[write::sequence(&[
            digest.algorithm_identifier(),
            write::octet_string(&digest.hash(certificate.der())),
            write::sequence(&[names, serial]),
        ])])])
    };
    for (issuer, expected) in [
        (&pki().ca.certificate, CertificateBinding::Bound),
        (&pki().root.certificate, CertificateBinding::Mismatch),
    ] {
        let value = id(DigestAlgorithm::Sha512, issuer);
        let signed = with_attributes(&[attribute(oid::ATTR_SIGNING_CERTIFICATE_V2, &[value])]);
        assert_eq!(signed.signers[0].binding(certificate), expected);
    }
}
