//! One request and its answer over HTTP, under a deadline and a bound on size.
//!
//! # Invariants
//! * The deadline covers all of it, from the name to the last octet: an answer that drips in is cut off.
//! * Every address passes the guard, that of each redirect too. A POST follows none; a GET at most [`REDIRECTS_MAX`], and never to an
//!   address that the guard lets through only because it is listed, unless it is the very host that was asked.
//! * At most the bound's octets are held.

use std::io::Read as _;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Response};

use super::{Fetcher, Trouble, host_and_port};

/// RFC 9110 15.4 leaves it open; status services move once, if at all.
const REDIRECTS_MAX: usize = 3;
const PIECE_BYTES: usize = 64 * 1024;

/// Time that several requests share.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    ends: Instant,
}

/// The time for one request.
struct Turn {
    time: Duration,
    /// What is to be said where it was not enough: the source's fault, or that of the shared time.
    if_not_enough: Trouble,
}

impl Budget {
    pub(super) fn of_ms(milliseconds: u64) -> Self {
        Self {
            ends: Instant::now() + Duration::from_millis(milliseconds),
        }
    }

    pub(super) fn left(self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Ends no later than this one.
    pub(super) fn within_ms(self, milliseconds: u64) -> Self {
        Self {
            ends: self.ends.min(Self::of_ms(milliseconds).ends),
        }
    }

    /// Its own time, as far as it is left.
    fn turn(self, own_ms: u64) -> Result<Turn, Trouble> {
        let (left, own) = (self.left(), Duration::from_millis(own_ms));
        if left.is_zero() {
            return Err(Trouble::BudgetSpent);
        }
        Ok(match left < own {
            true => Turn {
                time: left,
                if_not_enough: Trouble::BudgetSpent,
            },
            false => Turn {
                time: own,
                if_not_enough: Trouble::TimedOut,
            },
        })
    }
}

impl Turn {
    fn told(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::TimedOut => self.if_not_enough.clone(),
            other => other,
        }
    }
}

/// How much is waited and taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub budget: Budget,
    pub timeout_ms: u64,
    pub limit_bytes: u64,
}

/// RFC 9110 8.8: what a source gave along to ask later whether anything changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    pub(super) const fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    fn of(headers: &HeaderMap) -> Self {
        // Kept and sent back: none needs more than this.
        const MAX_BYTES: usize = 256;
        let text = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= MAX_BYTES).then(|| value.to_owned())
        };
        Self {
            etag: text("etag"),
            last_modified: text("last-modified"),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// The whole body went into the sink.
    Body(Validators),
    /// RFC 9110 15.4.5: what is held is still what there is.
    NotModified,
}

impl Fetcher {
    /// POSTs a DER request and returns the answer.
    pub(super) fn post(
        &self,
        agent: &ureq::Agent,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        bounds: Bounds,
    ) -> Result<Vec<u8>, Trouble> {
        let turn = bounds.budget.turn(bounds.timeout_ms)?;
        let mut request = agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = request
            .config()
            .timeout_global(Some(turn.time))
            .build()
            .send(body);
        let mut response = sent.map_err(|e| turn.told(trouble(e)))?;
        match response.status().as_u16() {
            200 => {}
            300..=399 => return Err(Trouble::Redirect(location(&response))),
            other => return Err(Trouble::Status(other)),
        }
        let mut answer = Vec::new();
        read(&mut response, bounds.limit_bytes, &mut |piece| {
            answer.extend_from_slice(piece);
            true
        })
        .map_err(|trouble| turn.told(trouble))?;
        Ok(answer)
    }

    pub(super) fn get(&self, url: &str, bounds: Bounds) -> Result<Vec<u8>, Trouble> {
        let mut answer = Vec::new();
        self.get_into(url, &Validators::default(), bounds, &mut |piece| {
            answer.extend_from_slice(piece);
            true
        })?;
        Ok(answer)
    }

