//! PAdES B-B in process, beside the raw signature and the hash of the same file, in turns.
//!
//! The way measured is the archive's own: `Upload` (hashed) -> `prepare` -> key -> `complete`. No time-stamp, no disk.

use antin::keys::{FileKey, SigningKey as _};
use antin::pdf::{self, Limits};
use antin::pki::crypto::KeyKind;
use antin::province::{Entity, Province};
use antin::record::UtcTime;
use antin::sign::{Signature, Signer, Upload, prepare};

use super::rate::{Best, cores, slice, slice_all};
use super::server::words;
use super::table::{Table, Target};
use super::{Outcome, Plan, machine, raw};

/// What later stages compare with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InProcess {
    pub rsa: Rates,
    pub p256: Rates,
    /// MB/s.
    pub sha256_core: f64,
    pub sha256_all: f64,
}

/// Times a second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    pub raw_core: f64,
    pub raw_all: f64,
    pub pades_core: f64,
    pub pades_all: f64,
}

struct Office<'a> {
    entity: &'a Entity,
    key: FileKey,
    name: String,
}

impl<'a> Office<'a> {
    fn of(province: &'a Province, kind: KeyKind, bits: u32) -> Outcome<Self> {
        let seal = province
            .offices()
            .into_iter()
            .find(|o| {
                let facts = o.entity.certificate().key_facts();
                facts.kind == kind && facts.bits == bits
            })
            .ok_or("the province has no office with such a key")?;
        Ok(Self {
            entity: seal.entity,
            key: FileKey::new(seal.entity.key().clone()).map_err(words)?,
            name: seal.office.name.clone(),
        })
    }

    fn sign(&self, pdf: &[u8], at: UtcTime) -> Outcome<Vec<u8>> {
        let chain = self.entity.chain();
        let (certificate, above) = chain
            .split_first()
            .ok_or("an office without a certificate")?;
        let signer = Signer {
            certificate,
            chain: above,
            algorithm: self.key.algorithm(),
            name: &self.name,
            token_bytes_max: 0,
        };
        let upload = Upload::from(pdf.to_vec());
        let limits = Limits::default();
        let prepared = prepare(upload, |bytes| pdf::inspect(bytes, &limits), &signer, at)
            .map_err(|refusal| format!("the sample can't be signed: {refusal}"))?;
        let signature = self.key.sign(prepared.to_sign()).map_err(words)?;
        let sealed = prepared
            .signed(Signature(signature))
            .complete(None)
            .map_err(|_| "the signature did not fit into the room made for it")?;
        Ok(sealed.into_bytes())
    }
}

pub(crate) fn measure(
    province: &Province,
    pdf: &[u8],
    at: UtcTime,
    plan: Plan,
    table: &mut Table,
) -> Outcome<InProcess> {
    let others = machine::Others::watch(&[]);
    let megabytes = pdf.len() as f64 / 1e6;
    let mut figures = InProcess::default();
    let (mut sha_core, mut sha_all, mut openssl_core) = (Best(0.0), Best(0.0), Best(0.0));
    for (kind, bits, target) in [
        (KeyKind::Rsa, 3072, 0.85),
        (KeyKind::Ec(antin::pki::crypto::Curve::P256), 256, 0.55),
    ] {
        let office = Office::of(province, kind, bits)?;
        let key = office.entity.key();
        let [mut raw_core, mut raw_all, mut pades_core, mut pades_all] = [Best(0.0); 4];
        for _ in 0..plan.rounds {
            raw_core.take(slice(plan.slice_s, &mut || raw::sign(key))?);
            sha_core.take(slice(plan.slice_s, &mut || raw::sha256_sha2(pdf))?);
            pades_core.take(slice(plan.slice_s, &mut || office.sign(pdf, at).map(drop))?);
            openssl_core.take(slice(plan.slice_s / 3.0, &mut || raw::sha256_openssl(pdf))?);
            raw_all.take(slice_all(plan.slice_s, &|| raw::sign(key))?);
            sha_all.take(slice_all(plan.slice_s / 3.0, &|| raw::sha256_sha2(pdf))?);
            pades_all.take(slice_all(plan.slice_s, &|| office.sign(pdf, at).map(drop))?);
        }
        let rates = Rates {
            raw_core: raw_core.0,
            raw_all: raw_all.0,
            pades_core: pades_core.0,
            pades_all: pades_all.0,
        };
        let name = if kind == KeyKind::Rsa {
            "RSA-3072"
        } else {
            "P-256"
        };
        table.row(&format!("{name} raw, one core"), rates.raw_core, "signs/s");
        table.row(
            &format!("{name} raw, {} cores", cores()),
            rates.raw_all,
            "signs/s",
        );
        let ideal_core = 1.0 / (1.0 / rates.raw_core + 1.0 / sha_core.0);
        let ideal_all = 1.0 / (1.0 / rates.raw_all + 1.0 / sha_all.0);
        table.judged(
            &format!("{name} PAdES B-B in process, one core"),
            rates.pades_core,
            "files/s",
            Target::at_least(
                target * ideal_core,
                format!(
                    "{:.0} % of 1/(raw + SHA-256) = {ideal_core:.0}",
                    target * 100.0
                ),
            ),
        );
        table.judged(
            &format!("{name} PAdES B-B in process, {} cores", cores()),
            rates.pades_all,
            "files/s",
            Target::at_least(
                target * ideal_all,
                format!(
                    "{:.0} % of 1/(raw + SHA-256) = {ideal_all:.0}",
                    target * 100.0
                ),
            ),
        );
        match kind {
            KeyKind::Rsa => figures.rsa = rates,
            _ => figures.p256 = rates,
        }
    }
    figures.sha256_core = sha_core.0 * megabytes;
    figures.sha256_all = sha_all.0 * megabytes;
    table.row("SHA-256 raw (sha2), one core", figures.sha256_core, "MB/s");
    table.row(
        "SHA-256 raw (OpenSSL), one core",
        openssl_core.0 * megabytes,
        "MB/s",
    );
    table.row(
        &format!("SHA-256 raw (sha2), {} cores", cores()),
        figures.sha256_all,
        "MB/s",
    );
    table.others("raw parts and signing in process", others.share());
    Ok(figures)
}
