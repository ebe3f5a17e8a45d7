//! Something that is used by many threads until one closes it.

use std::sync::{PoisonError, RwLock};

use crate::record::Fault;
use crate::store::cause::Cause;

pub(super) struct Shut<T> {
    open: RwLock<Option<T>>,
}

impl<T> Shut<T> {
    pub fn new(value: T) -> Self {
        Shut {
            open: RwLock::new(Some(value)),
        }
    }

    /// `Err` (cause `Closed`) after `take`.
    pub fn with<R>(&self, run: impl FnOnce(&T) -> Result<R, Fault>) -> Result<R, Fault> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(value) => run(value),
            None => Err(Cause::Closed.fault("using the archive")),
        }
    }

    /// Like `with`, while nobody else uses it.
    pub fn alone<R>(&self, run: impl FnOnce(&T) -> Result<R, Fault>) -> Result<R, Fault> {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(value) => run(value),
            None => Err(Cause::Closed.fault("using the archive")),
        }
    }

    /// Waits for every `with` that runs and closes.
    pub fn take(&self) -> Option<T> {
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
