//! One token: found by label or serial, logged in to with its PIN.
//!
//! # Invariants
//! * A PIN that the token refused is not sent again; another PIN in the file is. A token that would lock at the next wrong PIN gets none.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::Attempt;
use super::module::Module;
use super::settings::{Pkcs11Settings, TokenName};
use crate::keys::failure::KeyFailure;
use crate::keys::secret::Secret;
use crate::record::{Digest, Fault, sha256};

/// What is known of a token's log-in, under the lock that makes log-ins one at a time.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// The PIN that was refused, hashed, and how.
    refused: Mutex<Option<(Digest, KeyFailure)>>,
}

#[derive(Debug)]
pub(super) struct Token {
    module: Arc<Module>,
    name: TokenName,
    pin: Secret,
    login: Arc<Login>,
}

impl Token {
    pub fn new(settings: &Pkcs11Settings) -> Result<Self, Fault> {
        let module = Module::load(&settings.module)?;
        Ok(Self {
            login: module.login(&settings.token),
            module,
            name: settings.token.clone(),
            pin: settings.pin.clone(),
        })
    }

    pub fn name(&self) -> &TokenName {
        &self.name
    }

    pub fn mechanisms(&self) -> Result<Vec<MechanismType>, Fault> {
        let doing = "asking the token what it can do";
        let slot = self.slot().map_err(Attempt::into_fault)?;
        self.module
            .context
            .get_mechanism_list(slot)
            .map_err(|e| Fault::new(doing, e))
    }

    /// A session that is logged in.
    pub fn session(&self) -> Result<Session, Attempt> {
        let slot = self.slot()?;
        let session = self.module.context.open_ro_session(slot)?;
        self.log_in(&session, slot)?;
        Ok(session)
    }

    /// CKA_ALWAYS_AUTHENTICATE: the PIN anew for this one signature (PKCS #11 v2.40 5.6, C_Login with CKU_CONTEXT_SPECIFIC).
    pub fn authenticate(&self, session: &Session) -> Result<(), Attempt> {
        self.send_pin(session, UserType::ContextSpecific)
    }

    /// After a failure: a library that another part of the process has shut down is started again.
    pub fn revive(&self, error: &Error) {
        if let Error::Pkcs11(RvError::CryptokiNotInitialized, _) = error
            && let Err(error) = self.module.initialize()
        {
            tracing::warn!(%error, "the PKCS#11 module can't be initialised again");
        }
    }

    fn slot(&self) -> Result<Slot, Attempt> {
        for slot in self.module.context.get_slots_with_token()? {
            // A token may be pulled out between the list and the look: then it is not this one.
            let Ok(info) = self.module.context.get_token_info(slot) else {
                continue;
            };
            let found = match &self.name {
                TokenName::Label(label) => info.label() == label,
                TokenName::Serial(serial) => info.serial_number() == serial,
            };
            if found {
                return Ok(slot);
            }
        }
        Err(KeyFailure::TokenAbsent.into())
    }

    fn log_in(&self, session: &Session, slot: Slot) -> Result<(), Attempt> {
        let info = self.module.context.get_token_info(slot)?;
        if info.user_pin_locked() {
            return Err(KeyFailure::PinLocked.into());
        }
        if info.user_pin_final_try() {
            return Err(KeyFailure::PinFinalTry.into());
        }
        self.send_pin(session, UserType::User)
    }

    fn send_pin(&self, session: &Session, user: UserType) -> Result<(), Attempt> {
        let pin = self.pin.read().map_err(Attempt::Final)?;
        let hash = sha256(pin.as_bytes());
        let mut refused = self
            .login
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((known, why)) = &*refused
            && *known == hash
        {
            return Err(why.clone().into());
        }
        let why = match session.login(user, Some(&AuthPin::from(pin))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                *refused = None;
                return Ok(());
            }
            Err(Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            )) => KeyFailure::PinWrong,
            Err(Error::Pkcs11(RvError::PinLocked, _)) => KeyFailure::PinLocked,
            Err(other) => return Err(other.into()),
        };
        *refused = Some((hash, why.clone()));
        Err(why.into())
    }
}
