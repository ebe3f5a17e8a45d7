//! One candidate chain, exactly as it is, judged by OpenSSL's `X509_verify_cert` (RFC 5280 6.1) without time and without revocation.
//!
//! # Invariants
//! * It is this chain that holds or not, not another one that OpenSSL could make of the same certificates.
//! * Policies are processed under the initial set "any", and a chain that demands an explicit policy does not hold: there is no
//!   set of acceptable policies that could be given through the library's safe interface.
//! * The answer depends on the certificates only, so it may be remembered. Validity periods are checked by `path`, with
//!   both bounds inclusive (RFC 5280 4.1.2.5), which OpenSSL does not do for the last second.

use openssl::stack::{Stack, StackRef};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509StoreContext};

use crate::pki::cert::Certificate;

/// `chain[0]` is the subject, the last one is the anchor.
pub(super) fn check(chain: &[Certificate]) -> Result<(), String> {
    let (Some(leaf), Some(anchor)) = (chain.first(), chain.last()) else {
        return Err("an empty chain".into());
    };
    let verify = || -> Result<Result<(), String>, openssl::error::ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        if let Ok(x509) = anchor.openssl() {
            store.add_cert(x509.clone())?;
        }
        let mut param = X509VerifyParam::new()?;
        // PARTIAL_CHAIN: an anchor need not be self-signed. Algorithms are judged by our own dated table, so level 0.
        // POLICY_CHECK: RFC 5280 6.1.3 (d) to (f); without it critical policy constraints would be taken and not obeyed.
        param.set_flags(
            X509VerifyFlags::PARTIAL_CHAIN
                | X509VerifyFlags::NO_CHECK_TIME
                | X509VerifyFlags::POLICY_CHECK,
        )?;
        param.set_auth_level(0);
        param.set_depth(i32::try_from(chain.len()).unwrap_or(i32::MAX));
        store.set_param(&param)?;
        let store = store.build();
        let mut between = Stack::new()?;
        for certificate in chain.iter().skip(1) {
            if let Ok(x509) = certificate.openssl() {
                between.push(x509.clone())?;
            }
        }
        let Ok(subject) = leaf.openssl() else {
            return Ok(Err("the certificate is not readable by OpenSSL".into()));
        };
        let mut context = X509StoreContext::new()?;
        context.init(&store, subject, &between, |c| {
            if c.verify_cert()? {
                if is_exactly(chain, c.chain()) {
                    Ok(Ok(()))
                } else {
                    Ok(Err("another chain of the same certificates holds".into()))
                }
            } else {
                Ok(Err(format!(
                    "{} (at depth {})",
                    c.error().error_string(),
                    c.error_depth()
                )))
            }
        })
    };
    match verify() {
        Ok(answer) => answer,
        Err(stack) => Err(format!("OpenSSL could not judge the chain: {stack}")),
    }
}

fn is_exactly(chain: &[Certificate], found: Option<&StackRef<X509>>) -> bool {
    found.is_some_and(|found| {
        found.len() == chain.len()
            && found
                .iter()
                .zip(chain)
                .all(|(theirs, ours)| theirs.to_der().is_ok_and(|der| der == ours.der()))
    })
}
