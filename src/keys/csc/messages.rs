//! The JSON of the interface (CSC API v2.0.0.2 clause 11): what is sent, and the parts of the answers that are read.
//!
//! # Invariants
//! * Unknown members are ignored, missing ones are empty; values are compared without case. Names are spelt as in the specification's tables,
//!   which mix conventions (`hashAlgorithmOID`, `credentialID`, `access_token`).

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
pub(super) struct Empty {}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub specs: String,
    #[serde(rename = "authType")]
    pub auth_type: Vec<String>,
    pub oauth2: Option<String>,
    #[serde(rename = "oauth2Issuer")]
    pub oauth2_issuer: Option<String>,
    pub methods: Vec<String>,
    /// Since 2.2; empty before.
    #[serde(rename = "supportedHashTypes")]
    pub supported_hash_types: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ListCredentials {
    #[serde(rename = "onlyValid")]
    pub only_valid: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CredentialList {
    #[serde(rename = "credentialIDs")]
    pub credential_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct AskCredential<'a> {
    #[serde(rename = "credentialID")]
    pub credential_id: &'a str,
    pub certificates: &'static str,
    #[serde(rename = "certInfo")]
    pub cert_info: bool,
    #[serde(rename = "authInfo")]
    pub auth_info: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CredentialInfo {
    pub key: Key,
    pub cert: Cert,
    pub auth: Auth,
    #[serde(rename = "SCAL")]
    pub scal: String,
    pub multisign: Option<u32>,
    /// Version 1 put the mode here.
    #[serde(rename = "authMode")]
    pub auth_mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Key {
    pub status: String,
    pub algo: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cert {
    pub status: String,
    pub certificates: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Auth {
    pub mode: String,
    pub objects: Vec<AuthObject>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthObject {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Authorize<'a> {
    #[serde(rename = "credentialID")]
    pub credential_id: &'a str,
    #[serde(rename = "numSignatures")]
    pub num_signatures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashes: Option<[&'a str; 1]>,
    #[serde(rename = "hashAlgorithmOID", skip_serializing_if = "Option::is_none")]
    pub hash_algorithm_oid: Option<&'a str>,
    #[serde(rename = "authData", skip_serializing_if = "Vec::is_empty")]
    pub auth_data: Vec<AuthData<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct AuthData<'a> {
    pub id: &'a str,
    pub value: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct AuthorizeCheck<'a> {
    pub handle: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Extend<'a> {
    #[serde(rename = "credentialID")]
    pub credential_id: &'a str,
    #[serde(rename = "SAD")]
    pub sad: &'a str,
    pub hashes: [&'a str; 1],
    #[serde(rename = "hashAlgorithmOID")]
    pub hash_algorithm_oid: &'a str,
}

/// Either the SAD, or a handle to ask again with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Authorized {
    #[serde(rename = "SAD")]
    pub sad: Option<String>,
    #[serde(rename = "expiresIn")]
    pub expires_in: Option<u64>,
    pub handle: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct SignHash<'a> {
    #[serde(rename = "credentialID")]
    pub credential_id: &'a str,
    #[serde(rename = "SAD", skip_serializing_if = "Option::is_none")]
    pub sad: Option<&'a str>,
    pub hashes: [&'a str; 1],
    #[serde(rename = "hashAlgorithmOID")]
    pub hash_algorithm_oid: &'a str,
    #[serde(rename = "signAlgo")]
    pub sign_algo: &'a str,
    #[serde(rename = "signAlgoParams", skip_serializing_if = "Option::is_none")]
    pub sign_algo_params: Option<&'a str>,
    #[serde(rename = "operationMode")]
    pub operation_mode: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Signatures {
    pub signatures: Vec<String>,
}

/// RFC 6749 5.1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AccessToken {
    pub access_token: String,
    pub token_type: String,
    pub expires_in: Option<u64>,
}

/// CSC API 10.1, RFC 6749 5.2.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorObject {
    #[serde(deserialize_with = "or_empty")]
    pub error: String,
    #[serde(deserialize_with = "or_empty")]
    pub error_description: String,
}

/// Some services write null where there is nothing to say.
fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}
