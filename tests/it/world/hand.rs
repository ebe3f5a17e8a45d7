//! A person with a key: what a token does, without the token.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde_json::Value;

use super::demo::Facts;
use super::filing::Filing;
use super::http::{Call, Form};
use super::{demo, merkle};

pub struct Person {
    pub key: PKey<Private>,
    /// The certificate and its issuers.
    pub pem: String,
}

impl Person {
    /// One of the demo's: `signatory-district`, `signatory-province`, or a seal.
    pub fn of_demo(facts: &Facts, name: &str) -> Self {
        let pki = facts.trust.parent().unwrap();
        Person::of_files(
            &pki.join(format!("keys/{name}.key.pem")),
            &pki.join(format!("chains/{name}.pem")),
        )
    }

    pub fn of_files(key: &Path, certificates: &Path) -> Self {
        Person {
            key: PKey::private_key_from_pem(&std::fs::read(key).unwrap()).unwrap(),
            pem: std::fs::read_to_string(certificates).unwrap(),
        }
    }

    pub fn certificate_sha256(&self) -> String {
        let certificate = openssl::x509::X509::from_pem(self.pem.as_bytes()).unwrap();
        merkle::hex(&merkle::sha256(&certificate.to_der().unwrap()))
    }

    /// SHA-256 with what the key naturally does: ECDSA as DER, RSA by PKCS#1 v1.5.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        signer.sign_oneshot_to_vec(message).unwrap()
    }

    pub fn sign_pss(&self, message: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer
            .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
            .unwrap();
        signer.sign_oneshot_to_vec(message).unwrap()
    }

    /// P-256, r and s one after the other, as PKCS#11 gives them.
    pub fn sign_raw(&self, message: &[u8]) -> Vec<u8> {
        let signature = EcdsaSig::from_der(&self.sign(message)).unwrap();
        let mut raw = signature.r().to_vec_padded(32).unwrap();
        raw.extend(signature.s().to_vec_padded(32).unwrap());
        raw
    }
}

/// A signature by hand between its two requests.
pub struct Begun {
    pub id: String,
    pub to_be_signed: Vec<u8>,
    pub shown: Value,
}

pub fn begin_call(
    base_url: &str,
    clerk: &demo::Clerk,
    filing: &Filing,
    pem: &str,
    options: &Value,
) -> Call<'static> {
    let form = Form::new()
        .text(
            "record",
            "application/json",
            &serde_json::to_vec(&filing.record).unwrap(),
        )
        .text("certificate", "application/x-pem-file", pem.as_bytes())
        .text(
            "options",
            "application/json",
            options.to_string().as_bytes(),
        )
        .file("file", &filing.file_name, "application/pdf", &filing.pdf);
    Call::new("POST", format!("{base_url}/api/v1/signatures"))
        .bearer(&clerk.api_key)
        .body(&Form::content_type(), form.finish())
}

#[track_caller]
pub fn begin(
    base_url: &str,
    clerk: &demo::Clerk,
    filing: &Filing,
    person: &Person,
    options: &Value,
) -> Begun {
    let answer = begin_call(base_url, clerk, filing, &person.pem, options)
        .send()
        .expect(201);
    let shown = answer.json();
    Begun {
        id: shown["id"].as_str().unwrap().to_owned(),
        to_be_signed: STANDARD
            .decode(shown["to_be_signed"].as_str().unwrap())
            .unwrap(),
        shown,
    }
}

pub fn finish_call(base_url: &str, clerk: &demo::Clerk, id: &str, body: &Value) -> Call<'static> {
    let body = body.to_string().into_bytes();
    Call::new("POST", format!("{base_url}/api/v1/signatures/{id}/finish"))
        .bearer(&clerk.api_key)
        .body("application/json", body)
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
