//! The clerk, by API: filing a result, what is refused and in which words, and what the clerk can read back.

mod batches;
mod bridge;
mod filing;
mod reading;
mod refusals;
mod signatures;
mod stamping;

pub use refusals::problem;
