//! A small test PKI made at run time, the object identifiers against their texts, and every parser under mutation.

use std::sync::OnceLock;

use openssl::asn1::Asn1Object;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::cert::Certificate;
use super::cms::{Assembly, SignedData, SigningFacts, assemble, attributes_to_sign};
use super::crl::{Crl, CrlFacts, Intake, RevokedSerial};
use super::crypto::{KeyFacts, SignatureAlgorithm, openssl_digest};
use super::digest::DigestAlgorithm;
use super::issue::{Addresses, CertificateFacts, Issuer, Profile, name};
use super::oid::{self, ObjectId};
use super::{ocsp, tsp};

pub(crate) const NOW: i64 = 1_795_500_000; // 2026-11-24
const YEAR_S: i64 = 365 * 86_400;

/// A key with its certificate.
pub(crate) struct Entity {
    pub key: PKey<Private>,
    pub certificate: Certificate,
    pub algorithm: SignatureAlgorithm,
}

impl Entity {
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.key, self.algorithm, message)
    }
}

pub(crate) fn sign(key: &PKey<Private>, algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        SignatureAlgorithm::Ed25519 => {
            let mut signer = Signer::new_without_digest(key).unwrap();
            signer.sign_oneshot_to_vec(message).unwrap()
        }
        SignatureAlgorithm::RsaPkcs1 { digest } | SignatureAlgorithm::Ecdsa { digest } => {
            let mut signer = Signer::new(openssl_digest(digest), key).unwrap();
            signer.sign_oneshot_to_vec(message).unwrap()
        }
        SignatureAlgorithm::RsaPss {
            digest,
            mgf1,
            salt_bytes,
        } => {
            let mut signer = Signer::new(openssl_digest(digest), key).unwrap();
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            signer.set_rsa_mgf1_md(openssl_digest(mgf1)).unwrap();
            let salt = RsaPssSaltlen::custom(i32::try_from(salt_bytes).unwrap());
            signer.set_rsa_pss_saltlen(salt).unwrap();
            signer.sign_oneshot_to_vec(message).unwrap()
        }
    }
}

pub(crate) fn ec_key(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub(crate) fn rsa_key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

/// Issues a certificate over `key`.
pub(crate) fn issue(
    key: PKey<Private>,
    subject: &[(&[u8], &str)],
    serial: &[u8],
    profile: Profile,
    ca: Option<&Entity>,
) -> Entity {
    let spki = key.public_key_to_der().unwrap();
    let own = SignatureAlgorithm::natural_for(KeyFacts::from_spki(&spki).unwrap()).unwrap();
    let facts = CertificateFacts {
        serial,
        subject: &name(subject),
        issuer: ca.map_or(Issuer::Itself, |ca| Issuer::Ca(&ca.certificate)),
        not_before: NOW - YEAR_S,
        not_after: NOW + YEAR_S,
        spki: &spki,
        profile,
        addresses: match ca {
            None => Addresses::default(),
            Some(_) => Addresses {
                ocsp: &["http://ocsp.example.vn/"],
                ca_issuers: &["http://ca.example.vn/ca.cer"],
                crl: &["http://ca.example.vn/ca.crl"],
            },
        },
        policies: &[ObjectId::from_dotted("1.3.6.1.4.1.99999.1").unwrap()],
        extra: &[],
        algorithm: ca.map_or(own, |ca| ca.algorithm),
    };
    let draft = facts.draft();
    let signature = match ca {
        Some(ca) => ca.sign(draft.to_be_signed()),
        None => sign(&key, own, draft.to_be_signed()),
    };
    let certificate = Certificate::from_der(&draft.finish(&signature)).unwrap();
    Entity {
        key,
        certificate,
        algorithm: own,
    }
}

/// Root, issuing CA, a seal of each kind of key, a time-stamping authority and an OCSP responder.
pub(crate) struct Pki {
    pub root: Entity,
    pub ca: Entity,
    pub seal: Entity,
    pub rsa_seal: Entity,
    pub p384_seal: Entity,
    pub p521_seal: Entity,
    pub ed25519_seal: Entity,
    pub tsa: Entity,
    pub responder: Entity,
}

impl Pki {
    pub fn seals(&self) -> [&Entity; 5] {
        [
            &self.seal,
            &self.rsa_seal,
            &self.p384_seal,
            &self.p521_seal,
            &self.ed25519_seal,
        ]
    }
}

pub(crate) fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let p256 = || ec_key(Nid::X9_62_PRIME256V1);
        let common = |text| [(oid::AT_COUNTRY, "VN"), (oid::AT_COMMON_NAME, text)];
        let root = issue(p256(), &common("Gốc thử"), &[1], Profile::RootCa, None);
        let profile = Profile::IssuingCa { path_len: 0 };
        let ca = issue(p256(), &common("CA thử"), &[2], profile, Some(&root));
        let office: &[(&[u8], &str)] = &[
            (oid::AT_COUNTRY, "VN"),
            (oid::AT_ORGANIZATION, "Ủy ban nhân dân xã Thử"),
            (oid::AT_USER_ID, "MST:0100000000"),
            (oid::AT_COMMON_NAME, "Ủy ban nhân dân xã Thử"),
        ];
        let seal = |key, serial| issue(key, office, serial, Profile::Seal, Some(&ca));
        let tsa_name = common("TSA thử");
        let responder_name = common("OCSP thử");
        Pki {
            seal: seal(p256(), &[0x90, 0x01]),
            rsa_seal: seal(rsa_key(), &[0x11]),
            p384_seal: seal(ec_key(Nid::SECP384R1), &[0x12]),
            p521_seal: seal(ec_key(Nid::SECP521R1), &[0x13]),
            ed25519_seal: seal(PKey::generate_ed25519().unwrap(), &[0x14]),
            tsa: issue(p256(), &tsa_name, &[0x15], Profile::TimeStamping, Some(&ca)),
            responder: issue(
                p256(),
                &responder_name,
                &[0x16],
                Profile::OcspResponder,
                Some(&ca),
            ),
            root,
            ca,
        }
    })
}

