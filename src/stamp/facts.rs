//! What is true of the signature that the stamp shows; the caller knows it and nothing here asks a clock.

use crate::record::UtcTime;

#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The time that is shown: the claimed signing time, or the time-stamp's where it is known before.
    pub signed_at: UtcTime,
    pub agency: &'a str,
    pub signer: Option<&'a str>,
    pub email: Option<&'a str>,
    /// Number and symbol of the document, for an annex: `1234/QĐ-UBND`.
    pub symbol: Option<&'a str>,
    /// Where anybody can check the result; goes into the QR code.
    pub verify_url: Option<&'a str>,
    /// The look-up code as it is printed for people.
    pub code: Option<&'a str>,
}
