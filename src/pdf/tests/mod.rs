//! Tests of the PDF layer: each file is one question.
//!
//! | file | asks |
//! |---|---|
//! | `reading` | what is taken, what is refused, with which reason |
//! | `signing` | whether an increment is right, on every sample |
//! | `fields` | whether a malformed signature is called malformed |
//! | `attacks` | whether a change of the document after signing is named and forbidden |
//! | `updates` | whether an update that is not what it seems is found out |
//! | `mangling` | whether damaged files cost a panic, a hang, or a false answer |
//! | `second_opinion` | whether another reader sees what we see |

mod attacks;
mod craft;
mod fields;
mod mangling;
mod reading;
mod ruling;
mod second_opinion;
mod signing;
mod updates;