/// A detached signature over `content`, with whatever token is given.
pub(crate) fn cms(entity: &Entity, content: &[u8], token: Option<&[u8]>) -> Vec<u8> {
    let digest = entity.algorithm.cms_digest();
    let attributes = attributes_to_sign(&SigningFacts {
        content_type: oid::ID_DATA,
        digest,
        message_digest: &digest.hash(content),
        signer: &entity.certificate,
        signing_time: None,
    });
    assemble(&Assembly {
        attributes: &attributes,
        signature: &entity.sign(attributes.der()),
        algorithm: entity.algorithm,
        signer: &entity.certificate,
        certificates: Some(&[pki().ca.certificate.clone()]),
        content: None,
        timestamp_token: token,
        crls: &[],
    })
}

/// A token over `content` by the test authority.
pub(crate) fn token(content: &[u8], nonce: Option<&[u8]>) -> Vec<u8> {
    let tsa = &pki().tsa;
    let request = tsp::Request::new(tsp::Imprint::of(DigestAlgorithm::Sha256, content), nonce);
    let info = tsp::TstInfo {
        policy: ObjectId::from_dotted("1.3.6.1.4.1.99999.2").unwrap(),
        imprint: request.imprint.clone(),
        serial: vec![0x2a],
        gen_time_s: NOW,
        gen_time_nanos: 120_000_000,
        accuracy: Some(tsp::Accuracy {
            seconds: 1,
            millis: 500,
            micros: 0,
        }),
        ordering: false,
        nonce: request.nonce,
        tsa: None,
        unknown_critical: Vec::new(),
    };
    let draft = tsp::TokenDraft::new(&info, tsa.algorithm.cms_digest(), &tsa.certificate);
    let signature = tsa.sign(draft.to_be_signed());
    draft.finish(
        &signature,
        tsa.algorithm,
        Some(&[pki().ca.certificate.clone()]),
    )
}

pub(crate) fn crl(revoked: &[RevokedSerial]) -> Vec<u8> {
    let ca = &pki().ca;
    let draft = super::crl::draft(&CrlFacts {
        issuer: &ca.certificate,
        this_update: NOW - 60,
        next_update: NOW + 86_400,
        number: 7,
        revoked,
        algorithm: ca.algorithm,
    });
    draft.finish(&ca.sign(draft.to_be_signed()))
}

pub(crate) fn ocsp_response(status: ocsp::CertStatus) -> Vec<u8> {
    let responder = &pki().responder;
    let id = ocsp::CertId::new(
        DigestAlgorithm::Sha1,
        &pki().ca.certificate,
        pki().seal.certificate.serial(),
    );
    let answer = ocsp::Answer {
        id,
        status,
        this_update: NOW - 60,
        next_update: Some(NOW + 3600),
    };
    let draft = ocsp::Draft::new(
        &ocsp::ResponderId::by_name(&responder.certificate),
        NOW,
        &[answer],
        Some(&[9; 16]),
        responder.algorithm,
    );
    let signature = responder.sign(draft.to_be_signed());
    draft.finish(&signature, std::slice::from_ref(&responder.certificate))
}

