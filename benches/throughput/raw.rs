//! The raw parts: what OpenSSL, SHA-256 and the disk do alone.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use openssl::md::Md;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use sha2::Digest as _;

use super::Outcome;
use super::machine::drop_caches;

/// Signs a digest with a context that is made anew each time, as programs with many threads have to.
pub(crate) fn sign(key: &PKey<Private>) -> Outcome<()> {
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    context.set_signature_md(Md::sha256())?;
    let mut signature = [0; 512];
    context.sign(&[7; 32], Some(&mut signature))?;
    Ok(())
}

pub(crate) fn sha256_sha2(bytes: &[u8]) -> Outcome<()> {
    std::hint::black_box(sha2::Sha256::digest(bytes));
    Ok(())
}

pub(crate) fn sha256_openssl(bytes: &[u8]) -> Outcome<()> {
    std::hint::black_box(openssl::sha::sha256(bytes));
    Ok(())
}

/// MB/s of reading one file from front to back in pieces of 1 MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// `None`: the kernel's memory could not be emptied.
    pub cold: Option<f64>,
    pub warm: f64,
}

/// Writes a file of `bytes` beside the archive and reads it twice.
pub(crate) fn sequential_read(file: &Path, bytes: u64) -> Outcome<Reading> {
    let mut piece = vec![0; 1 << 20];
    // Random, so that no layer below can make it smaller.
    openssl::rand::rand_bytes(&mut piece)?;
    let mut out = File::create(file)?;
    let mut left = bytes;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        out.write_all(piece.get(..usize::try_from(now)?).unwrap_or_default())?;
        left -= now;
    }
    out.sync_all()?;
    drop(out);
    let cold = if drop_caches() {
        Some(read(file, &mut piece)?)
    } else {
        None
    };
    read(file, &mut piece)?;
    let warm = read(file, &mut piece)?;
    std::fs::remove_file(file)?;
    Ok(Reading { cold, warm })
}

fn read(file: &Path, piece: &mut [u8]) -> Outcome<f64> {
    let begin = Instant::now();
    let mut file = File::open(file)?;
    let mut bytes = 0.0;
    loop {
        let got = file.read(piece)?;
        if got == 0 {
            return Ok(bytes / 1e6 / begin.elapsed().as_secs_f64());
        }
        bytes += got as f64;
    }
}
