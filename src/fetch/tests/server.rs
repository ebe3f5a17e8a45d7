//! A small HTTP server that answers as it is told, well or badly.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// As they came, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Names the whole length and sends this many octets.
    Cut(Vec<u8>, usize),
    /// Nothing, until the server ends.
    Stall,
    /// One octet after the other, far too slowly.
    Drip(Vec<u8>),
    /// These octets and nothing else.
    Raw(Vec<u8>),
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub fn status(status: u16) -> Self {
        Self::Whole {
            status,
            headers: Vec::new(),
            body: b"an apology".to_vec(),
        }
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::Whole {
            status: 302,
            headers: vec![("location", to.into())],
            body: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

struct Shared {
    handler: Mutex<Arc<Handler>>,
    asked: Mutex<Vec<Asked>>,
    is_ending: AtomicBool,
    ending: (Mutex<()>, Condvar),
}

impl Shared {
    /// Until the server ends, or a time that no test reaches.
    fn wait(&self, at_most: Duration) {
        let (lock, condvar) = &self.ending;
        let held = lock.lock().unwrap();
        let going_on = |(): &mut ()| !self.is_ending.load(Ordering::SeqCst);
        drop(condvar.wait_timeout_while(held, at_most, going_on).unwrap());
    }
}

pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn open(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            handler: Mutex::new(Arc::new(handler)),
            asked: Mutex::default(),
            is_ending: AtomicBool::new(false),
            ending: (Mutex::new(()), Condvar::new()),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let mut visits = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                if of_thread.is_ending.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&of_thread);
                visits.push(std::thread::spawn(move || {
                    drop(serve(stream, &shared));
                }));
            }
            for visit in visits {
                visit.join().unwrap();
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    pub fn answer_with(&self, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.shared.handler.lock().unwrap() = Arc::new(handler);
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::SeqCst);
        let held = self.shared.ending.0.lock().unwrap();
        self.shared.ending.1.notify_all();
        drop(held);
        // Wakes the listener up.
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(asked) = request(&mut stream)? else {
        return Ok(());
    };
    let handler = Arc::clone(&shared.handler.lock().unwrap());
    shared.asked.lock().unwrap().push(asked.clone());
    match handler(&asked) {
        Reply::Whole {
            status,
            headers,
            body,
        } => {
            stream.write_all(head(status, &headers, body.len()).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Cut(body, sent) => {
            stream.write_all(head(200, &[], body.len()).as_bytes())?;
            stream.write_all(&body[..sent])
        }
        Reply::Stall => {
            shared.wait(Duration::from_secs(60));
            Ok(())
        }
        Reply::Drip(body) => {
            stream.write_all(head(200, &[], body.len()).as_bytes())?;
            for octet in body {
                stream.write_all(&[octet])?;
                shared.wait(Duration::from_millis(20));
            }
            Ok(())
        }
        Reply::Raw(bytes) => stream.write_all(&bytes),
    }
}

fn head(status: u16, headers: &[(&'static str, String)], length: usize) -> String {
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 304 {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    head.push_str("connection: close\r\n\r\n");
    head
}

fn request(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut held = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = held.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            let mut lines = head.lines();
            let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let mut asked = Asked {
                method: first.next().unwrap(),
                path: first.next().unwrap(),
                headers,
                body: Vec::new(),
            };
            let length = asked
                .header("content-length")
                .map_or(0, |l| l.parse().unwrap());
            if held.len() >= end + 4 + length {
                asked.body = held[end + 4..end + 4 + length].to_vec();
                return Ok(Some(asked));
            }
        }
        match stream.read(&mut part)? {
            0 => return Ok(None),
            count => held.extend_from_slice(&part[..count]),
        }
    }
}
