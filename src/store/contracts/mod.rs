//! What an archive may expect of its storage, whatever the engine.
//!
//! All calls block; all stores are shared between threads. "Durable" means: survives the loss of power
//! after the call returned. "Visible" means: found by every later call in this process.
//!
//! * `blobs`: bytes that never change, found by their SHA-256
//! * `public_tree`: the files of the public log
//! * `ledger`: order, identity and the head of the tree
//! * `desk`: work in hand, which is no result yet

mod blobs;
mod desk;
mod ledger;
mod public_tree;

pub use blobs::{Blobs, Cursor, Put, StoredBlob};
pub(in crate::store) use desk::check_name;
pub use desk::{Desk, DeskFile, DeskRow, Drawer};
pub use ledger::{
    Admission, Admitted, KeptReceipt, Lease, Ledger, Row, Sequenced, TreeState, look_up_by_blob,
};
pub use public_tree::PublicTree;
