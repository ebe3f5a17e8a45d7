//! POST and JSON to the one service, bounded in time and size, over TLS that is checked.
//!
//! # Invariants
//! * No redirect is followed and no proxy used: the operator named the address.
//! * Without TLS only loopback and private addresses are asked, and only listed ones.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::Access;
use super::agent::agent;
use super::messages::{AccessToken, Empty, ErrorObject, Info};
use super::settings::CscSettings;
use super::unusable;
use crate::keys::failure::{KeyFailure, RemoteRefusal};
use crate::record::Fault;

/// `credentials/info` with a chain of four certificates takes 12 KB.
const ANSWER_MAX_BYTES: u64 = 256 * 1024;
/// A service that is busy says how long; more than this is not waited for while a clerk waits.
const PAUSE_MAX: Duration = Duration::from_secs(2);
const PAUSE_DEFAULT: Duration = Duration::from_millis(200);

pub(super) struct Service {
    agent: ureq::Agent,
    url: String,
    plain_http: Vec<String>,
    access: Option<Access>,
    info: Info,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("url", &self.url)
            .field("specs", &self.info.specs)
            .finish_non_exhaustive()
    }
}

/// An answer with a good status.
struct Answer {
    body: Vec<u8>,
}

enum Failure {
    Refused(RemoteRefusal, Duration),
    Fault(Fault),
}

impl Service {
    /// Asks `info`, which needs no authorization, and learns where tokens are had.
    pub fn connect(settings: &CscSettings) -> Result<Self, Fault> {
        let url = settings.url.trim_end_matches('/').to_owned();
        check_scheme(&url, &settings.plain_http)?;
        let mut service = Self {
            agent: agent(settings)?,
            url,
            plain_http: settings.plain_http.clone(),
            access: None,
            info: Info::default(),
        };
        service.info = service.post("info", &Empty {})?;
        if let Some(specs) = &settings.specs {
            service.info.specs.clone_from(specs);
        }
        let takes_hashes = |kind: &String| kind.eq_ignore_ascii_case("dtbsr");
        let types = &service.info.supported_hash_types;
        // 2.2 tells the hash of the signed attributes (dtbsr) from that of the document (sodr); ours is the former.
        if !types.is_empty() && !types.iter().any(takes_hashes) {
            return Err(unusable(
                "the service signs no hashes of signed attributes (dtbsr)",
            ));
        }
        if let Some(client) = &settings.access.oauth {
            let token_url = match &client.token_url {
                Some(url) => url.clone(),
                None => service.token_url()?,
            };
            check_scheme(&token_url, &settings.plain_http)?;
            service.access = Some(Access::new(client, token_url));
        }
        Ok(service)
    }

    /// CSC API 8.4.1: `oauth2/token` below the authorization server's base.
    fn token_url(&self) -> Result<String, Fault> {
        let base = self
            .info
            .oauth2
            .as_deref()
            .ok_or_else(|| unusable("it names no address for access tokens; give token_url"))?;
        Ok(format!("{}/oauth2/token", base.trim_end_matches('/')))
    }

    /// Whether the service says it has a method. One that lists none is asked.
    pub fn offers(&self, method: &str) -> bool {
        let methods = &self.info.methods;
        methods.is_empty() || methods.iter().any(|m| m.eq_ignore_ascii_case(method))
    }

    /// CSC API 1.x named some parameters otherwise.
    pub fn is_version_1(&self) -> bool {
        self.info.specs.starts_with("1.")
    }

