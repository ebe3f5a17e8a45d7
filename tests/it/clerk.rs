//! The clerk, by API: filing a result, what is refused and in which words, and what the clerk can read back.

mod filing;
mod reading;
mod refusals;

pub use refusals::problem;
