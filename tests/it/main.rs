//! Everything that is seen from outside, in one binary: the program is started as a child process and spoken to as its
//! users do, one module for each of them.
//!
//! # Invariants
//! * No fixed port, no order between tests, no network beyond loopback; waiting is polling with a deadline.
//! * Only processes started here are ended here.
//! * A tool that the machine lacks skips its test with a loud line; with `ANTIN_TEST_REQUIRE=1` it fails it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

mod auditor;
mod browser;
mod cades;
mod citizen;
mod clerk;
mod crash;
mod damage;
mod keys;
mod layers;
mod levels;
mod log;
mod operator;
mod sign_cli;
mod stamps;
mod verify_cli;
mod world;
