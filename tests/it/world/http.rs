//! A client without habits of its own: no pool, no redirects, no decoding, every status an answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Request};

/// Debug builds on two busy cores are slow; a request that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// A header that must be there.
    #[track_caller]
    pub fn needs(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no header {name}: {}", self.shown()))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.shown()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// For the message of a failed check.
    pub fn shown(&self) -> String {
        let body: String = self.text().chars().take(2_000).collect();
        format!("{} {:?}\n{body}", self.status, self.headers)
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }
}

/// One request, to be sent once.
pub struct Call<'a> {
    method: &'a str,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'a> Call<'a> {
    pub fn new(method: &'a str, url: impl Into<String>) -> Self {
        Call {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(url: impl Into<String>) -> Self {
        Call::new("GET", url)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, api_key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {api_key}"))
    }

    pub fn body(mut self, content_type: &str, bytes: Vec<u8>) -> Self {
        self.body = Some(bytes);
        self.header("Content-Type", content_type)
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        let shown = format!("{} {}", self.method, self.url);
        self.try_send().unwrap_or_else(|e| panic!("{shown}: {e}"))
    }

    /// `Err`: no answer came, as from a server that was killed.
    pub fn try_send(self) -> Result<Answer, String> {
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|e| e.to_string())?;
        let mut request = Request::builder().method(method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let agent = agent();
        let sent = match self.body {
            Some(bytes) => agent.run(request.body(bytes).map_err(|e| e.to_string())?),
            None => agent.run(request.body(()).map_err(|e| e.to_string())?),
        };
        let response = sent.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| {
                (
                    n.to_string(),
                    String::from_utf8_lossy(v.as_bytes()).into_owned(),
                )
            })
            .collect();
        // Nothing that is asked for here is larger than a document of the largest size.
        let body = response
            .into_body()
            .with_config()
            .limit(128 * 1024 * 1024)
            .read_to_vec();
        Ok(Answer {
            status,
            headers,
            body: body.map_err(|e| e.to_string())?,
        })
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .allow_non_standard_methods(true)
        .proxy(None)
        .timeout_global(Some(LIMIT))
        .build()
        .into()
}

/// Sends bytes as they are and reads whatever comes until the server closes: for requests that no library would send,
/// and for bodies that are refused while they are still being sent.
pub fn raw(base_url: &str, request: Vec<u8>) -> String {
    let address = base_url
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/');
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || drop(sender.write_all(&request)));
    let mut receiver = stream;
    let mut answer = Vec::new();
    let mut part = [0u8; 4096];
    loop {
        match receiver.read(&mut part) {
            Ok(n) if n > 0 => answer.extend_from_slice(&part[..n]),
            _ => break,
        }
        if is_whole(&answer) {
            break;
        }
    }
    drop(receiver.shutdown(std::net::Shutdown::Both));
    writing.join().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Head and as many bytes of body as it names are there.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= head.len() + 4 + length)
}

/// RFC 7578: the parts of a form.
pub struct Form {
    bytes: Vec<u8>,
}

const BOUNDARY: &str = "----antin-it-7c1f0e";

impl Form {
    pub fn new() -> Self {
        Form { bytes: Vec::new() }
    }

    pub fn text(self, name: &str, content_type: &str, value: &[u8]) -> Self {
        self.part(&format!("name=\"{name}\""), content_type, value)
    }

    pub fn file(self, name: &str, file_name: &str, content_type: &str, value: &[u8]) -> Self {
        self.part(
            &format!("name=\"{name}\"; filename=\"{file_name}\""),
            content_type,
            value,
        )
    }

    fn part(mut self, disposition: &str, content_type: &str, value: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
        );
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        self
    }

    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.bytes
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.bytes
    }
}