    /// GETs piece by piece; a sink that says `false` has enough.
    pub(super) fn get_into(
        &self,
        url: &str,
        known: &Validators,
        bounds: Bounds,
        sink: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Got, Trouble> {
        let turn = bounds.budget.turn(bounds.timeout_ms)?;
        let limits = (Instant::now() + turn.time, bounds.limit_bytes);
        self.follow(self.address(url), known, limits, sink)
            .map_err(|trouble| turn.told(trouble))
    }

    fn follow(
        &self,
        mut url: String,
        known: &Validators,
        (ends, limit_bytes): (Instant, u64),
        sink: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Got, Trouble> {
        let asked_host = host_and_port(&url);
        for _ in 0..=REDIRECTS_MAX {
            // What is listed was listed for the address that a certificate names, not for where others point.
            let agent = match host_and_port(&url) == asked_host {
                true => &self.agent,
                false => &self.strangers,
            };
            let mut request = agent.get(&url);
            if let Some(etag) = &known.etag {
                request = request.header("if-none-match", etag);
            }
            // RFC 9110 13.1.3: a recipient ignores it where If-None-Match stands.
            if let Some(date) = &known.last_modified {
                request = request.header("if-modified-since", date);
            }
            let left = ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Trouble::TimedOut);
            }
            let sent = request.config().timeout_global(Some(left)).build().call();
            let mut response = sent.map_err(trouble)?;
            match response.status().as_u16() {
                200 => {
                    read(&mut response, limit_bytes, sink)?;
                    return Ok(Got::Body(Validators::of(response.headers())));
                }
                304 if !known.is_empty() => return Ok(Got::NotModified),
                301 | 302 | 303 | 307 | 308 => {
                    let to = location(&response);
                    url = moved(&url, &to).ok_or(Trouble::Redirect(to))?;
                }
                other => return Err(Trouble::Status(other)),
            }
        }
        Err(Trouble::Redirect(url))
    }
}

fn location(response: &Response<ureq::Body>) -> String {
    // For a person to read: an address of reasonable length.
    const SHOWN_CHARS: usize = 200;
    let header = response.headers().get("location");
    let text = header.and_then(|value| value.to_str().ok());
    text.unwrap_or("nowhere")
        .chars()
        .take(SHOWN_CHARS)
        .collect()
}

/// RFC 3986 4.2, as far as redirects use it: a whole address, or a path on the same host.
pub(super) fn moved(from: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    if !to.starts_with('/') || to.starts_with("//") {
        return None;
    }
    let scheme_end = from.find("://")? + 3;
    let rest = from.get(scheme_end..)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(format!("{}{authority}{to}", from.get(..scheme_end)?))
}

fn read(
    response: &mut Response<ureq::Body>,
    limit_bytes: u64,
    sink: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Trouble> {
    let too_large = Trouble::TooLarge { limit_bytes };
    let announced = response.headers().get("content-length");
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(too_large);
    }
    let mut reader = response.body_mut().as_reader();
    let mut piece = vec![0; PIECE_BYTES];
    let mut taken: u64 = 0;
    loop {
        let count = match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(trouble(ureq::Error::from(error))),
        };
        taken = taken.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if taken > limit_bytes {
            return Err(too_large);
        }
        if !sink(piece.get(..count).unwrap_or_default()) {
            return Ok(());
        }
    }
}

fn trouble(error: ureq::Error) -> Trouble {
    use std::io::ErrorKind as Kind;
    match error {
        ureq::Error::Timeout(_) => Trouble::TimedOut,
        ureq::Error::StatusCode(status) => Trouble::Status(status),
        ureq::Error::HostNotFound => Trouble::Unreachable("the name is not known".to_owned()),
        ureq::Error::ConnectionFailed => Trouble::Unreachable("the connection failed".to_owned()),
        ureq::Error::Io(error) => match error.kind() {
            Kind::PermissionDenied
                if error
                    .get_ref()
                    .is_some_and(|inner| inner.to_string() == super::guard::REFUSED) =>
            {
                Trouble::AddressRefused
            }
            Kind::TimedOut | Kind::WouldBlock => Trouble::TimedOut,
            Kind::UnexpectedEof
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe => Trouble::CutOff,
            Kind::InvalidData => Trouble::Protocol(error.to_string()),
            _ => Trouble::Unreachable(error.to_string()),
        },
        ureq::Error::Tls(why) => Trouble::Tls(why.to_owned()),
        ureq::Error::NativeTls(error) => Trouble::Tls(error.to_string()),
        other => Trouble::Protocol(other.to_string()),
    }
}
