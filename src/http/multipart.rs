//! Reading uploads: multipart parts or a raw body, hashed while they arrive, limited before they fill memory.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt, stream};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use super::context::{announced_bytes, content_digest, header_text};
use super::problem::{Problem, megabytes};
use super::server::App;
use crate::record::{Digest, Sha256Stream};
use crate::sign::Upload;
use tokio::sync::OwnedSemaphorePermit;

/// A record is at most 16 KiB (record::result); the rest is for a part's own headers.
const RECORD_MAX_BYTES: usize = 16 * 1024 + 1;
/// Multipart framing around record and file.
const FRAMING_BYTES: u64 = 64 * 1024;

/// What a clerk's request carries.
#[derive(Debug, Default)]
pub(super) struct Parts<S> {
    pub record: Option<Vec<u8>>,
    pub file: Option<S>,
    pub file_name: Option<String>,
    /// What a detached signature in `file` was made over.
    pub content: Option<S>,
    /// Other small parts that were asked for.
    pub small: Vec<(&'static str, Vec<u8>)>,
}

impl<S> Parts<S> {
    pub fn take_small(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self.small.iter().position(|(known, _)| *known == name)?;
        Some(self.small.swap_remove(at).1)
    }
}

/// Which parts are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    /// Besides `record` and `file`.
    pub small: &'static [&'static str],
    pub file: FilePart,
}

/// Which part is the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum FilePart {
    #[default]
    Named,
    /// The first that has a file name: programs that are not ours call it as they like.
    First,
}

/// A file to be judged.
#[derive(Debug)]
pub(super) struct Sent {
    pub file: Vec<u8>,
    pub name: Option<String>,
    pub content: Option<Vec<u8>>,
}

type RawHash = Rc<RefCell<Sha256Stream>>;

/// A client that sends nothing for this long has gone; mobile lines stall for seconds, not for a minute.
const IDLE_S: u64 = 60;
/// A poor mobile line still makes ten times as much.
const SLOWEST_BYTES_PER_S: u64 = 4 * 1024;

/// The body as it arrives, hashed on the way where the client announced a digest; ends in an error where it stops arriving.
/// No more than `limit_bytes` are taken, whatever was announced.
fn watched(
    payload: Payload,
    hash: Option<RawHash>,
    limit_bytes: u64,
) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let state = (payload, Instant::now(), 0u64);
    let patient = stream::unfold(Some(state), |state| async {
        let (mut payload, begun, received) = state?;
        // Slower than 4 KiB/s over all is no upload but a held connection.
        let until = begun + Duration::from_secs(IDLE_S + received / SLOWEST_BYTES_PER_S);
        let left = until
            .saturating_duration_since(Instant::now())
            .min(Duration::from_secs(IDLE_S));
        match tokio::time::timeout(left, payload.next()).await {
            Ok(chunk) => chunk.map(|c| {
                let more = c
                    .as_ref()
                    .map_or(0, |b| u64::try_from(b.len()).unwrap_or(0));
                (c, Some((payload, begun, received.saturating_add(more))))
            }),
            Err(_) => Some((
                Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into())),
                None,
            )),
        }
    });
    let mut left = limit_bytes;
    // Readers of multipart bodies poll once more after the end: hence `fuse`.
    patient.fuse().map(move |chunk| {
        if let Ok(bytes) = &chunk {
            let taken = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(taken).ok_or(PayloadError::Overflow)?;
        }
        if let (Ok(bytes), Some(hash)) = (&chunk, &hash) {
            hash.borrow_mut().update(bytes);
        }
        chunk
    })
}

/// A body that can be read on after a reader of its parts has ended.
struct Shared<S>(Rc<RefCell<Pin<Box<S>>>>);

impl<S: Stream> Stream for Shared<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        self.0.borrow_mut().as_mut().poll_next(context)
    }
}

fn announced(request: &HttpRequest) -> Result<Option<(Digest, RawHash)>, Problem> {
    Ok(content_digest(request)?.map(|d| (d, Rc::new(RefCell::new(Sha256Stream::new())))))
}

fn compare(expected: Option<(Digest, RawHash)>) -> Result<(), Problem> {
    if let Some((digest, hash)) = expected
        && hash.replace(Sha256Stream::new()).finish() != digest
    {
        return Err(Problem::new(400, "content_digest_mismatch"));
    }
    Ok(())
}

/// Room in memory for what this request announces, or for the largest it may send.
pub(super) async fn hold(
    request: &HttpRequest,
    app: &App,
) -> Result<OwnedSemaphorePermit, Problem> {
    let limit = app.max_file_bytes().saturating_add(FRAMING_BYTES);
    let bytes = announced_bytes(request).map_or(limit, |n| n.min(limit));
    app.room_for(bytes)
        .await
        .ok_or_else(|| Problem::new(503, "too_many_requests").retry(10))
}

