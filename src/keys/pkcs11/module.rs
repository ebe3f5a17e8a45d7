//! Makers' libraries, each loaded and initialised once for the life of the program (PKCS #11 v2.40 5.4: C_Initialize once for a process).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::settings::TokenName;
use super::token::Login;
use crate::record::Fault;

/// A loaded library, with what is known of each token's log-in.
#[derive(Debug)]
pub(super) struct Module {
    pub context: Pkcs11,
    logins: Mutex<HashMap<TokenName, Arc<Login>>>,
}

impl Module {
    pub fn load(path: &Path) -> Result<Arc<Self>, Fault> {
        static LOADED: Mutex<Option<HashMap<PathBuf, Arc<Module>>>> = Mutex::new(None);
        let doing = || format!("loading the PKCS#11 module {}", path.display());
        // By its real path: two names of one library are one library.
        let path = std::fs::canonicalize(path).map_err(|e| Fault::new(doing(), e))?;
        let mut guard = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = guard.get_or_insert_with(HashMap::new);
        if let Some(module) = loaded.get(&path) {
            return Ok(Arc::clone(module));
        }
        let context = Pkcs11::new(&path).map_err(|e| Fault::new(doing(), e))?;
        let module = Arc::new(Self {
            context,
            logins: Mutex::new(HashMap::new()),
        });
        module.initialize().map_err(|e| Fault::new(doing(), e))?;
        loaded.insert(path, Arc::clone(&module));
        Ok(module)
    }

    pub fn initialize(&self) -> Result<(), Error> {
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match self.context.initialize(arguments) {
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            other => other,
        }
    }

    /// Keys on one token share its log-in.
    pub fn login(&self, token: &TokenName) -> Arc<Login> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logins.entry(token.clone()).or_default())
    }
}
