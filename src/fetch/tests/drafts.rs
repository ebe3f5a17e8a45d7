//! Answers that the province would never give: made with its keys, wrong in one thing.

use openssl::hash::MessageDigest;
use openssl::sign::Signer;

use super::server::Asked;
use super::world::clock;
use crate::pki::crypto::SignatureAlgorithm;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{self, Answer, CertStatus, ResponderId};
use crate::pki::oid::ObjectId;
use crate::pki::tsp::{self, TokenDraft, TstInfo};
use crate::province::{Entity, Province};

pub fn sign(entity: &Entity, message: &[u8]) -> Vec<u8> {
    let mut signer = Signer::new(MessageDigest::sha256(), entity.key()).unwrap();
    signer.sign_oneshot_to_vec(message).unwrap()
}

pub fn algorithm(entity: &Entity) -> SignatureAlgorithm {
    SignatureAlgorithm::natural_for(entity.certificate().key_facts()).unwrap()
}

pub fn policy(text: &str) -> ObjectId {
    ObjectId::from_dotted(text).unwrap()
}

/// The token to a request, as `signer` would make it after `change`.
pub fn token(
    province: &Province,
    signer: &str,
    asked: &Asked,
    change: impl Fn(&mut TstInfo),
) -> Vec<u8> {
    let entity = province.entity(signer).unwrap();
    stamped(entity, asked, change, Some(&entity.chain()[1..]))
}

pub fn stamped(
    entity: &Entity,
    asked: &Asked,
    change: impl Fn(&mut TstInfo),
    above: Option<&[crate::pki::cert::Certificate]>,
) -> Vec<u8> {
    let request = tsp::Request::parse(&asked.body).unwrap();
    let mut info = TstInfo {
        policy: request.policy.unwrap_or_else(|| policy("1.2.3.4")),
        imprint: request.imprint,
        serial: vec![7],
        gen_time_s: clock().unix_s(),
        gen_time_nanos: 0,
        accuracy: None,
        ordering: false,
        nonce: request.nonce,
        tsa: None,
        unknown_critical: Vec::new(),
    };
    change(&mut info);
    let draft = TokenDraft::new(&info, DigestAlgorithm::Sha256, entity.certificate());
    let signature = sign(entity, draft.to_be_signed());
    tsp::granted(&draft.finish(&signature, algorithm(entity), above))
}

/// One status, as a responder would give it.
pub struct Says {
    pub status: CertStatus,
    pub this_update: i64,
    pub next_update: Option<i64>,
    pub signer: &'static str,
    pub nonce: fn(Option<Vec<u8>>) -> Option<Vec<u8>>,
}

impl Says {
    pub fn good() -> Self {
        Self {
            status: CertStatus::Good,
            this_update: clock().unix_s(),
            next_update: Some(clock().unix_s() + 3_600),
            signer: "ocsp",
            nonce: |nonce| nonce,
        }
    }

    pub fn to(&self, province: &Province, asked: &Asked) -> Vec<u8> {
        let request = ocsp::Request::parse(&asked.body).unwrap();
        let answers: Vec<Answer> = request
            .ids
            .iter()
            .map(|id| Answer {
                id: id.clone(),
                status: self.status,
                this_update: self.this_update,
                next_update: self.next_update,
            })
            .collect();
        let responder = province.entity(self.signer).unwrap();
        let draft = ocsp::Draft::new(
            &ResponderId::by_name(responder.certificate()),
            self.this_update,
            &answers,
            (self.nonce)(request.nonce).as_deref(),
            algorithm(responder),
        );
        let signature = sign(responder, draft.to_be_signed());
        draft.finish(&signature, &[responder.certificate().clone()])
    }
}