/// Reads the parts `record` and `file`; other parts are read over.
pub(super) async fn parts<S: Sink>(
    request: &HttpRequest,
    payload: Payload,
    limit_bytes: u64,
) -> Result<Parts<S>, Problem> {
    parts_asked(request, payload, limit_bytes, Asked::default()).await
}

pub(super) async fn parts_asked<S: Sink>(
    request: &HttpRequest,
    payload: Payload,
    limit_bytes: u64,
    asked: Asked,
) -> Result<Parts<S>, Problem> {
    if !media_type(request).starts_with("multipart/form-data") {
        return Err(Problem::new(415, "unsupported_media_type"));
    }
    refuse_early(
        request,
        limit_bytes.saturating_add(FRAMING_BYTES),
        limit_bytes,
    )?;
    let expected = announced(request)?;
    let total = limit_bytes.saturating_add(FRAMING_BYTES);
    let body = watched(payload, expected.as_ref().map(|(_, h)| Rc::clone(h)), total);
    let body = Shared(Rc::new(RefCell::new(Box::pin(body))));
    let mut rest = Shared(Rc::clone(&body.0));
    let mut multipart = Multipart::new(request.headers(), body);
    let mut parts = Parts {
        record: None,
        file: None,
        file_name: None,
        content: None,
        small: Vec::new(),
    };
    let twice = || Problem::new(400, "multipart_invalid").with("what", "a part stands twice");
    while let Some(field) = multipart.next().await {
        let mut field = field.map_err(|e| malformed(&e, limit_bytes))?;
        let known = field
            .name()
            .and_then(|name| asked.small.iter().find(|known| **known == name).copied());
        if let Some(known) = known {
            if parts.small.iter().any(|(name, _)| *name == known) {
                return Err(twice());
            }
            let value = small(&mut field, limit_bytes).await?;
            parts.small.push((known, value));
            continue;
        }
        match part_name(&field, asked.file) {
            Some("record") if parts.record.is_none() => {
                parts.record = Some(small(&mut field, limit_bytes).await?)
            }
            Some("file") if parts.file.is_none() => {
                parts.file_name = field
                    .content_disposition()
                    .and_then(|d| d.get_filename())
                    .map(str::to_owned);
                parts.file = Some(file(&mut field, limit_bytes, room(request)).await?);
            }
            Some("content") if parts.content.is_none() => {
                parts.content = Some(file(&mut field, limit_bytes, room(request)).await?);
            }
            Some("record" | "file" | "content") => return Err(twice()),
            _ => read_over(&mut field, limit_bytes).await?,
        }
    }
    drop(multipart);
    // What follows the last boundary belongs to the content that was digested.
    while let Some(chunk) = rest.next().await {
        chunk.map_err(|e| broken_off(&e))?;
    }
    compare(expected)?;
    Ok(parts)
}

fn part_name(field: &Field, file: FilePart) -> Option<&str> {
    let has_file_name = || {
        let disposition = field.content_disposition();
        disposition.and_then(|d| d.get_filename()).is_some()
    };
    if file == FilePart::First && has_file_name() {
        return Some("file");
    }
    field.name()
}

fn refuse_early(
    request: &HttpRequest,
    limit_with_framing: u64,
    limit_bytes: u64,
) -> Result<(), Problem> {
    if announced_bytes(request).is_some_and(|n| n > limit_with_framing) {
        return Err(too_large(limit_bytes));
    }
    Ok(())
}

/// Room for what the client announced; a false announcement gets no more than 1 MB before its bytes arrive.
fn room(request: &HttpRequest) -> usize {
    let announced = announced_bytes(request).unwrap_or(0).min(1 << 20);
    // The signature's increment is appended in place: room for its dictionary, CMS and cross-references.
    usize::try_from(announced).unwrap_or(0) + 32 * 1024
}

fn too_large(limit_bytes: u64) -> Problem {
    Problem::new(413, "file_too_large").with("limit", megabytes(limit_bytes))
}

fn malformed(error: &MultipartError, limit_bytes: u64) -> Problem {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => too_large(limit_bytes),
        MultipartError::Payload(error) => broken_off(error),
        _ => Problem::new(400, "multipart_invalid").with("what", error.to_string()),
    }
}

fn broken_off(error: &PayloadError) -> Problem {
    if matches!(error, PayloadError::Io(e) if e.kind() == std::io::ErrorKind::TimedOut) {
        return Problem::new(408, "request_timeout");
    }
    Problem::new(400, "multipart_invalid").with("what", error.to_string())
}

