//! Finding the key's certificate and its issuers among those that a file, a token or a service gives.

use std::path::Path;

use super::failure::KeyFailure;
use crate::pki::cert::{self, Certificate};
use crate::record::Fault;

/// A chain has three or four; a bag with more is a trust store, and is not searched.
const MAX: usize = 64;

/// PEM: the key's certificate first, then its issuers.
pub(super) fn read(path: &Path) -> Result<Vec<Certificate>, Fault> {
    let doing = || format!("reading the certificate {}", path.display());
    let pem = std::fs::read(path).map_err(|e| Fault::new(doing(), e))?;
    let list = cert::list_from_pem(&pem).map_err(|e| Fault::new(doing(), e))?;
    if list.is_empty() {
        return Err(Fault::plain(format!(
            "{} holds no certificate",
            path.display()
        )));
    }
    Ok(list)
}

/// As [`read`], and the first must be this key's.
pub(super) fn read_for(spki: &[u8], path: &Path) -> Result<Vec<Certificate>, Fault> {
    let list = read(path)?;
    if list.first().is_some_and(|c| c.spki() == spki) {
        return Ok(list);
    }
    Err(Fault::new(
        format!(
            "comparing the key with the certificate in {}",
            path.display()
        ),
        KeyFailure::CertificateOfAnotherKey,
    ))
}

/// The certificate of the key, then its issuers upward, out of a bag in any order; without one for the key, nothing.
pub(super) fn chain(spki: &[u8], bag: Vec<Certificate>) -> Vec<Certificate> {
    let mut rest: Vec<Certificate> = bag.into_iter().take(MAX).collect();
    let Some(own) = rest.iter().position(|c| c.spki() == spki) else {
        return Vec::new();
    };
    let mut chain = vec![rest.swap_remove(own)];
    // Each round takes one away, so this ends even where authorities certify each other.
    while let Some(last) = chain.last() {
        let next = rest.iter().position(|c| {
            c.subject().matches(last.issuer()) && last.is_signed_by(c.public_key()).is_ok()
        });
        match next {
            Some(at) if !last.is_self_issued() => chain.push(rest.swap_remove(at)),
            _ => break,
        }
    }
    chain
}
