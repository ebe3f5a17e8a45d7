//! The throw-away time-stamping authority: RFC 3161 from request to response, with the updates of RFC 5816.
//!
//! # Invariants
//! * Every request is answered by a well-formed TimeStampResp: a token, or a rejection that says why.
//! * A token is made only inside the validity of the unit's own certificate, under one policy, over a digest of the SHA-2
//!   family, with a serial number that was never used before.
//! * Nothing is parsed anew for a request but the request: key, certificate and chain are ready.
//!
//! # What is not here
//! HTTP (`desk.rs`) and the clock: the time comes with each request.

use super::Now;
use super::entity::{Entity, SigningKey};
use super::mark::TSA_POLICY;
use crate::pki::Malformed;
use crate::pki::cert::Certificate;
use crate::pki::der::{self, Reader, tag};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::oid::ObjectId;
use crate::pki::tsp::{self, Accuracy, FailureInfo, Imprint, TokenDraft, TstInfo};
use crate::record::Fault;

/// A request holds a digest of at most 64 octets, two identifiers and a nonce; extensions are refused. 4 KiB is ample.
const REQUEST_MAX_BYTES: usize = 4_096;
/// Clients send 8 to 20 octets of nonce; it goes into the token, whose readers bound what they take.
const NONCE_MAX_BYTES: usize = 32;
/// The demo's clock is that of the machine; a second is what can be promised of one that is kept by NTP.
const ACCURACY_S: u32 = 1;
const NANOS_PER_MILLI: u32 = 1_000_000;

/// A time-stamping unit: one key, one certificate, one policy.
pub struct TimestampAuthority {
    key: SigningKey,
    certificate: Certificate,
    above: Vec<Certificate>,
    policy: ObjectId,
}

/// What a client asks for, as far as this authority goes along with it.
struct Wish {
    imprint: Imprint,
    nonce: Option<Vec<u8>>,
    cert_req: bool,
}

/// Why there is no token.
struct Refusal {
    failure: FailureInfo,
    text: &'static str,
}

const fn refuse(failure: FailureInfo, text: &'static str) -> Refusal {
    Refusal { failure, text }
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        refuse(
            FailureInfo::BadDataFormat,
            "the request is not a DER-encoded TimeStampReq",
        )
    }
}

impl TimestampAuthority {
    pub(super) fn new(entity: &Entity) -> Result<Self, Fault> {
        let above = entity.chain.get(1..).unwrap_or_default();
        Ok(Self {
            key: entity.key.clone(),
            certificate: entity.certificate.clone(),
            above: above.to_vec(),
            policy: ObjectId::from_body(TSA_POLICY)
                .map_err(|e| Fault::new("reading the policy of the authority", e))?,
        })
    }

    /// The certificate whose key signs the tokens.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The only policy under which tokens are made.
    pub fn policy(&self) -> &ObjectId {
        &self.policy
    }

    /// The DER of the TimeStampResp to the DER of a TimeStampReq.
    pub fn answer(&self, request_der: &[u8], now: Now) -> Vec<u8> {
        let granted = self
            .wish(request_der)
            .and_then(|wish| self.token(wish, now));
        match granted {
            Ok(token) => tsp::granted(&token),
            Err(refusal) => tsp::rejection(refusal.failure, refusal.text),
        }
    }

