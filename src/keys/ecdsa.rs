//! ECDSA signatures from r and s side by side (PKCS#11, some remote services) to DER (RFC 3279 2.2.3, RFC 5753 7.2).

use crate::pki::der::{only, tag, write};

/// The DER of a raw signature whose halves are `field_bytes` long each; none where the length is another.
pub(super) fn der_of_raw(raw: &[u8], field_bytes: usize) -> Option<Vec<u8>> {
    if raw.len() != field_bytes.checked_mul(2)? {
        return None;
    }
    let (r, s) = raw.split_at_checked(field_bytes)?;
    Some(write::sequence(&[
        write::unsigned_integer(r),
        write::unsigned_integer(s),
    ]))
}

/// Whether this is a DER SEQUENCE of two INTEGERs and nothing else.
pub(super) fn is_der(signature: &[u8]) -> bool {
    const WHAT: &str = "ECDSA-Sig-Value";
    let read = || {
        let mut fields = only(signature, tag::SEQUENCE, WHAT)?.reader();
        fields.integer(WHAT)?;
        fields.integer(WHAT)?;
        fields.finish(WHAT)
    };
    read().is_ok()
}
