//! Speed of the whole way, with the speed of its raw parts beside it, in one run.
//!
//! `cargo bench --bench throughput [-- [--short] [--json FILE]]`
//!
//! A benchmark, not a test: a target that is missed is printed, and the exit code is 0. A stage that breaks ends it with 1.
//! With `ANTIN_TEST_PYTHON` set to a Python that has pyHanko, its figures stand beside ours.

#![allow(
    clippy::indexing_slicing,
    reason = "JSON values answer an unknown name with null, they do not panic"
)]

#[path = "throughput/mod.rs"]
mod throughput;

fn main() -> std::process::ExitCode {
    throughput::main()
}