    pub fn post<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: &impl Serialize,
    ) -> Result<T, Fault> {
        let mut body = serde_json::to_vec(request)
            .map_err(|e| Fault::new(format!("writing the request for {method}"), e))?;
        if self.is_version_1() {
            body = with_old_names(&body).unwrap_or(body);
        }
        let answer = self.ask(method, &body)?;
        serde_json::from_slice(&answer.body)
            .map_err(|e| Fault::new(format!("reading the answer to {method}"), e))
    }

    /// As `post`, for what must not reach the service twice: a PIN is counted there whatever the answer looks like. Only where the
    /// service says in so many words that our token has ended is the question put again.
    pub fn post_once<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: &impl Serialize,
    ) -> Result<T, Fault> {
        let mut body = serde_json::to_vec(request)
            .map_err(|e| Fault::new(format!("writing the request for {method}"), e))?;
        if self.is_version_1() {
            body = with_old_names(&body).unwrap_or(body);
        }
        let url = format!("{}/{method}", self.url);
        let token = self.token()?;
        let send = |token: Option<&str>| self.send(method, &url, "application/json", &body, token);
        let answer = match send(token.as_deref()) {
            Err(Failure::Refused(refusal, _)) if refusal.says_the_token_ended() => {
                if let (Some(access), Some(token)) = (&self.access, &token) {
                    access.forget(token);
                }
                send(self.token()?.as_deref())
            }
            other => other,
        };
        let answer = answer.map_err(Failure::into_fault)?;
        serde_json::from_slice(&answer.body)
            .map_err(|e| Fault::new(format!("reading the answer to {method}"), e))
    }

    /// A second try after a pause where the service was busy, or with a new token where it took the old one no more.
    fn ask(&self, method: &'static str, body: &[u8]) -> Result<Answer, Fault> {
        let url = format!("{}/{method}", self.url);
        let token = self.token()?;
        let refusal = match self.send(method, &url, "application/json", body, token.as_deref()) {
            Ok(answer) => return Ok(answer),
            Err(Failure::Fault(fault)) => return Err(fault),
            Err(Failure::Refused(refusal, pause)) if refusal.is_passing() => {
                std::thread::sleep(pause);
                refusal
            }
            Err(Failure::Refused(refusal, _)) if refusal.is_about_the_token() => {
                let (Some(access), Some(token)) = (&self.access, &token) else {
                    return Err(refused(refusal));
                };
                access.forget(token);
                refusal
            }
            Err(Failure::Refused(refusal, _)) => return Err(refused(refusal)),
        };
        tracing::debug!(%refusal, "asking the signing service once more");
        let token = self.token()?;
        self.send(method, &url, "application/json", body, token.as_deref())
            .map_err(Failure::into_fault)
    }

    fn token(&self) -> Result<Option<String>, Fault> {
        let Some(access) = &self.access else {
            return Ok(None);
        };
        let token = access.token(|url, form| {
            check_scheme(url, &self.plain_http)?;
            let answer = self
                .send(
                    "oauth2/token",
                    url,
                    "application/x-www-form-urlencoded",
                    form.as_bytes(),
                    None,
                )
                .map_err(Failure::into_fault)?;
            serde_json::from_slice::<AccessToken>(&answer.body)
                .map_err(|e| Fault::new("reading the access token", e))
        })?;
        Ok(Some(token))
    }

    fn send(
        &self,
        method: &'static str,
        url: &str,
        content_type: &str,
        body: &[u8],
        token: Option<&str>,
    ) -> Result<Answer, Failure> {
        let fault = |e: ureq::Error| Failure::Fault(Fault::new(format!("asking {url}"), e));
        let mut request = self
            .agent
            .post(url)
            .header("content-type", content_type)
            .header("accept", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body).map_err(fault)?;
        let status = response.status().as_u16();
        let pause = response
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.trim().parse().ok())
            .map_or(PAUSE_DEFAULT, Duration::from_secs)
            .min(PAUSE_MAX);
        let body = response
            .body_mut()
            .with_config()
            .limit(ANSWER_MAX_BYTES)
            .read_to_vec()
            .map_err(fault)?;
        // 202: come back later, with a handle; the caller reads it.
        if matches!(status, 200 | 202) {
            return Ok(Answer { body });
        }
        let said: ErrorObject = serde_json::from_slice(&body).unwrap_or_default();
        let refusal = RemoteRefusal {
            method,
            status,
            error: shortened(&said.error),
            description: shortened(&said.error_description),
        };
        Err(Failure::Refused(refusal, pause))
    }
}

impl Failure {
    fn into_fault(self) -> Fault {
        match self {
            Self::Refused(refusal, _) => refused(refusal),
            Self::Fault(fault) => fault,
        }
    }
}

fn refused(refusal: RemoteRefusal) -> Fault {
    Fault::new("asking the signing service", KeyFailure::Remote(refusal))
}

/// What a stranger wrote, for a log line: printable, and no longer than CSC API 10.1's own descriptions are.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// CSC API 1.0.4 11.6, 11.9: `hash` and `hashAlgo` where version 2 has `hashes` and `hashAlgorithmOID`. Both are sent.
fn with_old_names(body: &[u8]) -> Option<Vec<u8>> {
    let mut request: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).ok()?;
    for (new, old) in [("hashes", "hash"), ("hashAlgorithmOID", "hashAlgo")] {
        if let Some(value) = request.get(new).cloned() {
            request.insert(old.to_owned(), value);
        }
    }
    serde_json::to_vec(&request).ok()
}

/// Whether `url` is an http address at a loopback or private address (or `localhost`) that `listed` names as host:port.
#[must_use]
pub fn is_plain_http(url: &str, listed: &[String]) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((host, _)) = authority.rsplit_once(':') else {
        return false;
    };
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let is_inside = host == "localhost"
        || inner.parse::<IpAddr>().is_ok_and(|ip| match ip {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
        });
    is_inside && listed.iter().any(|entry| entry == authority)
}

fn check_scheme(url: &str, plain_http: &[String]) -> Result<(), Fault> {
    if url.starts_with("https://") || is_plain_http(url, plain_http) {
        return Ok(());
    }
    Err(Fault::new(format!("asking {url}"), KeyFailure::PlainHttp))
}
