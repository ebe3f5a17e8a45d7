//! The mark that every throw-away certificate carries, so that `serve` can refuse a demo key that strays into it.
//!
//! # Invariants
//! * The mark is a certificate policy of its own, under the arc of UUIDs (ITU-T X.667: 2.25.UUID), which needs no
//!   registration and which nobody else uses.

use crate::pki::cert::Certificate;

/// 2.25.307549087156075826238675778345432472067, the UUID e75fccb4-b38f-4c4c-b1be-6a425c9f5a03, as content octets.
pub const DEMO_POLICY: &[u8] = &[
    0x69, 0x83, 0xce, 0xdf, 0xe6, 0xad, 0x96, 0xb8, 0xfa, 0xb1, 0x99, 0xb1, 0xdf, 0x9a, 0xc8, 0xa5,
    0xe4, 0xfd, 0xb4, 0x03,
];

/// The policy under which the throw-away authority stamps the time: 2.25.236783824266074918185484861463659424767, the
/// UUID b222e7df-3c54-4f37-b13a-1a9c8db62bff.
pub const TSA_POLICY: &[u8] = &[
    0x69, 0x82, 0xe4, 0xa2, 0xf3, 0xf7, 0xe7, 0xc5, 0xa2, 0xbc, 0xef, 0xb1, 0x9d, 0x86, 0xd3, 0xc8,
    0xed, 0xd8, 0xd7, 0x7f,
];

/// Whether the certificate is of a throw-away province: worthless before the law, to be refused outside the demo.
pub fn is_demo(certificate: &Certificate) -> bool {
    certificate
        .policies()
        .iter()
        .any(|policy| policy.body() == DEMO_POLICY)
}
