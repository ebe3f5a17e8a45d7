//! Clerks: file a result, read it back, get its proof.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bridge::blocking;
use super::context::{Context, bearer, header_text, query_value};
use super::download::{Representation, Wanted};
use super::multipart;
use super::problem::Problem;
use super::server::App;
use crate::archive::{
    Accepted, Filing, Found, Pass, StampAsked, Standing, Submission, Wanted as Version,
};
use crate::record::{IdempotencyKey, ResultId, ResultRecord, SignatureLevel};
use crate::sign::Upload;

pub(super) async fn post(request: HttpRequest, payload: Payload, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(file_result(&request, payload, &app).await)
}

async fn file_result(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().filing(bearer(request))?;
    if query_value(request.query_string(), "preview").is_some() {
        return preview(pass, request, payload, app).await;
    }
    let idempotency = idempotency_key(request)?;
    let level = level_asked(request)?;
    let room = multipart::hold(request, app).await?;
    let (record, upload, stamp) = sent(request, payload, app).await?;
    let archive = Arc::clone(app.archive());
    let submission = Submission {
        record,
        upload,
        idempotency,
        level,
        stamp,
    };
    let accepted = blocking(move || archive.accept(&pass, submission)).await??;
    drop(room);
    Ok(receipt(
        waited(accepted, preferred_wait(request), app).await?,
    ))
}

/// Between two looks whether a level is reached.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// As long as the client is willing to wait for the level, and the server is not stopping. No thread waits meanwhile.
async fn waited(
    mut accepted: Accepted,
    patience: Duration,
    app: &App,
) -> Result<Accepted, Problem> {
    let until = Instant::now() + patience;
    while Instant::now() < until && !app.is_stopping() {
        let archive = Arc::clone(app.archive());
        let standing;
        (accepted, standing) = blocking(move || archive.newest(accepted)).await??;
        if standing == Standing::Reached {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(accepted)
}

pub(super) fn count(accepted: &Accepted) {
    metrics::counter!("antin_results_total", "outcome" => if accepted.replayed { "replayed" } else { "logged" }).increment(1);
}

/// 201 with the receipt: whichever way a result came.
pub(super) fn receipt(accepted: Accepted) -> HttpResponse {
    count(&accepted);
    let mut response = HttpResponse::Created();
    response
        .insert_header((
            "location",
            format!("/api/v1/results/{}", accepted.receipt.id),
        ))
        .insert_header(("content-type", "application/json"))
        .insert_header(("cache-control", "no-store"));
    if accepted.replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.body(accepted.receipt_json)
}

const ASKED: multipart::Asked = multipart::Asked {
    small: &["stamp"],
    file: multipart::FilePart::Named,
};

/// The parts of a filing.
async fn sent(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
) -> Result<(ResultRecord, Upload, Option<StampAsked>), Problem> {
    let mut parts: multipart::Parts<Upload> =
        multipart::parts_asked(request, payload, app.max_file_bytes(), ASKED).await?;
    let stamp = parts.take_small("stamp");
    let record = parts
        .record
        .ok_or_else(|| Problem::new(400, "record_missing"))?;
    let upload = parts
        .file
        .ok_or_else(|| Problem::new(400, "file_missing"))?;
    let stamp = stamp
        .map(|json| StampAsked::from_json(&json))
        .transpose()
        .map_err(|what| Problem::new(400, "stamp_invalid").with("what", what))?;
    Ok((ResultRecord::from_json(&record)?, upload, stamp))
}

/// `?preview=png`: the page as it would look; nothing is signed or kept.
async fn preview(
    pass: Pass<Filing>,
    request: &HttpRequest,
    payload: Payload,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let kind = query_value(request.query_string(), "preview").unwrap_or_default();
    if kind != "png" {
        return Err(Problem::new(400, "preview_unknown").with("preview", kind));
    }
    let _room = multipart::hold(request, app).await?;
    let (record, upload, stamp) = sent(request, payload, app).await?;
    let stamp = stamp.ok_or_else(|| Problem::new(400, "stamp_missing"))?;
    let archive = Arc::clone(app.archive());
    let png = blocking(move || archive.preview(&pass, &record, &upload, &stamp)).await??;
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", "image/png"))
        .insert_header(("cache-control", "no-store"))
        .body(png))
}

/// `?level=B-LTA`.
fn level_asked(request: &HttpRequest) -> Result<Option<SignatureLevel>, Problem> {
    let Some(name) = query_value(request.query_string(), "level") else {
        return Ok(None);
    };
    match SignatureLevel::named(&name) {
        Some(level) => Ok(Some(level)),
        None => Err(Problem::new(400, "level_unknown").with("level", name)),
    }
}

/// No proxy keeps an idle connection for much longer.
const WAIT_MAX_S: u64 = 60;

/// RFC 7240 4.3: `Prefer: wait=N`, in seconds. A preference that can't be read is none.
fn preferred_wait(request: &HttpRequest) -> Duration {
    let wait = header_text(request, "prefer").and_then(|prefer| {
        let mut preferences = prefer.split([',', ';']).map(str::trim);
        preferences.find_map(|p| p.strip_prefix("wait=")?.trim_matches('"').parse().ok())
    });
    Duration::from_secs(wait.unwrap_or(0).min(WAIT_MAX_S))
}

pub(super) fn idempotency_key(request: &HttpRequest) -> Result<IdempotencyKey, Problem> {
    let text = request
        .headers()
        .get("idempotency-key")
        .ok_or_else(|| Problem::new(400, "idempotency_key_missing"))?
        .to_str()
        .map_err(|_| Problem::new(400, "idempotency_key_invalid"))?;
    IdempotencyKey::from_str(text).map_err(|_| Problem::new(400, "idempotency_key_invalid"))
}

/// The result this request may read; unknown and another office's look the same.
async fn found(request: &HttpRequest, id: &str, app: &App) -> Result<Found, Problem> {
    let pass = app.archive().gate().reading(bearer(request))?;
    let unknown = || Problem::new(404, "not_found");
    let id = ResultId::from_str(id).map_err(|_| unknown())?;
    // An earlier version, by its place in the log; without it the newest.
    let version = match query_value(request.query_string(), "version") {
        Some(index) => Version::At(index.parse().map_err(|_| unknown())?),
        None => Version::Newest,
    };
    let archive = Arc::clone(app.archive());
    blocking(move || archive.find(&pass, &id, version))
        .await??
        .ok_or_else(unknown)
}

pub(super) async fn get(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(show(&request, &id, &app).await)
}

async fn show(request: &HttpRequest, id: &str, app: &App) -> Result<HttpResponse, Problem> {
    let found = found(request, id, app).await?;
    let archive = Arc::clone(app.archive());
    let stored = blocking(move || archive.facts(&found)).await??;
    let mut body = serde_json::to_value(&stored.receipt).map_err(|_| Problem::internal())?;
    if let Some(object) = body.as_object_mut() {
        object.insert(
            "record".into(),
            serde_json::from_slice(&stored.record.to_json()).map_err(|_| Problem::internal())?,
        );
        object.insert("office".into(), json!(stored.core.office));
        object.insert("bytes".into(), json!(stored.core.file_bytes));
        object.insert("upload_sha256".into(), json!(stored.core.upload_sha256));
        object.insert("level_wanted".into(), json!(stored.core.wanted));
        object.insert("versions".into(), versions(&stored.versions));
    }
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "private, no-store"))
        .json(body))
}

