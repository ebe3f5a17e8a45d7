//! Validation of CAdES signatures and of containers with them (EN 319 102-1 5; EN 319 122-1; EN 319 162-1).
//!
//! One file per matter:
//! * `message` a SignedData with all its signers; `signer` one of them; `archive` its archive time-stamps; `level` the baseline level;
//! * `container` ASiC-S and ASiC-E; `assertion` their time-stamps; `manifests` what their manifests say against what is there;
//! * `ground` what a verdict rests on: evidence given and evidence inside, and the building blocks asked with it;
//! * `needs` which evidence to get; `lacks` what a signature lacks inside; `other` files of no supported format.
//!
//! # Invariants
//! * Every signer is judged, and every file of a container is covered or named.
//!
//! # What is not here
//! Counter-signatures are named, not judged; archive time-stamps of TS 101 733 (ATSv2 and older) prove nothing here.

mod archive;
mod assertion;
mod container;
mod ground;
mod lacks;
mod level;
mod manifests;
mod message;
mod needs;
mod other;
mod signer;

pub use container::judge_asic;
pub use lacks::{asic_lacks, cades_lacks};
pub use message::judge_cades;
pub use needs::{needs_asic, needs_cades};
pub use other::judge_unsupported;
