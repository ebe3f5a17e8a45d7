//! Fetching under the eyes of a real HTTP server on loopback: everything that can go wrong, and the exact outcome of each.

mod authorities;
mod drafts;
mod issuers;
mod lists;
mod server;
mod status;
mod times;
mod wire;
mod world;

pub use world::Folder;
