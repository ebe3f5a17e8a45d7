//! Antin: digital signatures and an electronic archive for the results of administrative procedures.
//!
//! # Contents, by layer (a module names only lower ones; `docs/ARCHITECTURE.md`)
//! * 0 [`record`]: what is kept, as values
//! * 1 [`pki`], [`pdf`], [`tlog`], [`asic`]: four formats that do not know each other
//! * 2 [`trust`], [`stamp`]: anchors, paths, revocation, ages of algorithms; visible signatures
//! * 3 [`sign`], [`verify`]: making and judging signatures
//! * 4 [`store`], [`keys`], [`fetch`]: input and output
//! * 5 [`config`], [`i18n`], [`archive`], [`province`]: the verbs, and what they need
//! * 6 [`http`], [`cli`]: the two faces

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "a test says what it expects by failing"
    )
)]

pub mod archive;
pub mod asic;
pub mod cli;
pub mod config;
pub mod fetch;
pub mod http;
pub mod i18n;
pub mod keys;
pub mod pdf;
pub mod pki;
pub mod province;
pub mod record;
pub mod sign;
pub mod stamp;
pub mod store;
pub mod tlog;
pub mod trust;
pub mod verify;