fn versions(list: &[crate::archive::Version]) -> serde_json::Value {
    list.iter()
        .map(|v| json!({"log_index": v.index, "sha256": v.sha256, "level": v.level}))
        .collect()
}

pub(super) async fn get_file(
    request: HttpRequest,
    id: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(send_file(&request, &id, &app).await)
}

async fn send_file(request: &HttpRequest, id: &str, app: &App) -> Result<HttpResponse, Problem> {
    let found = found(request, id, app).await?;
    let representation = Representation {
        sha256: found.sha256(),
        bytes: found.bytes(),
        content_type: "application/pdf",
        file_name: found.file_name(),
    };
    let wanted = representation.wanted(request)?;
    let archive = Arc::clone(app.archive());
    let range = match &wanted {
        Wanted::NotModified => return Ok(representation.respond(&wanted, Vec::new())),
        Wanted::Whole => None,
        Wanted::Part(range) => Some(range.clone()),
    };
    let body = blocking(move || archive.file(&found, range)).await??;
    Ok(representation.respond(&wanted, body))
}

pub(super) async fn get_proof(
    request: HttpRequest,
    id: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(send_proof(&request, &id, &app).await)
}

async fn send_proof(request: &HttpRequest, id: &str, app: &App) -> Result<HttpResponse, Problem> {
    let found = found(request, id, app).await?;
    let name = found.file_name().replace(".pdf", ".tlog-proof");
    let archive = Arc::clone(app.archive());
    let proof = blocking(move || archive.proof(&found)).await??;
    let representation = Representation {
        sha256: crate::record::sha256(proof.as_bytes()),
        bytes: u64::try_from(proof.len()).unwrap_or(u64::MAX),
        content_type: "text/plain; charset=utf-8",
        file_name: name,
    };
    let wanted = representation.wanted(request)?;
    let body = match &wanted {
        Wanted::Part(range) => {
            let start = usize::try_from(range.start).unwrap_or(usize::MAX);
            let end = usize::try_from(range.end).unwrap_or(usize::MAX);
            proof
                .as_bytes()
                .get(start..end)
                .unwrap_or_default()
                .to_vec()
        }
        _ => proof.into_bytes(),
    };
    let accept = header_text(request, "accept").unwrap_or("*/*");
    if !["*/*", "text/*", "text/plain"]
        .iter()
        .any(|t| accept.contains(t))
    {
        return Err(Problem::new(406, "not_acceptable"));
    }
    Ok(representation.respond(&wanted, body))
}