#[test]
fn every_object_identifier_is_the_one_its_text_says() {
    for (dotted, body) in oid::ALL {
        assert_eq!(oid::dotted(body), *dotted);
        assert_eq!(ObjectId::from_dotted(dotted).unwrap().body(), *body);
        let theirs = Asn1Object::from_str(dotted).unwrap();
        assert_eq!(theirs.as_slice(), *body);
    }
}

#[test]
fn object_identifiers_that_are_none_are_refused() {
    for text in [
        "",
        "1",
        "3.1",
        "1.40",
        "1.2.x",
        "1.2.",
        "1.2.-3",
        "99999999999999999999.1",
    ] {
        assert!(ObjectId::from_dotted(text).is_err(), "{text}");
    }
    for body in [&[][..], &[0x80], &[0x2a, 0x80, 0x01], &[0x2a, 0x86]] {
        assert!(ObjectId::from_body(body).is_err(), "{body:?}");
    }
    let huge = ObjectId::from_body(&[
        0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ]);
    assert_eq!(huge.unwrap().to_string(), "1.2.?");
}

/// Reads the bytes as everything there is, and follows up on what could be read.
fn read_as_everything(bytes: &[u8]) {
    let _ = super::der::normalise(bytes);
    let _ = super::der::is_der(bytes);
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let _ = (certificate.subject().to_string(), certificate.serial_hex());
        let _ = certificate.is_signed_by(pki().ca.certificate.public_key());
    }
    read_layout(bytes);
    if let Ok(signed) = SignedData::parse_padded(bytes) {
        let certificates = signed.parsed_certificates();
        for signer in &signed.signers {
            for candidate in signer.candidates(&certificates) {
                let _ = signer.verify_signature(candidate.public_key(), &[0; 32]);
            }
            for token in signer.timestamp_tokens() {
                let _ = tsp::Token::parse(token);
            }
        }
    }
    let _ =
        tsp::Token::parse_padded(bytes).map(|token| token.verify_signature(&pki().tsa.certificate));
    let _ = tsp::Request::parse(bytes).map(|request| request.to_der());
    let _ = tsp::Response::parse(bytes);
    let _ = tsp::TstInfo::parse(bytes).map(|info| info.to_der());
    let _ = ocsp::Request::parse(bytes).map(|request| request.to_der());
    if let Ok(Some(basic)) = ocsp::Response::parse(bytes).map(|response| response.basic) {
        let _ = basic.find(&pki().ca.certificate, &[1]).count();
        let _ = basic.verify_signature(pki().responder.certificate.public_key());
    }
    let _ = ocsp::BasicResponse::parse(bytes);
    let piecewise = in_pieces(bytes);
    if let Ok(crl) = Crl::from_der(bytes) {
        let _ = (crl.lookup(&[0x11]), crl.entries().count());
        let ca = pki().ca.certificate.public_key();
        // However it arrived, it is the same list with the same signature.
        let piecewise = piecewise.unwrap();
        assert_eq!(crl.verify_signature(ca), piecewise.verify_signature(ca));
    } else if bytes.first() == Some(&0x30) {
        assert!(piecewise.is_none());
    }
    let _ = super::cert::list_from_pem_or_der(bytes);
    let _ = SignatureAlgorithm::from_der(bytes, Some(DigestAlgorithm::Sha256));
    let _ = KeyFacts::from_spki(bytes);
    let _ = super::cert::Name::from_der(bytes).map(|name| name.to_string());
}

fn in_pieces(bytes: &[u8]) -> Option<Crl> {
    let mut intake = Intake::new(bytes.len());
    for piece in bytes.chunks(100) {
        intake.push(piece).ok()?;
    }
    intake.finish().ok()
}

/// A generator whose whole course follows from its seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }
}

