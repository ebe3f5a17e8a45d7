//! A client that costs little: HTTP/1.1 over one kept connection, blocking, no library.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Outcome;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    request: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// # Errors
    /// Another status than the one that is wanted; says what came.
    pub fn expect(self, status: u16) -> Outcome<Vec<u8>> {
        if self.status == status {
            return Ok(self.body);
        }
        let text = String::from_utf8_lossy(&self.body).into_owned();
        Err(format!("the server answered {}: {text}", self.status).into())
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
            request: Vec::new(),
        })
    }

    /// `headers`: whole lines, each with its CR LF.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[&[u8]],
    ) -> Outcome<Answer> {
        let length: usize = body.iter().map(|part| part.len()).sum();
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n{headers}\r\n",
            self.address
        )?;
        for part in body {
            self.request.extend_from_slice(part);
        }
        self.stream.get_mut().write_all(&self.request)?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.ok_or_else(|| format!("no HTTP answer: {line:?}"))?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            let (name, value) = text
                .split_once(':')
                .ok_or("a header line without a colon")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err("the answer comes in chunks, which this client does not read".into());
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }
}
