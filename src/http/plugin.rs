//! The bridge to signing programs on a person's machine: sessions for clerks, and the two one-time addresses that the program uses.
//!
//! # Invariants
//! * The one-time addresses need no key: what they name is 256 random bits.
//! * To the program every answer of the upload has its own JSON form, refusals too: it shows `Message` to the person.

use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bridge::blocking;
use super::clerk;
use super::context::{Context, bearer};
use super::multipart::{self, Asked, FilePart, Parts};
use super::problem::Problem;
use super::server::App;
use super::signatures::{options, record_and_file, work_id};
use super::told;
use crate::archive::{Accepted, BridgeOpening, Method, Opened, Session, SessionState, Then};
use crate::i18n::Lang;
use crate::record::{Digest, ResultRecord};
use crate::sign::Upload;

const OPEN: Asked = Asked {
    small: &["options"],
    file: FilePart::Named,
};
const RETURN: Asked = Asked {
    small: &[],
    file: FilePart::First,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    method: Option<Method>,
    certificate_sha256: Option<Digest>,
    then_seal: bool,
}

pub(super) async fn post(request: HttpRequest, payload: Payload, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(open(&request, payload, &app).await)
}

async fn open(request: &HttpRequest, payload: Payload, app: &App) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().bridging(bearer(request))?;
    let _room = multipart::hold(request, app).await?;
    let mut parts: Parts<Upload> =
        multipart::parts_asked(request, payload, app.max_file_bytes(), OPEN).await?;
    let options: Options = options(&mut parts)?;
    let (record, upload) = record_and_file(parts)?;
    let opening = BridgeOpening {
        record,
        upload,
        method: options.method.unwrap_or(Method::Approved),
        certificate_sha256: options.certificate_sha256,
        then: if options.then_seal {
            Then::Seal
        } else {
            Then::Nothing
        },
    };
    let archive = Arc::clone(app.archive());
    let opened = blocking(move || archive.open_session(&pass, opening)).await??;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/v1/bridge/sessions/{}", opened.id)))
        .insert_header(("cache-control", "no-store"))
        .json(handed_over(&opened, &app.archive().settings().base_url)))
}

fn handed_over(opened: &Opened, base_url: &str) -> Value {
    // The program tells the kind of a file by the end of its address.
    let file_url = format!("{base_url}/bridge/files/{}.pdf", opened.file_token);
    let upload_url = format!("{base_url}/bridge/upload/{}", opened.upload_token);
    let params = params(
        opened.method,
        &opened.record,
        &file_url,
        &upload_url,
        opened,
    );
    json!({
        "id": opened.id,
        "expires_at": opened.expires_at,
        "function": opened.method.function(),
        "file_url": file_url,
        "upload_url": upload_url,
        "params": params,
    })
}

/// What the function of the program's script takes, as a JSON text of its own.
fn params(
    method: Method,
    record: &ResultRecord,
    file_url: &str,
    upload_url: &str,
    opened: &Opened,
) -> Value {
    let mut params = json!({
        "FileUploadHandler": upload_url,
        "SessionId": "",
        "JWTToken": "",
        "FileName": file_url,
        "MetaData": [{ "Key": "session", "Value": opened.id }],
    });
    let has_number = matches!(method, Method::Issued | Method::Appendix);
    if has_number && let Some(object) = params.as_object_mut() {
        object.insert("DocNumber".into(), json!(record.number));
        object.insert("IssuedDate".into(), json!(record.issued_on));
    }
    params
}

pub(super) async fn get(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(look(&request, &id, &app, lang).await)
}

async fn look(
    request: &HttpRequest,
    id: &str,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().bridging(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    let session = blocking(move || archive.session(&pass, &id)).await??;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "private, no-store"))
        .json(seen(&session, lang)))
}

fn seen(session: &Session, lang: Lang) -> Value {
    let (state, receipt, problem) = match &session.state {
        SessionState::Open => ("open", Value::Null, Value::Null),
        SessionState::Fetched => ("fetched", Value::Null, Value::Null),
        SessionState::Expired => ("expired", Value::Null, Value::Null),
        SessionState::Done(receipt) => ("done", json!(receipt), Value::Null),
        SessionState::Refused(why) => ("refused", Value::Null, told::json(lang, why)),
    };
    json!({
        "id": session.id,
        "state": state,
        "function": session.method.function(),
        "sha256": session.upload_sha256,
        "expires_at": session.expires_at,
        "receipt": receipt,
        "problem": problem,
    })
}

fn bare(token: &str) -> &str {
    token.strip_suffix(".pdf").unwrap_or(token)
}

pub(super) async fn get_file(
    request: HttpRequest,
    token: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(hand_out(&token, &app).await)
}

async fn hand_out(token: &str, app: &App) -> Result<HttpResponse, Problem> {
    let (archive, token) = (Arc::clone(app.archive()), bare(token).to_owned());
    let bytes = blocking(move || archive.fetch_out(&token)).await??;
    Ok(pdf().body(bytes))
}

/// Looking uses nothing up.
pub(super) async fn head_file(
    request: HttpRequest,
    token: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(measure_out(&token, &app).await)
}

async fn measure_out(token: &str, app: &App) -> Result<HttpResponse, Problem> {
    let (archive, token) = (Arc::clone(app.archive()), bare(token).to_owned());
    // To HEAD the server sends the length of the body and not the body.
    let bytes = blocking(move || archive.look_out(&token)).await??;
    Ok(pdf().body(bytes))
}

fn pdf() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("content-type", "application/pdf"))
        .insert_header((
            "content-disposition",
            "attachment; filename=\"van-ban.pdf\"",
        ))
        .insert_header(("cache-control", "private, no-store, no-transform"));
    response
}

pub(super) async fn upload(
    request: HttpRequest,
    token: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let outcome = take_back(&request, &token, payload, &app).await;
    let answer = match outcome {
        Ok(accepted) => said_good(&accepted),
        Err(problem) => {
            problem.log(&context);
            let words = problem.words(context.lang);
            json!({
                "Status": false,
                "Message": format!("{} {} {}", words.title, words.detail, words.remedy),
                "FileName": "",
                "FileServer": "",
                "Code": problem.code(),
            })
        }
    };
    // The program reads the body whatever the status is, and takes every other status for a broken server.
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(answer)
}

async fn take_back(
    request: &HttpRequest,
    token: &str,
    payload: Payload,
    app: &App,
) -> Result<Accepted, Problem> {
    let _room = multipart::hold(request, app).await?;
    let parts: Parts<Vec<u8>> =
        multipart::parts_asked(request, payload, app.max_file_bytes(), RETURN).await?;
    let came_back = parts
        .file
        .ok_or_else(|| Problem::new(400, "file_missing"))?;
    let (archive, token) = (Arc::clone(app.archive()), token.to_owned());
    let accepted = blocking(move || archive.receive(&token, came_back)).await??;
    Ok(accepted)
}

fn said_good(accepted: &Accepted) -> Value {
    clerk::count(accepted);
    json!({
        "Status": true,
        "Message": "",
        "FileName": format!("{}.pdf", accepted.receipt.id),
        "FileServer": accepted.receipt.verify_url,
    })
}