fn mutate(dice: &mut Dice, original: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(bytes.len());
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << dice.roll(8),
            2 => bytes[at] = dice.byte(),
            3 => bytes.insert(at, dice.byte()),
            4 => {
                let from = dice.roll(other.len());
                let length = dice.roll(40).min(other.len() - from);
                bytes.splice(at..at, other[from..from + length].iter().copied());
            }
            _ => {
                let end = (at + dice.roll(8)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
        if bytes.is_empty() {
            bytes.push(0x30);
        }
    }
    bytes
}

fn read_layout(bytes: &[u8]) {
    use super::cms::{Additions, HashIndex, Layout, RevocationValues};
    let _ = (HashIndex::parse(bytes), RevocationValues::parse(bytes));
    let Ok(layout) = Layout::read(bytes) else {
        return;
    };
    let _ = layout.with(&Additions::default());
    for signer in &layout.signers {
        let index = HashIndex::of(&layout, signer, DigestAlgorithm::Sha256);
        let read = HashIndex::parse(index.der()).unwrap();
        assert!(read.covered(&layout, signer).is_ok());
    }
}

/// ats-hash-index-v3 over a message with a time-stamp.
fn hash_index(stamped: &[u8]) -> Vec<u8> {
    let message = cms(&pki().seal, b"content", Some(stamped));
    let layout = super::cms::Layout::read(&message).unwrap();
    let digest = DigestAlgorithm::Sha256;
    let index = super::cms::HashIndex::of(&layout, &layout.signers[0], digest);
    index.der().to_vec()
}

fn vectors() -> Vec<Vec<u8>> {
    let revoked = [RevokedSerial {
        serial: vec![0x11],
        at: NOW - 3600,
        reason: Some(1),
    }];
    let stamped = token(b"content", Some(&[0xff; 8]));
    let id = ocsp::CertId::new(DigestAlgorithm::Sha1, &pki().ca.certificate, &[5]);
    let imprint = tsp::Imprint::of(DigestAlgorithm::Sha256, b"content");
    let pss = SignatureAlgorithm::pss_for(DigestAlgorithm::Sha256);
    vec![
        pki().rsa_seal.certificate.der().to_vec(),
        pki().ca.certificate.der().to_vec(),
        cms(&pki().rsa_seal, b"content", Some(&stamped)),
        cms(&pki().seal, b"content", None),
        tsp::granted(&stamped),
        tsp::rejection(tsp::FailureInfo::SystemFailure, "không"),
        hash_index(&stamped),
        stamped,
        tsp::Request::new(imprint, Some(&[1, 2, 3])).to_der(),
        ocsp::Request::new(vec![id], Some(&[7; 32])).to_der(),
        ocsp_response(ocsp::CertStatus::Revoked {
            at: NOW - 60,
            reason: Some(4),
        }),
        crl(&revoked),
        pki().seal.certificate.to_pem().into_bytes(),
        pss.to_der(),
        pki().rsa_seal.certificate.spki().to_vec(),
    ]
}

#[test]
fn no_mutation_of_any_format_makes_a_parser_panic() {
    let vectors = vectors();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for original in &vectors {
        read_as_everything(original);
        for _ in 0..400 {
            let other = &vectors[dice.roll(vectors.len())];
            read_as_everything(&mutate(&mut dice, original, other));
        }
    }
}

#[test]
fn every_truncation_is_refused_without_panic() {
    for original in vectors().iter().filter(|vector| vector[0] == 0x30) {
        for length in 0..original.len() {
            let cut = &original[..length];
            assert!(super::der::normalise(cut).is_err());
            assert!(SignedData::parse_padded(cut).is_err());
            assert!(Certificate::from_der(cut).is_err());
            assert!(Crl::from_der(cut).is_err());
        }
    }
}

#[test]
fn a_changed_signature_never_verifies_as_another_statement() {
    let entity = &pki().seal;
    let original = cms(entity, b"content", None);
    let digest = DigestAlgorithm::Sha256.hash(b"content");
    let reference = SignedData::parse(&original).unwrap();
    let signed = &reference.signers[0]
        .signed_attributes
        .as_ref()
        .unwrap()
        .set_der;
    let mut dice = Dice(42);
    let mut still_good = 0;
    for _ in 0..2000 {
        let Ok(changed) = SignedData::parse_padded(&mutate(&mut dice, &original, &original)) else {
            continue;
        };
        for signer in &changed.signers {
            let key = entity.certificate.public_key();
            if signer.verify_signature(key, &digest).is_ok() {
                still_good += 1;
                assert_eq!(signer.signed_attributes.as_ref().unwrap().set_der, *signed);
            }
        }
    }
    // Changes outside what is signed (certificates, unsigned parts) leave it good.
    assert!(still_good > 0);
}
