//! Sessions with the key found in them: one for each signature under way, kept open between signatures, never more than `sessions`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::Attempt;
use super::objects::{self, KeyName};
use super::settings::Pkcs11Settings;
use super::token::Token;
use crate::keys::failure::KeyFailure;

/// A clerk's request waits this long at most; an RSA-4096 signature takes a slow token 2 s, so this is a queue of 15.
const WAIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Pool {
    token: Arc<Token>,
    key: KeyName,
    max: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Open>,
    /// Idle ones and those in use.
    open: usize,
    /// Sessions of an older generation belong to a token that has gone.
    generation: u64,
}

#[derive(Debug)]
struct Open {
    session: Session,
    key: ObjectHandle,
    generation: u64,
}

impl Pool {
    pub fn new(token: Arc<Token>, settings: &Pkcs11Settings) -> Self {
        Self {
            token,
            key: KeyName {
                label: settings.key_label.clone(),
                id: settings.key_id.clone(),
            },
            max: settings.sessions.max(1),
            state: Mutex::new(State::default()),
            freed: Condvar::new(),
        }
    }

    pub fn token(&self) -> &Token {
        &self.token
    }

    /// No session of now is used again.
    pub fn forget(&self) {
        let dropped = {
            let mut state = self.state();
            state.generation += 1;
            let dropped = std::mem::take(&mut state.idle);
            state.open -= dropped.len().min(state.open);
            dropped
        };
        self.freed.notify_all();
        // Closing asks the module, which may take its time: outside the lock.
        drop(dropped);
    }

    /// Uses a session and the key in it. Where `work` fails, nobody gets the session again: an operation may be left half done in it.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&Session, ObjectHandle) -> Result<T, Attempt>,
    ) -> Result<T, Attempt> {
        let open = self.take()?;
        let outcome = work(&open.session, open.key);
        match outcome {
            Ok(_) => self.put_back(open),
            Err(_) => self.give_up(Some(open)),
        }
        outcome
    }

    fn take(&self) -> Result<Open, Attempt> {
        let until = Instant::now() + WAIT;
        let mut state = self.state();
        loop {
            if let Some(open) = state.idle.pop() {
                return Ok(open);
            }
            if state.open < self.max {
                state.open += 1;
                let generation = state.generation;
                drop(state);
                let opened = self.open(generation);
                if opened.is_err() {
                    self.give_up(None);
                }
                return opened;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(KeyFailure::Busy.into());
            }
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn open(&self, generation: u64) -> Result<Open, Attempt> {
        let session = self.token.session()?;
        let key = objects::find(&session, &self.key)?;
        Ok(Open {
            session,
            key,
            generation,
        })
    }

    fn put_back(&self, open: Open) {
        let mut state = self.state();
        if open.generation == state.generation {
            state.idle.push(open);
            drop(state);
            self.freed.notify_one();
        } else {
            drop(state);
            self.give_up(Some(open));
        }
    }

    fn give_up(&self, open: Option<Open>) {
        drop(open);
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        drop(state);
        self.freed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