    /// RFC 3161 2.4.1: TimeStampReq.
    fn wish(&self, request_der: &[u8]) -> Result<Wish, Refusal> {
        if request_der.len() > REQUEST_MAX_BYTES {
            return Err(refuse(
                FailureInfo::BadDataFormat,
                "the request is too long",
            ));
        }
        let mut request = der::only(request_der, tag::SEQUENCE, "TimeStampReq")?.reader();
        if request.integer("TimeStampReq version")? != [1] {
            return Err(refuse(FailureInfo::BadRequest, "only version 1 is known"));
        }
        let imprint = imprint(request.sequence("MessageImprint")?)?;
        if request.peek_tag() == Some(tag::OID) && request.oid("reqPolicy")? != TSA_POLICY {
            return Err(refuse(
                FailureInfo::UnacceptedPolicy,
                "this authority does not stamp under that policy",
            ));
        }
        let nonce = match request.peek_tag() {
            Some(tag::INTEGER) => Some(request.integer("nonce")?.to_vec()),
            _ => None,
        };
        if nonce
            .as_ref()
            .is_some_and(|nonce| nonce.len() > NONCE_MAX_BYTES)
        {
            return Err(refuse(FailureInfo::BadRequest, "the nonce is too long"));
        }
        let cert_req = request.boolean_or_false("certReq")?;
        // RFC 3161 2.4.1: extensions that are not recognised lead to no token; none is recognised here.
        if request
            .optional(tag::context_constructed(0), "extensions")?
            .is_some()
        {
            return Err(refuse(
                FailureInfo::UnacceptedExtension,
                "no extension is supported",
            ));
        }
        request.finish("TimeStampReq")?;
        Ok(Wish {
            imprint,
            nonce,
            cert_req,
        })
    }

    /// RFC 3161 2.4.2: TSTInfo, signed.
    fn token(&self, wish: Wish, now: Now) -> Result<Vec<u8>, Refusal> {
        if !self.certificate.is_within_validity(now.at.unix_s()) {
            return Err(refuse(
                FailureInfo::TimeNotAvailable,
                "the certificate of this unit is not valid now",
            ));
        }
        let failed = refuse(FailureInfo::SystemFailure, "the token could not be made");
        let Ok(serial) = super::issue::random_serial() else {
            return Err(failed);
        };
        // RFC 3161 2.4.2: at most 160 bits; random ones are unique without a memory of the earlier ones.
        let info = TstInfo {
            policy: self.policy.clone(),
            imprint: wish.imprint,
            serial,
            gen_time_s: now.at.unix_s(),
            gen_time_nanos: now.nanos.min(999_999_999) / NANOS_PER_MILLI * NANOS_PER_MILLI,
            accuracy: Some(Accuracy {
                seconds: ACCURACY_S,
                millis: 0,
                micros: 0,
            }),
            ordering: false,
            nonce: wish.nonce,
            tsa: None,
            unknown_critical: Vec::new(),
        };
        let digest = self.key.algorithm().cms_digest();
        // RFC 5816 2.2: ESSCertIDv2 names the unit's certificate.
        let draft = TokenDraft::new(&info, digest, &self.certificate);
        let Ok(signature) = self.key.sign(draft.to_be_signed()) else {
            return Err(failed);
        };
        // RFC 3161 2.4.1: without certReq the certificates field must not be present.
        let certificates = wish.cert_req.then_some(self.above.as_slice());
        Ok(draft.finish(&signature, self.key.algorithm(), certificates))
    }
}

/// MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING }
fn imprint(mut imprint: Reader<'_>) -> Result<Imprint, Refusal> {
    let unknown = refuse(
        FailureInfo::BadAlg,
        "the digest must be SHA-256, SHA-384 or SHA-512",
    );
    let mut algorithm = imprint.sequence("hashAlgorithm")?;
    let digest = DigestAlgorithm::from_oid(algorithm.oid("hashAlgorithm")?);
    let parameters = match algorithm.is_empty() {
        true => None,
        false => Some(algorithm.any("hashAlgorithm parameters")?),
    };
    algorithm.finish("hashAlgorithm")?;
    let hash = imprint.octet_string("hashedMessage")?;
    imprint.finish("MessageImprint")?;

    let digest = match digest {
        Some(
            digest @ (DigestAlgorithm::Sha256 | DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512),
        ) => digest,
        _ => return Err(unknown),
    };
    // RFC 5754 2: parameters absent, or NULL.
    if parameters.is_some_and(|p| p.tag != tag::NULL || !p.content.is_empty()) {
        return Err(unknown);
    }
    // RFC 3161 2.4.1: the length must be that of the algorithm's output.
    if hash.len() != digest.output_bytes() {
        return Err(refuse(
            FailureInfo::BadDataFormat,
            "the digest does not have the length of its algorithm",
        ));
    }
    Ok(Imprint {
        digest,
        hash: hash.to_vec(),
    })
}
