//! May this key sign this hash: signature activation data (CSC API 11.6 to 11.8), asked for, waited for, and reused as far as it goes.
//!
//! # Invariants
//! * A SAD for one signature is used once. One for several is used by one signature at a time, counted down before it is sent.
//! * With SCAL 2 every hash is authorized by name: at first, and by `extendTransaction` for each that follows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::access::usable_s;
use super::credential::{Control, Credential, SignAlgorithm};
use super::http::Service;
use super::messages::{AuthData, Authorize, AuthorizeCheck, Authorized, Extend};
use super::settings::{CscAuthorization, CscSettings};
use super::unusable;
use crate::keys::failure::{KeyFailure, RemoteRefusal};
use crate::keys::secret::Secret;
use crate::record::{Digest, Fault, sha256};

/// CSC API 11.6: a SAD without a time holds an hour.
const DEFAULT_S: u64 = 3_600;

#[derive(Debug)]
pub(super) struct Authorizer {
    credential_id: String,
    /// None: the access token says it all.
    sad: Option<SadSource>,
}

#[derive(Debug)]
struct SadSource {
    pin: Option<(String, Secret)>,
    control: Control,
    /// Signatures for one authorization.
    signatures: u32,
    approval: Duration,
    poll: Duration,
    kept: Mutex<Option<Sad>>,
    pin_history: Mutex<PinHistory>,
}

/// What became of PINs, by their hashes: one that was refused, sent again and again, would lock the credential.
#[derive(Debug, Default)]
struct PinHistory {
    accepted: Option<Digest>,
    refused: Option<(Digest, RemoteRefusal)>,
}

struct Sad {
    text: String,
    left: u32,
    until: Instant,
}

