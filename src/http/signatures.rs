//! Clerks: have a person sign by hand, in two requests.

use std::str::FromStr;
use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bridge::blocking;
use super::clerk::receipt;
use super::context::{Context, bearer};
use super::multipart::{self, Asked, FilePart, Parts};
use super::problem::Problem;
use super::server::App;
use crate::archive::{
    Beginning, Begun, Finishing, HandAlgorithm, Pending, PendingState, SignatureForm, Then, WorkId,
};
use crate::pki::cert::{Certificate, list_from_pem};
use crate::record::ResultRecord;
use crate::sign::Upload;

/// A signature of RSA-4096 in base64 takes 700 bytes, a certificate 3 KB; the rest is for a chain.
const FINISH_MAX_BYTES: u64 = 64 * 1024;

const BEGIN: Asked = Asked {
    small: &["certificate", "options"],
    file: FilePart::Named,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    then_seal: bool,
    algorithm: Option<HandAlgorithm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    /// Base64.
    signature: String,
    #[serde(default)]
    signature_form: SignatureForm,
    /// PEM; where given, it is compared with the one of the beginning.
    certificate: Option<String>,
}

pub(super) async fn post(request: HttpRequest, payload: Payload, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(begin(&request, payload, &app).await)
}

async fn begin(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().hand_signing(bearer(request))?;
    let _room = multipart::hold(request, app).await?;
    let mut parts: Parts<Upload> =
        multipart::parts_asked(request, payload, app.max_file_bytes(), BEGIN).await?;
    let options: Options = options(&mut parts)?;
    let certificates = certificates(parts.take_small("certificate"))?;
    let (record, upload) = record_and_file(parts)?;
    let beginning = Beginning {
        record,
        upload,
        certificates,
        algorithm: options.algorithm,
        then: if options.then_seal {
            Then::Seal
        } else {
            Then::Nothing
        },
    };
    let archive = Arc::clone(app.archive());
    let begun = blocking(move || archive.begin(&pass, beginning)).await??;
    Ok(HttpResponse::Created()
        .insert_header((
            "location",
            format!("/api/v1/signatures/{}", begun.pending.id),
        ))
        .insert_header(("cache-control", "no-store"))
        .json(shown(&begun)))
}

/// The part `options`, JSON; nothing is asked for where it is not there.
pub(super) fn options<T: Default + for<'a> Deserialize<'a>>(
    parts: &mut Parts<Upload>,
) -> Result<T, Problem> {
    match parts.take_small("options") {
        Some(text) => serde_json::from_slice(&text).map_err(|e| malformed(&e)),
        None => Ok(T::default()),
    }
}

pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(400, "request_invalid").with("what", error.to_string())
}

pub(super) fn record_and_file(parts: Parts<Upload>) -> Result<(ResultRecord, Upload), Problem> {
    let record = parts
        .record
        .ok_or_else(|| Problem::new(400, "record_missing"))?;
    let upload = parts
        .file
        .ok_or_else(|| Problem::new(400, "file_missing"))?;
    Ok((ResultRecord::from_json(&record)?, upload))
}

fn certificates(pem: Option<Vec<u8>>) -> Result<Vec<Certificate>, Problem> {
    let pem = pem.ok_or_else(|| Problem::new(400, "certificate_missing"))?;
    list_from_pem(&pem).map_err(|_| Problem::new(400, "certificate_invalid"))
}

fn shown(begun: &Begun) -> Value {
    let mut body = seen(&begun.pending);
    if let Some(object) = body.as_object_mut() {
        object.insert(
            "to_be_signed".into(),
            json!(STANDARD.encode(&begun.to_be_signed)),
        );
        object.insert(
            "digest".into(),
            json!({
                "algorithm": begun.digest_algorithm,
                "value": STANDARD.encode(&begun.digest),
            }),
        );
    }
    body
}

fn seen(pending: &Pending) -> Value {
    json!({
        "id": pending.id,
        "state": match pending.state {
            PendingState::Waiting => "waiting",
            PendingState::Expired => "expired",
            PendingState::Signed => "signed",
            PendingState::Done => "done",
        },
        "expires_at": pending.expires_at,
        "algorithm": pending.algorithm,
        "then_seal": pending.then == Then::Seal,
        "what": {
            "title": pending.record.title,
            "number": pending.record.number,
            "dossier_code": pending.record.dossier_code,
            "sha256": pending.upload_sha256,
            "bytes": pending.upload_bytes,
            "pages": pending.pages,
            "signer": pending.signer,
            "certificate_sha256": pending.certificate_sha256,
        },
    })
}

pub(super) fn work_id(text: &str) -> Result<WorkId, Problem> {
    WorkId::from_str(text).map_err(|_| Problem::new(404, "not_found"))
}

pub(super) async fn get(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(look(&request, &id, &app).await)
}

async fn look(request: &HttpRequest, id: &str, app: &App) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().hand_signing(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    let pending = blocking(move || archive.pending(&pass, &id)).await??;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "private, no-store"))
        .json(seen(&pending)))
}

pub(super) async fn delete(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(give_up(&request, &id, &app).await)
}

async fn give_up(request: &HttpRequest, id: &str, app: &App) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().hand_signing(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    blocking(move || archive.give_up(&pass, &id)).await??;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn finish(
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(take(&request, &id, payload, &app).await)
}

async fn take(
    request: &HttpRequest,
    id: &str,
    payload: Payload,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().hand_signing(bearer(request))?;
    let id = work_id(id)?;
    let body = multipart::json_body(request, payload, FINISH_MAX_BYTES).await?;
    let given: Finish = serde_json::from_slice(&body).map_err(|e| malformed(&e))?;
    let signature = STANDARD
        .decode(given.signature.trim())
        .map_err(|_| Problem::new(400, "request_invalid").with("what", "signature: not base64"))?;
    let certificate = match given.certificate {
        Some(pem) => certificates(Some(pem.into_bytes()))?.into_iter().next(),
        None => None,
    };
    let finishing = Finishing {
        signature,
        form: given.signature_form,
        certificate,
    };
    let archive = Arc::clone(app.archive());
    let accepted = blocking(move || archive.finish(&pass, &id, finishing)).await??;
    Ok(receipt(accepted))
}
