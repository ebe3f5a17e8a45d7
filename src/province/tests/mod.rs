//! The throw-away trust services under the eyes of OpenSSL: its library here, its command line in `cli.rs`.

mod cli;
mod declaration;
mod desk;
mod files;
mod issued;
mod lists;
mod status;
mod timestamp;

use std::sync::OnceLock;

use super::{Cast, Declaration, Now, Province};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::{CertId, Request, Response};
use crate::record::UtcTime;

const BASE_URL: &str = "http://127.0.0.1:8080";

fn clock() -> UtcTime {
    UtcTime::parse_rfc3339("2026-11-24T02:00:00Z").unwrap()
}

fn now() -> Now {
    Now {
        at: clock(),
        nanos: 123_456_789,
    }
}

fn make(cast: Cast<'_>) -> Province {
    Province::make(&Declaration::embedded().unwrap(), BASE_URL, clock(), cast).unwrap()
}

/// One province for all tests that revoke nothing: every kind of entity but those with RSA keys.
fn province() -> &'static Province {
    static PROVINCE: OnceLock<Province> = OnceLock::new();
    PROVINCE.get_or_init(|| {
        make(Cast::Only(&[
            "seal-district",
            "seal-commune",
            "seal-expired",
            "seal-not-yet",
            "seal-revoked",
            "seal-wrong-usage",
            "seal-wrong-purpose",
            "seal-stranger",
        ]))
    })
}

fn after(seconds: i64) -> UtcTime {
    clock().checked_add_s(seconds).unwrap()
}

fn id_of(province: &Province, digest: DigestAlgorithm, name: &str) -> CertId {
    let entity = province.entity(name).unwrap();
    let issuer = province.entity(entity.issuer()).unwrap();
    CertId::new(digest, issuer.certificate(), entity.certificate().serial())
}

fn ask(province: &Province, ids: Vec<CertId>, at: UtcTime) -> Response {
    let request = Request::new(ids, None);
    Response::parse(&province.ocsp_responder().answer(&request.to_der(), at)).unwrap()
}

/// A small generator for mangling (xorshift64): tests must not depend on chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// `bytes` with one to four octets changed, cut off, or doubled.
fn mangled(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(out.len());
        match dice.below(8) {
            0 => out.truncate(at.max(1)),
            1 => out.insert(at, u8::try_from(dice.below(256)).unwrap()),
            _ => out[at] = u8::try_from(dice.below(256)).unwrap(),
        }
    }
    out
}