/// Other parts are read over, within what the whole body may take; the first error ends it.
async fn read_over(field: &mut Field, limit_bytes: u64) -> Result<(), Problem> {
    while let Some(chunk) = field.next().await {
        chunk.map_err(|e| malformed(&e, limit_bytes))?;
    }
    Ok(())
}

async fn small(field: &mut Field, limit_bytes: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(|e| malformed(&e, limit_bytes))?);
        if bytes.len() > RECORD_MAX_BYTES {
            return Err(Problem::new(413, "payload_too_large").with("limit", "16 KB"));
        }
    }
    Ok(bytes)
}

/// Where a file's bytes go: hashed on the way for a result, as they are for a verdict, which hashes them itself.
pub(super) trait Sink {
    fn with_capacity(bytes: usize) -> Self;
    fn push(&mut self, chunk: &[u8]);
    fn bytes(&self) -> &[u8];
}

impl Sink for Upload {
    fn with_capacity(bytes: usize) -> Self {
        Self::with_capacity(bytes)
    }

    fn push(&mut self, chunk: &[u8]) {
        Self::push(self, chunk);
    }

    fn bytes(&self) -> &[u8] {
        Self::bytes(self)
    }
}

impl Sink for Vec<u8> {
    fn with_capacity(bytes: usize) -> Self {
        Self::with_capacity(bytes)
    }

    fn push(&mut self, chunk: &[u8]) {
        self.extend_from_slice(chunk);
    }

    fn bytes(&self) -> &[u8] {
        self
    }
}

async fn file<S: Sink>(
    field: &mut Field,
    limit_bytes: u64,
    room_bytes: usize,
) -> Result<S, Problem> {
    let mut upload = S::with_capacity(room_bytes);
    while let Some(chunk) = field.next().await {
        upload.push(&chunk.map_err(|e| malformed(&e, limit_bytes))?);
        if u64::try_from(upload.bytes().len()).unwrap_or(u64::MAX) > limit_bytes {
            return Err(too_large(limit_bytes));
        }
    }
    Ok(upload)
}

/// A JSON body of at most so many bytes.
pub(super) async fn json_body(
    request: &HttpRequest,
    payload: Payload,
    limit_bytes: u64,
) -> Result<Vec<u8>, Problem> {
    if !media_type(request).starts_with("application/json") {
        return Err(Problem::new(415, "unsupported_media_type"));
    }
    let too_long = || Problem::new(413, "payload_too_large").with("limit", kilobytes(limit_bytes));
    if announced_bytes(request).is_some_and(|n| n > limit_bytes) {
        return Err(too_long());
    }
    let expected = announced(request)?;
    let hash = expected.as_ref().map(|(_, h)| Rc::clone(h));
    let mut body = Box::pin(watched(payload, hash, limit_bytes));
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(PayloadError::Overflow) => return Err(too_long()),
            Err(error) => return Err(broken_off(&error)),
        }
    }
    compare(expected)?;
    Ok(bytes)
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes / 1024)
}

fn media_type(request: &HttpRequest) -> String {
    header_text(request, "content-type")
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// One file, as a raw body or as the part `file`.
pub(super) async fn one_file(
    request: &HttpRequest,
    payload: Payload,
    limit_bytes: u64,
) -> Result<Sent, Problem> {
    let content_type = media_type(request);
    if content_type.starts_with("multipart/form-data") {
        let parts = parts(request, payload, limit_bytes).await?;
        return Ok(Sent {
            file: parts
                .file
                .ok_or_else(|| Problem::new(400, "file_missing"))?,
            name: parts.file_name,
            content: parts.content,
        });
    }
    if !(content_type.starts_with("application/pdf")
        || content_type.starts_with("application/octet-stream"))
    {
        return Err(Problem::new(415, "unsupported_media_type"));
    }
    refuse_early(request, limit_bytes, limit_bytes)?;
    let expected = announced(request)?;
    let body = watched(
        payload,
        expected.as_ref().map(|(_, h)| Rc::clone(h)),
        limit_bytes.saturating_add(1),
    );
    let mut body = Box::pin(body);
    let mut upload: Vec<u8> = Vec::with_capacity(room(request));
    while let Some(chunk) = body.next().await {
        let chunk = chunk
            .map_err(|e| Problem::new(400, "multipart_invalid").with("what", e.to_string()))?;
        upload.extend_from_slice(&chunk);
        if u64::try_from(upload.len()).unwrap_or(u64::MAX) > limit_bytes {
            return Err(too_large(limit_bytes));
        }
    }
    compare(expected)?;
    if upload.is_empty() {
        return Err(Problem::new(400, "file_missing"));
    }
    Ok(Sent {
        file: upload,
        name: None,
        content: None,
    })
}
