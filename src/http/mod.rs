//! The HTTP face: pages for citizens, API for clerks and auditors, the public log, and the operator's listener.
//!
//! # Contents
//! * `server`: listeners, workers, graceful stop. `routes`: every route on one screen.
//! * `clerk`, `citizen`, `auditor`, `operator`, `log`: handlers, each decode -> pass -> verb -> encode.
//! * `signatures`, `plugin`, `batches`, `batch_results`: work in hand. `problem`, `work_problem`, `told`: refusals in words. `multipart`, `download`: bodies in and out. `bridge`: the one way into the blocking core.
//! * `pages`: what the pages look like.
//!
//! # Invariants
//! * `async` lives here only.

mod auditor;
mod batch_results;
mod batches;
mod bridge;
mod citizen;
mod clerk;
mod context;
mod download;
mod log;
mod measure;
mod multipart;
mod operator;
pub mod pages;
mod plugin;
mod problem;
mod routes;
mod server;
mod signatures;
mod told;
mod trust_services;
mod views;
mod work_problem;

pub use routes::ROUTES;
pub use server::{App, Listeners, Running, serve};
