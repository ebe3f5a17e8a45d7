//! Tests of the PDF layer: each file is one question.
//!
//! | file | asks |
//! |---|---|
//! | `reading` | what is taken, what is refused, with which reason |
//! | `signing` | whether an increment is right, on every sample |
//! | `places` `filling` | whether a signature stands where it was asked to, or the refusal says why not |
//! | `evidence` | whether the security store grows, and only grows |
//! | `pages` | whether a mark leaves the page as it was |
//! | `fields` | whether a malformed signature is called malformed |
//! | `attacks` | whether a change of the document after signing is named and forbidden |
//! | `updates` | whether an update that is not what it seems is found out |
//! | `mangling` | whether damaged files cost a panic, a hang, or a false answer |
//! | `second_opinion` | whether another reader sees what we see |

mod attacks;
mod craft;
mod evidence;
mod fields;
mod filling;
mod mangling;
mod pages;
mod places;
mod reading;
mod ruling;
mod second_opinion;
mod signing;
mod updates;
