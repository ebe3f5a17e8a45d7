//! What the tests stand on: the program in a child process, a client, made documents, and checks that share no code with it.

pub mod authority;
pub mod demo;
pub mod filing;
pub mod hand;
pub mod http;
pub mod live;
pub mod merkle;
pub mod pdfs;
pub mod process;
pub mod temp;
pub mod tiles;
pub mod tools;
pub mod wait;

pub use demo::{Facts, World, shared};
pub use filing::{Filing, Receipt};
pub use hand::Person;
pub use http::{Answer, Call, Form};
