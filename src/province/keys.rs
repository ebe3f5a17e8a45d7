//! Making the keys: all of them at once, on as many threads as there are cores.
//!
//! # Invariants
//! The keys come back in the order in which they were asked for, or none of them does.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::declaration::KeyChoice;
use crate::record::Fault;

/// Makes one key for each choice.
pub(super) fn make_all(choices: &[KeyChoice]) -> Result<Vec<PKey<Private>>, Fault> {
    // Dear keys first: the search for primes of an RSA-4096 key takes a second, a point on a curve 20 microseconds.
    let mut order: Vec<(usize, KeyChoice)> = choices.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, choice)| std::cmp::Reverse(cost(*choice)));
    let workers = thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(order.len())
        .max(1);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();

    let mut made: Vec<Option<PKey<Private>>> = choices.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, order) = (sender.clone(), &next, &order);
            scope.spawn(move || {
                while let Some((index, choice)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send((*index, make(*choice))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, key) in receiver {
            let key = key.map_err(|e| Fault::new("making a throw-away key", e))?;
            if let Some(place) = made.get_mut(index) {
                *place = Some(key);
            }
        }
        Ok(())
    })?;
    made.into_iter()
        .map(|key| {
            key.ok_or_else(|| {
                Fault::plain("making the throw-away keys: one of the threads ended early")
            })
        })
        .collect()
}

fn make(choice: KeyChoice) -> Result<PKey<Private>, ErrorStack> {
    match choice {
        KeyChoice::P256 => on_curve(Nid::X9_62_PRIME256V1),
        KeyChoice::P384 => on_curve(Nid::SECP384R1),
        KeyChoice::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?),
        KeyChoice::Rsa3072 => PKey::from_rsa(Rsa::generate(3072)?),
        KeyChoice::Rsa4096 => PKey::from_rsa(Rsa::generate(4096)?),
        KeyChoice::Ed25519 => PKey::generate_ed25519(),
    }
}

fn on_curve(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn cost(choice: KeyChoice) -> u8 {
    match choice {
        KeyChoice::Rsa4096 => 4,
        KeyChoice::Rsa3072 => 3,
        KeyChoice::Rsa2048 => 2,
        KeyChoice::P384 => 1,
        KeyChoice::P256 | KeyChoice::Ed25519 => 0,
    }
}