/// Its text is a secret for as long as it holds.
impl std::fmt::Debug for Sad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sad")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Authorizer {
    pub fn new(
        settings: &CscSettings,
        service: &Service,
        credential_id: &str,
        credential: &Credential,
    ) -> Result<Self, Fault> {
        let CscAuthorization::Sad { pin, signatures } = &settings.authorization else {
            return Ok(Self {
                credential_id: credential_id.to_owned(),
                sad: None,
            });
        };
        let needs = |what| {
            Err(Fault::new(
                "reading how signatures are authorized",
                KeyFailure::RemoteNeeds(what),
            ))
        };
        if credential.mode.eq_ignore_ascii_case("oauth2code") {
            return needs(
                "a person's consent in a browser (oauth2code); use a credential with explicit authorization, or `authorization = \"bearer\"`",
            );
        }
        let mut pin_object = None;
        for (kind, id) in &credential.objects {
            let is =
                |wanted: &str| kind.eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted);
            if is("pin") || is("password") {
                pin_object = Some(id.clone());
            } else if is("otp") {
                return needs("a one-time password for each authorization");
            }
        }
        let pin = match (pin_object, pin) {
            (Some(id), Some(secret)) => Some((id, secret.clone())),
            (Some(_), None) => return needs("a PIN; give pin_file"),
            (None, _) => None,
        };
        let mut signatures = (*signatures).clamp(1, credential.multisign);
        let can_extend = service.offers("credentials/extendTransaction");
        if credential.control == Control::Scal2 && !can_extend {
            signatures = 1;
        }
        Ok(Self {
            credential_id: credential_id.to_owned(),
            sad: Some(SadSource {
                pin,
                control: credential.control,
                signatures,
                approval: Duration::from_secs(settings.approval_s),
                poll: Duration::from_millis(settings.poll_ms),
                kept: Mutex::new(None),
                pin_history: Mutex::default(),
            }),
        })
    }

    /// Runs `sign` with a SAD that covers `hash`. Where the service says that the SAD does not hold (any more), once again with a new one.
    pub fn with_sad(
        &self,
        service: &Service,
        algorithm: &SignAlgorithm,
        hash: &str,
        sign: impl Fn(Option<&str>) -> Result<Vec<u8>, Fault>,
    ) -> Result<Vec<u8>, Fault> {
        let Some(source) = &self.sad else {
            return sign(None);
        };
        let ask = || self.authorize(source, service, algorithm, hash);
        if source.signatures == 1 {
            return match sign(Some(&ask()?.text)) {
                Err(fault) if is_about_the_sad(&fault) => sign(Some(&ask()?.text)),
                outcome => outcome,
            };
        }
        // One signature at a time: the service counts, and each SAD of SCAL 2 follows from the one before.
        let mut kept = source.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = kept
            .take()
            .filter(|sad| sad.left > 0 && Instant::now() < sad.until);
        let mut sad = match usable {
            None => ask()?,
            Some(sad) if source.control == Control::Scal1 => sad,
            Some(sad) => match self.extend(&sad, service, algorithm, hash) {
                Ok(sad) => sad,
                Err(fault) if is_about_the_sad(&fault) => ask()?,
                Err(fault) => return Err(fault),
            },
        };
        sad.left -= 1;
        let mut outcome = sign(Some(&sad.text));
        if outcome.as_ref().is_err_and(is_about_the_sad) {
            sad = ask()?;
            sad.left -= 1;
            outcome = sign(Some(&sad.text));
        }
        if outcome.is_ok() {
            *kept = Some(sad);
        }
        outcome
    }

    fn authorize(
        &self,
        source: &SadSource,
        service: &Service,
        algorithm: &SignAlgorithm,
        hash: &str,
    ) -> Result<Sad, Fault> {
        let pin = match &source.pin {
            Some((id, secret)) => Some((id, secret.read()?)),
            None => None,
        };
        let pin_hash = pin.as_ref().map(|(_, value)| sha256(value.as_bytes()));
        let history = || {
            source
                .pin_history
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let first = history();
        if let Some((hash, refusal)) = &first.refused
            && pin_hash == Some(*hash)
        {
            let failure = KeyFailure::Remote(refusal.clone());
            return Err(Fault::new("asking the signing service", failure));
        }
        // Until a PIN is known to be right, it is tried by one request at a time.
        let first = (pin_hash != first.accepted).then_some(first);
        // A SAD that is to sign what is not known yet can't name it; SCAL 2 names the first and extends.
        let names_hash = source.control == Control::Scal2 || source.signatures == 1;
        let request = Authorize {
            credential_id: &self.credential_id,
            num_signatures: source.signatures,
            hashes: names_hash.then_some([hash]),
            hash_algorithm_oid: names_hash.then_some(algorithm.hash_oid.as_str()),
            auth_data: pin
                .iter()
                .map(|(id, value)| AuthData {
                    id: id.as_str(),
                    value,
                })
                .collect(),
        };
        let asked = Instant::now();
        let answer: Result<Authorized, Fault> = match pin_hash {
            Some(_) => service.post_once("credentials/authorize", &request),
            None => service.post("credentials/authorize", &request),
        };
        if let (Some(mut history), Some(hash)) = (first, pin_hash) {
            match answer.as_ref().err().map(refusal) {
                None => history.accepted = Some(hash),
                Some(Some(refusal)) if refusal.may_be_about_the_pin() => {
                    history.refused = Some((hash, refusal.clone()));
                }
                Some(_) => {}
            }
        }
        let mut answer: Authorized = answer?;
        loop {
            if let Some(text) = answer.sad.filter(|sad| !sad.is_empty()) {
                let life_s = usable_s(answer.expires_in.unwrap_or(DEFAULT_S));
                return Ok(Sad {
                    text,
                    left: source.signatures,
                    until: Instant::now() + Duration::from_secs(life_s),
                });
            }
            let handle = answer
                .handle
                .filter(|handle| !handle.is_empty())
                .ok_or_else(|| unusable("neither SAD nor handle"))?;
            if asked.elapsed() + source.poll > source.approval {
                return Err(Fault::new(
                    "waiting for the signature to be approved",
                    KeyFailure::NotApproved {
                        waited_s: source.approval.as_secs(),
                    },
                ));
            }
            std::thread::sleep(source.poll);
            answer = service.post(
                "credentials/authorizeCheck",
                &AuthorizeCheck { handle: &handle },
            )?;
            // The handle stays good where the service does not repeat it.
            if answer.sad.is_none() && answer.handle.is_none() {
                answer.handle = Some(handle);
            }
        }
    }

    /// CSC API 11.8: the next hash under the same authorization.
    fn extend(
        &self,
        sad: &Sad,
        service: &Service,
        algorithm: &SignAlgorithm,
        hash: &str,
    ) -> Result<Sad, Fault> {
        let request = Extend {
            credential_id: &self.credential_id,
            sad: &sad.text,
            hashes: [hash],
            hash_algorithm_oid: &algorithm.hash_oid,
        };
        let answer: Authorized = service.post("credentials/extendTransaction", &request)?;
        let text = answer
            .sad
            .ok_or_else(|| unusable("no SAD after extending"))?;
        let until = match answer.expires_in {
            Some(life_s) => Instant::now() + Duration::from_secs(usable_s(life_s)),
            None => sad.until,
        };
        Ok(Sad {
            text,
            left: sad.left,
            until,
        })
    }
}

fn is_about_the_sad(fault: &Fault) -> bool {
    refusal(fault).is_some_and(RemoteRefusal::is_about_the_sad)
}

fn refusal(fault: &Fault) -> Option<&RemoteRefusal> {
    use std::error::Error as _;
    match fault.source()?.downcast_ref::<KeyFailure>()? {
        KeyFailure::Remote(refusal) => Some(refusal),
        _ => None,
    }
}
