//! Making an OCSP response (RFC 6960 4.2.1, 4.2.2): the part to sign, then, with the signature, the whole.

use super::super::cert::Certificate;
use super::super::crypto::SignatureAlgorithm;
use super::super::der::{tag, time, write};
use super::request::nonce_extension;
use super::response::wrap;
use super::{CertId, CertStatus, ResponderId, ResponseStatus};

/// What the responder says of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// As it was asked.
    pub id: CertId,
    pub status: CertStatus,
    pub this_update: i64,
    pub next_update: Option<i64>,
}

/// A response before its signature.
#[derive(Debug, Clone)]
pub struct Draft {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Draft {
    pub fn new(
        responder: &ResponderId,
        produced_at: i64,
        answers: &[Answer],
        nonce: Option<&[u8]>,
        algorithm: SignatureAlgorithm,
    ) -> Self {
        let responder = match responder {
            ResponderId::ByName(name) => write::explicit(1, name.raw()),
            ResponderId::ByKey(hash) => write::explicit(2, &write::octet_string(hash)),
        };
        let singles: Vec<Vec<u8>> = answers.iter().map(single).collect();
        let mut fields = vec![
            responder,
            time::encode_generalized(produced_at),
            write::sequence(&singles),
        ];
        if let Some(nonce) = nonce {
            fields.push(write::explicit(
                1,
                &write::sequence(&[nonce_extension(nonce)]),
            ));
        }
        Self {
            tbs: write::sequence(&fields),
            algorithm,
        }
    }

    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The OCSPResponse; `certificates` lead from the responder to the CA, which itself is not needed.
    pub fn finish(&self, signature: &[u8], certificates: &[Certificate]) -> Vec<u8> {
        let certificates: Vec<&[u8]> = certificates.iter().map(Certificate::der).collect();
        let following = if certificates.is_empty() {
            Vec::new()
        } else {
            write::explicit(0, &write::sequence(&certificates))
        };
        wrap(&write::signed(
            &self.tbs,
            &self.algorithm.to_der(),
            signature,
            &following,
        ))
    }
}

fn single(answer: &Answer) -> Vec<u8> {
    let status = match answer.status {
        CertStatus::Good => write::element(tag::context_primitive(0), &[]),
        CertStatus::Unknown => write::element(tag::context_primitive(2), &[]),
        CertStatus::Revoked { at, reason } => {
            let mut fields = vec![time::encode_generalized(at)];
            if let Some(reason) = reason {
                fields.push(write::explicit(0, &write::enumerated(reason)));
            }
            write::constructed(tag::context_constructed(1), &fields)
        }
    };
    let mut fields = vec![
        answer.id.der.clone(),
        status,
        time::encode_generalized(answer.this_update),
    ];
    if let Some(next_update) = answer.next_update {
        fields.push(write::explicit(0, &time::encode_generalized(next_update)));
    }
    write::sequence(&fields)
}

/// The unsigned response that refuses. A successful one is not made this way: it would say nothing, and "internal error" stands in for it.
pub fn failure(status: ResponseStatus) -> Vec<u8> {
    let number = match status {
        ResponseStatus::Successful => ResponseStatus::InternalError.number(),
        other => other.number(),
    };
    write::sequence(&[write::enumerated(number)])
}
