//! What the operator says about a key on a token.

use std::fmt;
use std::path::PathBuf;

use crate::keys::secret::Secret;

#[derive(Debug, Clone)]
pub struct Pkcs11Settings {
    /// The maker's library, such as /usr/lib/softhsm/libsofthsm2.so.
    pub module: PathBuf,
    pub token: TokenName,
    /// CKA_LABEL of the private key.
    pub key_label: Option<String>,
    /// CKA_ID of the private key.
    pub key_id: Option<Vec<u8>>,
    pub pin: Secret,
    /// PEM, the key's certificate first; without it the certificates are read from the token.
    pub certificate_file: Option<PathBuf>,
    /// How many signatures may be under way at once.
    pub sessions: usize,
}

/// How a token is told from others in the same machine. Slot numbers change from start to start and name nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TokenName {
    Label(String),
    Serial(String),
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "token {label:?}"),
            Self::Serial(serial) => write!(f, "token with serial {serial}"),
        }
    }
}

impl Pkcs11Settings {
    /// A network module makes about as many signatures at once as it has cores; each session costs it memory.
    pub const SESSIONS: usize = 8;

    pub(super) fn name(&self) -> String {
        let key = match (&self.key_label, &self.key_id) {
            (Some(label), _) => format!("{label:?}"),
            (None, Some(id)) => id.iter().map(|b| format!("{b:02x}")).collect(),
            (None, None) => "(its only one)".to_owned(),
        };
        format!("{key} on the {}", self.token)
    }
}
